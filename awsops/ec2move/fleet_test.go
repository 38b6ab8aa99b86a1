package ec2move_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// many is an account with n servers in some Regions, of 1 to 6 volumes each, and the moves of all of them to us-east-1.
func many(n int, regions []string, seed uint64) (ec2movetest.World, []ec2move.Spec) {
	random := rand.New(rand.NewPCG(seed, 1))
	world := ec2movetest.World{Regions: map[string]*ec2movetest.Area{}}
	for _, name := range regions {
		world.Regions[name] = &ec2movetest.Area{}
	}
	var moves []ec2move.Spec
	for i := range n {
		region := regions[i%len(regions)]
		in := ec2movetest.Instance{ID: fmt.Sprintf("i-0%016x", i), Type: "t3.micro"}
		for v := range 1 + min(random.IntN(6), random.IntN(6)) { // most have one or two
			gib := int32(20 + random.IntN(271))
			in.Volumes = append(in.Volumes, ec2movetest.Volume{
				ID: fmt.Sprintf("vol-0%015x%d", i, v), Device: fmt.Sprintf("/dev/sd%c", 'f'+v), GiB: gib, UsedMiB: int64(float64(gib) * 1024 * (0.3 + 0.7*random.Float64())),
			})
		}
		world.Regions[region].Instances = append(world.Regions[region].Instances, in)
		moves = append(moves, ec2move.Spec{
			ID: fmt.Sprintf("server-%03d", i), From: ec2move.Instance{Region: region, ID: in.ID},
			To: ec2move.Target{Region: "us-east-1", Address: ec2move.AddressNone}, Capture: ec2move.CrashConsistent,
		})
	}
	return world, moves
}

// flight is when how many copies were at work.
type flight struct {
	at  time.Time
	now int
}

// timeline draws how many copies were at work, of 20.
func timeline(flights []flight, from, to time.Time) string {
	const columns = 100
	sum := make([]float64, columns)
	step := to.Sub(from) / columns
	for i, f := range flights {
		end := to
		if i+1 < len(flights) {
			end = flights[i+1].at
		}
		for c := range columns {
			a, b := from.Add(time.Duration(c)*step), from.Add(time.Duration(c+1)*step)
			if f.at.After(a) {
				a = f.at
			}
			if end.Before(b) {
				b = end
			}
			if b.After(a) {
				sum[c] += float64(f.now) * float64(b.Sub(a)) / float64(step)
			}
		}
	}
	var out strings.Builder
	for level := 20; level > 0; level -= 4 {
		fmt.Fprintf(&out, "%3d |", level)
		for _, s := range sum {
			out.WriteByte(" .-=#"[min(max(int(s)-(level-4), 0), 4)])
		}
		out.WriteByte('\n')
	}
	fmt.Fprintf(&out, "    +%s\n     0%*s\n", strings.Repeat("-", columns), columns-1, to.Sub(from).Round(time.Minute))
	return out.String()
}

// Trap 9: "20-copy quota with many volumes." Two hundred servers go to one Region, and no copy is refused.
func TestTrap9AFleetKeepsToTheQuotaAndFillsIt(t *testing.T) {
	t.Parallel()
	five := []string{"eu-central-1", "eu-west-1", "ap-southeast-2", "us-west-2", "sa-east-1"}
	for name, tt := range map[string]struct {
		regions []string
		n, pair int
	}{
		"200 servers, the quota binds":                   {regions: five, n: 200, pair: 20_000}, // as if EC2 carried any amount between two Regions
		"40 servers, what EC2 carries from Region binds": {regions: five[:1], n: 40, pair: 2_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world, moves := many(tt.n, tt.regions, 7)
			cloud := ec2movetest.New(&ec2movetest.Options{World: &world, VCPUs: 1000, PairMiB: tt.pair})
			c, err := ec2move.New(cloud.Config())
			require.NoError(t, err)
			plan, err := c.PlanFleet(t.Context(), ec2move.Fleet{Moves: moves})
			require.NoError(t, err)
			flights, began := fly(t, cloud, c, plan)
			ended := cloud.Clock().Now()
			_, most := cloud.Copying("us-east-1")
			assert.LessOrEqual(t, most, 20)
			assert.Zero(t, cloud.Meter().Refused)
			count := cloud.Count("us-east-1")
			assert.Equal(t, len(moves), count.Instances)
			assert.Zero(t, count.Images+count.Snapshots, "cleared up")

			slots, pairs := time.Duration(0), map[string]time.Duration{}
			for region, area := range world.Regions {
				for _, in := range area.Instances {
					for _, v := range in.Volumes {
						slots += 30*time.Second + time.Duration(v.UsedMiB)*time.Second/500
						pairs[region] += time.Duration(v.UsedMiB) * time.Second / time.Duration(tt.pair)
					}
				}
			}
			bound := slots / 20
			for _, pair := range pairs {
				bound = max(bound, pair)
			}
			first, last := copying(flights)
			lead, tail := alone(t, moves, world, tt.pair)
			lead, tail = min(lead, first.Sub(began)), min(tail, ended.Sub(last)) // alone, a move looks less often
			copies := bound
			bound += lead + tail
			t.Logf("%s: %v in all; the bound is %v, %v for the copies, %v before the first and %v after the last: %.1f %%; planned bound %v; %d looks",
				name, ended.Sub(began).Round(time.Second), bound.Round(time.Second), copies.Round(time.Second), lead.Round(time.Second),
				tail.Round(time.Second), 100*float64(ended.Sub(began))/float64(bound), plan.Bound.Round(time.Second), cloud.Calls(""))
			t.Logf("copies at work over time\n%s", timeline(flights, began, ended))
			// An image with n volumes needs room for all of them at once, so that some stands empty while it is gathered.
			assert.Less(t, ended.Sub(began), bound+bound/10, "within a tenth of the bound")
		})
	}
}

