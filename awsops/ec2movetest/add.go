package ec2movetest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

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

func (r *region) addVolume(v Volume, zone string) (*volume, error) {
	if err := fresh(&r.volumes, "vol", v.ID); err != nil {
		return nil, err
	}
	if _, ok := r.zone(zone); !ok {
		return nil, fmt.Errorf("%s: there is no zone %s", v.ID, zone)
	}
	d, err := checkDisk(disk{v.GiB, cmp.Or(v.Type, "gp3"), v.IOPS, v.Throughput})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.ID, err)
	}
	made := &volume{
		meta: meta{id: v.ID, tags: v.Tags}, gib: d.gib, used: min(cmp.Or(v.UsedMiB, int64(v.GiB)<<10/3)*mib, int64(v.GiB)<<30), typ: d.typ, iops: d.iops,
		throughput: d.throughput, multi: v.Multi, zone: zone, state: "available",
	}
	if v.Encrypted || v.KMSKey != "" {
		key, ok := r.key(cmp.Or(v.KMSKey, r.defaultKey))
		if !ok {
			return nil, fmt.Errorf("%s: the key %s is not there", v.ID, v.KMSKey)
		}
		made.key = key
	}
	r.volumes.plant(r, made)
	return made, nil
}

func (r *region) addInstance(in Instance) error {
	if err := fresh(&r.instances, "i", in.ID); err != nil {
		return err
	}
	t, ok := typeOf(cmp.Or(in.Type, "t3.micro"))
	if !ok {
		return fmt.Errorf("%s: the fake has no type %s", in.ID, in.Type)
	}
	s, ok := r.subnets.find(in.Subnet)
	if in.Subnet == "" {
		s, ok = r.mainSubnet(r.zones[0].name)
	}
	if !ok {
		return fmt.Errorf("%s: the subnet %q is not there", in.ID, in.Subnet)
	}
	groups := slices.Clone(in.Groups)
	if len(groups) == 0 {
		groups = []string{r.groupsOf(s.vpc).id}
	}
	if err := r.groupsIn(s.vpc, groups); err != nil {
		return fmt.Errorf("%s: %w", in.ID, err)
	}
	if in.Key != "" {
		if _, err := r.pairNamed(in.Key); err != nil {
			return fmt.Errorf("%s: %w", in.ID, err)
		}
	}
	now := r.now()
	x := &instance{
		meta: meta{id: in.ID, tags: in.Tags}, typ: t, state: "running", since: now.Add(-time.Hour), metered: now, launched: now.Add(-24 * time.Hour),
		reservation: r.cloud.id("r", r.name), imageID: cmp.Or(in.Image, r.cloud.id("ami", r.name)), platform: cmp.Or(in.Platform, "Linux/UNIX"), bootMode: in.BootMode,
		tpm: in.TPM, ena: !in.NoENA, productCodes: in.ProductCodes, subnet: s, zone: s.zone, eni: r.cloud.id("eni", r.name),
		attachment: r.cloud.id("eni-attach", r.name), groups: groups, private: s.privateIP(), wantsPublic: s.public && !in.Private, keyName: in.Key,
		ebsOptimized: in.EBSOptimized, monitoring: in.Monitoring, credits: cmp.Or(in.Credits, t.credits), metadata: metadataDefaults(""), protected: in.Protected,
		stopProtected: in.StopProtected, shutdown: cmp.Or(in.Shutdown, "stop"), sourceDestCheck: !in.Forwards, interfaces: max(in.Interfaces, 1), ipv6: in.IPv6,
		instanceStore: in.InstanceStore,
		privateDNS: types.PrivateDnsNameOptionsResponse{
			HostnameType: types.HostnameType(cmp.Or(in.HostnameType, "ip-name")), EnableResourceNameDnsARecord: aws.Bool(in.DNSA), EnableResourceNameDnsAAAARecord: aws.Bool(in.DNSAAAA),
		},
	}
	if in.UserData != "" {
		x.userData = base64.StdEncoding.EncodeToString([]byte(in.UserData))
	}
	if m := in.Metadata; m != nil {
		x.metadata.HttpTokens = types.HttpTokensState(cmp.Or(m.Tokens, string(x.metadata.HttpTokens)))
		x.metadata.HttpEndpoint = types.InstanceMetadataEndpointState(cmp.Or(m.Endpoint, string(x.metadata.HttpEndpoint)))
		x.metadata.HttpProtocolIpv6 = types.InstanceMetadataProtocolState(cmp.Or(m.IPv6, string(x.metadata.HttpProtocolIpv6)))
		x.metadata.InstanceMetadataTags = types.InstanceMetadataTagsState(cmp.Or(m.Tags, string(x.metadata.InstanceMetadataTags)))
		x.metadata.HttpPutResponseHopLimit = aws.Int32(cmp.Or(m.HopLimit, 1))
	}
	r.instances.plant(r, x)
	volumes := in.Volumes
	if len(volumes) == 0 && !in.InstanceStore {
		volumes = []Volume{{ID: "vol-0" + hexOf(in.ID, 0)[:16], GiB: 8}}
	}
	for i, v := range volumes {
		made, err := r.addVolume(v, s.zone)
		if err != nil {
			return fmt.Errorf("%s: %w", in.ID, err)
		}
		name := cmp.Or(v.Device, "/dev/xvda")
		if i == 0 {
			x.root = name
		}
		if !deviceName.MatchString(name) || slices.ContainsFunc(x.devices, func(d device) bool { return d.name == name }) {
			return fmt.Errorf("%s: the device %s is none, or there twice", in.ID, name)
		}
		r.attach(made, x, name, !v.Keep)
	}
	if in.InstanceStore {
		x.root = "/dev/sda1"
	}
	if in.Profile != "" {
		if _, ok := r.cloud.profiles[in.Profile]; !ok {
			return fmt.Errorf("%s: the profile %q is not there", in.ID, in.Profile)
		}
		a := r.associate(x.id, r.profileARN(in.Profile))
		a.unseen, a.deaf, a.fresh = 0, 0, false
	}
	if in.Stopped {
		x.state, x.reason = "stopped", "User initiated"
	} else {
		r.givePublic(x)
	}
	return nil
}

func (r *region) addAddress(a Address) error {
	if err := fresh(&r.addresses.store, "eipalloc", a.ID); err != nil {
		return err
	}
	made := &address{meta: meta{id: a.ID, tags: a.Tags}, metered: r.now()}
	if a.IP != "" {
		ip, err := netip.ParseAddr(a.IP)
		if err != nil {
			return fmt.Errorf("%s: %w", a.ID, err)
		}
		made.ip = ip
	} else {
		made.ip = r.publicIP()
	}
	if a.Instance != "" {
		x, ok := r.instances.find(a.Instance)
		if !ok || r.addresses.of(a.Instance) != nil {
			return fmt.Errorf("%s: %s is not there, or has an address", a.ID, a.Instance)
		}
		made.instance, made.association = a.Instance, r.cloud.id("eipassoc", r.name)
		x.public = netip.Addr{}
	}
	r.addresses.plant(r, made)
	return nil
}
