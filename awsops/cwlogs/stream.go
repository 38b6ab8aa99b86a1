package cwlogs

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// StreamQuery says which events of one stream are read.
type StreamQuery struct {
	Group, Stream string    // both required; the group by name or ARN
	Start, End    time.Time // Start included, End not; zero = all there is when the reading begins
	Unmask        bool      // as in [Query]
}

// ReadStream ranges over the events of one stream, oldest first, by GetLogEvents: for a whole stream the quicker way, and its
// own quota. Its events have neither an ID nor a Cursor. Its tokens are never empty; the end is where AWS gives back the
// token that it was sent. It reads up to now and not further: without an end, AWS would go on for as long as the stream is
// written to.
//
// Source: GetLogEvents (API reference, read 2026-11).
func (c *Client) ReadStream(ctx context.Context, q StreamQuery) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		problems := []error{checkGroup(q.Group), checkStream(q.Stream)}
		if !q.End.IsZero() && !q.Start.Before(q.End) {
			problems = append(problems, errors.New("End: not after Start"))
		}
		if err := errors.Join(problems...); err != nil {
			yield(Event{}, &Error{Op: "ReadStream", Err: fmt.Errorf("%w: %w", awsops.ErrInvalid, err)})
			return
		}
		end := q.End
		if end.IsZero() {
			end = c.caller.Clock.Now().Add(2 * time.Hour) // events may be as far ahead
		}
		from, to := bounds(Query{Start: q.Start, End: end})
		in := cloudwatchlogs.GetLogEventsInput{
			LogGroupIdentifier: &q.Group, LogStreamName: &q.Stream, StartFromHead: new(true), Unmask: q.Unmask,
			EndTime: new(to + 1), // not included here, unlike with FilterLogEvents
		}
		if from > 0 {
			in.StartTime = &from
		}
		for {
			out, err := awscall.Do(ctx, c.caller, "GetLogEvents", awscall.Harmless, c.api.events, &in, once)
			if err != nil {
				yield(Event{}, wrap(err, q.Group))
				return
			}
			for _, ev := range out.Events {
				e := Event{
					Group: q.Group, Stream: q.Stream, Message: aws.ToString(ev.Message),
					Timestamp: at(aws.ToInt64(ev.Timestamp)), Ingested: at(aws.ToInt64(ev.IngestionTime)),
				}
				if !yield(e, nil) {
					return
				}
			}
			token := aws.ToString(out.NextForwardToken)
			if token == "" || token == aws.ToString(in.NextToken) {
				return
			}
			in.NextToken = &token
		}
	}
}
