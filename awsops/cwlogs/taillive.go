package cwlogs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/internal/call"
)

const (
	// groupsPerSession is AWS's limit.
	groupsPerSession = 10
	// away is how long a session may go without being read. AWS keeps 10 updates, one a second, and then drops the oldest.
	away = 5 * time.Second
	// silence is how long a session may say nothing, which it never does for more than a second, before it is given up.
	silence = 15 * time.Second
	// maxHeld bounds the text of the events that wait for the sweep to catch up.
	maxHeld = 8 << 20
)

// liveTail is the sessions of a Tail.
type liveTail struct {
	t        *tail
	off      bool
	resolved bool
	parts    []*session
	sampling []interval
}

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

type interval struct{ from, to int64 }

func (l *liveTail) init(t *tail) {
	l.t = t
	l.off = t.opt.Poll
}

// refusal says why live tail cannot follow the query, nil if it can.
func (l *liveTail) refusal() error {
	switch q := l.t.q; {
	case q.Unmask:
		return errors.New("live tail cannot unmask")
	case len(q.Groups) > 1 && (len(q.Streams) > 0 || q.StreamPrefix != ""):
		return errors.New("live tail knows streams of one group only")
	}
	names := map[string]bool{}
	for _, g := range l.t.q.Groups {
		if names[groupName(g)] {
			return fmt.Errorf("live tail may name groups by their names, and two are %s", groupName(g))
		}
		names[groupName(g)] = true
	}
	return nil
}

func (l *liveTail) turnOff(why error) {
	if l.off {
		return
	}
	l.close()
	l.off = true
	l.t.tell(LiveOff, why)
}

// open opens what is not open and is due.
func (l *liveTail) open(ctx context.Context) error {
	if !l.off && !l.resolved {
		if why := l.refusal(); why != nil {
			l.turnOff(why)
		} else if err := l.resolve(ctx); err != nil {
			return err
		}
	}
	for _, s := range l.parts {
		if l.off || s.stream != nil || l.t.now().Before(s.retry) {
			continue
		}
		in := cloudwatchlogs.StartLiveTailInput{LogGroupIdentifiers: s.arns, LogStreamNames: l.t.q.Streams}
		if l.t.q.StreamPrefix != "" {
			in.LogStreamNamePrefixes = []string{l.t.q.StreamPrefix}
		}
		if l.t.q.Pattern != "" {
			in.LogEventFilterPattern = &l.t.q.Pattern
		}
		got, err := call.Do(ctx, l.t.c.caller, "StartLiveTail", call.Harmless, l.t.c.api.live, &in)
		switch {
		case err == nil && got.Stream == nil:
			l.turnOff(errors.New("an answer without a stream"))
		case err == nil:
			now := l.t.now()
			s.stream, s.read, s.heard, s.told = got.Stream, now, now, ""
			l.t.tell(LiveStarted, nil)
		case context.Cause(ctx) != nil:
			return wrap(err, strings.Join(s.groups, ","))
		default:
			err = wrap(err, strings.Join(s.groups, ","))
			if !passing(err) && !errors.Is(err, awsops.ErrQuota) {
				l.turnOff(err)
				break
			}
			l.later(s, err)
		}
	}
	return nil
}

// later tries a session again after a while.
func (l *liveTail) later(s *session, err error) {
	s.wait = min(max(2*s.wait, 5*time.Second), 5*time.Minute)
	s.retry = l.t.now().Add(awsops.Jitter(s.wait))
	l.t.tell(LiveEnded, err)
}

// resolve finds the ARNs, which live tail wants, of groups that are given by name.
func (l *liveTail) resolve(ctx context.Context) error {
	for part := range slices.Chunk(l.t.q.Groups, groupsPerSession) {
		s := &session{groups: part}
		for _, group := range part {
			arn, err := l.arn(ctx, group)
			switch {
			case err == nil && arn != "":
				s.arns = append(s.arns, arn)
			case err == nil:
				return &Error{Op: "Tail", Resource: group, Code: "ResourceNotFoundException", Message: "there is no such log group"}
			case context.Cause(ctx) != nil:
				return err
			case passing(err): // another time
				l.parts = nil
				l.t.tell(Waiting, err)
				return nil
			default:
				l.turnOff(err)
				return nil
			}
		}
		l.parts = append(l.parts, s)
	}
	l.resolved = true
	return nil
}

