package cwmetricstest

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/kitroll/kitroll/awsops/cwmetrics"
)

const (
	metricsPerCall = 500
	pointsPerCall  = 100_800
)

var queryID = regexp.MustCompile(`^[a-z][A-Za-z0-9_]{0,254}$`)

// sample is a point of an answer.
type sample struct {
	at    time.Time
	value float64
}

// GetMetricData gives a page of the points of up to 500 metrics.
func (s *Server) GetMetricData(ctx context.Context, in *cloudwatch.GetMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
	return run(ctx, s, "GetMetricData", func() (*cloudwatch.GetMetricDataOutput, error) {
		if err := check(in); err != nil {
			return nil, err
		}
		limit := s.b.PageSize
		if in.MaxDatapoints != nil {
			limit = min(limit, int(*in.MaxDatapoints))
		}
		skip := 0
		if in.NextToken != nil {
			known, ok := s.tokens[*in.NextToken].(int)
			if !ok {
				return nil, invalid("Invalid nextToken")
			}
			skip = known
		}
		out := &cloudwatch.GetMetricDataOutput{}
		if s.b.Message != "" {
			out.Messages = []types.MessageData{{Code: new("Note"), Value: &s.b.Message}}
		}
		begin, given := skip, 0
		for i, q := range in.MetricDataQueries {
			r := types.MetricDataResult{Id: q.Id, Label: q.MetricStat.Metric.MetricName, StatusCode: types.StatusCodeComplete}
			samples, status, err := s.samples(q, in)
			if err != nil {
				return nil, err
			}
			if status != "" {
				r.StatusCode = status
			}
			if i == 0 && s.b.Internal > 0 {
				s.b.Internal--
				return &cloudwatch.GetMetricDataOutput{
					MetricDataResults: []types.MetricDataResult{{Id: q.Id, StatusCode: types.StatusCodeInternalError}}, NextToken: s.remember(begin),
				}, nil
			}
			from := min(skip, len(samples))
			skip -= from
			to := min(from+limit-given, len(samples))
			for _, p := range samples[from:to] {
				r.Timestamps, r.Values = append(r.Timestamps, p.at), append(r.Values, p.value)
			}
			if given += to - from; to < len(samples) {
				r.StatusCode = types.StatusCodePartialData
				out.NextToken = new("")
			}
			out.MetricDataResults = append(out.MetricDataResults, r)
		}
		switch {
		case out.NextToken != nil && s.b.Cut > 0:
			s.b.Cut--
			out.NextToken = nil
		case out.NextToken != nil:
			out.NextToken = s.remember(begin + given)
		}
		return out, nil
	})
}

func (s *Server) remember(v any) *string {
	name := fmt.Sprintf("token/%d", len(s.tokens))
	s.tokens[name] = v
	return &name
}

func check(in *cloudwatch.GetMetricDataInput) error {
	if in.StartTime == nil || in.EndTime == nil || !in.StartTime.Before(*in.EndTime) {
		return invalid("The parameter StartTime must be less than the parameter EndTime.")
	}
	if n := len(in.MetricDataQueries); n < 1 || n > metricsPerCall {
		return invalid("The parameter MetricDataQueries has %d members, not 1 to 500.", n)
	}
	if in.MaxDatapoints != nil && (*in.MaxDatapoints < 1 || *in.MaxDatapoints > pointsPerCall) {
		return invalid("The parameter MaxDatapoints is out of range.")
	}
	seen := map[string]bool{}
	for _, q := range in.MetricDataQueries {
		id := aws.ToString(q.Id)
		switch {
		case !queryID.MatchString(id) || seen[id]:
			return invalid("The value %q of Id is not valid, or there twice.", id)
		case q.MetricStat == nil || q.Expression != nil || q.MetricStat.Metric == nil:
			return invalid("This fake knows no expressions.")
		}
		seen[id] = true
		period := aws.ToInt32(q.MetricStat.Period)
		if period < 1 || period%60 != 0 && !slices.Contains([]int32{1, 5, 10, 20, 30}, period) {
			return invalid("The parameter Period is %d.", period)
		}
		if _, err := statistic(aws.ToString(q.MetricStat.Stat)); err != nil {
			return err
		}
	}
	return nil
}

