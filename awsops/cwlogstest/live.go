package cwlogstest

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/cwlogs"
)

const (
	sampleSize      = 500
	bufferedUpdates = 10
	bufferedEvents  = 5000
	sessionLength   = 3 * time.Hour
	maxSessions     = 15
)

// StartLiveTail opens a session.
func (s *Server) StartLiveTail(ctx context.Context, in *cloudwatchlogs.StartLiveTailInput, _ ...func(*cloudwatchlogs.Options)) (*cwlogs.LiveSession, error) {
	return run(ctx, s, "StartLiveTail", func() (*cwlogs.LiveSession, error) {
		n := len(in.LogGroupIdentifiers)
		if n < 1 || n > 10 {
			return nil, invalid("Value at 'logGroupIdentifiers' has %d members, not 1 to 10", n)
		}
		if (len(in.LogStreamNames) > 0 || len(in.LogStreamNamePrefixes) > 0) && n > 1 {
			return nil, invalid("Streams can be named for one log group only.")
		}
		if len(in.LogStreamNames) > 0 && len(in.LogStreamNamePrefixes) > 0 {
			return nil, invalid("logStreamNames and logStreamNamePrefixes are mutually exclusive.")
		}
		if len(in.LogStreamNamePrefixes) > 1 {
			return nil, invalid("This fake knows one prefix.")
		}
		match, err := newMatcher(aws.ToString(in.LogEventFilterPattern), in.LogStreamNames, strings.Join(in.LogStreamNamePrefixes, ""))
		if err != nil {
			return nil, err
		}
		now := s.Clock.Now()
		l := &session{s: s, match: match, next: now.Add(time.Second), opened: now, cut: s.b.CutAfter}
		for _, id := range in.LogGroupIdentifiers {
			if !strings.HasPrefix(id, "arn:") {
				return nil, invalid("%q is not an ARN", id)
			}
			g, err := s.find(nil, &id)
			if err != nil {
				return nil, err
			}
			if g.class != "STANDARD" {
				return nil, awsopstest.Refuse("InvalidOperationException", "Live Tail is not supported for the log class of %s", g.name)
			}
			l.groups = append(l.groups, g.name)
		}
		if s.sessions >= maxSessions {
			return nil, awsopstest.Refuse("LimitExceededException", "Too many concurrent Live Tail sessions")
		}
		s.sessions++
		s.opened++
		return &cwlogs.LiveSession{Stream: l}, nil
	})
}

// Sessions is how many live tail sessions are open, and how many there have been.
func (s *Server) Sessions() (open, ever int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions, s.opened
}

// session is one live tail session.
type session struct {
	s      *Server
	match  *matcher
	groups []string
	opened time.Time
	next   time.Time // when the next update is due
	cut    time.Duration
	queue  []*types.LiveTailSessionUpdate
	over   error
	closed bool
}

// Next waits for an update on the virtual clock.
func (l *session) Next(ctx context.Context, wait time.Duration) (*types.LiveTailSessionUpdate, error) {
	until := l.s.Clock.Now().Add(wait)
	for {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		update, due, err := l.look()
		now := l.s.Clock.Now()
		if update != nil || err != nil || !now.Before(until) {
			return update, err
		}
		if due.After(until) {
			due = until
		}
		if err := l.s.Clock.Sleep(ctx, due.Sub(now)); err != nil {
			return nil, err
		}
	}
}

func (l *session) look() (*types.LiveTailSessionUpdate, time.Time, error) {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	if l.closed {
		return nil, time.Time{}, errors.New("the session was closed here")
	}
	l.s.pump()
	for now := l.s.Clock.Now(); l.over == nil && !l.next.After(now); l.next = l.next.Add(time.Second) {
		switch {
		case l.cut > 0 && l.next.Sub(l.opened) > l.cut:
			l.over = io.ErrUnexpectedEOF
		case l.next.Sub(l.opened) > sessionLength:
			l.over = &types.SessionTimeoutException{Message: new("The session has timed out.")}
		case l.s.b.Mute:
		default:
			l.push(l.update())
		}
	}
	if len(l.queue) > 0 {
		first := l.queue[0]
		l.queue = l.queue[1:]
		return first, l.next, nil
	}
	return nil, l.next, l.over
}

// push keeps as much as AWS keeps for a reader that is slow.
func (l *session) push(u *types.LiveTailSessionUpdate) {
	l.queue = append(l.queue, u)
	events := 0
	for _, u := range l.queue {
		events += len(u.SessionResults)
	}
	for len(l.queue) > bufferedUpdates || events > bufferedEvents {
		events -= len(l.queue[0].SessionResults)
		l.queue = l.queue[1:]
	}
}

// update is what was ingested in the second before it is due, with the platform's losses.
func (l *session) update() *types.LiveTailSessionUpdate {
	to := l.next.UnixMilli()
	from := to - 1000
	type found struct {
		event

		group string
	}
	var events []found
	for _, name := range l.groups {
		g := l.s.groups[name]
		if g == nil {
			continue
		}
		i, _ := slices.BinarySearchFunc(g.arrived, from, func(e event, ms int64) int {
			if e.ingested < ms {
				return -1
			}
			return 1
		})
		for ; i < len(g.arrived) && g.arrived[i].ingested < to; i++ {
			if l.match.event(&g.arrived[i]) {
				events = append(events, found{g.arrived[i], name})
			}
		}
	}
	matched := len(events)
	if matched > l.s.b.LossAbove {
		events = slices.DeleteFunc(events, func(found) bool { return l.s.rnd.IntN(2) == 0 })
	}
	for len(events) > sampleSize {
		i := l.s.rnd.IntN(len(events))
		events = slices.Delete(events, i, i+1)
	}
	u := &types.LiveTailSessionUpdate{
		SessionMetadata: &types.LiveTailSessionMetadata{Sampled: matched > sampleSize}, SessionResults: []types.LiveTailSessionLogEvent{},
	}
	for _, e := range events {
		name, message := e.group, e.message
		if l.s.b.Identify != nil {
			name = l.s.b.Identify(name)
		}
		if l.s.b.Transform != nil {
			message = l.s.b.Transform(message)
		}
		u.SessionResults = append(u.SessionResults, types.LiveTailSessionLogEvent{
			IngestionTime: &e.ingested, LogGroupIdentifier: &name, LogStreamName: &e.stream, Message: &message, Timestamp: &e.at,
		})
	}
	return u
}

// Close ends the session.
func (l *session) Close() error {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	if !l.closed {
		l.closed = true
		l.s.sessions--
	}
	return nil
}
