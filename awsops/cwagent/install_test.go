package cwagent_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/cwagent"
	"github.com/kitroll/kitroll/awsops/cwagent/agentconf"
	"github.com/kitroll/kitroll/awsops/cwagenttest"
)

func TestInstallFromNothing(t *testing.T) {
	t.Parallel()
	srv, c := server(t, cwagenttest.Instance{})
	done, err := install(t.Context(), c, agentconf.Host(nil), full(srv))
	require.NoError(t, err)
	require.Len(t, done, 7)
	assert.Equal(t, []string{
		"role: done web", "online: done Ubuntu 24.04", "package: done AmazonCloudWatchAgent", "parameter: done " + param, "configure: done " + param,
		"running: done " + cwagenttest.Newest,
	}, done[:6])
	assert.Contains(t, done[6], "arrival: done CWAgent/mem_used_percent{InstanceId="+id+"} at 2026-11-02T09:")
	assert.Equal(t, []string{
		"AWS-RunShellScript look", "AWS-ConfigureAWSPackage package", "AmazonCloudWatch-ManageAgent configure", "AWS-RunShellScript status",
	}, short(srv.Sent()))
	assert.Equal(t, []string{param + " (Standard)"}, srv.Parameters())
	text, err := json.Marshal(agentconf.Host(nil))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"ssm_" + param: string(text)}, srv.Configs(id))
	_, running := srv.Running(id)
	assert.True(t, running)

	done, err = install(t.Context(), c, agentconf.Host(nil), full(srv))
	require.NoError(t, err)
	assert.Equal(t, "package: there already "+cwagenttest.Newest, done[2])
	assert.Equal(t, "parameter: there already "+param, done[3])
	assert.Equal(t, 1, srv.Calls("PutParameter"))
}

func TestInstallByScript(t *testing.T) {
	t.Parallel()
	srv, c := server(t, cwagenttest.Instance{Profile: "web"})
	_, err := install(t.Context(), c, agentconf.Host(nil), &cwagent.InstallOptions{Method: cwagent.ByScript, Version: "1.2.3"})
	require.NoError(t, err)
	version, running := srv.Running(id)
	assert.True(t, running)
	assert.Equal(t, "1.2.3", version)
	assert.NotContains(t, strings.Join(srv.Sent(), " "), "AWS-ConfigureAWSPackage")

	srv, c = server(t, cwagenttest.Instance{Profile: "web", BadPackage: true})
	done, err := install(t.Context(), c, agentconf.Host(nil), &cwagent.InstallOptions{Method: cwagent.ByScript})
	require.ErrorIs(t, err, cwagent.ErrSignature)
	require.ErrorIs(t, err, awsops.ErrFailed)
	require.ErrorContains(t, err, "the signature is not good")
	assert.Len(t, done, 2, "nothing after the package")
	version, _ = srv.Running(id)
	assert.Empty(t, version)
}

func TestInstallOnWindows(t *testing.T) {
	t.Parallel()
	srv, c := server(t, cwagenttest.Instance{Windows: true})
	_, err := install(t.Context(), c, agentconf.Host(&agentconf.HostOptions{Windows: true}), &cwagent.InstallOptions{
		Roles: srv, Profile: "web", Arrival: srv,
		Expect: &agentconf.MetricID{Namespace: "CWAgent", Name: "Memory % Committed Bytes In Use", Dimensions: map[string]string{"InstanceId": id, "objectname": "Memory"}},
	})
	require.NoError(t, err)
	assert.Equal(t, []string{
		"AWS-RunPowerShellScript look", "AWS-ConfigureAWSPackage package", "AmazonCloudWatch-ManageAgent configure", "AWS-RunPowerShellScript status",
	}, short(srv.Sent()))
	require.NoError(t, c.Restart(t.Context(), id))
	log, err := c.Log(t.Context(), id, 10)
	require.NoError(t, err)
	assert.Contains(t, log, "Starting AmazonCloudWatchAgent")

	other, c2 := server(t, cwagenttest.Instance{Windows: true, Profile: "web"})
	_, err = install(t.Context(), c2, agentconf.Host(&agentconf.HostOptions{Windows: true}), &cwagent.InstallOptions{Method: cwagent.ByScript})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Len(t, other.Sent(), 1)
}

