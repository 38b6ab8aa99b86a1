package agentconf_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/cwagent/agentconf"
)

// BenchmarkParse reads and checks what [agentconf.Host] writes, about a kilobyte.
func BenchmarkParse(b *testing.B) {
	text, err := json.Marshal(agentconf.Host(&agentconf.HostOptions{CPU: true, Net: true, Files: []agentconf.File{{Path: "/var/log/syslog"}}}))
	require.NoError(b, err)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := agentconf.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMetrics counts the metrics of a machine with a hundred mounts.
func BenchmarkMetrics(b *testing.B) {
	m := &agentconf.Machine{InstanceID: "i-1"}
	for i := range 100 {
		m.Mounts = append(m.Mounts, agentconf.Mount{Path: "/data/" + string(rune('a'+i%26)) + string(rune('a'+i/26)), Type: "ext4"})
	}
	conf := agentconf.Host(nil)
	b.ReportAllocs()
	for b.Loop() {
		if len(conf.Metrics(m)) != 102 {
			b.Fatal("miscounted")
		}
	}
}
