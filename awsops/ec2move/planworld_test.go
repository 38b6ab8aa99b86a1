package ec2move_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

const (
	planFrom     = "eu-central-1"
	planTo       = "us-east-1"
	planInstance = "i-0123456789abcdef0"
	planUserData = "#!/bin/sh\necho hunter2 > /etc/password\n"
)

// planKey is a public key in OpenSSH's form, of a seed.
func planKey(seed byte) string {
	name := "ssh-ed25519"
	raw := append([]byte{0, 0, 0, byte(len(name))}, name...)
	raw = append(raw, 0, 0, 0, 32)
	raw = append(raw, slices.Repeat([]byte{seed}, 32)...)
	return name + " " + base64.StdEncoding.EncodeToString(raw)
}

// planWorld is a server with three groups whose rules go in a circle, two prefix lists, a key, user data, an Elastic IP.
func planWorld() *ec2movetest.World {
	office := map[string]string{}
	for i := range 130 {
		office[fmt.Sprintf("198.51.%d.%d/32", 100+i/100, i%100)] = fmt.Sprintf("desk %d", i)
	}
	return &ec2movetest.World{Profiles: []string{"web"}, Regions: map[string]*ec2movetest.Area{
		planFrom: {
			KeyPairs:    []ec2movetest.KeyPair{{Name: "ops", PublicKey: planKey(1)}},
			PrefixLists: []ec2movetest.PrefixList{{ID: "pl-0123456789abcdef0", Name: "office", Max: 200, Entries: office, Tags: map[string]string{"Team": "it"}}},
			Groups: []ec2movetest.Group{
				{
					ID: "sg-0aaaaaaaaaaaaaaa1", Name: "web", Description: "the web (public)", Tags: map[string]string{"Name": "web"}, NoOut: true,
					In: []ec2movetest.Rule{
						{Protocol: "tcp", From: 443, To: 443, Peer: "0.0.0.0/0", Description: "visitors"},
						{Protocol: "tcp", From: 443, To: 443, Peer: "::/0", Description: "visitors of tomorrow"},
						{Protocol: "tcp", From: 80, To: 80, Peer: "com.amazonaws.global.cloudfront.origin-facing"},
						{Protocol: "tcp", From: 22, To: 22, Peer: "pl-0123456789abcdef0", Description: "the office"},
						{Protocol: "tcp", From: 7000, To: 7010, Peer: "sg-0aaaaaaaaaaaaaaa1", Description: "each other"},
						{Protocol: "icmp", From: -1, To: -1, Peer: "10.0.0.0/8"},
					},
					Out: []ec2movetest.Rule{
						{Protocol: "tcp", From: 5432, To: 5432, Peer: "sg-0aaaaaaaaaaaaaaa2", Description: "the database"},
						{Protocol: "-1", From: -1, To: -1, Peer: "2001:db8::/32"},
					},
				},
				{
					ID: "sg-0aaaaaaaaaaaaaaa2", Name: "db", NoOut: true,
					In:  []ec2movetest.Rule{{Protocol: "tcp", From: 5432, To: 5432, Peer: "sg-0aaaaaaaaaaaaaaa1"}},
					Out: []ec2movetest.Rule{{Protocol: "tcp", From: 6379, To: 6379, Peer: "sg-0aaaaaaaaaaaaaaa3"}},
				},
				{
					ID: "sg-0aaaaaaaaaaaaaaa3", Name: "cache",
					In: []ec2movetest.Rule{
						{Protocol: "tcp", From: 6379, To: 6379, Peer: "sg-0aaaaaaaaaaaaaaa2"},
						{Protocol: "tcp", From: 6379, To: 6379, Peer: "sg-0aaaaaaaaaaaaaaa1"}, // the circle closes
					},
				},
				{ID: "sg-0aaaaaaaaaaaaaaa9", Name: "bystander"},
			},
			Instances: []ec2movetest.Instance{{
				ID: planInstance, Type: "t3.micro", Groups: []string{"sg-0aaaaaaaaaaaaaaa1"}, Key: "ops", Profile: "web", UserData: planUserData,
				Volumes: []ec2movetest.Volume{
					{ID: "vol-0aaaaaaaaaaaaaaa1", Device: "/dev/xvda", GiB: 8},
					{ID: "vol-0aaaaaaaaaaaaaaa2", Device: "/dev/sdf", GiB: 100, Keep: true},
				},
				Tags: map[string]string{"Name": "web", "Team": "shop"},
			}},
			Addresses: []ec2movetest.Address{{ID: "eipalloc-0aaaaaaaaaaaaaa1", IP: "203.0.113.10", Instance: planInstance}},
		},
	}}
}

