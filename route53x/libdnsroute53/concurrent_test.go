package libdnsroute53_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/libdns/libdns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/libdnsroute53"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

// Calls at the same time, for one set: all records are there afterwards. libdns/alidns replaces its client on each call.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	p, srv, id := account(t, libdnsroute53.Config{}, "")
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			rec := libdns.TXT{Name: "_acme-challenge", Text: fmt.Sprintf("token %02d", i), TTL: time.Minute}
			got, err := p.AppendRecords(t.Context(), "example.com", []libdns.Record{rec})
			assert.NoError(t, err)
			assert.Equal(t, []libdns.Record{rec}, got)
			if i%2 == 1 {
				got, err = p.DeleteRecords(t.Context(), "example.com.", []libdns.Record{rec})
				assert.NoError(t, err)
				assert.Len(t, got, 1)
			}
		})
	}
	wg.Wait()
	sets := srv.Sets(id)
	require.Len(t, sets, 3)
	assert.Len(t, sets[2].Values, 10)
}

// meddler is a Store for which others are faster: before the first so many writes they change the same zone.
type meddler struct {
	libdnsroute53.Store
	meddle func(attempt int)
	tries  int
}

func (m *meddler) Apply(ctx context.Context, id string, p *route53x.Plan, opts *route53x.ApplyOptions) (route53x.Result, error) {
	m.tries++
	m.meddle(m.tries)
	return m.Store.Apply(ctx, id, p, opts)
}

// Somebody else adds to the same set between reading and writing: nothing of theirs is lost.
func TestOthersAreFaster(t *testing.T) {
	t.Parallel()
	srv := route53xtest.NewServer()
	defer srv.Close()
	client, err := route53x.New(srv.Config())
	require.NoError(t, err)
	id := srv.AddZone(route53xtest.ZoneSpec{Name: "example.com"})
	times, edits := 3, 0
	m := &meddler{Store: client}
	m.meddle = func(n int) {
		if n > times {
			return
		}
		theirs := route53x.RRSet{Name: "a.example.com.", Type: route53x.TXT, TTL: 60}
		var ops []route53x.Op
		for _, s := range srv.Sets(id) {
			if s.Type == route53x.TXT {
				ops = append(ops, route53x.Op{Action: "DELETE", Set: s})
				theirs.Values = append(theirs.Values, s.Values...)
			}
		}
		edits++
		theirs.Values = append(theirs.Values, fmt.Sprintf(`"theirs %d"`, edits))
		assert.NoError(t, srv.Edit(id, append(ops, route53x.Op{Action: "CREATE", Set: theirs})...))
	}
	p, err := libdnsroute53.New(libdnsroute53.Config{Store: m})
	require.NoError(t, err)
	_, err = p.AppendRecords(t.Context(), "example.com", []libdns.Record{libdns.TXT{Name: "a", Text: "ours"}})
	require.NoError(t, err)
	assert.Equal(t, 4, m.tries)
	assert.Equal(t, []string{`a.example.com. TXT 60 "ours", "theirs 1", "theirs 2", "theirs 3"`}, content(srv, id))

	m.tries, times = 0, 99
	before := content(srv, id)
	_, err = p.AppendRecords(t.Context(), "example.com", []libdns.Record{libdns.TXT{Name: "a", Text: "never"}})
	require.ErrorIs(t, err, route53x.ErrConflict)
	assert.Equal(t, 5, m.tries)
	assert.NotContains(t, content(srv, id)[0], "never")
	assert.NotEqual(t, before, content(srv, id))
	_, partial := errors.AsType[*libdnsroute53.PartialError](err)
	assert.False(t, partial, "nothing was done")

	// Others at other names do not matter.
	m.tries = 0
	m.meddle = func(int) {
		assert.NoError(t, srv.Edit(id, route53x.Op{Action: "CREATE", Set: route53x.RRSet{Name: "z.example.com.", Type: route53x.A, TTL: 60, Values: []string{"192.0.2.1"}}}))
	}
	_, err = p.AppendRecords(t.Context(), "example.com", []libdns.Record{libdns.TXT{Name: "b", Text: "ours"}})
	require.NoError(t, err)
	assert.Equal(t, 1, m.tries)
}