// samples is the points of a metric, each over a period.
func (s *Server) samples(q types.MetricDataQuery, in *cloudwatch.GetMetricDataInput) ([]sample, types.StatusCode, error) {
	id := cwmetrics.MetricID{Namespace: aws.ToString(q.MetricStat.Metric.Namespace), Name: aws.ToString(q.MetricStat.Metric.MetricName), Dimensions: map[string]string{}}
	for _, d := range q.MetricStat.Metric.Dimensions {
		id.Dimensions[aws.ToString(d.Name)] = aws.ToString(d.Value)
	}
	if len(id.Dimensions) > 30 {
		return nil, "", invalid("More than 30 dimensions.")
	}
	m := s.metrics[id.String()]
	switch {
	case m == nil:
		return nil, "", nil
	case m.hidden:
		return nil, types.StatusCodeForbidden, nil
	}
	now := s.Clock.Now()
	period := time.Duration(*q.MetricStat.Period) * time.Second
	// The start of a request that long ago decides by which period there is anything.
	if least := cwmetrics.LeastPeriod(now.Sub(*in.StartTime)); least > time.Second && period%least != 0 {
		return nil, "", nil
	}
	grid := max(cwmetrics.LeastPeriod(now.Sub(*in.StartTime)), time.Minute)
	if period < time.Minute {
		grid = period
	}
	start := in.StartTime.Truncate(grid)
	compute, err := statistic(*q.MetricStat.Stat)
	if err != nil {
		return nil, "", err
	}
	buckets := map[time.Time][]float64{}
	for _, p := range m.points {
		at := p.at
		if !m.fine {
			at = at.Truncate(time.Minute)
		}
		bucket := at.Truncate(period)
		switch {
		case p.sent.Add(s.b.DataLag).After(now), bucket.Before(start), !bucket.Before(*in.EndTime):
		case q.MetricStat.Unit != "" && p.unit != string(q.MetricStat.Unit):
		case now.Sub(p.at) > 455*24*time.Hour:
		default:
			buckets[bucket] = append(buckets[bucket], p.value)
		}
	}
	out := make([]sample, 0, len(buckets))
	for at, values := range buckets {
		out = append(out, sample{at, compute(values)})
	}
	slices.SortFunc(out, func(a, b sample) int { return a.at.Compare(b.at) })
	if in.ScanBy != types.ScanByTimestampAscending {
		slices.Reverse(out)
	}
	return out, "", nil
}

func statistic(name string) (func([]float64) float64, error) {
	sum := func(v []float64) (total float64) {
		for _, x := range v {
			total += x
		}
		return total
	}
	switch name {
	case cwmetrics.Average:
		return func(v []float64) float64 { return sum(v) / float64(len(v)) }, nil
	case cwmetrics.Sum:
		return sum, nil
	case cwmetrics.Minimum:
		return slices.Min[[]float64], nil
	case cwmetrics.Maximum:
		return slices.Max[[]float64], nil
	case cwmetrics.SampleCount:
		return func(v []float64) float64 { return float64(len(v)) }, nil
	}
	if n, ok := strings.CutPrefix(name, "p"); ok {
		if p, err := strconv.ParseFloat(n, 64); err == nil && p >= 0 && p <= 100 {
			return func(v []float64) float64 {
				v = slices.SortedFunc(slices.Values(v), cmp.Compare[float64])
				return v[max(0, int(math.Ceil(p/100*float64(len(v))))-1)]
			}, nil
		}
	}
	return nil, invalid("The value %q of Stat is not valid, or unknown to this fake.", name)
}
