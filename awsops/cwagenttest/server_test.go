package cwagenttest_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/cwagenttest"
)

const id = "i-0123456789abcdef0"

func code(t *testing.T, err error) string {
	t.Helper()
	refusal, ok := errors.AsType[smithy.APIError](err)
	require.True(t, ok, "%v", err)
	return refusal.ErrorCode()
}

func shell(lines ...string) *ssm.SendCommandInput {
	return &ssm.SendCommandInput{DocumentName: new("AWS-RunShellScript"), InstanceIds: []string{id}, Parameters: map[string][]string{"commands": lines}}
}

func manage(action, name string) *ssm.SendCommandInput {
	return &ssm.SendCommandInput{DocumentName: new("AmazonCloudWatch-ManageAgent"), InstanceIds: []string{id}, Parameters: map[string][]string{
		"action": {action}, "mode": {"ec2"}, "optionalConfigurationSource": {"ssm"}, "optionalConfigurationLocation": {name}, "optionalRestart": {"yes"},
	}}
}

// What Systems Manager refuses, the fake refuses.
func TestRefusedCommands(t *testing.T) {
	t.Parallel()
	edit := func(f func(*ssm.SendCommandInput)) *ssm.SendCommandInput {
		in := shell("# cwagent: status")
		f(in)
		return in
	}
	for name, tt := range map[string]struct {
		in   *ssm.SendCommandInput
		want string
	}{
		"document":        {edit(func(in *ssm.SendCommandInput) { in.DocumentName = new("AWS-RunShell") }), "InvalidDocument"},
		"instance":        {edit(func(in *ssm.SendCommandInput) { in.InstanceIds = []string{"i-0000000000000000f"} }), "InvalidInstanceId"},
		"comment":         {edit(func(in *ssm.SendCommandInput) { in.Comment = new(strings.Repeat("x", 101)) }), "ValidationException"},
		"timeout":         {edit(func(in *ssm.SendCommandInput) { in.TimeoutSeconds = new(int32(29)) }), "ValidationException"},
		"parameter":       {edit(func(in *ssm.SendCommandInput) { in.Parameters["command"] = []string{"x"} }), "InvalidParameters"},
		"no commands":     {edit(func(in *ssm.SendCommandInput) { in.Parameters = nil }), "InvalidParameters"},
		"references":      {edit(func(in *ssm.SendCommandInput) { in.Parameters["commands"] = []string{"{{ssm:x}}"} }), "InvalidParameters"},
		"action":          {manage("append", "x"), "InvalidParameters"},
		"package, action": {&ssm.SendCommandInput{DocumentName: new("AWS-ConfigureAWSPackage"), InstanceIds: []string{id}, Parameters: map[string][]string{"action": {"install"}}}, "InvalidParameters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := cwagenttest.NewServer(nil)
			srv.AddInstance(cwagenttest.Instance{ID: id, Profile: "web"})
			srv.Clock.Advance(time.Minute)
			_, err := srv.SendCommand(t.Context(), tt.in)
			assert.Equal(t, tt.want, code(t, err))
			assert.Empty(t, srv.Sent())
		})
	}
	srv := cwagenttest.NewServer(nil)
	srv.AddInstance(cwagenttest.Instance{ID: id, Profile: "web"})
	_, err := srv.SendCommand(t.Context(), shell("x"))
	assert.Equal(t, "InvalidInstanceId", code(t, err), "it is not online yet")
}

// run sends, and waits on the virtual clock.
func run(t *testing.T, srv *cwagenttest.Server, in *ssm.SendCommandInput, plugin *string) *ssm.GetCommandInvocationOutput {
	t.Helper()
	sent, err := srv.SendCommand(t.Context(), in)
	require.NoError(t, err)
	look := &ssm.GetCommandInvocationInput{CommandId: sent.Command.CommandId, InstanceId: new(id), PluginName: plugin}
	_, err = srv.GetCommandInvocation(t.Context(), look)
	require.Equal(t, "InvocationDoesNotExist", code(t, err), "right after it was sent")
	for range 100 {
		srv.Clock.Advance(time.Second)
		out, err := srv.GetCommandInvocation(t.Context(), look)
		if err != nil {
			require.Equal(t, "InvocationDoesNotExist", code(t, err))
			continue
		}
		if out.Status != types.CommandInvocationStatusPending && out.Status != types.CommandInvocationStatusInProgress {
			return out
		}
		require.EqualValues(t, -1, out.ResponseCode)
	}
	require.Fail(t, "it does not end")
	return nil
}

