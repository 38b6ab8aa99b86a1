package agentconf_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/cwagent/agentconf"
)

// seed is what many copy: memory and disk, every minute.
const seed = `{"agent":{"metrics_collection_interval":60},"metrics":{"metrics_collected":{
	"mem":{"measurement":["mem_used_percent"]},"disk":{"measurement":["used_percent"],"resources":["*"]}}}}`

// Trap 19: a configuration without InstanceId is flagged; tmpfs and squashfs mounts are counted, or ignored.
func TestTrap19NoInstanceIDAndKernelFileSystems(t *testing.T) {
	t.Parallel()
	plain, err := agentconf.Parse([]byte(seed))
	require.NoError(t, err)
	var rules []string
	for _, w := range plain.Warnings() {
		rules = append(rules, w.Rule)
	}
	assert.Equal(t, []string{"no-instance-id", "kernel-file-systems", "device"}, rules)
	assert.Contains(t, plain.Warnings()[0].String(), "no metric will carry InstanceId")

	m := &agentconf.Machine{InstanceID: "i-1", Hostname: "web-1", Mounts: []agentconf.Mount{
		{Path: "/", Device: "nvme0n1p1", Type: "ext4"},
		{Path: "/data", Device: "nvme1n1", Type: "xfs"},
		{Path: "/run", Device: "tmpfs", Type: "tmpfs"},
		{Path: "/dev/shm", Device: "tmpfs", Type: "tmpfs"},
		{Path: "/snap/core/1", Device: "loop0", Type: "squashfs"},
		{Path: "/snap/lxd/2", Device: "loop1", Type: "squashfs"},
	}}
	assert.Len(t, plain.Metrics(m), 7, "one of memory and one for each of six mounts")
	assert.Equal(t, "CWAgent/disk_used_percent{device=loop0,fstype=squashfs,host=web-1,path=/snap/core/1}", plain.Metrics(m)[0].String())

	host := agentconf.Host(nil)
	assert.Equal(t, []string{
		"CWAgent/disk_used_percent{InstanceId=i-1,fstype=ext4,path=/}",
		"CWAgent/disk_used_percent{InstanceId=i-1,fstype=xfs,path=/data}",
		"CWAgent/mem_used_percent{InstanceId=i-1}",
		"CWAgent/swap_used_percent{InstanceId=i-1}",
	}, lines(host.Metrics(m)))
	assert.Empty(t, host.Warnings())
}

func lines(ids []agentconf.MetricID) (out []string) {
	for _, id := range ids {
		out = append(out, id.String())
	}
	return out
}

