package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/cdn"
	"github.com/kitroll/kitroll/awsops/cwagent"
	"github.com/kitroll/kitroll/awsops/cwmetrics"
	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/route53x"
)

// What one package asks for in its own words, another has.
var (
	_ ec2move.DNSSwitcher      = zones{}
	_ ec2move.OriginRetargeter = (*cdn.Client)(nil)
	_ cwagent.ProfileAttacher  = (*ec2move.Profiles)(nil)
	_ cwagent.ArrivalChecker   = (*cwmetrics.Client)(nil)
)

// childVariable makes this test's own binary the program, so that a test can kill it.
const childVariable = "KITROLL_MOVESERVER_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(run(context.Background(), os.Args[1:], Terminal{os.Stdin, os.Stdout, os.Stderr}, func(string) string { return "" }))
	}
	os.Exit(m.Run())
}

// outcome is what a run left on the terminal.
type outcome struct {
	code        int
	out, screen string
}

// program runs it in this process, with somebody at the keyboard.
func program(t *testing.T, keys string, env map[string]string, args ...string) outcome {
	t.Helper()
	var out, screen bytes.Buffer
	code := run(t.Context(), args, Terminal{strings.NewReader(keys), &out, &screen}, func(name string) string { return env[name] })
	return outcome{code, out.String(), screen.String()}
}

