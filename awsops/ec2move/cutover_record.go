package ec2move

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// record is the addresses of a name, in order, and their TTL.
type record struct {
	addresses []netip.Addr
	ttl       time.Duration
}

// record reads one.
func (m *move) record(ctx context.Context, name string) (record, error) {
	all, ttl, err := m.c.cfg.DNS.Addresses(ctx, name)
	if err != nil {
		return record{}, &Error{Op: "Addresses", Resource: name, Err: err}
	}
	return record{addresses: ordered(all), ttl: ttl}, nil
}

// put writes one: the one change of its turn.
func (m *move) put(ctx context.Context, name string, r record) error {
	if m.changed {
		return errOneCall
	}
	m.changed = true
	if err := m.c.cfg.DNS.SetAddresses(ctx, name, slices.Clone(r.addresses), r.ttl); err != nil {
		return &Error{Op: "SetAddresses", Resource: name, Err: err}
	}
	return nil
}

// same tells whether two have the same addresses.
func (r record) same(other record) bool { return slices.Equal(r.addresses, other.addresses) }

// String is a record as the state keeps it: "5m0s 192.0.2.1 2001:db8::1".
func (r record) String() string {
	var out strings.Builder
	out.WriteString(r.ttl.String())
	for _, a := range r.addresses {
		out.WriteString(" " + a.String())
	}
	return out.String()
}

// text is a record for people.
func (r record) text() string {
	if len(r.addresses) == 0 {
		return "nothing"
	}
	out := make([]string, len(r.addresses))
	for i, a := range r.addresses {
		out[i] = a.String()
	}
	return strings.Join(out, ", ")
}

// parseRecord reads what String wrote. What cannot be read is left out: the state is the caller's.
func parseRecord(text string) record {
	var r record
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return r
	}
	r.ttl, _ = time.ParseDuration(fields[0])
	for _, f := range fields[1:] {
		if a, err := netip.ParseAddr(f); err == nil {
			r.addresses = append(r.addresses, a)
		}
	}
	r.addresses = ordered(r.addresses)
	return r
}

func ordered(all []netip.Addr) []netip.Addr {
	out := make([]netip.Addr, 0, len(all))
	for _, a := range all {
		out = append(out, a.Unmap())
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out)
}

// sides are the addresses of the source and of the copy.
type sides struct {
	source4, copy4 netip.Addr
	source6, copy6 []netip.Addr
}

// sides finds them. The source's public address is the planned one, which the records point at: a stop has taken it from a
// source without an Elastic IP. A source that is gone has no addresses of IPv6.
func (m *move) sides(ctx context.Context, in *types.Instance) (sides, error) {
	s := sides{source4: m.st.Source.PublicIP.Unmap(), copy4: publicIP(in), copy6: addresses6(in)}
	source, err := m.look(ctx, m.src, m.spec.From.ID)
	if source != nil {
		s.source6 = addresses6(source)
	}
	return s, err
}

// concerns tells whether a record points at the source.
func (s sides) concerns(r record) bool {
	return slices.ContainsFunc(r.addresses, func(a netip.Addr) bool { return a == s.source4 || slices.Contains(s.source6, a) })
}

// forth is a record with the copy in the source's place; the addresses of others in the set stay.
func (s sides) forth(r record) record { return replaced(r, s.source4, s.copy4, s.source6, s.copy6) }

// back is a record with the source in the copy's place.
func (s sides) back(r record) record { return replaced(r, s.copy4, s.source4, s.copy6, s.source6) }

func replaced(r record, from4, to4 netip.Addr, from6, to6 []netip.Addr) record {
	out := record{ttl: r.ttl}
	for _, a := range r.addresses {
		i := slices.Index(from6, a)
		switch {
		case a == from4 && to4.IsValid():
			out.addresses = append(out.addresses, to4)
		case a == from4, i >= 0 && len(to6) == 0:
		case i >= 0:
			out.addresses = append(out.addresses, to6[min(i, len(to6)-1)])
		default:
			out.addresses = append(out.addresses, a)
		}
	}
	out.addresses = ordered(out.addresses)
	return out
}
