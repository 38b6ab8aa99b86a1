package ec2movetest

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// The calls, with the parameters that the fake has a behaviour for.

func (r *region) DescribeInstances(ctx context.Context, in *ec2.DescribeInstancesInput, _ ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error) {
	return do(ctx, r, "DescribeInstances", "Filters InstanceIds MaxResults NextToken IncludeManagedResources", in, (*region).describeInstances)
}

func (r *region) RunInstances(ctx context.Context, in *ec2.RunInstancesInput, _ ...func(*ec2.Options)) (*ec2.RunInstancesOutput, error) {
	return do(ctx, r, "RunInstances",
		"MaxCount MinCount BlockDeviceMappings ClientToken CreditSpecification DisableApiStop "+
			"DisableApiTermination EbsOptimized IamInstanceProfile ImageId InstanceInitiatedShutdownBehavior "+
			"InstanceType KeyName MetadataOptions Monitoring NetworkInterfaces Placement PrivateDnsNameOptions "+
			"SecurityGroupIds SubnetId TagSpecifications UserData", in, (*region).runInstances)
}

func (r *region) StopInstances(ctx context.Context, in *ec2.StopInstancesInput, _ ...func(*ec2.Options)) (*ec2.StopInstancesOutput, error) {
	return do(ctx, r, "StopInstances", "InstanceIds Force SkipOsShutdown", in, (*region).stopInstances)
}

func (r *region) StartInstances(ctx context.Context, in *ec2.StartInstancesInput, _ ...func(*ec2.Options)) (*ec2.StartInstancesOutput, error) {
	return do(ctx, r, "StartInstances", "InstanceIds", in, (*region).startInstances)
}

func (r *region) TerminateInstances(ctx context.Context, in *ec2.TerminateInstancesInput, _ ...func(*ec2.Options)) (*ec2.TerminateInstancesOutput, error) {
	return do(ctx, r, "TerminateInstances", "InstanceIds Force SkipOsShutdown", in, (*region).terminateInstances)
}

func (r *region) DescribeInstanceAttribute(ctx context.Context, in *ec2.DescribeInstanceAttributeInput, _ ...func(*ec2.Options)) (*ec2.DescribeInstanceAttributeOutput, error) {
	return do(ctx, r, "DescribeInstanceAttribute", "Attribute InstanceId", in, (*region).describeInstanceAttribute)
}

func (r *region) DescribeInstanceCreditSpecifications(ctx context.Context, in *ec2.DescribeInstanceCreditSpecificationsInput, _ ...func(*ec2.Options)) (*ec2.DescribeInstanceCreditSpecificationsOutput, error) {
	return do(ctx, r, "DescribeInstanceCreditSpecifications", "Filters InstanceIds MaxResults NextToken", in, (*region).describeInstanceCreditSpecifications)
}

func (r *region) DescribeInstanceStatus(ctx context.Context, in *ec2.DescribeInstanceStatusInput, _ ...func(*ec2.Options)) (*ec2.DescribeInstanceStatusOutput, error) {
	return do(ctx, r, "DescribeInstanceStatus", "Filters IncludeAllInstances InstanceIds MaxResults NextToken", in, (*region).describeInstanceStatus)
}

func (r *region) DescribeInstanceTypes(ctx context.Context, in *ec2.DescribeInstanceTypesInput, _ ...func(*ec2.Options)) (*ec2.DescribeInstanceTypesOutput, error) {
	return do(ctx, r, "DescribeInstanceTypes", "Filters InstanceTypes MaxResults NextToken", in, (*region).describeInstanceTypes)
}

func (r *region) DescribeInstanceTypeOfferings(ctx context.Context, in *ec2.DescribeInstanceTypeOfferingsInput, _ ...func(*ec2.Options)) (*ec2.DescribeInstanceTypeOfferingsOutput, error) {
	return do(ctx, r, "DescribeInstanceTypeOfferings", "Filters LocationType MaxResults NextToken", in, (*region).describeInstanceTypeOfferings)
}

