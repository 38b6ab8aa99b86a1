package cwmetrics_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/cwmetrics"
	"github.com/kitroll/kitroll/awsops/cwmetricstest"
)

// filled is a metric with ten values a minute, 0 to 9, for so many minutes.
func filled(srv *cwmetricstest.Server, id cwmetrics.MetricID, minutes int) {
	now := srv.Clock.Now().Truncate(time.Minute)
	for i := range minutes {
		for v := range 10 {
			srv.PutAt(id, now.Add(time.Duration(i-minutes)*time.Minute+time.Duration(v)*time.Second), "Percent", float64(v))
		}
	}
	srv.Clock.Advance(time.Minute)
}

func TestLatest(t *testing.T) {
	t.Parallel()
	srv := cwmetricstest.NewServer()
	m := memory()
	c := client(t, srv)
	_, err := c.Latest(t.Context(), m)
	require.ErrorIs(t, err, awsops.ErrGone)
	assert.ErrorContains(t, err, "CWAgent/mem_used_percent{InstanceId=i-0123456789abcdef0,host=web}")
	filled(srv, m, 5)
	got, err := c.Latest(t.Context(), m)
	require.NoError(t, err)
	assert.InDelta(t, 4.5, got.Value, 1e-9)
	assert.Equal(t, srv.Clock.Now().Truncate(time.Minute).Add(-2*time.Minute), got.At)
}

func TestSeriesStatistics(t *testing.T) {
	t.Parallel()
	srv := cwmetricstest.NewServer()
	m := memory()
	filled(srv, m, 10)
	for stat, want := range map[string]float64{"": 4.5, "Sum": 45, "Minimum": 0, "Maximum": 9, "SampleCount": 10, "p90": 8, "p99.9": 9} {
		s, err := client(t, srv).Series(t.Context(), m, &cwmetrics.SeriesOptions{Stat: stat})
		require.NoError(t, err, stat)
		require.Len(t, s.Points, 10)
		for i, p := range s.Points {
			assert.InDelta(t, want, p.Value, 1e-9, stat)
			assert.Equal(t, s.Points[0].At.Add(time.Duration(i)*time.Minute), p.At, "oldest first")
		}
	}
	s, err := client(t, srv).Series(t.Context(), m, &cwmetrics.SeriesOptions{Stat: "Sum", Period: 5 * time.Minute})
	require.NoError(t, err)
	total := 0.0
	for _, p := range s.Points {
		total += p.Value
	}
	assert.InDelta(t, 450, total, 1e-9)
	assert.LessOrEqual(t, len(s.Points), 3)

	// A unit that is not the data's gives nothing, as AWS does, and that is said.
	_, err = client(t, srv).Series(t.Context(), m, &cwmetrics.SeriesOptions{Unit: "Bytes"})
	assert.ErrorIs(t, err, awsops.ErrGone)
}

// 500 metrics and 100,800 points to a call; pages within.
func TestSeriesOfMany(t *testing.T) {
	t.Parallel()
	srv := cwmetricstest.NewServer()
	srv.Set(func(b *cwmetricstest.Behaviour) { b.PageSize, b.Throttle = 150, 0.05 })
	now := srv.Clock.Now()
	var ids []cwmetrics.MetricID
	for i := range 1200 {
		id := cwmetrics.MetricID{Namespace: "App", Name: fmt.Sprint("m", i)}
		ids = append(ids, id)
		if i%3 > 0 {
			for k := range 2 {
				srv.PutAt(id, now.Add(-time.Duration(k+1)*time.Minute), "Count", float64(i))
			}
		}
	}
	srv.Clock.Advance(time.Minute)
	all, err := client(t, srv).SeriesOf(t.Context(), ids, nil)
	require.NoError(t, err)
	require.Len(t, all, 1200)
	for i, s := range all {
		require.Equal(t, ids[i], s.Metric)
		require.Len(t, s.Points, min(i%3, 1)*2, i)
		for _, p := range s.Points {
			require.InDelta(t, float64(i), p.Value, 0)
		}
	}
	asked := &widest{Server: srv}
	cfg := srv.Config()
	cfg.API = asked
	c, err := cwmetrics.New(cfg)
	require.NoError(t, err)
	_, err = c.SeriesOf(t.Context(), ids[:20], &cwmetrics.SeriesOptions{Period: time.Minute, Start: now.Add(-14 * 24 * time.Hour)})
	require.NoError(t, err)
	assert.Equal(t, 4, asked.most, "14 days of minutes are 20,160 points to a metric")
}

