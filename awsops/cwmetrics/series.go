package cwmetrics

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
	"github.com/kitroll/kitroll/internal/pages"
)

// Point is a value of a metric over a period.
type Point struct {
	At    time.Time // the beginning of the period, UTC
	Value float64   // in the metric's own unit
}

// Series is the points of a metric, oldest first. Periods without data have no point.
type Series struct {
	Metric   MetricID
	Points   []Point
	Messages []string // what CloudWatch had to say about it
}

// SeriesOptions says which points. nil = averages by the minute over the last 3 hours.
type SeriesOptions struct {
	Stat   string        // default "Average"
	Period time.Duration // default: the least from one minute on that the age of Start allows
	Start  time.Time     // included; default 3 hours before End. CloudWatch rounds it down to its own grid
	End    time.Time     // not included; default now
	// Unit is left alone by default, as it should be: CloudWatch converts nothing, and a unit that is not the data's gives no
	// points and no error.
	Unit string
}

const (
	metricsPerCall = 500
	pointsPerCall  = 100_800
)

// Series is the points of one metric. See [Client.SeriesOf].
//
// A metric without points in that time is an awsops.ErrGone: nothing there, nothing yet, or not all of its dimensions named.
func (c *Client) Series(ctx context.Context, id MetricID, opts *SeriesOptions) (Series, error) {
	all, err := c.SeriesOf(ctx, []MetricID{id}, opts)
	if len(all) == 0 {
		return Series{Metric: id}, err
	}
	if err == nil && len(all[0].Points) == 0 {
		return all[0], nothing("Series", id)
	}
	return all[0], err
}

func nothing(op string, id MetricID) error {
	return &Error{Op: op, Resource: id.String(), Err: fmt.Errorf("%w: no data points: none yet, or these are not all of its dimensions", awsops.ErrGone)}
}

// SeriesOf is the points of several metrics, in their order; those without points have none, and that is no error. It makes
// one call for up to 500 metrics and 100,800 points, and one more for each page.
//
// When CloudWatch could not give all of a series, what it gave is returned with an [ErrPartial] that names the metric; a
// metric that may not be seen is an awsops.ErrDenied. Other errors: awsops.ErrInvalid, all problems at once, before anything
// is sent; [*Error] as CloudWatch reported it, after the repeats. Source: GetMetricData (API reference, read 2026-11).
func (c *Client) SeriesOf(ctx context.Context, ids []MetricID, opts *SeriesOptions) ([]Series, error) {
	o, err := c.options(ids, opts)
	if err != nil {
		return nil, err
	}
	out := make([]Series, len(ids))
	each := int(o.End.Sub(o.Start)/o.Period) + 2
	size := min(metricsPerCall, max(1, pointsPerCall/each))
	var problems []error
	for begin := 0; begin < len(ids); begin += size {
		end := min(begin+size, len(ids))
		found, err := c.fetch(ctx, ids[begin:end], o, out[begin:end])
		if problems = append(problems, found); err != nil {
			return out[:begin], errors.Join(append(problems, err)...)
		}
	}
	return out, errors.Join(problems...)
}

// options fills in the defaults and checks.
func (c *Client) options(ids []MetricID, opts *SeriesOptions) (SeriesOptions, error) {
	var o SeriesOptions
	if opts != nil {
		o = *opts
	}
	now := c.caller.Clock.Now()
	if o.End.IsZero() {
		o.End = now
	}
	if o.Start.IsZero() {
		o.Start = o.End.Add(-fineKept)
	}
	o.Stat = cmp.Or(o.Stat, Average)
	age := now.Sub(o.Start)
	if o.Period == 0 {
		o.Period = max(time.Minute, LeastPeriod(age))
	}
	problems := []error{checkStat(o.Stat), checkPeriod(o.Period, age)}
	if !o.Start.Before(o.End) {
		problems = append(problems, errors.New("End: not after Start"))
	}
	if age > allKept {
		problems = append(problems, fmt.Errorf("Start: %v is longer ago than the 455 days that CloudWatch keeps anything", o.Start.UTC().Format(time.DateOnly)))
	}
	if o.Unit != "" && !slices.Contains(types.StandardUnit("").Values(), types.StandardUnit(o.Unit)) {
		problems = append(problems, fmt.Errorf("Unit: %q is none of CloudWatch's", o.Unit))
	}
	if len(ids) == 0 {
		problems = append(problems, errors.New("no metric"))
	}
	for i, id := range ids {
		if err := id.check(); err != nil {
			problems = append(problems, fmt.Errorf("metric %d: %w", i, err))
		}
	}
	return o, invalid("Series", "", problems...)
}

