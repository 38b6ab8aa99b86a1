package cwagent_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/cwagent"
	"github.com/kitroll/kitroll/awsops/cwagent/agentconf"
	"github.com/kitroll/kitroll/awsops/cwagenttest"
)

// Every way in which a command ends is told in words.
func TestEveryEndOfACommandIsExplained(t *testing.T) {
	t.Parallel()
	for details, says := range map[string]string{
		"Failed":              "the disk is full",
		"Execution Timed Out": "did not end in time",
		"Delivery Timed Out":  "cannot reach Systems Manager",
		"Undeliverable":       "cannot be delivered",
		"Terminated":          "others of the same command had failed",
		"Cancelled":           "somebody has cancelled it",
		"InvalidPlatform":     "not for the system",
		"AccessDenied":        "may not send it",
		"A New One":           "it ended as A New One",
	} {
		t.Run(details, func(t *testing.T) {
			t.Parallel()
			srv, c := server(t, cwagenttest.Instance{Profile: "web"})
			code, stderr := -1, ""
			if details == "Failed" {
				code, stderr = 1, "E: one\nE: the disk is full\n"
			}
			srv.EndNext("AWS-ConfigureAWSPackage", details, code, "much", stderr)
			_, err := install(t.Context(), c, agentconf.Host(nil), nil)
			require.ErrorIs(t, err, awsops.ErrFailed)
			require.ErrorContains(t, err, says)
			e, ok := errors.AsType[*cwagent.Error](err)
			require.True(t, ok)
			assert.Equal(t, "package", e.Step)
			assert.Equal(t, details, e.Status)
			assert.Contains(t, e.Output, "much")
			assert.NotContains(t, err.Error(), "much")
		})
	}
	for _, open := range []string{"Pending", "InProgress", "In Progress", "Delayed", "Cancelling", ""} {
		assert.False(t, cwagent.Ended(open), open)
	}
	assert.True(t, cwagent.Ended("TimedOut"))
	assert.Contains(t, cwagent.Explain("TimedOut"), "did not end")
}

// A document of several steps: the step of the other system succeeds, and the command fails all the same.
func TestAConfigurationThatTheAgentRefuses(t *testing.T) {
	t.Parallel()
	for _, whole := range []bool{false, true} { // AWS wants a step to be named, or gives no words
		srv := cwagenttest.NewServer(&cwagenttest.Options{WholeCommands: whole})
		srv.AddInstance(cwagenttest.Instance{ID: id, Profile: "web", Installed: cwagenttest.Newest})
		srv.EndNext("AmazonCloudWatch-ManageAgent", "Failed", 1, "Configuration validation second phase failed\nE! Under path : /metrics/ | Error : nonsense", "")
		_, err := install(t.Context(), client(t, srv), agentconf.Host(nil), nil)
		require.ErrorIs(t, err, awsops.ErrInvalid)
		require.ErrorContains(t, err, "Error : nonsense")
		e, ok := errors.AsType[*cwagent.Error](err)
		require.True(t, ok)
		assert.Equal(t, "configure", e.Step)
		assert.Equal(t, 1, e.ExitCode)
		_, err = install(t.Context(), client(t, srv), agentconf.Host(nil), nil)
		require.NoError(t, err)
	}
}

func TestAnAgentThatStaysDownIsToldWithItsLog(t *testing.T) {
	t.Parallel()
	srv, c := server(t, cwagenttest.Instance{Profile: "web", Installed: cwagenttest.Newest, Log: []string{"E! [agent] permission denied"}})
	srv.EndNext("AmazonCloudWatch-ManageAgent", "Success", 0, "", "")
	_, err := install(t.Context(), c, agentconf.Host(nil), nil)
	require.ErrorIs(t, err, awsops.ErrFailed)
	require.ErrorContains(t, err, "stopped, not configured: E! [agent] permission denied")
}

