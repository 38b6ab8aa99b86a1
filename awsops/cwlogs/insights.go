package cwlogs

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// InsightsQuery is a query of CloudWatch Logs Insights.
type InsightsQuery struct {
	Groups []string  // names or ARNs, at most 50; none if Text names them by SOURCE
	Text   string    // "fields @timestamp, @message | filter @message like /error/ | sort @timestamp desc"
	Start  time.Time // included, in seconds
	End    time.Time // not included, in seconds
	Limit  int       // of rows, up to 100,000; 0 = AWS's own, 10,000
}

// Row is a row of an answer: its fields in their order, "@ptr" among them.
type Row []Field

// Field is a field of a row.
type Field struct{ Name, Value string }

// Get is the value of a field, empty if the row has none.
func (r Row) Get(name string) string {
	for _, f := range r {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// Insights runs a query and ranges over its rows when it is complete. It looks every opts.Interval (default 1 s), with an event
// for each look. When the range is left or ctx ends before the query has come to its end, it is stopped, so that it neither
// costs more nor counts among the account's 100 concurrent ones. An answer without a query ID is an
// awsops.ErrUnknownOutcome: a query may be running, and ends by itself.
//
// It is for history and sums; to follow a log is what Tail is for. Rows are those that AWS tells when the query is complete:
// none while it runs. Errors: awsops.ErrInvalid for the query, here or by AWS; awsops.ErrQuota for too many at once;
// awsops.ErrFailed when AWS gave up, after 60 minutes too. Source: StartQuery, GetQueryResults (API reference, read 2026-11).
func (c *Client) Insights(ctx context.Context, q InsightsQuery, opts *awsops.WaitOptions) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		id, err := c.StartInsights(ctx, q)
		if err != nil {
			yield(nil, err)
			return
		}
		complete := false
		defer func() {
			if !complete {
				c.abandon(ctx, id)
			}
		}()
		if err := c.WaitInsights(ctx, id, opts); err != nil {
			complete = errors.Is(err, awsops.ErrFailed)
			yield(nil, err)
			return
		}
		complete = true
		for row, err := range c.InsightsRows(ctx, id) {
			if !yield(row, err) {
				return
			}
		}
	}
}

// StartInsights starts a query and returns its ID, with which [Client.WaitInsights] and [Client.InsightsRows] go on, in
// another process too. It is not repeated when its answer was lost.
func (c *Client) StartInsights(ctx context.Context, q InsightsQuery) (id string, err error) {
	if err := q.check(); err != nil {
		return "", &Error{Op: "StartQuery", Err: err}
	}
	in := cloudwatchlogs.StartQueryInput{
		LogGroupIdentifiers: q.Groups, QueryString: &q.Text,
		StartTime: new(q.Start.Unix()), EndTime: new(q.End.Add(-time.Nanosecond).Unix()),
	}
	if q.Limit > 0 {
		in.Limit = new(int32(q.Limit))
	}
	out, err := awscall.Do(ctx, c.caller, "StartQuery", awscall.OnlyRefused, c.api.query, &in, once)
	if err != nil {
		return "", wrap(err, "")
	}
	if id = aws.ToString(out.QueryId); id == "" {
		return "", &Error{Op: "StartQuery", Unknown: true, Err: errors.New("an answer without a query ID")}
	}
	return id, nil
}

func (q InsightsQuery) check() error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if len(q.Groups) > 50 || len(q.Groups) == 0 && !strings.Contains(strings.ToUpper(q.Text), "SOURCE") {
		bad("Groups: %d, not 1 to 50", len(q.Groups))
	}
	for i, g := range q.Groups {
		if err := checkGroup(g); err != nil {
			bad("Groups[%d]: %w", i, err)
		}
	}
	if strings.TrimSpace(q.Text) == "" || len(q.Text) > 10_000 {
		bad("Text: %d bytes, not 1 to 10,000", len(q.Text))
	}
	if q.Start.Unix() < 0 || !q.Start.Before(q.End) {
		bad("Start and End: both are needed, and End after Start")
	}
	if q.Limit < 0 || q.Limit > 100_000 {
		bad("Limit: %d is not in 1 to 100,000", q.Limit)
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("%w: %w", awsops.ErrInvalid, err)
	}
	return nil
}

