package ec2move

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/netip"
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
)

// describe reads the source as it is now: ten reads or so. A source that is not there is an *Error of kind awsops.ErrGone.
func (m *move) describe(ctx context.Context) (Source, error) {
	out, err := read(ctx, m, "DescribeInstances", m.src.describeInstances, &ec2.DescribeInstancesInput{InstanceIds: []string{m.spec.From.ID}})
	if err != nil {
		return Source{}, err
	}
	var s Source
	var found *types.Instance
	for _, r := range out.Reservations {
		for i := range r.Instances {
			if aws.ToString(r.Instances[i].InstanceId) == m.spec.From.ID {
				found, s.Account = &r.Instances[i], aws.ToString(r.OwnerId)
			}
		}
	}
	if found == nil {
		return Source{}, &Error{Op: "DescribeInstances", Resource: m.spec.From.ID, Reason: "no such instance in " + m.spec.From.Region, Err: awsops.ErrGone}
	}
	s.At = m.now().UTC()
	s.take(found)
	for _, more := range []func(context.Context, *Source) error{
		m.describeAttributes, m.describeCredits, m.describeOrigin, m.describeVolumes, m.describeKeyPair, m.describeAddresses,
	} {
		if err := more(ctx, &s); err != nil {
			return Source{}, err
		}
	}
	s.Hash = s.hash()
	return s, nil
}

// take is what DescribeInstances says.
func (s *Source) take(in *types.Instance) {
	s.ImageID, s.Type, s.Architecture = aws.ToString(in.ImageId), string(in.InstanceType), string(in.Architecture)
	s.Platform, s.BootMode, s.TPM = aws.ToString(in.PlatformDetails), string(in.BootMode), aws.ToString(in.TpmSupport)
	s.Virtualization, s.Lifecycle = string(in.VirtualizationType), string(in.InstanceLifecycle)
	s.ENA, s.EBSOptimized, s.Forwards = aws.ToBool(in.EnaSupport), aws.ToBool(in.EbsOptimized), in.SourceDestCheck != nil && !*in.SourceDestCheck
	s.VPCID, s.SubnetID, s.KeyName = aws.ToString(in.VpcId), aws.ToString(in.SubnetId), aws.ToString(in.KeyName)
	s.RootDevice, s.RootDeviceType = aws.ToString(in.RootDeviceName), string(in.RootDeviceType)
	s.PublicDNS = aws.ToString(in.PublicDnsName)
	s.PrivateIP, s.PublicIP = address(in.PrivateIpAddress), address(in.PublicIpAddress)
	if in.State != nil {
		s.State = string(in.State.Name)
	}
	if in.Monitoring != nil {
		s.Monitoring = in.Monitoring.State == types.MonitoringStateEnabled || in.Monitoring.State == types.MonitoringStatePending
	}
	if in.IamInstanceProfile != nil {
		s.Profile = aws.ToString(in.IamInstanceProfile.Arn)
	}
	if o := in.MetadataOptions; o != nil {
		s.Metadata = Metadata{Tokens: string(o.HttpTokens), Endpoint: string(o.HttpEndpoint), HopLimit: aws.ToInt32(o.HttpPutResponseHopLimit), IPv6: string(o.HttpProtocolIpv6), Tags: string(o.InstanceMetadataTags)}
	}
	if o := in.PrivateDnsNameOptions; o != nil {
		s.PrivateDNS = PrivateDNS{HostnameType: string(o.HostnameType), A: aws.ToBool(o.EnableResourceNameDnsARecord), AAAA: aws.ToBool(o.EnableResourceNameDnsAAAARecord)}
	}
	if p := in.Placement; p != nil {
		s.Zone, s.PlacementGroup = aws.ToString(p.AvailabilityZone), aws.ToString(p.GroupName)
		if p.Tenancy != types.TenancyDefault {
			s.Tenancy = string(p.Tenancy)
		}
	}
	if o := in.CpuOptions; o != nil && o.CoreCount != nil {
		s.CPU = fmt.Sprintf("%d×%d", *o.CoreCount, aws.ToInt32(o.ThreadsPerCore))
	}
	s.Enclave = in.EnclaveOptions != nil && aws.ToBool(in.EnclaveOptions.Enabled)
	s.Hibernates = in.HibernationOptions != nil && aws.ToBool(in.HibernationOptions.Configured)
	for _, code := range in.ProductCodes {
		s.ProductCodes = append(s.ProductCodes, aws.ToString(code.ProductCodeId))
	}
	slices.Sort(s.ProductCodes)
	s.Tags = tagMap(in.Tags)
	delete(s.Tags, TagCutover) // of this move: see stepTTL
	s.takeNetwork(in)
	for _, d := range in.BlockDeviceMappings {
		if d.Ebs != nil {
			s.Devices = append(s.Devices, Device{Name: aws.ToString(d.DeviceName), VolumeID: aws.ToString(d.Ebs.VolumeId), DeleteOnTermination: aws.ToBool(d.Ebs.DeleteOnTermination)})
		}
	}
	slices.SortFunc(s.Devices, func(a, b Device) int { return cmp.Compare(a.Name, b.Name) })
}