// The agent keeps its configurations as amazon-cloudwatch-agent-ctl does.
func TestAgentKeepsConfigurations(t *testing.T) {
	t.Parallel()
	const conf = `{"metrics":{"metrics_collected":{"mem":{"measurement":["used"]}}}}`
	srv := cwagenttest.NewServer(nil)
	srv.AddInstance(cwagenttest.Instance{ID: id, Profile: "web", Installed: cwagenttest.Newest, Configs: map[string]string{"file_a": conf}})
	srv.Clock.Advance(time.Minute)
	srv.AddParameter("AmazonCloudWatch-b", conf, false)
	srv.AddParameter("AmazonCloudWatch-bad", `{"metrics":{}}`, false)
	srv.AddParameter("other", conf, false)
	linux := new("ControlCloudWatchAgentLinux")

	out := run(t, srv, manage("configure (append)", "AmazonCloudWatch-b"), linux)
	assert.Equal(t, types.CommandInvocationStatusSuccess, out.Status)
	assert.Contains(t, *out.StandardOutputContent, "Configuration validation succeeded")
	assert.Len(t, srv.Configs(id), 2)
	for name, says := range map[string]string{"AmazonCloudWatch-bad": "second phase failed", "AmazonCloudWatch-none": "ParameterNotFound", "other": "AccessDenied"} {
		out = run(t, srv, manage("configure", name), linux)
		assert.Equal(t, types.CommandInvocationStatusFailed, out.Status)
		assert.EqualValues(t, 1, out.ResponseCode)
		assert.Contains(t, *out.StandardOutputContent, says)
		assert.Len(t, srv.Configs(id), 2, "a bad one wipes nothing")
	}
	run(t, srv, manage("configure", "AmazonCloudWatch-b"), linux)
	assert.Len(t, srv.Configs(id), 1, "fetch-config replaces all")
	run(t, srv, manage("configure (remove)", "AmazonCloudWatch-b"), linux)
	assert.Empty(t, srv.Configs(id))
	_, running := srv.Running(id)
	assert.False(t, running)
	assert.Contains(t, *run(t, srv, manage("status", ""), linux).StandardOutputContent, `"configstatus": "not configured"`)
	run(t, srv, manage("start", ""), linux)
	assert.Contains(t, srv.Configs(id), "default", "an agent that has none starts with a configuration of its own")

	sent, err := srv.SendCommand(t.Context(), manage("status", ""))
	require.NoError(t, err)
	srv.Clock.Advance(time.Minute)
	_, err = srv.GetCommandInvocation(t.Context(), &ssm.GetCommandInvocationInput{CommandId: sent.Command.CommandId, InstanceId: new(id)})
	assert.Equal(t, "InvalidPluginName", code(t, err), "the document has several steps")
	out = run(t, srv, shell("rm -rf /"), nil)
	assert.EqualValues(t, 127, out.ResponseCode)
}

// Trap 21: output is cut at 24,000 and 8,000 characters, from its beginning, and in the list at 2,500.
func TestTrap21OutputIsCut(t *testing.T) {
	t.Parallel()
	srv := cwagenttest.NewServer(nil)
	srv.AddInstance(cwagenttest.Instance{ID: id, Profile: "web"})
	srv.Clock.Advance(time.Minute)
	srv.EndNext("", "Failed", 3, strings.Repeat("é", 30_000), strings.Repeat("x", 30_000))
	out := run(t, srv, shell("x"), nil)
	assert.Equal(t, strings.Repeat("é", 24_000), *out.StandardOutputContent)
	assert.Len(t, *out.StandardErrorContent, 8_000)
	assert.EqualValues(t, 3, out.ResponseCode)
	list, err := srv.ListCommandInvocations(t.Context(), &ssm.ListCommandInvocationsInput{CommandId: out.CommandId, InstanceId: new(id), Details: true})
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat("é", 2_500), *list.CommandInvocations[0].CommandPlugins[0].Output)
}

func TestParameterStore(t *testing.T) {
	t.Parallel()
	put := func(name string, n int, tier types.ParameterTier, overwrite bool, tags ...types.Tag) *ssm.PutParameterInput {
		return &ssm.PutParameterInput{Name: &name, Value: new(strings.Repeat("x", n)), Tier: tier, Overwrite: &overwrite, Type: types.ParameterTypeString, Tags: tags}
	}
	srv := cwagenttest.NewServer(nil)
	srv.AddParameter("there", "x", true)
	tag := types.Tag{Key: new("a"), Value: new("b")}
	for name, tt := range map[string]struct {
		in   *ssm.PutParameterInput
		want string
	}{
		"4 KB":             {put("a", 4097, types.ParameterTierStandard, false), "ValidationException"},
		"8 KB":             {put("a", 8193, types.ParameterTierAdvanced, false), "ValidationException"},
		"exists":           {put("there", 1, types.ParameterTierAdvanced, false), "ParameterAlreadyExists"},
		"down":             {put("there", 1, types.ParameterTierStandard, true), "ValidationException"},
		"tags on an old":   {put("there", 1, types.ParameterTierAdvanced, true, tag), "ValidationException"},
		"a reserved name":  {put("aws-x", 1, types.ParameterTierStandard, false), "ValidationException"},
		"a name of blanks": {put("a b", 1, types.ParameterTierStandard, false), "ValidationException"},
		"nothing":          {put("a", 0, types.ParameterTierStandard, false), "ValidationException"},
		"braces":           {&ssm.PutParameterInput{Name: new("a"), Value: new("{{x}}"), Type: types.ParameterTypeString}, "ValidationException"},
		"no type":          {&ssm.PutParameterInput{Name: new("a"), Value: new("x")}, "ValidationException"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := srv.PutParameter(t.Context(), tt.in)
			assert.Equal(t, tt.want, code(t, err))
			assert.Equal(t, []string{"there (Advanced)"}, srv.Parameters())
		})
	}
}
