// Package cdntest is a fake of Amazon CloudFront: its API, a small Internet, and an edge location that serves it.
//
// It is behaviour with state, not canned answers: what the platform refuses, the fake refuses, with the same codes.
//
//   - A distribution is InProgress for minutes of a virtual clock after every change; until then the edge serves the old
//     configuration. Lists lag behind by as many calls as Options.ListLag says, after creations, changes and deletions.
//   - A CallerReference is taken once, and remembered after the deletion. Updates and deletions need the ETag of the day
//     (PreconditionFailed), an update has to keep what was read (IllegalUpdate), a deletion needs a distribution that is
//     disabled and deployed (DistributionNotDisabled).
//   - An alias belongs to one distribution (CNAMEAlreadyExists), and needs a certificate that is there, in us-east-1, and
//     names it (InvalidViewerCertificate); in China there are none of ACM.
//   - Quotas hold: distributions, aliases, paths and wildcards of invalidations in progress.
//
// # The Internet
//
// [Fake.Internet] has names, addresses and ports, in memory: servers are put there with Listen, or elsewhere with Route; a
// port that nobody listens on refuses, and one behind Drop is silent. [Fake.Config] has it as cdn.Network. The edge listens
// on it as CloudFront does: it shows the right certificate, asks the origin by the configured protocol with real TLS
// verification, forwards Host or not by the policies, and answers 502, 504 and 403 with the headers of CloudFront.
//
// # Use
//
//	f, err := cdntest.New(cdntest.Options{})
//	…
//	defer f.Close()
//	f.Internet.SetName("origin.example.com", "203.0.113.10")
//	l := f.Internet.Listen("203.0.113.10:80")
//	go http.Serve(l, handler)
//	c, err := cdn.New(f.Config())
//
// # Faults
//
// The methods of the embedded Script are for the calls of the API, by operation: DropNext, LoseNext, FailNext, Observe.
//
// # Limits
//
// Nothing is cached. The edge speaks HTTP/1.1. Where the platform's behaviour is not documented, such as what an edge does
// with a name that no distribution has, the code says what was chosen.
//
// Source: CloudFront API reference (2020-05-31) and developer guide (read 2026-11).
package cdntest
