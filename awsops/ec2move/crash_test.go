package ec2move_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// How a process ends at a call that changes something, or the call does.
const (
	beforeSending = "crash before sending"
	afterEffect   = "crash after the effect"
	answerLost    = "answer lost"
)

// A point is one fault in one move.
type point struct {
	call  int // the how-manyth that changes something
	fault string
	lag   int
	lost  bool // the state is
}

func (p point) String() string {
	state := "kept"
	if p.lost {
		state = "lost"
	}
	return fmt.Sprintf("call %d, %s, lag %d, state %s", p.call, p.fault, p.lag, state)
}

var errCrash = errors.New("the process ended")

// changes tells whether an operation does.
func changes(op string) bool {
	return !strings.HasPrefix(op, "Describe") && !strings.HasPrefix(op, "Get")
}

// recorded are the calls of a cloud that change something.
func recorded(cloud *ec2movetest.Cloud) []string {
	return slices.DeleteFunc(cloud.Order(), func(op string) bool { return !changes(op) })
}

// plant makes the fault of a point come. ops are the calls of the same move without one.
func (p point) plant(cloud *ec2movetest.Cloud, ops []string) {
	if p.fault == answerLost && p.call == 0 {
		cloud.LoseNext(ops[0])
		return
	}
	n := 0
	cloud.Observe(func(e awsopstest.Event) {
		if !changes(e.Op) {
			return
		}
		at := n
		if e.When == awsopstest.After {
			n++
		}
		switch {
		case p.fault == beforeSending && e.When == awsopstest.Before && at == p.call, p.fault == afterEffect && e.When == awsopstest.After && at == p.call:
			n = 1 << 30 // once
			panic(errCrash)
		case p.fault == answerLost && e.When == awsopstest.After && at == p.call-1:
			cloud.LoseNext(ops[p.call])
		}
	})
}

// crashing runs until the end or the crash.
func crashing(tb testing.TB, events func(func(awsops.Event, error) bool)) (crashed bool, err error) {
	tb.Helper()
	defer func() {
		if r := recover(); r != nil {
			if r != any(errCrash) {
				panic(r)
			}
			crashed = true
		}
	}()
	_, err = run(tb, events)
	return false, err
}

// crashSpecs are the moves of the matrix.
func crashSpecs() map[string]ec2move.Spec {
	plain := plainSpec()
	kept := plain
	kept.Keep.Images = true
	full := kept
	full.Capture = ec2move.TwoPass
	full.Volumes = []ec2move.Volume{{ID: spare, Device: "/dev/sdg"}}
	address := kept
	address.Capture, address.To.Address = ec2move.StopFirst, ec2move.AddressNew
	return map[string]ec2move.Spec{"plain": plain, "two passes, detached volume": full, "stopped first, with an address": address}
}

// Whatever call a process ends at, before or after its effect, with the state kept or lost, and however long EC2's lists lag, the
// move that is taken up again comes to the same end as one without a fault, with one of everything.
func TestCrashMatrix(t *testing.T) {
	t.Parallel()
	for name, spec := range crashSpecs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lags := []int{0, 3, 10}
			if raceEnabled { // which takes ten times as long, and finds no more with each
				lags = lags[1:2]
			}
			for _, lag := range lags {
				points, unknown, duplicates := crashPoints(t, spec, lag)
				t.Logf("lag %2d: %d points, %d duplicates, %d unknown outcomes", lag, points, duplicates, unknown)
			}
		})
	}
}

func crashPoints(t *testing.T, spec ec2move.Spec, lag int) (points, unknown, duplicates int) {
	t.Helper()
	lagging := func(o *ec2movetest.Options) { o.Lag, o.WriteLag = lag, min(lag, 3) }
	cloud := newCloud(t, lagging)
	c := newClient(t, cloud)
	plan := planned(t, c, spec)
	_, err := run(t, c.Run(t.Context(), plan))
	require.NoError(t, err, "without a fault, lag %d", lag)
	ops, want := recorded(cloud), lookInto(cloud)
	for call := range ops {
		for _, fault := range []string{beforeSending, afterEffect, answerLost} {
			for _, lost := range []bool{false, true} {
				p := point{call: call, fault: fault, lag: lag, lost: lost}
				points++
				got, err := p.run(t, spec, ops, lagging)
				if errors.Is(err, awsops.ErrUnknownOutcome) && ops[call] == "AllocateAddress" {
					unknown++
					continue
				}
				if !assert.NoError(t, err, "%s (%s)", p, ops[call]) {
					return points, unknown, duplicates
				}
				if got.made != want.made {
					duplicates++
				}
				if !assert.Equal(t, want, got, "%s (%s)", p, ops[call]) {
					return points, unknown, duplicates
				}
			}
		}
	}
	return points, unknown, duplicates
}

// end is what is there after a move, and how much was ever made in both Regions.
type end struct {
	there string
	made  [2]ec2movetest.Counts
}

func lookInto(cloud *ec2movetest.Cloud) end {
	return end{there: timesRE.ReplaceAllString(cloud.Snapshot(), "TIME"), made: [2]ec2movetest.Counts{cloud.Made(home), cloud.Made(away)}}
}

var timesRE = regexp.MustCompile(`2026-\d\d-\d\dT\d\d:\d\d:\d\dZ`) // in the tags that remember one

// run makes the move with the fault, takes it up again, and says what is there at the end.
func (p point) run(t *testing.T, spec ec2move.Spec, ops []string, lagging func(*ec2movetest.Options)) (end, error) {
	t.Helper()
	cloud := newCloud(t, lagging)
	kept := &keeper{}
	c := newClient(t, cloud, kept.into)
	plan := planned(t, c, spec)
	p.plant(cloud, ops)
	crashed, err := crashing(t, c.Run(t.Context(), plan))
	if p.fault != answerLost {
		require.True(t, crashed, "%s: the call never came", p)
	}
	if crashed || err != nil {
		again := newClient(t, cloud, kept.into)
		if p.lost || kept.last == nil {
			_, err = run(t, again.Run(t.Context(), plan))
		} else {
			_, err = run(t, again.Resume(t.Context(), *kept.last))
		}
	}
	return lookInto(cloud), err
}
