package agentconf_test

import (
	"fmt"

	"github.com/kitroll/kitroll/awsops/cwagent/agentconf"
)

func ExampleHost() {
	conf := agentconf.Host(nil)
	fmt.Println(conf.Validate(), len(conf.Warnings()))
	metrics := conf.Metrics(&agentconf.Machine{InstanceID: "i-0123456789abcdef0", Mounts: []agentconf.Mount{
		{Path: "/", Device: "nvme0n1p1", Type: "ext4"}, {Path: "/run", Device: "tmpfs", Type: "tmpfs"},
	}})
	for _, id := range metrics {
		fmt.Println(id)
	}
	fmt.Println(agentconf.Cost(len(metrics), nil))
	// Output:
	// <nil> 0
	// CWAgent/disk_used_percent{InstanceId=i-0123456789abcdef0,fstype=ext4,path=/}
	// CWAgent/mem_used_percent{InstanceId=i-0123456789abcdef0}
	// CWAgent/swap_used_percent{InstanceId=i-0123456789abcdef0}
	// 3 metrics, $0.90 a month (list price of us-east-1, unverified, 2026-11-01)
}

func ExampleParse() {
	_, err := agentconf.Parse([]byte(`{"metric": {}, "agent": {"run_as_usr": "root"}}`))
	fmt.Println(err)
	conf, err := agentconf.Parse([]byte(`{"metrics": {"metrics_collected": {"mem": {"measurement": ["used_percent"]}}}}`))
	fmt.Println(err)
	for _, w := range conf.Warnings() {
		fmt.Println(w)
	}
	// Output:
	// agentconf: 2 problems: metric: is unknown: did you mean "metrics"?; agent.run_as_usr: is unknown: did you mean "run_as_user"?
	// <nil>
	// metrics.append_dimensions: no metric will carry InstanceId, and none can be found by the ID of its instance: add "InstanceId"
}
