package ec2move_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// altered is EC2 with answers that the fake does not give.
type altered struct {
	ec2move.API
	region    string
	instances func(*types.Instance)
	types     func(region string, info *types.InstanceTypeInfo)
	groups    func(*types.SecurityGroup)
	lists     func(region string, l *types.ManagedPrefixList)
	subnets   func(*types.Subnet)
	addresses func(region string, out *ec2.DescribeAddressesOutput)
}

func (a altered) DescribeInstances(ctx context.Context, in *ec2.DescribeInstancesInput, o ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error) {
	out, err := a.API.DescribeInstances(ctx, in, o...)
	if err == nil && a.instances != nil {
		for _, r := range out.Reservations {
			for i := range r.Instances {
				a.instances(&r.Instances[i])
			}
		}
	}
	return out, err
}

func (a altered) DescribeInstanceTypes(ctx context.Context, in *ec2.DescribeInstanceTypesInput, o ...func(*ec2.Options)) (*ec2.DescribeInstanceTypesOutput, error) {
	out, err := a.API.DescribeInstanceTypes(ctx, in, o...)
	if err == nil && a.types != nil {
		for i := range out.InstanceTypes {
			a.types(a.region, &out.InstanceTypes[i])
		}
	}
	return out, err
}

func (a altered) DescribeSecurityGroups(ctx context.Context, in *ec2.DescribeSecurityGroupsInput, o ...func(*ec2.Options)) (*ec2.DescribeSecurityGroupsOutput, error) {
	out, err := a.API.DescribeSecurityGroups(ctx, in, o...)
	if err == nil && a.groups != nil {
		for i := range out.SecurityGroups {
			a.groups(&out.SecurityGroups[i])
		}
	}
	return out, err
}

func (a altered) DescribeManagedPrefixLists(ctx context.Context, in *ec2.DescribeManagedPrefixListsInput, o ...func(*ec2.Options)) (*ec2.DescribeManagedPrefixListsOutput, error) {
	out, err := a.API.DescribeManagedPrefixLists(ctx, in, o...)
	if err == nil && a.lists != nil {
		for i := range out.PrefixLists {
			a.lists(a.region, &out.PrefixLists[i])
		}
	}
	return out, err
}

func (a altered) DescribeSubnets(ctx context.Context, in *ec2.DescribeSubnetsInput, o ...func(*ec2.Options)) (*ec2.DescribeSubnetsOutput, error) {
	out, err := a.API.DescribeSubnets(ctx, in, o...)
	if err == nil && a.subnets != nil {
		for i := range out.Subnets {
			a.subnets(&out.Subnets[i])
		}
	}
	return out, err
}

func (a altered) DescribeAddresses(ctx context.Context, in *ec2.DescribeAddressesInput, o ...func(*ec2.Options)) (*ec2.DescribeAddressesOutput, error) {
	out, err := a.API.DescribeAddresses(ctx, in, o...)
	if err == nil && a.addresses != nil {
		a.addresses(a.region, out)
	}
	return out, err
}

// planDNS answers for records.
type planDNS map[string][]netip.Addr

func (d planDNS) Addresses(_ context.Context, name string) ([]netip.Addr, time.Duration, error) {
	if strings.HasPrefix(name, "down.") {
		return nil, 0, errors.New("no server answers")
	}
	return d[name], 5 * time.Minute, nil
}

func (planDNS) SetAddresses(context.Context, string, []netip.Addr, time.Duration) error {
	return errors.New("a plan changes nothing")
}

type planOrigins struct{}

func (planOrigins) Retarget(context.Context, string, string) (int, error) {
	return 0, errors.New("a plan changes nothing")
}

// finding is one case of the table: what is unlike the usual server, and what the plan says of it.
type finding struct {
	world    func(*ec2movetest.World)
	spec     func(*ec2move.Spec)
	config   func(*ec2move.Config)
	api      altered
	severity ec2move.Severity
	code     string
	says     string // somewhere in the text
	gone     string // a code that is no longer there
}

