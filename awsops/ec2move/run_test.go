package ec2move_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

func ExampleClient_Run_twoPasses() {
	cloud := ec2movetest.New(&ec2movetest.Options{World: new(ec2movetest.Sample())}) // real code: Config{AWS: cfg}
	var kept ec2move.State
	cfg := cloud.Config()
	cfg.Save = func(_ context.Context, st ec2move.State) error { // to a file, or wherever a process finds it again
		kept = st
		return nil
	}
	c, err := ec2move.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	plan, err := c.Plan(ctx, ec2move.Spec{
		ID: "web-to-us", From: ec2move.Instance{Region: "eu-central-1", ID: ec2movetest.SampleInstance}, To: ec2move.Target{Region: "us-east-1"},
		Capture: ec2move.TwoPass,
	})
	if err != nil || plan.Blocked() {
		fmt.Println(err, plan)
		return
	}
	for e, err := range c.Run(ctx, plan) {
		if err != nil {
			fmt.Println(err) // run it again: nothing is done twice
			return
		}
		if e.Phase == string(ec2move.Done) {
			fmt.Println(e.Step, e.Phase)
		}
	}
	fmt.Println(kept.Steps[ec2move.StepAddress].Note != "")
	// Output:
	// check done
	// key-pair done
	// prefix-lists done
	// groups done
	// hot-image done
	// hot-copy done
	// stop done
	// image done
	// copy done
	// launch done
	// attach done
	// ready done
	// address done
	// finish done
	// true
}

// A move that is done is done: run again, it changes nothing, with the state kept or lost.
func TestAMoveThatIsDoneChangesNothing(t *testing.T) {
	t.Parallel()
	for name, spec := range crashSpecs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, kept := newCloud(t, func(o *ec2movetest.Options) { o.Lag = 2 }), &keeper{}
			c := newClient(t, cloud, kept.into)
			plan := planned(t, c, spec)
			move := c.Run(t.Context(), plan)
			_, err := run(t, move)
			require.NoError(t, err)
			there, calls := lookInto(cloud), len(recorded(cloud))
			_, err = run(t, move) // the sequence can be ranged over again
			require.NoError(t, err)
			_, err = run(t, c.Resume(t.Context(), *kept.last))
			require.NoError(t, err)
			st, err := newClient(t, cloud).Find(t.Context(), spec)
			require.NoError(t, err)
			_, err = run(t, newClient(t, cloud).Resume(t.Context(), st))
			require.NoError(t, err)
			assert.Equal(t, there, lookInto(cloud))
			assert.Len(t, recorded(cloud), calls)
		})
	}
}

// Breaking out of the range stops, and the next range goes on.
func TestBreakingOutStopsSafely(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	want := newCloud(t)
	spec := crashSpecs()["two passes, detached volume"]
	c := newClient(t, want)
	_, err := run(t, c.Run(t.Context(), planned(t, c, spec)))
	require.NoError(t, err)

	kept := &keeper{}
	c = newClient(t, cloud, kept.into)
	plan := planned(t, c, spec)
	breaks := 0
	for done := false; !done; breaks++ {
		require.Less(t, breaks, 1000)
		events := c.Run(t.Context(), plan)
		if kept.last != nil && breaks%4 != 0 { // Run looks for a settle window each time
			events = c.Resume(t.Context(), *kept.last)
		}
		done = true
		n := 0
		for _, err := range events {
			require.NoError(t, err)
			if n++; n == 12 {
				done = false
				break
			}
		}
	}
	assert.Greater(t, breaks, 5)
	assert.Equal(t, lookInto(want), lookInto(cloud))
}

// Advance alone is what an engine calls: with its state as JSON in between, one call that changes something at a time.
func TestAdvanceOneCallAtATime(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	c := newClient(t, cloud)
	st, err := c.Find(t.Context(), crashSpecs()["two passes, detached volume"])
	require.NoError(t, err)
	for looks := 0; ; looks++ {
		require.Less(t, looks, 2000)
		before := len(recorded(cloud))
		data, err := json.Marshal(st)
		require.NoError(t, err)
		var given ec2move.State
		require.NoError(t, json.Unmarshal(data, &given))
		next, more, err := c.Advance(t.Context(), given)
		require.NoError(t, err)
		assert.LessOrEqual(t, len(recorded(cloud))-before, 1)
		unchanged, err := json.Marshal(given)
		require.NoError(t, err)
		assert.Equal(t, string(data), string(unchanged), "the state that was given is not written to")
		if st = next; more.Done {
			break
		}
		require.NoError(t, cloud.Clock().Sleep(t.Context(), more.After))
	}
	assert.Equal(t, 1, cloud.Count(away).Instances)
}

