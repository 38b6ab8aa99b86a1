package ec2move

import (
	"errors"
	"fmt"
	"time"
)

// removed stands in Progress.IDs, in a rollback, for what was told to go: its absence is believed at once.
const removed = "removed"

// allVanished is the turn of a rollback that finds nothing more to remove: done when all was told to go, or has been looked for
// long enough, by the clock of the move and by the number of looks. what are keys in Progress.IDs.
func (m *move) allVanished(what []string) turn {
	for _, key := range what {
		if m.progress().IDs[key] != removed && (m.since("looks for what it may have made") < lookFor || !m.settled()) {
			return turn{after: 10 * time.Second}
		}
	}
	return turn{done: true}
}

// lookFor is how long a step of a rollback looks for what it may have made, every ten seconds.
const lookFor = 2 * time.Minute

// lagging waits for what EC2 says is there, or still in use, and does not show so. It ends with err when settle has passed since
// it began to wait for this.
func (m *move) lagging(resource string, err error) (turn, error) {
	waited := m.since("EC2 does not show " + resource + " as it is yet")
	if waited < settle {
		return turn{after: 5 * time.Second}, nil
	}
	m.impatient()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return turn{}, err
	}
	own := *e
	own.Hint = fmt.Sprintf("EC2 has said so for %v, and shows it in no list: look for %s in %s", waited.Round(time.Second), resource, m.spec.To.Region)
	return turn{}, &own
}

// impatient ends a wait of since with an error. Whoever goes on after that has mended something, and waits anew.
func (m *move) impatient() { m.set(func(p *Progress) { p.Note = "" }) }

// since is how long the step has been waiting for what note says.
func (m *move) since(note string) time.Duration {
	if p := m.progress(); p.Phase != Begun || p.Note != note {
		m.set(func(p *Progress) { p.Phase, p.Note, p.Since = Begun, note, m.now() })
	}
	return m.now().Sub(m.progress().Since)
}
