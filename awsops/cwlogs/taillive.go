package cwlogs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
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
		got, err := awscall.Do(ctx, l.t.c.caller, "StartLiveTail", awscall.Harmless, l.t.c.api.live, &in, once)
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