func (s *Source) takeNetwork(in *types.Instance) {
	s.Interfaces = len(in.NetworkInterfaces)
	groups := in.SecurityGroups
	for _, n := range in.NetworkInterfaces {
		s.SecondaryIPs += max(len(n.PrivateIpAddresses)-1, 0)
		if n.Attachment != nil && aws.ToInt32(n.Attachment.DeviceIndex) == 0 {
			groups = n.Groups
			s.IPv6 = len(n.Ipv6Addresses)
		}
	}
	for _, g := range groups {
		s.Groups = append(s.Groups, aws.ToString(g.GroupId))
	}
	slices.Sort(s.Groups)
}

// describeAttributes asks what DescribeInstances does not say, an attribute a call. Of the user data nothing stays but a hash.
func (m *move) describeAttributes(ctx context.Context, s *Source) error {
	type attribute struct {
		name types.InstanceAttributeName
		take func(*ec2.DescribeInstanceAttributeOutput)
	}
	for _, a := range []attribute{
		{types.InstanceAttributeNameUserData, func(out *ec2.DescribeInstanceAttributeOutput) {
			if out.UserData != nil && aws.ToString(out.UserData.Value) != "" {
				sum := sha256.Sum256(plain(*out.UserData.Value))
				s.UserDataHash = hex.EncodeToString(sum[:])
			}
		}},
		{types.InstanceAttributeNameDisableApiTermination, func(out *ec2.DescribeInstanceAttributeOutput) {
			s.Protected = out.DisableApiTermination != nil && aws.ToBool(out.DisableApiTermination.Value)
		}},
		{types.InstanceAttributeNameDisableApiStop, func(out *ec2.DescribeInstanceAttributeOutput) {
			s.StopProtected = out.DisableApiStop != nil && aws.ToBool(out.DisableApiStop.Value)
		}},
		{types.InstanceAttributeNameInstanceInitiatedShutdownBehavior, func(out *ec2.DescribeInstanceAttributeOutput) {
			if out.InstanceInitiatedShutdownBehavior != nil {
				s.Shutdown = aws.ToString(out.InstanceInitiatedShutdownBehavior.Value)
			}
		}},
	} {
		out, err := read(ctx, m, "DescribeInstanceAttribute", m.src.describeInstanceAttribute, &ec2.DescribeInstanceAttributeInput{InstanceId: &m.spec.From.ID, Attribute: a.name})
		if err != nil {
			return err
		}
		a.take(out)
	}
	return nil
}

// plain is user data as the instance sees it: the API speaks base64.
func plain(data string) []byte {
	if raw, err := base64.StdEncoding.DecodeString(data); err == nil {
		return raw
	}
	return []byte(data)
}

var burstableRE = regexp.MustCompile(`^t\d+[a-z]*\.`)

