package agentconf

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

const maxList = 16_384

func (l *Logs) check(p *problems) {
	const path = "logs"
	if l.Collected == nil && l.Metrics == nil {
		p.add(path, "required", "want logs_collected or metrics_collected")
	}
	length(p, path+".log_stream_name", l.StreamName, 512)
	interval(p, path+".force_flush_interval", l.FlushInterval)
	l.Credentials.check(p, path+".credentials")
	endpoint(p, path+".endpoint_override", l.Endpoint)
	length(p, path+".service.name", l.ServiceName, 255)
	length(p, path+".deployment.environment", l.DeploymentEnv, 259)
	if l.ConcurrentCalls < 0 {
		p.add(path+".concurrency", "value", "%d is less than 1", l.ConcurrentCalls)
	}
	carriedObject(p, path+".metrics_collected", l.Metrics, "")
	if l.Collected != nil {
		l.Collected.check(p, path+".logs_collected")
	}
}

func (c *LogsCollected) check(p *problems, path string) {
	if c.Files == nil && c.WindowsEvents == nil && c.Journald == nil && c.ApplicationSignals == nil {
		p.add(path, "empty", "there is nothing in it: want files, windows_events or journald")
	}
	if c.WindowsEvents != nil && c.Journald != nil {
		p.add(path+".journald", "windows", "there is no journal on Windows, and there are event logs of Windows beside it")
	}
	var raw map[string]json.RawMessage
	if c.ApplicationSignals != nil && (json.Unmarshal(c.ApplicationSignals, &raw) != nil || raw == nil) {
		p.add(path+".application_signals", "type", "want an object")
	}
	if c.Files != nil {
		checkList(p, path+".files.collect_list", c.Files.List, File.check)
	}
	if c.WindowsEvents != nil {
		checkList(p, path+".windows_events.collect_list", c.WindowsEvents.List, WindowsEvent.check)
	}
	if c.Journald != nil {
		checkList(p, path+".journald.collect_list", c.Journald.List, Journal.check)
	}
}

// checkList checks the number of entries, that none is there twice, and each.
func checkList[E any](p *problems, path string, list []E, check func(E, *problems, string)) {
	if n := len(list); n < 1 || n > maxList {
		p.add(path, "count", "%d entries are not 1 to 16,384", n)
	}
	seen := make(map[string]bool, len(list))
	for i, e := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		if text, err := json.Marshal(e); err == nil {
			if seen[string(text)] {
				p.add(at, "duplicate", "is there already")
			}
			seen[string(text)] = true
		}
		check(e, p, at)
	}
}

func (g LogGroup) check(p *problems, path string) {
	length(p, path+".log_group_name", g.Group, 512)
	length(p, path+".log_stream_name", g.Stream, 512)
	length(p, path+".log_group_class", g.Class, 512)
	if g.Retention != 0 && !slices.Contains(Retentions(), g.Retention) {
		p.add(path+".retention_in_days", "retention", "%d is none of the days that CloudWatch Logs knows: %s", g.Retention, listed(Retentions()))
	}
	for i, f := range g.Filters {
		at := fmt.Sprintf("%s.filters[%d]", path, i)
		if f.Type == "" {
			p.add(at+".type", "required", "is required: include or exclude")
		}
		oneOf(p, at+".type", f.Type, "include", "exclude")
		if f.Expression == "" {
			p.add(at+".expression", "required", "is required")
		}
		expression(p, at+".expression", f.Expression)
	}
}

func listed(days []int) string { return strings.Trim(fmt.Sprint(days), "[]") }

func (f File) check(p *problems, path string) {
	required(p, path+".file_path", f.Path, 4096)
	f.LogGroup.check(p, path)
	length(p, path+".blacklist", f.Blacklist, 4096)
	expression(p, path+".blacklist", f.Blacklist)
	length(p, path+".multi_line_start_pattern", f.MultiLineStart, 4096)
	if f.MultiLineStart == "{timestamp_format}" {
		if f.Timestamp == "" {
			p.add(path+".multi_line_start_pattern", "required", "{timestamp_format} needs a timestamp_format")
		}
	} else {
		expression(p, path+".multi_line_start_pattern", f.MultiLineStart)
	}
	length(p, path+".timestamp_format", f.Timestamp, 4096)
	oneOf(p, path+".timezone", f.Timezone, "Local", "LOCAL", "UTC")
	length(p, path+".encoding", f.Encoding, 4096)
	oneOf(p, path+".backpressure_mode", f.Backpressure, "fd_release")
	length(p, path+".service.name", f.ServiceName, 255)
	length(p, path+".deployment.environment", f.DeploymentEnv, 259)
}

func (e WindowsEvent) check(p *problems, path string) {
	required(p, path+".event_name", e.Event, 255)
	if e.Event == "Forwarded Events" {
		p.add(path+".event_name", "value", "the agent cannot read forwarded events")
	}
	e.LogGroup.check(p, path)
	if len(e.Levels)+len(e.IDs)+len(e.Filters) == 0 {
		p.add(path, "required", "want event_levels, event_ids or filters")
	}
	for i, level := range e.Levels {
		at := fmt.Sprintf("%s.event_levels[%d]", path, i)
		if level == "" {
			p.add(at, "required", "is empty")
		}
		oneOf(p, at, level, "CRITICAL", "ERROR", "WARNING", "INFORMATION", "VERBOSE")
	}
	duplicates(p, path+".event_levels", e.Levels)
	ids := map[int]bool{}
	for i, id := range e.IDs {
		at := fmt.Sprintf("%s.event_ids[%d]", path, i)
		switch {
		case id < 0 || id > 65_535:
			p.add(at, "value", "%d is not in 0 to 65,535", id)
		case ids[id]:
			p.add(at, "duplicate", "%d is there already", id)
		}
		ids[id] = true
	}
	oneOf(p, path+".event_format", e.Format, "text", "xml")
}

func (j Journal) check(p *problems, path string) {
	if j.Group == "" {
		p.add(path+".log_group_name", "required", "is required")
	}
	j.LogGroup.check(p, path)
	texts(p, path+".units", j.Units, 1<<20, 256)
	oneOf(p, path+".priority", j.Priority, "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
		"0", "1", "2", "3", "4", "5", "6", "7")
	seen := map[string]bool{}
	for i, m := range j.Matches {
		at := fmt.Sprintf("%s.matches[%d]", path, i)
		if len(m) == 0 {
			p.add(at, "empty", "there is nothing in it")
		}
		text, err := json.Marshal(m)
		if err == nil && seen[string(text)] {
			p.add(at, "duplicate", "is there already")
		}
		seen[string(text)] = true
	}
}