// Each finding, seen for its cause, and not without it.
func TestFindings(t *testing.T) {
	t.Parallel()
	usual, err := planClient(t, planCloud(0)).Plan(t.Context(), planSpec())
	require.NoError(t, err)
	for name, tt := range allFindings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var worlds []func(*ec2movetest.World)
			if tt.world != nil {
				worlds = append(worlds, tt.world)
			}
			cloud := planCloud(0, worlds...)
			c := planClient(t, cloud, func(cfg *ec2move.Config) {
				inner := cfg.API
				cfg.API = func(region string) ec2move.API {
					a := tt.api
					a.API, a.region = inner(region), region
					return a
				}
				if tt.config != nil {
					tt.config(cfg)
				}
			})
			s := planSpec()
			if tt.spec != nil {
				tt.spec(&s)
			}
			p, err := c.Plan(t.Context(), s)
			require.NoError(t, err)
			require.Contains(t, planCodes(p, tt.severity), tt.code, "%s", p)
			for _, op := range cloud.Order() {
				assert.False(t, planMutating(op), op)
			}
			assert.Equal(t, tt.severity == ec2move.Stop, p.Blocked() && tt.severity == ec2move.Stop)
			var said []string
			for _, f := range p.Findings {
				if f.Code == tt.code {
					said = append(said, f.What)
					if f.Severity == ec2move.Stop && f.Code != "source-state" {
						assert.NotEmpty(t, f.Fix, "what stops says what to do")
					}
				}
			}
			assert.Contains(t, strings.Join(said, "\n"), tt.says)
			assert.Contains(t, p.String(), tt.code+": ")
			if tt.gone != "" {
				for _, severity := range []ec2move.Severity{ec2move.Stop, ec2move.Warn, ec2move.Note} {
					assert.NotContains(t, planCodes(p, severity), tt.gone)
				}
				return
			}
			assert.False(t, hasFinding(usual, tt.severity, tt.code) && tt.says == "", "seen without its cause too")
		})
	}
}

func hasFinding(p *ec2move.Plan, severity ec2move.Severity, code string) bool {
	for _, f := range p.Findings {
		if f.Severity == severity && f.Code == code {
			return true
		}
	}
	return false
}

func target(f func(*ec2move.Target)) func(*ec2move.Spec) {
	return func(s *ec2move.Spec) { f(&s.To) }
}

func cutover(f func(*ec2move.Cutover)) func(*ec2move.Spec) {
	return func(s *ec2move.Spec) {
		s.Cutover = &ec2move.Cutover{Records: []string{"www.example.com"}, Check: ec2move.HealthCheck{URL: "https://www.example.com/"}}
		f(s.Cutover)
	}
}

func area(w *ec2movetest.World, region string) *ec2movetest.Area {
	if w.Regions[region] == nil {
		w.Regions[region] = &ec2movetest.Area{}
	}
	return w.Regions[region]
}

func withDNS(d planDNS) func(*ec2move.Config) { return func(cfg *ec2move.Config) { cfg.DNS = d } }

func manyRules(n int) []ec2movetest.Rule {
	var out []ec2movetest.Rule
	for i := range n {
		out = append(out, ec2movetest.Rule{Protocol: "tcp", From: 1, To: 1, Peer: fmt.Sprintf("203.0.113.%d/32", i)})
	}
	return out
}

func peered(g *types.SecurityGroup) {
	g.IpPermissions = append(g.IpPermissions, types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(9), ToPort: aws.Int32(9), UserIdGroupPairs: []types.UserIdGroupPair{
		{GroupId: aws.String("sg-0bbbbbbbbbbbbbbb1"), VpcId: aws.String("vpc-0bbbbbbbbbbbbbbb1"), VpcPeeringConnectionId: aws.String("pcx-0bbbbbbbbbbbbbbb1"), PeeringStatus: aws.String("active")},
	}})
}