func (r *region) ModifyInstanceAttribute(ctx context.Context, in *ec2.ModifyInstanceAttributeInput, _ ...func(*ec2.Options)) (*ec2.ModifyInstanceAttributeOutput, error) {
	return do(ctx, r, "ModifyInstanceAttribute",
		"InstanceId Attribute DisableApiStop DisableApiTermination EbsOptimized Groups "+
			"InstanceInitiatedShutdownBehavior InstanceType SourceDestCheck UserData Value", in, (*region).modifyInstanceAttribute)
}

func (r *region) CreateTags(ctx context.Context, in *ec2.CreateTagsInput, _ ...func(*ec2.Options)) (*ec2.CreateTagsOutput, error) {
	return do(ctx, r, "CreateTags", "Resources Tags", in, (*region).createTags)
}

func (r *region) DeleteTags(ctx context.Context, in *ec2.DeleteTagsInput, _ ...func(*ec2.Options)) (*ec2.DeleteTagsOutput, error) {
	return do(ctx, r, "DeleteTags", "Resources Tags", in, (*region).deleteTags)
}

func (r *region) DescribeIamInstanceProfileAssociations(ctx context.Context, in *ec2.DescribeIamInstanceProfileAssociationsInput, _ ...func(*ec2.Options)) (*ec2.DescribeIamInstanceProfileAssociationsOutput, error) {
	return do(ctx, r, "DescribeIamInstanceProfileAssociations", "AssociationIds Filters MaxResults NextToken", in, (*region).describeIamInstanceProfileAssociations)
}

func (r *region) AssociateIamInstanceProfile(ctx context.Context, in *ec2.AssociateIamInstanceProfileInput, _ ...func(*ec2.Options)) (*ec2.AssociateIamInstanceProfileOutput, error) {
	return do(ctx, r, "AssociateIamInstanceProfile", "IamInstanceProfile InstanceId", in, (*region).associateIamInstanceProfile)
}

func (r *region) ReplaceIamInstanceProfileAssociation(ctx context.Context, in *ec2.ReplaceIamInstanceProfileAssociationInput, _ ...func(*ec2.Options)) (*ec2.ReplaceIamInstanceProfileAssociationOutput, error) {
	return do(ctx, r, "ReplaceIamInstanceProfileAssociation", "AssociationId IamInstanceProfile", in, (*region).replaceIamInstanceProfileAssociation)
}

func (r *region) CreateImage(ctx context.Context, in *ec2.CreateImageInput, _ ...func(*ec2.Options)) (*ec2.CreateImageOutput, error) {
	return do(ctx, r, "CreateImage", "InstanceId Name Description NoReboot TagSpecifications", in, (*region).createImage)
}

func (r *region) CopyImage(ctx context.Context, in *ec2.CopyImageInput, _ ...func(*ec2.Options)) (*ec2.CopyImageOutput, error) {
	return do(ctx, r, "CopyImage",
		"Name SourceImageId SourceRegion ClientToken CopyImageTags Description Encrypted KmsKeyId "+
			"SnapshotCopyCompletionDurationMinutes TagSpecifications", in, (*region).copyImage)
}

func (r *region) DescribeImages(ctx context.Context, in *ec2.DescribeImagesInput, _ ...func(*ec2.Options)) (*ec2.DescribeImagesOutput, error) {
	return do(ctx, r, "DescribeImages",
		"Filters ImageIds IncludeDeprecated IncludeDisabled MaxResults NextToken Owners", in, (*region).describeImages)
}

func (r *region) DeregisterImage(ctx context.Context, in *ec2.DeregisterImageInput, _ ...func(*ec2.Options)) (*ec2.DeregisterImageOutput, error) {
	return do(ctx, r, "DeregisterImage", "ImageId DeleteAssociatedSnapshots", in, (*region).deregisterImage)
}

func (r *region) DescribeSnapshots(ctx context.Context, in *ec2.DescribeSnapshotsInput, _ ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error) {
	return do(ctx, r, "DescribeSnapshots", "Filters MaxResults NextToken OwnerIds SnapshotIds", in, (*region).describeSnapshots)
}

