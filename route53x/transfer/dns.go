package transfer

import (
	"context"
	"time"

	"github.com/kitroll/kitroll/route53x"
)

// DNS is what the world sees. [NewDNS] asks it; tests have a world of their own.
type DNS interface {
	// Delegation asks every server of the parent zone.
	Delegation(ctx context.Context, domain string) (Delegation, error)
	// NSTTL is the TTL of the zone's own NS set, as these name servers have it; the longest where they differ. It is an
	// error when none of them answers for the zone.
	NSTTL(ctx context.Context, domain string, nameservers []string) (time.Duration, error)
	// Compare asks all these name servers for all that is in sets and reports every difference that is not expected. No
	// old servers: the new ones are held against sets alone.
	Compare(ctx context.Context, c Comparison) (Verdict, error)
}

// Delegation is what the parent zone says of a domain.
type Delegation struct {
	Nameservers []string      // lower case, no final dot, sorted; of all servers together
	Agree       bool          // every server says the same
	TTL         time.Duration // the longest
	DS          []string      // in presentation form; none is no DNSSEC
	DSTTL       time.Duration
}

// Comparison is a question to [DNS.Compare].
type Comparison struct {
	Domain   string
	Old, New []string // name servers, by name
	Sets     []route53x.RRSet
	Items    []Item // acknowledged: their names may differ
}

// Verdict is the answer: no differences is none that matter.
type Verdict struct {
	Questions   int      // how many were asked
	Differences []string // one sentence each
	Text        string   // the report for people
}