// fetch is one call and its pages. It tells what was wrong with single metrics apart from a call that failed.
func (c *Client) fetch(ctx context.Context, ids []MetricID, o SeriesOptions, out []Series) (found, failed error) {
	in := cloudwatch.GetMetricDataInput{StartTime: &o.Start, EndTime: &o.End, ScanBy: types.ScanByTimestampAscending}
	at := map[string]int{}
	for i, id := range ids {
		name := fmt.Sprint("m", i)
		at[name] = i
		out[i] = Series{Metric: id}
		in.MetricDataQueries = append(in.MetricDataQueries, types.MetricDataQuery{Id: &name, MetricStat: &types.MetricStat{
			Metric: id.sdk(), Period: new(int32(o.Period / time.Second)), Stat: &o.Stat, Unit: types.StandardUnit(o.Unit),
		}})
	}
	whole := make([]types.StatusCode, len(ids))
	var said []string
	for {
		page, err := awscall.Do(ctx, c.caller, "GetMetricData", awscall.Harmless, c.api.data, &in, once)
		if err != nil {
			return nil, wrap(err, subject(ids))
		}
		for _, m := range page.Messages {
			said = append(said, message(m))
		}
		for _, r := range page.MetricDataResults {
			i, ok := at[aws.ToString(r.Id)]
			if !ok || len(r.Timestamps) != len(r.Values) {
				return nil, &Error{Op: "GetMetricData", Resource: subject(ids), Err: fmt.Errorf("%w: an answer that does not fit the question", ErrPartial)}
			}
			whole[i] = r.StatusCode
			for k, t := range r.Timestamps {
				out[i].Points = append(out[i].Points, Point{At: t.UTC(), Value: r.Values[k]})
			}
			for _, m := range r.Messages {
				out[i].Messages = append(out[i].Messages, message(m))
			}
		}
		token := aws.ToString(page.NextToken)
		if token == "" {
			break
		}
		if token == aws.ToString(in.NextToken) {
			return nil, &Error{Op: "GetMetricData", Resource: subject(ids), Err: pages.ErrLoop}
		}
		in.NextToken = &token
	}
	return judge(ids, out, whole, said), nil
}

// judge puts the points in order, and tells what is not whole.
func judge(ids []MetricID, out []Series, whole []types.StatusCode, said []string) error {
	var problems []error
	for i := range out {
		points := out[i].Points
		slices.SortStableFunc(points, func(a, b Point) int { return a.At.Compare(b.At) })
		// A page that was given twice, as after an internal error, gives points twice.
		out[i].Points = slices.CompactFunc(points, func(a, b Point) bool { return a.At.Equal(b.At) })
		if whole[i] == types.StatusCodeComplete {
			continue
		}
		e := &Error{Op: "GetMetricData", Resource: ids[i].String(), Code: string(whole[i])}
		notes := strings.Join(slices.Concat(out[i].Messages, said), "; ")
		switch {
		case whole[i] == types.StatusCodeForbidden:
			e.Message = cmp.Or(notes, "this metric may not be read")
		case notes != "":
			e.Err = fmt.Errorf("%w: %s", ErrPartial, notes)
		default:
			e.Err = ErrPartial
		}
		problems = append(problems, e)
	}
	return errors.Join(problems...)
}

func message(m types.MessageData) string {
	return strings.Trim(aws.ToString(m.Code)+": "+aws.ToString(m.Value), ": ")
}

func subject(ids []MetricID) string {
	if len(ids) == 1 {
		return ids[0].String()
	}
	return fmt.Sprintf("%s and %d more", ids[0], len(ids)-1)
}
