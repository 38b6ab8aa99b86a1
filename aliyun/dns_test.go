package aliyun_test

import (
	"context"
	"fmt"
	"io/fs"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
	"github.com/kitroll/kitroll/internal/fault"
)

const zone = "example.com"

// newAccount is a fake with a zone and a domain, and a client on it.
func newAccount(t *testing.T, opts aliyuntest.Options, records ...aliyun.DNSRecord) (*aliyuntest.Server, *aliyun.Client) {
	t.Helper()
	srv, err := aliyuntest.Open(opts)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	srv.AddZone(aliyuntest.Zone{Domain: zone, Records: records})
	srv.AddDomain(aliyuntest.Domain{Name: zone})
	c, err := aliyun.New(srv.Config())
	require.NoError(t, err)
	return srv, c
}

func hosts(n int) []aliyun.DNSRecord {
	all := make([]aliyun.DNSRecord, n)
	for i := range all {
		all[i] = aliyun.DNSRecord{RR: fmt.Sprintf("h%04d", i), Type: "A", Value: "192.0.2.1"}
	}
	return all
}

// read is all records of the zone, ranged over twice: the second time must give the same.
func read(t *testing.T, d *aliyun.DNS, opts *aliyun.RecordsOptions) ([]aliyun.DNSRecord, error) {
	t.Helper()
	seq := d.Records(t.Context(), zone, opts)
	var all []aliyun.DNSRecord
	for r, err := range seq {
		if err != nil {
			return all, err
		}
		all = append(all, r)
	}
	return all, nil
}

// Trap 21: Aliyun's default page is 20 records: all pages are read.
func TestAllPagesAreRead(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ records, calls int }{
		"none":         {0, 1},
		"20 and one":   {21, 1},
		"one page":     {500, 1},
		"501":          {501, 3},  // two pages, and the first one again
		"four pages":   {1999, 5}, // the same
		"exactly four": {2000, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := newAccount(t, aliyuntest.Options{}, hosts(tt.records)...)
			all, err := read(t, c.DNS(), nil)
			require.NoError(t, err)
			assert.Len(t, all, tt.records)
			ids := map[string]bool{}
			for _, r := range all {
				ids[r.ID] = true
				assert.Equal(t, "default", r.Line)
				assert.EqualValues(t, 600, r.TTL)
			}
			assert.Len(t, ids, tt.records)
			assert.Equal(t, tt.calls, srv.Calls(aliyuntest.DescribeDomainRecords))
			if tt.records > 0 {
				assert.Equal(t, fmt.Sprintf("h%04d", tt.records-1), all[0].RR, "newest first")
			}
		})
	}
}

func TestRangingAgainAsksAgain(t *testing.T) {
	t.Parallel()
	srv, c := newAccount(t, aliyuntest.Options{}, hosts(3)...)
	seq := c.DNS().Records(t.Context(), zone, nil)
	for range 2 {
		n := 0
		for _, err := range seq {
			require.NoError(t, err)
			n++
		}
		assert.Equal(t, 3, n)
	}
	for _, err := range seq {
		require.NoError(t, err)
		break
	}
	assert.Equal(t, 3, srv.Calls(aliyuntest.DescribeDomainRecords))
}

// Trap 21, second half: a moved TotalCount restarts the export. So does a list that moved without it.
func TestMovedZoneIsReadAgain(t *testing.T) {
	t.Parallel()
	fresh := aliyun.DNSRecord{RR: "fresh", Type: "A", Value: "192.0.2.9"}
	for name, tt := range map[string]struct {
		at     int // before which page somebody edits
		edit   func(*aliyuntest.Server)
		total  int
		passes int
	}{
		"added while reading":    {2, func(s *aliyuntest.Server) { s.PutRecord(zone, fresh) }, 31, 2},
		"added before the check": {4, func(s *aliyuntest.Server) { s.PutRecord(zone, fresh) }, 31, 2},
		"removed":                {2, func(s *aliyuntest.Server) { s.RemoveRecord(zone, s.Records(zone)[29].ID) }, 29, 2},
		"one for another": {2, func(s *aliyuntest.Server) {
			s.RemoveRecord(zone, s.Records(zone)[0].ID)
			s.PutRecord(zone, fresh)
		}, 30, 2},
		"changed in place": {2, func(s *aliyuntest.Server) {
			r := s.Records(zone)[29]
			r.Value = "192.0.2.77"
			s.PutRecord(zone, r)
		}, 30, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := newAccount(t, aliyuntest.Options{}, hosts(30)...)
			srv.Observe(func(e fault.Event) {
				if e.Op == aliyuntest.DescribeDomainRecords && e.When == fault.Before && e.N == tt.at {
					tt.edit(srv)
				}
			})
			all, err := read(t, c.DNS(), &aliyun.RecordsOptions{PageSize: 10})
			require.NoError(t, err)
			assert.Len(t, all, tt.total)
			want := map[string]aliyun.DNSRecord{}
			for _, r := range srv.Records(zone) {
				want[r.ID] = r
			}
			for _, r := range all {
				assert.Equal(t, want[r.ID], r)
				delete(want, r.ID)
			}
			assert.Empty(t, want, "a record was missed")
			assert.Greater(t, srv.Calls(aliyuntest.DescribeDomainRecords), 4, "nothing was read again")
		})
	}
}