// widest counts the metrics of a call.
type widest struct {
	*cwmetricstest.Server

	most int
}

func (w *widest) GetMetricData(ctx context.Context, in *cloudwatch.GetMetricDataInput, opts ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
	w.most = max(w.most, len(in.MetricDataQueries))
	return w.Server.GetMetricData(ctx, in, opts...)
}

func TestSeriesThatAreNotWhole(t *testing.T) {
	t.Parallel()
	hidden, open := memory(), memory()
	hidden.Name = "secret"
	t.Run("cut", func(t *testing.T) {
		t.Parallel()
		srv := cwmetricstest.NewServer()
		filled(srv, open, 10)
		srv.Set(func(b *cwmetricstest.Behaviour) {
			b.PageSize, b.Cut, b.Message = 4, 1, "Maximum number of allowed metrics exceeded"
		})
		s, err := client(t, srv).Series(t.Context(), open, nil)
		require.ErrorIs(t, err, cwmetrics.ErrPartial)
		assert.ErrorContains(t, err, "Maximum number")
		assert.Len(t, s.Points, 4, "what came is returned")
	})
	t.Run("inside AWS", func(t *testing.T) {
		t.Parallel()
		srv := cwmetricstest.NewServer()
		filled(srv, open, 10)
		srv.Set(func(b *cwmetricstest.Behaviour) { b.Internal = 2 })
		s, err := client(t, srv).Series(t.Context(), open, nil)
		require.NoError(t, err)
		assert.Len(t, s.Points, 10, "asked again by the token")
	})
	t.Run("forbidden", func(t *testing.T) {
		t.Parallel()
		srv := cwmetricstest.NewServer()
		srv.Hide(hidden)
		filled(srv, open, 3)
		all, err := client(t, srv).SeriesOf(t.Context(), []cwmetrics.MetricID{hidden, open}, nil)
		require.ErrorIs(t, err, awsops.ErrDenied)
		assert.ErrorContains(t, err, "secret")
		require.Len(t, all, 2)
		assert.Len(t, all[1].Points, 3, "the other is there")
	})
	t.Run("denied", func(t *testing.T) {
		t.Parallel()
		srv := cwmetricstest.NewServer()
		srv.Deny("GetMetricData")
		_, err := client(t, srv).Latest(t.Context(), open)
		require.ErrorIs(t, err, awsops.ErrDenied)
	})
}

// CloudWatch answers a period that it does not keep for so long with nothing, and no error.
func TestPeriodsThatCloudWatchWouldAnswerWithNothing(t *testing.T) {
	t.Parallel()
	srv := cwmetricstest.NewServer()
	m := memory()
	srv.Fine(m)
	filled(srv, m, 3)
	c := client(t, srv)
	now := srv.Clock.Now()
	day := 24 * time.Hour
	for name, tt := range map[string]struct {
		period, age time.Duration
		want        string // empty: allowed
	}{
		"seconds":                {period: 5 * time.Second, age: 2 * time.Hour},
		"seconds of yesterday":   {period: 5 * time.Second, age: day, want: "by 1m0s only"},
		"seconds that are none":  {period: 7 * time.Second, age: time.Hour, want: "1, 5, 10, 20 or 30 s"},
		"a minute and a half":    {period: 90 * time.Second, age: time.Hour, want: "multiple of a minute"},
		"half a second":          {period: time.Second / 2, age: time.Hour, want: "1, 5, 10"},
		"negative":               {period: -time.Minute, age: time.Hour, want: "multiple"},
		"minutes":                {period: time.Minute, age: 15*day - time.Hour},
		"minutes of last month":  {period: time.Minute, age: 20 * day, want: "by 5m0s only"},
		"5 minutes":              {period: 5 * time.Minute, age: 63*day - time.Hour},
		"5 minutes of last term": {period: 5 * time.Minute, age: 70 * day, want: "by 1h0m0s only"},
		"hours":                  {period: 2 * time.Hour, age: 400 * day},
		"the default":            {age: 400 * day},
		"too long ago":           {age: 456 * day, want: "455 days"},
	} {
		calls := srv.Calls("")
		s, err := c.Series(t.Context(), m, &cwmetrics.SeriesOptions{Period: tt.period, Start: now.Add(-tt.age)})
		if tt.want == "" {
			require.NoError(t, err, name)
			assert.NotEmpty(t, s.Points, name)
			continue
		}
		require.ErrorIs(t, err, awsops.ErrInvalid, name)
		assert.ErrorContains(t, err, tt.want, name)
		assert.Equal(t, calls, srv.Calls(""), "%s: something was sent", name)
	}
}

