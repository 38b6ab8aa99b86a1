package main

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
	"github.com/kitroll/kitroll/examples/engines/temporal/durable"
)

var spec = ec2move.Spec{
	ID: "durable", From: ec2move.Instance{Region: ec2movetest.SampleRegion, ID: ec2movetest.SampleInstance},
	To: ec2move.Target{Region: "us-east-1"}, Volumes: []ec2move.Volume{{ID: "vol-0aaaaaaaaaaaaaaa3", Device: "/dev/sdg"}},
}

func open(lag int) *ec2movetest.Cloud {
	what := ec2movetest.Sample()
	return ec2movetest.New(&ec2movetest.Options{World: &what, Lag: lag})
}

// execute runs the workflow in Temporal's test environment, whose timers move the fake's clock on.
func execute(t *testing.T, cloud *ec2movetest.Cloud, in durable.Input) (ec2move.State, error) {
	t.Helper()
	mover, err := ec2move.New(cloud.Config())
	require.NoError(t, err)
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(silent{})
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)
	env.SetOnTimerScheduledListener(func(_ string, d time.Duration) { cloud.Clock().Advance(d) })
	durable.Register(env, &durable.Activities{Client: mover})
	env.ExecuteWorkflow(durable.Move, in)
	require.True(t, env.IsWorkflowCompleted())
	if err := env.GetWorkflowError(); err != nil {
		return ec2move.State{}, err
	}
	var st ec2move.State
	require.NoError(t, env.GetWorkflowResult(&st))
	return st, nil
}

func changing(op string) bool {
	return !strings.HasPrefix(op, "Describe") && !strings.HasPrefix(op, "Get")
}

var moment = regexp.MustCompile(`"2026-[-0-9T:]+Z"`)

// end is what there is, but for the moments that tags remember.
func end(cloud *ec2movetest.Cloud) string {
	return moment.ReplaceAllString(cloud.Snapshot(), `"a moment"`)
}

// The activity dies at a call of each kind that changes something, before its effect or after it, or the answer gets lost.
// Temporal runs it once more; there is one of everything all the same.
func TestActivityDies(t *testing.T) {
	t.Parallel()
	for _, lag := range []int{0, 3, 10} {
		clean := open(lag)
		st, err := execute(t, clean, durable.Input{Spec: spec})
		require.NoError(t, err)
		require.True(t, st.Done())
		want := end(clean)
		ops := slices.DeleteFunc(clean.Order(), func(op string) bool { return !changing(op) })
		calls := len(ops)
		slices.Sort(ops)
		ops = slices.Compact(ops)
		points := 0
		for _, op := range ops {
			for _, how := range []string{"before", "after", "lost"} {
				points++
				cloud := open(lag)
				if how == "lost" {
					cloud.LoseNext(op)
				}
				cloud.Observe(func(e awsopstest.Event) {
					if e.Op == op && e.N == 1 && string(e.When) == how {
						panic("the worker dies")
					}
				})
				st, err := execute(t, cloud, durable.Input{Spec: spec})
				if !assert.NoError(t, err, "%s %s", op, how) {
					continue
				}
				assert.True(t, st.Done(), "%s %s", op, how)
				assert.True(t, want == end(cloud), "%s %s: the end is another", op, how)
			}
		}
		t.Logf("lag %d: %d calls in a clean run, %d kinds; died %d times: 0 duplicates", lag, calls, len(ops), points)
	}
}

// What a person has to mend fails the workflow with the state, and a workflow that is started with that goes on.
func TestAPersonActs(t *testing.T) {
	t.Parallel()
	cloud := open(0)
	cloud.FailNext("AllocateAddress", "AddressLimitExceeded", "The maximum number of addresses has been reached.")
	_, err := execute(t, cloud, durable.Input{Spec: spec})
	require.Error(t, err)
	st, kind, ok := durable.Where(err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, awsops.ErrQuota.Error(), kind)
	assert.Equal(t, ec2move.Done, st.Steps[ec2move.StepReady].Phase)
	st, err = execute(t, cloud, durable.Input{Spec: spec, State: &st})
	require.NoError(t, err)
	assert.True(t, st.Done())
	assert.Equal(t, 1, cloud.Calls("RunInstances"))
	assert.Equal(t, 2, cloud.Calls("AllocateAddress"))
}

// A plan that stops starts nothing.
func TestPlanStops(t *testing.T) {
	t.Parallel()
	cloud, s := open(0), spec
	s.To.InstanceType = "m7g.large" // of another architecture
	_, err := execute(t, cloud, durable.Input{Spec: s})
	require.ErrorContains(t, err, "the move would fail")
	for _, op := range cloud.Order() {
		assert.False(t, changing(op), op)
	}
}

func TestDemo(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), nil, &out, func(string) string { return "" }))
	assert.Regexp(t, `\ni-[0-9a-f]{17}\n$`, out.String())
}
