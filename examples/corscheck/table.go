package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/kitroll/kitroll/aliyun"
)

// writeTable is a report for people.
func writeTable(out io.Writer, r aliyun.ProbeReport, zh bool) error {
	fmt.Fprintf(out, "%s  asked by %s\n\n", r.URL, r.Origin)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  request\tstatus\tallow-origin\tcredentials\tvary")
	for _, x := range r.Exchanges {
		fmt.Fprintf(t, "  %s\t%d\t%s\t%s\t%s\n", x.Name, x.Status, cell(x, "Access-Control-Allow-Origin"),
			cell(x, "Access-Control-Allow-Credentials"), cell(x, "Vary"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n  scripts may read it: %s, may send to it: %s\n", yesNo(r.Readable), yesNo(r.Sendable))
	for _, f := range r.Findings {
		en, chinese := f.Kind.Hint()
		hint := en
		if zh {
			hint = chinese
		}
		fmt.Fprintf(out, "  ✗ %s: %s\n    → %s\n", f.Kind, f.Detail, hint)
	}
	if len(r.Findings) == 0 {
		fmt.Fprintln(out, "  ✓ nothing to mend")
	}
	_, err := fmt.Fprintln(out)
	return err
}

// cell shows a header that is there several times as such, because that is the fault to see.
func cell(x aliyun.Exchange, header string) string {
	if values := x.Headers.Values(header); len(values) > 0 {
		return strings.Join(values, " | ")
	}
	return "–"
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "NO"
}
