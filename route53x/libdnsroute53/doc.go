// Package libdnsroute53 is Amazon Route 53 for libdns: certmagic, Caddy and whatever else speaks it. It stands on
// [route53x.Client], and is a package of its own so that route53x does not need libdns.
//
//	client, err := route53x.New(route53x.Config{AWS: awsConfig})
//	…
//	provider, err := libdnsroute53.New(libdnsroute53.Config{Store: client, Wait: true})
//	…
//	magic := certmagic.DNS01Solver{DNSManager: certmagic.DNSManager{DNSProvider: provider}}
//
// # What it promises
//
//   - One call is one plan. Up to 1000 values or 32,000 characters it is one batch at Route 53, which is done as a whole or
//     not at all: then the error of a call that failed is a [libdns.AtomicErr]. Beyond that, or where the answer to the only
//     batch was lost, it is a [*PartialError] with what is known to be done.
//   - Nothing of others is overwritten. A set changes by compare-and-swap; where somebody else was faster, the provider looks
//     again and adds its records to theirs. Calls for one zone wait for each other.
//   - Sets that libdns has no words for, which are aliases and those with a routing policy, are returned as [Special], stay
//     as they are, and are never merged with plain records: a call that would is refused.
//   - TXT records are cut at 255 bytes and escaped on the way to Route 53, and joined and unescaped on the way back. Every
//     other value comes back as the type of libdns that it has, or as [libdns.RR] where libdns has none (PTR, NAPTR, DS,
//     TLSA, SSHFP, SPF, and SRV or SVCB at names that theirs cannot express).
//   - A private zone is never chosen by chance, and two zones of one name are an error that names both.
//
// # What it does not do
//
// A set has one TTL: of records with several the lowest counts, and what is appended gets the TTL that is there. A TTL of 0
// is Config.TTL; for a real 0 libdns has fractions of a second. The SOA is neither listed nor changed, and the name servers
// of the zone itself cannot be changed here. Bytes that are no letter, digit, hyphen or underscore are escaped in names: in
// the name of a record as zone files have it (\032 is a blank), in a value as Route 53 has it (\040).
//
// In libdns v1.1.1 AtomicErr is an interface that every error satisfies, so that errors.As tells nothing; that an error is
// no [*PartialError] does.
//
// Source: the contract of github.com/libdns/libdns v1.1.1 (read 2026-11).
package libdnsroute53