// Trap 18: fetch-config wipes the configurations of others: adding uses append, and Replace has to be asked for.
func TestTrap18AddingWipesNothing(t *testing.T) {
	t.Parallel()
	others := map[string]string{"file_other.json": `{"logs":{"logs_collected":{"files":{"collect_list":[{"file_path":"/a"}]}}}}`}
	for name, tt := range map[string]struct {
		replace bool
		left    int
	}{"append": {false, 2}, "replace": {true, 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := server(t, cwagenttest.Instance{Profile: "web", Installed: cwagenttest.Newest, Configs: others})
			opts := full(srv)
			opts.Replace = tt.replace
			_, err := install(t.Context(), c, agentconf.Host(nil), opts)
			require.NoError(t, err)
			assert.Len(t, srv.Configs(id), tt.left)
			assert.Contains(t, srv.Configs(id), "ssm_"+param)

			_, err = install(t.Context(), c, agentconf.Host(&agentconf.HostOptions{CPU: true}), opts)
			require.NoError(t, err)
			assert.Len(t, srv.Configs(id), tt.left, "a new version of ours stands in place of the old one")
			assert.Contains(t, srv.Configs(id)["ssm_"+param], "usage_active")
		})
	}
}

func TestWhatCanBeKnownIsRefusedFirst(t *testing.T) {
	t.Parallel()
	plain, err := agentconf.Parse([]byte(`{"metrics":{"metrics_collected":{"mem":{"measurement":["used_percent"]}}}}`))
	require.NoError(t, err)
	host := func(edit func(*agentconf.Config)) agentconf.Config {
		c := agentconf.Host(nil)
		edit(&c)
		return c
	}
	large := func(n int) agentconf.Config {
		return host(func(c *agentconf.Config) {
			c.MetricsSection.Collected.Disk.Resources = []string{strings.Repeat("x", n)}
		})
	}
	for name, tt := range map[string]struct {
		id   string
		conf agentconf.Config
		opts cwagent.InstallOptions
		says string
	}{
		"empty configuration": {conf: agentconf.Config{}, says: "nothing is collected"},
		"wrong configuration": {conf: host(func(c *agentconf.Config) { c.MetricsSection.Collected.Mem.Measurements = agentconf.Names("usd") }), says: "unknown-measurement"},
		"instance":            {id: "web-1", conf: agentconf.Host(nil), says: "no ID of an instance"},
		"parameter":           {conf: agentconf.Host(nil), opts: cwagent.InstallOptions{Parameter: "mine"}, says: "Parameter:"},
		"run":                 {conf: agentconf.Host(nil), opts: cwagent.InstallOptions{RunID: "a b"}, says: "RunID:"},
		"method":              {conf: agentconf.Host(nil), opts: cwagent.InstallOptions{Method: "ssh"}, says: "Method:"},
		"version":             {conf: agentconf.Host(nil), opts: cwagent.InstallOptions{Version: "1'; rm -rf /"}, says: "Version:"},
		"source":              {conf: agentconf.Host(nil), opts: cwagent.InstallOptions{Source: cwagent.Source{BaseURL: "http://x", KeyURL: "https://x/'", Fingerprint: "3B789C72"}}, says: "Source.Fingerprint:"},
		"profile":             {conf: agentconf.Host(nil), opts: cwagent.InstallOptions{Profile: "web"}, says: "Profile and Roles"},
		"over 4 KB":           {conf: large(4096), says: "AllowAdvanced"},
		"over 8 KB": {conf: host(func(c *agentconf.Config) {
			c.MetricsSection.Collected.Disk.Resources = []string{strings.Repeat("x", 4096), strings.Repeat("y", 4096)}
		}), opts: cwagent.InstallOptions{AllowAdvanced: true}, says: "8192"},
		"braces":                   {conf: host(func(c *agentconf.Config) { c.MetricsSection.Collected.Disk.Resources = []string{"{{ssm:x}}"} }), says: "double braces"},
		"nothing to be waited for": {conf: plain, opts: cwagent.InstallOptions{Arrival: cwagenttest.NewServer(nil)}, says: "add InstanceId to append_dimensions"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := server(t, cwagenttest.Instance{Profile: "web"})
			if tt.id == "" {
				tt.id = id
			}
			var last error
			for _, err := range c.Install(t.Context(), tt.id, tt.conf, &tt.opts) {
				last = err
			}
			require.ErrorIs(t, last, awsops.ErrInvalid)
			if name != "wrong configuration" {
				require.ErrorContains(t, last, tt.says)
			} else {
				require.ErrorIs(t, last, agentconf.ErrInvalid)
			}
			assert.Zero(t, srv.Calls(""))
		})
	}
}

