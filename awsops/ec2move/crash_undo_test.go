package ec2move_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// Whatever call a move ends at, a rollback leaves nothing of it, the source as it was, and all that is not of the move (trap 29).
func TestRollbackFromEveryCall(t *testing.T) {
	t.Parallel()
	for name, spec := range crashSpecs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lags := []int{0, 10}
			if raceEnabled {
				lags = lags[:1]
			}
			for _, lag := range lags {
				t.Logf("lag %2d: %d points", lag, rollbackPoints(t, spec, lag))
			}
		})
	}
}

func rollbackPoints(t *testing.T, spec ec2move.Spec, lag int) (points int) {
	t.Helper()
	lagging := func(o *ec2movetest.Options) { o.Lag, o.WriteLag = lag, min(lag, 3) }
	cloud := newCloud(t, lagging)
	was := lookInto(cloud).there
	c := newClient(t, cloud)
	_, err := run(t, c.Run(t.Context(), planned(t, c, spec)))
	require.NoError(t, err)
	ops := recorded(cloud)
	for call := range len(ops) + 1 { // one more: from the end
		for _, fault := range []string{beforeSending, afterEffect} {
			for _, lost := range []bool{false, true} {
				p := point{call: call, fault: fault, lag: lag, lost: lost}
				points++
				cloud := newCloud(t, lagging)
				st := p.stateThen(t, cloud, spec, ops)
				c := newClient(t, cloud)
				_, err := run(t, c.Rollback(t.Context(), st))
				if !assert.NoError(t, err, "%s", p) || !assert.Equal(t, was, lookInto(cloud).there, "%s", p) {
					return points
				}
			}
		}
	}
	return points
}

// stateThen makes the move up to the point, and gives the state that is known then.
func (p point) stateThen(t *testing.T, cloud *ec2movetest.Cloud, spec ec2move.Spec, ops []string) ec2move.State {
	t.Helper()
	kept := &keeper{}
	c := newClient(t, cloud, kept.into)
	plan := planned(t, c, spec)
	if p.call < len(ops) {
		p.plant(cloud, ops)
	}
	_, err := crashing(t, c.Run(t.Context(), plan))
	require.NoError(t, err, "%s", p)
	if !p.lost && kept.last != nil {
		return *kept.last
	}
	st, err := newClient(t, cloud).Find(t.Context(), spec)
	require.NoError(t, err, "%s", p)
	return st
}

// A rollback that ends at whatever call is taken up by another one.
func TestRollbackCrashes(t *testing.T) {
	t.Parallel()
	spec := crashSpecs()["two passes, detached volume"]
	spec.To.Address = ec2move.AddressNew
	lagging := func(o *ec2movetest.Options) { o.Lag, o.WriteLag = 3, 1 }
	done := func(t *testing.T) (*ec2movetest.Cloud, string, ec2move.State) {
		t.Helper()
		cloud, kept := newCloud(t, lagging), &keeper{}
		was := lookInto(cloud).there
		c := newClient(t, cloud, kept.into)
		_, err := run(t, c.Run(t.Context(), planned(t, c, spec)))
		require.NoError(t, err)
		return cloud, was, *kept.last
	}
	cloud, was, st := done(t)
	made := len(recorded(cloud))
	_, err := run(t, newClient(t, cloud).Rollback(t.Context(), st))
	require.NoError(t, err)
	require.Equal(t, was, lookInto(cloud).there)
	ops := recorded(cloud)[made:]
	require.NotEmpty(t, ops)
	t.Log(ops)
	for call := range ops {
		for _, fault := range []string{beforeSending, afterEffect, answerLost} {
			p := point{call: call, fault: fault}
			cloud, was, st := done(t)
			kept := &keeper{last: &st}
			p.plant(cloud, ops)
			crashed, err := crashing(t, newClient(t, cloud, kept.into).Rollback(t.Context(), st))
			require.NoError(t, err, "%s %s", p, ops[call])
			if crashed {
				_, err = run(t, newClient(t, cloud).Rollback(t.Context(), *kept.last))
				require.NoError(t, err, "%s %s", p, ops[call])
			}
			require.Equal(t, was, lookInto(cloud).there, "%s %s", p, ops[call])
		}
	}
}
