package ec2move_test

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// zone is a DNS provider with the caches of its visitors: who asked before a change keeps the answer for its TTL.
type zone struct {
	mu      sync.Mutex
	clock   awsops.Clock
	names   map[string]entry
	history map[string][]entry // what each name was, with when it became so
	sets    int
	fail    error // of the next SetAddresses
}

type entry struct {
	addresses []netip.Addr
	ttl       time.Duration
	at        time.Time
}

func (z *zone) Addresses(_ context.Context, name string) ([]netip.Addr, time.Duration, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	e := z.names[name]
	return slices.Clone(e.addresses), e.ttl, nil
}

func (z *zone) SetAddresses(_ context.Context, name string, addresses []netip.Addr, ttl time.Duration) error {
	z.mu.Lock()
	defer z.mu.Unlock()
	if err := z.fail; err != nil {
		z.fail = nil
		return err
	}
	z.sets++
	z.put(name, ttl, addresses...)
	return nil
}

func (z *zone) put(name string, ttl time.Duration, addresses ...netip.Addr) {
	e := entry{addresses: slices.Clone(addresses), ttl: ttl, at: z.clock.Now()}
	z.names[name] = e
	z.history[name] = append(z.history[name], e)
}

// cached is the longest that anybody may still hold an answer other than the present one.
func (z *zone) cached(name string) (until time.Time) {
	all := z.history[name]
	for i := range all[:len(all)-1] {
		if end := all[i+1].at.Add(all[i].ttl); !slices.Equal(all[i].addresses, all[len(all)-1].addresses) && end.After(until) {
			until = end
		}
	}
	return until
}

// front is CloudFront: origins by name, counted.
type front struct {
	origins map[string]int
	calls   []string
	fail    error
}

func (f *front) Retarget(_ context.Context, from, to string) (int, error) {
	f.calls = append(f.calls, from+" "+to)
	if err := f.fail; err != nil {
		f.fail = nil
		return 0, err
	}
	n := f.origins[from]
	delete(f.origins, from)
	f.origins[to] += n
	return n, nil
}

// health answers by address, and remembers when it was asked what.
type health struct {
	clock awsops.Clock
	down  map[netip.Addr]bool
	asked []time.Time
	check func(netip.Addr) // told of each
}

func (h *health) Check(_ context.Context, address netip.Addr, _ ec2move.HealthCheck) error {
	h.asked = append(h.asked, h.clock.Now())
	if h.check != nil {
		h.check(address)
	}
	if h.down[address] {
		return errors.New("connection refused")
	}
	return nil
}

// stage is a cloud with the sample server, a zone that leads to it, and CloudFront before it.
type stage struct {
	cloud  *ec2movetest.Cloud
	zone   *zone
	front  *front
	health *health
	config ec2move.Config
	spec   ec2move.Spec
	last   ec2move.State // that was kept
	old    netip.Addr    // the source's
}

const (
	www  = "www.example.com"
	apex = "example.com"
)

func newStage(t *testing.T, opts *ec2movetest.Options) *stage {
	t.Helper()
	if opts == nil {
		opts = &ec2movetest.Options{}
	}
	if opts.World == nil {
		opts.World = new(ec2movetest.Sample())
	}
	cloud := ec2movetest.New(opts)
	s := &stage{
		cloud:  cloud,
		zone:   &zone{clock: cloud.Clock(), names: map[string]entry{}, history: map[string][]entry{}},
		front:  &front{origins: map[string]int{}},
		health: &health{clock: cloud.Clock(), down: map[netip.Addr]bool{}},
	}
	source := s.instance(t, ec2movetest.SampleRegion, ec2movetest.SampleInstance)
	s.old = netip.MustParseAddr(aws.ToString(source.PublicIpAddress))
	s.zone.put(www, time.Hour, s.old)
	s.zone.put(apex, 5*time.Minute, s.old)
	s.front.origins[aws.ToString(source.PublicDnsName)] = 2
	s.config = cloud.Config()
	s.config.DNS, s.config.Origins, s.config.Health = s.zone, s.front, s.health
	s.config.Save = func(_ context.Context, st ec2move.State) error { s.last = st; return nil }
	s.spec = ec2move.Spec{
		ID: "web-to-us", From: ec2move.Instance{Region: ec2movetest.SampleRegion, ID: ec2movetest.SampleInstance},
		To: ec2move.Target{Region: "us-east-1"},
		Cutover: &ec2move.Cutover{
			Records: []string{www, apex}, Check: ec2move.HealthCheck{URL: "https://www.example.com/health"}, Origins: true,
		},
	}
	return s
}

