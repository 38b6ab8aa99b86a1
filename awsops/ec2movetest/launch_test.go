package ec2movetest_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

func subnetIn(t *testing.T, cloud *ec2movetest.Cloud, zone string) *string {
	t.Helper()
	out, err := cloud.Region(target).DescribeSubnets(t.Context(), &ec2.DescribeSubnetsInput{Filters: []types.Filter{filter("availability-zone", zone)}})
	require.NoError(t, err)
	return out.Subnets[0].SubnetId
}

// TestLaunchTokens: Trap 5: zonal token + changed subnet: the same token in another zone launches a second instance.
func TestLaunchTokens(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	_, image := copied(t, cloud)
	in := cloud.Region(target)
	launch := func(change func(*ec2.RunInstancesInput)) (string, string) {
		out, err := in.RunInstances(t.Context(), launchInput(image, func(x *ec2.RunInstancesInput) {
			x.SubnetId = subnetIn(t, cloud, "us-east-1a")
			if change != nil {
				change(x)
			}
		}))
		if err != nil {
			return "", code(t, err)
		}
		return *out.Instances[0].InstanceId, ""
	}
	first, _ := launch(nil)
	again, _ := launch(nil)
	assert.Equal(t, first, again)
	elsewhere, _ := launch(func(x *ec2.RunInstancesInput) { x.SubnetId = subnetIn(t, cloud, "us-east-1b") })
	assert.NotEqual(t, first, elsewhere, "a second instance")
	regional, _ := launch(func(x *ec2.RunInstancesInput) { x.SubnetId = nil })
	assert.NotEqual(t, first, regional, "without a subnet the token is another")
	_, refused := launch(func(x *ec2.RunInstancesInput) { x.InstanceType = "t3.micro" })
	assert.Equal(t, "IdempotentParameterMismatch", refused)
	_, refused = launch(func(x *ec2.RunInstancesInput) { x.ClientToken = aws.String(strings.Repeat("x", 65)) })
	assert.Equal(t, "InvalidParameterValue", refused)
	_, refused = launch(func(x *ec2.RunInstancesInput) { x.ClientToken = aws.String("tökén") })
	assert.Equal(t, "InvalidParameterValue", refused)
	_, refused = launch(func(x *ec2.RunInstancesInput) { x.ClientToken = aws.String(strings.Repeat("x", 64)) })
	assert.Empty(t, refused)
	_, err := in.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{first}})
	require.NoError(t, err)
	_, refused = launch(nil)
	assert.Equal(t, "IdempotentInstanceTerminated", refused)
	assert.Equal(t, 4, cloud.Made(target).Instances)
}

func TestLaunchIsRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		area   ec2movetest.Area // of the target
		from   func(*ec2movetest.Instance)
		opts   ec2movetest.Options
		change func(*ec2.RunInstancesInput)
		code   string
	}{
		"fine":              {},
		"no such type":      {change: func(in *ec2.RunInstancesInput) { in.InstanceType = "z9.huge" }, code: "InvalidParameterValue"},
		"not in the Region": {area: ec2movetest.Area{Offered: map[string]string{"t3.micro": ""}}, code: "InvalidParameterValue"},
		"not in the zone":   {area: ec2movetest.Area{Offered: map[string]string{"t3.small": "bc"}}, code: "Unsupported"},
		"another zone": {
			area: ec2movetest.Area{Offered: map[string]string{"t3.small": "bc"}},
			change: func(in *ec2.RunInstancesInput) {
				in.Placement = &types.Placement{AvailabilityZone: aws.String("us-east-1b")}
			},
		},
		"architecture": {change: func(in *ec2.RunInstancesInput) { in.InstanceType = "t4g.small" }, code: "InvalidParameterValue"},
		"without ENA":  {from: func(x *ec2movetest.Instance) { x.NoENA, x.Type = true, "t2.small" }, code: "InvalidParameterCombination"},
		"without ENA on an old type": {
			from: func(x *ec2movetest.Instance) { x.NoENA, x.Type = true, "t2.small" }, change: func(in *ec2.RunInstancesInput) { in.InstanceType = "t2.small" },
		},
		"boot mode": {
			from: func(x *ec2movetest.Instance) { x.BootMode = "uefi" }, change: func(in *ec2.RunInstancesInput) { in.InstanceType = "t2.small" }, code: "InvalidParameterValue",
		},
		"TPM": {
			from: func(x *ec2movetest.Instance) { x.TPM = "v2.0" }, change: func(in *ec2.RunInstancesInput) { in.InstanceType = "t2.small" }, code: "InvalidParameterCombination",
		},
		"not subscribed":  {from: func(x *ec2movetest.Instance) { x.ProductCodes = []string{"abc123"} }, code: "OptInRequired"},
		"subscribed":      {from: func(x *ec2movetest.Instance) { x.ProductCodes = []string{"subscribed"} }},
		"vCPU":            {opts: ec2movetest.Options{VCPUs: 1}, code: "VcpuLimitExceeded"},
		"no such subnet":  {change: func(in *ec2.RunInstancesInput) { in.SubnetId = aws.String("subnet-0") }, code: "InvalidSubnetID.NotFound"},
		"no default VPC":  {area: ec2movetest.Area{NoDefaultVPC: true}, code: "VPCIdNotSpecified"},
		"no such group":   {change: func(in *ec2.RunInstancesInput) { in.SecurityGroupIds = []string{"sg-0ccccccccccccccc1"} }, code: "InvalidGroup.NotFound"},
		"group elsewhere": {change: func(in *ec2.RunInstancesInput) { in.SecurityGroupIds = []string{"sg-0ddddddddddddddd1"} }, code: "InvalidParameter"},
		"six groups":      {change: func(in *ec2.RunInstancesInput) { in.SecurityGroupIds = make([]string, 6) }, code: "SecurityGroupsPerInterfaceLimitExceeded"},
		"no such key":     {change: func(in *ec2.RunInstancesInput) { in.KeyName = aws.String("none") }, code: "InvalidKeyPair.NotFound"},
		"no such profile": {change: func(in *ec2.RunInstancesInput) {
			in.IamInstanceProfile = &types.IamInstanceProfileSpecification{Name: aws.String("none")}
		}, code: "InvalidParameterValue"},
		"bad user data": {change: func(in *ec2.RunInstancesInput) { in.UserData = aws.String("#!/bin/sh") }, code: "InvalidUserData.Malformed"},
		"much user data": {change: func(in *ec2.RunInstancesInput) {
			in.UserData = aws.String(base64.StdEncoding.EncodeToString(make([]byte, 16385)))
		}, code: "InvalidParameterValue"},
		"credits": {change: func(in *ec2.RunInstancesInput) {
			in.InstanceType = "m5.large"
			in.CreditSpecification = &types.CreditSpecificationRequest{CpuCredits: aws.String("standard")}
		}, code: "InvalidParameterCombination"},
		"hop limit": {change: func(in *ec2.RunInstancesInput) {
			in.MetadataOptions = &types.InstanceMetadataOptionsRequest{HttpPutResponseHopLimit: aws.Int32(65)}
		}, code: "InvalidParameterValue"},
		"metadata": {change: func(in *ec2.RunInstancesInput) {
			in.MetadataOptions = &types.InstanceMetadataOptionsRequest{HttpTokens: "perhaps"}
		}, code: "InvalidParameterValue"},
		"shutdown":    {change: func(in *ec2.RunInstancesInput) { in.InstanceInitiatedShutdownBehavior = "sleep" }, code: "InvalidParameterValue"},
		"two at once": {change: func(in *ec2.RunInstancesInput) { in.MaxCount = aws.Int32(2) }, code: "UnsupportedOperation"},
		"tags of an image": {change: func(in *ec2.RunInstancesInput) {
			in.TagSpecifications = []types.TagSpecification{tagged("image", "k", "v")}
		}, code: "InvalidParameterValue"},
		"without image": {change: func(in *ec2.RunInstancesInput) { in.ImageId = nil }, code: "MissingParameter"},
		"card and subnet": {change: func(in *ec2.RunInstancesInput) {
			in.SubnetId = aws.String("subnet-0")
			in.NetworkInterfaces = []types.InstanceNetworkInterfaceSpecification{{}}
		}, code: "InvalidParameterCombination"},
		"disk too small": {change: func(in *ec2.RunInstancesInput) {
			in.BlockDeviceMappings = disks("/dev/xvda", types.EbsBlockDevice{VolumeSize: aws.Int32(8)})
		}, code: "InvalidBlockDeviceMapping"},
		"disk decrypted": {change: func(in *ec2.RunInstancesInput) {
			in.BlockDeviceMappings = disks("/dev/sdf", types.EbsBlockDevice{Encrypted: aws.Bool(false)})
		}, code: "InvalidParameter"},
		"disk of no key": {change: func(in *ec2.RunInstancesInput) {
			in.BlockDeviceMappings = disks("/dev/sdf", types.EbsBlockDevice{Encrypted: aws.Bool(true), KmsKeyId: aws.String("none")})
		}, code: "InvalidKmsKey.NotFound"},
		"disk of no name": {change: func(in *ec2.RunInstancesInput) {
			in.BlockDeviceMappings = disks("disk", types.EbsBlockDevice{VolumeSize: aws.Int32(8)})
		}, code: "InvalidBlockDeviceMapping"},
		"disk too quick": {change: func(in *ec2.RunInstancesInput) {
			in.BlockDeviceMappings = disks("/dev/xvda", types.EbsBlockDevice{Iops: aws.Int32(20_000)})
		}, code: "InvalidParameterValue"},
		"disk without IOPS": {change: func(in *ec2.RunInstancesInput) {
			in.BlockDeviceMappings = disks("/dev/xvda", types.EbsBlockDevice{VolumeType: "io2"})
		}, code: "MissingParameter"},
		"unknown parameter": {change: func(in *ec2.RunInstancesInput) { in.RamdiskId = aws.String("ari-1") }, code: "UnsupportedOperation"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := ec2movetest.Sample()
			world.Subscribed = []string{"subscribed"}
			if tt.from != nil {
				tt.from(&world.Regions[source].Instances[0])
			}
			area := tt.area
			area.VPCs = []ec2movetest.VPC{{ID: "vpc-0ddddddddddddddd1", CIDR: "10.0.0.0/16"}}
			area.Groups = []ec2movetest.Group{{ID: "sg-0ddddddddddddddd1", Name: "elsewhere", VPC: "vpc-0ddddddddddddddd1"}}
			world.Regions[target] = &area
			opts := tt.opts
			opts.World = &world
			cloud := ec2movetest.New(&opts)
			_, image := copied(t, cloud)
			_, err := cloud.Region(target).RunInstances(t.Context(), launchInput(image, tt.change))
			assert.Equal(t, tt.code, code(t, err), "%v", err)
			if tt.code != "" {
				assert.Equal(t, ec2movetest.Counts{Images: 1, Snapshots: 2, Groups: 1}, cloud.Count(target), "nothing was made")
			}
		})
	}
}

