package cwlogstest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// token is where a list goes on.
type token struct {
	list  string // of the query
	last  event  // the last that was given
	begun bool   // false: nothing was given yet
	down  bool
}

const (
	pageBytes = 1 << 20
	year2024  = 1_704_067_200_000
)

// FilterLogEvents gives a page of the events of a group.
func (s *Server) FilterLogEvents(ctx context.Context, in *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	return run(ctx, s, "FilterLogEvents", func() (*cloudwatchlogs.FilterLogEventsOutput, error) {
		g, err := s.find(in.LogGroupName, in.LogGroupIdentifier)
		if err != nil {
			return nil, err
		}
		match, err := newMatcher(aws.ToString(in.FilterPattern), in.LogStreamNames, aws.ToString(in.LogStreamNamePrefix))
		if err != nil {
			return nil, err
		}
		limit := int(aws.ToInt32(in.Limit))
		down := in.StartFromHead != nil && !*in.StartFromHead
		from, to := aws.ToInt64(in.StartTime), int64(1<<62)
		if in.EndTime != nil {
			to = *in.EndTime
		}
		switch {
		case in.Limit != nil && (limit < 1 || limit > 10_000):
			return nil, invalid("Value '%d' at 'limit' failed to satisfy constraint", limit)
		case from < 0 || to < 0 || from > to:
			return nil, invalid("startTime %d and endTime %d are not a range", from, to)
		case down && from < year2024:
			return nil, invalid("startFromHead false needs a startTime on or after 2024-01-01")
		case in.Limit == nil:
			limit = 10_000
		}
		list := fmt.Sprint(g.name, in.LogStreamNames, aws.ToString(in.LogStreamNamePrefix), aws.ToString(in.FilterPattern), from, to)
		at := token{list: list, down: down}
		if in.NextToken != nil {
			known, ok := s.tokens[*in.NextToken]
			if !ok || known.list != list {
				return nil, invalid("The specified nextToken is invalid.")
			}
			at = known
		}
		if s.rnd.Float64() < s.b.Empty {
			return &cloudwatchlogs.FilterLogEventsOutput{NextToken: s.remember(at)}, nil
		}
		return s.page(g, match, at, from, to, min(limit, s.b.PageSize)), nil
	})
}

// page scans on from where a token left off.
func (s *Server) page(g *group, match *matcher, at token, from, to int64, limit int) *cloudwatchlogs.FilterLogEventsOutput {
	out := &cloudwatchlogs.FilterLogEventsOutput{}
	now, bytes := s.Clock.Now().UnixMilli(), 0
	i, step := s.begin(g, at, from, to)
	for ; i >= 0 && i < len(g.events); i += step {
		ev := &g.events[i]
		if ev.at < from || ev.at > to {
			break
		}
		if !s.visible(ev, now) || !match.event(ev) {
			continue
		}
		if len(out.Events) == limit || bytes+ev.size() > pageBytes && len(out.Events) > 0 {
			out.NextToken = s.remember(at)
			return out
		}
		bytes += ev.size()
		at.last, at.begun = *ev, true
		out.Events = append(out.Events, types.FilteredLogEvent{
			EventId: new(ev.id()), IngestionTime: &ev.ingested, LogStreamName: &ev.stream, Message: &ev.message, Timestamp: &ev.at,
		})
	}
	return out
}

func (s *Server) begin(g *group, at token, from, to int64) (i, step int) {
	switch {
	case at.begun && !at.down:
		i, _ = slices.BinarySearchFunc(g.events, at.last, byTime)
		return i + 1, 1
	case at.begun:
		i, _ = slices.BinarySearchFunc(g.events, at.last, byTime)
		return i - 1, -1
	case at.down:
		i, _ = slices.BinarySearchFunc(g.events, event{at: min(to, 1<<61) + 1}, byTime)
		return i - 1, -1
	}
	i, _ = slices.BinarySearchFunc(g.events, event{at: from}, byTime)
	return i, 1
}

func (s *Server) remember(at token) *string {
	s.seq++
	name := fmt.Sprintf("token/%d", s.seq)
	s.tokens[name] = at
	return &name
}

// find is a group by exactly one of name and identifier.
func (s *Server) find(name, identifier *string) (*group, error) {
	if (name == nil) == (identifier == nil) {
		return nil, invalid("Exactly one of logGroupName and logGroupIdentifier must be given.")
	}
	id := aws.ToString(name) + aws.ToString(identifier)
	if strings.HasSuffix(id, "*") {
		return nil, invalid("The ARN must not end with an asterisk.")
	}
	if rest, ok := strings.CutPrefix(id, "arn:aws:logs:"+Region+":"+Account+":log-group:"); ok && identifier != nil {
		id = rest
	}
	g := s.groups[id]
	if g == nil {
		return nil, notFound()
	}
	return g, nil
}

// matcher is a filter pattern of plain terms, and streams.
type matcher struct {
	all, any, none []string
	streams        []string
	prefix         string
}

func newMatcher(pattern string, streams []string, prefix string) (*matcher, error) {
	m := &matcher{streams: streams, prefix: prefix}
	if len(streams) > 0 && prefix != "" {
		return nil, invalid("logStreamNames and logStreamNamePrefix are mutually exclusive.")
	}
	if len(streams) > 100 || len(pattern) > 1024 {
		return nil, invalid("A constraint on the length of a member is not satisfied.")
	}
	for rest := strings.TrimSpace(pattern); rest != ""; rest = strings.TrimSpace(rest) {
		list := &m.all
		switch rest[0] {
		case '-':
			list, rest = &m.none, rest[1:]
		case '?':
			list, rest = &m.any, rest[1:]
		}
		var term string
		if strings.HasPrefix(rest, `"`) {
			var closed bool
			if term, rest, closed = strings.Cut(rest[1:], `"`); !closed {
				return nil, invalid("Invalid filter pattern")
			}
		} else {
			end := strings.IndexByte(rest+" ", ' ')
			term, rest = rest[:end], rest[end:]
			if term == "" || strings.ContainsAny(term, `{}[]%"=$`) {
				return nil, invalid("Invalid filter pattern, or one that this fake does not know")
			}
		}
		*list = append(*list, term)
	}
	return m, nil
}

func (m *matcher) event(e *event) bool {
	switch {
	case len(m.streams) > 0 && !slices.Contains(m.streams, e.stream), !strings.HasPrefix(e.stream, m.prefix):
		return false
	case len(m.all)+len(m.none)+len(m.any) == 0:
		return true
	}
	has := func(term string) bool { return strings.Contains(e.message, term) }
	return !slices.ContainsFunc(m.all, func(t string) bool { return !has(t) }) && !slices.ContainsFunc(m.none, has) &&
		(len(m.any) == 0 || slices.ContainsFunc(m.any, has))
}
