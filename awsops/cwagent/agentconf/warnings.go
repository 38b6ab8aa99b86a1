package agentconf

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// StandardParameter is how many bytes a parameter of the standard tier of Parameter Store holds; the paid one holds
// [AdvancedParameter].
const (
	StandardParameter = 4096
	AdvancedParameter = 8192
)

// Warnings are what is allowed and will be regretted. A configuration without any is not better for it: each says what it
// costs. Rules: "no-instance-id", "kernel-file-systems", "device", "instance-type", "aggregation", "parameter-size",
// "parameter-braces", "file-deleted", "uncounted".
func (c Config) Warnings() []Problem {
	var p problems
	if m := c.MetricsSection; m != nil {
		m.warn(&p)
		if plain, all := c.count(false), c.count(true); all > plain {
			p.add("metrics.aggregation_dimensions", "aggregation", "aggregation adds metrics, each billed: %d in place of %d on a machine with one of everything", all, plain)
		}
		if names := c.Uncounted(); len(names) > 0 {
			p.add("metrics.metrics_collected", "uncounted", "how many metrics %s will publish cannot be known from here", strings.Join(names, ", "))
		}
	}
	if c.Logs != nil && c.Logs.Collected != nil && c.Logs.Collected.Files != nil {
		for i, f := range c.Logs.Collected.Files.List {
			if f.AutoRemoval {
				p.add(fmt.Sprintf("logs.logs_collected.files.collect_list[%d].auto_removal", i), "file-deleted", "%s is deleted when it has been sent", f.Path)
			}
		}
	}
	text, err := json.Marshal(c)
	if err != nil {
		return p
	}
	if n := len(text); n > StandardParameter {
		p.add("", "parameter-size", "%d bytes are more than the %d of a standard parameter of Parameter Store", n, StandardParameter)
	}
	if strings.Contains(string(text), "{{") {
		p.add("", "parameter-braces", "Parameter Store takes no value with double braces")
	}
	return p
}

// count is how many metrics a machine with one of everything publishes, with or without aggregation.
func (c Config) count(aggregated bool) int {
	own := *c.MetricsSection
	if !aggregated {
		own.Aggregate = nil
	}
	return len(Config{Agent: c.Agent, MetricsSection: &own}.Metrics(nil))
}

func (m *Metrics) warn(p *problems) {
	const path = "metrics.append_dimensions"
	if _, ok := m.Append[DimInstanceID]; !ok {
		p.add(path, "no-instance-id", "no metric will carry InstanceId, and none can be found by the ID of its instance: add %q", DimInstanceID)
	}
	if _, ok := m.Append[DimInstanceType]; ok {
		p.add(path+"."+DimInstanceType, "instance-type", "a change of the instance's type begins a new series of every metric")
	}
	d := m.Collected.Disk
	if d == nil {
		return
	}
	const disk = "metrics.metrics_collected.disk"
	if len(d.Resources) == 0 || slices.Contains(d.Resources, "*") {
		var billed []string
		for _, fs := range []string{"tmpfs", "devtmpfs", "squashfs", "overlay"} {
			if !slices.Contains(d.IgnoreTypes, fs) {
				billed = append(billed, fs)
			}
		}
		if len(billed) > 0 {
			p.add(disk+".ignore_file_system_types", "kernel-file-systems", "every mount of %s is a billed metric and says nothing: ignore these types", strings.Join(billed, ", "))
		}
	}
	if !d.DropDevice {
		p.add(disk+".drop_device", "device", "the names of devices change with the machine, and each change begins a new series: drop them")
	}
}
