package agentconf

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// check looks at every plugin.
func (c *Collected) check(p *problems, path string) {
	if len(c.names()) == 0 {
		p.add(path, "empty", "there is no plugin in it")
	}
	if len(c.Windows) > 0 {
		for _, name := range c.names() {
			if slices.Contains(linuxOnly(), name) {
				p.add(path+"."+name, "windows", "does not exist on Windows, and there are counters of Windows beside it")
			}
		}
	}
	if c.CPU != nil {
		c.CPU.check(p, path+".cpu", "cpu")
		if len(c.CPU.Resources) > 1 || len(c.CPU.Resources) == 1 && c.CPU.Resources[0] != "*" {
			p.add(path+".cpu.resources", "resources", `want ["*"] or nothing: cores cannot be chosen`)
		}
	}
	if c.Disk != nil {
		c.Disk.check(p, path+".disk", "disk")
		texts(p, path+".disk.resources", c.Disk.Resources, 256, 4096)
		texts(p, path+".disk.ignore_file_system_types", c.Disk.IgnoreTypes, 256, 4096)
	}
	for _, x := range c.devices() {
		x.check(p, path+"."+x.name, x.name)
		texts(p, path+"."+x.name+".resources", x.Resources, 256, 4096)
	}
	for _, x := range c.plain() {
		x.check(p, path+"."+x.name, x.name)
	}
	c.checkProcesses(p, path+".procstat")
	c.Ethtool.check(p, path+".ethtool")
	c.StatsD.check(p, path+".statsd")
	c.CollectD.check(p, path+".collectd")
	for _, name := range slices.Sorted(maps.Keys(c.Windows)) {
		at := path + "." + name
		if !isWindowsObject(name) {
			p.add(at, "unknown-plugin", "there is no such plugin, nor does an object of Windows have such a name%s", meant(name, pluginNames()))
			continue
		}
		object := c.Windows[name]
		object.check(p, at, name)
		texts(p, at+".resources", object.Resources, 256, 4096)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Other)) {
		at := path + "." + name
		if !slices.Contains(carried(), name) {
			p.add(at, "unknown-plugin", "there is no such plugin%s", meant(name, pluginNames()))
			continue
		}
		c.checkCarried(p, at, name)
	}
}

// checkCarried: jmx and otlp may be lists of objects.
func (c *Collected) checkCarried(p *problems, path, name string) {
	raw := c.Other[name]
	var list []json.RawMessage
	if (name == "jmx" || name == "otlp") && json.Unmarshal(raw, &list) == nil && list != nil {
		if len(list) < 1 || len(list) > 255 {
			p.add(path, "count", "%d entries are not 1 to 255", len(list))
		}
		return
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		p.add(path, "type", "want an object")
		return
	}
	if key := map[string]string{"efa": "measurement", "prometheus": "prometheus_config_path"}[name]; key != "" && fields[key] == nil {
		p.add(path+"."+key, "required", "is required")
	}
}

type namedDevices struct {
	*Devices
	name string
}

type namedPlugin struct {
	*Plugin
	name string
}

// devices are the plugins with things to choose from that are configured.
func (c *Collected) devices() (out []namedDevices) {
	for _, x := range []namedDevices{{c.DiskIO, "diskio"}, {c.Net, "net"}} {
		if x.Devices != nil {
			out = append(out, x)
		}
	}
	return out
}

// plain are the plugins that measure one thing for the whole machine that are configured, and that of the graphics cards.
func (c *Collected) plain() (out []namedPlugin) {
	for _, x := range []namedPlugin{
		{c.Mem, "mem"}, {c.Swap, "swap"}, {c.Netstat, "netstat"}, {c.Processes, "processes"}, {c.NvidiaSMI, "nvidia_smi"},
	} {
		if x.Plugin != nil {
			out = append(out, x)
		}
	}
	return out
}

// names are the plugins that are configured, sorted.
func (c *Collected) names() (names []string) {
	for name, there := range map[string]bool{
		"cpu": c.CPU != nil, "disk": c.Disk != nil, "diskio": c.DiskIO != nil, "mem": c.Mem != nil, "net": c.Net != nil,
		"netstat": c.Netstat != nil, "processes": c.Processes != nil, "swap": c.Swap != nil, "nvidia_smi": c.NvidiaSMI != nil,
		"procstat": c.Procstat != nil, "ethtool": c.Ethtool != nil, "statsd": c.StatsD != nil, "collectd": c.CollectD != nil,
	} {
		if there {
			names = append(names, name)
		}
	}
	names = slices.AppendSeq(names, maps.Keys(c.Windows))
	names = slices.AppendSeq(names, maps.Keys(c.Other))
	slices.Sort(names)
	return names
}

func pluginNames() []string {
	return slices.Concat([]string{
		"cpu", "disk", "diskio", "mem", "net", "netstat", "processes", "swap", "nvidia_smi", "procstat", "ethtool", "statsd", "collectd",
	}, carried(), windowsObjects())
}