// fly runs a fleet and tells how many copies were at work when.
func fly(t *testing.T, cloud *ec2movetest.Cloud, c *ec2move.Client, plan *ec2move.FleetPlan) (flights []flight, began time.Time) {
	t.Helper()
	began = cloud.Clock().Now()
	for e, err := range c.RunFleet(t.Context(), plan) {
		require.NoError(t, err)
		require.NotEqual(t, string(ec2move.Failed), e.Phase, "%v", e)
		if at := cloud.Clock().Now(); len(flights) == 0 || at.Sub(flights[len(flights)-1].at) > 5*time.Second {
			now, _ := cloud.Copying("us-east-1")
			flights = append(flights, flight{at, now})
		}
	}
	return flights, began
}

// copying is when the first copy was seen, and the last.
func copying(flights []flight) (first, last time.Time) {
	for _, f := range flights {
		if f.now > 0 {
			last = f.at
			if first.IsZero() {
				first = f.at
			}
		}
	}
	return first, last
}

// alone is how long the quickest move takes before its copy and after it, with nobody else at work. No fleet begins to copy
// earlier, nor ends sooner after its last copy.
func alone(t *testing.T, moves []ec2move.Spec, world ec2movetest.World, pair int) (lead, tail time.Duration) {
	t.Helper()
	written := func(s ec2move.Spec) (sum int64) {
		for _, in := range world.Regions[s.From.Region].Instances {
			if in.ID == s.From.ID {
				for _, v := range in.Volumes {
					sum += v.UsedMiB
				}
			}
		}
		return sum
	}
	quickest := slices.MinFunc(moves, func(a, b ec2move.Spec) int { return cmp.Compare(written(a), written(b)) })
	cloud := ec2movetest.New(&ec2movetest.Options{World: &world, VCPUs: 1000, PairMiB: pair})
	c, err := ec2move.New(cloud.Config())
	require.NoError(t, err)
	plan, err := c.PlanFleet(t.Context(), ec2move.Fleet{Moves: []ec2move.Spec{quickest}})
	require.NoError(t, err)
	flights, began := fly(t, cloud, c, plan)
	first, last := copying(flights)
	return first.Sub(began), flights[len(flights)-1].at.Sub(last)
}

// Each move's state is kept apart, and a fleet that ends in the middle goes on.
func TestAFleetGoesOn(t *testing.T) {
	t.Parallel()
	for name, kept := range map[string]bool{"states kept": true, "states lost": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world, moves := many(12, []string{"eu-central-1", "eu-west-1"}, 3)
			cloud := ec2movetest.New(&ec2movetest.Options{World: &world, VCPUs: 1000})
			states := map[string]ec2move.State{}
			config := cloud.Config()
			config.Save = func(_ context.Context, st ec2move.State) error { states[st.Spec.ID] = st; return nil }
			c, err := ec2move.New(config)
			require.NoError(t, err)
			plan, err := c.PlanFleet(t.Context(), ec2move.Fleet{Moves: moves})
			require.NoError(t, err)
			for e, err := range c.RunFleet(t.Context(), plan) {
				require.NoError(t, err)
				if e.Step == string(ec2move.StepLaunch) {
					break
				}
			}
			require.NotEmpty(t, states)
			again, err := ec2move.New(config)
			require.NoError(t, err)
			if kept {
				plan.Fleet.States = states
			}
			for e, err := range again.RunFleet(t.Context(), plan) {
				require.NoError(t, err)
				require.NotEqual(t, string(ec2move.Failed), e.Phase, "%v", e)
			}
			_, most := cloud.Copying("us-east-1")
			assert.LessOrEqual(t, most, 20)
			assert.Zero(t, cloud.Meter().Refused)
			made := cloud.Made("us-east-1")
			assert.Equal(t, 12, made.Instances, "nothing is done twice")
			assert.Equal(t, 12, made.Images)
			for _, st := range states {
				assert.Equal(t, ec2move.Done, st.Steps[ec2move.StepFinish].Phase, st.Spec.ID)
			}
		})
	}
}

func TestAMoveThatFailsStopsNoOther(t *testing.T) {
	t.Parallel()
	world, moves := many(8, []string{"eu-central-1"}, 5)
	cloud := ec2movetest.New(&ec2movetest.Options{World: &world, VCPUs: 1000})
	c, err := ec2move.New(cloud.Config())
	require.NoError(t, err)
	plan, err := c.PlanFleet(t.Context(), ec2move.Fleet{Moves: moves})
	require.NoError(t, err)
	cloud.BreakNextImage("us-east-1", "failed", "Client.InternalError", "the key is disabled")
	var failed []string
	var last error
	for e, err := range c.RunFleet(t.Context(), plan) {
		require.NoError(t, last, "the error comes last, and once")
		if last = err; err == nil && e.Phase == string(ec2move.Failed) && strings.HasPrefix(e.Resource, "ec2move:") {
			failed = append(failed, e.Move)
		}
	}
	require.ErrorContains(t, last, "the key is disabled")
	require.Len(t, failed, 1)
	require.ErrorContains(t, last, failed[0])
	assert.Equal(t, 7, cloud.Count("us-east-1").Instances)
	assert.True(t, slices.ContainsFunc(moves, func(s ec2move.Spec) bool { return s.ID == failed[0] }))
}
