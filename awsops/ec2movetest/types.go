package ec2movetest

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// instanceType is what the fake knows of a type.
type instanceType struct {
	name    string
	vcpus   int32
	mem     int64 // MiB
	arch    string
	nitro   bool // needs ENA, and NVMe in the image
	tpm     bool
	uefi    bool   // besides legacy BIOS, or alone for arm64
	credits string // "" = it has none
}

// allTypes are the types that the fake has. Their facts are those of DescribeInstanceTypes.
func allTypes() []instanceType {
	return []instanceType{
		{"t2.micro", 1, 1024, "x86_64", false, false, false, "standard"},
		{"t2.small", 1, 2048, "x86_64", false, false, false, "standard"},
		{"t2.medium", 2, 4096, "x86_64", false, false, false, "standard"},
		{"t3.nano", 2, 512, "x86_64", true, true, true, "unlimited"},
		{"t3.micro", 2, 1024, "x86_64", true, true, true, "unlimited"},
		{"t3.small", 2, 2048, "x86_64", true, true, true, "unlimited"},
		{"t3.medium", 2, 4096, "x86_64", true, true, true, "unlimited"},
		{"t3.large", 2, 8192, "x86_64", true, true, true, "unlimited"},
		{"t3a.small", 2, 2048, "x86_64", true, true, true, "unlimited"},
		{"t4g.micro", 2, 1024, "arm64", true, true, true, "unlimited"},
		{"t4g.small", 2, 2048, "arm64", true, true, true, "unlimited"},
		{"m1.small", 1, 1740, "x86_64", false, false, false, ""},
		{"m4.large", 2, 8192, "x86_64", false, false, false, ""},
		{"m5.large", 2, 8192, "x86_64", true, true, true, ""},
		{"m5.xlarge", 4, 16384, "x86_64", true, true, true, ""},
		{"m6i.large", 2, 8192, "x86_64", true, true, true, ""},
		{"m7g.large", 2, 8192, "arm64", true, true, true, ""},
		{"m7i.large", 2, 8192, "x86_64", true, true, true, ""},
		{"c5.large", 2, 4096, "x86_64", true, true, true, ""},
		{"c7g.large", 2, 4096, "arm64", true, true, true, ""},
		{"r5.large", 2, 16384, "x86_64", true, true, true, ""},
		{"c5.18xlarge", 72, 147456, "x86_64", true, true, true, ""},
	}
}

func typeOf(name string) (instanceType, bool) {
	all := allTypes()
	i := slices.IndexFunc(all, func(t instanceType) bool { return t.name == name })
	if i < 0 {
		return instanceType{}, false
	}
	return all[i], true
}

func (t instanceType) modes() []types.BootModeType {
	switch {
	case t.arch == "arm64":
		return []types.BootModeType{types.BootModeTypeUefi}
	case t.uefi:
		return []types.BootModeType{types.BootModeTypeLegacyBios, types.BootModeTypeUefi}
	}
	return []types.BootModeType{types.BootModeTypeLegacyBios}
}

func (t instanceType) boots(mode string) bool {
	return mode == "uefi-preferred" || slices.Contains(t.modes(), types.BootModeType(mode))
}

// offers tells whether a type can be had in a zone, or with "" in any of the Region's.
func (r *region) offers(name, zone string) bool {
	if r.offered == nil {
		return name != "m1.small"
	}
	letters, ok := r.offered[name]
	return ok && (zone == "" || letters == "" || strings.HasSuffix(zone, "-") || strings.Contains(letters, zone[len(zone)-1:]))
}

// typeItem gives types and offerings the shape of resources, for their filters.
type typeItem struct {
	meta

	t        instanceType
	location string
}

func (r *region) describeInstanceTypes(in *ec2.DescribeInstanceTypesInput) (*ec2.DescribeInstanceTypesOutput, error) {
	s := store[*typeItem]{missing: "InvalidInstanceType", what: "instance type"}
	for _, t := range allTypes() {
		if r.offers(t.name, "") {
			s.all = append(s.all, &typeItem{meta: meta{id: t.name}, t: t})
		}
	}
	var names []string
	for _, name := range in.InstanceTypes {
		if _, ok := s.find(string(name)); !ok {
			return nil, refuse("InvalidInstanceType", "The following supplied instance types do not exist: [%s]", name)
		}
		names = append(names, string(name))
	}
	found, err := s.lookup(names, in.Filters, map[string]func(*typeItem) []string{
		"instance-type":                         func(x *typeItem) []string { return one(x.t.name) },
		"processor-info.supported-architecture": func(x *typeItem) []string { return one(x.t.arch) },
	})
	if err != nil {
		return nil, err
	}
	if in.MaxResults != nil && *in.MaxResults > 100 {
		return nil, refuse("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid. Expecting a value between 5 and 100.", *in.MaxResults)
	}
	found, next, err := page(r, found, in.MaxResults, in.NextToken, len(names) > 0)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeInstanceTypesOutput{NextToken: next}
	for _, x := range found {
		out.InstanceTypes = append(out.InstanceTypes, x.t.describe())
	}
	return out, nil
}

