package cwlogs

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// session follows up to ten groups.
type session struct {
	groups []string // as in the query
	arns   []string
	stream LiveStream // nil = not open
	retry  time.Time  // not before
	wait   time.Duration

	read  time.Time // last look
	heard time.Time // last update
	// since is when the row of good updates began, zero when the last one was not. Until the sweep has passed it, events are
	// held; from then on the session is trusted.
	since   time.Time
	trusted bool
	held    []Event
	bytes   int // of held
	told    Change
}

// next takes one update of a session.
func (l *liveTail) next(ctx context.Context, s *session, wait time.Duration) (bool, error) {
	if now := l.t.now(); now.Sub(s.read) > away {
		l.doubt(s, LiveDoubtful)
		s.heard = now // it was not listened to
	}
	update, err := s.stream.Next(ctx, wait)
	now := l.t.now()
	s.read = now
	switch {
	case err != nil && context.Cause(ctx) != nil:
		return false, l.stopped(context.Cause(ctx))
	case err != nil:
		l.end(s, ended(err))
		return false, nil
	case update == nil && now.Sub(s.heard) > silence:
		l.end(s, &Error{Op: "StartLiveTail", Err: errors.New("the session fell silent")})
		return false, nil
	case update == nil:
		return false, nil
	}
	s.heard, s.wait = now, 0
	l.update(s, update)
	return true, nil
}

// end closes a session; the next one follows at once after a long one.
func (l *liveTail) end(s *session, err *Error) {
	l.doubt(s, "")
	_ = s.stream.Close()
	s.stream = nil
	if err.Code == "SessionTimeoutException" {
		s.wait, s.retry = 0, time.Time{}
		l.t.tell(LiveEnded, err)
		return
	}
	l.later(s, err)
}

// doubt drops what a session said: the sweep will bring it.
func (l *liveTail) doubt(s *session, why Change) {
	s.since, s.trusted, s.held, s.bytes = time.Time{}, false, nil, 0
	if why != "" && s.told != why {
		s.told = why
		l.t.tell(why, nil)
	}
}

// update judges an update, and hands it on, holds it or drops it.
func (l *liveTail) update(s *session, u *types.LiveTailSessionUpdate) {
	switch {
	case u.SessionMetadata != nil && u.SessionMetadata.Sampled:
		l.sample(u)
		l.doubt(s, LiveSampled)
		return
	case len(u.SessionResults) > l.t.opt.TrustLive, s.bytes > maxHeld,
		l.t.pos.remembered()+len(u.SessionResults) > l.t.opt.MaxRemembered:
		l.doubt(s, LiveDoubtful)
		return
	}
	if s.since.IsZero() {
		s.since = l.t.now()
	}
	for i := range u.SessionResults {
		e, ok := s.event(&u.SessionResults[i])
		switch {
		case !ok:
			l.doubt(s, LiveDoubtful)
			return
		case s.trusted:
			if l.hand(&e); l.t.stop {
				return
			}
		default:
			s.held = append(s.held, e)
			s.bytes += len(e.Message) + 256
		}
	}
}

// hand hands an event of live tail on, unless the sweep has been there.
func (l *liveTail) hand(e *Event) {
	ms := e.Timestamp.UnixMilli()
	if ms <= l.t.pos.w1 {
		return
	}
	e.Late = l.t.late.is(e)
	l.t.late.saw(e)
	l.t.pos.put(mark{at: ms, key: contentKey(e), kind: byLive})
	l.t.status.Live++
	l.t.give(*e)
}

// caughtUp releases what was held by sessions whose beginning the sweep has passed.
func (l *liveTail) caughtUp() {
	for _, s := range l.parts {
		if s.trusted || s.since.IsZero() || l.t.pos.w1 < s.since.UnixMilli() {
			continue
		}
		held := s.held
		s.trusted, s.held, s.bytes = true, nil, 0
		if s.told != LiveTrusted {
			s.told = LiveTrusted
			l.t.tell(LiveTrusted, nil)
		}
		said, now := map[uint64]int{}, map[uint64]int{} // what a session before this one had said, and this one
		for i := range held {
			key := contentKey(&held[i])
			if now[key] == 0 {
				said[key] = l.t.pos.live[key]
			}
			if now[key]++; now[key] <= said[key] {
				continue
			}
			if l.hand(&held[i]); l.t.stop {
				return
			}
		}
	}
}

// event makes an [Event], false if its group is none of the session's. AWS names the group by its name, its ARN, or
// "account:name" (the last seen in examples only).
func (s *session) event(ev *types.LiveTailSessionLogEvent) (Event, bool) {
	said := strings.TrimSuffix(aws.ToString(ev.LogGroupIdentifier), ":*")
	i := slices.IndexFunc(s.groups, func(g string) bool { return said == g })
	if i < 0 {
		i = slices.Index(s.arns, said)
	}
	if i < 0 {
		name := said[strings.LastIndexByte(said, ':')+1:]
		i = slices.IndexFunc(s.groups, func(g string) bool { return groupName(g) == name })
	}
	if i < 0 && len(s.groups) > 1 {
		return Event{}, false
	}
	return Event{
		Group: s.groups[max(i, 0)], Stream: aws.ToString(ev.LogStreamName), Message: aws.ToString(ev.Message), Live: true,
		Timestamp: at(aws.ToInt64(ev.Timestamp)), Ingested: at(aws.ToInt64(ev.IngestionTime)),
	}, true
}
