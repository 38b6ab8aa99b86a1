package ec2movetest

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Add puts more into the account, as if it had been there for long. It is an error to name what is not there, or what EC2
// would not have let be; some of it may have been added by then.
func (c *Cloud) Add(w World) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.Account != "" {
		if !isAccount(w.Account) || len(c.regions) > 0 && w.Account != c.account {
			return fmt.Errorf("ec2movetest: world: account %q: 12 digits, before anything else", w.Account)
		}
		c.account = w.Account
	}
	c.subscribed = append(c.subscribed, w.Subscribed...)
	for _, name := range w.Profiles {
		c.profiles[name] = &iamProfile{}
	}
	for _, name := range sortedKeys(w.Regions) {
		if !regionName.MatchString(name) {
			return fmt.Errorf("ec2movetest: world: %q is no Region", name)
		}
		if a := w.Regions[name]; a != nil {
			if err := c.region(name).add(*a); err != nil {
				return fmt.Errorf("ec2movetest: world: %s: %w", name, err)
			}
		}
	}
	return nil
}

func (r *region) add(a Area) error {
	if a.Zones != "" {
		r.setZones(a.Zones)
		r.vpcs.all, r.subnets.all, r.groups.all = nil, nil, nil
		r.addMainVPC()
	}
	if a.NoDefaultVPC {
		r.vpcs.all, r.subnets.all, r.groups.all = nil, nil, nil
	}
	for _, key := range a.KMSKeys {
		if !strings.HasPrefix(key, r.cloud.arn("kms", r.name, "key/")) {
			return fmt.Errorf("%q is no key of this Region and account", key)
		}
		r.keys = append(r.keys, key)
	}
	r.encrypt = r.encrypt || a.Encrypt
	r.hidden = r.hidden || a.ImagesNotAllowed
	if a.DefaultKey != "" {
		arn, ok := r.key(a.DefaultKey)
		if !ok {
			return fmt.Errorf("the default key %q is not there", a.DefaultKey)
		}
		r.defaultKey = arn
	}
	if a.Offered != nil {
		r.offered = a.Offered
	}
	for _, part := range []func() error{
		func() error { return addAll(a.VPCs, r.addVPC) },
		func() error { return addAll(a.KeyPairs, r.addKeyPair) },
		func() error { return addAll(a.PrefixLists, r.addPrefixList) },
		func() error { return r.addGroups(a.Groups) },
		func() error {
			return addAll(a.Volumes, func(v Volume) error {
				_, err := r.addVolume(v, r.name+cmp.Or(v.Zone, r.zones[0].letter))
				return err
			})
		},
		func() error { return addAll(a.Instances, r.addInstance) },
		func() error { return addAll(a.Addresses, r.addAddress) },
	} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

func addAll[T any](list []T, add func(T) error) error {
	for _, x := range list {
		if err := add(x); err != nil {
			return err
		}
	}
	return nil
}

// fresh checks an ID that the world chose.
func fresh[T resource](s *store[T], prefix, id string) error {
	if !strings.HasPrefix(id, prefix+"-") || s.check(id) != nil {
		return fmt.Errorf("%q is no ID of the shape %s-0123456789abcdef0", id, prefix)
	}
	if _, ok := s.find(id); ok {
		return fmt.Errorf("%s is there twice", id)
	}
	return nil
}

func (r *region) addVPC(v VPC) error {
	if err := fresh(&r.vpcs, "vpc", v.ID); err != nil {
		return err
	}
	r.vpcs.plant(r, &vpc{meta: meta{id: v.ID}, cidr: v.CIDR, dnsNames: !v.NoDNSNames})
	r.addDefaultGroup(v.ID, v.DefaultGroup)
	for _, s := range v.Subnets {
		z, ok := r.zone(r.name + s.Zone)
		cidr, err := netip.ParsePrefix(s.CIDR)
		switch {
		case !ok:
			return fmt.Errorf("%s: there is no zone %q", s.ID, s.Zone)
		case err != nil:
			return fmt.Errorf("%s: %w", s.ID, err)
		}
		if err := fresh(&r.subnets, "subnet", s.ID); err != nil {
			return err
		}
		r.subnets.plant(r, &subnet{meta: meta{id: s.ID}, vpc: v.ID, zone: z.name, cidr: cidr, public: s.Public})
	}
	return nil
}

func (r *region) addKeyPair(k KeyPair) error {
	if _, err := r.pairNamed(k.Name); err == nil || k.Name == "" {
		return fmt.Errorf("the key pair %q is there, or has no name", k.Name)
	}
	pair := &keyPair{name: k.Name, typ: cmp.Or(k.Type, "rsa"), fingerprint: hexOf(k.Name, 0)[:40]}
	if k.PublicKey != "" {
		parsed, err := parseKey(k.PublicKey, k.Name)
		if err != nil {
			return fmt.Errorf("the key pair %q: %w", k.Name, err)
		}
		pair = parsed
	}
	pair.id, pair.tags = r.cloud.id("key", r.name), k.Tags
	r.pairs.plant(r, pair)
	return nil
}

func (r *region) addPrefixList(l PrefixList) error {
	if err := fresh(&r.lists, "pl", l.ID); err != nil {
		return err
	}
	made := &prefixList{
		meta: meta{id: l.ID, tags: l.Tags}, name: l.Name, family: cmp.Or(l.Family, "IPv4"), owner: r.cloud.account,
		most: cmp.Or(l.Max, int32(len(l.Entries))), version: 1, state: types.PrefixListStateCreateComplete,
	}
	for _, cidr := range sortedKeys(l.Entries) {
		if err := made.add([]types.AddPrefixListEntry{{Cidr: aws.String(cidr), Description: optional(l.Entries[cidr])}}); err != nil {
			return fmt.Errorf("%s: %w", l.ID, err)
		}
	}
	r.lists.plant(r, made)
	return nil
}

// addGroups makes all groups before any rule, as rules may name groups that come later.
func (r *region) addGroups(groups []Group) error {
	for _, g := range groups {
		if err := fresh(&r.groups, "sg", g.ID); err != nil {
			return err
		}
		vpcID := g.VPC
		if vpcID == "" {
			v, ok := r.mainVPC()
			if !ok {
				return fmt.Errorf("%s: there is no default VPC", g.ID)
			}
			vpcID = v.id
		}
		if _, ok := r.vpcs.find(vpcID); !ok {
			return fmt.Errorf("%s: %s is not there", g.ID, vpcID)
		}
		made := &group{meta: meta{id: g.ID, tags: g.Tags}, name: g.Name, description: cmp.Or(g.Description, g.Name), vpc: vpcID}
		if !g.NoOut {
			made.out = []rule{r.allOut()}
		}
		r.groups.plant(r, made)
	}
	for _, g := range groups {
		made, _ := r.groups.find(g.ID) // made above
		for out, rules := range [][]Rule{g.In, g.Out} {
			for _, x := range rules {
				if err := r.addRule(made, x, out == 1); err != nil {
					return fmt.Errorf("%s: %w", g.ID, err)
				}
			}
		}
	}
	return nil
}

func (r *region) addRule(g *group, x Rule, out bool) error {
	p := types.IpPermission{IpProtocol: aws.String(x.Protocol)}
	if x.Protocol != "-1" {
		p.FromPort, p.ToPort = aws.Int32(x.From), aws.Int32(cmp.Or(x.To, x.From))
	}
	d := optional(x.Description)
	if i := slices.IndexFunc(r.lists.all, func(l *prefixList) bool { return l.owner == "AWS" && l.name == x.Peer }); i >= 0 {
		x.Peer = r.lists.all[i].id
	}
	switch {
	case x.Account != "": // of a peered network, which the API does not let the fake make
		base, err := parsePermission(p)
		if err != nil {
			return err
		}
		base.id, base.group, base.user, base.description = r.cloud.id("sgr", r.name), x.Peer, x.Account, x.Description
		if out {
			g.out = append(g.out, base)
		} else {
			g.in = append(g.in, base)
		}
		return nil
	case strings.HasPrefix(x.Peer, "sg-"):
		p.UserIdGroupPairs = []types.UserIdGroupPair{{GroupId: aws.String(x.Peer), Description: d}}
	case strings.HasPrefix(x.Peer, "pl-"):
		p.PrefixListIds = []types.PrefixListId{{PrefixListId: aws.String(x.Peer), Description: d}}
	case strings.Contains(x.Peer, ":"):
		p.Ipv6Ranges = []types.Ipv6Range{{CidrIpv6: aws.String(x.Peer), Description: d}}
	default:
		p.IpRanges = []types.IpRange{{CidrIp: aws.String(x.Peer), Description: d}}
	}
	_, err := r.authorize(aws.String(g.id), []types.IpPermission{p}, nil, out)
	return err
}
