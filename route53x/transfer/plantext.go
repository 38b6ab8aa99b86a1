package transfer

import (
	"fmt"
	"strings"
	"time"
)

// Wait is the sum of all waits.
func (p *Plan) Wait() time.Duration {
	var sum time.Duration
	for _, w := range p.Waits {
		sum += w.For
	}
	return sum
}

// String is the plan for people.
func (p *Plan) String() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s: %d records, %s, at most %s of waiting", p.Domain, p.Records, p.Price, Span(p.Wait()))
	line("  from %s", strings.Join(p.OldNameservers, ", "))
	if len(p.NewNameservers) > 0 {
		line("  to   %s (%s)", strings.Join(p.NewNameservers, ", "), p.ZoneID)
	} else {
		line("  to   a hosted zone that is made on the way")
	}
	line("\nSteps (+ done):")
	for _, s := range p.Steps {
		mark := " "
		if s.Done {
			mark = "+"
		}
		text := fmt.Sprintf("%s %2d %-9s %s", mark, s.Step.Number(), s.Step, s.Title)
		if s.Calls != "" {
			text += ": " + s.Calls
			if s.Undo != "" {
				text += " (undo: " + s.Undo + ")"
			} else {
				text += " (no undo)"
			}
		}
		line("%s", text)
	}
	section := func(title string, lines []string) {
		if len(lines) > 0 {
			line("\n%s:", title)
		}
		for _, l := range lines {
			line("  %s", l)
		}
	}
	section("Stands against it", p.Blockers)
	section("Gates", p.gateLines())
	section("Waits, at most", p.waitLines())
	section("Records that do not move as they are", itemLines(p.Items, p.Open))
	if p.Changes != nil {
		section("Record sets", strings.Split(strings.TrimSuffix(p.Changes.String(), "\n"), "\n"))
	}
	section("Notes", p.Notes)
	return b.String()
}

func (p *Plan) gateLines() []string {
	var out []string
	for _, g := range p.Gates {
		mark := "?"
		if g.Given {
			mark = "+"
		}
		out = append(out, fmt.Sprintf("%s %-9s %s", mark, g.Step, g.Text))
	}
	return out
}

func (p *Plan) waitLines() []string {
	var out []string
	for _, w := range p.Waits {
		out = append(out, fmt.Sprintf("%-9s %s: %s", w.Step, Span(w.For), w.Why))
	}
	return out
}

func itemLines(items []Item, open []string) []string {
	waiting := map[string]bool{}
	for _, id := range open {
		waiting[id] = true
	}
	var out []string
	for _, it := range items {
		mark := " "
		if waiting[it.ID] {
			mark = "?"
		} else if it.Open {
			mark = "+"
		}
		text := fmt.Sprintf("%s %-10s %s: %s %s: %s", mark, it.Class, it.ID, it.Name, it.Type, it.Reason)
		if it.Proposal != "" {
			text += " (" + it.Proposal + ")"
		}
		out = append(out, text)
	}
	return out
}
