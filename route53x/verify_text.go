package route53x

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// finish sorts what the report has and closes it.
func (r *run) finish() {
	r.report.Ended = time.Now()
	order := func(a, b Difference) int {
		if c := strings.Compare(a.Name.sortKey(), b.Name.sortKey()); c != 0 {
			return c
		}
		return strings.Compare(string(a.Type), string(b.Type))
	}
	slices.SortStableFunc(r.report.Differences, order)
	slices.SortStableFunc(r.report.Expected, order)
	slices.SortStableFunc(r.report.Problems, func(a, b Problem) int { return strings.Compare(string(a.Check), string(b.Check)) })
}

// String is the report for people: ! for what has to be looked at, = for what is expected, and the verdict last.
func (r *Report) String() string {
	var out strings.Builder
	olds, news := 0, 0
	for _, s := range r.Servers {
		if s.Old {
			olds++
		} else {
			news++
		}
	}
	fmt.Fprintf(&out, "%s: %d questions to %d old and %d new servers; %d answers are the same, %d differ, %d differ as expected\n",
		r.Zone.ZoneFile(), r.Questions, olds, news, r.Matches, len(r.Differences), len(r.Expected))
	for _, line := range r.group(r.Differences) {
		out.WriteString("! " + line + "\n")
	}
	for _, p := range r.Problems {
		fmt.Fprintf(&out, "! %s: %s: %s\n", p.Name.ZoneFile(), p.Check, p.Text)
	}
	for _, line := range r.group(r.Expected) {
		out.WriteString("= " + line + "\n")
	}
	for _, t := range r.TTLs {
		fmt.Fprintf(&out, "  %s %s: the TTL goes from %d to %d s\n", t.Name.ZoneFile(), t.Type, t.Old, t.New)
	}
	for _, n := range r.Notes {
		out.WriteString("  " + n + "\n")
	}
	if r.OK() {
		out.WriteString("OK\n")
	} else {
		out.WriteString("not OK: leave the name servers as they are\n")
	}
	return out.String()
}

// group writes what is the same at several servers once.
func (r *Report) group(all []Difference) []string {
	var lines []string
	at := map[string][]string{}
	for _, d := range all {
		line := d.String()
		if at[line] == nil {
			lines = append(lines, line)
		}
		at[line] = append(at[line], d.Server.String())
	}
	for i, line := range lines {
		lines[i] = r.place(at[line]) + ": " + line
	}
	return lines
}

func (r *Report) place(servers []string) string {
	var news []string
	for _, s := range r.Servers {
		if !s.Old {
			news = append(news, s.Server.String())
		}
	}
	if len(news) > 1 && slices.Equal(servers, news) {
		return fmt.Sprintf("all %d new servers", len(news))
	}
	return strings.Join(servers, ", ")
}