func TestStatisticsAreChecked(t *testing.T) {
	t.Parallel()
	for stat, ok := range map[string]bool{
		"Average": true, "IQM": true, "p0": true, "p100": true, "p99.9999999999": true, "tm95": true, "wm90.5": true, "tc10": true, "ts5": true,
		"TM(10%:90%)": true, "TM(:90%)": true, "PR(100:2000)": true, "PR(:300)": true, "WM(80:500)": true, "TC(0.005:0.03)": true, "TS(80%:)": true,
		"average": false, "p": false, "p101": false, "p-1": false, "p99.99999999999": false, "p1e1": false, "pNaN": false, "P99": false, "tm": false,
		"TM(90%:10%)": false, "TM(10%:90)": false, "TM(:)": false, "TM()": false, "PR(10%:90%)": false, "TM(10%:90%": false, "TM(10%:101%)": false, "Median": false,
		"p0x10": false, "p.5": false, "TM(+1:2)": false,
	} {
		err := cwmetrics.CheckStat(stat)
		assert.Equal(t, ok, err == nil, "%s: %v", stat, err)
	}
}

func FuzzCheckStat(f *testing.F) {
	for _, s := range []string{"p99", "TM(10%:90%)", "PR(:300)", "Average"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if cwmetrics.CheckStat(s) == nil {
			assert.Regexp(t, `^[A-Za-z]+[0-9.:%()]*$`, s)
			assert.Less(t, len(s), 2000)
		}
	})
}

func TestProblemsComeTogether(t *testing.T) {
	t.Parallel()
	srv := cwmetricstest.NewServer()
	many := map[string]string{}
	for i := range 31 {
		many[fmt.Sprint("d", i)] = "v"
	}
	many[":colon"], many["blank"], many["ümlaut"], many["long"] = "v", " ", "v", string(slices.Repeat([]byte("x"), 1025))
	_, err := client(t, srv).SeriesOf(t.Context(), []cwmetrics.MetricID{{Dimensions: many}}, &cwmetrics.SeriesOptions{
		Stat: "Median", Unit: "Pints", Start: srv.Clock.Now(), End: srv.Clock.Now(), Period: 7 * time.Second,
	})
	require.ErrorIs(t, err, awsops.ErrInvalid)
	for _, want := range []string{"Median", "Pints", "End: not after Start", "Namespace", "Name", "more than 30", ":colon", `"blank"`, "ümlaut", `"long"`, "Period"} {
		assert.ErrorContains(t, err, want)
	}
	_, err = client(t, srv).SeriesOf(t.Context(), nil, nil)
	require.ErrorIs(t, err, awsops.ErrInvalid)
	assert.Zero(t, srv.Calls(""))
}

func TestList(t *testing.T) {
	t.Parallel()
	srv := cwmetricstest.NewServer()
	for i := range 1100 {
		srv.Put(cwmetrics.MetricID{Namespace: "App", Name: fmt.Sprintf("m%04d", i), Dimensions: map[string]string{"zone": fmt.Sprint(i % 2), "host": "a"}}, "Count", 1)
	}
	srv.Clock.Advance(time.Hour)
	c := client(t, srv)
	count := func(o *cwmetrics.ListOptions) (n int) {
		for id, err := range c.List(t.Context(), o) {
			require.NoError(t, err)
			assert.Equal(t, "a", id.Dimensions["host"])
			n++
		}
		return n
	}
	assert.Equal(t, 1100, count(nil))
	assert.Equal(t, 550, count(&cwmetrics.ListOptions{Namespace: "App", Dimensions: map[string]string{"zone": "1", "host": ""}}))
	assert.Equal(t, 1, count(&cwmetrics.ListOptions{Name: "m0007"}))
	assert.Zero(t, count(&cwmetrics.ListOptions{Namespace: "Other"}))
	srv.Clock.Advance(3 * time.Hour)
	assert.Zero(t, count(&cwmetrics.ListOptions{Recent: true}))
	assert.Equal(t, 1100, count(nil))
	srv.Clock.Advance(15 * 24 * time.Hour)
	assert.Zero(t, count(nil), "idle for two weeks")
	srv.Deny("ListMetrics")
	for _, err := range c.List(t.Context(), nil) {
		assert.ErrorIs(t, err, awsops.ErrDenied)
	}
}
