// Package call makes the calls of the sub-packages of awsops: what may be repeated is repeated, what failed is told apart
// from what is unknown, and nothing secret that net/http knows reaches an error.
package call