func TestParameters(t *testing.T) {
	t.Parallel()
	large := agentconf.Host(nil)
	large.MetricsSection.Collected.Disk.Resources = []string{strings.Repeat("x", 4096)}
	for name, tt := range map[string]struct {
		there    string
		advanced bool
		conf     agentconf.Config
		opts     cwagent.InstallOptions
		kind     error
		says     string
		want     string
	}{
		"new":                     {conf: agentconf.Host(nil), want: param + " (Standard)"},
		"large":                   {conf: large, opts: cwagent.InstallOptions{AllowAdvanced: true}, want: param + " (Advanced)"},
		"somebody's":              {there: "{}", conf: agentconf.Host(nil), kind: awsops.ErrConflict, says: "OverwriteParameter", want: param + " (Standard)"},
		"somebody's, to be taken": {there: "{}", conf: agentconf.Host(nil), opts: cwagent.InstallOptions{OverwriteParameter: true}, want: param + " (Standard)"},
		"advanced already":        {there: "{}", advanced: true, conf: agentconf.Host(nil), opts: cwagent.InstallOptions{OverwriteParameter: true, AllowAdvanced: true}, want: param + " (Advanced)"},
		"advanced, not allowed":   {there: "{}", advanced: true, conf: agentconf.Host(nil), opts: cwagent.InstallOptions{OverwriteParameter: true}, kind: awsops.ErrInvalid, says: "AllowAdvanced permits", want: param + " (Advanced)"},
		"a name of one's own":     {conf: agentconf.Host(nil), opts: cwagent.InstallOptions{Parameter: "AmazonCloudWatch-fleet"}, want: "AmazonCloudWatch-fleet (Standard)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := server(t, cwagenttest.Instance{Profile: "web"})
			if tt.there != "" {
				srv.AddParameter(param, tt.there, tt.advanced)
			}
			_, err := install(t.Context(), c, tt.conf, &tt.opts)
			assert.Equal(t, []string{tt.want}, srv.Parameters())
			if tt.kind != nil {
				require.ErrorIs(t, err, tt.kind)
				require.ErrorContains(t, err, tt.says)
				assert.Empty(t, srv.Configs(id))
				return
			}
			require.NoError(t, err)
		})
	}
}

func TestStatusAndRestart(t *testing.T) {
	t.Parallel()
	srv, c := server(t, cwagenttest.Instance{Profile: "web"})
	_, err := c.Status(t.Context(), id)
	require.ErrorIs(t, err, cwagent.ErrNotOnline)
	srv.Clock.Advance(time.Minute)
	_, err = c.Status(t.Context(), id)
	require.ErrorIs(t, err, cwagent.ErrNotInstalled)
	require.ErrorIs(t, c.Restart(t.Context(), id), cwagent.ErrNotInstalled)

	_, err = install(t.Context(), c, agentconf.Host(nil), nil)
	require.NoError(t, err)
	s, err := c.Status(t.Context(), id)
	require.NoError(t, err)
	assert.True(t, s.Running && s.Configured)
	assert.Equal(t, cwagenttest.Newest, s.Version)
	assert.False(t, s.Started.IsZero())
	require.NoError(t, c.Restart(t.Context(), id))
	again, err := c.Status(t.Context(), id)
	require.NoError(t, err)
	assert.True(t, again.Started.After(s.Started))

	require.NoError(t, c.Remove(t.Context(), id, nil))
	s, err = c.Status(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, "stopped, not configured", s.String())
	require.ErrorIs(t, c.Restart(t.Context(), id), cwagent.ErrNotConfigured, "it would start with a configuration of its own")
	assert.Empty(t, srv.Configs(id))
}

// Trap 21: an output is cut at 24,000 characters from its beginning; of the log, the end comes.
func TestTrap21OfTheLogTheEndComes(t *testing.T) {
	t.Parallel()
	lines := make([]string, 0, 2001)
	for range 2000 {
		lines = append(lines, "2026-11-02T09:00:00Z I! a line of the agent")
	}
	lines = append(lines, "E! the last")
	srv, c := server(t, cwagenttest.Instance{Profile: "web", Installed: cwagenttest.Newest, Log: lines})
	srv.Clock.Advance(time.Minute)
	log, err := c.Log(t.Context(), id, 10_000)
	require.NoError(t, err)
	assert.Less(t, len(log), 23_000)
	assert.True(t, strings.HasSuffix(log, "E! the last\n"))
	assert.True(t, strings.HasPrefix(log, "2026-11-02T09:00:00Z I!"), "the line that was cut is left out")
	log, err = c.Log(t.Context(), id, 1)
	require.NoError(t, err)
	assert.Equal(t, "E! the last\n", log)
	for _, n := range []int{0, 10_001} {
		_, err = c.Log(t.Context(), id, n)
		require.ErrorIs(t, err, awsops.ErrInvalid)
	}

	// The fake cuts as AWS does: what is not capped on the instance loses its end.
	srv.EndNext("AWS-RunShellScript", "Success", 0, strings.Repeat("x", 30_000)+"end", strings.Repeat("é", 9000))
	log, err = c.Log(t.Context(), id, 1)
	require.NoError(t, err)
	assert.NotContains(t, log, "end")
}

