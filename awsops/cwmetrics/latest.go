package cwmetrics

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kitroll/kitroll/awsops"
)

// Latest is the newest point of the last 3 hours: the average of a minute. The newest minute may still be filling. Use Series
// for another statistic, period or time. A metric without points is an awsops.ErrGone.
func (c *Client) Latest(ctx context.Context, id MetricID) (Point, error) {
	s, err := c.Series(ctx, id, nil)
	if err != nil {
		return Point{}, err
	}
	return s.Points[len(s.Points)-1], nil
}

// Arrived tells whether a metric with exactly these dimensions has data points since then, and when the newest of them was. It
// asks GetMetricData: ListMetrics shows a new metric up to 15 minutes late. The unit is left open. since is rounded down to
// a minute, or what CloudWatch still keeps for so long ago, so that a point of that minute counts. Points may carry times of up
// to 2 hours ahead, and are seen.
//
// The signature has no type of this package, so that an interface of one's own fits it. Source: GetMetricData, ListMetrics (API
// reference, read 2026-11).
func (c *Client) Arrived(ctx context.Context, namespace, name string, dimensions map[string]string, since time.Time) (at time.Time, ok bool, err error) {
	id := MetricID{Namespace: namespace, Name: name, Dimensions: dimensions}
	now := c.caller.Clock.Now()
	period := max(time.Minute, LeastPeriod(now.Sub(since)))
	if since.After(now) {
		return time.Time{}, false, invalid("Arrived", id.String(), errors.New("since: in the future"))
	}
	s, err := c.Series(ctx, id, &SeriesOptions{
		Stat: SampleCount, Period: period, Start: since.Truncate(period), End: now.Add(2 * time.Hour).Truncate(period).Add(period),
	})
	switch {
	case errors.Is(err, awsops.ErrGone):
		return time.Time{}, false, nil
	case err != nil && len(s.Points) == 0:
		return time.Time{}, false, err
	}
	return s.Points[len(s.Points)-1].At, true, nil // a part of the points is proof enough
}

// WaitArrived waits until [Client.Arrived] says yes, looking every opts.Interval (default 15 s), with an event for each look. It
// has no limit of time: a metric that is named wrongly never arrives. When ctx ends, the error wraps its cause.
func (c *Client) WaitArrived(ctx context.Context, namespace, name string, dimensions map[string]string, since time.Time, opts *awsops.WaitOptions) (at time.Time, err error) {
	var o awsops.WaitOptions
	if opts != nil {
		o = *opts
	}
	if o.Interval <= 0 {
		o.Interval = 15 * time.Second
	}
	id := MetricID{Namespace: namespace, Name: name, Dimensions: dimensions}
	var looks int64
	err = awsops.Poll(ctx, c.caller.Clock, o.Interval, func(ctx context.Context) (bool, error) {
		got, ok, err := c.Arrived(ctx, namespace, name, dimensions, since)
		if err != nil {
			return false, err
		}
		looks++
		at = got
		if o.Progress != nil {
			ev := awsops.Event{Step: "arrival", Phase: "waiting", Resource: id.String(), Done: looks, At: c.caller.Clock.Now()}
			if ok {
				ev.Phase = "arrived"
			}
			o.Progress(ev)
		}
		return ok, nil
	})
	if _, own := errors.AsType[*Error](err); err != nil && !own {
		return at, &Error{Op: "WaitArrived", Resource: id.String(), Err: fmt.Errorf("%w after %d looks", err, looks)}
	}
	return at, err
}
