package aliyun

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Guard keeps sends from running into the flow control. [SMS.Send] asks it once for each phone, before anything is sent.
// [WindowGuard] is one for a single process; several processes that share a sign need one that shares its counts.
type Guard interface {
	// Allow counts one send, or refuses it with an [*Error] of [ErrRateLimited].
	Allow(k GuardKey, at time.Time) error
	// Undo takes back what Allow counted under the same key and time: the send was refused, or never left.
	Undo(k GuardKey, at time.Time)
}

// GuardKey is what the platform counts by.
type GuardKey struct {
	Phone          Phone
	Sign, Template string
	Type           TemplateType // zero counts as Code, the strictest
}

// Limits are the shares of one number. Zero is the platform's (in the comments), a negative value is none. An enterprise
// account may raise them in its console.
//
// Source: help.aliyun.com/document_detail/44335 (read 2026-11).
type Limits struct {
	CodePerMinute    int // 1, of one sign
	CodePerHour      int // 5, of one sign
	CodePerDay       int // 10, of one sign
	CodePerNumberDay int // 40, whatever the sign
	NoticePerDay     int // 50, of one sign and template; promotions too
}

// WindowGuard counts as the platform does: minutes and hours are the calendar's in UTC+8, the day is the last 24 hours.
// Numbers abroad are not counted. It is safe for concurrent use; a call takes constant time, and a number that was not
// sent to for two days is forgotten.
type WindowGuard struct {
	limits Limits

	mu sync.Mutex
	// Two generations of a day each: what was not touched in the younger one is dropped with the older one, so there is
	// never a pause to sweep.
	young, old map[counter]*sends
	since      time.Time // when young began
}

// sends are the times at which one counter was raised.
type sends struct{ times []time.Time }

// counter is one of the platform's counts. A count over all signs has none, one of codes has no template.
type counter struct{ phone, sign, template string }

var _ Guard = (*WindowGuard)(nil)

// NewGuard is a guard that has counted nothing yet.
func NewGuard(l Limits) *WindowGuard {
	l.CodePerMinute = orDefault(l.CodePerMinute, 1)
	l.CodePerHour = orDefault(l.CodePerHour, 5)
	l.CodePerDay = orDefault(l.CodePerDay, 10)
	l.CodePerNumberDay = orDefault(l.CodePerNumberDay, 40)
	l.NoticePerDay = orDefault(l.NoticePerDay, 50)
	return &WindowGuard{limits: l, young: map[counter]*sends{}}
}

const guardDay = 24 * time.Hour

// share is how many sends one counter may have in one window.
type share struct {
	of    counter
	level Level
	most  int
}

// shares appends those of a key.
func (g *WindowGuard) shares(to []share, k GuardKey) []share {
	if !k.Phone.Mainland() || k.Type == Intl {
		return to
	}
	phone := k.Phone.digits
	if k.Type == Notice || k.Type == Promo {
		return append(to, share{counter{phone, k.Sign, k.Template}, Day, g.limits.NoticePerDay})
	}
	signed := counter{phone: phone, sign: k.Sign}
	return append(to,
		share{signed, Minute, g.limits.CodePerMinute}, share{signed, Hour, g.limits.CodePerHour}, share{signed, Day, g.limits.CodePerDay},
		share{counter{phone: phone}, Day, g.limits.CodePerNumberDay},
	)
}

// Allow counts a send at this time, or refuses it. Of several windows that are full the error names the one that stays
// full the longest; its RetryAfter is exact.
func (g *WindowGuard) Allow(k GuardKey, at time.Time) error {
	at = at.Round(0) // the wall clock's: the monotonic one stands still while a machine sleeps
	var room [4]share
	shares := g.shares(room[:0], k)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.age(at)
	var had [4]*sends
	var full *Error
	for i, s := range shares {
		had[i] = g.recent(s.of, at)
		wait := s.wait(had[i].times, at)
		if wait > 0 && (full == nil || wait > full.RetryAfter) {
			full = &Error{
				Kind: ErrRateLimited, Product: SMSProduct, Op: sendOp, Level: s.level, Permits: s.most, RetryAfter: wait,
				Message: fmt.Sprintf("the number has had its %d of this %s", s.most, s.level),
			}
		}
	}
	if full != nil {
		full.advise()
		return full
	}
	for i := range shares {
		if counts(shares, i) {
			had[i].times = append(had[i].times, at)
		}
	}
	return nil
}

