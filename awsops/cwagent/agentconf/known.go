package agentconf

import (
	"slices"
	"strings"
)

// measurementsOf are the names that a plugin of Linux knows, without its prefix; nil for a plugin that is not checked. The
// agent's schema does not list them: it takes any name, and nothing arrives.
func measurementsOf(plugin string) []string {
	switch plugin {
	case "cpu":
		return product([]string{"time_", "usage_"}, "active", "guest", "guest_nice", "idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user")
	case "mem":
		return []string{
			"active", "available", "available_percent", "buffered", "cached", "free", "inactive", "shared", "total", "used", "used_percent",
		}
	case "disk":
		return []string{"free", "inodes_free", "inodes_total", "inodes_used", "total", "used", "used_percent"}
	case "diskio":
		return slices.Concat(
			[]string{"iops_in_progress", "io_time", "reads", "read_bytes", "read_time", "writes", "write_bytes", "write_time"},
			product([]string{"ebs_total_read_", "ebs_total_write_", "instance_store_total_read_", "instance_store_total_write_"}, "ops", "bytes", "time"),
			product([]string{"ebs_volume_performance_exceeded_", "ebs_ec2_instance_performance_exceeded_", "instance_store_performance_exceeded_"}, "iops", "tp"),
			[]string{"ebs_volume_queue_length", "instance_store_volume_queue_length"},
		)
	case "swap":
		return []string{"free", "used", "used_percent"}
	case "net":
		return []string{"bytes_sent", "bytes_recv", "drop_in", "drop_out", "err_in", "err_out", "packets_sent", "packets_recv"}
	case "netstat":
		return append(product([]string{"tcp_"}, "close", "close_wait", "closing", "established", "fin_wait1", "fin_wait2", "last_ack", "listen",
			"none", "syn_sent", "syn_recv", "time_wait"), "udp_socket")
	case "processes":
		return []string{
			"blocked", "dead", "idle", "paging", "running", "sleeping", "stopped", "total", "total_threads", "wait", "zombies",
		}
	case "procstat":
		return slices.Concat(
			[]string{"cpu_time", "cpu_time_system", "cpu_time_user", "cpu_usage"},
			product([]string{"memory_"}, "data", "locked", "rss", "stack", "swap", "vms"),
			[]string{"num_fds", "num_threads", "pid", "pid_count", "read_bytes", "write_bytes"},
		)
	case "nvidia_smi":
		return slices.Concat(
			[]string{"utilization_gpu", "utilization_memory", "temperature_gpu", "power_draw", "fan_speed"},
			product([]string{"memory_"}, "total", "used", "free"),
			[]string{"pcie_link_gen_current", "pcie_link_width_current"},
			product([]string{"encoder_stats_"}, "session_count", "average_fps", "average_latency"),
			product([]string{"clocks_current_"}, "graphics", "sm", "memory", "video"),
		)
	}
	return nil
}

// Measurements are the names that a plugin of Linux can measure, without its prefix: Measurements("swap") is free, used,
// used_percent. It is empty for a plugin that has no list. Those of procstat are the common ones.
func Measurements(plugin string) []string { return measurementsOf(plugin) }

func product(prefixes []string, names ...string) (out []string) {
	for _, p := range prefixes {
		for _, n := range names {
			out = append(out, p+n)
		}
	}
	return out
}

// Windows objects that are known by name; others are taken for one when they begin with a capital letter, as all do.
func windowsObjects() []string {
	return []string{"Processor", "LogicalDisk", "PhysicalDisk", "Memory", "Network Interface", "Paging File", "System"}
}

// carried are the plugins whose inside is not looked at.
func carried() []string { return []string{"efa", "jmx", "otlp", "prometheus"} }

// linuxOnly are the plugins that do not exist on Windows.
func linuxOnly() []string {
	return []string{"cpu", "disk", "diskio", "mem", "net", "netstat", "processes", "swap", "ethtool", "collectd", "efa"}
}

// Dimensions that Metrics.Append may add.
func fixedDimensions() []string {
	return []string{DimAutoScaling, DimImageID, DimInstanceID, DimInstanceType}
}

// isWindowsObject tells counter objects from misspelt plugins: plugins are lower case, and "Mem" is one.
func isWindowsObject(name string) bool {
	if lower := strings.ToLower(name); lower != name && slices.Contains(pluginNames(), lower) {
		return false
	}
	return name != "" && (name[0] >= 'A' && name[0] <= 'Z' || name[0] >= '0' && name[0] <= '9' || strings.Contains(name, " "))
}

// metricName is the name in CloudWatch: plugin, "_", measurement, unless it has the prefix already.
func metricName(plugin string, m Measurement) string {
	switch {
	case m.Rename != "":
		return m.Rename
	case isWindowsObject(plugin):
		return plugin + " " + m.Name
	case strings.HasPrefix(m.Name, plugin+"_"):
		return m.Name
	}
	return plugin + "_" + m.Name
}

// bare is a measurement without the plugin's prefix.
func bare(plugin, name string) string { return strings.TrimPrefix(name, plugin+"_") }
