package ec2movetest

import (
	"cmp"
	"encoding/base64"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// place finds the subnet.
func (r *region) place(l *launch) error {
	id := l.in.SubnetId
	l.groups = l.in.SecurityGroupIds
	var public *bool
	switch cards := l.in.NetworkInterfaces; {
	case len(cards) > 1:
		return refuse("UnsupportedOperation", "The fake launches with one network interface.")
	case len(cards) == 1:
		card := cards[0]
		if id != nil || len(l.groups) > 0 || len(l.in.SecurityGroups) > 0 {
			return refuse("InvalidParameterCombination", "Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request")
		}
		if aws.ToInt32(card.DeviceIndex) != 0 || card.NetworkInterfaceId != nil || card.Ipv6AddressCount != nil || len(card.Ipv6Addresses) > 0 {
			return refuse("UnsupportedOperation", "The fake has no behaviour for this network interface.")
		}
		id, l.groups, public = card.SubnetId, card.Groups, card.AssociatePublicIpAddress
	}
	if id == nil {
		zone := r.zones[0].name
		if p := l.in.Placement; p != nil && p.AvailabilityZone != nil {
			zone = *p.AvailabilityZone
			if _, ok := r.zone(zone); !ok {
				return refuse("InvalidParameterValue", "Invalid availability zone: [%s]", zone)
			}
		}
		s, ok := r.mainSubnet(zone)
		if !ok {
			return refuse("VPCIdNotSpecified", "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.")
		}
		l.subnet = s
	} else {
		s, err := r.subnets.use("SubnetId", id)
		if err != nil {
			return err
		}
		if p := l.in.Placement; p != nil && p.AvailabilityZone != nil && *p.AvailabilityZone != s.zone {
			return refuse("InvalidParameterValue", "The subnet %s is not in the Availability Zone %s.", s.id, *p.AvailabilityZone)
		}
		l.subnet = s
	}
	l.public = l.subnet.public
	if public != nil {
		l.public = *public
	}
	return nil
}

func (r *region) checkImage(l *launch) error {
	im, err := r.images.use("ImageId", l.in.ImageId)
	if err != nil {
		return err
	}
	if r.hidden {
		return r.images.notFound(im.id)
	}
	if im.state != types.ImageStateAvailable {
		return refuse("InvalidAMIID.Unavailable", "The image ID '%s' is currently %s.", im.id, im.state)
	}
	name := cmp.Or(string(l.in.InstanceType), "m1.small")
	t, ok := typeOf(name)
	switch {
	case !ok, !r.offers(name, ""):
		return refuse("InvalidParameterValue", "Invalid value '%s' for InstanceType.", name)
	case !r.offers(name, l.subnet.zone):
		return refuse("Unsupported", "Your requested instance type (%s) is not supported in your requested Availability Zone (%s).", name, l.subnet.zone)
	case t.arch != im.arch:
		return refuse("InvalidParameterValue", "The architecture '%s' of the specified instance type does not match the architecture '%s' of the specified AMI.", t.arch, im.arch)
	case t.nitro && !im.ena:
		return refuse("InvalidParameterCombination", "Enhanced networking with the Elastic Network Adapter (ENA) is required for the '%s' instance type. Ensure that you are using an AMI that is enabled for ENA.", name)
	case im.bootMode != "" && !t.boots(im.bootMode):
		return refuse("InvalidParameterValue", "The instance type '%s' does not support an AMI with boot mode '%s'.", name, im.bootMode)
	case im.tpm != "" && !t.tpm:
		return refuse("InvalidParameterCombination", "The instance type '%s' does not support NitroTPM.", name)
	}
	for _, code := range im.productCodes {
		if !slices.Contains(r.cloud.subscribed, code) {
			return refuse("OptInRequired", "In order to use this AWS Marketplace product you need to accept terms and subscribe: %s", code)
		}
	}
	l.image, l.typ = im, t
	return nil
}

func (r *region) checkGroups(l *launch) error {
	if len(l.groups) == 0 {
		l.groups = []string{r.groupsOf(l.subnet.vpc).id}
		return nil
	}
	l.groups = slices.Clone(l.groups)
	return r.groupsIn(l.subnet.vpc, l.groups)
}

func (r *region) groupsIn(vpcID string, ids []string) error {
	if len(ids) > r.cloud.opts.GroupsPerInterface {
		return refuse("SecurityGroupsPerInterfaceLimitExceeded", "The maximum number of security groups per interface has been reached: %d", r.cloud.opts.GroupsPerInterface)
	}
	for _, id := range ids {
		g, err := r.groups.use("SecurityGroupId", aws.String(id))
		if err != nil {
			return err
		}
		if g.vpc != vpcID {
			return refuse("InvalidParameter", "Security group %s and the subnet belong to different networks.", id)
		}
	}
	return nil
}

// checkLogin is the key pair, the profile and the user data.
func (r *region) checkLogin(l *launch) error {
	if name := aws.ToString(l.in.KeyName); name != "" {
		if _, err := r.pairNamed(name); err != nil {
			return err
		}
	}
	if p := l.in.IamInstanceProfile; p != nil {
		arn, err := r.profile(p)
		if err != nil {
			return err
		}
		l.profile = arn
	}
	l.userData = aws.ToString(l.in.UserData)
	data, err := base64.StdEncoding.DecodeString(l.userData)
	switch {
	case err != nil:
		return refuse("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.")
	case len(data) > 16384:
		return refuse("InvalidParameterValue", "User data is limited to 16384 bytes")
	}
	return nil
}

func (r *region) checkOptions(l *launch) error {
	if c := l.in.CreditSpecification; c != nil {
		credits := aws.ToString(c.CpuCredits)
		if l.typ.credits == "" {
			return refuse("InvalidParameterCombination", "The parameter CreditSpecification is not supported for the instance type %s.", l.typ.name)
		}
		if credits != "standard" && credits != "unlimited" {
			return refuse("InvalidParameterValue", "Invalid value '%s' for CpuCredits.", credits)
		}
	}
	if b := l.in.InstanceInitiatedShutdownBehavior; b != "" && !slices.Contains(b.Values(), b) {
		return refuse("InvalidParameterValue", "Invalid value '%s' for instanceInitiatedShutdownBehavior.", b)
	}
	if m := l.in.MetadataOptions; m != nil {
		hops := aws.ToInt32(m.HttpPutResponseHopLimit)
		switch {
		case m.HttpTokens != "" && !slices.Contains(m.HttpTokens.Values(), m.HttpTokens),
			m.HttpEndpoint != "" && !slices.Contains(m.HttpEndpoint.Values(), m.HttpEndpoint),
			m.HttpProtocolIpv6 != "" && !slices.Contains(m.HttpProtocolIpv6.Values(), m.HttpProtocolIpv6),
			m.InstanceMetadataTags != "" && !slices.Contains(m.InstanceMetadataTags.Values(), m.InstanceMetadataTags):
			return refuse("InvalidParameterValue", "A value of the metadata options is none.")
		case m.HttpPutResponseHopLimit != nil && (hops < 1 || hops > 64):
			return refuse("InvalidParameterValue", "Value (%d) for parameter HttpPutResponseHopLimit is invalid. The value must be between 1 and 64.", hops)
		}
	}
	if d := l.in.PrivateDnsNameOptions; d != nil && d.HostnameType != "" && !slices.Contains(d.HostnameType.Values(), d.HostnameType) {
		return refuse("InvalidParameterValue", "Invalid value '%s' for HostnameType.", d.HostnameType)
	}
	return nil
}

func (r *region) checkDisks(l *launch) error {
	wanted := map[string]types.BlockDeviceMapping{}
	for _, m := range l.in.BlockDeviceMappings {
		name := aws.ToString(m.DeviceName)
		switch _, twice := wanted[name]; {
		case !deviceName.MatchString(name):
			return refuse("InvalidBlockDeviceMapping", "Invalid device name %s", name)
		case twice:
			return refuse("InvalidBlockDeviceMapping", "The device '%s' is used in more than one block-device mapping", name)
		case m.NoDevice == nil && m.VirtualName == nil && m.Ebs == nil:
			return refuse("MissingParameter", "The request must contain the parameter ebs")
		}
		wanted[name] = m
	}
	for _, d := range l.image.devices {
		m, changed := wanted[d.name]
		delete(wanted, d.name)
		if changed && m.NoDevice != nil {
			continue
		}
		n := newDisk{disk: disk{gib: d.gib, typ: d.typ}, name: d.name, of: d.snapshot, deleteOnTermination: d.deleteOnTermination}
		if d.typ != "gp2" {
			n.iops, n.throughput = d.iops, d.throughput
		}
		if err := r.addDisk(l, n, m.Ebs); err != nil {
			return err
		}
	}
	for _, name := range sortedKeys(wanted) {
		m := wanted[name]
		if m.Ebs == nil {
			continue // an instance store, or nothing
		}
		n := newDisk{disk: disk{typ: "gp2"}, name: name, deleteOnTermination: true}
		if id := m.Ebs.SnapshotId; id != nil {
			of, err := r.snapshots.use("SnapshotId", id)
			if err != nil {
				return refuse("InvalidBlockDeviceMapping", "snapshotId can only be modified to one that is there: %s", *id)
			}
			if of.state != "completed" {
				return refuse("IncorrectState", "Snapshot is in invalid state - %s", of.state)
			}
			n.of, n.gib = of, of.gib
		}
		if err := r.addDisk(l, n, m.Ebs); err != nil {
			return err
		}
	}
	return nil
}

// addDisk lays what the launch asks for over what the image has.
func (r *region) addDisk(l *launch, n newDisk, e *types.EbsBlockDevice) error {
	var encrypted *bool
	var key *string
	if e != nil {
		if e.SnapshotId != nil && n.of != nil && *e.SnapshotId != n.of.id {
			return refuse("InvalidBlockDeviceMapping", "snapshotId cannot be modified on the device %s of the image", n.name)
		}
		encrypted, key = e.Encrypted, e.KmsKeyId
		n.gib = cmp.Or(aws.ToInt32(e.VolumeSize), n.gib)
		if e.VolumeType != "" && string(e.VolumeType) != n.typ {
			n.typ, n.iops, n.throughput = string(e.VolumeType), 0, 0
		}
		n.iops, n.throughput = cmp.Or(aws.ToInt32(e.Iops), n.iops), cmp.Or(aws.ToInt32(e.Throughput), n.throughput)
		if e.DeleteOnTermination != nil {
			n.deleteOnTermination = *e.DeleteOnTermination
		}
	}
	if n.of != nil && n.gib < n.of.gib {
		return refuse("InvalidBlockDeviceMapping", "Volume of size %dGB is smaller than snapshot '%s', expect size >= %dGB", n.gib, n.of.id, n.of.gib)
	}
	var err error
	if n.disk, err = checkDisk(n.disk); err != nil {
		return err
	}
	if n.key, err = r.newKey(n.of, encrypted, key); err != nil {
		return err
	}
	l.disks = append(l.disks, n)
	return nil
}
