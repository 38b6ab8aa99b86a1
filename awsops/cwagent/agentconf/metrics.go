package agentconf

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Machine is what a configuration meets. What is not known stays a placeholder in the dimensions, such as
// "${aws:InstanceId}": the number of metrics is right all the same, as far as the lists are.
type Machine struct {
	InstanceID, ImageID, InstanceType string
	AutoScalingGroup                  string // empty = it is in none, and the dimension is not there
	Hostname                          string // the dimension host, where the configuration leaves it
	CPUs                              int    // 0 = 1
	GPUs                              int    // 0 = 1
	Mounts                            []Mount
	Disks                             []string // for diskio: "nvme0n1", "nvme0n1p1"; of Windows: "C:"
	Interfaces                        []string // for net: "eth0", "lo"
}

// Mount is one line of /proc/mounts.
type Mount struct {
	Path   string // "/"
	Device string // "nvme0n1p1"
	Type   string // "ext4"
}

// MetricID is one metric as CloudWatch knows it. Each is billed by itself.
type MetricID struct {
	Namespace  string            `json:"namespace"`
	Name       string            `json:"name"`
	Dimensions map[string]string `json:"dimensions"`
}

// Known tells whether all dimensions are known, so that CloudWatch can be asked for exactly this metric.
func (id MetricID) Known() bool {
	for _, v := range id.Dimensions {
		if strings.Contains(v, "${") {
			return false
		}
	}
	return true
}

// String is the metric as in "CWAgent/disk_used_percent{fstype=ext4,path=/}".
func (id MetricID) String() string {
	pairs := make([]string, 0, len(id.Dimensions))
	for _, k := range slices.Sorted(maps.Keys(id.Dimensions)) {
		pairs = append(pairs, k+"="+id.Dimensions[k])
	}
	return id.Namespace + "/" + id.Name + "{" + strings.Join(pairs, ",") + "}"
}

// Metrics are the metrics that the machine will publish, sorted, each once: one for every measurement and combination of
// dimensions, and those that aggregation adds. nil is a machine with one of everything. [Config.Uncounted] names the plugins of
// which nothing can be said. The names and dimensions of mem, swap, cpu, disk, net and the rest of the machine are documented;
// those of procstat, ethtool, nvidia_smi and of Windows are counted right and spelt unverified.
func (c Config) Metrics(m *Machine) []MetricID {
	if c.MetricsSection == nil {
		return nil
	}
	k := counter{c: c, m: m.orOne(), namespace: cmp.Or(c.MetricsSection.Namespace, DefaultNamespace)}
	k.machine()
	k.things()
	k.others()
	byName := map[string]MetricID{}
	for _, id := range k.aggregated() {
		byName[id.String()] = id
	}
	var ids []MetricID
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		ids = append(ids, byName[name])
	}
	return ids
}

// Uncounted are the plugins whose metrics are not among [Config.Metrics], since they depend on what is sent to them or on
// what their own configuration says.
func (c Config) Uncounted() (names []string) {
	if c.MetricsSection == nil {
		return nil
	}
	if c.MetricsSection.Collected.CollectD != nil {
		names = append(names, "collectd")
	}
	names = slices.AppendSeq(names, maps.Keys(c.MetricsSection.Collected.Other))
	if c.MetricsSection.Collected.StatsD != nil {
		names = append(names, "statsd")
	}
	slices.Sort(names)
	return names
}

func (m *Machine) orOne() Machine {
	var out Machine
	if m != nil {
		out = *m
	}
	out.CPUs, out.GPUs = max(out.CPUs, 1), max(out.GPUs, 1)
	if out.Mounts == nil {
		out.Mounts = []Mount{{Path: "/", Device: "${device}", Type: "${fstype}"}}
	}
	if out.Disks == nil {
		out.Disks = []string{"${name}"}
	}
	if out.Interfaces == nil {
		out.Interfaces = []string{"${interface}"}
	}
	return out
}

type counter struct {
	c         Config
	m         Machine
	namespace string
	ids       []counted
}

type counted struct {
	MetricID
	dropped bool // published only where it is aggregated
}

// add counts one set of dimensions for every measurement of a plugin.
func (k *counter) add(plugin string, x Plugin, own map[string]string) {
	for _, m := range x.Measurements {
		id := MetricID{Namespace: k.namespace, Name: metricName(plugin, m), Dimensions: k.common()}
		maps.Copy(id.Dimensions, own)
		maps.Copy(id.Dimensions, x.Append)
		dropped := slices.ContainsFunc(x.DropOriginal, func(s string) bool { return s == id.Name || s == "*" || bare(plugin, s) == bare(plugin, m.Name) })
		k.ids = append(k.ids, counted{MetricID: id, dropped: dropped})
	}
}

