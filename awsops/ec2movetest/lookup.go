package ec2movetest

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func (r *region) describeInstances(in *ec2.DescribeInstancesInput) (*ec2.DescribeInstancesOutput, error) {
	found, err := r.instances.lookup(in.InstanceIds, in.Filters, r.instanceFilters())
	if err != nil {
		return nil, err
	}
	found, next, err := page(r, found, in.MaxResults, in.NextToken, len(in.InstanceIds) > 0)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeInstancesOutput{NextToken: next}
	for _, x := range found {
		out.Reservations = append(out.Reservations, types.Reservation{
			Instances: []types.Instance{r.describe(x)}, OwnerId: aws.String(r.cloud.account), ReservationId: aws.String(x.reservation),
		})
	}
	return out, nil
}

func (r *region) instanceFilters() map[string]func(*instance) []string {
	devices := func(of func(device) string) func(*instance) []string {
		return func(in *instance) (out []string) {
			for _, d := range in.devices {
				out = append(out, of(d))
			}
			return out
		}
	}
	return map[string]func(*instance) []string{
		"instance-id":                    func(in *instance) []string { return one(in.id) },
		"instance-state-name":            func(in *instance) []string { return one(in.state) },
		"instance-type":                  func(in *instance) []string { return one(in.typ.name) },
		"client-token":                   func(in *instance) []string { return one(in.clientToken) },
		"image-id":                       func(in *instance) []string { return one(in.imageID) },
		"key-name":                       func(in *instance) []string { return one(in.keyName) },
		"vpc-id":                         func(in *instance) []string { return one(in.subnet.vpc) },
		"subnet-id":                      func(in *instance) []string { return one(in.subnet.id) },
		"availability-zone":              func(in *instance) []string { return one(in.zone) },
		"instance.group-id":              func(in *instance) []string { return in.groups },
		"network-interface.group-id":     func(in *instance) []string { return in.groups },
		"block-device-mapping.volume-id": devices(func(d device) string { return d.volume }),
		"block-device-mapping.device-name": devices(func(d device) string {
			return d.name
		}),
		"private-ip-address": func(in *instance) []string { return one(in.private.String()) },
		"ip-address": func(in *instance) []string {
			if ip, _ := r.publicOf(in); ip.IsValid() {
				return one(ip.String())
			}
			return nil
		},
		"dns-name": func(in *instance) []string {
			_, name := r.publicOf(in)
			return one(name)
		},
		"iam-instance-profile.arn": func(in *instance) []string {
			if a := r.profileOf(in.id); a != nil {
				return one(a.arn)
			}
			return nil
		},
	}
}

func (r *region) groupIDs(ids []string) []types.GroupIdentifier {
	var out []types.GroupIdentifier
	for _, id := range ids {
		g, ok := r.groups.find(id)
		if ok {
			out = append(out, types.GroupIdentifier{GroupId: aws.String(id), GroupName: aws.String(g.name)})
		}
	}
	return out
}

