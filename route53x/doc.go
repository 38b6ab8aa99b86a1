// Package route53x has the record sets of Amazon Route 53 in canonical form, with every routing policy and exact escapes.
package route53x