func (r *region) DescribeVolumes(ctx context.Context, in *ec2.DescribeVolumesInput, _ ...func(*ec2.Options)) (*ec2.DescribeVolumesOutput, error) {
	return do(ctx, r, "DescribeVolumes", "Filters MaxResults NextToken VolumeIds", in, (*region).describeVolumes)
}

func (r *region) CreateSnapshot(ctx context.Context, in *ec2.CreateSnapshotInput, _ ...func(*ec2.Options)) (*ec2.CreateSnapshotOutput, error) {
	return do(ctx, r, "CreateSnapshot", "VolumeId Description TagSpecifications", in, (*region).createSnapshot)
}

func (r *region) CopySnapshot(ctx context.Context, in *ec2.CopySnapshotInput, _ ...func(*ec2.Options)) (*ec2.CopySnapshotOutput, error) {
	return do(ctx, r, "CopySnapshot",
		"SourceRegion SourceSnapshotId CompletionDurationMinutes Description Encrypted KmsKeyId PresignedUrl "+
			"TagSpecifications", in, (*region).copySnapshot)
}

func (r *region) CreateVolume(ctx context.Context, in *ec2.CreateVolumeInput, _ ...func(*ec2.Options)) (*ec2.CreateVolumeOutput, error) {
	return do(ctx, r, "CreateVolume",
		"AvailabilityZone ClientToken Encrypted Iops KmsKeyId MultiAttachEnabled Size SnapshotId "+
			"TagSpecifications Throughput VolumeType", in, (*region).createVolume)
}

func (r *region) AttachVolume(ctx context.Context, in *ec2.AttachVolumeInput, _ ...func(*ec2.Options)) (*ec2.AttachVolumeOutput, error) {
	return do(ctx, r, "AttachVolume", "Device InstanceId VolumeId", in, (*region).attachVolume)
}

func (r *region) DetachVolume(ctx context.Context, in *ec2.DetachVolumeInput, _ ...func(*ec2.Options)) (*ec2.DetachVolumeOutput, error) {
	return do(ctx, r, "DetachVolume", "VolumeId Device Force InstanceId", in, (*region).detachVolume)
}

func (r *region) DeleteVolume(ctx context.Context, in *ec2.DeleteVolumeInput, _ ...func(*ec2.Options)) (*ec2.DeleteVolumeOutput, error) {
	return do(ctx, r, "DeleteVolume", "VolumeId", in, (*region).deleteVolume)
}

func (r *region) DeleteSnapshot(ctx context.Context, in *ec2.DeleteSnapshotInput, _ ...func(*ec2.Options)) (*ec2.DeleteSnapshotOutput, error) {
	return do(ctx, r, "DeleteSnapshot", "SnapshotId", in, (*region).deleteSnapshot)
}

func (r *region) GetEbsEncryptionByDefault(ctx context.Context, in *ec2.GetEbsEncryptionByDefaultInput, _ ...func(*ec2.Options)) (*ec2.GetEbsEncryptionByDefaultOutput, error) {
	return do(ctx, r, "GetEbsEncryptionByDefault", "", in, (*region).getEbsEncryptionByDefault)
}

func (r *region) GetEbsDefaultKmsKeyId(ctx context.Context, in *ec2.GetEbsDefaultKmsKeyIdInput, _ ...func(*ec2.Options)) (*ec2.GetEbsDefaultKmsKeyIdOutput, error) {
	return do(ctx, r, "GetEbsDefaultKmsKeyId", "", in, (*region).getEbsDefaultKmsKeyID)
}

func (r *region) DescribeSecurityGroups(ctx context.Context, in *ec2.DescribeSecurityGroupsInput, _ ...func(*ec2.Options)) (*ec2.DescribeSecurityGroupsOutput, error) {
	return do(ctx, r, "DescribeSecurityGroups", "Filters GroupIds MaxResults NextToken", in, (*region).describeSecurityGroups)
}

func (r *region) CreateSecurityGroup(ctx context.Context, in *ec2.CreateSecurityGroupInput, _ ...func(*ec2.Options)) (*ec2.CreateSecurityGroupOutput, error) {
	return do(ctx, r, "CreateSecurityGroup", "Description GroupName TagSpecifications VpcId", in, (*region).createSecurityGroup)
}

