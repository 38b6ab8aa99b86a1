package ec2move

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/kitroll/kitroll/internal/awscall"
)

// calls is EC2 in one Region. They are method values, and the SDK's client is kept in no field: were it reachable from an
// interface, the linker would keep every operation of EC2 in every program.
type calls struct {
	describeInstances                      func(context.Context, *ec2.DescribeInstancesInput, ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error)
	runInstances                           func(context.Context, *ec2.RunInstancesInput, ...func(*ec2.Options)) (*ec2.RunInstancesOutput, error)
	stopInstances                          func(context.Context, *ec2.StopInstancesInput, ...func(*ec2.Options)) (*ec2.StopInstancesOutput, error)
	startInstances                         func(context.Context, *ec2.StartInstancesInput, ...func(*ec2.Options)) (*ec2.StartInstancesOutput, error)
	terminateInstances                     func(context.Context, *ec2.TerminateInstancesInput, ...func(*ec2.Options)) (*ec2.TerminateInstancesOutput, error)
	describeInstanceAttribute              func(context.Context, *ec2.DescribeInstanceAttributeInput, ...func(*ec2.Options)) (*ec2.DescribeInstanceAttributeOutput, error)
	describeInstanceCreditSpecifications   func(context.Context, *ec2.DescribeInstanceCreditSpecificationsInput, ...func(*ec2.Options)) (*ec2.DescribeInstanceCreditSpecificationsOutput, error)
	describeInstanceStatus                 func(context.Context, *ec2.DescribeInstanceStatusInput, ...func(*ec2.Options)) (*ec2.DescribeInstanceStatusOutput, error)
	describeInstanceTypes                  func(context.Context, *ec2.DescribeInstanceTypesInput, ...func(*ec2.Options)) (*ec2.DescribeInstanceTypesOutput, error)
	describeInstanceTypeOfferings          func(context.Context, *ec2.DescribeInstanceTypeOfferingsInput, ...func(*ec2.Options)) (*ec2.DescribeInstanceTypeOfferingsOutput, error)
	modifyInstanceAttribute                func(context.Context, *ec2.ModifyInstanceAttributeInput, ...func(*ec2.Options)) (*ec2.ModifyInstanceAttributeOutput, error)
	createTags                             func(context.Context, *ec2.CreateTagsInput, ...func(*ec2.Options)) (*ec2.CreateTagsOutput, error)
	deleteTags                             func(context.Context, *ec2.DeleteTagsInput, ...func(*ec2.Options)) (*ec2.DeleteTagsOutput, error)
	describeIamInstanceProfileAssociations func(context.Context, *ec2.DescribeIamInstanceProfileAssociationsInput, ...func(*ec2.Options)) (*ec2.DescribeIamInstanceProfileAssociationsOutput, error)
	associateIamInstanceProfile            func(context.Context, *ec2.AssociateIamInstanceProfileInput, ...func(*ec2.Options)) (*ec2.AssociateIamInstanceProfileOutput, error)
	replaceIamInstanceProfileAssociation   func(context.Context, *ec2.ReplaceIamInstanceProfileAssociationInput, ...func(*ec2.Options)) (*ec2.ReplaceIamInstanceProfileAssociationOutput, error)
	createImage                            func(context.Context, *ec2.CreateImageInput, ...func(*ec2.Options)) (*ec2.CreateImageOutput, error)
	copyImage                              func(context.Context, *ec2.CopyImageInput, ...func(*ec2.Options)) (*ec2.CopyImageOutput, error)
	describeImages                         func(context.Context, *ec2.DescribeImagesInput, ...func(*ec2.Options)) (*ec2.DescribeImagesOutput, error)
	deregisterImage                        func(context.Context, *ec2.DeregisterImageInput, ...func(*ec2.Options)) (*ec2.DeregisterImageOutput, error)
	describeSnapshots                      func(context.Context, *ec2.DescribeSnapshotsInput, ...func(*ec2.Options)) (*ec2.DescribeSnapshotsOutput, error)
	describeVolumes                        func(context.Context, *ec2.DescribeVolumesInput, ...func(*ec2.Options)) (*ec2.DescribeVolumesOutput, error)
	createSnapshot                         func(context.Context, *ec2.CreateSnapshotInput, ...func(*ec2.Options)) (*ec2.CreateSnapshotOutput, error)
	copySnapshot                           func(context.Context, *ec2.CopySnapshotInput, ...func(*ec2.Options)) (*ec2.CopySnapshotOutput, error)
	createVolume                           func(context.Context, *ec2.CreateVolumeInput, ...func(*ec2.Options)) (*ec2.CreateVolumeOutput, error)
	attachVolume                           func(context.Context, *ec2.AttachVolumeInput, ...func(*ec2.Options)) (*ec2.AttachVolumeOutput, error)
	detachVolume                           func(context.Context, *ec2.DetachVolumeInput, ...func(*ec2.Options)) (*ec2.DetachVolumeOutput, error)
	deleteVolume                           func(context.Context, *ec2.DeleteVolumeInput, ...func(*ec2.Options)) (*ec2.DeleteVolumeOutput, error)
	deleteSnapshot                         func(context.Context, *ec2.DeleteSnapshotInput, ...func(*ec2.Options)) (*ec2.DeleteSnapshotOutput, error)
	getEbsEncryptionByDefault              func(context.Context, *ec2.GetEbsEncryptionByDefaultInput, ...func(*ec2.Options)) (*ec2.GetEbsEncryptionByDefaultOutput, error)
	getEbsDefaultKmsKeyId                  func(context.Context, *ec2.GetEbsDefaultKmsKeyIdInput, ...func(*ec2.Options)) (*ec2.GetEbsDefaultKmsKeyIdOutput, error)
	describeSecurityGroups                 func(context.Context, *ec2.DescribeSecurityGroupsInput, ...func(*ec2.Options)) (*ec2.DescribeSecurityGroupsOutput, error)
	createSecurityGroup                    func(context.Context, *ec2.CreateSecurityGroupInput, ...func(*ec2.Options)) (*ec2.CreateSecurityGroupOutput, error)
	authorizeSecurityGroupIngress          func(context.Context, *ec2.AuthorizeSecurityGroupIngressInput, ...func(*ec2.Options)) (*ec2.AuthorizeSecurityGroupIngressOutput, error)
	authorizeSecurityGroupEgress           func(context.Context, *ec2.AuthorizeSecurityGroupEgressInput, ...func(*ec2.Options)) (*ec2.AuthorizeSecurityGroupEgressOutput, error)
	revokeSecurityGroupEgress              func(context.Context, *ec2.RevokeSecurityGroupEgressInput, ...func(*ec2.Options)) (*ec2.RevokeSecurityGroupEgressOutput, error)
	revokeSecurityGroupIngress             func(context.Context, *ec2.RevokeSecurityGroupIngressInput, ...func(*ec2.Options)) (*ec2.RevokeSecurityGroupIngressOutput, error)
	deleteSecurityGroup                    func(context.Context, *ec2.DeleteSecurityGroupInput, ...func(*ec2.Options)) (*ec2.DeleteSecurityGroupOutput, error)
	describeNetworkInterfaces              func(context.Context, *ec2.DescribeNetworkInterfacesInput, ...func(*ec2.Options)) (*ec2.DescribeNetworkInterfacesOutput, error)
	describeManagedPrefixLists             func(context.Context, *ec2.DescribeManagedPrefixListsInput, ...func(*ec2.Options)) (*ec2.DescribeManagedPrefixListsOutput, error)
	getManagedPrefixListEntries            func(context.Context, *ec2.GetManagedPrefixListEntriesInput, ...func(*ec2.Options)) (*ec2.GetManagedPrefixListEntriesOutput, error)
	createManagedPrefixList                func(context.Context, *ec2.CreateManagedPrefixListInput, ...func(*ec2.Options)) (*ec2.CreateManagedPrefixListOutput, error)
	modifyManagedPrefixList                func(context.Context, *ec2.ModifyManagedPrefixListInput, ...func(*ec2.Options)) (*ec2.ModifyManagedPrefixListOutput, error)
	deleteManagedPrefixList                func(context.Context, *ec2.DeleteManagedPrefixListInput, ...func(*ec2.Options)) (*ec2.DeleteManagedPrefixListOutput, error)
	describeKeyPairs                       func(context.Context, *ec2.DescribeKeyPairsInput, ...func(*ec2.Options)) (*ec2.DescribeKeyPairsOutput, error)
	importKeyPair                          func(context.Context, *ec2.ImportKeyPairInput, ...func(*ec2.Options)) (*ec2.ImportKeyPairOutput, error)
	deleteKeyPair                          func(context.Context, *ec2.DeleteKeyPairInput, ...func(*ec2.Options)) (*ec2.DeleteKeyPairOutput, error)
	describeAddresses                      func(context.Context, *ec2.DescribeAddressesInput, ...func(*ec2.Options)) (*ec2.DescribeAddressesOutput, error)
	allocateAddress                        func(context.Context, *ec2.AllocateAddressInput, ...func(*ec2.Options)) (*ec2.AllocateAddressOutput, error)
	associateAddress                       func(context.Context, *ec2.AssociateAddressInput, ...func(*ec2.Options)) (*ec2.AssociateAddressOutput, error)
	disassociateAddress                    func(context.Context, *ec2.DisassociateAddressInput, ...func(*ec2.Options)) (*ec2.DisassociateAddressOutput, error)
	releaseAddress                         func(context.Context, *ec2.ReleaseAddressInput, ...func(*ec2.Options)) (*ec2.ReleaseAddressOutput, error)
	describeSubnets                        func(context.Context, *ec2.DescribeSubnetsInput, ...func(*ec2.Options)) (*ec2.DescribeSubnetsOutput, error)
	describeVpcs                           func(context.Context, *ec2.DescribeVpcsInput, ...func(*ec2.Options)) (*ec2.DescribeVpcsOutput, error)
	describeAvailabilityZones              func(context.Context, *ec2.DescribeAvailabilityZonesInput, ...func(*ec2.Options)) (*ec2.DescribeAvailabilityZonesOutput, error)
}

