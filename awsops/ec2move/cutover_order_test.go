package ec2move_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// switched is what a record was when its TTL was lowered, and when it was switched.
func (s *stage) switched(t *testing.T, name string) (lowered, switched entry) {
	t.Helper()
	all := s.zone.history[name]
	require.Len(t, all, 3, "as it was, lowered, switched")
	require.Equal(t, []netip.Addr{s.old}, all[1].addresses)
	return all[1], all[2]
}

func TestTheOldTTLIsWaitedOutBeforeTheSwitch(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	before := 0
	s.health.check = func(netip.Addr) {
		if s.zone.names[www].addresses[0] == s.old {
			before++
		}
	}
	st, err := s.run(t, s.client(t), nil, nil)
	require.NoError(t, err)
	for _, name := range []string{www, apex} {
		lowered, switched := s.switched(t, name)
		assert.Equal(t, time.Minute, lowered.ttl)
		assert.Equal(t, time.Minute, switched.ttl)
		assert.GreaterOrEqual(t, switched.at.Sub(lowered.at), time.Hour, "the longest of the old TTLs")
		assert.Less(t, switched.at.Sub(lowered.at), time.Hour+10*time.Minute)
		assert.LessOrEqual(t, s.zone.cached(name).Sub(switched.at), time.Minute, "after the switch nobody holds the old address for longer")
	}
	first, _ := s.switched(t, www)
	assert.Equal(t, 3, before, "in a row, before the switch")
	assert.GreaterOrEqual(t, s.health.asked[0].Sub(first.at), time.Hour, "when a failure would still cost nothing")
	assert.Equal(t, "2", st.Steps[ec2move.StepCutover].IDs["origins"])
	held := s.cloud.Clock().Now().Sub(s.zone.history[apex][2].at)
	assert.GreaterOrEqual(t, held, 2*time.Hour, "twice the TTL that the records had")
	assert.GreaterOrEqual(t, len(s.health.asked)-before, 120, "and the copy is asked every minute")
}

// A TTL that is low enough is neither raised nor waited for, and the shortest hold is twice the TTL.
func TestALowTTLNeedsNoWait(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.zone.put(www, 30*time.Second, s.old)
	s.spec.Cutover.Records, s.spec.Cutover.Hold = []string{www}, time.Second
	_, err := s.run(t, s.client(t), nil, nil)
	require.NoError(t, err)
	all := s.zone.history[www]
	require.Len(t, all, 3)
	assert.Equal(t, 30*time.Second, all[2].ttl)
	assert.GreaterOrEqual(t, s.cloud.Clock().Now().Sub(all[2].at), time.Minute)
	assert.Equal(t, 1, s.zone.sets)
}

func TestAFailingHealthCheckNeverSwitches(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	passes := 0
	s.health.check = func(a netip.Addr) { // twice well, then down: three in a row are wanted
		passes++
		s.health.down[a] = passes%3 == 0
	}
	c := s.client(t)
	st, err := s.run(t, c, nil, nil)
	require.ErrorIs(t, err, awsops.ErrFailed)
	require.ErrorContains(t, err, "connection refused")
	require.ErrorContains(t, err, "nothing was switched")
	require.ErrorContains(t, err, st.Steps[ec2move.StepLaunch].ID)
	for range 9 {
		st, _, _ = c.Advance(t.Context(), st)
		s.cloud.Clock().Advance(10 * time.Second)
	}
	assert.Equal(t, []netip.Addr{s.old}, s.zone.names[www].addresses)
	assert.Empty(t, s.front.calls)

	s.health.check = nil
	clear(s.health.down)
	_, err = s.run(t, c, &st, nil)
	require.NoError(t, err, "mended, it goes on")
	assert.NotEqual(t, []netip.Addr{s.old}, s.zone.names[www].addresses)
}

// A copy that fails while both serve is reported; what becomes of it is the caller's choice.
func TestAFailureInTheHoldLeavesTheChoice(t *testing.T) {
	t.Parallel()
	for name, back := range map[string]bool{"mended": false, "rolled back": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, nil)
			c := s.client(t)
			st, err := s.run(t, c, nil, at("hold"))
			require.NoError(t, err)
			ip := s.zone.names[www].addresses[0]
			s.health.down[ip] = true
			asked := len(s.health.asked)
			st, err = s.run(t, c, &st, nil)
			require.ErrorIs(t, err, awsops.ErrFailed)
			require.ErrorContains(t, err, "Rollback")
			assert.Equal(t, 3, len(s.health.asked)-asked, "one failure is none")
			assert.Equal(t, []netip.Addr{ip}, s.zone.names[www].addresses, "nothing is switched back by itself")
			if !back {
				s.health.down[ip] = false
				_, err = s.run(t, c, &st, nil)
				require.NoError(t, err)
				return
			}
			require.NoError(t, s.undo(t, c, st))
			s.asBefore(t)
		})
	}
}

