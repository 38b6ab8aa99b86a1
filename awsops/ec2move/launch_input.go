package ec2move

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
)

// runInput is the copy as a request: all that the source had and the new Region can have. It is the same whenever it is made of
// the same state, as EC2 refuses a token that comes back with other parameters.
func (m *move) runInput(ctx context.Context, subnet types.Subnet) (*ec2.RunInstancesInput, error) {
	s, id := m.st.Source, aws.ToString(subnet.SubnetId)
	image := m.of(StepCopy).ID
	if image == "" {
		return nil, &Error{Reason: "the state does not say which image is the copy", Err: awsops.ErrInvalid}
	}
	groups, err := m.groupsOfCopy()
	if err != nil {
		return nil, err
	}
	in := &ec2.RunInstancesInput{
		ImageId: &image, InstanceType: types.InstanceType(m.targetType()), MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		ClientToken: aws.String(m.token(id, m.progress().Attempt)), SubnetId: &id, SecurityGroupIds: groups,
		InstanceInitiatedShutdownBehavior: types.ShutdownBehavior(s.Shutdown),
		BlockDeviceMappings:               m.blockDevices(),
		MetadataOptions:                   s.Metadata.request(),
		PrivateDnsNameOptions:             s.PrivateDNS.request(),
		TagSpecifications: append(specify(m.tags("", s.Tags), types.ResourceTypeInstance),
			specify(m.tags("", nil), types.ResourceTypeVolume, types.ResourceTypeNetworkInterface)...),
	}
	if key := m.keyOfCopy(); key != "" {
		in.KeyName = &key
	}
	if s.Profile != "" { // IAM is the same in every Region of a partition
		in.IamInstanceProfile = &types.IamInstanceProfileSpecification{Arn: &s.Profile}
	}
	if s.Monitoring {
		in.Monitoring = &types.RunInstancesMonitoringEnabled{Enabled: aws.Bool(true)}
	}
	if s.EBSOptimized && m.targetType() == s.Type { // another type has its own default, and may refuse it
		in.EbsOptimized = aws.Bool(true)
	}
	if s.Credits != "" && burstableRE.MatchString(m.targetType()) {
		in.CreditSpecification = &types.CreditSpecificationRequest{CpuCredits: &s.Credits}
	}
	if s.IPv6 > 0 && hasIPv6(subnet) {
		in.Ipv6AddressCount = aws.Int32(int32(min(s.IPv6, 64)))
	}
	if s.Tenancy == string(types.TenancyDedicated) {
		in.Placement = &types.Placement{Tenancy: types.TenancyDedicated}
	}
	if s.Enclave {
		in.EnclaveOptions = &types.EnclaveOptionsRequest{Enabled: aws.Bool(true)}
	}
	if s.Hibernates {
		in.HibernationOptions = &types.HibernationOptionsRequest{Configured: aws.Bool(true)}
	}
	in.UserData, err = m.userData(ctx)
	return in, err
}

// groupsOfCopy are the groups in the new VPC; none means its default one.
func (m *move) groupsOfCopy() ([]string, error) {
	if len(m.spec.To.Groups) > 0 {
		return m.spec.To.Groups, nil
	}
	var out []string
	for _, g := range m.st.Source.Groups {
		copied := m.of(StepGroups).IDs[g]
		if copied == "" {
			return nil, &Error{Resource: g, Reason: "the state does not say which group is its copy", Err: awsops.ErrInvalid}
		}
		out = append(out, copied)
	}
	return out, nil
}

// keyOfCopy is the name of the key pair, "" for none.
func (m *move) keyOfCopy() string {
	if m.spec.To.KeyPair != "" {
		return m.spec.To.KeyPair
	}
	return m.of(StepKeyPair).ID
}

// blockDevices are the source's volumes, each with its kind and speed, over those of the image. Their snapshots and sizes are
// the image's. A key stands here only when the volumes are to have several: see copyKey.
func (m *move) blockDevices() []types.BlockDeviceMapping {
	_, uniform := copyKey(m.spec, m.st.Source)
	var out []types.BlockDeviceMapping
	for _, d := range m.st.Source.Devices {
		ebs := &types.EbsBlockDevice{VolumeType: types.VolumeType(d.Type), DeleteOnTermination: &d.DeleteOnTermination}
		switch ebs.VolumeType {
		case types.VolumeTypeGp3:
			ebs.Iops, ebs.Throughput = positive(d.IOPS), positive(d.Throughput)
		case types.VolumeTypeIo1, types.VolumeTypeIo2:
			ebs.Iops = positive(d.IOPS)
		}
		if key := m.spec.keyFor(d.Encrypted, d.KMSKey); !uniform && key != "" {
			ebs.Encrypted, ebs.KmsKeyId = aws.Bool(true), &key
		}
		out = append(out, types.BlockDeviceMapping{DeviceName: &d.Name, Ebs: ebs})
	}
	return out
}

func positive(n int32) *int32 {
	if n <= 0 {
		return nil
	}
	return &n
}

// userData is the source's, in base64 as EC2 gives and takes it, nil for none. It is read now and kept nowhere.
func (m *move) userData(ctx context.Context) (*string, error) {
	if m.spec.UserData == OmitUserData || m.st.Source.UserDataHash == "" {
		return nil, nil
	}
	out, err := read(ctx, m, "DescribeInstanceAttribute", m.src.describeInstanceAttribute,
		&ec2.DescribeInstanceAttributeInput{InstanceId: &m.spec.From.ID, Attribute: types.InstanceAttributeNameUserData})
	if err != nil {
		return nil, err
	}
	var data string
	if out.UserData != nil {
		data = aws.ToString(out.UserData.Value)
	}
	if sum := sha256.Sum256(plain(data)); hex.EncodeToString(sum[:]) != m.st.Source.UserDataHash {
		return nil, &Error{Resource: m.spec.From.ID, Reason: "its user data is not that which was planned with", Err: awsops.ErrConflict, Hint: "plan again, or omit the user data"}
	}
	return &data, nil
}

func hasIPv6(s types.Subnet) bool {
	for _, a := range s.Ipv6CidrBlockAssociationSet {
		if a.Ipv6CidrBlockState != nil && a.Ipv6CidrBlockState.State == types.SubnetCidrBlockStateCodeAssociated {
			return true
		}
	}
	return false
}

// request is the options as a new instance takes them; nil = its defaults.
func (o Metadata) request() *types.InstanceMetadataOptionsRequest {
	if o == (Metadata{}) {
		return nil
	}
	return &types.InstanceMetadataOptionsRequest{
		HttpTokens: types.HttpTokensState(o.Tokens), HttpEndpoint: types.InstanceMetadataEndpointState(o.Endpoint), HttpPutResponseHopLimit: positive(o.HopLimit),
		HttpProtocolIpv6: types.InstanceMetadataProtocolState(o.IPv6), InstanceMetadataTags: types.InstanceMetadataTagsState(o.Tags),
	}
}

func (o PrivateDNS) request() *types.PrivateDnsNameOptionsRequest {
	if o == (PrivateDNS{}) {
		return nil
	}
	return &types.PrivateDnsNameOptionsRequest{
		HostnameType: types.HostnameType(o.HostnameType), EnableResourceNameDnsARecord: &o.A, EnableResourceNameDnsAAAARecord: &o.AAAA,
	}
}
