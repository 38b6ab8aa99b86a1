package cwmetrics

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/kitroll/kitroll/internal/awscall"
	"github.com/kitroll/kitroll/internal/pages"
)

// ListOptions narrows a list of metrics. nil = all.
type ListOptions struct {
	Namespace  string
	Name       string
	Dimensions map[string]string // those that a metric has, besides others; an empty value = any
	Recent     bool              // only those with data points in the last 3 hours or so
}

// List ranges over metrics, with all of their dimensions. It is for finding out what there is, not whether something arrives:
// a new metric shows up to 15 minutes late, one without data points for two weeks not at all. See [Client.Arrived].
//
// Source: ListMetrics (API reference, read 2026-11).
func (c *Client) List(ctx context.Context, opts *ListOptions) iter.Seq2[MetricID, error] {
	var in cloudwatch.ListMetricsInput
	if opts != nil {
		if opts.Namespace != "" {
			in.Namespace = &opts.Namespace
		}
		if opts.Name != "" {
			in.MetricName = &opts.Name
		}
		if opts.Recent {
			in.RecentlyActive = types.RecentlyActivePt3h
		}
		for _, name := range slices.Sorted(maps.Keys(opts.Dimensions)) {
			filter := types.DimensionFilter{Name: &name}
			if v := opts.Dimensions[name]; v != "" {
				filter.Value = &v
			}
			in.Dimensions = append(in.Dimensions, filter)
		}
	}
	return pages.All(ctx, "", func(ctx context.Context, token string) (pages.Page[MetricID, string], error) {
		ask := in
		if token != "" {
			ask.NextToken = &token
		}
		out, err := awscall.Do(ctx, c.caller, "ListMetrics", awscall.Harmless, c.api.list, &ask, once)
		if err != nil {
			return pages.Page[MetricID, string]{}, wrap(err, "")
		}
		page := pages.Page[MetricID, string]{Next: aws.ToString(out.NextToken), More: aws.ToString(out.NextToken) != ""}
		for _, m := range out.Metrics {
			id := MetricID{Namespace: aws.ToString(m.Namespace), Name: aws.ToString(m.MetricName), Dimensions: map[string]string{}}
			for _, d := range m.Dimensions {
				id.Dimensions[aws.ToString(d.Name)] = aws.ToString(d.Value)
			}
			page.Items = append(page.Items, id)
		}
		return page, nil
	})
}
