package cdn

import (
	"fmt"
	"strings"
)

// String is the probe as a person reads it.
func (p Probe) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "origin %s", p.Host)
	for _, a := range p.Addresses {
		b.WriteString(" " + a.String())
	}
	b.WriteByte('\n')
	if len(p.Addresses) > 0 {
		fmt.Fprintf(&b, "  port %d: %s\n  port %d: %s", p.HTTP.Port, p.HTTP, p.HTTPS.Port, p.HTTPS)
		if len(p.Versions) > 0 {
			b.WriteString(", " + strings.Join(p.Versions, ", "))
		}
		b.WriteByte('\n')
	}
	for _, c := range p.TLS {
		fmt.Fprintf(&b, "  %s\n", c)
	}
	for _, a := range p.Answers {
		fmt.Fprintf(&b, "  %s\n", a)
	}
	fmt.Fprintf(&b, "%s\n", p.Decision)
	return b.String()
}

// String is "open", or why not.
func (p Port) String() string {
	switch {
	case !p.Open:
		return p.Problem
	case len(p.Closed) > 0:
		return "open, but not on " + strings.Join(p.Closed, ", ")
	}
	return "open"
}

// String is the answer in one line.
func (a Answer) String() string {
	text := fmt.Sprintf("asked by %s as %s: ", strings.TrimSuffix(string(a.Protocol), "-only"), a.Host)
	if len(a.Hops) > 0 && !a.Loop {
		text += strings.Join(a.Hops, ", ")
		if a.Problem != "" {
			text += ", "
		}
	}
	return text + a.Problem
}
