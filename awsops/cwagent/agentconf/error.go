package agentconf

import (
	"errors"
	"fmt"
	"strings"
)

// ErrInvalid is the kind of every [*Error].
var ErrInvalid = errors.New("not a configuration that the agent can work with")

// Problem is one thing that is wrong, or regretted.
type Problem struct {
	Path string // as in "metrics.metrics_collected.disk.measurement[0]"; empty for the whole
	Rule string // for programs: "unknown-key", "unknown-measurement", "no-instance-id" …
	Text string // for people
}

// String is the problem as a line.
func (p Problem) String() string {
	if p.Path == "" {
		return p.Text
	}
	return p.Path + ": " + p.Text
}

// Error is all that is wrong with a configuration.
type Error struct {
	Problems []Problem // at least one, in the order of the file
}

func (e *Error) Error() string {
	if len(e.Problems) == 1 {
		return "agentconf: " + e.Problems[0].String()
	}
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return fmt.Sprintf("agentconf: %d problems: %s", len(lines), strings.Join(lines, "; "))
}

// Is matches [ErrInvalid].
func (e *Error) Is(kind error) bool { return kind == ErrInvalid }

// problems collects.
type problems []Problem

func (p *problems) add(path, rule, format string, args ...any) {
	*p = append(*p, Problem{Path: path, Rule: rule, Text: fmt.Sprintf(format, args...)})
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return &Error{Problems: p}
}
