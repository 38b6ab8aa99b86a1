package ec2movetest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

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
