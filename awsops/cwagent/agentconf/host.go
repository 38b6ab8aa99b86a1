package agentconf

import "slices"

// HostOptions are what [Host] may be told. nil and zero fields are defaults.
type HostOptions struct {
	Windows   bool   // counters of Windows in place of the plugins of Linux
	Namespace string // default "CWAgent"
	Interval  int    // seconds, default 60
	RunAsUser string // Linux; default "cwagent", which the package creates; "root" for files that only root can read
	CPU       bool   // also the use of the processor, as one total
	Net       bool   // also bytes in and out of every interface
	// AutoScaling adds the dimension AutoScalingGroupName.
	AutoScaling bool
	// ByInstance also publishes each metric aggregated to InstanceId alone: easier alarms, and one more billed metric for each.
	ByInstance bool
	Files      []File
	Journald   []Journal
	Events     []WindowsEvent
}

// KernelFileSystems are the types of mounts that hold no data of anybody: their use is no news, and each would be billed.
// Read-only images are among them, which are always full.
func KernelFileSystems() []string {
	return []string{
		"autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs", "fusectl", "hugetlbfs",
		"iso9660", "mqueue", "nsfs", "overlay", "proc", "pstore", "ramfs", "securityfs", "squashfs", "sysfs", "tmpfs", "tracefs",
	}
}

// Host is what most want of a machine: the use of memory, swap and disks, found by InstanceId, with no metric for a mount of
// the kernel and no device names, which change. It is valid as it stands.
func Host(opts *HostOptions) Config {
	var o HostOptions
	if opts != nil {
		o = *opts
	}
	c := Config{Agent: &Agent{Interval: o.Interval}, MetricsSection: &Metrics{Namespace: o.Namespace, Append: Append(DimInstanceID)}}
	if o.Interval == 0 {
		c.Agent.Interval = 60
	}
	if o.AutoScaling {
		c.MetricsSection.Append = Append(DimInstanceID, DimAutoScaling)
	}
	if o.ByInstance {
		c.MetricsSection.Aggregate = [][]string{{DimInstanceID}}
	}
	if o.Windows {
		c.MetricsSection.Collected.Windows = windowsHost(o)
	} else {
		c.Agent.RunAsUser = o.RunAsUser
		if o.RunAsUser == "" {
			c.Agent.RunAsUser = "cwagent"
		}
		c.MetricsSection.Collected = linuxHost(o)
	}
	if len(o.Files)+len(o.Journald)+len(o.Events) > 0 {
		c.Logs = &Logs{Collected: &LogsCollected{}}
	}
	if len(o.Files) > 0 {
		c.Logs.Collected.Files = &Files{List: slices.Clone(o.Files)}
	}
	if len(o.Journald) > 0 {
		c.Logs.Collected.Journald = &Journald{List: slices.Clone(o.Journald)}
	}
	if len(o.Events) > 0 {
		c.Logs.Collected.WindowsEvents = &WindowsEvents{List: slices.Clone(o.Events)}
	}
	return c
}

func linuxHost(o HostOptions) Collected {
	c := Collected{
		Mem:  &Plugin{Measurements: Names("used_percent")},
		Swap: &Plugin{Measurements: Names("used_percent")},
		Disk: &Disk{
			Plugin:      Plugin{Measurements: Names("used_percent")},
			Resources:   []string{"*"},
			IgnoreTypes: KernelFileSystems(),
			DropDevice:  true,
		},
	}
	if o.CPU {
		c.CPU = &CPU{Plugin: Plugin{Measurements: Names("usage_active")}, Total: new(true)}
	}
	if o.Net {
		c.Net = &Devices{Plugin: Plugin{Measurements: Names("bytes_recv", "bytes_sent")}, Resources: []string{"*"}}
	}
	return c
}

func windowsHost(o HostOptions) map[string]Devices {
	c := map[string]Devices{
		"LogicalDisk": {Plugin: Plugin{Measurements: Names("% Free Space")}, Resources: []string{"*"}},
		"Memory":      {Plugin: Plugin{Measurements: Names("% Committed Bytes In Use")}},
	}
	if o.CPU {
		c["Processor"] = Devices{Plugin: Plugin{Measurements: Names("% Processor Time")}, Resources: []string{"_Total"}}
	}
	if o.Net {
		c["Network Interface"] = Devices{Plugin: Plugin{Measurements: Names("Bytes Received/sec", "Bytes Sent/sec")}, Resources: []string{"*"}}
	}
	return c
}