func (r *region) AuthorizeSecurityGroupIngress(ctx context.Context, in *ec2.AuthorizeSecurityGroupIngressInput, _ ...func(*ec2.Options)) (*ec2.AuthorizeSecurityGroupIngressOutput, error) {
	return do(ctx, r, "AuthorizeSecurityGroupIngress", "GroupId IpPermissions TagSpecifications", in, (*region).authorizeSecurityGroupIngress)
}

func (r *region) AuthorizeSecurityGroupEgress(ctx context.Context, in *ec2.AuthorizeSecurityGroupEgressInput, _ ...func(*ec2.Options)) (*ec2.AuthorizeSecurityGroupEgressOutput, error) {
	return do(ctx, r, "AuthorizeSecurityGroupEgress", "GroupId IpPermissions TagSpecifications", in, (*region).authorizeSecurityGroupEgress)
}

func (r *region) RevokeSecurityGroupEgress(ctx context.Context, in *ec2.RevokeSecurityGroupEgressInput, _ ...func(*ec2.Options)) (*ec2.RevokeSecurityGroupEgressOutput, error) {
	return do(ctx, r, "RevokeSecurityGroupEgress", "GroupId IpPermissions SecurityGroupRuleIds", in, (*region).revokeSecurityGroupEgress)
}

func (r *region) RevokeSecurityGroupIngress(ctx context.Context, in *ec2.RevokeSecurityGroupIngressInput, _ ...func(*ec2.Options)) (*ec2.RevokeSecurityGroupIngressOutput, error) {
	return do(ctx, r, "RevokeSecurityGroupIngress", "GroupId IpPermissions SecurityGroupRuleIds", in, (*region).revokeSecurityGroupIngress)
}

func (r *region) DeleteSecurityGroup(ctx context.Context, in *ec2.DeleteSecurityGroupInput, _ ...func(*ec2.Options)) (*ec2.DeleteSecurityGroupOutput, error) {
	return do(ctx, r, "DeleteSecurityGroup", "GroupId", in, (*region).deleteSecurityGroup)
}

func (r *region) DescribeNetworkInterfaces(ctx context.Context, in *ec2.DescribeNetworkInterfacesInput, _ ...func(*ec2.Options)) (*ec2.DescribeNetworkInterfacesOutput, error) {
	return do(ctx, r, "DescribeNetworkInterfaces", "Filters MaxResults NetworkInterfaceIds NextToken", in, (*region).describeNetworkInterfaces)
}

func (r *region) DescribeManagedPrefixLists(ctx context.Context, in *ec2.DescribeManagedPrefixListsInput, _ ...func(*ec2.Options)) (*ec2.DescribeManagedPrefixListsOutput, error) {
	return do(ctx, r, "DescribeManagedPrefixLists", "Filters MaxResults NextToken PrefixListIds", in, (*region).describeManagedPrefixLists)
}

func (r *region) GetManagedPrefixListEntries(ctx context.Context, in *ec2.GetManagedPrefixListEntriesInput, _ ...func(*ec2.Options)) (*ec2.GetManagedPrefixListEntriesOutput, error) {
	return do(ctx, r, "GetManagedPrefixListEntries", "PrefixListId MaxResults NextToken", in, (*region).getManagedPrefixListEntries)
}

func (r *region) CreateManagedPrefixList(ctx context.Context, in *ec2.CreateManagedPrefixListInput, _ ...func(*ec2.Options)) (*ec2.CreateManagedPrefixListOutput, error) {
	return do(ctx, r, "CreateManagedPrefixList",
		"AddressFamily MaxEntries PrefixListName ClientToken Entries TagSpecifications", in, (*region).createManagedPrefixList)
}

func (r *region) ModifyManagedPrefixList(ctx context.Context, in *ec2.ModifyManagedPrefixListInput, _ ...func(*ec2.Options)) (*ec2.ModifyManagedPrefixListOutput, error) {
	return do(ctx, r, "ModifyManagedPrefixList",
		"PrefixListId AddEntries CurrentVersion MaxEntries PrefixListName RemoveEntries", in, (*region).modifyManagedPrefixList)
}

