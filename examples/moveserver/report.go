package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/internal/atomicfile"
)

//go:embed demo/report.html
var reportPage string

// page is what the report shows.
type page struct {
	Plan          *ec2move.Plan
	Fake          bool
	Planned, Went template.HTML
	Events        []line
	Error         string
}

type line struct{ At, Step, Resource, Text string }

// write writes the report, if one was asked for: the plan, what has happened, and how it ended.
func (j *job) write(failure error) error {
	if j.flags.report == "" || j.plan == nil {
		return nil
	}
	p := page{
		Plan: j.plan, Fake: j.p.fake, Planned: picture("the plan over time", planned(j.plan)),
		Went: picture("what happened over time", happened(j.screen.events)),
	}
	said := map[string]string{}
	for _, e := range j.screen.events {
		key := e.Step + " " + e.Resource
		if e.Phase != said[key] { // progress is in the picture
			p.Events = append(p.Events, line{e.At.Local().Format("2006-01-02 15:04:05"), e.Step, e.Resource, e.Phase})
		}
		said[key] = e.Phase
	}
	if failure != nil {
		p.Error = failure.Error()
	}
	t, err := template.New("report").Funcs(template.FuncMap{"span": span}).Parse(reportPage)
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