func TestZoneThatNeverStandsStill(t *testing.T) {
	t.Parallel()
	srv, c := newAccount(t, aliyuntest.Options{}, hosts(30)...)
	srv.Observe(func(e fault.Event) {
		if e.When == fault.Before {
			srv.PutRecord(zone, aliyun.DNSRecord{RR: fmt.Sprintf("n%d", e.N), Type: "A", Value: "192.0.2.9"})
		}
	})
	all, err := read(t, c.DNS(), &aliyun.RecordsOptions{PageSize: 10, Restarts: new(1)})
	require.ErrorIs(t, err, aliyun.ErrConflict)
	require.ErrorContains(t, err, "changed each of the 2 times")
	assert.Empty(t, all, "part of a zone was given as a zone")
	assert.NotEmpty(t, asError(t, err).HintZH)
}

// Trap 22, the reading half: DISABLE or Disable.
func TestStatusHasNoCase(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]bool{"DISABLE": true, "Disable": true, "disable": true, "ENABLE": false, "Enable": false, "": false} {
		assert.Equal(t, want, aliyun.DNSRecord{Status: status}.Disabled(), status)
	}
	_, c := newAccount(t, aliyuntest.Options{},
		aliyun.DNSRecord{RR: "a", Type: "A", Value: "192.0.2.1", Status: "Disable"}, aliyun.DNSRecord{RR: "b", Type: "A", Value: "192.0.2.1"})
	all, err := read(t, c.DNS(), nil)
	require.NoError(t, err)
	assert.Equal(t, []bool{false, true}, []bool{all[0].Disabled(), all[1].Disabled()})
}

func TestFieldsOfARecord(t *testing.T) {
	t.Parallel()
	want := []aliyun.DNSRecord{
		{ID: "1", RR: "www", Type: "A", Value: "192.0.2.1", TTL: 600, Line: "default", Status: "ENABLE", Weight: 3, LbaStatus: true},
		{ID: "2", RR: "@", Type: "MX", Value: "mx.example.net", TTL: 3600, Priority: 10, Line: "oversea", Status: "Enable", Locked: true, Remark: "邮件"},
		{ID: "3", RR: "@", Type: "TXT", Value: `v=spf1 "quoted" -all`, TTL: 600, Line: "default", Status: "DISABLE"},
	}
	_, c := newAccount(t, aliyuntest.Options{}, append(want, aliyun.DNSRecord{RR: "@", Type: "NS", Value: "dns1.fake-alidns.com"})...)
	all, err := read(t, c.DNS(), nil)
	require.NoError(t, err)
	require.Len(t, all, 3, "the name servers of the zone are not listed")
	assert.Equal(t, []aliyun.DNSRecord{want[2], want[1], want[0]}, all)

	some, err := read(t, c.DNS(), &aliyun.RecordsOptions{RR: "WWW", Type: "a", Line: "default"})
	require.NoError(t, err)
	assert.Equal(t, want[:1], some)
}

// The platform looks for a part of a name; the option means the whole.
func TestOneNameOnly(t *testing.T) {
	t.Parallel()
	_, c := newAccount(t, aliyuntest.Options{},
		aliyun.DNSRecord{RR: "www", Type: "A", Value: "192.0.2.1"}, aliyun.DNSRecord{RR: "www2", Type: "A", Value: "192.0.2.2"})
	some, err := read(t, c.DNS(), &aliyun.RecordsOptions{RR: "www"})
	require.NoError(t, err)
	require.Len(t, some, 1)
	assert.Equal(t, "192.0.2.1", some[0].Value)
}