func disks(name string, e types.EbsBlockDevice) []types.BlockDeviceMapping {
	return []types.BlockDeviceMapping{{DeviceName: aws.String(name), Ebs: &e}}
}

func TestLaunchWithoutCapacity(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	_, image := copied(t, cloud)
	cloud.NoCapacity(target, "us-east-1a", "t3.small", 2)
	for _, want := range []string{"InsufficientInstanceCapacity", "InsufficientInstanceCapacity", ""} {
		_, err := cloud.Region(target).RunInstances(t.Context(), launchInput(image, nil))
		assert.Equal(t, want, code(t, err))
	}
	cloud.NoCapacity(target, "", "", -1)
	_, err := cloud.Region(target).RunInstances(t.Context(), launchInput(image, func(in *ec2.RunInstancesInput) { in.ClientToken = aws.String("more") }))
	assert.Equal(t, "InsufficientInstanceCapacity", code(t, err))
}

// TestLaunchKeepsWhatItWasTold reads back what RunInstances was given.
func TestLaunchKeepsWhatItWasTold(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	_, image := copied(t, cloud)
	_, err := cloud.Region(target).ImportKeyPair(t.Context(), &ec2.ImportKeyPairInput{KeyName: aws.String("key"), PublicKeyMaterial: []byte(publicKey)})
	require.NoError(t, err)
	userData := base64.StdEncoding.EncodeToString([]byte("hello"))
	out, err := cloud.Region(target).RunInstances(t.Context(), launchInput(image, func(in *ec2.RunInstancesInput) {
		in.KeyName, in.UserData, in.EbsOptimized = aws.String("key"), aws.String(userData), aws.Bool(true)
		in.DisableApiTermination, in.DisableApiStop, in.InstanceInitiatedShutdownBehavior = aws.Bool(true), aws.Bool(true), "terminate"
		in.IamInstanceProfile = &types.IamInstanceProfileSpecification{Arn: aws.String("arn:aws:iam::123456789012:instance-profile/web")}
		in.MetadataOptions = &types.InstanceMetadataOptionsRequest{HttpTokens: "required", HttpPutResponseHopLimit: aws.Int32(3), InstanceMetadataTags: "enabled"}
		in.Monitoring = &types.RunInstancesMonitoringEnabled{Enabled: aws.Bool(true)}
		in.CreditSpecification = &types.CreditSpecificationRequest{CpuCredits: aws.String("standard")}
		in.PrivateDnsNameOptions = &types.PrivateDnsNameOptionsRequest{HostnameType: "resource-name", EnableResourceNameDnsARecord: aws.Bool(true)}
		in.NetworkInterfaces = []types.InstanceNetworkInterfaceSpecification{{
			DeviceIndex: aws.Int32(0), SubnetId: subnetIn(t, cloud, "us-east-1b"), AssociatePublicIpAddress: aws.Bool(false),
		}}
		in.BlockDeviceMappings = append(disks("/dev/xvda", types.EbsBlockDevice{VolumeSize: aws.Int32(20), VolumeType: "gp2", Encrypted: aws.Bool(true)}),
			disks("/dev/sdh", types.EbsBlockDevice{VolumeSize: aws.Int32(5)})...)
	}))
	require.NoError(t, err)
	id := *out.Instances[0].InstanceId
	assert.Equal(t, types.InstanceStateNamePending, out.Instances[0].State.Name)
	cloud.Clock().Advance(time.Minute)
	x := instanceOf(t, cloud, target, id)
	assert.Equal(t, types.InstanceStateNameRunning, x.State.Name)
	assert.Equal(t, "us-east-1b", *x.Placement.AvailabilityZone)
	assert.Nil(t, x.PublicIpAddress)
	assert.Equal(t, "key", *x.KeyName)
	assert.True(t, *x.EbsOptimized)
	assert.Equal(t, types.MonitoringStateEnabled, x.Monitoring.State)
	assert.Equal(t, "arn:aws:iam::123456789012:instance-profile/web", *x.IamInstanceProfile.Arn)
	assert.Equal(t, types.HttpTokensStateRequired, x.MetadataOptions.HttpTokens)
	assert.Equal(t, int32(3), *x.MetadataOptions.HttpPutResponseHopLimit)
	assert.Equal(t, types.InstanceMetadataTagsStateEnabled, x.MetadataOptions.InstanceMetadataTags)
	assert.Equal(t, id+".ec2.internal", *x.PrivateDnsName)
	assert.True(t, *x.PrivateDnsNameOptions.EnableResourceNameDnsARecord)
	assert.Equal(t, userData, cloud.UserData(target, id))
	require.Len(t, x.BlockDeviceMappings, 3)
	vols := map[int32]types.Volume{}
	for _, v := range cloud.Volumes(target) {
		vols[*v.Size] = v
	}
	assert.Equal(t, types.VolumeTypeGp2, vols[20].VolumeType)
	assert.True(t, *vols[20].Encrypted)
	assert.Equal(t, int32(4000), *vols[100].Iops, "of the image")
	assert.False(t, *vols[100].Attachments[0].DeleteOnTermination)
	assert.True(t, *vols[5].Attachments[0].DeleteOnTermination)
	for attribute, want := range map[types.InstanceAttributeName]func(*ec2.DescribeInstanceAttributeOutput) bool{
		"disableApiTermination": func(o *ec2.DescribeInstanceAttributeOutput) bool { return *o.DisableApiTermination.Value },
		"disableApiStop":        func(o *ec2.DescribeInstanceAttributeOutput) bool { return *o.DisableApiStop.Value },
		"userData":              func(o *ec2.DescribeInstanceAttributeOutput) bool { return *o.UserData.Value == userData },
		"instanceInitiatedShutdownBehavior": func(o *ec2.DescribeInstanceAttributeOutput) bool {
			return *o.InstanceInitiatedShutdownBehavior.Value == "terminate"
		},
	} {
		o, err := cloud.Region(target).DescribeInstanceAttribute(t.Context(), &ec2.DescribeInstanceAttributeInput{InstanceId: aws.String(id), Attribute: attribute})
		require.NoError(t, err)
		assert.True(t, want(o), "%s", attribute)
	}
	credits, err := cloud.Region(target).DescribeInstanceCreditSpecifications(t.Context(), &ec2.DescribeInstanceCreditSpecificationsInput{InstanceIds: []string{id}})
	require.NoError(t, err)
	assert.Equal(t, "standard", *credits.InstanceCreditSpecifications[0].CpuCredits)
}

