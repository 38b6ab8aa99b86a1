package route53x_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

// fake is a server and a client for it.
func fake(t *testing.T, opts route53xtest.Options) (*route53xtest.Server, *route53x.Client) {
	t.Helper()
	srv := route53xtest.Open(opts)
	t.Cleanup(srv.Close)
	return srv, client(t, srv.Config())
}

func client(t *testing.T, cfg route53x.Config) *route53x.Client {
	t.Helper()
	c, err := route53x.New(cfg)
	require.NoError(t, err)
	return c
}

// frozen is a clock on which a busy machine leaves no trace.
func frozen() *route53xtest.Clock {
	return &route53xtest.Clock{Frozen: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
}

// zoneWith is a zone that has these sets.
func zoneWith(t *testing.T, srv *route53xtest.Server, sets ...route53x.RRSet) string {
	t.Helper()
	zone := srv.AddZone(route53xtest.ZoneSpec{Name: "example.com"})
	var ops []route53x.Op
	chars := 0
	for i, s := range sets {
		ops = append(ops, route53x.Op{Action: "CREATE", Set: s})
		if chars += len(strings.Join(s.Values, "")); chars > 25_000 || len(ops) == 300 || i == len(sets)-1 {
			require.NoError(t, srv.Edit(zone, ops...))
			ops, chars = nil, 0
		}
	}
	return zone
}

// towards is the plan from what a zone has to these sets.
func towards(t *testing.T, srv *route53xtest.Server, zone string, opts route53x.DiffOptions, want ...route53x.RRSet) *route53x.Plan {
	t.Helper()
	opts.Thresholds.Off = true
	p, err := route53x.Diff(srv.Sets(zone), want, &opts)
	require.NoError(t, err)
	return p
}

// own is what a zone has besides its SOA and NS.
func own(srv *route53xtest.Server, zone string) []route53x.RRSet {
	return slices.DeleteFunc(srv.Sets(zone), func(s route53x.RRSet) bool {
		return s.Name == "example.com." && (s.Type == route53x.SOA || s.Type == route53x.NS)
	})
}

func all(t *testing.T, c *route53x.Client, zone string, opts *route53x.ListOptions) (sets []route53x.RRSet) {
	t.Helper()
	for s, err := range c.RRSets(t.Context(), zone, opts) {
		require.NoError(t, err)
		sets = append(sets, s)
	}
	return sets
}

// before calls f before the n-th call of an action has any effect.
func before(srv *route53xtest.Server, action string, n int, f func()) {
	srv.Observe(func(e fault.Event) {
		if e.Op == action && e.When == fault.Before && e.N == n {
			f()
		}
	})
}

// Trap 4: paging needs NextRecordName, Type and Identifier; a page that ends inside a weighted group loses nothing.
func TestPagesLoseNothing(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, route53xtest.Options{})
	var sets []route53x.RRSet
	for i := range 7 {
		sets = append(sets, routed(fmt.Sprint(i), route53x.Weighted{Weight: 1}, "192.0.2.1"))
	}
	sets = append(sets, simple("r.example.com.", route53x.MX, 60, "1 a."), simple("a.example.com.", route53x.A, 60, "192.0.2.1"))
	zone := zoneWith(t, srv, sets...)
	for size := 1; size <= 12; size++ {
		seq := c.RRSets(t.Context(), zone, &route53x.ListOptions{PageSize: size})
		for range 2 { // every range begins anew
			n := 0
			for s, err := range seq {
				require.NoError(t, err)
				assert.Equal(t, srv.Sets(zone)[n], s)
				n++
			}
			assert.Equal(t, 11, n, "pages of %d", size)
		}
	}
	for _, err := range c.RRSets(t.Context(), zone, nil) {
		require.NoError(t, err)
		break
	}
	assert.Len(t, all(t, c, "/hostedzone/"+zone, &route53x.ListOptions{From: "R.example.com"}), 8)
	for _, err := range c.RRSets(t.Context(), zone, &route53x.ListOptions{From: "a..b"}) {
		require.ErrorIs(t, err, route53x.ErrInvalid)
	}
	for _, err := range c.RRSets(t.Context(), "ZNONE", nil) {
		require.ErrorIs(t, err, route53x.ErrNotFound)
	}
}

