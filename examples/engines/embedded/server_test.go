package embedded_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/server/temporaltest"

	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
	"github.com/kitroll/kitroll/examples/engines/temporal/durable"
)

var spec = ec2move.Spec{
	ID: "durable", From: ec2move.Instance{Region: ec2movetest.SampleRegion, ID: ec2movetest.SampleInstance},
	To: ec2move.Target{Region: "us-east-1"},
}

// The worker is stopped in the middle of the copy, and another one takes over. The server remembers the rest.
func TestWorkerIsReplaced(t *testing.T) {
	t.Parallel()
	what := ec2movetest.Sample()
	cloud := ec2movetest.New(&ec2movetest.Options{World: &what, Lag: 3})
	mover, err := ec2move.New(cloud.Config())
	require.NoError(t, err)
	ts := temporaltest.NewServer(temporaltest.WithT(t))
	register := func(r worker.Registry) {
		durable.Register(r, &durable.Activities{Client: mover, Pause: func(d time.Duration) time.Duration {
			cloud.Clock().Advance(d)
			return min(d, 20*time.Millisecond)
		}})
	}
	first := ts.NewWorker("ec2move", register)
	copied, once := make(chan struct{}), sync.Once{}
	cloud.Observe(func(e awsopstest.Event) {
		if e.Op == "CopyImage" && e.When == awsopstest.After {
			once.Do(func() { close(copied) })
		}
	})
	h, err := ts.GetDefaultClient().ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "move", TaskQueue: "ec2move"}, durable.Move, durable.Input{Spec: spec})
	require.NoError(t, err)
	<-copied
	first.Stop()
	ts.NewWorker("ec2move", register)
	var st ec2move.State
	require.NoError(t, h.Get(t.Context(), &st))
	assert.True(t, st.Done())
	for _, op := range []string{"CreateImage", "CopyImage", "RunInstances", "AllocateAddress"} {
		assert.Equal(t, 1, cloud.Calls(op), op)
	}
	assert.NotEmpty(t, strings.TrimSpace(st.Steps[ec2move.StepLaunch].ID))
}