func TestZoneFacts(t *testing.T) {
	t.Parallel()
	srv, c := newAccount(t, aliyuntest.Options{},
		aliyun.DNSRecord{RR: "www", Type: "A", Value: "192.0.2.1", LbaStatus: true, Weight: 2},
		aliyun.DNSRecord{RR: "www", Type: "A", Value: "192.0.2.2", LbaStatus: true, Weight: 1},
		aliyun.DNSRecord{RR: "@", Type: "A", Value: "192.0.2.1"}, aliyun.DNSRecord{RR: "@", Type: "A", Value: "192.0.2.2"},
		aliyun.DNSRecord{RR: "solo", Type: "A", Value: "192.0.2.2"})
	d := c.DNS()
	z, err := d.Zone(t.Context(), zone)
	require.NoError(t, err)
	assert.Equal(t, zone, z.Domain)
	assert.EqualValues(t, 600, z.MinTTL)
	assert.Equal(t, []uint32{600, 3600, 86400}, z.AvailableTTLs)
	assert.Equal(t, []string{"dns1.fake-alidns.com", "dns2.fake-alidns.com"}, z.NameServers)
	assert.Equal(t, "mianfei", z.Version)
	assert.True(t, z.Registered)
	assert.NotEmpty(t, z.Lines)
	assert.NotEmpty(t, z.ID)

	lines, err := d.Lines(t.Context(), zone)
	require.NoError(t, err)
	assert.Contains(t, lines, aliyun.DNSLine{Code: "os_asia_sg", Name: "亚洲_新加坡", Title: "亚洲_新加坡", Parent: "os_asia"})

	ns, err := d.NameServers(t.Context(), zone)
	require.NoError(t, err)
	assert.True(t, ns.All)
	assert.Equal(t, ns.Expected, ns.NameServers)
	srv.ChangeDomain(zone, func(d *aliyuntest.Domain) { d.NameServers = []string{"ns1.elsewhere.net", "ns2.elsewhere.net"} })
	ns, err = d.NameServers(t.Context(), zone)
	require.NoError(t, err)
	assert.False(t, ns.All)

	var weights []aliyun.DNSWeights
	for w, err := range d.Weights(t.Context(), zone) {
		require.NoError(t, err)
		weights = append(weights, w)
	}
	assert.Equal(t, []aliyun.DNSWeights{
		{Name: "www.example.com", Type: "A", Open: true, Records: 2, Lines: []string{"default"}},
		{Name: "example.com", Type: "A", Records: 2},
	}, weights)
}

func TestDNSSEC(t *testing.T) {
	t.Parallel()
	_, c := newAccount(t, aliyuntest.Options{})
	d := c.DNS()
	s, err := d.DNSSEC(t.Context(), zone)
	require.NoError(t, err)
	assert.Equal(t, aliyun.DNSSEC{Status: "OFF"}, s)
	require.NoError(t, d.SetDNSSEC(t.Context(), zone, true))
	s, err = d.DNSSEC(t.Context(), zone)
	require.NoError(t, err)
	assert.True(t, s.On)
	assert.EqualValues(t, 2371, s.KeyTag)
	assert.Contains(t, s.DS, "IN DS 2371 13 2 ")
	require.NoError(t, d.SetDNSSEC(t.Context(), zone, false))
	s, err = d.DNSSEC(t.Context(), zone)
	require.NoError(t, err)
	assert.False(t, s.On)
}

// A status that is neither is not taken for OFF: the DS gate would open.
func TestUnknownDNSSECStatus(t *testing.T) {
	t.Parallel()
	srv, c := newAccount(t, aliyuntest.Options{})
	srv.AnswerNext(aliyuntest.DescribeDomainDnssecInfo, 200, nil, `{"RequestId":"R","Status":"PENDING"}`)
	_, err := c.DNS().DNSSEC(t.Context(), zone)
	require.ErrorContains(t, err, "PENDING")
}

func TestNotThere(t *testing.T) {
	t.Parallel()
	_, c := newAccount(t, aliyuntest.Options{})
	d := c.DNS()
	for name, f := range map[string]func(domain string) error{
		"Zone":        func(domain string) error { _, err := d.Zone(t.Context(), domain); return err },
		"NameServers": func(domain string) error { _, err := d.NameServers(t.Context(), domain); return err },
		"DNSSEC":      func(domain string) error { _, err := d.DNSSEC(t.Context(), domain); return err },
		"SetDNSSEC":   func(domain string) error { return d.SetDNSSEC(t.Context(), domain, true) },
		"Records":     func(domain string) error { return first(d.Records(t.Context(), domain, nil)) },
		"Weights":     func(domain string) error { return first(d.Weights(t.Context(), domain)) },
		"Add": func(domain string) error {
			_, err := d.AddRecord(t.Context(), domain, aliyun.DNSRecord{RR: "a", Type: "A", Value: "192.0.2.1"})
			return err
		},
		"Get":       func(domain string) error { _, err := c.Domains(nil).Get(t.Context(), domain); return err },
		"DSRecords": func(domain string) error { _, err := c.Domains(nil).DSRecords(t.Context(), domain); return err },
	} {
		err := f("example.org")
		require.ErrorIs(t, err, fs.ErrNotExist, name)
		assert.NotEmpty(t, asError(t, err).Hint, name)
		for _, bad := range []string{"", "example.com.", "example", "a b.com", "*.example.com", "example.com/x"} {
			require.ErrorIs(t, f(bad), aliyun.ErrInput, "%s %q", name, bad)
			assert.False(t, asError(t, f(bad)).Sent)
		}
	}
}