func TestMetricsAreCountedByTheThing(t *testing.T) {
	t.Parallel()
	m := &agentconf.Machine{
		InstanceID: "i-1", ImageID: "ami-1", InstanceType: "t3.micro", CPUs: 4, GPUs: 2,
		Disks: []string{"nvme0n1", "nvme1n1"}, Interfaces: []string{"lo", "ens5"}, Mounts: []agentconf.Mount{{Path: "/", Device: "nvme0n1p1", Type: "ext4"}},
	}
	conf := func(section string) agentconf.Config {
		t.Helper()
		c, err := agentconf.Parse([]byte(`{"metrics":{"append_dimensions":{"InstanceId":"${aws:InstanceId}"},` + section + `}}`))
		require.NoError(t, err)
		return c
	}
	for name, tt := range map[string]struct {
		section string
		want    []string
	}{
		"total of the processor":   {`"metrics_collected":{"cpu":{"measurement":["usage_idle"]}}`, []string{"CWAgent/cpu_usage_idle{InstanceId=i-1,cpu=cpu-total}"}},
		"cores without the total":  {`"metrics_collected":{"cpu":{"measurement":["usage_idle"],"totalcpu":false,"resources":["*"]}}`, []string{"CWAgent/cpu_usage_idle{InstanceId=i-1,cpu=cpu0}", "CWAgent/cpu_usage_idle{InstanceId=i-1,cpu=cpu1}", "CWAgent/cpu_usage_idle{InstanceId=i-1,cpu=cpu2}", "CWAgent/cpu_usage_idle{InstanceId=i-1,cpu=cpu3}"}},
		"a device of two":          {`"metrics_collected":{"diskio":{"measurement":["reads"],"resources":["nvme1n1"]}}`, []string{"CWAgent/diskio_reads{InstanceId=i-1,name=nvme1n1}"}},
		"interfaces":               {`"metrics_collected":{"net":{"measurement":["bytes_recv"]}}`, []string{"CWAgent/net_bytes_recv{InstanceId=i-1,interface=ens5}", "CWAgent/net_bytes_recv{InstanceId=i-1,interface=lo}"}},
		"renamed, own dimension":   {`"namespace":"Shop","metrics_collected":{"mem":{"measurement":[{"name":"used","rename":"Memory"}],"append_dimensions":{"team":"a"}}}`, []string{"Shop/Memory{InstanceId=i-1,team=a}"}},
		"aggregated":               {`"aggregation_dimensions":[["InstanceId"],["path"],["AutoScalingGroupName"],[]],"metrics_collected":{"disk":{"measurement":["used"],"drop_device":true}}`, []string{"CWAgent/disk_used{InstanceId=i-1,fstype=ext4,path=/}", "CWAgent/disk_used{InstanceId=i-1}", "CWAgent/disk_used{path=/}", "CWAgent/disk_used{}"}},
		"aggregated to itself":     {`"aggregation_dimensions":[["InstanceId"]],"metrics_collected":{"mem":{"measurement":["used"]}}`, []string{"CWAgent/mem_used{InstanceId=i-1}"}},
		"only aggregated":          {`"aggregation_dimensions":[["InstanceId"]],"metrics_collected":{"disk":{"measurement":["used","free"],"drop_device":true,"drop_original_metrics":["used"]}}`, []string{"CWAgent/disk_free{InstanceId=i-1,fstype=ext4,path=/}", "CWAgent/disk_free{InstanceId=i-1}", "CWAgent/disk_used{InstanceId=i-1}"}},
		"graphics cards":           {`"metrics_collected":{"nvidia_smi":{"measurement":["power_draw"]}}`, []string{"CWAgent/nvidia_smi_power_draw{InstanceId=i-1,index=0}", "CWAgent/nvidia_smi_power_draw{InstanceId=i-1,index=1}"}},
		"processes by name":        {`"metrics_collected":{"procstat":[{"exe":"nginx","measurement":["pid_count"]}]}`, []string{"CWAgent/procstat_pid_count{InstanceId=i-1,exe=nginx}"}},
		"statistics of the driver": {`"metrics_collected":{"ethtool":{"interface_exclude":["lo"],"metrics_include":["linklocal_allowance_exceeded"]}}`, []string{"CWAgent/ethtool_linklocal_allowance_exceeded{InstanceId=i-1,driver=${driver},interface=ens5}"}},
		"counters of Windows":      {`"metrics_collected":{"Memory":{"measurement":["Available Bytes"]},"LogicalDisk":{"measurement":["% Free Space"],"resources":["*"]}}`, []string{"CWAgent/LogicalDisk % Free Space{InstanceId=i-1,instance=nvme0n1,objectname=LogicalDisk}", "CWAgent/LogicalDisk % Free Space{InstanceId=i-1,instance=nvme1n1,objectname=LogicalDisk}", "CWAgent/Memory Available Bytes{InstanceId=i-1,objectname=Memory}"}},
		"a server of one's own":    {`"metrics_collected":{"statsd":{}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, lines(conf(tt.section).Metrics(m)))
		})
	}
	assert.Equal(t, []string{"statsd"}, conf(`"metrics_collected":{"statsd":{}}`).Uncounted())
	assert.Nil(t, agentconf.Config{}.Metrics(nil))

	all := agentconf.Host(&agentconf.HostOptions{AutoScaling: true})
	assert.NotContains(t, lines(all.Metrics(m))[0], "AutoScalingGroupName", "the instance is in none")
	for _, id := range all.Metrics(nil) {
		assert.False(t, id.Known(), "the instance is not known")
	}
	assert.True(t, all.Metrics(m)[0].Known())
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	host := func(edit func(*agentconf.Config)) agentconf.Config {
		c := agentconf.Host(nil)
		edit(&c)
		return c
	}
	for name, tt := range map[string]struct {
		conf agentconf.Config
		rule string
		says string
	}{
		"type":        {host(func(c *agentconf.Config) { c.MetricsSection.Append = agentconf.Append("InstanceId", "InstanceType") }), "instance-type", "new series"},
		"aggregation": {agentconf.Host(&agentconf.HostOptions{ByInstance: true}), "aggregation", "4 in place of 3"},
		"size": {host(func(c *agentconf.Config) {
			c.MetricsSection.Collected.Disk.Resources = []string{strings.Repeat("x", 4096)}
		}), "parameter-size", "4096"},
		"braces":  {host(func(c *agentconf.Config) { c.MetricsSection.Collected.Disk.Resources = []string{"/{{x}}"} }), "parameter-braces", "double braces"},
		"removal": {agentconf.Host(&agentconf.HostOptions{Files: []agentconf.File{{Path: "/a", AutoRemoval: true}}}), "file-deleted", "/a is deleted"},
		"statsd":  {host(func(c *agentconf.Config) { c.MetricsSection.Collected.StatsD = &agentconf.StatsD{} }), "uncounted", "statsd"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, tt.conf.Validate(), "a warning is no error")
			for _, w := range tt.conf.Warnings() {
				if w.Rule == tt.rule {
					assert.Contains(t, w.Text, tt.says)
					return
				}
			}
			assert.Fail(t, "no such warning", "%v", tt.conf.Warnings())
		})
	}
}

func TestCost(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "$0.00", 1: "$0.30", 10_000: "$3000.00", 10_001: "$3000.10", 250_000: "$27000.00", 1_000_001: "$64500.02"} {
		assert.Equal(t, want, agentconf.Cost(n, nil).Month.String(), n)
	}
	own := &agentconf.Price{AsOf: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), Source: "offer", Free: 10, Tiers: []agentconf.Tier{{Month: 20}}}
	assert.Equal(t, "12 metrics, $0.40 a month (offer, 2026-12-01)", agentconf.Cost(12, own).String())
	assert.Equal(t, "-$1.05", agentconf.Money(-105).String())
}

func TestAllProblemsComeAtOnce(t *testing.T) {
	t.Parallel()
	_, err := agentconf.Parse([]byte(`{"agnt":{},"agent":{"metrics_collection_interval":"60"},"metrics":{"namespace":"AWS/X","metrics_collected":{
		"mem":{"measurement":["usd_percent"]},"dik":{},"swap":{"measurement":"used"}}},"logs":{"logs_collected":{"files":{"collect_list":[{"file_path":"/a","retention_in_days":2}]}}}}`))
	e, ok := errors.AsType[*agentconf.Error](err)
	require.True(t, ok)
	var paths []string
	for _, p := range e.Problems {
		paths = append(paths, p.Path)
	}
	assert.ElementsMatch(t, []string{
		"agnt", "agent.metrics_collection_interval", "metrics.namespace", "metrics.metrics_collected.mem.measurement[0]", "metrics.metrics_collected.dik",
		"metrics.metrics_collected.swap.measurement", "logs.logs_collected.files.collect_list[0].retention_in_days",
	}, paths)
	assert.Contains(t, err.Error(), "agentconf: 7 problems: ")
}

func TestBrokenJSONNamesItsPlace(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"{\n \"agent\": {,}}": "line 2, column 12",
		"":                    "is no JSON",
		"{} {}":               "is no JSON",
		`{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`: "nested more than 64 deep",
	} {
		_, err := agentconf.Parse([]byte(text))
		require.ErrorIs(t, err, agentconf.ErrInvalid)
		assert.ErrorContains(t, err, says)
	}
	_, err := agentconf.Parse(make([]byte, 9<<20))
	assert.ErrorContains(t, err, "are more than")
}

// Whatever Parse takes, it gives back as it was read, and the schema takes it as well, unless a part is carried.
func FuzzParse(f *testing.F) {
	f.Add(seed)
	for _, opts := range []*agentconf.HostOptions{nil, {Windows: true, CPU: true}, {ByInstance: true, Files: []agentconf.File{{Path: "/a"}}}} {
		out, err := json.Marshal(agentconf.Host(opts))
		require.NoError(f, err)
		f.Add(string(out))
	}
	f.Add(`{"metrics":{"metrics_collected":{"procstat":[{"exe":"a","measurement":["pid"]}],"jmx":[{}]}},"traces":{"traces_collected":{"otlp":{}}}}`)
	f.Fuzz(func(t *testing.T, in string) {
		c, err := agentconf.Parse([]byte(in))
		if err != nil {
			require.ErrorIs(t, err, agentconf.ErrInvalid)
			return
		}
		require.NoError(t, c.Validate())
		out := text(t, c)
		back, err := agentconf.Parse([]byte(out))
		require.NoError(t, err, out)
		require.Equal(t, out, text(t, back))
		for _, id := range c.Metrics(nil) {
			require.NotEmpty(t, id.Name)
		}
		_ = c.Warnings()
		carries := c.Traces != nil || c.OpenTelemetry != nil || c.MetricsSection != nil && c.MetricsSection.Collected.Other != nil ||
			c.Logs != nil && (c.Logs.Metrics != nil || c.Logs.Collected != nil && c.Logs.Collected.ApplicationSignals != nil)
		if !carries {
			require.NoError(t, schemaSays(t, out), out)
		}
	})
}
