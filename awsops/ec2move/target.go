package ec2move

import (
	"cmp"
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
)

// targetVPC is the VPC that the copy goes to: that of Target.SubnetID, Target.VPCID, or the default one of the Region.
func (m *move) targetVPC(ctx context.Context) (string, error) {
	switch to := m.spec.To; {
	case to.SubnetID != "":
		subnets, err := m.targetSubnets(ctx)
		if err != nil {
			return "", err
		}
		return aws.ToString(subnets[0].VpcId), nil
	case to.VPCID != "":
		return to.VPCID, nil
	}
	out, err := read(ctx, m, "DescribeVpcs", m.dst.describeVpcs, &ec2.DescribeVpcsInput{Filters: []types.Filter{filter("is-default", "true")}})
	if err != nil {
		return "", err
	}
	if len(out.Vpcs) == 0 {
		return "", &Error{
			Op: "DescribeVpcs", Resource: m.spec.To.Region, Reason: "the Region has no default VPC", Err: awsops.ErrGone,
			Hint: "name a subnet or a VPC in Target",
		}
	}
	return aws.ToString(out.Vpcs[0].VpcId), nil
}

// targetSubnets are the subnets that the copy may go to, at least one, in order of their IDs: Target.SubnetID alone, or those
// of the VPC. Whether their zones offer the type is another question: see offered.
func (m *move) targetSubnets(ctx context.Context) ([]types.Subnet, error) {
	in := &ec2.DescribeSubnetsInput{}
	where := m.spec.To.SubnetID
	if where != "" {
		in.SubnetIds = []string{where}
	} else {
		vpc, err := m.targetVPC(ctx)
		if err != nil {
			return nil, err
		}
		where = vpc
		in.Filters = []types.Filter{filter("vpc-id", vpc)}
	}
	var found []types.Subnet
	for {
		out, err := read(ctx, m, "DescribeSubnets", m.dst.describeSubnets, in)
		if err != nil {
			return nil, err
		}
		found = append(found, out.Subnets...)
		if aws.ToString(out.NextToken) == "" {
			break
		}
		in = &ec2.DescribeSubnetsInput{Filters: in.Filters, NextToken: out.NextToken}
	}
	if len(found) == 0 {
		return nil, &Error{Op: "DescribeSubnets", Resource: where, Reason: "there is no subnet in " + m.spec.To.Region, Err: awsops.ErrGone, Hint: "make one, or name another in Target"}
	}
	slices.SortFunc(found, func(a, b types.Subnet) int { return cmp.Compare(aws.ToString(a.SubnetId), aws.ToString(b.SubnetId)) })
	return found, nil
}

// targetType is the type of the copy.
func (m *move) targetType() string { return cmp.Or(m.spec.To.InstanceType, m.st.Source.Type) }

// offered are the zones of the new Region in which EC2 has the copy's type, in order. Offered is not free: see
// awsops.ErrCapacity.
func (m *move) offered(ctx context.Context) ([]string, error) {
	in := &ec2.DescribeInstanceTypeOfferingsInput{
		LocationType: types.LocationTypeAvailabilityZone, Filters: []types.Filter{filter("instance-type", m.targetType())},
	}
	var zones []string
	for {
		out, err := read(ctx, m, "DescribeInstanceTypeOfferings", m.dst.describeInstanceTypeOfferings, in)
		if err != nil {
			return nil, err
		}
		for _, o := range out.InstanceTypeOfferings {
			zones = append(zones, aws.ToString(o.Location))
		}
		if aws.ToString(out.NextToken) == "" {
			break
		}
		in = &ec2.DescribeInstanceTypeOfferingsInput{LocationType: in.LocationType, Filters: in.Filters, NextToken: out.NextToken}
	}
	slices.Sort(zones)
	return zones, nil
}
