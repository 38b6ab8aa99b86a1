package ec2move

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
)

// facts are what a plan asks AWS beside the source.
type facts struct {
	subnets   []types.Subnet // to which the copy may go, whatever their zones
	noSubnets error          // why there are none
	zones     []string       // that offer the type
	info      *types.InstanceTypeInfo
	before    *types.InstanceTypeInfo // of the source's type, in its Region
	groups    []sourceGroup
	lists     []listFact
	given     []types.SecurityGroup // Target.Groups
	detached  []types.Volume
	encrypts  bool   // encryption by default
	ebsKey    string // what encrypts a volume for which no key is named
	addresses []types.Address
	records   []recordFact
	held      nameFacts
}

type listFact struct {
	types.ManagedPrefixList
	There   bool // AWS's own: the new Region has it; else it is made there
	Entries int
}

type recordFact struct {
	Name      string
	Addresses []netip.Addr
	TTL       time.Duration
}

// nameFacts are what there is under the names of the move already.
type nameFacts struct {
	images, copies []types.Image
	instances      []types.Instance
	pair, given    *types.KeyPairInfo
	groups         map[string]types.SecurityGroup // by the source's
}

// gather asks all questions.
func (p *planner) gather(ctx context.Context) error {
	for _, ask := range []func(context.Context) error{
		p.askPlace, p.askTypes, p.askGroups, p.askPrefixLists, p.askVolumes, p.askEncryption, p.askKeyPairs, p.askAddresses, p.askRecords, p.askNames,
	} {
		if err := p.try(func() error { return ask(ctx) }); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) askPlace(ctx context.Context) (err error) {
	p.subnets, err = p.targetSubnets(ctx)
	if errors.Is(err, awsops.ErrGone) || errors.Is(err, awsops.ErrInvalid) {
		p.noSubnets = err
		err = nil
	}
	return err
}

func (p *planner) askTypes(ctx context.Context) (err error) {
	if p.zones, err = p.offered(ctx); err != nil {
		return err
	}
	if p.info, err = typeInfo(ctx, p.move, p.dst, p.targetType()); err != nil {
		return err
	}
	p.before, err = typeInfo(ctx, p.move, p.src, p.plan.Source.Type)
	return err
}

// typeInfo is what a type is like, nil where it is unknown: a filter, since EC2 refuses a name that it does not know.
func typeInfo(ctx context.Context, m *move, in calls, name string) (*types.InstanceTypeInfo, error) {
	out, err := read(ctx, m, "DescribeInstanceTypes", in.describeInstanceTypes, &ec2.DescribeInstanceTypesInput{Filters: []types.Filter{filter("instance-type", name)}})
	if err != nil {
		return nil, err
	}
	for i := range out.InstanceTypes {
		if string(out.InstanceTypes[i].InstanceType) == name {
			return &out.InstanceTypes[i], nil
		}
	}
	return nil, nil
}

func (p *planner) askGroups(ctx context.Context) (err error) {
	if given := p.spec.To.Groups; len(given) > 0 {
		p.given, err = securityGroups(ctx, p.move, p.dst, filter("group-id", given...))
		return err
	}
	p.groups, err = p.closure(ctx)
	return err
}

func (p *planner) askPrefixLists(ctx context.Context) error {
	lists, err := prefixLists(ctx, p.move, p.src, "prefix-list-id", prefixListsOf(p.groups)...)
	if err != nil {
		return err
	}
	for _, l := range lists {
		fact := listFact{ManagedPrefixList: l}
		if aws.ToString(l.OwnerId) == ownerAWS {
			there, err := prefixLists(ctx, p.move, p.dst, "prefix-list-name", p.nameThere(aws.ToString(l.PrefixListName)))
			if err != nil {
				return err
			}
			fact.There = slices.ContainsFunc(there, func(t types.ManagedPrefixList) bool { return aws.ToString(t.OwnerId) == ownerAWS })
		} else {
			entries, err := prefixListEntries(ctx, p.move, p.src, aws.ToString(l.PrefixListId))
			if err != nil {
				return err
			}
			fact.Entries = len(entries)
		}
		p.lists = append(p.lists, fact)
	}
	return nil
}

func (p *planner) askVolumes(ctx context.Context) error {
	if len(p.spec.Volumes) == 0 {
		return nil
	}
	var ids []string
	for _, v := range p.spec.Volumes {
		ids = append(ids, v.ID)
	}
	for part := range slices.Chunk(ids, maxFilterValues) {
		out, err := read(ctx, p.move, "DescribeVolumes", p.src.describeVolumes, &ec2.DescribeVolumesInput{Filters: []types.Filter{filter("volume-id", part...)}})
		if err != nil {
			return err
		}
		p.detached = append(p.detached, out.Volumes...)
	}
	return nil
}

func (p *planner) askEncryption(ctx context.Context) error {
	out, err := read(ctx, p.move, "GetEbsEncryptionByDefault", p.dst.getEbsEncryptionByDefault, &ec2.GetEbsEncryptionByDefaultInput{})
	if err != nil {
		return err
	}
	p.encrypts = aws.ToBool(out.EbsEncryptionByDefault)
	key, err := read(ctx, p.move, "GetEbsDefaultKmsKeyId", p.dst.getEbsDefaultKmsKeyId, &ec2.GetEbsDefaultKmsKeyIdInput{})
	if err != nil {
		return err
	}
	p.ebsKey = aws.ToString(key.KmsKeyId)
	return nil
}

func (p *planner) askKeyPairs(ctx context.Context) (err error) {
	if given := p.spec.To.KeyPair; given != "" {
		p.held.given, err = keyPair(ctx, p.move, p.dst, given)
		return err
	}
	p.held.pair, err = keyPair(ctx, p.move, p.dst, p.spec.name(StepKeyPair, "", 0))
	return err
}

func (p *planner) askAddresses(ctx context.Context) error {
	out, err := read(ctx, p.move, "DescribeAddresses", p.dst.describeAddresses, &ec2.DescribeAddressesInput{})
	if err != nil {
		return err
	}
	p.addresses = out.Addresses
	return nil
}

// askRecords asks DNS, not AWS. What it cannot say is a finding: the move asks again when it comes to it.
func (p *planner) askRecords(ctx context.Context) error {
	if p.spec.Cutover == nil || p.c.cfg.DNS == nil {
		return nil
	}
	for _, name := range p.spec.Cutover.Records {
		addresses, ttl, err := p.c.cfg.DNS.Addresses(ctx, name)
		if cause := context.Cause(ctx); cause != nil {
			return &Error{Resource: name, Err: cause}
		}
		if err != nil {
			p.found(Warn, "record-unknown", "see that the name servers answer before the move comes to the cutover", "the addresses of %s cannot be asked for: %v", name, err)
			continue
		}
		p.records = append(p.records, recordFact{Name: name, Addresses: addresses, TTL: ttl})
	}
	return nil
}

// askNames looks for what an earlier run of the same ID has made, and for what others hold under names that this one needs.
func (p *planner) askNames(ctx context.Context) (err error) {
	pattern := filter("name", "m-"+p.spec.ID+"-*")
	for in, into := range map[*calls]*[]types.Image{&p.src: &p.held.images, &p.dst: &p.held.copies} {
		out, err := read(ctx, p.move, "DescribeImages", in.describeImages, &ec2.DescribeImagesInput{Owners: []string{"self"}, Filters: []types.Filter{pattern}})
		if err != nil {
			return err
		}
		*into = out.Images
	}
	out, err := read(ctx, p.move, "DescribeInstances", p.dst.describeInstances, &ec2.DescribeInstancesInput{Filters: []types.Filter{filter("tag:"+TagMove, p.spec.ID)}})
	if err != nil {
		return err
	}
	for _, r := range out.Reservations {
		p.held.instances = append(p.held.instances, r.Instances...)
	}
	if len(p.groups) > 0 && len(p.subnets) > 0 {
		p.held.groups, err = p.copiesOf(ctx, aws.ToString(p.subnets[0].VpcId), idsOf(p.groups))
	}
	return err
}