// first is the error of a sequence whose first item is one.
func first[T any](seq func(func(T, error) bool)) error {
	for _, err := range seq {
		return err
	}
	return nil
}

func TestBadOptionsOfRecords(t *testing.T) {
	t.Parallel()
	srv, c := newAccount(t, aliyuntest.Options{})
	_, err := read(t, c.DNS(), &aliyun.RecordsOptions{PageSize: 501, Restarts: new(-1)})
	require.ErrorIs(t, err, aliyun.ErrInput)
	require.ErrorContains(t, err, "PageSize is 501")
	require.ErrorContains(t, err, "Restarts is -1")
	assert.Zero(t, srv.Calls(""))
}

// Reads meet a proxy's page, a lost answer and throttling, and go on.
func TestReadsAreRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c := newAccount(t, aliyuntest.Options{}, hosts(3)...)
		for name, f := range map[string]func(){
			"page":      func() { srv.AnswerNext(aliyuntest.DescribeDomainRecords, 502, nil, "<html>") },
			"lost":      func() { srv.LoseNext(aliyuntest.DescribeDomainRecords) },
			"throttled": func() { srv.FailNext(aliyuntest.DescribeDomainRecords, "Throttling.User") },
		} {
			f()
			all, err := read(t, c.DNS(), nil)
			require.NoError(t, err, name)
			assert.Len(t, all, 3, name)
		}
		for range 3 {
			srv.FailNext(aliyuntest.DescribeDomainRecords, "Throttling.User")
		}
		_, err := read(t, c.DNS(), nil)
		require.ErrorIs(t, err, aliyun.ErrThrottled)
		srv.Close()
	})
}

func TestAnswerWithoutTotalCount(t *testing.T) {
	t.Parallel()
	srv, c := newAccount(t, aliyuntest.Options{}, hosts(3)...)
	srv.AnswerNext(aliyuntest.DescribeDomainRecords, 200, nil, `{"RequestId":"R","DomainRecords":{"Record":[]}}`)
	_, err := read(t, c.DNS(), nil)
	require.ErrorContains(t, err, "no TotalCount", "an empty zone was read from an answer that says nothing")
}

func present(ctx context.Context, c *aliyun.Client, name, target string) error {
	return c.DNS().PresentCNAME(ctx, name, target)
}

// Each sign alone that the pages do not belong together is enough.
func TestPagesThatDisagree(t *testing.T) {
	t.Parallel()
	record := func(id string) string {
		return `{"RecordId":"` + id + `","RR":"h","Type":"A","Value":"192.0.2.1","TTL":600,"Line":"default","Status":"ENABLE"}`
	}
	for name, tt := range map[string]struct{ total, record, says string }{
		"another TotalCount": {"3", record("1"), "TotalCount was 2 and then 3"},
		"a record twice":     {"2", record("2"), "2 records, 1 different ones"},
		"a short page":       {"2", "", "there were 1 records"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := newAccount(t, aliyuntest.Options{},
				aliyun.DNSRecord{ID: "1", RR: "h", Type: "A", Value: "192.0.2.1"}, aliyun.DNSRecord{ID: "2", RR: "h", Type: "A", Value: "192.0.2.1"})
			srv.Observe(func(e fault.Event) {
				if e.N == 1 && e.When == fault.After { // the next one is page 2
					srv.AnswerNext("", 200, nil, `{"RequestId":"R","TotalCount":`+tt.total+`,"DomainRecords":{"Record":[`+tt.record+`]}}`)
				}
			})
			_, err := read(t, c.DNS(), &aliyun.RecordsOptions{PageSize: 1, Restarts: new(0)})
			require.ErrorIs(t, err, aliyun.ErrConflict)
			require.ErrorContains(t, err, tt.says)
		})
	}
}