func sdkCalls(cfg aws.Config, region string, options []func(*ec2.Options)) calls {
	cfg = cfg.Copy()
	cfg.Region = region
	c := ec2.NewFromConfig(cfg, append([]func(*ec2.Options){func(o *ec2.Options) {
		o.HTTPClient = awscall.HTTPClient(cfg)
		o.APIOptions = append(o.APIOptions, awscall.WithoutTraceHeader)
	}}, options...)...)
	return calls{
		describeInstances:                      c.DescribeInstances,
		runInstances:                           c.RunInstances,
		stopInstances:                          c.StopInstances,
		startInstances:                         c.StartInstances,
		terminateInstances:                     c.TerminateInstances,
		describeInstanceAttribute:              c.DescribeInstanceAttribute,
		describeInstanceCreditSpecifications:   c.DescribeInstanceCreditSpecifications,
		describeInstanceStatus:                 c.DescribeInstanceStatus,
		describeInstanceTypes:                  c.DescribeInstanceTypes,
		describeInstanceTypeOfferings:          c.DescribeInstanceTypeOfferings,
		modifyInstanceAttribute:                c.ModifyInstanceAttribute,
		createTags:                             c.CreateTags,
		deleteTags:                             c.DeleteTags,
		describeIamInstanceProfileAssociations: c.DescribeIamInstanceProfileAssociations,
		associateIamInstanceProfile:            c.AssociateIamInstanceProfile,
		replaceIamInstanceProfileAssociation:   c.ReplaceIamInstanceProfileAssociation,
		createImage:                            c.CreateImage,
		copyImage:                              c.CopyImage,
		describeImages:                         c.DescribeImages,
		deregisterImage:                        c.DeregisterImage,
		describeSnapshots:                      c.DescribeSnapshots,
		describeVolumes:                        c.DescribeVolumes,
		createSnapshot:                         c.CreateSnapshot,
		copySnapshot:                           copySnapshot(c.CreateSnapshot),
		createVolume:                           c.CreateVolume,
		attachVolume:                           c.AttachVolume,
		detachVolume:                           c.DetachVolume,
		deleteVolume:                           c.DeleteVolume,
		deleteSnapshot:                         c.DeleteSnapshot,
		getEbsEncryptionByDefault:              c.GetEbsEncryptionByDefault,
		getEbsDefaultKmsKeyId:                  c.GetEbsDefaultKmsKeyId,
		describeSecurityGroups:                 c.DescribeSecurityGroups,
		createSecurityGroup:                    c.CreateSecurityGroup,
		authorizeSecurityGroupIngress:          c.AuthorizeSecurityGroupIngress,
		authorizeSecurityGroupEgress:           c.AuthorizeSecurityGroupEgress,
		revokeSecurityGroupEgress:              c.RevokeSecurityGroupEgress,
		revokeSecurityGroupIngress:             c.RevokeSecurityGroupIngress,
		deleteSecurityGroup:                    c.DeleteSecurityGroup,
		describeNetworkInterfaces:              c.DescribeNetworkInterfaces,
		describeManagedPrefixLists:             c.DescribeManagedPrefixLists,
		getManagedPrefixListEntries:            c.GetManagedPrefixListEntries,
		createManagedPrefixList:                c.CreateManagedPrefixList,
		modifyManagedPrefixList:                c.ModifyManagedPrefixList,
		deleteManagedPrefixList:                c.DeleteManagedPrefixList,
		describeKeyPairs:                       c.DescribeKeyPairs,
		importKeyPair:                          c.ImportKeyPair,
		deleteKeyPair:                          c.DeleteKeyPair,
		describeAddresses:                      c.DescribeAddresses,
		allocateAddress:                        c.AllocateAddress,
		associateAddress:                       c.AssociateAddress,
		disassociateAddress:                    c.DisassociateAddress,
		releaseAddress:                         c.ReleaseAddress,
		describeSubnets:                        c.DescribeSubnets,
		describeVpcs:                           c.DescribeVpcs,
		describeAvailabilityZones:              c.DescribeAvailabilityZones,
	}
}