func TestOfflineInstancesAreExplained(t *testing.T) {
	t.Parallel()
	t.Run("another profile", func(t *testing.T) {
		t.Parallel()
		srv, c := server(t, cwagenttest.Instance{Profile: "db"})
		_, err := install(t.Context(), c, agentconf.Host(nil), full(srv))
		require.ErrorContains(t, err, "cwagent: role "+id+": the profile web: ")
		require.ErrorContains(t, err, "existing association")
		assert.Empty(t, srv.Sent())
	})
	t.Run("never registers", func(t *testing.T) {
		t.Parallel()
		srv, c := server(t, cwagenttest.Instance{Unreachable: true})
		began := srv.Clock.Now()
		_, err := install(t.Context(), c, agentconf.Host(nil), &cwagent.InstallOptions{Roles: srv, Profile: "web", OnlineWithin: 10 * time.Minute})
		require.ErrorIs(t, err, cwagent.ErrNotOnline)
		for _, reason := range []string{"its profile web lacks AmazonSSMManagedInstanceCore", "no ssm-agent", "VPC endpoints", "instance metadata"} {
			require.ErrorContains(t, err, reason)
		}
		assert.InDelta(t, 10*time.Minute, srv.Clock.Now().Sub(began), float64(time.Minute))
	})
	t.Run("the context ends", func(t *testing.T) {
		t.Parallel()
		srv, c := server(t, cwagenttest.Instance{Unreachable: true})
		ctx, cancel := context.WithCancelCause(t.Context())
		srv.Observe(func(e awsopstest.Event) {
			if e.Op == "DescribeInstanceInformation" && e.N == 7 {
				cancel(errKilled)
			}
		})
		_, err := install(ctx, c, agentconf.Host(nil), nil)
		require.ErrorIs(t, err, errKilled)
		require.ErrorIs(t, err, cwagent.ErrNotOnline)
		require.ErrorContains(t, err, "it has no instance profile with AmazonSSMManagedInstanceCore")
	})
	t.Run("connection lost", func(t *testing.T) {
		t.Parallel()
		srv, c := server(t, cwagenttest.Instance{Profile: "web"})
		srv.Clock.Advance(time.Minute)
		srv.Lose(id, true)
		_, err := c.Status(t.Context(), id)
		require.ErrorIs(t, err, cwagent.ErrNotOnline)
		require.ErrorContains(t, err, "ConnectionLost")
		require.ErrorContains(t, err, "it was last seen at 2026-11-02T09:00:40Z")
		n, err := c.Node(t.Context(), id)
		require.NoError(t, err)
		assert.False(t, n.Online())
	})
	t.Run("lost between two looks", func(t *testing.T) {
		t.Parallel()
		srv, c := server(t, cwagenttest.Instance{Profile: "web"})
		srv.Observe(func(e awsopstest.Event) {
			if e.Op == "SendCommand" && e.When == awsopstest.Before {
				srv.Lose(id, true)
			}
		})
		_, err := install(t.Context(), c, agentconf.Host(nil), nil)
		require.ErrorIs(t, err, awsops.ErrFailed)
		require.ErrorContains(t, err, "Delivery Timed Out")
		require.ErrorContains(t, err, "the instance is stopped, or its ssm-agent cannot reach")
	})
}

