package libdnsroute53_test

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/libdns/libdns"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/libdnsroute53"
)

// memory is a Store of one zone without rules.
type memory struct {
	libdnsroute53.Store
	sets map[route53x.Key]route53x.RRSet
}

func (*memory) FindZone(context.Context, string, *route53x.FindZoneOptions) (route53x.Zone, error) {
	return route53x.Zone{ID: "Z1", Name: "example.com."}, nil
}

func (m *memory) RRSets(context.Context, string, *route53x.ListOptions) iter.Seq2[route53x.RRSet, error] {
	return func(yield func(route53x.RRSet, error) bool) {
		for _, s := range m.sets {
			if !yield(s, nil) {
				return
			}
		}
	}
}

func (m *memory) Apply(_ context.Context, _ string, p *route53x.Plan, _ *route53x.ApplyOptions) (route53x.Result, error) {
	var r route53x.Result
	for i := range p.Batches {
		for _, op := range p.Ops(i) {
			if op.Action == "DELETE" {
				delete(m.sets, op.Set.Key())
			} else {
				m.sets[op.Set.Key()] = op.Set
			}
		}
		r.Done = append(r.Done, i+1)
	}
	return r, nil
}

// What can be set is listed as it was set, can be set again without a change, and can be deleted by what was listed.
func FuzzRoundTrip(f *testing.F) {
	for _, seed := range [][3]string{
		{"a", "TXT", `say "x" \000 ` + "\x00\xff"},
		{"_5060._sip", "SRV", "1 2 3 x.example.net."},
		{"@", "CAA", `0 issue "a;b=\"c\""`},
		{"svc", "HTTPS", `1 . alpn=h2,h3 key65000="a b" ech=AAAA`},
		{"_8443._https.x", "HTTPS", `1 . mandatory=alpn alpn="a\\,b"`},
		{`sp\032ace.*`, "CNAME", `a\.b.example.`},
		{"n", "NAPTR", `1 2 "u" "E2U+sip" "!^.*$!\\1!" .`},
		{"*", "MX", "0 ."},
	} {
		f.Add(seed[0], seed[1], seed[2], int64(time.Minute))
	}
	f.Fuzz(func(t *testing.T, name, typ, data string, ttl int64) {
		m := &memory{sets: map[route53x.Key]route53x.RRSet{}}
		p, err := libdnsroute53.New(libdnsroute53.Config{Store: m})
		require.NoError(t, err)
		set, err := p.SetRecords(t.Context(), "example.com", []libdns.Record{libdns.RR{Name: name, Type: typ, Data: data, TTL: time.Duration(ttl)}})
		if err != nil {
			return
		}
		require.Len(t, set, 1)
		require.Len(t, m.sets, 1)
		listed, err := p.GetRecords(t.Context(), "example.com")
		require.NoError(t, err)
		require.Equal(t, set, listed)
		before := m.sets
		again, err := p.SetRecords(t.Context(), "example.com", listed)
		require.NoError(t, err, "%#v", listed)
		require.Equal(t, listed, again)
		require.Equal(t, before, m.sets)
		more, err := p.AppendRecords(t.Context(), "example.com", listed)
		require.NoError(t, err)
		require.Equal(t, listed, more)
		gone, err := p.DeleteRecords(t.Context(), "example.com", listed)
		require.NoError(t, err)
		require.Equal(t, listed, gone)
		require.Empty(t, m.sets)
	})
}
