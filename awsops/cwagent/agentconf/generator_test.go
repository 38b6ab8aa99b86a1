package agentconf_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/kitroll/kitroll/awsops/cwagent/agentconf"
)

// generator makes random configurations that should be valid, and spoils them.
type generator struct{ *rand.Rand }

func (g generator) maybe() bool { return g.IntN(2) == 0 }

func (g generator) word() string {
	words := []string{"web", "db-1", "日志", "a b", `quote"d`, "x<y>&z", "{instance_id}", "/var/log/*.log", "é", strings.Repeat("long", 30)}
	return words[g.IntN(len(words))]
}

func pick[T any](g generator, list []T) []T {
	out := append([]T(nil), list...)
	g.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out[:1+g.IntN(len(out))]
}

func (g generator) interval() int {
	if g.maybe() {
		return 0
	}
	return 1 + g.IntN(172_800)
}

func (g generator) plugin(name string) agentconf.Plugin {
	p := agentconf.Plugin{Interval: g.interval()}
	for _, m := range pick(g, agentconf.Measurements(name)) {
		x := agentconf.Measurement{Name: m}
		if g.maybe() {
			x.Name = name + "_" + m
		}
		if name != "procstat" && name != "nvidia_smi" && g.maybe() {
			x.Rename, x.Unit = g.word(), "Percent"
		}
		p.Measurements = append(p.Measurements, x)
	}
	if g.maybe() {
		p.Append = map[string]string{"team": g.word(), "stage": g.word()}
	}
	if g.IntN(4) == 0 {
		p.DropOriginal = []string{name + "_" + agentconf.Measurements(name)[0]}
	}
	return p
}

func (g generator) collected() agentconf.Collected {
	var c agentconf.Collected
	plain := func(name string) *agentconf.Plugin {
		if g.maybe() {
			return nil
		}
		return new(g.plugin(name))
	}
	c.Mem = new(g.plugin("mem"))
	c.Swap, c.Netstat, c.Processes, c.NvidiaSMI = plain("swap"), plain("netstat"), plain("processes"), plain("nvidia_smi")
	if g.maybe() {
		c.CPU = &agentconf.CPU{Plugin: g.plugin("cpu"), Total: new(g.maybe())}
		if g.maybe() {
			c.CPU.Resources = []string{"*"}
		}
	}
	if g.maybe() {
		c.Disk = &agentconf.Disk{Plugin: g.plugin("disk"), Resources: pick(g, []string{"/", "/data", "*"}), DropDevice: g.maybe()}
		if g.maybe() {
			c.Disk.IgnoreTypes = agentconf.KernelFileSystems()
		}
	}
	if g.maybe() {
		c.DiskIO = &agentconf.Devices{Plugin: g.plugin("diskio"), Resources: []string{"*"}}
		c.Net = &agentconf.Devices{Plugin: g.plugin("net")}
	}
	for i := range g.IntN(3) {
		p := agentconf.Process{Plugin: g.plugin("procstat")}
		switch g.IntN(3) {
		case 0:
			p.Exe = fmt.Sprintf("nginx%d", i)
		case 1:
			p.Pattern = fmt.Sprintf("java.*%d", i)
		default:
			p.PIDFile = fmt.Sprintf("/run/%d.pid", i)
		}
		c.Procstat = append(c.Procstat, p)
	}
	if g.maybe() {
		c.StatsD = &agentconf.StatsD{Address: ":8125", Interval: g.interval(), Aggregation: new(g.IntN(60)), Pending: g.IntN(100)}
		c.CollectD = &agentconf.CollectD{Security: "sign", Prefix: "c_", TypesDB: []string{"/usr/share/types.db"}, Aggregation: new(0)}
		c.Ethtool = &agentconf.Ethtool{Include: []string{"eth0"}, Metrics: []string{"bw_in_allowance_exceeded"}}
		c.Other = map[string]json.RawMessage{"prometheus": json.RawMessage(`{"prometheus_config_path":"/etc/p.yaml"}`), "otlp": json.RawMessage(`[{}]`)}
	}
	return c
}

func (g generator) windows() agentconf.Collected {
	return agentconf.Collected{Windows: map[string]agentconf.Devices{
		"LogicalDisk":       {Plugin: agentconf.Plugin{Measurements: agentconf.Names("% Free Space")}, Resources: []string{"*"}},
		"Memory":            {Plugin: agentconf.Plugin{Measurements: agentconf.Names("% Committed Bytes In Use"), Interval: g.interval()}},
		"Network Interface": {Plugin: agentconf.Plugin{Measurements: []agentconf.Measurement{{Name: "Bytes Sent/sec", Unit: "Bytes/Second"}}}},
	}}
}

func (g generator) group() agentconf.LogGroup {
	l := agentconf.LogGroup{Group: g.word()}
	if g.maybe() {
		l.Stream, l.Class = g.word(), "STANDARD"
	}
	if g.maybe() {
		l.Retention = agentconf.Retentions()[g.IntN(len(agentconf.Retentions()))]
	}
	if g.maybe() {
		l.Filters = []agentconf.LogFilter{{Type: "exclude", Expression: "DEBUG|TRACE"}, {Type: "include", Expression: `\d+`}}
	}
	return l
}