func apiCalls(c API) calls {
	return calls{
		describeInstances:                      c.DescribeInstances,
		runInstances:                           c.RunInstances,
		stopInstances:                          c.StopInstances,
		startInstances:                         c.StartInstances,
		terminateInstances:                     c.TerminateInstances,
		describeInstanceAttribute:              c.DescribeInstanceAttribute,
		describeInstanceCreditSpecifications:   c.DescribeInstanceCreditSpecifications,
		describeInstanceStatus:                 c.DescribeInstanceStatus,
		describeInstanceTypes:                  c.DescribeInstanceTypes,
		describeInstanceTypeOfferings:          c.DescribeInstanceTypeOfferings,
		modifyInstanceAttribute:                c.ModifyInstanceAttribute,
		createTags:                             c.CreateTags,
		deleteTags:                             c.DeleteTags,
		describeIamInstanceProfileAssociations: c.DescribeIamInstanceProfileAssociations,
		associateIamInstanceProfile:            c.AssociateIamInstanceProfile,
		replaceIamInstanceProfileAssociation:   c.ReplaceIamInstanceProfileAssociation,
		createImage:                            c.CreateImage,
		copyImage:                              c.CopyImage,
		describeImages:                         c.DescribeImages,
		deregisterImage:                        c.DeregisterImage,
		describeSnapshots:                      c.DescribeSnapshots,
		describeVolumes:                        c.DescribeVolumes,
		createSnapshot:                         c.CreateSnapshot,
		copySnapshot:                           c.CopySnapshot,
		createVolume:                           c.CreateVolume,
		attachVolume:                           c.AttachVolume,
		detachVolume:                           c.DetachVolume,
		deleteVolume:                           c.DeleteVolume,
		deleteSnapshot:                         c.DeleteSnapshot,
		getEbsEncryptionByDefault:              c.GetEbsEncryptionByDefault,
		getEbsDefaultKmsKeyId:                  c.GetEbsDefaultKmsKeyId,
		describeSecurityGroups:                 c.DescribeSecurityGroups,
		createSecurityGroup:                    c.CreateSecurityGroup,
		authorizeSecurityGroupIngress:          c.AuthorizeSecurityGroupIngress,
		authorizeSecurityGroupEgress:           c.AuthorizeSecurityGroupEgress,
		revokeSecurityGroupEgress:              c.RevokeSecurityGroupEgress,
		revokeSecurityGroupIngress:             c.RevokeSecurityGroupIngress,
		deleteSecurityGroup:                    c.DeleteSecurityGroup,
		describeNetworkInterfaces:              c.DescribeNetworkInterfaces,
		describeManagedPrefixLists:             c.DescribeManagedPrefixLists,
		getManagedPrefixListEntries:            c.GetManagedPrefixListEntries,
		createManagedPrefixList:                c.CreateManagedPrefixList,
		modifyManagedPrefixList:                c.ModifyManagedPrefixList,
		deleteManagedPrefixList:                c.DeleteManagedPrefixList,
		describeKeyPairs:                       c.DescribeKeyPairs,
		importKeyPair:                          c.ImportKeyPair,
		deleteKeyPair:                          c.DeleteKeyPair,
		describeAddresses:                      c.DescribeAddresses,
		allocateAddress:                        c.AllocateAddress,
		associateAddress:                       c.AssociateAddress,
		disassociateAddress:                    c.DisassociateAddress,
		releaseAddress:                         c.ReleaseAddress,
		describeSubnets:                        c.DescribeSubnets,
		describeVpcs:                           c.DescribeVpcs,
		describeAvailabilityZones:              c.DescribeAvailabilityZones,
	}
}
