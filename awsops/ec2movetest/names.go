package ec2movetest

import (
	"reflect"
	"strings"
	"unicode"
)

// inputName is what the query protocol calls a field of an input: the field itself, a list by one of it. The exceptions are
// those of the SDK's serializers.
func inputName(of string, f reflect.StructField) string {
	switch name := irregularInput(of + "." + f.Name); {
	case name != "":
		return name
	case isList(f):
		return singular(f.Name)
	}
	return f.Name
}

// outputName is what EC2's answers call a field of an output: the field itself, a list by one of it with "Set" behind. The
// exceptions are those of the SDK's deserializers.
func outputName(of string, f reflect.StructField) string {
	switch name := irregularOutput(of + "." + f.Name); {
	case name != "":
		return name
	case isList(f):
		return lowerFirst(singular(f.Name)) + "Set"
	}
	return lowerFirst(f.Name)
}

func isList(f reflect.StructField) bool {
	return f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() != reflect.Uint8
}

func singular(name string) string {
	if head, ok := strings.CutSuffix(name, "ies"); ok {
		return head + "y"
	}
	return strings.TrimSuffix(name, "s")
}

func lowerFirst(s string) string {
	for i, ch := range s {
		return s[:i] + string(unicode.ToLower(ch)) + s[i+len(string(ch)):]
	}
	return s
}

func irregularInput(field string) string {
	switch field {
	case "DescribeImagesInput.ExecutableUsers":
		return "ExecutableBy"
	case "CreateSecurityGroupInput.Description":
		return "GroupDescription"
	case "ModifyInstanceAttributeInput.Groups":
		return "GroupId"
	case "IpPermission.UserIdGroupPairs":
		return "Groups"
	case "AuthorizeSecurityGroupEgressInput.IpPermissions",
		"AuthorizeSecurityGroupIngressInput.IpPermissions",
		"RevokeSecurityGroupEgressInput.IpPermissions",
		"RevokeSecurityGroupIngressInput.IpPermissions":
		return "IpPermissions"
	case "IpPermission.IpRanges":
		return "IpRanges"
	case "InstanceNetworkInterfaceSpecification.Ipv4Prefixes":
		return "Ipv4Prefix"
	case "RunInstancesInput.Ipv6Addresses":
		return "Ipv6Address"
	case "InstanceNetworkInterfaceSpecification.Ipv6Addresses":
		return "Ipv6Addresses"
	case "InstanceNetworkInterfaceSpecification.Ipv6Prefixes":
		return "Ipv6Prefix"
	case "IpPermission.Ipv6Ranges":
		return "Ipv6Ranges"
	case "DescribeSnapshotsInput.OwnerIds":
		return "Owner"
	case "IpPermission.PrefixListIds":
		return "PrefixListIds"
	case "InstanceSecondaryInterfaceSpecificationRequest.PrivateIpAddresses":
		return "PrivateIpAddress"
	case "InstanceNetworkInterfaceSpecification.PrivateIpAddresses":
		return "PrivateIpAddresses"
	case "CreateTagsInput.Resources", "DeleteTagsInput.Resources":
		return "ResourceId"
	case "DescribeSnapshotsInput.RestorableByUserIds":
		return "RestorableBy"
	case "InstanceNetworkInterfaceSpecification.Groups":
		return "SecurityGroupId"
	}
	return ""
}

