package route53x_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
	"github.com/kitroll/kitroll/route53x"
)

// asker is somebody who asks, as both sides see him.
type asker struct {
	addr      string // Aliyun's side: the fake knows whose it is
	country   string
	continent string
}

func askers() []asker {
	return []asker{
		{"223.5.5.5", "CN", "AS"}, {"202.96.128.86", "CN", "AS"}, {"8.8.8.8", "US", "NA"}, {"203.116.1.1", "SG", "AS"}, {"198.51.100.1", "BR", "SA"},
	}
}

// answerOfRoute53 is what Route 53 would answer: the set of the country, else of the continent, else of *, else the simple
// one; a wildcard for names that have no set at all. ok is false for no data. Weighted sets are all of their values.
func answerOfRoute53(sets []route53x.RRSet, name route53x.Name, typ route53x.Type, a asker) []string {
	at := func(n route53x.Name) (found []route53x.RRSet, exists bool) {
		for _, s := range sets {
			exists = exists || s.Name == n || strings.HasSuffix(string(s.Name), "."+string(n))
			if s.Name == n && (s.Type == typ || s.Type == route53x.CNAME) {
				found = append(found, s)
			}
		}
		return found, exists
	}
	found, exists := at(name)
	for parent := name; !exists; {
		_, rest, more := strings.Cut(string(parent), ".")
		if !more || rest == "" {
			return nil
		}
		parent = route53x.Name(rest)
		if found, exists = at(`\052.` + parent); exists {
			break
		}
		if _, exists = at(parent); exists {
			return nil
		}
	}
	for _, place := range []route53x.Routing{
		nil, route53x.Geolocation{Country: a.country}, route53x.Geolocation{Continent: a.continent}, route53x.Geolocation{Country: "*"},
	} {
		for _, s := range found {
			if s.Routing == place {
				return slices.Sorted(slices.Values(s.Values))
			}
		}
	}
	var all []string
	for _, s := range found {
		if _, weighted := s.Routing.(route53x.Weighted); weighted {
			all = append(all, s.Values...)
		}
	}
	slices.Sort(all)
	return all
}

// answerOfAliyun asks the fake as often as it takes to see all that takes turns.
func answerOfAliyun(srv *aliyuntest.Server, name route53x.Name, typ route53x.Type, a asker) []string {
	var all []string
	for range 12 {
		q := new(dns.Msg).SetQuestion(name.ZoneFile(), dns.StringToType[string(typ)])
		for _, rr := range srv.AnswerDNS(q, netip.MustParseAddr(a.addr)).Answer {
			value, err := route53x.Type(dns.TypeToString[rr.Header().Rrtype]).CanonicalValue(strings.TrimPrefix(rr.String(), rr.Header().String()))
			if err != nil {
				panic(err)
			}
			all = append(all, value)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Zones of random records: wherever the mapping says exact or equal for all records of a name, both sides answer the same
// to everybody. What Aliyun would answer says its fake, which chooses lines by rules of its own.
func TestEqualMeansThatAnswersAreEqual(t *testing.T) {
	t.Parallel()
	lines := []string{"default", "default", "oversea", "internal", "os_asia", "os_asia_sg", "os_namerica_us", "telecom", "baidu"}
	compared, lossy := 0, 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		var records []aliyun.DNSRecord
		weighted := map[string]bool{}
		for i := range 1 + r.IntN(10) {
			rr := []string{"@", "www", "*", "a.b", "*.b"}[r.IntN(5)]
			rec := aliyun.DNSRecord{
				ID: fmt.Sprint(i), RR: rr, Type: "A", Value: fmt.Sprintf("192.0.2.%d", r.IntN(20)), TTL: uint32(60 * (1 + r.IntN(3))),
				Line: lines[r.IntN(len(lines))], Status: "ENABLE",
			}
			if r.IntN(6) == 0 {
				rec.Status = "Disable"
			}
			if r.IntN(4) == 0 {
				rec.Type, rec.Value = "AAAA", fmt.Sprintf("2001:db8::%d", 1+r.IntN(9))
			}
			if i == 0 {
				weighted[rr+rec.Type] = r.IntN(3) == 0
			}
			if weighted[rr+rec.Type] {
				rec.LbaStatus, rec.Weight = true, 1+r.IntN(3)
			}
			records = append(records, rec)
		}
		srv := aliyuntest.NewServer()
		srv.AddZone(aliyuntest.Zone{Domain: "example.com", Records: records})
		converted := make([]route53x.AliyunRecord, len(records))
		for i, rec := range records {
			converted[i] = route53x.AliyunRecord(rec) // the fields are the same
		}
		m := mapped(t, nil, converted...)
		if strings.Contains(m.String(), "answers in its place") {
			lossy++ // a name that is left out lets a wildcard answer for others as well
			srv.Close()
			continue
		}
		open := map[route53x.Name]bool{}
		for _, it := range m.Items {
			open[it.Key.Name] = open[it.Key.Name] || it.Open()
		}
		for _, name := range []route53x.Name{"example.com.", "www.example.com.", "other.example.com.", "a.b.example.com.", "x.b.example.com.", "b.example.com."} {
			if len(m.Unacknowledged(nil)) > 0 && (open[name] || open[`\052.example.com.`] || open[`\052.b.example.com.`]) {
				lossy++
				continue
			}
			for _, typ := range []route53x.Type{route53x.A, route53x.AAAA} {
				for _, a := range askers() {
					want, got := answerOfAliyun(srv, name, typ, a), answerOfRoute53(m.Sets, name, typ, a)
					if len(want)+len(got) > 0 {
						require.Equal(t, want, got, "seed %d, %s %s from %s\n%v\n%s", seed, name, typ, a.addr, records, m)
						compared++
					}
				}
			}
		}
		srv.Close()
	}
	assert.Greater(t, compared, 1000, "hardly anything was compared")
	assert.Greater(t, lossy, 100)
	t.Logf("%d answers compared, %d names left out as lossy", compared, lossy)
}