// TestProfilesPropagate: Trap 23: instance-profile propagation: the two known messages.
func TestProfilesPropagate(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	id := server(t, cloud)
	cloud.AddProfile("new", 1, 1)
	in := cloud.Region(target)
	p := &types.IamInstanceProfileSpecification{Name: aws.String("new")}
	_, err := in.AssociateIamInstanceProfile(t.Context(), &ec2.AssociateIamInstanceProfileInput{InstanceId: aws.String(id), IamInstanceProfile: p})
	assert.Equal(t, "InvalidParameterValue", code(t, err))
	assert.ErrorContains(t, err, "Invalid IAM Instance Profile name")
	_, err = in.AssociateIamInstanceProfile(t.Context(), &ec2.AssociateIamInstanceProfileInput{InstanceId: aws.String(id), IamInstanceProfile: p})
	assert.Equal(t, "InvalidParameterValue", code(t, err))
	assert.ErrorContains(t, err, "has no associated IAM Roles")
	made, err := in.AssociateIamInstanceProfile(t.Context(), &ec2.AssociateIamInstanceProfileInput{InstanceId: aws.String(id), IamInstanceProfile: p})
	require.NoError(t, err)
	_, err = in.AssociateIamInstanceProfile(t.Context(), &ec2.AssociateIamInstanceProfileInput{InstanceId: aws.String(id), IamInstanceProfile: p})
	assert.Equal(t, "IncorrectState", code(t, err))
	association := made.IamInstanceProfileAssociation.AssociationId
	replaced, err := in.ReplaceIamInstanceProfileAssociation(t.Context(), &ec2.ReplaceIamInstanceProfileAssociationInput{
		AssociationId: association, IamInstanceProfile: &types.IamInstanceProfileSpecification{Name: aws.String("web")},
	})
	require.NoError(t, err)
	assert.NotEqual(t, *association, *replaced.IamInstanceProfileAssociation.AssociationId)
	found, err := in.DescribeIamInstanceProfileAssociations(t.Context(), &ec2.DescribeIamInstanceProfileAssociationsInput{Filters: []types.Filter{filter("instance-id", id)}})
	require.NoError(t, err)
	require.Len(t, found.IamInstanceProfileAssociations, 1)
	assert.Equal(t, "arn:aws:iam::123456789012:instance-profile/web", *found.IamInstanceProfileAssociations[0].IamInstanceProfile.Arn)
	_, err = in.ReplaceIamInstanceProfileAssociation(t.Context(), &ec2.ReplaceIamInstanceProfileAssociationInput{AssociationId: association, IamInstanceProfile: p})
	assert.Equal(t, "InvalidAssociationID.NotFound", code(t, err))
}