// Trap 29, for parameters: nothing without our tag is deleted.
func TestRemove(t *testing.T) {
	t.Parallel()
	others := map[string]string{"file_other.json": `{"logs":{"logs_collected":{"files":{"collect_list":[{"file_path":"/a"}]}}}}`}
	for name, tt := range map[string]struct {
		opts       cwagent.RemoveOptions
		foreign    bool
		parameters int
		configs    int
		version    string
	}{
		"ours":             {configs: 1, version: cwagenttest.Newest},
		"kept":             {opts: cwagent.RemoveOptions{KeepParameter: true}, parameters: 1, configs: 1, version: cwagenttest.Newest},
		"somebody's":       {foreign: true, parameters: 1, configs: 1, version: cwagenttest.Newest},
		"with the package": {opts: cwagent.RemoveOptions{Package: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := server(t, cwagenttest.Instance{Profile: "web", Installed: cwagenttest.Newest, Configs: others})
			if tt.foreign {
				srv.AddParameter(param, "{}", false)
			}
			_, err := install(t.Context(), c, agentconf.Host(nil), &cwagent.InstallOptions{OverwriteParameter: true})
			require.NoError(t, err)
			for range 2 { // what is not there is no error
				require.NoError(t, c.Remove(t.Context(), id, &tt.opts))
				assert.Len(t, srv.Parameters(), tt.parameters)
				assert.Len(t, srv.Configs(id), tt.configs)
				version, _ := srv.Running(id)
				assert.Equal(t, tt.version, version)
			}
		})
	}
	_, c := server(t, cwagenttest.Instance{})
	require.ErrorIs(t, c.Remove(t.Context(), "web", nil), awsops.ErrInvalid)
	require.ErrorIs(t, c.Remove(t.Context(), id, nil), cwagent.ErrNotOnline)
}

func TestParseStatus(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		want cwagent.Status
		says string
	}{
		"running":  {text: "noise\n{\n  \"status\": \"running\",\n  \"starttime\": \"2026-11-02T09:00:00+00:00\",\n  \"configstatus\": \"configured\",\n  \"version\": \"1.3\"\n}\n", want: cwagent.Status{Running: true, Configured: true, Started: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC), Version: "1.3"}},
		"stopped":  {text: `{"status":"stopped","starttime":"","configstatus":"not configured","version":"1.3"}`, want: cwagent.Status{Version: "1.3"}},
		"workload": {text: `{"status":"running","starttime":"2026-11-02T09:00:00","configstatus":"configured","version":"1","workloads":["nginx"]}`, want: cwagent.Status{Running: true, Configured: true, Started: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC), Version: "1"}},
		"nothing":  {says: "said nothing"},
		"cut":      {text: `{"status":"run}`, says: "cannot be read"},
		"another":  {text: `{"status":"dancing"}`, says: `"dancing"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := cwagent.ParseStatus(tt.text)
			if tt.says != "" {
				require.ErrorContains(t, err, tt.says)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, s)
		})
	}
}

func FuzzParseStatus(f *testing.F) {
	f.Add(`{"status":"running","starttime":"2026-11-02T09:00:00+00:00","configstatus":"configured","version":"1.3"}`)
	f.Add("}{")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := cwagent.ParseStatus(text)
		if err == nil {
			words := map[bool][2]string{true: {"running", "configured"}, false: {"stopped", "not configured"}}
			again, err := json.Marshal(map[string]string{
				"status": words[s.Running][0], "configstatus": words[s.Configured][1], "version": s.Version, "starttime": s.Started.Format(time.RFC3339),
			})
			require.NoError(t, err)
			back, err := cwagent.ParseStatus("noise " + string(again) + " noise")
			require.NoError(t, err)
			back.Started, s.Started = time.Time{}, time.Time{} // fractions of a second are lost
			require.Equal(t, s, back)
			require.NotEmpty(t, s.String())
		} else {
			require.Zero(t, s)
		}
	})
}
