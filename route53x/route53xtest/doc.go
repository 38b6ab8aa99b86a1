// Package route53xtest is a fake of Amazon Route 53: the calls about hosted zones and record sets over its own wire
// format, and the name servers behind them. It refuses what Route 53 refuses.
//
//   - Requests have to be signed. Batches are all or nothing; a DELETE has to repeat what is there, a CREATE fails where
//     something is; CNAMEs, routed sets, aliases and the apex have their rules; both limits of a batch count, an UPSERT
//     twice. Names come back in Route 53's octal escapes.
//   - Requests cost tokens: of the account's bucket, of the action's, and, for every record that changes, of a third one.
//     A zone that is busy refuses the next change.
//   - A change is listed at once and PENDING for half a minute; the name servers (ServeDNS, Exchange, ListenDNS) answer
//     with what is INSYNC.
//   - Time is a [Clock] that the client's waiting puts forward, so that no test waits for it; with the machine's clock in
//     its place the fake works in a bubble of testing/synctest.
//   - The methods of the embedded Script drop requests, lose answers, answer as a proxy would; Edit is somebody else at
//     work in the same zone.
//
// A [Registrar] is the other half of the account: registered domains, the registries behind them and what they charge, with
// hooks for the registrar on the losing side.
//
// What Route 53 does in cases that its documentation leaves open is a choice, which the code beside it says: how a batch
// that is larger than the bucket of changes passes, how many zones of one name there can be, and the words of some
// messages. Delegation sets, health checks, VPCs and DNSSEC are not there.
//
// Source: API Reference 2013-04-01 and Developer Guide of Route 53 (read 2026-11).
package route53xtest
