package ec2move

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/kitroll/kitroll/awsops"
)

// checkCopy asks the copy once. Nothing is switched before it has passed as often as the spec says, in a row.
func (m *move) checkCopy(ctx context.Context) (turn, error) {
	check := m.spec.Cutover.Check
	if check.URL == "" { // EC2's own checks passed in an earlier step
		m.enter(atSwitch)
		return turn{}, nil
	}
	ip, err := netip.ParseAddr(m.word("ip"))
	if err != nil {
		return turn{}, fmt.Errorf("%w: the state has no address of the copy", awsops.ErrInvalid)
	}
	if err := m.healthy(ctx, ip); err != nil {
		m.note("passed", "0")
		since, known := m.time("failing")
		if !known {
			since = m.now()
			m.note("failing", stamp(since))
		}
		if m.now().Sub(since) < healthGrace {
			m.set(func(p *Progress) { p.Note = "the copy does not pass its health check yet" })
			return turn{after: healthEvery}, nil
		}
		return turn{}, m.unhealthy(ip, err, "nothing was switched: mend the copy and go on, or roll back")
	}
	passed := m.count("passed")
	m.set(func(p *Progress) { p.Note, p.Done, p.Total = atCheck, int64(passed), int64(check.times()) })
	if passed < check.times() {
		return turn{after: healthEvery}, nil
	}
	m.forget("failing") // not before: a copy that comes and goes does not pass
	m.enter(atSwitch)
	return turn{}, nil
}

// hold asks the copy every minute, with the source untouched, until the hold is over. A copy that fails as often in a row as
// it had to pass is an error, which leaves the choice to the caller, and comes again as long as it fails.
func (m *move) hold(ctx context.Context) (turn, error) {
	since, ok := m.time("switched")
	if !ok {
		since = m.now()
		m.note("switched", stamp(since))
	}
	length := m.holdTime()
	gone := m.now().Sub(since)
	m.set(func(p *Progress) {
		p.Note, p.Done, p.Total = atHold, int64(min(gone, length)/time.Second), int64(length/time.Second)
	})
	ip, err := netip.ParseAddr(m.word("ip"))
	if err != nil {
		return turn{}, fmt.Errorf("%w: the state has no address of the copy", awsops.ErrInvalid)
	}
	if next, ok := m.time("next"); ok && m.now().Before(next) {
		return turn{after: min(next.Sub(m.now()), holdEvery)}, nil
	}
	if err := m.healthy(ctx, ip); err != nil {
		if failed := m.count("failed"); failed < m.spec.Cutover.Check.times() {
			m.set(func(p *Progress) { p.Note = fmt.Sprintf("hold: the copy failed its health check, %d in a row", failed) })
			return turn{after: healthEvery}, nil
		}
		return turn{}, m.unhealthy(ip, err, "visitors have been switched to it: mend the copy and go on, or Rollback brings them back to the source")
	}
	m.forget("failed")
	if gone >= length {
		if m.early() {
			source, err := m.look(ctx, m.src, m.spec.From.ID)
			if source == nil || err != nil {
				return turn{done: err == nil}, err
			}
			return m.forgetTTLs(ctx, source)
		}
		return turn{done: true}, nil
	}
	every := min(holdEvery, length-gone)
	m.note("next", stamp(m.now().Add(every)))
	return turn{after: every}, nil
}

// healthy makes one check.
func (m *move) healthy(ctx context.Context, ip netip.Addr) error {
	h := m.c.cfg.Health
	if h == nil {
		h = HTTPHealth{}
	}
	err := h.Check(ctx, ip, m.spec.Cutover.Check)
	if err != nil {
		m.c.cfg.Logger.WarnContext(ctx, "a health check failed", "step", m.step, "address", ip, "error", err)
	}
	return err
}

// unhealthy is the error of a copy that fails.
func (m *move) unhealthy(ip netip.Addr, err error, hint string) error {
	return &Error{Resource: m.of(StepLaunch).ID, Err: fmt.Errorf("%w: the health check at %v: %w", awsops.ErrFailed, ip, err), Hint: hint}
}

// count adds one to a number in the notes.
func (m *move) count(key string) int {
	n, _ := strconv.Atoi(m.word(key))
	m.note(key, strconv.Itoa(n+1))
	return n + 1
}
