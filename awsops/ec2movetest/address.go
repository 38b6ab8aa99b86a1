package ec2movetest

import (
	"net/netip"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

type address struct {
	meta

	ip          netip.Addr
	instance    string
	association string
	metered     time.Time
}

type addresses struct{ store[*address] }

// of is the address of an instance, nil if it has none.
func (s *addresses) of(instance string) *address {
	i := slices.IndexFunc(s.all, func(a *address) bool { return a.instance == instance })
	if i < 0 {
		return nil
	}
	return s.all[i]
}

// free takes an address from a terminated instance. It stays allocated, and billed.
func (s *addresses) free(instance string) {
	if a := s.of(instance); a != nil {
		a.instance, a.association = "", ""
	}
}

func (r *region) allocateAddress(in *ec2.AllocateAddressInput) (*ec2.AllocateAddressOutput, error) {
	tags, err := tagsFor(in.TagSpecifications, types.ResourceTypeElasticIp)
	if err != nil {
		return nil, err
	}
	if in.Domain != "" && in.Domain != types.DomainTypeVpc {
		return nil, refuse("InvalidParameterValue", "Invalid value '%s' for domain", in.Domain)
	}
	if len(r.addresses.all) >= r.cloud.opts.Addresses {
		return nil, refuse("AddressLimitExceeded", "The maximum number of addresses has been reached.")
	}
	a := &address{meta: meta{id: r.cloud.id("eipalloc", r.name), tags: tags[types.ResourceTypeElasticIp]}, ip: r.publicIP(), metered: r.now()}
	r.addresses.put(r, a)
	return &ec2.AllocateAddressOutput{
		AllocationId: aws.String(a.id), Domain: types.DomainTypeVpc, NetworkBorderGroup: aws.String(r.name), PublicIp: aws.String(a.ip.String()), PublicIpv4Pool: aws.String("amazon"),
	}, nil
}

func (r *region) associateAddress(in *ec2.AssociateAddressInput) (*ec2.AssociateAddressOutput, error) {
	a, err := r.addresses.use("AllocationId", in.AllocationId)
	if err != nil {
		return nil, err
	}
	x, err := r.instances.use("InstanceId", in.InstanceId)
	if err != nil {
		return nil, err
	}
	had := r.addresses.of(x.id)
	switch {
	case x.state != "running" && x.state != "stopped":
		return nil, refuse("IncorrectInstanceState", "The %s-instance to which '%s' is attached is not in a valid state for this operation", x.state, x.eni)
	case a.instance == x.id:
		return &ec2.AssociateAddressOutput{AssociationId: aws.String(a.association)}, nil
	case (a.instance != "" || had != nil) && !aws.ToBool(in.AllowReassociation):
		holder := a
		if a.instance == "" {
			holder = had
		}
		return nil, refuse("Resource.AlreadyAssociated", "resource %s is already associated with associate-id %s", holder.id, holder.association)
	}
	if had != nil {
		had.instance, had.association = "", ""
	}
	if a.instance != "" {
		if from, ok := r.instances.find(a.instance); ok {
			a.instance = ""
			if from.state == "running" {
				r.givePublic(from)
			}
		}
	}
	if x.public.IsValid() { // its own goes back to AWS
		r.cloud.meter.addressed(r.now().Sub(x.publicSince))
		x.public = netip.Addr{}
	}
	a.instance, a.association = x.id, r.cloud.id("eipassoc", r.name)
	return &ec2.AssociateAddressOutput{AssociationId: aws.String(a.association)}, nil
}

func (r *region) disassociateAddress(in *ec2.DisassociateAddressInput) (*ec2.DisassociateAddressOutput, error) {
	if err := required("AssociationId", in.AssociationId); err != nil {
		return nil, err
	}
	for _, a := range r.addresses.all {
		if a.association == *in.AssociationId {
			x, ok := r.instances.find(a.instance)
			a.instance, a.association = "", ""
			if ok && x.state == "running" {
				r.givePublic(x)
			}
			return &ec2.DisassociateAddressOutput{}, nil
		}
	}
	return nil, refuse("InvalidAssociationID.NotFound", "The association ID '%s' does not exist", *in.AssociationId)
}

func (r *region) releaseAddress(in *ec2.ReleaseAddressInput) (*ec2.ReleaseAddressOutput, error) {
	a, err := r.addresses.use("AllocationId", in.AllocationId)
	if err != nil {
		return nil, err
	}
	if a.instance != "" {
		return nil, refuse("InvalidIPAddress.InUse", "The address %s is in use: disassociate it first", a.ip)
	}
	r.cloud.meter.addressed(r.now().Sub(a.metered))
	r.addresses.remove(a.id)
	return &ec2.ReleaseAddressOutput{}, nil
}

func (r *region) describeAddresses(in *ec2.DescribeAddressesInput) (*ec2.DescribeAddressesOutput, error) {
	found, err := r.addresses.lookup(in.AllocationIds, in.Filters, map[string]func(*address) []string{
		"allocation-id":  func(a *address) []string { return one(a.id) },
		"association-id": func(a *address) []string { return one(a.association) },
		"domain":         func(*address) []string { return one("vpc") },
		"instance-id":    func(a *address) []string { return one(a.instance) },
		"public-ip":      func(a *address) []string { return one(a.ip.String()) },
	})
	if err != nil {
		return nil, err
	}
	for _, ip := range in.PublicIps {
		if !slices.ContainsFunc(r.addresses.all, func(a *address) bool { return a.ip.String() == ip }) {
			return nil, refuse("InvalidAddress.NotFound", "Address '%s' not found.", ip)
		}
	}
	out := &ec2.DescribeAddressesOutput{}
	for _, a := range found {
		if len(in.PublicIps) > 0 && !slices.Contains(in.PublicIps, a.ip.String()) {
			continue
		}
		out.Addresses = append(out.Addresses, r.describeAddress(a))
	}
	return out, nil
}

func (r *region) describeAddress(a *address) types.Address {
	d := types.Address{
		AllocationId: aws.String(a.id), AssociationId: optional(a.association), Domain: types.DomainTypeVpc, InstanceId: optional(a.instance),
		NetworkBorderGroup: aws.String(r.name), PublicIp: aws.String(a.ip.String()), PublicIpv4Pool: aws.String("amazon"), Tags: tagList(a.tags),
	}
	if x, ok := r.instances.find(a.instance); ok {
		d.NetworkInterfaceId, d.NetworkInterfaceOwnerId, d.PrivateIpAddress = aws.String(x.eni), aws.String(r.cloud.account), aws.String(x.private.String())
	}
	return d
}
