package cwlogstest

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// GetLogEvents gives a page of one stream, forwards. Tokens are never empty: at the end, the one sent comes back. Without
// startFromHead this fake refuses, as it does not know the way back.
func (s *Server) GetLogEvents(ctx context.Context, in *cloudwatchlogs.GetLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error) {
	return run(ctx, s, "GetLogEvents", func() (*cloudwatchlogs.GetLogEventsOutput, error) {
		g, err := s.find(in.LogGroupName, in.LogGroupIdentifier)
		if err != nil {
			return nil, err
		}
		name := aws.ToString(in.LogStreamName)
		if _, ok := g.streams[name]; !ok {
			return nil, notFound()
		}
		if !aws.ToBool(in.StartFromHead) {
			return nil, invalid("This fake reads from the head only.")
		}
		limit := int(aws.ToInt32(in.Limit))
		if in.Limit != nil && (limit < 1 || limit > 10_000) {
			return nil, invalid("Value '%d' at 'limit' failed to satisfy constraint", limit)
		} else if in.Limit == nil {
			limit = 10_000
		}
		from, to := aws.ToInt64(in.StartTime), int64(1<<62)
		if in.EndTime != nil {
			to = *in.EndTime - 1
		}
		at := token{list: fmt.Sprint("stream", g.name, name, from, to)}
		if in.NextToken != nil {
			known, ok := s.tokens[*in.NextToken]
			if !ok || known.list != at.list {
				return nil, invalid("The specified nextToken is invalid.")
			}
			at = known
		}
		page := s.page(g, &matcher{streams: []string{name}}, at, from, to, min(limit, s.b.PageSize))
		out := &cloudwatchlogs.GetLogEventsOutput{Events: []types.OutputLogEvent{}, NextForwardToken: in.NextToken}
		for _, ev := range page.Events {
			out.Events = append(out.Events, types.OutputLogEvent{IngestionTime: ev.IngestionTime, Message: ev.Message, Timestamp: ev.Timestamp})
		}
		if n := len(page.Events); n > 0 || out.NextForwardToken == nil {
			if n > 0 {
				at.last, at.begun = s.lastOf(g, name, page.Events[n-1]), true
			}
			out.NextForwardToken = s.remember(at)
		}
		out.NextBackwardToken = s.remember(token{list: "back"})
		return out, nil
	})
}

// lastOf is the event of which a page's last entry was made.
func (s *Server) lastOf(g *group, stream string, last types.FilteredLogEvent) event {
	i, _ := s.begin(g, token{}, *last.Timestamp, 0)
	for ; i < len(g.events); i++ {
		if ev := g.events[i]; ev.stream == stream && ev.id() == *last.EventId {
			return ev
		}
	}
	return event{}
}