// common are the dimensions of every metric: those of append_dimensions, or host.
func (k *counter) common() map[string]string {
	out := map[string]string{}
	for key := range k.c.MetricsSection.Append {
		switch key {
		case DimInstanceID:
			out[key] = cmp.Or(k.m.InstanceID, "${aws:InstanceId}")
		case DimImageID:
			out[key] = cmp.Or(k.m.ImageID, "${aws:ImageId}")
		case DimInstanceType:
			out[key] = cmp.Or(k.m.InstanceType, "${aws:InstanceType}")
		case DimAutoScaling:
			if k.m.AutoScalingGroup != "" {
				out[key] = k.m.AutoScalingGroup
			}
		}
	}
	if len(k.c.MetricsSection.Append) == 0 && (k.c.Agent == nil || !k.c.Agent.OmitHostname) {
		out["host"] = cmp.Or(k.m.Hostname, "${host}")
	}
	return out
}

// machine are the plugins of one set of dimensions, and the processor.
func (k *counter) machine() {
	c := k.c.MetricsSection.Collected
	for _, x := range c.plain() {
		if x.name != "nvidia_smi" {
			k.add(x.name, *x.Plugin, nil)
			continue
		}
		for i := range k.m.GPUs {
			k.add(x.name, *x.Plugin, map[string]string{"index": strconv.Itoa(i)})
		}
	}
	if c.CPU == nil {
		return
	}
	if c.CPU.Total == nil || *c.CPU.Total {
		k.add("cpu", c.CPU.Plugin, map[string]string{"cpu": "cpu-total"})
	}
	if len(c.CPU.Resources) > 0 {
		for i := range k.m.CPUs {
			k.add("cpu", c.CPU.Plugin, map[string]string{"cpu": "cpu" + strconv.Itoa(i)})
		}
	}
}

// things are the plugins of many: mounts, devices, interfaces, instances of counters.
func (k *counter) things() {
	c := k.c.MetricsSection.Collected
	if c.Disk != nil {
		for _, m := range k.m.Mounts {
			if slices.Contains(c.Disk.IgnoreTypes, m.Type) || !chosen(c.Disk.Resources, m.Path) {
				continue
			}
			own := map[string]string{"path": m.Path, "fstype": m.Type}
			if !c.Disk.DropDevice {
				own["device"] = m.Device
			}
			k.add("disk", c.Disk.Plugin, own)
		}
	}
	for _, x := range c.devices() {
		all, dimension := k.m.Disks, "name"
		if x.name == "net" {
			all, dimension = k.m.Interfaces, "interface"
		}
		for _, name := range all {
			if chosen(x.Resources, name) || strings.HasPrefix(name, "${") {
				k.add(x.name, x.Plugin, map[string]string{dimension: name})
			}
		}
	}
	for _, object := range slices.Sorted(maps.Keys(c.Windows)) {
		k.counters(object, c.Windows[object])
	}
}

// counters: an object without resources has one instance, as Memory does.
func (k *counter) counters(object string, x Devices) {
	instances := x.Resources
	if slices.Contains(instances, "*") {
		switch object {
		case "Processor":
			instances = []string{"_Total"}
			for i := range k.m.CPUs {
				instances = append(instances, strconv.Itoa(i))
			}
		case "Network Interface":
			instances = k.m.Interfaces
		default:
			instances = k.m.Disks
		}
	}
	if len(instances) == 0 {
		k.add(object, x.Plugin, map[string]string{"objectname": object})
	}
	for _, name := range instances {
		k.add(object, x.Plugin, map[string]string{"objectname": object, "instance": name})
	}
}

func (k *counter) others() {
	for _, x := range k.c.MetricsSection.Collected.Procstat {
		own := map[string]string{}
		for _, by := range [][2]string{{"pid_file", x.PIDFile}, {"exe", x.Exe}, {"pattern", x.Pattern}} {
			if by[1] != "" {
				own[by[0]] = by[1]
			}
		}
		k.add("procstat", x.Plugin, own)
	}
	if e := k.c.MetricsSection.Collected.Ethtool; e != nil {
		plugin := Plugin{Measurements: Names(e.Metrics...), Append: e.Append, DropOriginal: e.DropOriginal}
		for _, name := range k.m.Interfaces {
			if len(e.Include) > 0 && !chosen(e.Include, name) || slices.Contains(e.Exclude, name) {
				continue
			}
			k.add("ethtool", plugin, map[string]string{"interface": name, "driver": "${driver}"})
		}
	}
}

// aggregated adds one metric for every set of aggregation_dimensions that a metric has, and leaves out what is published in
// that form alone.
func (k *counter) aggregated() (out []MetricID) {
	for _, id := range k.ids {
		rolled := false
		for _, set := range k.c.MetricsSection.Aggregate {
			less := MetricID{Namespace: id.Namespace, Name: id.Name, Dimensions: map[string]string{}}
			for _, d := range set {
				if v, ok := id.Dimensions[d]; ok {
					less.Dimensions[d] = v
				}
			}
			if len(less.Dimensions) == len(set) {
				out, rolled = append(out, less), true
			}
		}
		if !id.dropped || !rolled {
			out = append(out, id.MetricID)
		}
	}
	return out
}

// chosen tells whether a name is among the resources. None and "*" are all.
func chosen(resources []string, name string) bool {
	return len(resources) == 0 || slices.Contains(resources, "*") || slices.Contains(resources, name)
}
