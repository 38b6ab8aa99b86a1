// Package awscall makes the calls of the packages that stand on AWS's SDK: what may be repeated is repeated, what failed is
// told apart from what is unknown, and nothing secret that net/http knows reaches an error.
//
// It knows no service of AWS. What an error code means beyond "too fast" and "broken inside" is the affair of the packages.
package awscall
