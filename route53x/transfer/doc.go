// Package transfer moves a domain from one registrar to another without a moment in which it does not resolve, step by
// step, and goes on after whatever ended it.
package transfer