func irregularOutput(field string) string {
	switch field {
	case "InferenceAcceleratorInfo.Accelerators", "MediaAcceleratorInfo.Accelerators":
		return "accelerators"
	case "DescribeAddressesOutput.Addresses":
		return "addressesSet"
	case "DescribeAvailabilityZonesOutput.AvailabilityZones":
		return "availabilityZoneInfo"
	case "NetworkInfo.BandwidthWeightings":
		return "bandwidthWeightings"
	case "DescribeInstanceAttributeOutput.BlockDeviceMappings",
		"Image.BlockDeviceMappings",
		"Instance.BlockDeviceMappings":
		return "blockDeviceMapping"
	case "Vpc.CidrBlockAssociationSet":
		return "cidrBlockAssociationSet"
	case "EbsStatusSummary.Details", "InstanceStatusSummary.Details":
		return "details"
	case "InstanceStorageInfo.Disks":
		return "disks"
	case "Instance.PublicDnsName":
		return "dnsName"
	case "InstanceStatus.Events":
		return "eventsSet"
	case "FpgaInfo.Fpgas":
		return "fpgas"
	case "GpuInfo.Gpus":
		return "gpus"
	case "SecurityGroup.Description":
		return "groupDescription"
	case "Instance.SecurityGroups":
		return "groupSet"
	case "IpPermission.UserIdGroupPairs":
		return "groups"
	case "Image.OwnerId":
		return "imageOwnerId"
	case "Image.State":
		return "imageState"
	case "DescribeImagesOutput.Images":
		return "imagesSet"
	case "Instance.State":
		return "instanceState"
	case "DescribeInstanceStatusOutput.InstanceStatuses":
		return "instanceStatusSet"
	case "Reservation.Instances",
		"RunInstancesOutput.Instances",
		"StartInstancesOutput.StartingInstances",
		"StopInstancesOutput.StoppingInstances",
		"TerminateInstancesOutput.TerminatingInstances":
		return "instancesSet"
	case "Instance.PublicIpAddress":
		return "ipAddress"
	case "SecurityGroup.IpPermissions":
		return "ipPermissions"
	case "SecurityGroup.IpPermissionsEgress":
		return "ipPermissionsEgress"
	case "IpPermission.IpRanges":
		return "ipRanges"
	case "InstanceNetworkInterface.Ipv4Prefixes", "NetworkInterface.Ipv4Prefixes":
		return "ipv4PrefixSet"
	case "InstanceNetworkInterface.Ipv6Addresses", "NetworkInterface.Ipv6Addresses":
		return "ipv6AddressesSet"
	case "Subnet.Ipv6CidrBlockAssociationSet", "Vpc.Ipv6CidrBlockAssociationSet":
		return "ipv6CidrBlockAssociationSet"
	case "InstanceNetworkInterface.Ipv6Prefixes", "NetworkInterface.Ipv6Prefixes":
		return "ipv6PrefixSet"
	case "IpPermission.Ipv6Ranges":
		return "ipv6Ranges"
	case "Image.Public":
		return "isPublic"
	case "DescribeInstanceAttributeOutput.KernelId":
		return "kernel"
	case "DescribeKeyPairsOutput.KeyPairs":
		return "keySet"
	case "NetworkInfo.NetworkCards":
		return "networkCards"
	case "NeuronInfo.NeuronDevices":
		return "neuronDevices"
	case "IpPermission.PrefixListIds":
		return "prefixListIds"
	case "InstanceSecondaryInterface.PrivateIpAddresses":
		return "privateIpAddressSet"
	case "InstanceNetworkInterface.PrivateIpAddresses", "NetworkInterface.PrivateIpAddresses":
		return "privateIpAddressesSet"
	case "ProductCode.ProductCodeId":
		return "productCode"
	case "DescribeInstanceAttributeOutput.ProductCodes", "Image.ProductCodes", "Instance.ProductCodes":
		return "productCodes"
	case "DescribeInstanceAttributeOutput.RamdiskId":
		return "ramdisk"
	case "Instance.StateTransitionReason":
		return "reason"
	case "DescribeSecurityGroupsOutput.SecurityGroups":
		return "securityGroupInfo"
	case "AttachVolumeOutput.State",
		"CreateSnapshotOutput.State",
		"CreateVolumeOutput.State",
		"DetachVolumeOutput.State",
		"Snapshot.State",
		"Volume.State",
		"VolumeAttachment.State":
		return "status"
	case "CreateSnapshotOutput.StateMessage", "Snapshot.StateMessage":
		return "statusMessage"
	case "ProcessorInfo.SupportedArchitectures":
		return "supportedArchitectures"
	case "InstanceTypeInfo.SupportedBootModes":
		return "supportedBootModes"
	case "ProcessorInfo.SupportedFeatures":
		return "supportedFeatures"
	case "InstanceTypeInfo.SupportedRootDeviceTypes":
		return "supportedRootDeviceTypes"
	case "PlacementGroupInfo.SupportedStrategies":
		return "supportedStrategies"
	case "InstanceTypeInfo.SupportedUsageClasses":
		return "supportedUsageClasses"
	case "NitroTpmInfo.SupportedVersions":
		return "supportedVersions"
	case "InstanceTypeInfo.SupportedVirtualizationTypes":
		return "supportedVirtualizationTypes"
	case "NetworkInterface.TagSet":
		return "tagSet"
	case "ProductCode.ProductCodeType":
		return "type"
	case "VCpuInfo.ValidCores":
		return "validCores"
	case "VCpuInfo.ValidThreadsPerCore":
		return "validThreadsPerCore"
	case "AvailabilityZone.State":
		return "zoneState"
	}
	return ""
}
