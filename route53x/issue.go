package route53x

import (
	"cmp"
	"fmt"
	"slices"
)

// Severity says what an [Issue] means for the zone that was read.
type Severity string

// The severities.
const (
	// Wrong: the line is not in the result, or the result is one that Route 53 would refuse.
	Wrong Severity = "wrong"
	// Unsupported: a good record of a type that Route 53 does not have; it is not in the result.
	Unsupported Severity = "unsupported"
	// Skipped: left out on purpose, such as the SOA.
	Skipped Severity = "skipped"
	// Note: in the result, though not as it was written.
	Note Severity = "note"
)

// Issue is something in a zone file that a person should see.
type Issue struct {
	Severity Severity
	Line     int    // from 1
	Col      int    // from 1, in bytes
	Text     string // the word or record that it is about, cut at 80 bytes
	Reason   string
}

// String is "12:5: wrong: why: "text"".
func (i Issue) String() string {
	return fmt.Sprintf("%d:%d: %s: %s: %q", i.Line, i.Col, i.Severity, i.Reason, i.Text)
}

func sortIssues(issues []Issue) {
	slices.SortStableFunc(issues, func(a, b Issue) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
}
