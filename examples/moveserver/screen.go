package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/ec2move"
)

// screen tells a person how the move goes: a line for each change, and for each tenth of a volume that is copied.
type screen struct {
	w      io.Writer
	events []awsops.Event
	last   map[string]string // by step and resource: what was said last
}

func (s *screen) show(e awsops.Event) {
	s.events = append(s.events, e)
	text, key := e.Phase, e.Step+" "+e.Resource
	if e.Note != "" {
		text += ", " + e.Note
	}
	if e.Total > 0 && e.Phase != string(ec2move.Done) {
		const width = 20
		full := int(min(e.Done*width/e.Total, width))
		text = fmt.Sprintf("%-8s %s%s %3d%%", text, strings.Repeat("█", full), strings.Repeat("░", width-full), e.Done*100/e.Total)
		if inBytes(ec2move.StepID(e.Step)) {
			text += " of " + size(e.Total)
		}
		said := fmt.Sprint(e.Phase, e.Note, e.Done*10/e.Total)
		if s.last[key] == said {
			return
		}
		s.remember(key, said)
	} else {
		if s.last[key] == text {
			return
		}
		s.remember(key, text)
	}
	if !e.ETA.IsZero() {
		text += ", until about " + e.ETA.Local().Format("15:04")
	}
	fmt.Fprintf(s.w, "%s  %-12s %-24s %s\n", e.At.Local().Format("Mon 15:04:05"), e.Step, e.Resource, printable(text))
}

// inBytes tells of the steps whose progress is counted in bytes.
func inBytes(id ec2move.StepID) bool {
	switch id {
	case ec2move.StepHotImage, ec2move.StepHotCopy, ec2move.StepImage, ec2move.StepCopy, ec2move.StepVolumes:
		return true
	}
	return false
}

func (s *screen) remember(key, said string) {
	if s.last == nil {
		s.last = map[string]string{}
	}
	s.last[key] = said
}

func (s *screen) note(format string, args ...any) { fmt.Fprintf(s.w, format+"\n", args...) }

// size is bytes for people.
func size(n int64) string {
	const unit = 1 << 10
	for _, u := range []struct {
		name string
		of   int64
	}{{"TiB", unit * unit * unit * unit}, {"GiB", unit * unit * unit}, {"MiB", unit * unit}} {
		if n >= u.of {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(u.of), u.name)
		}
	}
	return fmt.Sprintf("%d B", n)
}

// printable drops control characters: what a platform says must not be able to drive the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}
