package ec2move

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// lookAtType: does the copy's type run the source's image?
func (p *planner) lookAtType() {
	s, name, info := p.plan.Source, p.targetType(), p.info
	if info == nil {
		return // not offered, which lookAtPlace says, or not to be asked for
	}
	if cpu := info.ProcessorInfo; cpu != nil && s.Architecture != "" && !slices.Contains(cpu.SupportedArchitectures, types.ArchitectureType(s.Architecture)) {
		p.found(Stop, "architecture", "choose a type of the same architecture", "the source is %s, and %s runs %s", s.Architecture, name, list(cpu.SupportedArchitectures))
	}
	if v := types.VirtualizationType(s.Virtualization); v != "" && len(info.SupportedVirtualizationTypes) > 0 && !slices.Contains(info.SupportedVirtualizationTypes, v) {
		p.found(Stop, "virtualization", "choose a type that runs it", "the source is %s, and %s runs %s", v, name, list(info.SupportedVirtualizationTypes))
	}
	if net := info.NetworkInfo; net != nil && net.EnaSupport == types.EnaSupportRequired && !s.ENA {
		p.found(Stop, "ena", "install the driver in the source and turn EnaSupport on, or choose a type without it",
			"%s needs the network driver ENA, which the source does not have", name)
	}
	if nitro(info) && p.before != nil && !nitro(p.before) {
		p.found(Warn, "nvme", "see that the system has the NVMe driver, and mounts by UUID or label", "%s shows its volumes as NVMe devices, which %s does not", name, s.Type)
	}
	if modes := info.SupportedBootModes; len(modes) > 0 {
		switch mode := s.BootMode; {
		case (mode == "" || mode == string(types.BootModeTypeLegacyBios)) && s.Architecture == string(types.ArchitectureTypeX8664) && !slices.Contains(modes, types.BootModeTypeLegacyBios),
			mode == string(types.BootModeTypeUefi) && !slices.Contains(modes, types.BootModeTypeUefi):
			p.found(Stop, "boot-mode", "choose a type that boots so", "the source boots by %s, and %s by %s", cmp.Or(mode, "legacy-bios"), name, list(modes))
		}
	}
	if s.TPM != "" && info.NitroTpmSupport != types.NitroTpmSupportSupported {
		p.found(Stop, "tpm", "choose a type with a NitroTPM", "the source needs a TPM (%s), and %s has none", s.TPM, name)
	} else if s.TPM != "" {
		p.found(Warn, "tpm-state", "keep a recovery key", "the TPM of the copy is a new one: what was sealed with the source's does not open")
	}
	if ebs := info.EbsInfo; ebs != nil && ebs.MaximumEbsAttachments != nil {
		if n := len(s.Devices) + len(p.spec.Volumes); n > int(*ebs.MaximumEbsAttachments) {
			p.found(Stop, "too-many-volumes", "choose a larger type", "%s takes %d volumes, and there are %d", name, *ebs.MaximumEbsAttachments, n)
		}
	}
}

// nitro tells types that show volumes as NVMe devices.
func nitro(info *types.InstanceTypeInfo) bool {
	return info.EbsInfo != nil && info.EbsInfo.NvmeSupport == types.EbsNvmeSupportRequired || info.Hypervisor == types.InstanceTypeHypervisorNitro
}

// lookAtPlace: is there a subnet in a zone that has the type?
func (p *planner) lookAtPlace() {
	name := p.targetType()
	if p.noSubnets != nil {
		p.found(Stop, "no-subnet", "name a subnet or a VPC of the Region in Target", "there is no place for the copy: %v", p.noSubnets)
	}
	if len(p.zones) == 0 {
		p.found(Stop, "type-not-offered", "choose another in Target.InstanceType", "%s is not offered in %s", name, p.spec.To.Region)
		return
	}
	if len(p.subnets) == 0 {
		return
	}
	fit := p.fitting()
	if len(fit) == 0 {
		var have []string
		for _, s := range p.subnets {
			have = append(have, aws.ToString(s.SubnetId)+" in "+aws.ToString(s.AvailabilityZone))
		}
		p.found(Stop, "type-not-offered", "choose a subnet in "+strings.Join(p.zones, ", ")+", or another type", "%s is offered in %s, and the subnets are %s",
			name, strings.Join(p.zones, ", "), strings.Join(have, ", "))
		return
	}
	free := slices.ContainsFunc(fit, func(s types.Subnet) bool { return s.AvailableIpAddressCount == nil || *s.AvailableIpAddressCount > 0 })
	if !free {
		p.found(Stop, "subnet-full", "choose another, or free an address", "there is no free address in %s", aws.ToString(fit[0].SubnetId))
	}
	if p.plan.Source.IPv6 > 0 && !hasIPv6(fit[0]) {
		p.found(Warn, "ipv6-missing", "give it a range of IPv6, or choose another subnet", "subnet %s has no IPv6: the copy has none", aws.ToString(fit[0].SubnetId))
	}
}

