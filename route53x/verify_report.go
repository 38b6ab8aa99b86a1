package route53x

import (
	"net/netip"
	"time"
)

// Status is how the answer of a server compares.
type Status string

// The statuses.
const (
	Match     Status = "match"
	Missing   Status = "missing"   // the old side has records, this new server has none
	Extra     Status = "extra"     // this new server has records, the old side has none
	Value     Status = "value"     // both have records, and they differ
	Rcode     Status = "rcode"     // neither has records, and the RCODEs differ; or an RCODE that is no answer, such as REFUSED
	NoAuth    Status = "noauth"    // the server answers without authority
	Timeout   Status = "timeout"   // no answer
	Truncated Status = "truncated" // cut over UDP, and no better over TCP
	Unusable  Status = "unusable"  // not reached, or what came is no answer to the question
	Split     Status = "split"     // the old servers do not agree, and this one is not like the first
)

// Report is what [Verify] found.
type Report struct {
	Zone        Name           `json:"zone"`
	Started     time.Time      `json:"started"`
	Ended       time.Time      `json:"ended"`
	Questions   int            `json:"questions"` // name, type and subnet; each went to every server
	Servers     []ServerReport `json:"servers"`   // the old ones first
	Matches     int            `json:"matches"`   // answers of new servers that are as they should be
	Differences []Difference   `json:"differences"`
	Expected    []Difference   `json:"expected"` // those that are there on purpose, with the reason
	Problems    []Problem      `json:"problems"`
	TTLs        []TTLChange    `json:"ttls,omitempty"` // not a difference
	Notes       []string       `json:"notes,omitempty"`
	// Delegation is what the parent zone says; nil where it was not asked.
	Delegation *Delegation `json:"delegation,omitempty"`
	// NameServers are the zone's own NS at the new servers, which is what the registrar has to be told.
	NameServers []string `json:"nameServers"`
}

// OK reports whether the name servers may change: no difference that was not expected, and no problem.
func (r *Report) OK() bool { return len(r.Differences) == 0 && len(r.Problems) == 0 }

// ServerReport is one server.
type ServerReport struct {
	Server   netip.AddrPort `json:"server"`
	Old      bool           `json:"old"`
	Queries  int            `json:"queries"`  // messages sent, repeated tries too
	Answered int            `json:"answered"` // questions with any answer
	Serial   uint32         `json:"serial"`   // of the SOA, at the end
	GaveUp   bool           `json:"gaveUp,omitempty"`
}

// Difference is an answer that is not as it should be.
type Difference struct {
	Name   Name           `json:"name"`            // for a probe the wildcard that it would meet
	Probe  Name           `json:"probe,omitempty"` // the name that was asked in place of the wildcard
	Type   Type           `json:"type"`
	Subnet netip.Prefix   `json:"subnet,omitzero"` // that was told to the servers
	Server netip.AddrPort `json:"server"`
	Status Status         `json:"status"`
	Old    string         `json:"old"` // RCODE or values of the old side
	New    string         `json:"new"` // of this server
	Why    Why            `json:"why,omitempty"`
	Text   string         `json:"text,omitempty"` // what a person should know

	was, is answer
}

// TTLChange is a set with the same values and another TTL.
type TTLChange struct {
	Name Name   `json:"name"`
	Type Type   `json:"type"`
	Old  uint32 `json:"old"` // seconds; the highest of the old servers
	New  uint32 `json:"new"` // the highest of the new servers
}

// Check names what a [Problem] is about.
type Check string

// The checks.
const (
	CheckSerial     Check = "serial"     // the zone changed while it was verified: verify again
	CheckApex       Check = "apex"       // the new servers do not agree on the zone's name servers
	CheckDS         Check = "ds"         // the parent has a DS that no key of the new servers fits: resolvers would refuse the zone
	CheckDelegation Check = "delegation" // the parent could not be asked
	CheckCAA        Check = "caa"        // CAA forbids Amazon, or could not be read
	CheckACM        Check = "acm"        // a validation CNAME is not there: certificates will not renew
)

// Problem is about the zone as a whole; each is a reason to wait.
type Problem struct {
	Check Check  `json:"check"`
	Name  Name   `json:"name"`
	Text  string `json:"text"`
}
