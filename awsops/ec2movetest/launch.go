package ec2movetest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// launch is a RunInstances that is being checked.
type launch struct {
	in       *ec2.RunInstancesInput
	tags     map[types.ResourceType]map[string]string
	image    *image
	typ      instanceType
	subnet   *subnet
	groups   []string
	public   bool
	profile  string
	userData string
	disks    []newDisk
}

type newDisk struct {
	disk

	name                string
	of                  *snapshot
	key                 string
	deleteOnTermination bool
}

func (r *region) runInstances(in *ec2.RunInstancesInput) (*ec2.RunInstancesOutput, error) {
	if err := required("MinCount", in.MinCount, "MaxCount", in.MaxCount, "ImageId", in.ImageId); err != nil {
		return nil, err
	}
	if *in.MinCount != 1 || *in.MaxCount != 1 {
		return nil, refuse("UnsupportedOperation", "The fake launches one instance at a time.")
	}
	l := &launch{in: in}
	var err error
	if l.tags, err = tagsFor(in.TagSpecifications, types.ResourceTypeInstance, types.ResourceTypeVolume, types.ResourceTypeNetworkInterface); err != nil {
		return nil, err
	}
	if err := r.place(l); err != nil {
		return nil, err
	}
	same := *in
	same.ClientToken = nil
	mark, scope := fingerprint(same), "RunInstances/"+l.subnet.zone // a token is known in its zone alone
	if in.SubnetId == nil && len(in.NetworkInterfaces) == 0 && (in.Placement == nil || in.Placement.AvailabilityZone == nil) {
		scope = "RunInstances"
	}
	id, err := r.again(scope, aws.ToString(in.ClientToken), mark)
	if err != nil {
		return nil, err
	}
	if id != "" {
		have, ok := r.instances.find(id)
		if !ok || have.state == "terminated" || have.state == "shutting-down" {
			return nil, refuse("IdempotentInstanceTerminated", "The client token of this request was used for an instance that has been terminated: %s", id)
		}
		return r.launched(have), nil
	}
	for _, check := range []func(*launch) error{r.checkImage, r.checkGroups, r.checkLogin, r.checkOptions, r.checkDisks} {
		if err := check(l); err != nil {
			return nil, err
		}
	}
	if err := r.room(l.typ, l.subnet.zone); err != nil {
		return nil, err
	}
	x := r.launch(l)
	r.remember(scope, aws.ToString(in.ClientToken), mark, x.id)
	return r.launched(x), nil
}

func (r *region) launched(x *instance) *ec2.RunInstancesOutput {
	return &ec2.RunInstancesOutput{
		Instances: []types.Instance{r.describe(x)}, OwnerId: aws.String(r.cloud.account), ReservationId: aws.String(x.reservation),
	}
}

// launch makes the instance.
func (r *region) launch(l *launch) *instance {
	in, now := l.in, r.now()
	x := &instance{
		meta: meta{id: r.cloud.id("i", r.name), tags: l.tags[types.ResourceTypeInstance]},
		typ:  l.typ, state: "pending", until: now.Add(r.cloud.opts.Boot), launched: now, reservation: r.cloud.id("r", r.name), imageID: l.image.id,
		clientToken: aws.ToString(in.ClientToken), root: l.image.root, platform: l.image.platform, bootMode: l.image.bootMode, tpm: l.image.tpm, ena: l.image.ena,
		productCodes: slices.Clone(l.image.productCodes), subnet: l.subnet, zone: l.subnet.zone, eni: r.cloud.id("eni", r.name),
		attachment: r.cloud.id("eni-attach", r.name), groups: l.groups, private: l.subnet.privateIP(), wantsPublic: l.public, keyName: aws.ToString(in.KeyName),
		userData: l.userData, ebsOptimized: aws.ToBool(in.EbsOptimized), monitoring: in.Monitoring != nil && aws.ToBool(in.Monitoring.Enabled), credits: l.typ.credits,
		metadata: metadataDefaults(l.image.imds), protected: aws.ToBool(in.DisableApiTermination), stopProtected: aws.ToBool(in.DisableApiStop),
		shutdown: cmp.Or(string(in.InstanceInitiatedShutdownBehavior), "stop"), sourceDestCheck: true, interfaces: 1,
		privateDNS: types.PrivateDnsNameOptionsResponse{HostnameType: types.HostnameTypeIpName},
	}
	if c := in.CreditSpecification; c != nil {
		x.credits = *c.CpuCredits
	}
	if m := in.MetadataOptions; m != nil {
		x.metadata.HttpTokens = cmp.Or(m.HttpTokens, x.metadata.HttpTokens)
		x.metadata.HttpEndpoint = cmp.Or(m.HttpEndpoint, x.metadata.HttpEndpoint)
		x.metadata.HttpProtocolIpv6 = cmp.Or(m.HttpProtocolIpv6, x.metadata.HttpProtocolIpv6)
		x.metadata.InstanceMetadataTags = cmp.Or(m.InstanceMetadataTags, x.metadata.InstanceMetadataTags)
		if m.HttpPutResponseHopLimit != nil {
			x.metadata.HttpPutResponseHopLimit = aws.Int32(*m.HttpPutResponseHopLimit)
		}
	}
	if d := in.PrivateDnsNameOptions; d != nil {
		x.privateDNS = types.PrivateDnsNameOptionsResponse{
			EnableResourceNameDnsAAAARecord: aws.Bool(aws.ToBool(d.EnableResourceNameDnsAAAARecord)),
			EnableResourceNameDnsARecord:    aws.Bool(aws.ToBool(d.EnableResourceNameDnsARecord)), HostnameType: cmp.Or(d.HostnameType, types.HostnameTypeIpName),
		}
	}
	r.instances.put(r, x)
	for _, n := range l.disks {
		v := &volume{
			meta: meta{id: r.cloud.id("vol", r.name), tags: l.tags[types.ResourceTypeVolume]}, gib: n.gib, typ: n.typ, iops: n.iops, throughput: n.throughput,
			key: n.key, zone: x.zone,
		}
		if n.of != nil {
			v.snapshot, v.used = n.of.id, n.of.bytes
		}
		r.volumes.put(r, v)
		r.attach(v, x, n.name, n.deleteOnTermination)
	}
	if l.profile != "" {
		r.associate(x.id, l.profile)
	}
	r.givePublic(x)
	return x
}

func metadataDefaults(imds string) types.InstanceMetadataOptionsResponse {
	m := types.InstanceMetadataOptionsResponse{
		HttpEndpoint: types.InstanceMetadataEndpointStateEnabled, HttpProtocolIpv6: types.InstanceMetadataProtocolStateDisabled,
		HttpPutResponseHopLimit: aws.Int32(1), HttpTokens: types.HttpTokensStateOptional, InstanceMetadataTags: types.InstanceMetadataTagsStateDisabled,
	}
	if strings.EqualFold(imds, "v2.0") {
		m.HttpTokens, m.HttpPutResponseHopLimit = types.HttpTokensStateRequired, aws.Int32(2)
	}
	return m
}