// WaitInsights waits until a query is complete. It does not stop the query when ctx ends: see [Client.StopInsights].
func (c *Client) WaitInsights(ctx context.Context, id string, opts *awsops.WaitOptions) error {
	var o awsops.WaitOptions
	if opts != nil {
		o = *opts
	}
	if o.Interval <= 0 {
		o.Interval = time.Second
	}
	err := awsops.Poll(ctx, c.caller.Clock, o.Interval, func(ctx context.Context) (bool, error) {
		out, err := awscall.Do(ctx, c.caller, "GetQueryResults", awscall.Harmless, c.api.results,
			&cloudwatchlogs.GetQueryResultsInput{QueryId: &id, MaxItems: new(int32(1))}, once)
		if err != nil {
			return false, wrap(err, id)
		}
		if o.Progress != nil {
			ev := awsops.Event{Step: "query", Phase: string(out.Status), Resource: id, At: c.caller.Clock.Now()}
			if out.Statistics != nil {
				ev.Done = int64(out.Statistics.BytesScanned)
			}
			o.Progress(ev)
		}
		switch out.Status {
		case types.QueryStatusComplete:
			return true, nil
		case types.QueryStatusFailed, types.QueryStatusCancelled, types.QueryStatusTimeout:
			return false, &Error{Op: "GetQueryResults", Resource: id, Err: fmt.Errorf("%w: the query is %s", awsops.ErrFailed, out.Status)}
		case types.QueryStatusScheduled, types.QueryStatusRunning, types.QueryStatusUnknown:
		}
		return false, nil // what is not known either
	})
	if _, own := errors.AsType[*Error](err); err != nil && !own {
		return &Error{Op: "GetQueryResults", Resource: id, Err: err}
	}
	return err
}

// InsightsRows ranges over the rows of a query that is complete, 10,000 to a call.
func (c *Client) InsightsRows(ctx context.Context, id string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		in := cloudwatchlogs.GetQueryResultsInput{QueryId: &id}
		for {
			out, err := awscall.Do(ctx, c.caller, "GetQueryResults", awscall.Harmless, c.api.results, &in, once)
			if err != nil {
				yield(nil, wrap(err, id))
				return
			}
			if out.Status != types.QueryStatusComplete {
				yield(nil, &Error{Op: "GetQueryResults", Resource: id, Err: fmt.Errorf("%w: the query is %s", awsops.ErrConflict, out.Status)})
				return
			}
			for _, fields := range out.Results {
				row := make(Row, len(fields))
				for i, f := range fields {
					row[i] = Field{aws.ToString(f.Field), aws.ToString(f.Value)}
				}
				if !yield(row, nil) {
					return
				}
			}
			token := aws.ToString(out.NextToken)
			if token == "" {
				return
			}
			if token == aws.ToString(in.NextToken) {
				yield(nil, &Error{Op: "GetQueryResults", Resource: id, Err: errLoop})
				return
			}
			in.NextToken = &token
		}
	}
}

// StopInsights stops a query. One that has ended is no error.
func (c *Client) StopInsights(ctx context.Context, id string) error {
	_, err := awscall.Do(ctx, c.caller, "StopQuery", awscall.Harmless, c.api.stop, &cloudwatchlogs.StopQueryInput{QueryId: &id}, once)
	if f, ok := errors.AsType[*awscall.Failure](err); ok && f.Code == "InvalidParameterException" && strings.Contains(f.Message, "ended") {
		return nil
	}
	return wrap(err, id)
}

// abandon stops a query although ctx has ended.
func (c *Client) abandon(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := c.StopInsights(ctx, id); err != nil {
		c.caller.Log.WarnContext(ctx, "cwlogs: a query was left running", "id", id, "error", err)
	}
}