func TestRunRefusesAPlanThatWouldFail(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	c := newClient(t, cloud)
	plan := planned(t, c, plainSpec())
	plan.Findings = append(plan.Findings, ec2move.Finding{Severity: ec2move.Stop, Code: "x", What: "the type is not offered there"})
	_, err := run(t, c.Run(t.Context(), plan))
	require.ErrorIs(t, err, awsops.ErrInvalid)
	require.ErrorContains(t, err, "not offered there")
	_, err = run(t, c.Run(t.Context(), nil))
	require.ErrorIs(t, err, awsops.ErrInvalid)
	assert.Empty(t, recorded(cloud))
}

// Trap 28: Plan made, source changed, Run → Conflict.
func TestTrap28ASourceThatChangedSinceThePlanIsAConflict(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	c := newClient(t, cloud)
	plan := planned(t, c, plainSpec())
	plan.Source.Type = "t3.medium"
	_, err := run(t, c.Run(t.Context(), plan))
	require.ErrorIs(t, err, awsops.ErrConflict)
	assert.Empty(t, recorded(cloud))
}

// A state that cannot be kept ends the move before the next call, and what has been made is found again.
func TestAStateThatCannotBeKeptStopsTheMove(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	full := errors.New("no space left")
	for fails := 1; fails < 4; fails++ {
		saves := 0
		c := newClient(t, cloud, func(cfg *ec2move.Config) {
			cfg.Save = func(context.Context, ec2move.State) error {
				if saves++; saves == fails {
					return full
				}
				return nil
			}
		})
		_, err := run(t, c.Run(t.Context(), planned(t, c, plainSpec())))
		require.ErrorIs(t, err, full)
		assert.Equal(t, fails, saves)
	}
	c := newClient(t, cloud)
	_, err := run(t, c.Run(t.Context(), planned(t, c, plainSpec())))
	require.NoError(t, err)
	assert.Equal(t, 1, cloud.Made(away).Instances)
}

// The end of a context ends the move with its cause, also while it waits; what a call has made by then is kept.
func TestTheEndOfTheContextIsToldWithItsCause(t *testing.T) {
	t.Parallel()
	cloud, kept := newCloud(t), &keeper{}
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("the operator went home")
	cloud.Observe(func(e awsopstest.Event) {
		if e.Op == "CreateImage" && e.When == awsopstest.After {
			cancel(enough)
		}
	})
	c := newClient(t, cloud, kept.into)
	plan := planned(t, c, plainSpec())
	_, err := run(t, c.Run(ctx, plan))
	require.ErrorIs(t, err, enough)
	assert.NotEmpty(t, kept.last.Steps[ec2move.StepImage].ID)
	_, err = run(t, c.Resume(t.Context(), *kept.last))
	require.NoError(t, err)
	assert.Equal(t, 1, cloud.Made(home).Images)
}

// Neither user data nor a key is in the state, the plan, an event, an error or a log.
func TestUserDataIsKeptNowhere(t *testing.T) {
	t.Parallel()
	var logged strings.Builder
	cloud, kept := newCloud(t), &keeper{}
	var all strings.Builder
	c := newClient(t, cloud, func(cfg *ec2move.Config) {
		cfg.Logger = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
		cfg.Save = func(ctx context.Context, st ec2move.State) error {
			data, err := json.Marshal(st)
			all.Write(data)
			_ = kept.save(ctx, st)
			return err
		}
	})
	plan := planned(t, c, plainSpec())
	cloud.FailNext("RunInstances", "InvalidParameterValue", "no")
	for e, err := range c.Run(t.Context(), plan) {
		fmt.Fprint(&all, e, err)
	}
	data, err := json.Marshal(plan)
	require.NoError(t, err)
	fmt.Fprintf(&all, "%s %v %+v %#v %v", data, c, plan, kept.last, logged.String())
	for _, part := range []string{"hunter2", "aHVudGVyMi", "h1bnRlcj", "odW50ZXI", "DB_PASSWORD"} {
		assert.NotContains(t, all.String(), part)
	}
	require.Positive(t, cloud.Calls("RunInstances"), "the user data was on its way")
}

// A move takes as long as the copies take, and has no time limit of its own.
func TestAMoveOfTerabytes(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, func(o *ec2movetest.Options) {
		o.World.Regions[home].Instances[0].Volumes[1].GiB = 4096
		o.World.Regions[home].Instances[0].Volumes[1].UsedMiB = 3 << 20
		o.CopyMiB = 50
	})
	c := newClient(t, cloud)
	began := cloud.Clock().Now()
	_, err := run(t, c.Run(t.Context(), planned(t, c, plainSpec())))
	require.NoError(t, err)
	assert.Greater(t, cloud.Clock().Now().Sub(began), 12*time.Hour)
}

// A whole move, with all its looks, on a fake that answers at once: what the package itself costs.
func BenchmarkRun(b *testing.B) {
	for b.Loop() {
		cloud := newCloud(b)
		c := newClient(b, cloud)
		if _, err := run(b, c.Run(b.Context(), planned(b, c, plainSpec()))); err != nil {
			b.Fatal(err)
		}
	}
}