func (l *liveTail) arn(ctx context.Context, group string) (string, error) {
	if isARN(group) {
		return group, nil
	}
	for g, err := range l.t.c.Groups(ctx, &GroupsOptions{Prefix: group}) {
		if err != nil || g.Name == group {
			return g.ARN, err
		}
	}
	return "", nil
}

// drain reads what there is, for at most so long.
func (l *liveTail) drain(ctx context.Context, wait time.Duration) error {
	open := 0
	for _, s := range l.parts {
		if s.stream != nil {
			open++
		}
	}
	if open == 0 {
		if wait <= 0 {
			return nil
		}
		return l.stopped(l.t.c.caller.Clock.Sleep(ctx, wait))
	}
	found := false
	for _, s := range l.parts {
		for range 20 { // as much as AWS buffers, and some
			if s.stream == nil {
				break
			}
			got, err := l.next(ctx, s, 0)
			if err != nil || l.t.stop {
				return err
			}
			if !got {
				break
			}
			found = true
		}
	}
	if found || wait <= 0 {
		return nil
	}
	for _, s := range l.parts { // the first that is open is as good as any: each says something every second
		if s.stream == nil {
			continue
		}
		if open > 1 {
			wait = min(wait, 200*time.Millisecond)
		}
		_, err := l.next(ctx, s, wait)
		return err
	}
	return nil
}

func (l *liveTail) stopped(err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: "Tail", Err: fmt.Errorf("stopped: %w", err)}
}

// next takes one update of a session.
func (l *liveTail) next(ctx context.Context, s *session, wait time.Duration) (bool, error) {
	if l.t.now().Sub(s.read) > away {
		l.doubt(s, LiveDoubtful)
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

// sample remembers when live tail was sampled, by the times of ingestion.
func (l *liveTail) sample(u *types.LiveTailSessionUpdate) {
	if len(u.SessionResults) == 0 {
		return
	}
	now := interval{from: aws.ToInt64(u.SessionResults[0].IngestionTime)}
	now.to = now.from
	for i := range u.SessionResults {
		ms := aws.ToInt64(u.SessionResults[i].IngestionTime)
		now.from, now.to = min(now.from, ms), max(now.to, ms)
	}
	if n := len(l.sampling); n > 0 && now.from <= l.sampling[n-1].to+2000 || n >= 1000 {
		l.sampling[n-1].to = max(l.sampling[n-1].to, now.to)
		return
	}
	l.sampling = append(l.sampling, now)
}

func (l *liveTail) sampled(e *Event) bool {
	ms := e.Ingested.UnixMilli()
	return slices.ContainsFunc(l.sampling, func(i interval) bool { return i.from <= ms && ms <= i.to })
}

// forget drops the intervals that lie before what can still be found.
func (l *liveTail) forget(w1 int64) {
	old := w1 - l.t.opt.Recheck.Milliseconds()
	l.sampling = slices.DeleteFunc(l.sampling, func(i interval) bool { return i.to < old })
}

// disagrees ends the trust in live tail: what it said was never found. Its events are then not those of FilterLogEvents, as
// for a group whose events are transformed, and each would come twice.
func (l *liveTail) disagrees(events int) {
	l.turnOff(fmt.Errorf("live tail and FilterLogEvents do not agree on %d events", events))
}

func (l *liveTail) count() (open, trusted, held int) {
	for _, s := range l.parts {
		if s.stream != nil {
			open++
		}
		if s.trusted {
			trusted++
		}
		held += len(s.held)
	}
	return open, trusted, held
}

func (l *liveTail) close() {
	for _, s := range l.parts {
		if s.stream != nil {
			_ = s.stream.Close()
			s.stream = nil
		}
		s.since, s.trusted, s.held, s.bytes = time.Time{}, false, nil, 0
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
