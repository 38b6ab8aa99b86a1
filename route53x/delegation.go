package route53x

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Delegation is what the servers of the parent zone say about a domain.
type Delegation struct {
	Domain      Name               `json:"domain"`
	Parent      Name               `json:"parent,omitempty"` // the zone that delegates; "" where servers were given
	NameServers []string           `json:"nameServers"`      // all that any server named: lower case, no final dot, sorted
	TTL         time.Duration      `json:"ttl"`              // of the NS set, the longest: resolvers keep what was there so long
	DS          []DSRecord         `json:"ds"`               // all that any server named
	DSTTL       time.Duration      `json:"dsTtl,omitzero"`   // of the DS set, the longest
	Servers     []ServerDelegation `json:"servers"`          // each server by itself
}

// DSRecord is a delegation signer at the parent.
type DSRecord struct {
	KeyTag     uint16 `json:"keyTag"`
	Algorithm  uint8  `json:"algorithm"`
	DigestType uint8  `json:"digestType"`
	Digest     string `json:"digest"` // hexadecimal, lower case
}

// ServerDelegation is what one server of the parent zone says.
type ServerDelegation struct {
	Server      netip.AddrPort `json:"server"`         // not valid where no address was found for Host
	Host        string         `json:"host,omitempty"` // its name; "" where only addresses were given
	NameServers []string       `json:"nameServers"`
	TTL         time.Duration  `json:"ttl"`
	DS          []DSRecord     `json:"ds"`
	DSTTL       time.Duration  `json:"dsTtl,omitzero"`
	// Child: it also serves the domain itself and answered from that zone, so that NameServers and TTL are the domain's
	// own and not the parent's.
	Child bool `json:"child,omitempty"`
	// Problem is why there is no answer to rely on, such as a timeout. The other fields are empty then.
	Problem string `json:"problem,omitempty"`
}

// Agreed reports whether all servers answered, and the same: NS as a set, and DS. Their TTLs may differ.
func (d Delegation) Agreed() bool {
	for _, s := range d.Servers {
		if s.Problem != "" || !slices.Equal(s.NameServers, d.NameServers) || !slices.Equal(s.DS, d.DS) {
			return false
		}
	}
	return len(d.Servers) > 0
}

// Is reports whether all servers answered, and with just these name servers, in any order and spelling. Their DS may
// differ.
func (d Delegation) Is(nameServers []string) bool {
	want := hostNames(nameServers)
	for _, s := range d.Servers {
		if s.Problem != "" || !slices.Equal(s.NameServers, want) {
			return false
		}
	}
	return len(d.Servers) > 0
}

// hostNames are sorted, without final dots, each once.
func hostNames(names []string) []string {
	out := make([]string, 0, len(names))
	for _, s := range names {
		if n, err := ParseName(s); err == nil {
			s = strings.TrimSuffix(string(n), ".")
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// DelegationOptions are the options of [AskDelegation]. nil has the defaults.
type DelegationOptions struct {
	// Servers are those of the parent zone, to be asked as they are. nil = they are found, beginning at the Roots.
	Servers []netip.AddrPort
	// Roots are where the search begins; default the 13 root servers, by IPv4.
	Roots []netip.AddrPort
	// Resolver finds the addresses of servers for which a referral has no glue; nil = they are searched for from the
	// Roots too.
	Resolver Resolver
	// IPv6 also asks servers at their IPv6 addresses; default IPv4 only.
	IPv6 bool
	// Port is where servers listen that are known by address only; default 53.
	Port uint16
	// Rate, Timeout and Tries are as in [VerifyOptions]; Rate has 20 as default.
	Rate    float64
	Timeout time.Duration
	Tries   int
	// Exchanger carries the questions; nil = UDP, and TCP where an answer is cut.
	Exchanger Exchanger
}

// Resolver finds addresses. [*net.Resolver] is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// AskDelegation asks every server of the parent zone which name servers and DS it has for a domain, and for how long
// resolvers may keep that. It finds these servers as a resolver does, from the root downwards, without any cache between.
// It writes nothing and keeps nothing, so that it can be called until a change is to be seen everywhere: see
// [Delegation.Is].
//
// Errors: [ErrInvalid]; [ErrNotFound] where the parent says that there is no such domain, or that it is not delegated;
// the cause of ctx; else what kept every server of a zone on the way from answering. When some servers of the parent
// answer and some do not, it is in their Problem and no error.
//
// Source: RFC 1034 section 5.3.3, RFC 4035 section 3.1.4.1 (read 2026-11).
func AskDelegation(ctx context.Context, domain string, opts *DelegationOptions) (Delegation, error) {
	w, err := newWalk(domain, opts)
	if err != nil {
		return Delegation{}, err
	}
	return w.delegation(ctx)
}