func (r *region) describe(in *instance) types.Instance {
	out := types.Instance{
		AmiLaunchIndex: aws.Int32(0), Architecture: types.ArchitectureValues(in.typ.arch), BootMode: types.BootModeValues(in.bootMode),
		ClientToken: aws.String(in.clientToken), EbsOptimized: aws.Bool(in.ebsOptimized), EnaSupport: aws.Bool(in.ena),
		Hypervisor: types.HypervisorTypeXen, ImageId: aws.String(in.imageID), InstanceId: aws.String(in.id), InstanceType: types.InstanceType(in.typ.name),
		KeyName: optional(in.keyName), LaunchTime: seconds(in.launched), Monitoring: &types.Monitoring{State: types.MonitoringStateDisabled},
		Placement:       &types.Placement{AvailabilityZone: aws.String(in.zone), GroupName: aws.String(""), Tenancy: types.TenancyDefault},
		PlatformDetails: aws.String(in.platform), RootDeviceName: aws.String(in.root), RootDeviceType: types.DeviceTypeEbs, State: instanceState(in.state),
		StateTransitionReason: aws.String(in.reason), Tags: tagList(in.tags), TpmSupport: optional(in.tpm), VirtualizationType: types.VirtualizationTypeHvm,
		PublicDnsName: aws.String(""), PrivateDnsName: aws.String(""),
	}
	if strings.HasPrefix(in.platform, "Windows") {
		out.Platform = types.PlatformValuesWindows
	}
	if in.instanceStore {
		out.RootDeviceType = types.DeviceTypeInstanceStore
	}
	if in.monitoring {
		out.Monitoring.State = types.MonitoringStateEnabled
	}
	for _, code := range in.productCodes {
		out.ProductCodes = append(out.ProductCodes, types.ProductCode{ProductCodeId: aws.String(code), ProductCodeType: types.ProductCodeValuesMarketplace})
	}
	if in.reason != "" {
		out.StateReason = &types.StateReason{Code: aws.String("Client.UserInitiatedShutdown"), Message: aws.String("Client.UserInitiatedShutdown: User initiated shutdown")}
	}
	if in.state == "terminated" {
		return out // of the network and the disks nothing is left
	}
	metadata, dns := in.metadata, in.privateDNS
	out.MetadataOptions = copyMetadata(metadata)
	out.PrivateDnsNameOptions = &types.PrivateDnsNameOptionsResponse{
		EnableResourceNameDnsAAAARecord: aws.Bool(aws.ToBool(dns.EnableResourceNameDnsAAAARecord)),
		EnableResourceNameDnsARecord:    aws.Bool(aws.ToBool(dns.EnableResourceNameDnsARecord)), HostnameType: dns.HostnameType,
	}
	out.PrivateDnsName, out.PrivateIpAddress = aws.String(r.privateName(in)), aws.String(in.private.String())
	out.SubnetId, out.VpcId = aws.String(in.subnet.id), aws.String(in.subnet.vpc)
	out.SecurityGroups, out.SourceDestCheck = r.groupIDs(in.groups), aws.Bool(in.sourceDestCheck)
	ip, name := r.publicOf(in)
	if ip.IsValid() {
		out.PublicIpAddress, out.PublicDnsName = aws.String(ip.String()), aws.String(name)
	}
	if a := r.profileOf(in.id); a != nil && a.state == types.IamInstanceProfileAssociationStateAssociated {
		out.IamInstanceProfile = &types.IamInstanceProfile{Arn: aws.String(a.arn), Id: aws.String(a.profileID())}
	}
	for _, d := range in.devices {
		out.BlockDeviceMappings = append(out.BlockDeviceMappings, types.InstanceBlockDeviceMapping{
			DeviceName: aws.String(d.name),
			Ebs: &types.EbsInstanceBlockDevice{
				AttachTime: seconds(d.at), DeleteOnTermination: aws.Bool(d.deleteOnTermination), Status: types.AttachmentStatusAttached, VolumeId: aws.String(d.volume),
			},
		})
	}
	out.NetworkInterfaces = r.cards(in)
	if len(in.ipv6) > 0 {
		out.Ipv6Address = aws.String(in.ipv6[0])
	}
	return out
}

func copyMetadata(m types.InstanceMetadataOptionsResponse) *types.InstanceMetadataOptionsResponse {
	m.HttpPutResponseHopLimit = aws.Int32(aws.ToInt32(m.HttpPutResponseHopLimit))
	m.State = types.InstanceMetadataOptionsStateApplied
	return &m
}

// cards are the network interfaces of an instance, the first with its addresses.
func (r *region) cards(in *instance) []types.InstanceNetworkInterface {
	first := types.InstanceNetworkInterface{
		Attachment: &types.InstanceNetworkInterfaceAttachment{
			AttachTime: seconds(in.launched), AttachmentId: aws.String(in.attachment), DeleteOnTermination: aws.Bool(true), DeviceIndex: aws.Int32(0),
			NetworkCardIndex: aws.Int32(0), Status: types.AttachmentStatusAttached,
		},
		Groups: r.groupIDs(in.groups), InterfaceType: aws.String("interface"), NetworkInterfaceId: aws.String(in.eni), OwnerId: aws.String(r.cloud.account),
		PrivateDnsName: aws.String(r.privateName(in)), PrivateIpAddress: aws.String(in.private.String()), SourceDestCheck: aws.Bool(in.sourceDestCheck),
		Status: types.NetworkInterfaceStatusInUse, SubnetId: aws.String(in.subnet.id), VpcId: aws.String(in.subnet.vpc),
		PrivateIpAddresses: []types.InstancePrivateIpAddress{{Primary: aws.Bool(true), PrivateIpAddress: aws.String(in.private.String())}},
	}
	if ip, name := r.publicOf(in); ip.IsValid() {
		owner := "amazon"
		if r.addresses.of(in.id) != nil {
			owner = r.cloud.account
		}
		first.Association = &types.InstanceNetworkInterfaceAssociation{IpOwnerId: aws.String(owner), PublicDnsName: aws.String(name), PublicIp: aws.String(ip.String())}
	}
	for _, ip := range in.ipv6 {
		first.Ipv6Addresses = append(first.Ipv6Addresses, types.InstanceIpv6Address{Ipv6Address: aws.String(ip)})
	}
	out := []types.InstanceNetworkInterface{first}
	for i := 1; i < in.interfaces; i++ {
		out = append(out, types.InstanceNetworkInterface{
			Attachment: &types.InstanceNetworkInterfaceAttachment{DeviceIndex: aws.Int32(int32(i)), Status: types.AttachmentStatusAttached},
			Groups:     r.groupIDs(in.groups), NetworkInterfaceId: aws.String("eni-0" + hexOf(in.id, i)[:16]), Status: types.NetworkInterfaceStatusInUse,
			SubnetId: aws.String(in.subnet.id), VpcId: aws.String(in.subnet.vpc), SourceDestCheck: aws.Bool(true),
		})
	}
	return out
}
