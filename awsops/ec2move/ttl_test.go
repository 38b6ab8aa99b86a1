package ec2move_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// A source that is stopped for its image serves while the old TTLs are waited out: what is down is down for the copy alone.
func TestNobodyWaitsForATTLWithTheSourceStopped(t *testing.T) {
	t.Parallel()
	for _, capture := range []ec2move.Capture{ec2move.StopFirst, ec2move.TwoPass} {
		for name, lost := range map[string]bool{"state kept": false, "state lost when the copy runs": true} {
			t.Run(string(capture)+", "+name, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, nil)
				s.spec.Capture = capture
				var stopped time.Time
				s.cloud.Observe(func(e awsopstest.Event) {
					if e.Op == "StopInstances" && stopped.IsZero() {
						stopped = s.cloud.Clock().Now()
					}
				})
				c := s.client(t)
				plan, err := c.Plan(t.Context(), s.spec)
				require.NoError(t, err)
				st, err := s.run(t, c, nil, through(ec2move.StepReady))
				require.NoError(t, err)
				if lost {
					st, err = c.Find(t.Context(), s.spec)
					require.NoError(t, err)
				}
				st, err = s.run(t, c, &st, nil)
				require.NoError(t, err)
				require.True(t, st.Done())
				for _, record := range []string{www, apex} {
					lowered, switched := s.switched(t, record)
					assert.Equal(t, time.Minute, lowered.ttl)
					assert.GreaterOrEqual(t, stopped.Sub(lowered.at), time.Hour, "the old TTL is over when the source stops")
					if !lost { // what is found cannot tell how long ago it was lowered, and waits once more
						down := switched.at.Sub(stopped)
						assert.Less(t, down, 40*time.Minute)
						assert.InEpsilon(t, plan.Downtime.Seconds(), down.Seconds(), 0.6, "planned %v, was %v", plan.Downtime, down)
					}
				}
				source := s.instance(t, ec2movetest.SampleRegion, ec2movetest.SampleInstance)
				for _, tag := range source.Tags {
					assert.NotEqual(t, ec2move.TagCutover, aws.ToString(tag.Key), "the source is as it was")
				}
			})
		}
	}
}

// What was lowered before the stop is raised by a rollback that comes before the cutover, also when the state is lost; and a
// source that comes back under another address takes its names along.
func TestARollbackBeforeTheCutoverRaisesTheTTLs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ lost, elastic bool }{
		"kept": {false, true}, "lost": {true, true}, "kept, another address": {false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := ec2movetest.Sample()
			if !tt.elastic {
				world.Regions[ec2movetest.SampleRegion].Addresses = nil
			}
			s := newStage(t, &ec2movetest.Options{World: &world})
			s.spec.Capture, s.spec.To.Address = ec2move.StopFirst, ec2move.AddressNew
			c := s.client(t)
			st, err := s.run(t, c, nil, through(ec2move.StepCopy))
			require.NoError(t, err)
			require.Equal(t, time.Minute, s.zone.names[www].ttl, "else the test shows nothing")
			if tt.lost {
				st, err = c.Find(t.Context(), s.spec)
				require.NoError(t, err)
			}
			require.NoError(t, s.undo(t, c, st))
			source := s.instance(t, ec2movetest.SampleRegion, ec2movetest.SampleInstance)
			ip := netip.MustParseAddr(aws.ToString(source.PublicIpAddress))
			assert.Equal(t, tt.elastic, ip == s.old)
			assert.Equal(t, entry{addresses: []netip.Addr{ip}, ttl: time.Hour}, s.zone.now(www))
			assert.Equal(t, entry{addresses: []netip.Addr{ip}, ttl: 5 * time.Minute}, s.zone.now(apex))
			for _, tag := range source.Tags {
				assert.NotEqual(t, ec2move.TagCutover, aws.ToString(tag.Key))
			}
		})
	}
}
