package ec2move_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

const (
	home   = "eu-central-1"
	away   = "us-east-1"
	server = "i-0a1b2c3d4e5f60718"
	spare  = "vol-0a1b2c3d4e5f60777"
	secret = "#!/bin/sh\nexport DB_PASSWORD=hunter2-in-user-data\n"
)

// world is a server with two volumes, a group that names another and itself, a key, a role, user data, an Elastic IP address,
// and a detached volume beside it.
func world() *ec2movetest.World {
	return &ec2movetest.World{Profiles: []string{"web"}, Regions: map[string]*ec2movetest.Area{
		home: {
			KeyPairs: []ec2movetest.KeyPair{{Name: "ops", PublicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0wmN/Cr3JXqmLW7u+g9pTh+wyqDHpSQEIQczXkVx9q ops"}},
			Groups: []ec2movetest.Group{
				{ID: "sg-0a1b2c3d4e5f60001", Name: "web", In: []ec2movetest.Rule{
					{Protocol: "tcp", From: 443, To: 443, Peer: "0.0.0.0/0"}, {Protocol: "tcp", From: 22, To: 22, Peer: "sg-0a1b2c3d4e5f60002"},
				}},
				{ID: "sg-0a1b2c3d4e5f60002", Name: "bastion", In: []ec2movetest.Rule{{Protocol: "tcp", From: 22, To: 22, Peer: "sg-0a1b2c3d4e5f60001"}}},
			},
			Volumes: []ec2movetest.Volume{{ID: spare, GiB: 30, UsedMiB: 3000, Type: "gp3", Tags: map[string]string{"Name": "archive"}}},
			Instances: []ec2movetest.Instance{{
				ID: server, Type: "t3.small", Groups: []string{"sg-0a1b2c3d4e5f60001"}, Key: "ops", Profile: "web", UserData: secret,
				Metadata: &ec2movetest.Metadata{Tokens: "required", HopLimit: 2}, Protected: true, Forwards: true, Monitoring: true,
				Volumes: []ec2movetest.Volume{
					{ID: "vol-0a1b2c3d4e5f60001", GiB: 20, UsedMiB: 8000, Type: "gp3", IOPS: 4000, Throughput: 250, Device: "/dev/xvda"},
					{ID: "vol-0a1b2c3d4e5f60002", GiB: 100, UsedMiB: 40000, Type: "gp2", Device: "/dev/sdf", Keep: true},
				},
				Tags: map[string]string{"Name": "web-1", "team": "shop"},
			}},
			Addresses: []ec2movetest.Address{{ID: "eipalloc-0a1b2c3d4e5f60001", Instance: server}},
		},
		away: {},
	}}
}

func plainSpec() ec2move.Spec {
	return ec2move.Spec{
		ID: "web-1", From: ec2move.Instance{Region: home, ID: server}, To: ec2move.Target{Region: away, Address: ec2move.AddressNone},
	}
}

func newCloud(tb testing.TB, change ...func(*ec2movetest.Options)) *ec2movetest.Cloud {
	tb.Helper()
	o := &ec2movetest.Options{World: world()}
	for _, c := range change {
		c(o)
	}
	return ec2movetest.New(o)
}

func newClient(tb testing.TB, cloud *ec2movetest.Cloud, change ...func(*ec2move.Config)) *ec2move.Client {
	tb.Helper()
	cfg := cloud.Config()
	for _, c := range change {
		c(&cfg)
	}
	c, err := ec2move.New(cfg)
	require.NoError(tb, err)
	return c
}

// run ranges over a move to its end.
func run(tb testing.TB, events func(func(awsops.Event, error) bool)) (seen []awsops.Event, err error) {
	tb.Helper()
	for e, failed := range events {
		if failed != nil {
			return seen, failed
		}
		seen = append(seen, e)
		require.Less(tb, len(seen), 20000, "a move without end; last: %v", seen[len(seen)-1])
	}
	return seen, nil
}

// planned is a plan, and fails with findings that stop it.
func planned(tb testing.TB, c *ec2move.Client, s ec2move.Spec) *ec2move.Plan {
	tb.Helper()
	p, err := c.Plan(tb.Context(), s)
	require.NoError(tb, err)
	require.False(tb, p.Blocked(), "%+v", p.Findings)
	return p
}

// keeper keeps the last state, as a file would.
type keeper struct{ last *ec2move.State }

func (k *keeper) save(_ context.Context, st ec2move.State) error {
	k.last = &st
	return nil
}

func (k *keeper) into(cfg *ec2move.Config) { cfg.Save = k.save }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// steps are the steps of events, each once, in order of their first.
func stepsOf(events []awsops.Event) string {
	var out []string
	for _, e := range events {
		if !slices.Contains(out, e.Step) {
			out = append(out, e.Step)
		}
	}
	return strings.Join(out, " ")
}

// as is the *Error in err.
func as(tb testing.TB, err error) *ec2move.Error {
	tb.Helper()
	e, ok := errors.AsType[*ec2move.Error](err)
	require.True(tb, ok, "%v", err)
	return e
}
