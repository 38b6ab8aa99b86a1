package cwlogs_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/cwlogs"
	"github.com/kitroll/kitroll/awsops/cwlogstest"
)

func queried(t *testing.T, events int) (*cwlogstest.Server, cwlogs.InsightsQuery) {
	t.Helper()
	srv := cwlogstest.NewServer()
	srv.AddGroup("/app")
	begin := srv.Clock.Now()
	for i := range events {
		srv.Write(cwlogstest.Record{Group: "/app", Stream: "s", At: begin.Add(time.Duration(i) * time.Millisecond), Message: fmt.Sprint("event ", i)})
	}
	srv.Clock.Advance(time.Hour)
	return srv, cwlogs.InsightsQuery{
		Groups: []string{"/app"}, Text: "fields @timestamp, @message | sort @timestamp asc", Start: begin, End: begin.Add(time.Hour), Limit: 100_000,
	}
}

func TestInsights(t *testing.T) {
	t.Parallel()
	srv, q := queried(t, 25_000)
	var looks []awsops.Event
	n := 0
	for row, err := range client(t, srv).Insights(t.Context(), q, &awsops.WaitOptions{Progress: func(e awsops.Event) { looks = append(looks, e) }}) {
		require.NoError(t, err)
		if row.Get("@message") != fmt.Sprint("event ", n) {
			require.Equal(t, fmt.Sprint("event ", n), row.Get("@message"))
		}
		assert.Empty(t, row.Get("@none"))
		n++
	}
	assert.Equal(t, 25_000, n, "10,000 to a page")
	assert.Greater(t, len(looks), 2)
	assert.Equal(t, "Complete", looks[len(looks)-1].Phase)
	assert.NotEqual(t, "Complete", looks[0].Phase)
	assert.Zero(t, srv.Calls("StopQuery"))
}

func TestInsightsIsStoppedWhenNobodyWaits(t *testing.T) {
	t.Parallel()
	srv, q := queried(t, 1)
	srv.Set(func(b *cwlogstest.Behaviour) { b.QueryTime = 10 * time.Minute })
	ctx, cancel := context.WithCancelCause(t.Context())
	var id string
	opts := &awsops.WaitOptions{Progress: func(e awsops.Event) {
		if id = e.Resource; e.Phase == "Running" {
			cancel(errEnough)
		}
	}}
	for _, err := range client(t, srv).Insights(ctx, q, opts) {
		require.ErrorIs(t, err, errEnough)
	}
	assert.Equal(t, "Cancelled", srv.QueryStatus(id))
	assert.Equal(t, 1, srv.Calls("StopQuery"))
}

func TestInsightsFailures(t *testing.T) {
	t.Parallel()
	t.Run("malformed", func(t *testing.T) {
		t.Parallel()
		srv, q := queried(t, 1)
		q.Text = "fields @nonsense"
		_, err := client(t, srv).StartInsights(t.Context(), q)
		assert.ErrorIs(t, err, awsops.ErrInvalid)
	})
	t.Run("quota", func(t *testing.T) {
		t.Parallel()
		srv, q := queried(t, 1)
		srv.Set(func(b *cwlogstest.Behaviour) { b.QueryTime = time.Hour })
		c := client(t, srv)
		var ids []string
		for range 100 {
			id, err := c.StartInsights(t.Context(), q)
			require.NoError(t, err)
			ids = append(ids, id)
		}
		_, err := c.StartInsights(t.Context(), q)
		require.ErrorIs(t, err, awsops.ErrQuota)
		require.NoError(t, c.StopInsights(t.Context(), ids[0]))
		require.NoError(t, c.StopInsights(t.Context(), ids[0]), "one that has ended is no error")
		_, err = c.StartInsights(t.Context(), q)
		require.NoError(t, err)
		err = c.WaitInsights(t.Context(), ids[0], nil)
		assert.ErrorIs(t, err, awsops.ErrFailed)
		assert.ErrorContains(t, err, "Cancelled")
		srv.Clock.Advance(time.Hour)
		err = c.WaitInsights(t.Context(), ids[1], nil)
		assert.ErrorIs(t, err, awsops.ErrFailed, "60 minutes")
		assert.ErrorContains(t, err, "Timeout")
		for _, err := range c.InsightsRows(t.Context(), ids[1]) {
			assert.ErrorIs(t, err, awsops.ErrConflict, "rows of a query that is not complete")
		}
	})
	t.Run("lost", func(t *testing.T) {
		t.Parallel()
		srv, q := queried(t, 1)
		srv.LoseNext("StartQuery")
		_, err := client(t, srv).StartInsights(t.Context(), q)
		require.ErrorIs(t, err, awsops.ErrUnknownOutcome)
		assert.Equal(t, 1, srv.Calls("StartQuery"), "it is not repeated")
	})
	t.Run("problems", func(t *testing.T) {
		t.Parallel()
		srv, _ := queried(t, 1)
		_, err := client(t, srv).StartInsights(t.Context(), cwlogs.InsightsQuery{Limit: 100_001})
		require.ErrorIs(t, err, awsops.ErrInvalid)
		for _, want := range []string{"Groups", "Text", "Start and End", "Limit"} {
			assert.ErrorContains(t, err, want)
		}
		assert.Zero(t, srv.Calls(""))
	})
}