// check is that of every plugin with measurements.
func (x *Plugin) check(p *problems, path, plugin string) {
	interval(p, path+".metrics_collection_interval", x.Interval)
	if len(x.Measurements) == 0 {
		p.add(path+".measurement", "required", "nothing is measured")
	}
	known, seen := measurementsOf(plugin), map[string]bool{}
	for i, m := range x.Measurements {
		at := fmt.Sprintf("%s.measurement[%d]", path, i)
		required(p, at, m.Name, 255)
		length(p, at+".rename", m.Rename, 255)
		length(p, at+".unit", m.Unit, 256)
		name := bare(plugin, m.Name)
		switch {
		case m.Name == "":
		case known != nil && !slices.Contains(known, name):
			p.add(at, "unknown-measurement", "%s does not measure %q%s", plugin, m.Name, meant(name, known))
		case seen[name]:
			p.add(at, "duplicate", "%q is there already", m.Name)
		}
		seen[name] = true
		if plain := plugin == "procstat" || plugin == "nvidia_smi"; plain && (m.Rename != "" || m.Unit != "") {
			p.add(at, "decoration", "%s takes plain names: no rename, no unit", plugin)
		}
	}
	dimensions(p, path+".append_dimensions", x.Append)
	dropped(p, path+".drop_original_metrics", x.DropOriginal)
}

func dropped(p *problems, path string, list []string) {
	if list != nil && len(list) == 0 {
		p.add(path, "empty", "there is nothing in it")
	}
	duplicates(p, path, list)
}

// dimensions are those of a plugin: one's own, never those of the instance. Old agents published "${aws:InstanceId}"
// literally from there (field reports).
func dimensions(p *problems, path string, pairs map[string]string) {
	if len(pairs) > 30 {
		p.add(path, "count", "%d dimensions are more than 30", len(pairs))
	}
	for _, key := range slices.Sorted(maps.Keys(pairs)) {
		at := path + "." + key
		if key == "" {
			p.add(path, "required", "a dimension has no name")
		}
		length(p, at, key, 255)
		required(p, at, pairs[key], 1024)
		if strings.Contains(pairs[key], "${aws:") {
			p.add(at, "plugin-dimensions", "%s would be published as it stands: dimensions of the instance belong into metrics.append_dimensions", pairs[key])
		}
	}
}

// texts is a list of texts, each of at least one character.
func texts(p *problems, path string, list []string, most, longest int) {
	if len(list) > most {
		p.add(path, "count", "%d entries are more than %d", len(list), most)
	}
	for i, s := range list {
		required(p, fmt.Sprintf("%s[%d]", path, i), s, longest)
	}
	duplicates(p, path, list)
}

func (c *Collected) checkProcesses(p *problems, path string) {
	if c.Procstat != nil && (len(c.Procstat) < 1 || len(c.Procstat) > 255) {
		p.add(path, "count", "%d entries are not 1 to 255", len(c.Procstat))
	}
	for i, x := range c.Procstat {
		at := fmt.Sprintf("%s[%d]", path, i)
		x.check(p, at, "procstat")
		given := 0
		for _, by := range [][2]string{{"pid_file", x.PIDFile}, {"exe", x.Exe}, {"pattern", x.Pattern}} {
			length(p, at+"."+by[0], by[1], 255)
			if by[1] != "" {
				given++
			}
		}
		if given != 1 {
			p.add(at, "required", "want exactly one of pid_file, exe and pattern, not %d", given)
		}
		expression(p, at+".exe", x.Exe)
		expression(p, at+".pattern", x.Pattern)
	}
}

// expression checks what the agent, a Go program as well, compiles with the same package.
func expression(p *problems, path, s string) {
	if _, err := regexp.Compile(s); err != nil {
		p.add(path, "expression", "%v", err)
	}
}

func (e *Ethtool) check(p *problems, path string) {
	if e == nil {
		return
	}
	texts(p, path+".interface_include", e.Include, 1<<20, 255)
	texts(p, path+".interface_exclude", e.Exclude, 1<<20, 255)
	texts(p, path+".metrics_include", e.Metrics, 1<<20, 255)
	if len(e.Metrics) == 0 {
		p.add(path+".metrics_include", "required", "nothing is measured")
	}
	dimensions(p, path+".append_dimensions", e.Append)
	dropped(p, path+".drop_original_metrics", e.DropOriginal)
}

func (s *StatsD) check(p *problems, path string) {
	if s == nil {
		return
	}
	length(p, path+".service_address", s.Address, 255)
	length(p, path+".metric_separator", s.Separator, 255)
	if s.Pending < 0 || s.Pending > 1<<31-1 {
		p.add(path+".allowed_pending_messages", "value", "%d is not in 1 to 2,147,483,647", s.Pending)
	}
	interval(p, path+".metrics_collection_interval", s.Interval)
	intervalOrZero(p, path+".metrics_aggregation_interval", s.Aggregation)
	dropped(p, path+".drop_original_metrics", s.DropOriginal)
	length(p, path+".service.name", s.ServiceName, 4096)
	length(p, path+".deployment.environment", s.DeploymentEnv, 4096)
}

func (c *CollectD) check(p *problems, path string) {
	if c == nil {
		return
	}
	length(p, path+".service_address", c.Address, 255)
	length(p, path+".name_prefix", c.Prefix, 255)
	length(p, path+".collectd_auth_file", c.AuthFile, 4096)
	oneOf(p, path+".collectd_security_level", c.Security, "none", "sign", "encrypt")
	texts(p, path+".collectd_typesdb", c.TypesDB, 10, 4096)
	intervalOrZero(p, path+".metrics_aggregation_interval", c.Aggregation)
	dropped(p, path+".drop_original_metrics", c.DropOriginal)
	length(p, path+".service.name", c.ServiceName, 4096)
	length(p, path+".deployment.environment", c.DeploymentEnv, 4096)
	dimensions(p, path+".append_dimensions", c.Append)
}
