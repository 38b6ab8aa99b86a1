package awsops

import (
	"fmt"
	"strings"
	"time"
)

// Event is one look at a long operation, or one step of it that was done.
type Event struct {
	Step     string    `json:"step"`               // what is being done, in the package's own words: "copy"
	Phase    string    `json:"phase"`              // where it stands: "pending", "available", "done" …
	Resource string    `json:"resource,omitempty"` // the ID that AWS gave: "ami-0123456789abcdef0"
	Note     string    `json:"note,omitempty"`     // what exactly, for people: "wait until 10:11:33"
	Done     int64     `json:"done,omitempty"`     // of Total, in the unit of the step: bytes, data points, looks; 0 when nothing is known
	Total    int64     `json:"total,omitempty"`    // 0 when it is not known
	ETA      time.Time `json:"eta,omitzero"`       // when the step is expected to end; zero when nothing can be said
	At       time.Time `json:"at"`
}

// String is the event as a line: "copy: pending ami-0123 45% (until 12:30:00)".
func (e Event) String() string {
	var b strings.Builder
	b.WriteString(e.Step + ": " + e.Phase)
	if e.Resource != "" {
		b.WriteString(" " + e.Resource)
	}
	if e.Note != "" {
		b.WriteString(", " + e.Note)
	}
	if e.Total > 0 {
		fmt.Fprintf(&b, " %d%%", e.Done*100/e.Total)
	}
	if !e.ETA.IsZero() {
		b.WriteString(" (until " + e.ETA.Format(time.TimeOnly) + ")")
	}
	return b.String()
}