// libdns/route53 returns nothing when a call fails in the middle, though sets were written before.
func TestPartialError(t *testing.T) {
	t.Parallel()
	p, srv, id := account(t, libdnsroute53.Config{}, "")
	var recs []libdns.Record
	for i := range 1500 { // two batches
		recs = append(recs, libdns.Address{Name: fmt.Sprintf("h%04d", i), TTL: time.Minute, IP: netip.MustParseAddr("192.0.2.1")})
	}
	srv.Observe(func(e fault.Event) {
		if e.Op == route53xtest.ChangeResourceRecordSets && e.N == 1 && e.When == fault.After {
			srv.AnswerNext(route53xtest.ChangeResourceRecordSets, 403, nil, "<html>no</html>")
		}
	})
	done, err := p.SetRecords(t.Context(), "example.com", recs)
	partial, ok := errors.AsType[*libdnsroute53.PartialError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, done, partial.Done)
	assert.Len(t, done, 1000)
	there := map[string]bool{}
	for _, s := range content(srv, id) {
		there[s] = true
	}
	for _, r := range done {
		assert.True(t, there[r.RR().Name+".example.com. A 60 192.0.2.1"], r.RR().Name)
	}

	// The same call does the rest.
	done, err = p.SetRecords(t.Context(), "example.com", recs)
	require.NoError(t, err)
	assert.Len(t, done, 1500)
}

// silent is a Store whose writes have no known outcome.
type silent struct{ libdnsroute53.Store }

func (silent) Apply(context.Context, string, *route53x.Plan, *route53x.ApplyOptions) (route53x.Result, error) {
	return route53x.Result{}, &route53x.Error{Kind: route53x.ErrUnknownOutcome, Op: "ChangeResourceRecordSets"}
}

// broken is a Store that lists nothing.
type broken struct{ libdnsroute53.Store }

var errList = errors.New("no list")

func (broken) RRSets(context.Context, string, *route53x.ListOptions) iter.Seq2[route53x.RRSet, error] {
	return func(yield func(route53x.RRSet, error) bool) { yield(route53x.RRSet{}, errList) }
}

func (broken) Zones(context.Context) iter.Seq2[route53x.Zone, error] {
	return func(yield func(route53x.Zone, error) bool) { yield(route53x.Zone{}, errList) }
}

// What is not known is not said to be nothing.
func TestUnknownOutcome(t *testing.T) {
	t.Parallel()
	srv := route53xtest.NewServer()
	defer srv.Close()
	client, err := route53x.New(srv.Config())
	require.NoError(t, err)
	srv.AddZone(route53xtest.ZoneSpec{Name: "example.com"})
	p, err := libdnsroute53.New(libdnsroute53.Config{Store: silent{client}})
	require.NoError(t, err)
	recs := []libdns.Record{libdns.TXT{Name: "a", Text: "x"}}
	_, err = p.SetRecords(t.Context(), "example.com", recs)
	partial, ok := errors.AsType[*libdnsroute53.PartialError](err)
	require.True(t, ok)
	assert.Empty(t, partial.Done)
	require.ErrorIs(t, err, route53x.ErrUnknownOutcome)

	p, err = libdnsroute53.New(libdnsroute53.Config{Store: broken{client}})
	require.NoError(t, err)
	_, err = p.GetRecords(t.Context(), "example.com")
	require.ErrorIs(t, err, errList)
	_, err = p.ListZones(t.Context())
	require.ErrorIs(t, err, errList)
	for _, n := range []int{1, 9} {
		many := make([]libdns.Record, n)
		for i := range many {
			many[i] = libdns.TXT{Name: fmt.Sprint(i), Text: "x"}
		}
		_, err = p.SetRecords(t.Context(), "example.com", many)
		require.ErrorIs(t, err, errList)
	}
}
