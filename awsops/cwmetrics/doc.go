// Package cwmetrics reads Amazon CloudWatch metrics: the latest value, series, and whether a metric arrives at all.
//
//	client, err := cwmetrics.New(cwmetrics.Config{AWS: cfg})
//	…
//	id := cwmetrics.MetricID{Namespace: "CWAgent", Name: "mem_used_percent", Dimensions: map[string]string{"InstanceId": "i-0123456789abcdef0"}}
//	point, err := client.Latest(ctx, id)
//
// # What it promises
//
// [Client.Arrived] asks for data points of known dimensions and not for the list of metrics, where a new one shows up to 15
// minutes late. A metric is all of its dimensions: one more, or one less, is another metric, and CloudWatch answers with
// nothing and no error. So an answer of nothing is an error here, awsops.ErrGone, except where it is what was asked.
//
// [Client.SeriesOf] splits what is more than 500 metrics or 100,800 points to a call, reads every page, and takes a series for
// whole only if CloudWatch says so. Periods that CloudWatch would answer with nothing, for a time that far back, are refused
// before anything is sent.
//
// # Limits
//
// Nothing here has been run against the real AWS. Metric math, Metrics Insights and other accounts are not covered. Rights:
// cloudwatch:GetMetricData, and cloudwatch:ListMetrics for [Client.List].
//
// Sources: the API reference of CloudWatch and the SDK's own comments (service/cloudwatch v1.75.7, read 2026-11).
package cwmetrics