// served is a world on ports of loopback.
func served(t *testing.T) (w *world, at string) {
	t.Helper()
	w, err := newWorld()
	require.NoError(t, err)
	t.Cleanup(w.close)
	at, stop, err := w.serve(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(stop)
	return w, at
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

func TestWithoutKeys(t *testing.T) {
	t.Parallel()
	state, report := filepath.Join(t.TempDir(), "s.json"), filepath.Join(t.TempDir(), "r.html")
	got := program(t, "", nil, "-state", state, "-report", report)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Regexp(t, `^i-[0-9a-f]{17}\n$`, got.out)
	for _, text := range []string{"nothing is real", "user-data-runs-again", "Cost in US dollars", "of 40.0 GiB", "hold", "AllocateAddress"} {
		assert.Contains(t, got.screen, text)
	}
	page := read(t, report)
	for _, text := range []string{"fakes, virtual clock", "<svg", "hot-copy snap-", "What has happened", "user-data-runs-again", "a month, with both instances running"} {
		assert.Contains(t, page, text)
	}
	for _, text := range []string{got.screen, got.out, page, read(t, state)} {
		assert.NotContains(t, text, "sample-user-data-secret")
	}
	before := read(t, state)
	again := program(t, "", nil, "-state", state)
	assert.Equal(t, exitDone, again.code)
	assert.Equal(t, got.out, again.out)
	assert.Contains(t, again.screen, "nothing was repeated")
	assert.Equal(t, before, read(t, state))
}

// The plan reads, and is JSON on request.
func TestPlan(t *testing.T) {
	t.Parallel()
	w, at := served(t)
	state := filepath.Join(t.TempDir(), "s.json")
	got := program(t, "", nil, "-at", at, "-plan", "-json", "-state", state)
	require.Equal(t, exitDone, got.code, got.screen)
	var plan ec2move.Plan
	require.NoError(t, json.Unmarshal([]byte(got.out), &plan))
	assert.Equal(t, "shop", plan.Spec.ID)
	assert.NotEmpty(t, plan.Steps)
	assert.Positive(t, plan.Cost.Once)
	for _, op := range w.ec2.Order() {
		assert.False(t, changing(op), op)
	}
	assert.NoFileExists(t, state)

	stops := program(t, "", nil, "-at", at, "-type", "m7g.large", "-state", state)
	assert.Equal(t, exitDecide, stops.code, stops.screen)
	assert.Contains(t, stops.screen, "nothing was changed")
}

func changing(op string) bool {
	return !strings.HasPrefix(op, "Describe") && !strings.HasPrefix(op, "Get")
}

// addresses are what Route 53 answers for the server's name, and origin what CloudFront asks.
func (w *world) addresses(t *testing.T) (list []string) {
	t.Helper()
	for _, zone := range w.route53.Zones() {
		for _, s := range w.route53.Sets(zone) {
			if s.Name == "www.example.com." && s.Type == route53x.A {
				list = append(list, s.Values...)
			}
		}
	}
	return list
}

// childBinary is this test's binary, built without the race detector: that one makes seconds of a process that lives for a tenth of one. What it
// would find it finds in the tests without processes.
func childBinary(t *testing.T) string {
	t.Helper()
	if !raceEnabled {
		return os.Args[0]
	}
	path := filepath.Join(t.TempDir(), "child.test.exe")
	out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", path, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return path
}

// The program is killed before and after each kind of call that changes something, and run again: one of everything, visitors
// at the copy.
func TestKilled(t *testing.T) {
	t.Parallel()
	binary := childBinary(t)
	clean, at := served(t)
	require.Equal(t, exitDone, program(t, "", nil, "-at", at, "-state", filepath.Join(t.TempDir(), "s.json")).code)
	ops := []string{"AllocateAddress", "CopyImage", "CreateSecurityGroup", "CreateImage", "StopInstances", "RunInstances", "AssociateAddress"}
	if raceEnabled { // which finds no more in the others
		ops = ops[:2]
	}
	for _, op := range ops {
		for _, when := range []awsopstest.Event{{Op: op, N: 1, When: awsopstest.Before}, {Op: op, N: 1, When: awsopstest.After}} {
			w, at := served(t)
			state := filepath.Join(t.TempDir(), "s.json")
			cmd := exec.CommandContext(t.Context(), binary, "-at", at, "-state", state)
			cmd.Env = append(os.Environ(), childVariable+"=1")
			started := make(chan struct{})
			var once sync.Once
			w.ec2.Observe(func(e awsopstest.Event) {
				if e == when {
					once.Do(func() { <-started; _ = cmd.Process.Kill() })
				}
			})
			require.NoError(t, cmd.Start())
			close(started)
			require.Error(t, cmd.Wait(), "killed at %v", when)
			got := program(t, "", nil, "-at", at, "-state", state)
			require.Equal(t, exitDone, got.code, "%v\n%s", when, got.screen)
			assert.Equal(t, clean.ec2.Made("us-east-1"), w.ec2.Made("us-east-1"), "%v", when)
			assert.Equal(t, clean.ec2.Made("eu-central-1"), w.ec2.Made("eu-central-1"), "%v", when)
			i := w.ec2.Instances("us-east-1")[0]
			assert.Equal(t, []string{aws.ToString(i.PublicIpAddress)}, w.addresses(t), "%v", when)
			assert.Equal(t, strings.TrimSpace(got.out), aws.ToString(i.InstanceId), "%v", when)
		}
	}
}

// What was done is taken back, after an error in the middle too, and visitors are where they were.
func TestRollback(t *testing.T) {
	t.Parallel()
	w, at := served(t)
	w.ec2.Region("us-east-1") // a Region begins with its default group
	before := w.ec2.Snapshot()
	visitors := w.addresses(t)
	state := filepath.Join(t.TempDir(), "s.json")
	w.ec2.FailNext("AssociateAddress", "InvalidParameterValue", "no")
	got := program(t, "", nil, "-at", at, "-state", state)
	require.Equal(t, exitFailed, got.code, got.screen)
	assert.Contains(t, got.screen, "-rollback takes it back")
	back := program(t, "", nil, "-at", at, "-state", state, "-rollback")
	require.Equal(t, exitDone, back.code, back.screen)
	assert.Equal(t, before, w.ec2.Snapshot())
	assert.Equal(t, visitors, w.addresses(t))
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "s.json")
	require.NoError(t, os.WriteFile(filepath.Join(t.TempDir(), "x"), nil, 0o600))
	half := map[string]string{"AWS_ACCESS_KEY_ID": "AKIA"}
	for name, tt := range map[string]struct {
		env  map[string]string
		args []string
		says string
	}{
		"argument":        {nil, []string{"shop"}, "is not a flag"},
		"from":            {nil, []string{"-from", "i-1"}, "a Region, a slash"},
		"no such file":    {nil, []string{"-spec", "missing.json"}, "-spec"},
		"half the keys":   {half, nil, "AWS_SECRET_ACCESS_KEY"},
		"two wishes":      {nil, []string{"-rollback", "-plan"}, "choose one"},
		"not loopback":    {nil, []string{"-serve", "0.0.0.0:1"}, "loopback"},
		"nobody serves":   {nil, []string{"-at", "http://127.0.0.1:1"}, "-at"},
		"other partition": {nil, []string{"-to", "cn-north-1"}, "partition"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := program(t, "", tt.env, append(tt.args, "-state", state+name)...)
			assert.Contains(t, []int{exitInput, exitFailed, exitDecide}, got.code)
			assert.Contains(t, got.screen, tt.says)
			assert.NoFileExists(t, state+name)
		})
	}
}
