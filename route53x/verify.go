package route53x

import (
	"context"
	"net/netip"
	"time"
)

// Verification is what [Verify] compares: the servers that answer for a zone today and those that shall.
type Verification struct {
	Zone Name             // the zone's own name
	Old  []netip.AddrPort // its servers today, each of them; at least one
	New  []netip.AddrPort // the servers that shall take over, for Route 53 all four; at least one
	// Sets are all record sets that anybody knows of: those of the plan, of the old zone's export and of the list of the
	// new zone, in any order, one set as often as it comes. Their names and types are what is asked, so that a name that is
	// missing here is checked only by the probes. A set that has several spellings or values is all of them.
	Sets []RRSet
	// Expected are names that differ on purpose.
	Expected []Expectation
	// Validations are the CNAMEs by which ACM validates the zone's certificates, with their targets, as ACM tells them.
	// Each new server must have each of them to the letter, or renewals fail months later. Those that are in Sets, known by
	// their target below acm-validations.aws, are found by themselves.
	Validations []RRSet
	// Certificates are names for which Amazon issues certificates though there is no validation CNAME in the zone: their
	// CAA sets must allow it. The names of validation CNAMEs are found by themselves.
	Certificates []Name
}

// Why says why answers differ on purpose.
type Why string

// The reasons.
const (
	WhyProxied      Why = "proxied"      // Cloudflare answers with its own addresses, and the file has the origin
	WhyFlattened    Why = "flattened"    // the old side resolves a CNAME itself, and the new one has addresses or an alias
	WhyAcknowledged Why = "acknowledged" // a person has seen it and wants it so
	WhyAlias        Why = "alias"        // Route 53 answers for an AWS resource; found by itself for aliases in Sets
)

// Expectation is a name that differs on purpose. It excuses records that are missing, that are there in addition or that
// have other values, and the RCODE that follows from it; a server that does not answer, or not with authority, it does
// not excuse. Where Sets has a plain set of the name and type, the new answer has to be that set nevertheless, unless the
// reason is that a person acknowledged it.
type Expectation struct {
	Name Name `json:"name"` // a wildcard is for the probes below it
	Type Type `json:"type"` // "" = all types
	Why  Why  `json:"why"`
}

// VerifyOptions are the options of [Verify]. nil has the defaults.
type VerifyOptions struct {
	// Types are asked at each name, beside those that Sets has there; default A, AAAA, CNAME, MX, TXT, CAA, NS, HTTPS.
	Types []Type
	// Quick asks at a name for the types that Sets has there only, or for A where it has none. That is about a quarter of
	// the questions; a record of another type that only the old side has is then not found. Probes ask for all types.
	Quick bool
	// Subnets are told to the servers (EDNS client subnet, RFC 7871) at names with geolocation, geoproximity, latency or
	// CIDR routing: each such question is asked once for each of them. Default one network in mainland China and one in
	// the US.
	Subnets []netip.Prefix
	// Rate is the most questions that one server gets in a second; default 500, below 0 = no limit.
	Rate float64
	// Concurrency is how many questions are on their way to one server; default 16.
	Concurrency int
	// Timeout is for one try; default 2 s.
	Timeout time.Duration
	// Tries is how often a question is asked that is not answered; default 3.
	Tries int
	// Rotations is how often more each server is asked for a set that answers with other values each time; default 8.
	Rotations int
	// GiveUp is after how many questions without an answer, one after the other, a server gets no more; default 8.
	GiveUp int
	// Delegation also asks the parent zone, and finds a DS that must be gone before the name servers change. nil = the
	// parent is not asked, which the report says.
	Delegation *DelegationOptions
	// Exchanger carries the questions; nil = UDP, and TCP where an answer is cut.
	Exchanger Exchanger
	// Progress runs on the caller's goroutine, once every so many answers.
	Progress func(asked, total int)
}

// Verify asks the old and the new name servers of a zone the same questions, each server directly, and reports every
// difference: the gate before the name servers change at the registrar. [Report.OK] is the verdict.
//
// Asked are the names of Sets and what stands between them and the zone, with the types that they have and those of
// [VerifyOptions.Types]; and random labels below the zone and below each wildcard. Compared are the RCODE and the values in
// canonical form, whatever their order and spelling; of a delegation its servers with their glue; of an answer with a CNAME
// the CNAME, whose target is asked on its own. TTLs are reported and never a difference, and SOA and NS of the zone itself
// differ on purpose. An answer has to be authoritative. What the old side has is asked there a second time, and what
// differs everywhere; a set whose answers rotate is asked more often, and differs when the new side gives a value that the
// old side never gave and Sets does not have.
//
// Beyond that: each server's SOA serial must stay the same while Verify runs, the name servers of the zone must be the
// same on all new servers, a DS at the parent must fit a key of the new servers, CAA must allow Amazon where it issues
// certificates, and the validation CNAMEs of ACM must be there.
//
// Verify writes nothing, starts no goroutine that outlives it, and takes questions × servers ÷ rate: about 16 s for 1000
// names at six servers. A server that does not answer is a difference, not an error.
//
// Errors: [ErrInvalid], with all that is wrong in v and opts; the cause of ctx.
//
// Source: RFC 1034, 2308, 6891, 7871, 8020, 8659 (read 2026-11).
func Verify(ctx context.Context, v Verification, opts *VerifyOptions) (*Report, error) {
	r, err := newRun(v, opts)
	if err != nil {
		return nil, err
	}
	return r.do(ctx)
}