func (t instanceType) describe() types.InstanceTypeInfo {
	info := types.InstanceTypeInfo{
		BareMetal: aws.Bool(false), BurstablePerformanceSupported: aws.Bool(t.credits != ""), CurrentGeneration: aws.Bool(t.nitro || t.credits != ""),
		EbsInfo:    &types.EbsInfo{NvmeSupport: types.EbsNvmeSupportUnsupported, EncryptionSupport: types.EbsEncryptionSupportSupported, EbsOptimizedSupport: types.EbsOptimizedSupportUnsupported},
		Hypervisor: types.InstanceTypeHypervisorXen, InstanceStorageSupported: aws.Bool(false), InstanceType: types.InstanceType(t.name),
		MemoryInfo: &types.MemoryInfo{SizeInMiB: aws.Int64(t.mem)}, NetworkInfo: &types.NetworkInfo{EnaSupport: types.EnaSupportUnsupported, Ipv6Supported: aws.Bool(true)},
		NitroTpmSupport: types.NitroTpmSupportUnsupported, ProcessorInfo: &types.ProcessorInfo{SupportedArchitectures: []types.ArchitectureType{types.ArchitectureType(t.arch)}},
		SupportedBootModes: t.modes(), SupportedRootDeviceTypes: []types.RootDeviceType{types.RootDeviceTypeEbs},
		SupportedUsageClasses: []types.UsageClassType{types.UsageClassTypeOnDemand}, SupportedVirtualizationTypes: []types.VirtualizationType{types.VirtualizationTypeHvm},
		VCpuInfo: &types.VCpuInfo{DefaultVCpus: aws.Int32(t.vcpus)},
	}
	if t.nitro {
		info.Hypervisor = types.InstanceTypeHypervisorNitro
		info.EbsInfo.NvmeSupport, info.EbsInfo.EbsOptimizedSupport = types.EbsNvmeSupportRequired, types.EbsOptimizedSupportDefault
		info.NetworkInfo.EnaSupport = types.EnaSupportRequired
	}
	if t.tpm {
		info.NitroTpmSupport = types.NitroTpmSupportSupported
		info.NitroTpmInfo = &types.NitroTpmInfo{SupportedVersions: []string{"2.0"}}
	}
	return info
}

func (r *region) describeInstanceTypeOfferings(in *ec2.DescribeInstanceTypeOfferingsInput) (*ec2.DescribeInstanceTypeOfferingsOutput, error) {
	var locations []string
	switch in.LocationType {
	case "", types.LocationTypeRegion:
		locations = []string{r.name}
	case types.LocationTypeAvailabilityZone, types.LocationTypeAvailabilityZoneId:
		for _, z := range r.zones {
			locations = append(locations, z.name)
		}
	default:
		return nil, refuse("InvalidParameterValue", "Invalid value '%s' for locationType", in.LocationType)
	}
	s := store[*typeItem]{}
	for _, t := range allTypes() {
		for _, at := range locations {
			zone := at
			if at == r.name {
				zone = ""
			}
			if !r.offers(t.name, zone) {
				continue
			}
			if z, ok := r.zone(at); ok && in.LocationType == types.LocationTypeAvailabilityZoneId {
				at = z.id
			}
			s.all = append(s.all, &typeItem{meta: meta{id: t.name + "/" + at}, t: t, location: at})
		}
	}
	found, err := s.lookup(nil, in.Filters, map[string]func(*typeItem) []string{
		"instance-type": func(x *typeItem) []string { return one(x.t.name) },
		"location":      func(x *typeItem) []string { return one(x.location) },
	})
	if err != nil {
		return nil, err
	}
	found, next, err := page(r, found, in.MaxResults, in.NextToken, false)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeInstanceTypeOfferingsOutput{NextToken: next}
	for _, x := range found {
		out.InstanceTypeOfferings = append(out.InstanceTypeOfferings, types.InstanceTypeOffering{
			InstanceType: types.InstanceType(x.t.name), Location: aws.String(x.location), LocationType: types.LocationType(orElse(string(in.LocationType), "region")),
		})
	}
	return out, nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
