package cwmetrics

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// MetricID names a metric: by its namespace, its name and all of its dimensions.
type MetricID struct {
	Namespace  string            // "CWAgent", "AWS/EC2"
	Name       string            // "mem_used_percent"
	Dimensions map[string]string // all of them, at most 30; a metric with one more is another metric
}

// String is the metric in one line: "CWAgent/mem_used_percent{InstanceId=i-0123}".
func (m MetricID) String() string {
	var b strings.Builder
	b.WriteString(m.Namespace + "/" + m.Name)
	for i, name := range slices.Sorted(maps.Keys(m.Dimensions)) {
		if i == 0 {
			b.WriteByte('{')
		} else {
			b.WriteByte(',')
		}
		b.WriteString(name + "=" + m.Dimensions[name])
	}
	if len(m.Dimensions) > 0 {
		b.WriteByte('}')
	}
	return b.String()
}

// check gives every problem (PutMetricData, Metric and Dimension in the API reference, read 2026-11).
func (m MetricID) check() error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if n := len(m.Namespace); n == 0 || n > 255 || strings.HasPrefix(m.Namespace, ":") {
		bad("Namespace: %q, 1 to 255 characters, the first no colon", m.Namespace)
	}
	if n := len(m.Name); n == 0 || n > 255 {
		bad("Name: %q, 1 to 255 characters", m.Name)
	}
	if len(m.Dimensions) > 30 {
		bad("Dimensions: %d, more than 30", len(m.Dimensions))
	}
	for _, name := range slices.Sorted(maps.Keys(m.Dimensions)) {
		if len(name) > 255 || strings.HasPrefix(name, ":") || !printable(name) {
			bad("Dimensions: the name %q: 1 to 255 printable ASCII characters, not all blank, the first no colon", name)
		}
		if v := m.Dimensions[name]; len(v) > 1024 || !printable(v) {
			bad("Dimensions: the value of %q: 1 to 1,024 printable ASCII characters, not all blank", name)
		}
	}
	return errors.Join(problems...)
}

func printable(s string) bool {
	return strings.TrimSpace(s) != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

func (m MetricID) sdk() *types.Metric {
	out := &types.Metric{Namespace: &m.Namespace, MetricName: &m.Name}
	for _, name := range slices.Sorted(maps.Keys(m.Dimensions)) {
		out.Dimensions = append(out.Dimensions, types.Dimension{Name: &name, Value: new(m.Dimensions[name])})
	}
	return out
}

// The statistics that everybody uses. Others, by name: "p99", "p99.9", "tm95", "TM(10%:90%)", "PR(100:2000)", "IQM".
const (
	Average     = "Average"
	Minimum     = "Minimum"
	Maximum     = "Maximum"
	Sum         = "Sum"
	SampleCount = "SampleCount"
)

// checkStat holds a statistic against the syntax of CloudWatch (Statistics definitions, User Guide, read 2026-11): the five
// names, IQM; p, tm, wm, tc and ts with a percentile of up to 10 decimals; PR, TM, WM, TC and TS with a range, in percent or
// in the metric's own unit, either end of which may be open.
func checkStat(stat string) error {
	switch stat {
	case Average, Minimum, Maximum, Sum, SampleCount, "IQM":
		return nil
	}
	for _, short := range []string{"p", "tm", "wm", "tc", "ts"} {
		if n, ok := strings.CutPrefix(stat, short); ok && n != "" && n[0] >= '0' && n[0] <= '9' {
			if _, decimals, _ := strings.Cut(n, "."); percent(n) && len(decimals) <= 10 {
				return nil
			}
			return fmt.Errorf("%q: a percentile is 0 to 100, with up to 10 decimals", stat)
		}
	}
	for _, long := range []string{"PR", "TM", "WM", "TC", "TS"} {
		inside, ok := strings.CutPrefix(stat, long+"(")
		if !ok || !strings.HasSuffix(inside, ")") {
			continue
		}
		from, to, ok := strings.Cut(strings.TrimSuffix(inside, ")"), ":")
		if ok && bounds(from, to) && (long != "PR" || !strings.Contains(stat, "%")) {
			return nil
		}
		return fmt.Errorf("%q: a range is %s(from:to)", stat, long)
	}
	return fmt.Errorf("%q is no statistic", stat)
}

// bounds are the two ends of a range: both in percent or neither, one of them may be open, and they are in order.
func bounds(from, to string) bool {
	low, lowPercent := strings.CutSuffix(from, "%")
	high, highPercent := strings.CutSuffix(to, "%")
	if from == "" && to == "" || from != "" && to != "" && lowPercent != highPercent {
		return false
	}
	fits := func(end string, isPercent bool) bool { return isPercent && percent(end) || !isPercent && number(end) }
	if from != "" && !fits(low, lowPercent) || to != "" && !fits(high, highPercent) {
		return false
	}
	if from == "" || to == "" {
		return true
	}
	a, _ := strconv.ParseFloat(low, 64)
	b, _ := strconv.ParseFloat(high, 64)
	return a < b
}

// number tells plain decimals: no exponents, no signs, no hexadecimals.
func number(s string) bool {
	v, err := strconv.ParseFloat(s, 64)
	return err == nil && !math.IsInf(v, 0) && strings.Trim(s, "0123456789.") == "" && s[0] != '.'
}

func percent(s string) bool {
	v, err := strconv.ParseFloat(s, 64)
	return err == nil && number(s) && v >= 0 && v <= 100
}

// How long CloudWatch keeps points of a period, and so the least period for a start so long ago (API reference of
// GetMetricData, read 2026-11).
const (
	fineKept     = 3 * time.Hour
	byMinuteKept = 15 * 24 * time.Hour
	byFiveKept   = 63 * 24 * time.Hour
	allKept      = 455 * 24 * time.Hour
)

// LeastPeriod is the least period for which CloudWatch still has points of that age: those of seconds are kept for 3 hours, of
// a minute for 15 days, of 5 minutes for 63 days, of an hour for 455 days. A period must be a multiple of it.
func LeastPeriod(age time.Duration) time.Duration {
	switch {
	case age <= fineKept:
		return time.Second
	case age <= byMinuteKept:
		return time.Minute
	case age <= byFiveKept:
		return 5 * time.Minute
	}
	return time.Hour
}

// checkPeriod: 1, 5, 10, 20, 30 seconds or a multiple of a minute, and a multiple of what is kept for so long.
func checkPeriod(period, age time.Duration) error {
	if least := LeastPeriod(age); least > time.Second && period%least != 0 {
		return fmt.Errorf("Period: %v, and points %v old are kept by %v only", period, age.Round(time.Minute), least)
	}
	switch {
	case period >= time.Minute && period%time.Minute == 0:
		return nil
	case slices.Contains([]time.Duration{1, 5, 10, 20, 30}, period/time.Second) && period%time.Second == 0:
		return nil
	}
	return fmt.Errorf("Period: %v is not 1, 5, 10, 20 or 30 s or a multiple of a minute", period)
}
