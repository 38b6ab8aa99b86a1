package cwmetricstest

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/kitroll/kitroll/awsops/cwmetrics"
)

const (
	listPage = 500
	idle     = 14 * 24 * time.Hour
)

// ListMetrics gives a page of metrics: not those of the last 15 minutes, nor those that are idle for two weeks.
func (s *Server) ListMetrics(ctx context.Context, in *cloudwatch.ListMetricsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.ListMetricsOutput, error) {
	return run(ctx, s, "ListMetrics", func() (*cloudwatch.ListMetricsOutput, error) {
		if in.RecentlyActive != "" && in.RecentlyActive != types.RecentlyActivePt3h {
			return nil, invalid("The parameter RecentlyActive is not valid.")
		}
		if len(in.Dimensions) > 10 {
			return nil, invalid("The parameter Dimensions has more than 10 members.")
		}
		begin := ""
		if in.NextToken != nil {
			known, ok := s.tokens[*in.NextToken].(string)
			if !ok {
				return nil, invalid("Invalid nextToken")
			}
			begin = known
		}
		out := &cloudwatch.ListMetricsOutput{}
		for _, key := range slices.Sorted(maps.Keys(s.metrics)) {
			m := s.metrics[key]
			if key <= begin || !s.listed(m, in) {
				continue
			}
			if len(out.Metrics) == listPage {
				out.NextToken = s.remember(begin)
				return out, nil
			}
			begin = key
			out.Metrics = append(out.Metrics, sdk(m.id))
		}
		return out, nil
	})
}

func (s *Server) listed(m *metric, in *cloudwatch.ListMetricsInput) bool {
	now := s.Clock.Now()
	var last time.Time
	for _, p := range m.points {
		if p.at.After(last) {
			last = p.at
		}
	}
	switch {
	case len(m.points) == 0, now.Sub(m.created) < s.b.ListLag, now.Sub(last) > idle,
		in.RecentlyActive != "" && now.Sub(last) > 3*time.Hour,
		in.Namespace != nil && *in.Namespace != m.id.Namespace, in.MetricName != nil && *in.MetricName != m.id.Name:
		return false
	}
	return !slices.ContainsFunc(in.Dimensions, func(f types.DimensionFilter) bool {
		v, ok := m.id.Dimensions[aws.ToString(f.Name)]
		return !ok || f.Value != nil && *f.Value != v
	})
}

func sdk(id cwmetrics.MetricID) types.Metric {
	out := types.Metric{Namespace: &id.Namespace, MetricName: &id.Name}
	for _, name := range slices.Sorted(maps.Keys(id.Dimensions)) {
		out.Dimensions = append(out.Dimensions, types.Dimension{Name: &name, Value: new(id.Dimensions[name])})
	}
	return out
}
