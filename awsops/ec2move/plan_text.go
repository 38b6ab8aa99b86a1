package ec2move

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// String is the plan as text: what stands in the way, what will be different, the steps, and what it costs.
func (p *Plan) String() string {
	var b strings.Builder
	s := p.Source
	fmt.Fprintf(&b, "Move %s: %s (%s, %s) from %s to %s\n", p.Spec.ID, p.Spec.From.ID, orNone(s.Type), orNone(s.State), p.Spec.From.Region, p.Spec.To.Region)
	fmt.Fprintf(&b, "about %s, nobody serves for about %s; $%.2f once, $%.2f a month (prices of %s)\n", long(p.Duration), long(p.Downtime), p.Cost.Once, p.Cost.Monthly, p.Cost.Date)
	for _, part := range []struct {
		severity Severity
		title    string
	}{{Stop, "In the way"}, {Warn, "Different, or at risk"}, {Note, "Good to know"}} {
		p.writeFindings(&b, part.severity, part.title)
	}
	b.WriteString("\nSteps\n")
	table(&b, func(row func(...string)) {
		for i, step := range p.Steps {
			row(fmt.Sprintf("%2d", i+1), string(step.ID), long(step.Duration), step.What)
			for _, call := range step.Calls {
				row("", "", "", "· "+call)
			}
			if step.Undo != "" {
				row("", "", "", "↩ "+step.Undo)
			}
		}
	})
	b.WriteString("\nCost in US dollars, without tax\n")
	table(&b, func(row func(...string)) {
		for _, l := range p.Cost.Lines {
			per := "once"
			if l.Monthly {
				per = "a month"
			}
			row(fmt.Sprintf("%8.2f", l.Amount), per, l.What, fmt.Sprintf("%g %s at %g", l.Quantity, l.Unit, l.Price))
		}
	})
	if len(p.Cost.Missing) > 0 {
		fmt.Fprintf(&b, "  without a price: %s\n", strings.Join(p.Cost.Missing, ", "))
	}
	return b.String()
}

func (p *Plan) writeFindings(b *strings.Builder, severity Severity, title string) {
	first := true
	for _, f := range p.Findings {
		if f.Severity != severity {
			continue
		}
		if first {
			fmt.Fprintf(b, "\n%s\n", title)
			first = false
		}
		fmt.Fprintf(b, "  %s: %s\n", f.Code, f.What)
		if f.Fix != "" {
			fmt.Fprintf(b, "    → %s\n", f.Fix)
		}
	}
}

// table aligns rows, without the blanks that a last empty cell would leave.
func table(b *strings.Builder, fill func(row func(...string))) {
	var raw strings.Builder
	w := tabwriter.NewWriter(&raw, 0, 0, 2, ' ', 0)
	fill(func(cells ...string) { _, _ = fmt.Fprintln(w, "  "+strings.Join(cells, "\t")) }) // into memory
	_ = w.Flush()
	for line := range strings.Lines(raw.String()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
}

// long is a duration as people say it: to the second below ten minutes, to the minute above.
func long(d time.Duration) string {
	switch {
	case d < 10*time.Minute:
		d = d.Round(time.Second)
	default:
		d = d.Round(time.Minute)
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