// Trap 13: routed sets keep SetIdentifier, weight, geo, region. Trap 2: a listed wildcard arrives as \052. What was written
// comes back equal, and makes no change.
func TestEverythingComesBackEqual(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, route53xtest.Options{})
	zone := zoneWith(t, srv)
	want := slices.DeleteFunc(full(), func(s route53x.RRSet) bool {
		_, traffic := s.Routing.(route53x.TrafficPolicy)
		return traffic || s.Type == route53x.SOA || s.Name == "example.com." && s.Type == route53x.NS
	})
	for i := range want {
		if a := want[i].Alias; a != nil && a.ZoneID == "$self" {
			want[i].Alias = &route53x.Alias{ZoneID: zone, Target: a.Target, EvaluateTargetHealth: a.EvaluateTargetHealth}
		}
	}
	p := towards(t, srv, zone, route53x.DiffOptions{}, want...)
	_, err := c.Apply(t.Context(), zone, p, nil)
	require.NoError(t, err)
	requireSame(t, want, own(srv, zone))
	assert.True(t, towards(t, srv, zone, route53x.DiffOptions{}, want...).Empty())
	listed := all(t, c, zone, nil)
	assert.Equal(t, srv.Sets(zone), listed)
	assert.True(t, slices.ContainsFunc(listed, func(s route53x.RRSet) bool { return strings.HasPrefix(string(s.Name), `\052.`) }))
}

// Trap 13: a traffic-policy set is reported, not touched.
func TestTrafficPoliciesAreReadOnly(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, route53xtest.Options{})
	zone := zoneWith(t, srv)
	instance := simple("t.example.com.", route53x.A, 60, "192.0.2.1")
	instance.Routing = route53x.TrafficPolicy{Instance: "i-1"}
	require.NoError(t, srv.Edit(zone, route53x.Op{Action: "CREATE", Set: instance}))
	p := towards(t, srv, zone, route53x.DiffOptions{}, host(1))
	assert.Len(t, p.Skipped, 1)
	_, err := c.Apply(t.Context(), zone, p, nil)
	require.NoError(t, err)
	assert.Contains(t, srv.Sets(zone), instance)
}

// cli53 writes $self for the zone that an alias is in: it is sent as the zone's ID, and no change once it is there.
func TestAliasOfTheOwnZone(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, route53xtest.Options{})
	zone := zoneWith(t, srv, host(1))
	self := alias("al.example.com.", host(1).Name)
	self.Alias.ZoneID = "$self"
	p := towards(t, srv, zone, route53x.DiffOptions{}, host(1), self)
	for range 2 {
		_, err := c.Apply(t.Context(), zone, p, nil)
		require.NoError(t, err)
	}
	assert.Equal(t, 1, srv.Done(route53xtest.ChangeResourceRecordSets))
	assert.Equal(t, zone, own(srv, zone)[0].Alias.ZoneID)
	assert.True(t, towards(t, srv, zone, route53x.DiffOptions{ZoneID: zone}, host(1), self).Empty())
}

// Trap 15: PriorRequestNotComplete is retried; changes of one zone are serialised.
func TestChangesOfAZoneAreSerialised(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, route53xtest.Options{})
	zone := zoneWith(t, srv)
	errs := make(chan error, 8)
	for i := range 8 {
		s := host(i)
		p := &route53x.Plan{Changes: []route53x.Change{{Action: route53x.Create, After: &s}}, Batches: []route53x.Batch{{Changes: []int{0}}}}
		go func() {
			_, err := c.Apply(t.Context(), zone, p, nil)
			errs <- err
		}()
	}
	for range 8 {
		require.NoError(t, <-errs)
	}
	for _, r := range srv.Requests() {
		assert.Empty(t, r.Code)
	}

	busy, c := fake(t, route53xtest.Options{Processing: 3e9})
	zone = zoneWith(t, busy)
	p := towards(t, busy, zone, route53x.DiffOptions{Limits: route53x.Limits{BatchElements: 1}}, hosts(4)...)
	_, err := c.Apply(t.Context(), zone, p, nil)
	require.NoError(t, err)
	refused := slices.ContainsFunc(busy.Requests(), func(r route53xtest.Request) bool { return r.Code == "PriorRequestNotComplete" })
	assert.True(t, refused)
	assert.Zero(t, busy.Throttled(""))
	assert.Len(t, own(busy, zone), 4)
}

