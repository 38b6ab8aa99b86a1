package cwlogs

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/kitroll/kitroll/internal/awscall"
)

// errLoop is a token that comes back: going on would never end.
var errLoop = errors.New("AWS repeats its page token")

// source reads one group by pages. At most one page is in memory.
type source struct {
	client *Client
	group  string
	order  int // among the groups of the query
	in     cloudwatchlogs.FilterLogEventsInput
	page   []types.FilteredLogEvent
	next   int
	begun  bool
}

// head is the event that is next, nil at the end. Pages may be empty and not the last: only a missing token is the end.
func (s *source) head(ctx context.Context) (*types.FilteredLogEvent, error) {
	for s.next >= len(s.page) {
		if s.begun && s.in.NextToken == nil {
			return nil, nil
		}
		out, err := awscall.Do(ctx, s.client.caller, "FilterLogEvents", awscall.Harmless, s.client.api.filter, &s.in, once)
		if err != nil {
			return nil, wrap(err, s.group)
		}
		token := out.NextToken
		if aws.ToString(token) == "" {
			token = nil
		}
		if token != nil && s.in.NextToken != nil && *token == *s.in.NextToken {
			return nil, &Error{Op: "FilterLogEvents", Resource: s.group, Err: errLoop}
		}
		s.begun, s.in.NextToken = true, token
		s.page, s.next = out.Events, 0
	}
	return &s.page[s.next], nil
}

// merged is several groups in the order of time: the sources that have something left are a heap, the next event on top. Those
// of the same millisecond come in the order of the groups, and within a group as AWS gives them.
type merged struct {
	down    bool
	heap    []*source
	started bool
}

// merge reads from..to, in milliseconds, both included. 0 and below = no bound.
func (c *Client) merge(q Query, from, to int64) *merged {
	m := &merged{down: q.NewestFirst}
	for i, group := range q.Groups {
		s := &source{client: c, group: group, order: i}
		s.in = cloudwatchlogs.FilterLogEventsInput{
			LogGroupIdentifier: &group, LogStreamNames: q.Streams, Unmask: q.Unmask,
		}
		if q.StreamPrefix != "" {
			s.in.LogStreamNamePrefix = &q.StreamPrefix
		}
		if q.Pattern != "" {
			s.in.FilterPattern = &q.Pattern
		}
		if from > 0 {
			s.in.StartTime = &from
		}
		if to > 0 {
			s.in.EndTime = &to
		}
		if q.NewestFirst {
			s.in.StartFromHead = new(false)
		}
		if q.PageSize > 0 {
			s.in.Limit = new(int32(q.PageSize))
		}
		m.heap = append(m.heap, s)
	}
	return m
}

// next is the event that is next in time, nil at the end.
func (m *merged) next(ctx context.Context) (*types.FilteredLogEvent, *source, error) {
	if !m.started {
		kept := m.heap[:0]
		for _, s := range m.heap {
			ev, err := s.head(ctx)
			if err != nil {
				return nil, nil, err
			}
			if ev != nil {
				kept = append(kept, s)
			}
		}
		m.heap, m.started = kept, true
		for i := len(m.heap)/2 - 1; i >= 0; i-- {
			m.sink(i)
		}
	} else if len(m.heap) > 0 {
		s := m.heap[0]
		s.next++
		ev, err := s.head(ctx)
		if err != nil {
			return nil, nil, err
		}
		if ev == nil {
			last := len(m.heap) - 1
			m.heap[0], m.heap[last] = m.heap[last], nil
			m.heap = m.heap[:last]
		}
		m.sink(0)
	}
	if len(m.heap) == 0 {
		return nil, nil, nil
	}
	s := m.heap[0]
	return &s.page[s.next], s, nil
}

func (m *merged) sink(i int) {
	for {
		least := i
		for _, child := range [2]int{2*i + 1, 2*i + 2} {
			if child < len(m.heap) && m.before(m.heap[child], m.heap[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		m.heap[i], m.heap[least] = m.heap[least], m.heap[i]
		i = least
	}
}

func (m *merged) before(a, b *source) bool {
	x, y := aws.ToInt64(a.page[a.next].Timestamp), aws.ToInt64(b.page[b.next].Timestamp)
	if x != y {
		return (x < y) != m.down
	}
	return a.order < b.order
}

// event makes an [Event] of what a source gave, without its cursor.
func event(s *source, ev *types.FilteredLogEvent) Event {
	return Event{
		Group: s.group, Stream: aws.ToString(ev.LogStreamName), Message: aws.ToString(ev.Message), ID: aws.ToString(ev.EventId),
		Timestamp: at(aws.ToInt64(ev.Timestamp)), Ingested: at(aws.ToInt64(ev.IngestionTime)),
	}
}

// idOf is the key of an event by its ID. One without an ID, which AWS does not give, is known by what it says.
func idOf(e *Event) uint64 {
	if e.ID == "" {
		return contentKey(e)
	}
	return hashID(e.ID)
}

// contentKey is the key of an event by what it says, for live tail, which gives no IDs. The time of ingestion is left out:
// nothing says that live tail and FilterLogEvents give the same one, and a difference would hand on every event twice. Lines
// that are the same in the same millisecond of the same stream are counted.
func contentKey(e *Event) uint64 {
	h := sha256.New()
	var n [24]byte
	binary.BigEndian.PutUint64(n[:], uint64(e.Timestamp.UnixMilli()))
	binary.BigEndian.PutUint64(n[8:], uint64(len(e.Group)))
	binary.BigEndian.PutUint64(n[16:], uint64(len(e.Stream)))
	for _, part := range [][]byte{n[:], []byte(e.Group), []byte(e.Stream), []byte(e.Message)} {
		_, _ = h.Write(part)
	}
	return binary.BigEndian.Uint64(h.Sum(nil))
}