func (r *region) DeleteManagedPrefixList(ctx context.Context, in *ec2.DeleteManagedPrefixListInput, _ ...func(*ec2.Options)) (*ec2.DeleteManagedPrefixListOutput, error) {
	return do(ctx, r, "DeleteManagedPrefixList", "PrefixListId", in, (*region).deleteManagedPrefixList)
}

func (r *region) DescribeKeyPairs(ctx context.Context, in *ec2.DescribeKeyPairsInput, _ ...func(*ec2.Options)) (*ec2.DescribeKeyPairsOutput, error) {
	return do(ctx, r, "DescribeKeyPairs", "Filters IncludePublicKey KeyNames KeyPairIds", in, (*region).describeKeyPairs)
}

func (r *region) ImportKeyPair(ctx context.Context, in *ec2.ImportKeyPairInput, _ ...func(*ec2.Options)) (*ec2.ImportKeyPairOutput, error) {
	return do(ctx, r, "ImportKeyPair", "KeyName PublicKeyMaterial TagSpecifications", in, (*region).importKeyPair)
}

func (r *region) DeleteKeyPair(ctx context.Context, in *ec2.DeleteKeyPairInput, _ ...func(*ec2.Options)) (*ec2.DeleteKeyPairOutput, error) {
	return do(ctx, r, "DeleteKeyPair", "KeyName KeyPairId", in, (*region).deleteKeyPair)
}

func (r *region) DescribeAddresses(ctx context.Context, in *ec2.DescribeAddressesInput, _ ...func(*ec2.Options)) (*ec2.DescribeAddressesOutput, error) {
	return do(ctx, r, "DescribeAddresses", "AllocationIds Filters PublicIps", in, (*region).describeAddresses)
}

func (r *region) AllocateAddress(ctx context.Context, in *ec2.AllocateAddressInput, _ ...func(*ec2.Options)) (*ec2.AllocateAddressOutput, error) {
	return do(ctx, r, "AllocateAddress", "Domain TagSpecifications", in, (*region).allocateAddress)
}

func (r *region) AssociateAddress(ctx context.Context, in *ec2.AssociateAddressInput, _ ...func(*ec2.Options)) (*ec2.AssociateAddressOutput, error) {
	return do(ctx, r, "AssociateAddress", "AllocationId AllowReassociation InstanceId", in, (*region).associateAddress)
}

func (r *region) DisassociateAddress(ctx context.Context, in *ec2.DisassociateAddressInput, _ ...func(*ec2.Options)) (*ec2.DisassociateAddressOutput, error) {
	return do(ctx, r, "DisassociateAddress", "AssociationId", in, (*region).disassociateAddress)
}

func (r *region) ReleaseAddress(ctx context.Context, in *ec2.ReleaseAddressInput, _ ...func(*ec2.Options)) (*ec2.ReleaseAddressOutput, error) {
	return do(ctx, r, "ReleaseAddress", "AllocationId", in, (*region).releaseAddress)
}

func (r *region) DescribeSubnets(ctx context.Context, in *ec2.DescribeSubnetsInput, _ ...func(*ec2.Options)) (*ec2.DescribeSubnetsOutput, error) {
	return do(ctx, r, "DescribeSubnets", "Filters MaxResults NextToken SubnetIds", in, (*region).describeSubnets)
}

func (r *region) DescribeVpcs(ctx context.Context, in *ec2.DescribeVpcsInput, _ ...func(*ec2.Options)) (*ec2.DescribeVpcsOutput, error) {
	return do(ctx, r, "DescribeVpcs", "Filters MaxResults NextToken VpcIds", in, (*region).describeVpcs)
}

func (r *region) DescribeAvailabilityZones(ctx context.Context, in *ec2.DescribeAvailabilityZonesInput, _ ...func(*ec2.Options)) (*ec2.DescribeAvailabilityZonesOutput, error) {
	return do(ctx, r, "DescribeAvailabilityZones", "Filters ZoneIds ZoneNames AllAvailabilityZones", in, (*region).describeAvailabilityZones)
}