func TestArrival(t *testing.T) {
	t.Parallel()
	srv, c := server(t, cwagenttest.Instance{Mute: true})
	opts := full(srv)
	opts.ArrivalWithin = 15 * time.Minute
	_, err := install(t.Context(), c, agentconf.Host(nil), opts)
	require.ErrorIs(t, err, cwagent.ErrNoArrival, "every command has succeeded, and nothing arrives")
	require.ErrorContains(t, err, "CloudWatchAgentServerPolicy")

	srv, c = server(t, cwagenttest.Instance{Mute: true})
	ctx, cancel := context.WithCancelCause(t.Context())
	srv.Observe(func(e awsopstest.Event) {
		if e.Op == "GetMetricData" && e.N == 4 {
			cancel(errKilled)
		}
	})
	_, err = install(ctx, c, agentconf.Host(nil), full(srv))
	require.ErrorIs(t, err, errKilled)
	require.ErrorIs(t, err, cwagent.ErrNoArrival)

	logs := agentconf.Config{Logs: &agentconf.Logs{Collected: &agentconf.LogsCollected{Files: &agentconf.Files{List: []agentconf.File{{Path: "/a"}}}}}}
	srv, c = server(t, cwagenttest.Instance{})
	done, err := install(t.Context(), c, logs, full(srv))
	require.NoError(t, err)
	assert.Equal(t, "arrival: no metrics are configured ", done[len(done)-1])

	_, c = server(t, cwagenttest.Instance{Profile: "web"})
	done, err = install(t.Context(), c, agentconf.Host(nil), nil)
	require.NoError(t, err)
	assert.Equal(t, "role: not checked ", done[0])
	assert.Equal(t, "arrival: not checked ", done[len(done)-1], "and says that nobody looked")
}

// A data point from before the configuration proves nothing.
func TestOldDataPointsProveNothing(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(agentconf.Host(nil))
	require.NoError(t, err)
	srv, c := server(t, cwagenttest.Instance{Profile: "web", Installed: cwagenttest.Newest, Configs: map[string]string{"file_x": string(text)}})
	srv.Clock.Advance(time.Hour)
	mem := map[string]string{"InstanceId": id}
	_, arrived, err := srv.Arrived(t.Context(), "CWAgent", "mem_used_percent", mem, time.Time{})
	require.NoError(t, err)
	require.True(t, arrived)
	began := srv.Clock.Now()
	done, err := install(t.Context(), c, agentconf.Host(nil), full(srv))
	require.NoError(t, err)
	_, when, _ := strings.Cut(done[6], " at ")
	at, err := time.Parse(time.RFC3339, when)
	require.NoError(t, err)
	assert.True(t, at.After(began), "%v is older than %v", at, began)
}

func TestLeavingTheLoopStops(t *testing.T) {
	t.Parallel()
	srv, c := server(t, cwagenttest.Instance{})
	seq := c.Install(t.Context(), id, agentconf.Host(nil), full(srv))
	for e, err := range seq {
		require.NoError(t, err)
		if e.Step == "package" {
			break
		}
	}
	sent := len(srv.Sent())
	srv.Clock.Advance(time.Hour)
	assert.Len(t, srv.Sent(), sent, "nothing goes on behind the back")

	var last awsops.Event
	for e, err := range seq {
		require.NoError(t, err)
		last = e
	}
	assert.Equal(t, "arrival", last.Step, "ranged over again, it goes on")
}
