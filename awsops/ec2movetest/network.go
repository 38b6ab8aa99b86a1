package ec2movetest

import (
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func (r *region) describeVpcs(in *ec2.DescribeVpcsInput) (*ec2.DescribeVpcsOutput, error) {
	found, err := r.vpcs.lookup(in.VpcIds, in.Filters, map[string]func(*vpc) []string{
		"vpc-id":     func(v *vpc) []string { return one(v.id) },
		"is-default": func(v *vpc) []string { return one(strconv.FormatBool(v.isMain)) },
		"isDefault":  func(v *vpc) []string { return one(strconv.FormatBool(v.isMain)) },
		"cidr":       func(v *vpc) []string { return one(v.cidr) },
		"state":      func(*vpc) []string { return one("available") },
	})
	if err != nil {
		return nil, err
	}
	found, next, err := page(r, found, in.MaxResults, in.NextToken, len(in.VpcIds) > 0)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeVpcsOutput{NextToken: next}
	for _, v := range found {
		out.Vpcs = append(out.Vpcs, types.Vpc{
			CidrBlock: aws.String(v.cidr), InstanceTenancy: types.TenancyDefault, IsDefault: aws.Bool(v.isMain), OwnerId: aws.String(r.cloud.account),
			State: types.VpcStateAvailable, Tags: tagList(v.tags), VpcId: aws.String(v.id),
		})
	}
	return out, nil
}

func (r *region) describeSubnets(in *ec2.DescribeSubnetsInput) (*ec2.DescribeSubnetsOutput, error) {
	isDefault := func(s *subnet) bool {
		v, ok := r.vpcs.find(s.vpc)
		return ok && v.isMain
	}
	found, err := r.subnets.lookup(in.SubnetIds, in.Filters, map[string]func(*subnet) []string{
		"subnet-id":               func(s *subnet) []string { return one(s.id) },
		"vpc-id":                  func(s *subnet) []string { return one(s.vpc) },
		"availability-zone":       func(s *subnet) []string { return one(s.zone) },
		"availabilityZone":        func(s *subnet) []string { return one(s.zone) },
		"default-for-az":          func(s *subnet) []string { return one(strconv.FormatBool(isDefault(s))) },
		"map-public-ip-on-launch": func(s *subnet) []string { return one(strconv.FormatBool(s.public)) },
		"state":                   func(*subnet) []string { return one("available") },
	})
	if err != nil {
		return nil, err
	}
	found, next, err := page(r, found, in.MaxResults, in.NextToken, len(in.SubnetIds) > 0)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeSubnetsOutput{NextToken: next}
	for _, s := range found {
		d := types.Subnet{
			AvailabilityZone: aws.String(s.zone), AvailableIpAddressCount: aws.Int32(s.free()), CidrBlock: aws.String(s.cidr.String()), DefaultForAz: aws.Bool(isDefault(s)),
			MapPublicIpOnLaunch: aws.Bool(s.public), OwnerId: aws.String(r.cloud.account), State: types.SubnetStateAvailable, SubnetId: aws.String(s.id),
			SubnetArn: aws.String(r.cloud.arn("ec2", r.name, "subnet/"+s.id)), Tags: tagList(s.tags), VpcId: aws.String(s.vpc), AssignIpv6AddressOnCreation: aws.Bool(false),
		}
		if z, ok := r.zone(s.zone); ok {
			d.AvailabilityZoneId = aws.String(z.id)
		}
		out.Subnets = append(out.Subnets, d)
	}
	return out, nil
}

// free is how many addresses are left: five are AWS's.
func (s *subnet) free() int32 {
	return int32(1)<<(32-s.cidr.Bits()) - 5 - int32(s.used)
}

// zoneItem gives a zone the shape of a resource, for the filters.
type zoneItem struct {
	meta

	z zone
}

func (r *region) describeAvailabilityZones(in *ec2.DescribeAvailabilityZonesInput) (*ec2.DescribeAvailabilityZonesOutput, error) {
	s := store[*zoneItem]{missing: "InvalidParameterValue", what: "availability zone"}
	for _, z := range r.zones {
		s.all = append(s.all, &zoneItem{meta: meta{id: z.name}, z: z})
	}
	for _, name := range in.ZoneNames {
		if _, ok := s.find(name); !ok {
			return nil, refuse("InvalidParameterValue", "Invalid availability zone: [%s]", name)
		}
	}
	found, err := s.lookup(in.ZoneNames, in.Filters, map[string]func(*zoneItem) []string{
		"zone-name":     func(x *zoneItem) []string { return one(x.z.name) },
		"zone-id":       func(x *zoneItem) []string { return one(x.z.id) },
		"zone-type":     func(*zoneItem) []string { return one("availability-zone") },
		"region-name":   func(*zoneItem) []string { return one(r.name) },
		"opt-in-status": func(*zoneItem) []string { return one("opt-in-not-required") },
		"state":         func(*zoneItem) []string { return one("available") },
	})
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeAvailabilityZonesOutput{}
	for _, x := range found {
		if len(in.ZoneIds) > 0 && !slices.Contains(in.ZoneIds, x.z.id) {
			continue
		}
		out.AvailabilityZones = append(out.AvailabilityZones, types.AvailabilityZone{
			GroupName: aws.String(r.name + "-zg-1"), NetworkBorderGroup: aws.String(r.name), OptInStatus: types.AvailabilityZoneOptInStatusOptInNotRequired,
			RegionName: aws.String(r.name), State: types.AvailabilityZoneStateAvailable, ZoneId: aws.String(x.z.id), ZoneName: aws.String(x.z.name), ZoneType: aws.String("availability-zone"),
		})
	}
	return out, nil
}

// cardItem gives the network interface of an instance the shape of a resource.
type cardItem struct {
	meta

	of *instance
}

// describeNetworkInterfaces shows those of instances, until these are terminated.
func (r *region) describeNetworkInterfaces(in *ec2.DescribeNetworkInterfacesInput) (*ec2.DescribeNetworkInterfacesOutput, error) {
	s := store[*cardItem]{missing: "InvalidNetworkInterfaceID.NotFound", what: "network interface"}
	for _, x := range r.instances.all {
		if x.state != "terminated" && x.unseen == 0 {
			s.all = append(s.all, &cardItem{meta: meta{id: x.eni}, of: x})
		}
	}
	found, err := s.lookup(in.NetworkInterfaceIds, in.Filters, map[string]func(*cardItem) []string{
		"network-interface-id":   func(c *cardItem) []string { return one(c.id) },
		"group-id":               func(c *cardItem) []string { return c.of.groups },
		"attachment.instance-id": func(c *cardItem) []string { return one(c.of.id) },
		"subnet-id":              func(c *cardItem) []string { return one(c.of.subnet.id) },
		"vpc-id":                 func(c *cardItem) []string { return one(c.of.subnet.vpc) },
		"status":                 func(*cardItem) []string { return one("in-use") },
		"private-ip-address":     func(c *cardItem) []string { return one(c.of.private.String()) },
	})
	if err != nil {
		return nil, err
	}
	found, next, err := page(r, found, in.MaxResults, in.NextToken, len(in.NetworkInterfaceIds) > 0)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeNetworkInterfacesOutput{NextToken: next}
	for _, c := range found {
		x := c.of
		out.NetworkInterfaces = append(out.NetworkInterfaces, types.NetworkInterface{
			Attachment: &types.NetworkInterfaceAttachment{
				AttachmentId: aws.String(x.attachment), DeleteOnTermination: aws.Bool(true), DeviceIndex: aws.Int32(0), InstanceId: aws.String(x.id),
				InstanceOwnerId: aws.String(r.cloud.account), Status: types.AttachmentStatusAttached,
			},
			AvailabilityZone: aws.String(x.zone), Groups: r.groupIDs(x.groups), InterfaceType: types.NetworkInterfaceTypeInterface, NetworkInterfaceId: aws.String(x.eni),
			OwnerId: aws.String(r.cloud.account), PrivateIpAddress: aws.String(x.private.String()), SourceDestCheck: aws.Bool(x.sourceDestCheck),
			Status: types.NetworkInterfaceStatusInUse, SubnetId: aws.String(x.subnet.id), VpcId: aws.String(x.subnet.vpc),
		})
	}
	return out, nil
}
