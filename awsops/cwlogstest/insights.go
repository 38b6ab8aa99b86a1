package cwlogstest

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/kitroll/kitroll/awsops/awsopstest"
)

const (
	maxQueries  = 100
	queryLength = time.Hour
	rowsPerPage = 10_000
)

type query struct {
	id      string
	begun   time.Time
	took    time.Duration
	stopped bool
	rows    [][]types.ResultField
	bytes   float64
}

func (q *query) status(now time.Time) types.QueryStatus {
	switch run := now.Sub(q.begun); {
	case q.stopped:
		return types.QueryStatusCancelled
	case run >= queryLength && q.took >= queryLength:
		return types.QueryStatusTimeout
	case run >= q.took:
		return types.QueryStatusComplete
	case run < q.took/4:
		return types.QueryStatusScheduled
	}
	return types.QueryStatusRunning
}

// StartQuery starts a query: fields, filter @message like, sort @timestamp, limit.
func (s *Server) StartQuery(ctx context.Context, in *cloudwatchlogs.StartQueryInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.StartQueryOutput, error) {
	return run(ctx, s, "StartQuery", func() (*cloudwatchlogs.StartQueryOutput, error) {
		now, running := s.Clock.Now(), 0
		for _, q := range s.queries {
			if st := q.status(now); st == types.QueryStatusRunning || st == types.QueryStatusScheduled {
				running++
			}
		}
		if running >= maxQueries {
			return nil, awsopstest.Refuse("LimitExceededException", "Account maximum query concurrency limit of [%d] reached.", maxQueries)
		}
		p, err := parse(aws.ToString(in.QueryString))
		if err != nil {
			return nil, err
		}
		if n := len(in.LogGroupIdentifiers); n < 1 || n > 50 {
			return nil, invalid("%d log groups, not 1 to 50", n)
		}
		if in.Limit != nil {
			p.limit = int(*in.Limit)
		}
		if p.limit < 1 || p.limit > 100_000 {
			return nil, invalid("Value '%d' at 'limit' failed to satisfy constraint", p.limit)
		}
		s.seq++
		q := &query{id: fmt.Sprintf("00000000-0000-4000-8000-%012d", s.seq), begun: now, took: s.b.QueryTime}
		for _, id := range in.LogGroupIdentifiers {
			g, err := s.find(nil, &id)
			if err != nil {
				return nil, err
			}
			for i := range g.events {
				ev := &g.events[i]
				if ev.at >= aws.ToInt64(in.StartTime)*1000 && ev.at < (aws.ToInt64(in.EndTime)+1)*1000 && s.visible(ev, now.UnixMilli()) {
					q.bytes += float64(ev.size())
					if p.like == nil || p.like.MatchString(ev.message) {
						q.rows = append(q.rows, p.row(ev))
					}
				}
			}
		}
		if p.down {
			slices.Reverse(q.rows)
		}
		q.rows = q.rows[:min(len(q.rows), p.limit)]
		s.queries[q.id] = q
		return &cloudwatchlogs.StartQueryOutput{QueryId: &q.id}, nil
	})
}

// GetQueryResults gives the state of a query and a page of its rows.
func (s *Server) GetQueryResults(ctx context.Context, in *cloudwatchlogs.GetQueryResultsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetQueryResultsOutput, error) {
	return run(ctx, s, "GetQueryResults", func() (*cloudwatchlogs.GetQueryResultsOutput, error) {
		q := s.queries[aws.ToString(in.QueryId)]
		if q == nil {
			return nil, awsopstest.Refuse("ResourceNotFoundException", "The specified query does not exist.")
		}
		size := rowsPerPage
		if in.MaxItems != nil {
			if size = int(*in.MaxItems); size < 1 || size > rowsPerPage {
				return nil, invalid("Value '%d' at 'maxItems' failed to satisfy constraint", size)
			}
		}
		begin := 0
		if in.NextToken != nil {
			at, ok := s.tokens[*in.NextToken]
			if !ok || at.list != q.id {
				return nil, invalid("The specified nextToken is invalid.")
			}
			begin = int(at.last.at)
		}
		out := &cloudwatchlogs.GetQueryResultsOutput{
			Status: q.status(s.Clock.Now()), Results: [][]types.ResultField{},
			Statistics: &types.QueryStatistics{BytesScanned: q.bytes, ResultCount: float64(len(q.rows))},
		}
		if out.Status != types.QueryStatusComplete {
			return out, nil
		}
		end := min(begin+size, len(q.rows))
		out.Results = q.rows[begin:end]
		if end < len(q.rows) {
			out.NextToken = s.remember(token{list: q.id, last: event{at: int64(end)}})
		}
		return out, nil
	})
}