// Undo takes back one send that Allow has counted.
func (g *WindowGuard) Undo(k GuardKey, at time.Time) {
	at = at.Round(0)
	var room [4]share
	shares := g.shares(room[:0], k)
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range shares {
		if !counts(shares, i) {
			continue
		}
		counted := g.recent(shares[i].of, at)
		if i := slices.IndexFunc(counted.times, at.Equal); i >= 0 {
			counted.times = slices.Delete(counted.times, i, i+1)
		}
	}
}

// counts reports whether share i is the first of those with its counter that limits something: several windows look at one
// counter, which is raised once, and not at all when nothing limits it.
func counts(shares []share, i int) bool {
	same := func(s share) bool { return s.of == shares[i].of && s.most >= 0 }
	return slices.IndexFunc(shares, same) == i
}

// age makes room for a new day.
func (g *WindowGuard) age(at time.Time) {
	switch past := at.Sub(g.since); {
	case past >= 2*guardDay:
		g.old, g.young, g.since = nil, map[counter]*sends{}, at
	case past >= guardDay:
		g.old, g.young, g.since = g.young, map[counter]*sends{}, at
	}
}

// recent are the sends of the last 24 hours, oldest first unless a clock was set back. They move to the younger
// generation.
func (g *WindowGuard) recent(c counter, at time.Time) *sends {
	counted, ok := g.young[c]
	if !ok {
		if counted, ok = g.old[c]; ok {
			delete(g.old, c)
		} else {
			counted = &sends{}
		}
		g.young[c] = counted
	}
	counted.times = slices.DeleteFunc(counted.times, func(t time.Time) bool { return at.Sub(t) >= guardDay })
	return counted
}

// wait is how long the window stays full, 0 when there is room.
func (s share) wait(times []time.Time, at time.Time) time.Duration {
	if s.most < 0 {
		return 0
	}
	if s.level == Day {
		if len(times) < s.most {
			return 0
		}
		return times[len(times)-s.most].Add(guardDay).Sub(at)
	}
	n := 0
	for _, t := range times {
		if s.level.same(t, at) {
			n++
		}
	}
	if n < s.most {
		return 0
	}
	return s.level.until(at)
}

// same reports whether two moments are in one window of the calendar. UTC+8 is off by whole hours, so UTC will do.
func (l Level) same(a, b time.Time) bool {
	d := time.Minute
	if l == Hour {
		d = time.Hour
	}
	return a.UTC().Truncate(d).Equal(b.UTC().Truncate(d))
}

// reserve asks the guard for every phone, and gives all of it back when one is refused.
func (s *SMS) reserve(phones []Phone, m Message, kind TemplateType, at time.Time) (undo func(), err error) {
	if s.opts.Guard == nil {
		return func() {}, nil
	}
	key := func(p Phone) GuardKey { return GuardKey{p, m.Sign, m.Template, kind} }
	for i, p := range phones {
		err := s.opts.Guard.Allow(key(p), at)
		if err == nil {
			continue
		}
		for _, before := range phones[:i] {
			s.opts.Guard.Undo(key(before), at)
		}
		e, ok := errors.AsType[*Error](err)
		if !ok {
			return nil, &Error{Product: SMSProduct, Op: sendOp, Message: "the Guard refused", Err: err}
		}
		named := *e
		named.Message = fmt.Sprintf("Phones[%d]: %s", i, e.Message)
		return nil, &named
	}
	return func() {
		for _, p := range phones {
			s.opts.Guard.Undo(key(p), at)
		}
	}, nil
}
