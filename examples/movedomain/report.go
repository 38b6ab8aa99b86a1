package main

import (
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"strings"

	"github.com/kitroll/kitroll/internal/atomicfile"
	"github.com/kitroll/kitroll/route53x/transfer"
)

//go:embed demo/report.html
var reportPage string

// page is what the report shows.
type page struct {
	Plan    *transfer.Plan
	Fake    bool
	Wait    string
	Changes []string
	Open    map[string]bool
	Events  []line
	Error   string
	Reasons []string
	Hints   []string
}

type line struct {
	At, Step, Mark, Kind, Text string
}

// write writes the report, if one was asked for: the plan, what has happened, and how it ended.
func (j *job) write(failure error) error {
	if j.flags.report == "" || j.plan == nil {
		return nil
	}
	p := page{Plan: j.plan, Fake: j.p.fake, Wait: transfer.Span(j.plan.Wait()), Open: map[string]bool{}}
	for _, id := range j.plan.Open {
		p.Open[id] = true
	}
	if j.plan.Changes != nil {
		p.Changes = strings.Split(strings.TrimSuffix(j.plan.Changes.String(), "\n"), "\n")
	}
	for _, e := range j.screen.events {
		p.Events = append(p.Events, line{e.At.Local().Format("2006-01-02 15:04"), string(e.Step), mark(e.Kind), string(e.Kind), e.Text})
	}
	if failure != nil {
		p.Error = failure.Error()
		if e, ok := errors.AsType[*transfer.Error](failure); ok {
			p.Error, p.Reasons = string(e.Step)+": "+e.Text, e.Reasons
			p.Hints = []string{e.Hint, e.HintZH}
		}
	}
	t, err := template.New("report").Funcs(template.FuncMap{"span": transfer.Span}).Parse(reportPage)
	if err != nil {
		return fmt.Errorf("-report: %w", err)
	}
	var b strings.Builder
	if err := t.Execute(&b, p); err != nil {
		return fmt.Errorf("-report: %w", err)
	}
	if err := atomicfile.Write(j.flags.report, []byte(b.String()), 0o644); err != nil {
		return fmt.Errorf("-report: %w", err)
	}
	return nil
}

// joined keeps the first error as it is.
func joined(err, other error) error {
	if other == nil {
		return err
	}
	return errors.Join(err, other)
}