// asBefore asserts that visitors find the source as they did before the move.
func (s *stage) asBefore(t *testing.T) {
	t.Helper()
	source := s.instance(t, ec2movetest.SampleRegion, ec2movetest.SampleInstance)
	assert.Equal(t, "running", string(source.State.Name))
	assert.Equal(t, s.old.String(), aws.ToString(source.PublicIpAddress))
	assert.Equal(t, entry{addresses: []netip.Addr{s.old}, ttl: time.Hour}, s.zone.now(www))
	assert.Equal(t, entry{addresses: []netip.Addr{s.old}, ttl: 5 * time.Minute}, s.zone.now(apex))
	assert.Equal(t, 2, s.front.origins[aws.ToString(source.PublicDnsName)])
}

// parts of a cutover, in order.
func parts() []string {
	return []string{"lower", "wait", "check", "switch", "verify", "retarget", "hold"}
}

// Wherever the cutover is, it goes on to the same end with its state, with an older one, and with none.
func TestACutoverGoesOnFromAnyPart(t *testing.T) {
	t.Parallel()
	for _, part := range parts() {
		for _, lost := range []string{"kept", "older", "lost"} {
			t.Run(part+", state "+lost, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, nil)
				older, err := s.run(t, s.client(t), nil, through(ec2move.StepLaunch))
				require.NoError(t, err)
				st, err := s.run(t, s.client(t), &older, at(part))
				require.NoError(t, err)
				c := s.client(t)
				switch lost {
				case "older":
					st = older
				case "lost":
					st, err = c.Find(t.Context(), s.spec)
					require.NoError(t, err)
				}
				st, err = s.run(t, c, &st, nil)
				require.NoError(t, err)
				copied := s.instance(t, "us-east-1", st.Steps[ec2move.StepLaunch].ID)
				ip := netip.MustParseAddr(aws.ToString(copied.PublicIpAddress))
				for _, name := range []string{www, apex} {
					assert.Equal(t, entry{addresses: []netip.Addr{ip}, ttl: time.Minute}, s.zone.now(name))
					all := s.zone.history[name]
					require.Len(t, all, 3, "nothing is set twice")
					if name == www {
						assert.GreaterOrEqual(t, all[2].at.Sub(all[1].at), time.Hour, "the old TTL, although the record has forgotten it")
					}
				}
				assert.Equal(t, map[string]int{aws.ToString(copied.PublicDnsName): 2}, s.front.origins)
			})
		}
	}
}

// Wherever the cutover is, a rollback brings back addresses, TTLs and origins, with its state and without.
func TestACutoverIsTakenBackFromAnyPart(t *testing.T) {
	t.Parallel()
	for _, part := range append(parts(), "done") {
		for _, lost := range []string{"kept", "older", "lost"} {
			t.Run(part+", state "+lost, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, nil)
				older, err := s.run(t, s.client(t), nil, through(ec2move.StepLaunch))
				require.NoError(t, err)
				st, err := s.run(t, s.client(t), &older, at(part))
				require.NoError(t, err)
				c := s.client(t)
				switch lost {
				case "older":
					st = older
				case "lost":
					st, err = c.Find(t.Context(), s.spec)
					require.NoError(t, err)
				}
				var gone time.Time // when the copy lost its address
				s.cloud.Observe(func(e awsopstest.Event) {
					if e.Op == "DisassociateAddress" && gone.IsZero() {
						gone = s.cloud.Clock().Now()
					}
				})
				require.NoError(t, s.undo(t, c, st))
				s.asBefore(t)
				assert.Empty(t, s.addresses(t))
				for _, name := range []string{www, apex} {
					for i, e := range s.zone.history[name] {
						if e.addresses[0] != s.old {
							left := s.zone.history[name][i+1].at.Add(e.ttl)
							assert.False(t, gone.Before(left), "the copy serves until nobody holds its address: %v before %v", gone, left)
						}
					}
				}
			})
		}
	}
}