// describeCredits: EC2 refuses the question for a type that has none.
func (m *move) describeCredits(ctx context.Context, s *Source) error {
	if !burstableRE.MatchString(s.Type) {
		return nil
	}
	out, err := read(ctx, m, "DescribeInstanceCreditSpecifications", m.src.describeInstanceCreditSpecifications,
		&ec2.DescribeInstanceCreditSpecificationsInput{InstanceIds: []string{m.spec.From.ID}})
	if err != nil {
		return err
	}
	for _, c := range out.InstanceCreditSpecifications {
		if aws.ToString(c.InstanceId) == m.spec.From.ID {
			s.Credits = aws.ToString(c.CpuCredits)
		}
	}
	return nil
}

// describeOrigin asks the image that the source was made of for what the instance does not say. It may be gone: a filter, for
// which EC2 finds nothing, and not an ID, which it refuses.
func (m *move) describeOrigin(ctx context.Context, s *Source) error {
	if s.ImageID == "" || s.TPM != "" && s.BootMode != "" {
		return nil
	}
	out, err := read(ctx, m, "DescribeImages", m.src.describeImages, &ec2.DescribeImagesInput{Filters: []types.Filter{filter("image-id", s.ImageID)}})
	if err != nil {
		return err
	}
	for _, image := range out.Images {
		s.TPM, s.BootMode = cmp.Or(s.TPM, string(image.TpmSupport)), cmp.Or(s.BootMode, string(image.BootMode))
	}
	return nil
}

func (m *move) describeVolumes(ctx context.Context, s *Source) error {
	if len(s.Devices) == 0 {
		return nil
	}
	ids := make([]string, len(s.Devices))
	for i, d := range s.Devices {
		ids[i] = d.VolumeID
	}
	out, err := read(ctx, m, "DescribeVolumes", m.src.describeVolumes, &ec2.DescribeVolumesInput{VolumeIds: ids})
	if err != nil {
		return err
	}
	for _, v := range out.Volumes {
		i := slices.IndexFunc(s.Devices, func(d Device) bool { return d.VolumeID == aws.ToString(v.VolumeId) })
		if i < 0 {
			continue
		}
		d := &s.Devices[i]
		d.GiB, d.Type, d.IOPS, d.Throughput = aws.ToInt32(v.Size), string(v.VolumeType), aws.ToInt32(v.Iops), aws.ToInt32(v.Throughput)
		d.Encrypted, d.KMSKey, d.MultiAttach = aws.ToBool(v.Encrypted), aws.ToString(v.KmsKeyId), aws.ToBool(v.MultiAttachEnabled)
	}
	return nil
}

// describeKeyPair: the pair may have been deleted long ago, and of pairs that EC2 made before 2022 or so it has no public key.
func (m *move) describeKeyPair(ctx context.Context, s *Source) error {
	if s.KeyName == "" {
		return nil
	}
	pair, err := keyPair(ctx, m, m.src, s.KeyName)
	if pair != nil {
		s.PublicKey, s.KeyType = aws.ToString(pair.PublicKey), string(pair.KeyType)
	}
	return err
}

// keyPair is the pair of this name with its public key, nil if there is none.
func keyPair(ctx context.Context, m *move, in calls, name string) (*types.KeyPairInfo, error) {
	out, err := read(ctx, m, "DescribeKeyPairs", in.describeKeyPairs,
		&ec2.DescribeKeyPairsInput{Filters: []types.Filter{filter("key-name", name)}, IncludePublicKey: aws.Bool(true)})
	if err != nil {
		return nil, err
	}
	for i := range out.KeyPairs {
		if aws.ToString(out.KeyPairs[i].KeyName) == name { // filters know wildcards
			return &out.KeyPairs[i], nil
		}
	}
	return nil, nil
}

func (m *move) describeAddresses(ctx context.Context, s *Source) error {
	out, err := read(ctx, m, "DescribeAddresses", m.src.describeAddresses, &ec2.DescribeAddressesInput{Filters: []types.Filter{filter("instance-id", m.spec.From.ID)}})
	if err != nil {
		return err
	}
	s.ElasticIPs = len(out.Addresses)
	for _, a := range out.Addresses {
		if s.AllocationID == "" || address(a.PublicIp) == s.PublicIP {
			s.AllocationID = aws.ToString(a.AllocationId)
		}
	}
	return nil
}

func address(text *string) netip.Addr {
	a, _ := netip.ParseAddr(aws.ToString(text)) // none stays none
	return a
}