func planSpec() ec2move.Spec {
	return ec2move.Spec{
		ID: "web", From: ec2move.Instance{Region: planFrom, ID: planInstance}, To: ec2move.Target{Region: planTo},
	}
}

// planCloud has a quota of rules that takes the office's list: EC2 counts it as the 200 entries that it may have.
func planCloud(lag int, change ...func(*ec2movetest.World)) *ec2movetest.Cloud {
	w := planWorld()
	for _, f := range change {
		f(w)
	}
	return ec2movetest.New(&ec2movetest.Options{World: w, Lag: lag, RulesPerGroup: 300})
}

func planClient(tb testing.TB, cloud *ec2movetest.Cloud, change ...func(*ec2move.Config)) *ec2move.Client {
	tb.Helper()
	cfg := cloud.Config()
	for _, f := range change {
		f(&cfg)
	}
	c, err := ec2move.New(cfg)
	require.NoError(tb, err)
	return c
}

// planState is the state in which a run of this plan begins.
func planState(tb testing.TB, c *ec2move.Client, s ec2move.Spec) ec2move.State {
	tb.Helper()
	p, err := c.Plan(tb.Context(), s)
	require.NoError(tb, err)
	return ec2move.State{Spec: p.Spec, Source: p.Source}
}

// planUntil advances until the step is past.
func planUntil(ctx context.Context, c *ec2move.Client, clock interface {
	Sleep(context.Context, time.Duration) error
}, st ec2move.State, step ec2move.StepID,
) (ec2move.State, error) {
	for range 3000 {
		if p := st.Steps[step].Phase; p == ec2move.Done || p == ec2move.Skipped {
			return st, nil
		}
		next, n, err := c.Advance(ctx, st)
		st = next
		if err != nil || n.Done {
			return st, err
		}
		if err := clock.Sleep(ctx, n.After); err != nil {
			return st, err
		}
	}
	return st, fmt.Errorf("the step %s does not come to an end: %+v", step, st.Steps[step])
}

// planGroups are the groups of a Region by ID.
func planGroups(tb testing.TB, cloud *ec2movetest.Cloud, region string, lag int) map[string]types.SecurityGroup {
	tb.Helper()
	out := map[string]types.SecurityGroup{}
	for range lag + 1 { // a fake that lags shows all in the end
		answer, err := cloud.Region(region).DescribeSecurityGroups(context.Background(), &ec2.DescribeSecurityGroupsInput{})
		require.NoError(tb, err)
		for _, g := range answer.SecurityGroups {
			out[aws.ToString(g.GroupId)] = g
		}
	}
	return out
}

// planRules are the rules of one direction as text, field by field, with IDs replaced: this test's own reading of EC2's answer.
func planRules(permissions []types.IpPermission, ids map[string]string) []string {
	var out []string
	for _, p := range permissions {
		head := fmt.Sprintf("%s %d-%d ", aws.ToString(p.IpProtocol), aws.ToInt32(p.FromPort), aws.ToInt32(p.ToPort))
		add := func(peer, description *string) {
			name := aws.ToString(peer)
			if there, ok := ids[name]; ok {
				name = there
			}
			out = append(out, head+name+" «"+aws.ToString(description)+"»")
		}
		for _, r := range p.IpRanges {
			add(r.CidrIp, r.Description)
		}
		for _, r := range p.Ipv6Ranges {
			add(r.CidrIpv6, r.Description)
		}
		for _, r := range p.PrefixListIds {
			add(r.PrefixListId, r.Description)
		}
		for _, r := range p.UserIdGroupPairs {
			add(r.GroupId, r.Description)
		}
	}
	slices.Sort(out)
	return out
}

func planCodes(p *ec2move.Plan, severity ec2move.Severity) []string {
	codes := map[string]bool{}
	for _, f := range p.Findings {
		if f.Severity == severity {
			codes[f.Code] = true
		}
	}
	return slices.Sorted(maps.Keys(codes))
}

func planMutating(op string) bool {
	return !strings.HasPrefix(op, "Describe") && !strings.HasPrefix(op, "Get")
}