func TestRecordsThatAreNotTheSources(t *testing.T) {
	t.Parallel()
	other, third := netip.MustParseAddr("198.51.100.9"), netip.MustParseAddr("198.51.100.10")
	six := netip.MustParseAddr("2001:db8::9")
	t.Run("one that leads elsewhere is refused before anything is changed", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, nil)
		s.zone.put(apex, time.Hour, other)
		_, err := s.run(t, s.client(t), nil, nil)
		require.ErrorIs(t, err, awsops.ErrConflict)
		require.ErrorContains(t, err, "example.com")
		require.ErrorContains(t, err, other.String())
		assert.Zero(t, s.zone.sets)
	})
	t.Run("one without addresses is refused", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, nil)
		s.zone.put(apex, time.Hour)
		_, err := s.run(t, s.client(t), nil, nil)
		require.ErrorIs(t, err, awsops.ErrConflict)
		require.ErrorContains(t, err, "points at nothing")
	})
	t.Run("others in the set stay, there and back", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, nil)
		s.zone.put(www, time.Hour, other, s.old, six)
		c := s.client(t)
		st, err := s.run(t, c, nil, nil)
		require.NoError(t, err)
		now := s.zone.names[www].addresses
		assert.Len(t, now, 3)
		assert.Contains(t, now, other)
		assert.Contains(t, now, six)
		assert.NotContains(t, now, s.old)
		require.NoError(t, s.undo(t, c, st))
		assert.ElementsMatch(t, []netip.Addr{other, s.old, six}, s.zone.names[www].addresses)
	})
	t.Run("one that somebody changes in between is left alone", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, nil)
		c := s.client(t)
		st, err := s.run(t, c, nil, at("check"))
		require.NoError(t, err)
		s.zone.put(www, time.Minute, third)
		st, err = s.run(t, c, &st, nil)
		require.ErrorIs(t, err, awsops.ErrConflict)
		require.ErrorContains(t, err, third.String())
		assert.Equal(t, []netip.Addr{third}, s.zone.names[www].addresses)
		require.NoError(t, s.undo(t, c, st))
		assert.Equal(t, []netip.Addr{third}, s.zone.names[www].addresses, "also by the rollback")
		assert.Equal(t, entry{addresses: []netip.Addr{s.old}, ttl: 5 * time.Minute}, s.zone.now(apex))
	})
	t.Run("one that somebody sets back after the switch is told of", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, nil)
		c := s.client(t)
		st, err := s.run(t, c, nil, at("verify"))
		require.NoError(t, err)
		s.zone.put(apex, time.Minute, s.old)
		_, err = s.run(t, c, &st, nil)
		require.ErrorIs(t, err, awsops.ErrConflict)
		require.ErrorContains(t, err, "somebody else")
	})
}

func TestWhatDNSRefusesIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"lower", "switch"} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, nil)
			c := s.client(t)
			st, err := s.run(t, c, nil, at(part))
			require.NoError(t, err)
			refusal := errors.New("throttled")
			s.zone.fail = refusal
			st, err = s.run(t, c, &st, nil)
			require.ErrorIs(t, err, refusal)
			require.ErrorContains(t, err, "cutover SetAddresses")
			_, err = s.run(t, c, &st, nil)
			require.NoError(t, err)
		})
	}
	t.Run("retarget", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, nil)
		c := s.client(t)
		refusal := errors.New("throttled")
		s.front.fail = refusal
		st, err := s.run(t, c, nil, nil)
		require.ErrorIs(t, err, refusal)
		_, err = s.run(t, c, &st, nil)
		require.NoError(t, err)
		assert.Len(t, s.front.calls, 2)
	})
}

// Trap 13: "public DNS changes on stop/start." A source without an Elastic IP comes back under another address, and that is
// where its visitors are sent in a rollback.
func TestTrap13ASourceThatWasStoppedComesBackElsewhere(t *testing.T) {
	t.Parallel()
	world := ec2movetest.Sample()
	world.Regions[ec2movetest.SampleRegion].Addresses = nil
	s := newStage(t, &ec2movetest.Options{World: &world})
	s.spec.Capture, s.spec.To.Address = ec2move.StopFirst, ec2move.AddressNew
	c := s.client(t)
	st, err := s.run(t, c, nil, at("hold"))
	require.NoError(t, err)
	var outage bool // visitors were sent to a source that does not answer
	s.health.check = func(a netip.Addr) {
		s.health.down[a] = len(s.health.asked)%4 != 0
		outage = outage || s.zone.names[www].addresses[0] == a && s.health.down[a]
	}
	require.NoError(t, s.undo(t, c, st))
	assert.False(t, outage)
	source := s.instance(t, ec2movetest.SampleRegion, ec2movetest.SampleInstance)
	ip := netip.MustParseAddr(aws.ToString(source.PublicIpAddress))
	require.NotEqual(t, s.old, ip, "else the test shows nothing")
	assert.Equal(t, entry{addresses: []netip.Addr{ip}, ttl: time.Hour}, s.zone.now(www))
	assert.Equal(t, 2, s.front.origins[aws.ToString(source.PublicDnsName)])
	assert.Empty(t, s.addresses(t))
}

func TestACutoverNeedsItsHelpers(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.config.DNS = nil
	_, err := s.run(t, s.client(t), nil, nil)
	require.ErrorIs(t, err, awsops.ErrInvalid)
	require.ErrorContains(t, err, "DNS")
	s.config.DNS, s.config.Origins = s.zone, nil
	_, err = s.run(t, s.client(t), nil, nil)
	require.ErrorIs(t, err, awsops.ErrInvalid)
	require.ErrorContains(t, err, "Origins")
}

func TestTheSpecOfACutoverIsChecked(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.spec.Cutover.Hold = -1
	s.spec.Cutover.Check = ec2move.HealthCheck{URL: "ftp://user:hunter2@example.com", Status: 99, Times: -1}
	_, _, err := s.client(t).Advance(t.Context(), ec2move.State{Spec: s.spec})
	require.ErrorIs(t, err, awsops.ErrInvalid)
	for _, field := range []string{"Cutover.Hold", "Cutover.Check.URL", "Cutover.Check.Status", "Cutover.Check.Times"} {
		require.ErrorContains(t, err, field)
	}
	assert.NotContains(t, err.Error(), "hunter2")
	assert.NotContains(t, fmt.Sprint(strings.Fields(err.Error())), "hunter2")
}