func (g generator) logs(windows bool) *agentconf.Logs {
	l := &agentconf.Logs{Collected: &agentconf.LogsCollected{}, FlushInterval: g.interval(), StreamName: g.word()}
	files := &agentconf.Files{}
	for i := range 1 + g.IntN(3) {
		f := agentconf.File{Path: fmt.Sprintf("%s%d", g.word(), i), LogGroup: g.group(), TrimTimestamp: g.maybe(), AutoRemoval: g.maybe(), PublishMulti: g.maybe()}
		if g.maybe() {
			f.Timestamp, f.Timezone, f.MultiLineStart = "%Y-%m-%d", "UTC", "{timestamp_format}"
		}
		if g.maybe() {
			f.Blacklist, f.Encoding, f.Backpressure, f.ServiceName = `\.gz$`, "utf-16", "fd_release", g.word()
		}
		files.List = append(files.List, f)
	}
	l.Collected.Files = files
	if windows {
		l.Collected.WindowsEvents = &agentconf.WindowsEvents{List: []agentconf.WindowsEvent{
			{Event: "System", Levels: pick(g, []string{"ERROR", "WARNING", "CRITICAL"}), LogGroup: g.group(), Format: "xml"},
			{Event: "Application", IDs: pick(g, []int{0, 7, 65_535}), LogGroup: g.group()},
		}}
	} else if g.maybe() {
		l.Collected.Journald = &agentconf.Journald{List: []agentconf.Journal{
			{LogGroup: g.group(), Units: []string{"nginx.service"}, Priority: "err"},
			{LogGroup: g.group(), Matches: []map[string]string{{"_UID": "0"}, {"_PID": "1", "X": "y"}}},
		}}
	}
	if g.maybe() {
		l.Metrics = json.RawMessage(`{"emf":{}}`)
		l.Credentials = &agentconf.Credentials{RoleARN: "arn:aws:iam::123456789012:role/x"}
	}
	return l
}

func (g generator) config() agentconf.Config {
	c := agentconf.Config{Agent: &agentconf.Agent{Interval: g.interval(), RunAsUser: "cwagent", Debug: g.maybe(), OmitHostname: g.maybe()}}
	windows := g.IntN(5) == 0
	m := &agentconf.Metrics{Collected: g.collected(), FlushInterval: g.interval()}
	if windows {
		m.Collected = g.windows()
	}
	if g.maybe() {
		m.Append = agentconf.Append(pick(g, []string{agentconf.DimInstanceID, agentconf.DimImageID, agentconf.DimInstanceType, agentconf.DimAutoScaling})...)
	}
	if g.maybe() {
		m.Aggregate = [][]string{{"InstanceId"}, {"InstanceId", "path"}, {}}
		m.Namespace = g.word()
	}
	if g.maybe() {
		m.Destinations = &agentconf.Destinations{CloudWatch: json.RawMessage(`{}`), Prometheus: &agentconf.Workspace{ID: "ws-1"}}
		m.Endpoint, m.ServiceName, m.DeploymentEnv = "https://monitoring.example.org", g.word(), g.word()
	}
	switch g.IntN(3) {
	case 0:
		c.MetricsSection = m
	case 1:
		c.Logs = g.logs(windows)
	default:
		c.MetricsSection, c.Logs = m, g.logs(windows)
		c.Traces = json.RawMessage(`{"traces_collected":{"xray":{}}}`)
	}
	return c
}

// spoil makes one thing what it should not be.
func (g generator) spoil(c *agentconf.Config) {
	long := strings.Repeat("x", 5000)
	bad := []func(){
		func() { c.Agent.Interval = -1 },
		func() { c.Agent.Region = long },
		func() { c.Agent.Credentials = &agentconf.Credentials{RoleARN: "arn:aws"} },
		func() { c.Traces = json.RawMessage(`[]`) },
		func() { c.OpenTelemetry = json.RawMessage(`{}`) },
	}
	if m := c.MetricsSection; m != nil {
		bad = append(bad, func() { m.Namespace = long }, func() { m.Append = map[string]string{"Team": "x"} }, func() { m.Aggregate = [][]string{{""}} },
			func() { m.Collected = agentconf.Collected{} }, func() { m.Endpoint = "x" }, func() { m.FlushInterval = 172_801 },
			func() { m.Collected.Mem = &agentconf.Plugin{} }, func() { m.Collected.Mem = &agentconf.Plugin{Measurements: agentconf.Names("used", "used")} },
			func() { m.Destinations = &agentconf.Destinations{} }, func() { m.Collected.Procstat = []agentconf.Process{{}} },
			func() { m.Collected.Windows = map[string]agentconf.Devices{"Memory": {}} })
	}
	if l := c.Logs; l != nil {
		bad = append(bad, func() { l.StreamName = long }, func() { l.Collected.Files.List[0].Retention = 2 }, func() { l.Collected.Files.List[0].Path = "" },
			func() { l.Collected.Files.List = append(l.Collected.Files.List, l.Collected.Files.List[0]) }, func() { l.Collected.Files.List = nil },
			func() { l.ConcurrentCalls = -1 }, func() { l.Collected.Files.List[0].Timezone = "Mars" })
	}
	bad[g.IntN(len(bad))]()
}
