package agentconf

import (
	"encoding/json"
	"maps"
)

// Collected are the plugins. nil = not collected.
type Collected struct {
	CPU       *CPU      `json:"cpu,omitempty"`
	Disk      *Disk     `json:"disk,omitempty"`
	DiskIO    *Devices  `json:"diskio,omitempty"`
	Mem       *Plugin   `json:"mem,omitempty"`
	Net       *Devices  `json:"net,omitempty"`
	Netstat   *Plugin   `json:"netstat,omitempty"`
	Processes *Plugin   `json:"processes,omitempty"`
	Swap      *Plugin   `json:"swap,omitempty"`
	NvidiaSMI *Plugin   `json:"nvidia_smi,omitempty"`
	Procstat  []Process `json:"procstat,omitempty"`
	Ethtool   *Ethtool  `json:"ethtool,omitempty"`
	StatsD    *StatsD   `json:"statsd,omitempty"`
	CollectD  *CollectD `json:"collectd,omitempty"`

	// Windows are counter objects by name: "LogicalDisk", "Memory", "Processor" … Each carries its counters as measurements.
	Windows map[string]Devices `json:"-"`
	// Other are plugins that are carried as they are, by name: "efa", "jmx", "otlp", "prometheus". What they publish is not
	// counted.
	Other map[string]json.RawMessage `json:"-"`
}

// Plugin is what most plugins have.
type Plugin struct {
	Measurements []Measurement     `json:"measurement"`                           // at least one, each once
	Interval     int               `json:"metrics_collection_interval,omitempty"` // seconds, 1 to 172,800; 0 = that of the agent
	Append       map[string]string `json:"append_dimensions,omitempty"`           // at most 30, of one's own: never ${aws:…}
	DropOriginal []string          `json:"drop_original_metrics,omitempty"`       // published in their aggregated form alone
}

// CPU is the plugin cpu.
type CPU struct {
	Plugin
	Resources []string `json:"resources,omitempty"` // ["*"] = one metric for every core besides the total
	Total     *bool    `json:"totalcpu,omitempty"`  // nil = true: cpu=cpu-total
}

// Disk is the plugin disk.
type Disk struct {
	Plugin
	Resources   []string `json:"resources,omitempty"`                // mount points; none or "*" = all of them
	IgnoreTypes []string `json:"ignore_file_system_types,omitempty"` // such as "tmpfs"
	DropDevice  bool     `json:"drop_device,omitempty"`              // no dimension device: its names change with the machine
}

// Devices is a plugin of things that are chosen by name: diskio, net, and the counters of Windows.
type Devices struct {
	Plugin
	Resources []string `json:"resources,omitempty"` // none or "*" = all of them
}

// Process is one entry of procstat: exactly what it looks for, and what it measures of it.
type Process struct {
	PIDFile string `json:"pid_file,omitempty"` // one of the three, at most 255
	Exe     string `json:"exe,omitempty"`      // a regular expression for the name
	Pattern string `json:"pattern,omitempty"`  // a regular expression for the whole command line
	Plugin         //nolint:embeddedstructfieldcheck // the order of the JSON; measurements without Rename and Unit
}

// Ethtool is the plugin ethtool: the statistics of a network driver, whose names nobody lists.
type Ethtool struct {
	Include      []string          `json:"interface_include,omitempty"`
	Exclude      []string          `json:"interface_exclude,omitempty"`
	Metrics      []string          `json:"metrics_include,omitempty"`
	Append       map[string]string `json:"append_dimensions,omitempty"`
	DropOriginal []string          `json:"drop_original_metrics,omitempty"`
}

// StatsD is a StatsD server on the machine. What is sent to it is published; how much that is cannot be known here.
type StatsD struct {
	Address       string   `json:"service_address,omitempty"` // empty = ":8125"
	Pending       int      `json:"allowed_pending_messages,omitempty"`
	Interval      int      `json:"metrics_collection_interval,omitempty"`
	Aggregation   *int     `json:"metrics_aggregation_interval,omitempty"` // seconds; 0 = none; nil = the default
	Separator     string   `json:"metric_separator,omitempty"`
	DropOriginal  []string `json:"drop_original_metrics,omitempty"`
	ServiceName   string   `json:"service.name,omitempty"`
	DeploymentEnv string   `json:"deployment.environment,omitempty"`
}

// CollectD is a server for collectd's network plugin on the machine.
type CollectD struct {
	Address       string            `json:"service_address,omitempty"`
	Prefix        string            `json:"name_prefix,omitempty"`
	AuthFile      string            `json:"collectd_auth_file,omitempty"`
	Security      string            `json:"collectd_security_level,omitempty"` // none, sign, encrypt
	TypesDB       []string          `json:"collectd_typesdb,omitempty"`        // at most 10
	Aggregation   *int              `json:"metrics_aggregation_interval,omitempty"`
	DropOriginal  []string          `json:"drop_original_metrics,omitempty"`
	ServiceName   string            `json:"service.name,omitempty"`
	DeploymentEnv string            `json:"deployment.environment,omitempty"`
	Append        map[string]string `json:"append_dimensions,omitempty"`
}

// Measurement is one thing that a plugin measures. Its JSON is the name alone where there is nothing more to say.
type Measurement struct {
	Name   string `json:"name"`             // with or without the plugin's prefix: "used_percent", "mem_used_percent"
	Rename string `json:"rename,omitempty"` // the metric's name in CloudWatch, at most 255; empty = plugin, "_", measurement
	Unit   string `json:"unit,omitempty"`   // of CloudWatch, such as "Percent"; empty = the agent's own
}

// Names are measurements without rename and unit.
func Names(names ...string) []Measurement {
	out := make([]Measurement, len(names))
	for i, n := range names {
		out[i] = Measurement{Name: n}
	}
	return out
}

// MarshalJSON gives the name alone, or an object.
func (m Measurement) MarshalJSON() ([]byte, error) {
	if m.Rename == "" && m.Unit == "" {
		return json.Marshal(m.Name)
	}
	type plain Measurement
	return json.Marshal(plain(m))
}

// MarshalJSON puts the counters of Windows and the plugins that are carried beside the others.
func (c Collected) MarshalJSON() ([]byte, error) {
	type plain Collected
	known, err := json.Marshal(plain(c))
	if err != nil || len(c.Windows)+len(c.Other) == 0 {
		return known, err
	}
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(known, &all); err != nil {
		return nil, err
	}
	maps.Copy(all, c.Other)
	for name, object := range c.Windows {
		if all[name], err = json.Marshal(object); err != nil {
			return nil, err
		}
	}
	return json.Marshal(all)
}