// StopQuery stops a query that runs.
func (s *Server) StopQuery(ctx context.Context, in *cloudwatchlogs.StopQueryInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.StopQueryOutput, error) {
	return run(ctx, s, "StopQuery", func() (*cloudwatchlogs.StopQueryOutput, error) {
		q := s.queries[aws.ToString(in.QueryId)]
		if q == nil {
			return nil, awsopstest.Refuse("ResourceNotFoundException", "The specified query does not exist.")
		}
		if st := q.status(s.Clock.Now()); st != types.QueryStatusRunning && st != types.QueryStatusScheduled {
			return nil, invalid("Query with id %s has already ended with status: %s", q.id, st)
		}
		q.stopped = true
		return &cloudwatchlogs.StopQueryOutput{Success: true}, nil
	})
}

// QueryStatus is the state of a query.
func (s *Server) QueryStatus(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.queries[id]; q != nil {
		return string(q.status(s.Clock.Now()))
	}
	return ""
}

// plan is a query that was understood.
type plan struct {
	fields []string
	like   *regexp.Regexp
	down   bool
	limit  int
}

func parse(text string) (plan, error) {
	p := plan{fields: []string{"@timestamp", "@message"}, down: true, limit: 10_000}
	bad := func() (plan, error) {
		return p, awsopstest.Refuse("MalformedQueryException", "Query's definition isn't valid, or beyond this fake.")
	}
	for part := range strings.SplitSeq(text, "|") {
		verb, rest, _ := strings.Cut(strings.TrimSpace(part), " ")
		rest = strings.TrimSpace(rest)
		switch verb {
		case "fields":
			p.fields = nil
			for f := range strings.SplitSeq(rest, ",") {
				f = strings.TrimSpace(f)
				if f != "@timestamp" && f != "@message" && f != "@logStream" && f != "@ingestionTime" {
					return bad()
				}
				p.fields = append(p.fields, f)
			}
		case "filter":
			body, ok := strings.CutPrefix(rest, "@message like /")
			body, closed := strings.CutSuffix(body, "/")
			re, err := regexp.Compile(body)
			if !ok || !closed || err != nil {
				return bad()
			}
			p.like = re
		case "sort":
			by, order, _ := strings.Cut(rest, " ")
			if by != "@timestamp" || order != "asc" && order != "desc" {
				return bad()
			}
			p.down = order == "desc"
		case "limit":
			n, err := strconv.Atoi(rest)
			if err != nil {
				return bad()
			}
			p.limit = n
		default:
			return bad()
		}
	}
	return p, nil
}

func (p plan) row(ev *event) []types.ResultField {
	stamp := func(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02 15:04:05.000") }
	of := map[string]string{
		"@timestamp": stamp(ev.at), "@message": ev.message, "@logStream": ev.stream, "@ingestionTime": stamp(ev.ingested),
	}
	var row []types.ResultField
	for _, f := range p.fields {
		row = append(row, types.ResultField{Field: &f, Value: new(of[f])})
	}
	return append(row, types.ResultField{Field: new("@ptr"), Value: new(ev.id())})
}
