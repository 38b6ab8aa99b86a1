package main

import (
	"cmp"
	"fmt"
	"html"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/ec2move"
)

// bar is a line of a timeline.
type bar struct {
	label, word string
	from, to    time.Duration
	loss        bool // the source cannot serve meanwhile
}

// planned are the steps one after the other, as long as the plan takes them to be.
func planned(p *ec2move.Plan) (bars []bar) {
	var at time.Duration
	for _, s := range p.Steps {
		bars = append(bars, bar{label: string(s.ID), word: span(s.Duration), from: at, to: at + s.Duration})
		at += s.Duration
	}
	return bars
}

// happened are the steps as they went, from the first event to the last.
func happened(events []awsops.Event) (bars []bar) {
	if len(events) == 0 {
		return nil
	}
	began := events[0].At
	by := map[string]*bar{}
	var order []string
	for _, e := range events {
		key := e.Step
		if e.Total > 0 && e.Resource != "" {
			key += " " + e.Resource
		}
		at := e.At.Sub(began)
		b := by[key]
		if b == nil {
			b = &bar{label: key, from: at}
			by[key] = b
			order = append(order, key)
		}
		b.to = at
	}
	for _, key := range order {
		b := by[key]
		b.word = span(b.to - b.from)
		bars = append(bars, *b)
	}
	slices.SortStableFunc(bars, func(a, b bar) int { return cmp.Compare(a.from, b.from) })
	return bars
}

// picture draws bars over time as SVG: every step has its line, and at least a few pixels.
func picture(title string, bars []bar) template.HTML {
	if len(bars) == 0 {
		return ""
	}
	const left, width, line = 230, 640, 22
	var end time.Duration
	for _, b := range bars {
		end = max(end, b.to)
	}
	end = max(end, time.Second)
	x := func(d time.Duration) float64 { return left + float64(d)/float64(end)*width }
	height := line*len(bars) + 30
	var s strings.Builder
	fmt.Fprintf(&s, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s" class="timeline">`, left+width+90, height, html.EscapeString(title))
	for i := range 5 {
		d := end * time.Duration(i) / 4
		fmt.Fprintf(&s, `<line x1="%.1f" y1="0" x2="%.1f" y2="%d" class="grid"/><text x="%.1f" y="%d" class="tick">%s</text>`,
			x(d), x(d), height-18, x(d), height-4, html.EscapeString(span(d)))
	}
	for i, b := range bars {
		y := i * line
		class := "bar"
		if b.loss {
			class = "bar loss"
		}
		w := max(x(b.to)-x(b.from), 3)
		fmt.Fprintf(&s, `<text x="%d" y="%d" class="label">%s</text><rect x="%.1f" y="%d" width="%.1f" height="%d" rx="3" class="%s"/><text x="%.1f" y="%d" class="word">%s</text>`,
			left-8, y+15, html.EscapeString(b.label), x(b.from), y+4, w, line-8, class, x(b.from)+w+4, y+15, html.EscapeString(b.word))
	}
	s.WriteString("</svg>")
	return template.HTML(s.String()) //nolint:gosec // every text in it is escaped above
}
