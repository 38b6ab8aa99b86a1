package cwmetricstest_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/cwmetrics"
	"github.com/kitroll/kitroll/awsops/cwmetricstest"
)

func query(id string, period int32, stat string) types.MetricDataQuery {
	return types.MetricDataQuery{Id: &id, MetricStat: &types.MetricStat{
		Metric: &types.Metric{Namespace: new("App"), MetricName: new("m")}, Period: &period, Stat: &stat,
	}}
}

func data(srv *cwmetricstest.Server, age time.Duration, queries ...types.MetricDataQuery) *cloudwatch.GetMetricDataInput {
	now := srv.Clock.Now()
	return &cloudwatch.GetMetricDataInput{StartTime: new(now.Add(-age)), EndTime: new(now.Add(time.Minute)), MetricDataQueries: queries}
}

// Trap 26: fakes that answer at once hide all of the above: time, lag and faults are part of the fake.
func TestPointsTakeTimeAndGrowOld(t *testing.T) {
	t.Parallel()
	srv := cwmetricstest.NewServer()
	id := cwmetrics.MetricID{Namespace: "App", Name: "m"}
	srv.Fine(id)
	srv.Put(id, "Count", 1, 3)
	points := func(age time.Duration, period int32) int {
		out, err := srv.GetMetricData(t.Context(), data(srv, age, query("a", period, "Average")))
		require.NoError(t, err)
		require.Len(t, out.MetricDataResults, 1)
		return len(out.MetricDataResults[0].Values)
	}
	assert.Zero(t, points(time.Hour, 60), "too early")
	srv.Clock.Advance(30 * time.Second)
	assert.Equal(t, 1, points(time.Hour, 60))
	assert.Equal(t, 1, points(time.Hour, 1))
	assert.Zero(t, points(4*time.Hour, 1), "seconds are kept for 3 hours")
	assert.Equal(t, 1, points(4*time.Hour, 60))
	assert.Zero(t, points(16*24*time.Hour, 60), "minutes for 15 days")
	assert.Equal(t, 1, points(16*24*time.Hour, 300))
	assert.Zero(t, points(64*24*time.Hour, 300), "5 minutes for 63 days")
	assert.Equal(t, 1, points(64*24*time.Hour, 3600))
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	srv := cwmetricstest.NewServer()
	many := make([]types.MetricDataQuery, 0, 501)
	for i := range 501 {
		many = append(many, query(fmt.Sprint("m", i), 60, "Average"))
	}
	for name, in := range map[string]*cloudwatch.GetMetricDataInput{
		"none":      data(srv, time.Hour),
		"many":      data(srv, time.Hour, many...),
		"twice":     data(srv, time.Hour, many[0], many[0]),
		"id":        data(srv, time.Hour, query("M0", 60, "Average")),
		"period":    data(srv, time.Hour, query("a", 7, "Average")),
		"statistic": data(srv, time.Hour, query("a", 60, "Median")),
		"range":     data(srv, -time.Hour, query("a", 60, "Average")),
	} {
		_, err := srv.GetMetricData(t.Context(), in)
		said, ok := errors.AsType[smithy.APIError](err)
		require.True(t, ok, name)
		assert.Equal(t, "ValidationError", said.ErrorCode(), name)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	srv := cwmetricstest.NewServer()
	now := srv.Clock.Now()
	for i := range 10 {
		srv.PutAt(cwmetrics.MetricID{Namespace: "App", Name: "m"}, now.Add(time.Duration(-i)*time.Minute), "Count", 1)
	}
	srv.Clock.Advance(time.Minute)
	srv.Set(func(b *cwmetricstest.Behaviour) { b.PageSize = 4 })
	in := data(srv, time.Hour, query("a", 60, "Sum"), query("b", 60, "Sum"))
	points := map[string]int{}
	var last map[string]types.StatusCode
	pages := 0
	for {
		out, err := srv.GetMetricData(t.Context(), in)
		require.NoError(t, err)
		pages++
		last = map[string]types.StatusCode{}
		for _, r := range out.MetricDataResults {
			points[*r.Id] += len(r.Values)
			last[*r.Id] = r.StatusCode
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
		assert.Contains(t, last, "b")
		assert.Equal(t, types.StatusCodePartialData, last["b"])
	}
	assert.Equal(t, map[string]int{"a": 10, "b": 10}, points)
	assert.Equal(t, 5, pages)
	assert.Equal(t, types.StatusCodeComplete, last["b"])
}