// Errors of the service have their kind, code and request ID, and those of the network no secret.
func TestErrors(t *testing.T) {
	t.Parallel()
	xml := func(code string) string {
		return `<ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error><Type>Sender</Type><Code>` + code +
			`</Code><Message>words</Message></Error><RequestId>r-1</RequestId></ErrorResponse>`
	}
	for name, tt := range map[string]struct {
		status int
		body   string
		kind   error
		text   string
	}{
		"no zone":           {404, xml("NoSuchHostedZone"), route53x.ErrNotFound, "NoSuchHostedZone, HTTP 404, request r-1"},
		"throttled":         {400, xml("Throttling"), route53x.ErrThrottled, "words"},
		"as in other APIs":  {429, xml("TooManyRequestsException"), route53x.ErrThrottled, "words"},
		"limit":             {400, xml("DelegationSetNotAvailable"), route53x.ErrLimit, "words"},
		"invalid":           {400, xml("InvalidInput"), route53x.ErrInvalid, "words"},
		"no rights":         {403, xml("AccessDenied"), fs.ErrPermission, "AccessDenied"},
		"a proxy's page":    {418, "<html><body>teapot</body></html>", nil, "HTTP 418"},
		"no XML":            {400, "{}", nil, "HTTP 400"},
		"a success of HTML": {200, "<html></html>", nil, "Route 53"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := route53xtest.NewServer()
			t.Cleanup(srv.Close)
			cfg := srv.Config()
			cfg.MaxRetries = new(0)
			srv.AnswerNext("", tt.status, nil, tt.body)
			_, err := client(t, cfg).Zone(t.Context(), "Z1")
			require.ErrorContains(t, err, tt.text)
			if tt.kind != nil {
				require.ErrorIs(t, err, tt.kind)
			}
			e, ok := errors.AsType[*route53x.Error](err)
			require.True(t, ok)
			assert.Equal(t, "GetHostedZone", e.Op)
			assert.NotErrorIs(t, err, route53x.ErrUnknownOutcome, "it only reads")
		})
	}
	require.ErrorIs(t, &route53x.Error{Kind: route53x.ErrNotFound}, fs.ErrNotExist)
	require.ErrorIs(t, fmt.Errorf("x: %w", route53x.ErrExists), fs.ErrExist)
	require.ErrorIs(t, route53x.ErrUnsupported, errors.ErrUnsupported)
}

func TestReadsAreRepeated(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, route53xtest.Options{})
	zone := zoneWith(t, srv)
	srv.DropNext(route53xtest.GetHostedZone)
	srv.LoseNext(route53xtest.GetHostedZone)
	srv.AnswerNext(route53xtest.GetHostedZone, 503, nil, "<html>")
	srv.AnswerNext(route53xtest.GetHostedZone, 200, nil, "<GetHostedZoneResponse><Hosted")
	z, err := c.Zone(t.Context(), zone)
	require.NoError(t, err)
	assert.Equal(t, srv.Nameservers(zone), z.NameServers)
}

// hearing is a limiter that lets everything pass and counts what it is told.
type hearing struct{ waits, throttled int }

func (l *hearing) Wait(context.Context, string, int) error { l.waits++; return nil }
func (l *hearing) Throttled(string, int)                   { l.throttled++ }

// The limiter is asked before each attempt and hears of each that was too fast; that a zone works on another change says
// nothing of the account's rate.
func TestLimiterHearsOfEachAttempt(t *testing.T) {
	t.Parallel()
	for code, throttled := range map[string]int{"Throttling": 1, "PriorRequestNotComplete": 0} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			srv := route53xtest.Open(route53xtest.Options{})
			t.Cleanup(srv.Close)
			cfg, l := srv.Config(), new(hearing)
			cfg.Limiter, cfg.MaxRetries = l, new(1)
			c := client(t, cfg)
			zone := zoneWith(t, srv)
			for range 2 {
				srv.AnswerNext(route53xtest.GetHostedZone, 400, nil, `<ErrorResponse><Error><Code>`+code+`</Code></Error></ErrorResponse>`)
			}
			_, err := c.Zone(t.Context(), zone)
			require.ErrorIs(t, err, route53x.ErrThrottled)
			assert.Equal(t, 2, l.waits)
			assert.Equal(t, 2*throttled, l.throttled)
		})
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, route53xtest.Options{})
	zone := zoneWith(t, srv)
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	_, err := c.Zone(ctx, zone)
	require.ErrorIs(t, err, why)
	_, err = c.Apply(ctx, zone, towards(t, srv, zone, route53x.DiffOptions{}, host(1)), nil)
	require.ErrorIs(t, err, why)
	assert.Zero(t, srv.Calls(""))
}