// fitting are the subnets whose zones have the type.
func (p *planner) fitting() []types.Subnet {
	return slices.DeleteFunc(slices.Clone(p.subnets), func(s types.Subnet) bool {
		return aws.ToString(s.OutpostArn) != "" || !slices.Contains(p.zones, aws.ToString(s.AvailabilityZone))
	})
}

// lookAtKeyPair: who can log in?
func (p *planner) lookAtKeyPair() {
	s, given := p.plan.Source, p.spec.To.KeyPair
	switch {
	case given != "" && p.held.given == nil:
		p.found(Stop, "key-pair-not-found", "import it, or leave Target.KeyPair empty", "there is no key pair %s in %s", given, p.spec.To.Region)
	case given != "" || s.KeyName == "":
	case s.PublicKey == "":
		p.found(Warn, "key-pair-lost", "import the public key in the new Region, and name it in Target.KeyPair",
			"EC2 has no public key of %s, as of pairs that were deleted or made long ago: the copy names no key pair. Keys that are in its file system still open it", s.KeyName)
	default:
		p.found(Note, "key-pair-carried", "", "the public key of %s is imported in %s", s.KeyName, p.spec.To.Region)
	}
}

// lookAtAddress: which public address will the copy have?
func (p *planner) lookAtAddress() {
	s, to := p.plan.Source, p.spec.To
	switch {
	case to.Address == AddressGiven:
		i := slices.IndexFunc(p.addresses, func(a types.Address) bool { return aws.ToString(a.AllocationId) == to.AllocationID })
		switch {
		case i < 0:
			p.found(Stop, "address-not-found", "allocate it in that Region, or use the policy new", "there is no Elastic IP %s in %s", to.AllocationID, to.Region)
		case aws.ToString(p.addresses[i].AssociationId) != "" && !p.isOurs(aws.ToString(p.addresses[i].InstanceId)):
			p.found(Stop, "address-in-use", "disassociate it, or give another", "Elastic IP %s belongs to %s", to.AllocationID,
				cmp.Or(aws.ToString(p.addresses[i].InstanceId), aws.ToString(p.addresses[i].NetworkInterfaceId)))
		}
	case p.wantsAddress():
		own := slices.ContainsFunc(p.addresses, func(a types.Address) bool { return p.spec.ours(a.Tags) })
		if n := len(p.addresses); n >= defaultAddresses && !own {
			p.found(Warn, "address-quota", "release one, or have the quota raised before the move", "%d Elastic IP addresses are in %s, and %d is the default quota", n, to.Region, defaultAddresses)
		}
	case s.PublicIP.IsValid():
		fit := p.fitting()
		if len(fit) > 0 && !aws.ToBool(fit[0].MapPublicIpOnLaunch) {
			p.found(Warn, "no-public-address", "set Target.Address to new, or choose another subnet", "the source has a public address, and subnet %s gives none", aws.ToString(fit[0].SubnetId))
		} else {
			p.found(Note, "address-not-fixed", "set Target.Address to new", "the copy's public address is the subnet's: it changes whenever the copy is stopped and started")
		}
	}
}

const defaultAddresses = 5 // Elastic IP addresses in a Region

// wantsAddress tells whether the move allocates an address.
func (p *planner) wantsAddress() bool {
	to := p.spec.To.Address
	return to == AddressNew || to == AddressAsSource && p.plan.Source.AllocationID != ""
}

func (p *planner) isOurs(instance string) bool {
	return slices.ContainsFunc(p.held.instances, func(i types.Instance) bool { return aws.ToString(i.InstanceId) == instance })
}

func cpus(v *types.VCpuInfo) string {
	return fmt.Sprintf("%d×%d", aws.ToInt32(v.DefaultCores), aws.ToInt32(v.DefaultThreadsPerCore))
}

func list[T ~string](of []T) string {
	words := make([]string, len(of))
	for i, w := range of {
		words[i] = string(w)
	}
	return strings.Join(words, ", ")
}

func text(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