func (s *stage) client(t *testing.T) *ec2move.Client {
	t.Helper()
	c, err := ec2move.New(s.config)
	require.NoError(t, err)
	return c
}

func (s *stage) instance(t *testing.T, region, id string) types.Instance {
	t.Helper()
	out, err := s.cloud.Region(region).DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
	require.NoError(t, err)
	return out.Reservations[0].Instances[0]
}

// addresses are those of the target Region, whoever's.
func (s *stage) addresses(t *testing.T) []types.Address {
	t.Helper()
	out, err := s.cloud.Region("us-east-1").DescribeAddresses(t.Context(), &ec2.DescribeAddressesInput{})
	require.NoError(t, err)
	return out.Addresses
}

// run makes the move from a state, or from nothing, until it is done, fails, or until says so of a state.
func (s *stage) run(t *testing.T, c *ec2move.Client, st *ec2move.State, until func(ec2move.State) bool) (ec2move.State, error) {
	t.Helper()
	var now ec2move.State
	if st == nil {
		plan, err := c.Plan(t.Context(), s.spec)
		require.NoError(t, err)
		now = ec2move.State{Spec: s.spec, Source: plan.Source}
	} else {
		now = *st
	}
	for range 5000 {
		after, next, err := c.Advance(t.Context(), now)
		now = after
		s.last = after
		if err != nil || next.Done || until != nil && until(now) {
			return now, err
		}
		require.NoError(t, s.cloud.Clock().Sleep(t.Context(), next.After))
	}
	require.FailNow(t, "the move does not end", "%+v", now.Steps)
	return now, nil
}

// undo rolls a state back, to its end.
func (s *stage) undo(t *testing.T, c *ec2move.Client, st ec2move.State) error {
	t.Helper()
	for _, err := range c.Rollback(t.Context(), st) {
		if err != nil {
			return err
		}
	}
	return nil
}

// at tells of a part of the cutover.
func at(part string) func(ec2move.State) bool {
	return func(st ec2move.State) bool { return st.Steps[ec2move.StepCutover].IDs["at"] == part }
}

// through tells of a step that is done.
func through(id ec2move.StepID) func(ec2move.State) bool {
	return func(st ec2move.State) bool { return st.Steps[id].Phase == ec2move.Done }
}

func (z *zone) now(name string) entry {
	e := z.names[name]
	e.at = time.Time{}
	return e
}

func TestAMoveSwitchesItsVisitors(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	c := s.client(t)
	st, err := s.run(t, c, nil, nil)
	require.NoError(t, err)
	for id, p := range st.Steps {
		t.Log(id, p.Phase, p.Note, slices.Sorted(maps.Keys(p.IDs)))
	}
	copied := s.instance(t, "us-east-1", st.Steps[ec2move.StepLaunch].ID)
	ip := netip.MustParseAddr(aws.ToString(copied.PublicIpAddress))
	require.Equal(t, entry{addresses: []netip.Addr{ip}, ttl: time.Minute}, s.zone.now(www))
	require.Equal(t, entry{addresses: []netip.Addr{ip}, ttl: time.Minute}, s.zone.now(apex))
	require.Equal(t, map[string]int{aws.ToString(copied.PublicDnsName): 2}, s.front.origins)
	require.Len(t, s.addresses(t), 1)
}
