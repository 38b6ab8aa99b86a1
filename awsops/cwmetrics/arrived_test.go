package cwmetrics_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/cwmetrics"
	"github.com/kitroll/kitroll/awsops/cwmetricstest"
)

// arrival is what a package that installs the agent would ask for, in its own terms.
type arrival interface {
	Arrived(ctx context.Context, namespace, name string, dimensions map[string]string, since time.Time) (time.Time, bool, error)
}

var _ arrival = (*cwmetrics.Client)(nil)

func client(tb testing.TB, srv *cwmetricstest.Server) *cwmetrics.Client {
	tb.Helper()
	c, err := cwmetrics.New(srv.Config())
	require.NoError(tb, err)
	return c
}

func memory() cwmetrics.MetricID {
	return cwmetrics.MetricID{Namespace: "CWAgent", Name: "mem_used_percent", Dimensions: map[string]string{"InstanceId": "i-0123456789abcdef0", "host": "web"}}
}

// Trap 20: ListMetrics' 15-min lag: arrival is checked with GetMetricData.
func TestArrivalIsSeenLongBeforeTheList(t *testing.T) {
	t.Parallel()
	srv := cwmetricstest.NewServer()
	c := client(t, srv)
	m := memory()
	since := srv.Clock.Now()
	_, ok, err := c.Arrived(t.Context(), m.Namespace, m.Name, m.Dimensions, since)
	require.NoError(t, err)
	assert.False(t, ok)

	srv.Clock.Advance(90 * time.Second)
	sent := srv.Clock.Now()
	srv.Put(m, "Percent", 42)
	var looks []awsops.Event
	at, err := c.WaitArrived(t.Context(), m.Namespace, m.Name, m.Dimensions, since, &awsops.WaitOptions{Progress: func(e awsops.Event) { looks = append(looks, e) }})
	require.NoError(t, err)
	assert.Equal(t, sent.Truncate(time.Minute), at)
	assert.Less(t, srv.Clock.Now().Sub(sent), time.Minute)
	require.Greater(t, len(looks), 1)
	assert.Equal(t, "arrived", looks[len(looks)-1].Phase)
	assert.Equal(t, "waiting", looks[0].Phase)
	assert.Equal(t, m.String(), looks[0].Resource)

	listed := func() (n int) {
		for _, err := range c.List(t.Context(), nil) {
			require.NoError(t, err)
			n++
		}
		return n
	}
	assert.Zero(t, listed(), "the list is 15 minutes behind")
	srv.Clock.Advance(15 * time.Minute)
	assert.Equal(t, 1, listed())
	assert.Zero(t, len(srv.Order())-srv.Calls("GetMetricData")-srv.Calls("ListMetrics"))
}

// A metric is all of its dimensions: with one more, or one less, nothing is there.
func TestArrivedTakesDimensionsToTheLetter(t *testing.T) {
	t.Parallel()
	srv := cwmetricstest.NewServer()
	m := memory()
	srv.Put(m, "Percent", 42)
	srv.Clock.Advance(time.Minute)
	c := client(t, srv)
	since := srv.Clock.Now().Add(-time.Hour)
	for name, tt := range map[string]struct {
		dimensions map[string]string
		want       bool
	}{
		"all":   {dimensions: m.Dimensions, want: true},
		"fewer": {dimensions: map[string]string{"InstanceId": "i-0123456789abcdef0"}},
		"more":  {dimensions: map[string]string{"InstanceId": "i-0123456789abcdef0", "host": "web", "path": "/"}},
		"none":  {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, ok, err := c.Arrived(t.Context(), m.Namespace, m.Name, tt.dimensions, since)
			require.NoError(t, err)
			assert.Equal(t, tt.want, ok)
		})
	}
}

func TestArrivedSince(t *testing.T) {
	t.Parallel()
	srv := cwmetricstest.NewServer()
	m := memory()
	c := client(t, srv)
	first := srv.Clock.Now()
	srv.Put(m, "Percent", 1)
	for name, tt := range map[string]struct {
		after time.Duration // of the look
		since time.Duration // both since the point
		want  bool
	}{
		"before":               {after: time.Hour, since: -time.Minute, want: true},
		"in its minute":        {after: time.Hour, since: 30 * time.Second, want: true},
		"behind":               {after: 2 * time.Hour, since: time.Minute},
		"days ago":             {after: 10 * 24 * time.Hour, since: -time.Hour, want: true},
		"months ago":           {after: 100 * 24 * time.Hour, since: -time.Hour, want: true},
		"years ago is refused": {after: 500 * 24 * time.Hour, since: -time.Hour},
	} {
		srv := cwmetricstest.NewServer()
		srv.Put(m, "Percent", 1)
		srv.Clock.Advance(tt.after)
		at, ok, err := client(t, srv).Arrived(t.Context(), m.Namespace, m.Name, m.Dimensions, first.Add(tt.since))
		if tt.after > 455*24*time.Hour {
			assert.ErrorIs(t, err, awsops.ErrInvalid, name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, tt.want, ok, name)
		if ok {
			assert.LessOrEqual(t, first.Sub(at).Abs(), time.Hour, name)
		}
	}
	_, _, err := c.Arrived(t.Context(), m.Namespace, m.Name, m.Dimensions, first.Add(24*time.Hour))
	assert.ErrorIs(t, err, awsops.ErrInvalid)

	// A sender whose clock is ahead.
	srv.PutAt(m, first.Add(time.Hour), "Percent", 1)
	srv.Clock.Advance(2 * time.Minute)
	at, ok, err := c.Arrived(t.Context(), m.Namespace, m.Name, m.Dimensions, first.Add(time.Minute))
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, first.Add(time.Hour), at)
}

func TestWaitArrivedEnds(t *testing.T) {
	t.Parallel()
	errEnough := errors.New("enough")
	srv := cwmetricstest.NewServer()
	m := memory()
	ctx, cancel := context.WithCancelCause(t.Context())
	looks := 0
	_, err := client(t, srv).WaitArrived(ctx, m.Namespace, m.Name, m.Dimensions, srv.Clock.Now(), &awsops.WaitOptions{
		Interval: time.Minute,
		Progress: func(awsops.Event) {
			if looks++; looks == 5 {
				cancel(errEnough)
			}
		},
	})
	require.ErrorIs(t, err, errEnough)
	assert.ErrorContains(t, err, "5 looks")
	assert.ErrorContains(t, err, m.String())

	srv.Deny("GetMetricData")
	_, err = client(t, srv).WaitArrived(t.Context(), m.Namespace, m.Name, m.Dimensions, srv.Clock.Now(), nil)
	require.ErrorIs(t, err, awsops.ErrDenied, "waiting for what is not allowed would never end")
}
