package ec2move_test

import (
	"fmt"
	"maps"
	"net/netip"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

func allFindings() map[string]finding {
	out := sourceFindings()
	for _, more := range []map[string]finding{targetFindings(), storageFindings(), networkFindings(), cutoverFindings()} {
		maps.Copy(out, more)
	}
	return out
}

func sourceFindings() map[string]finding {
	state := func(name types.InstanceStateName) altered {
		return altered{instances: func(i *types.Instance) { i.State = &types.InstanceState{Name: name} }}
	}
	const stop, warn, note = ec2move.Stop, ec2move.Warn, ec2move.Note
	return map[string]finding{
		"pending":          {api: state(types.InstanceStateNamePending), severity: stop, code: "source-state", says: "pending"},
		"terminated":       {api: state(types.InstanceStateNameTerminated), severity: stop, code: "source-state", says: "terminated"},
		"stopped":          {world: func(w *ec2movetest.World) { instance(w).Stopped = true }, severity: note, code: "source-stopped", gone: "source-restarts"},
		"instance store":   {world: func(w *ec2movetest.World) { instance(w).InstanceStore = true }, severity: stop, code: "instance-store-root"},
		"ephemeral disks":  {api: altered{types: func(_ string, i *types.InstanceTypeInfo) { i.InstanceStorageSupported = aws.Bool(true) }}, severity: warn, code: "instance-store-lost"},
		"spot":             {api: altered{instances: func(i *types.Instance) { i.InstanceLifecycle = types.InstanceLifecycleTypeSpot }}, severity: warn, code: "lifecycle", says: "spot"},
		"marketplace":      {world: func(w *ec2movetest.World) { instance(w).ProductCodes = []string{"abc123"} }, severity: warn, code: "product-codes", says: "abc123"},
		"SQL Server":       {world: func(w *ec2movetest.World) { instance(w).Platform = "Windows with SQL Server Standard" }, severity: warn, code: "licence"},
		"many tags":        {world: manyTags(49), severity: warn, code: "tags-over-limit", says: "the last 1 by name"},
		"reboot":           {severity: warn, code: "source-restarts", says: "restarts"},
		"running on":       {spec: func(s *ec2move.Spec) { s.Capture = ec2move.CrashConsistent }, severity: warn, code: "crash-consistent", gone: "source-restarts"},
		"stop first":       {spec: func(s *ec2move.Spec) { s.Capture = ec2move.StopFirst }, severity: warn, code: "source-stops", gone: "later-writes-lost"},
		"stop protected":   {spec: func(s *ec2move.Spec) { s.Capture = ec2move.TwoPass }, world: func(w *ec2movetest.World) { instance(w).StopProtected = true }, severity: stop, code: "stop-protected"},
		"trap 13, address": {spec: func(s *ec2move.Spec) { s.Capture = ec2move.TwoPass }, world: func(w *ec2movetest.World) { area(w, planFrom).Addresses = nil }, severity: warn, code: "source-address-lost", says: "ec2-"},
		"omitted data":     {spec: func(s *ec2move.Spec) { s.UserData = ec2move.OmitUserData }, severity: note, code: "user-data-omitted", gone: "user-data-runs-again"},
		"no user data":     {world: func(w *ec2movetest.World) { instance(w).UserData = "" }, severity: note, code: "profile-kept", gone: "user-data-runs-again"},
		"protected":        {world: func(w *ec2movetest.World) { instance(w).Protected = true }, severity: note, code: "protection-kept"},
		"dedicated host": {api: altered{instances: func(i *types.Instance) {
			i.Placement = &types.Placement{Tenancy: types.TenancyHost, AvailabilityZone: aws.String("eu-central-1a")}
		}}, severity: warn, code: "not-carried", says: "host"},
		"placement group": {api: altered{instances: func(i *types.Instance) { i.Placement.GroupName = aws.String("near") }}, severity: warn, code: "not-carried", says: "near"},
		"fewer cores": {api: altered{
			instances: func(i *types.Instance) {
				i.CpuOptions = &types.CpuOptions{CoreCount: aws.Int32(1), ThreadsPerCore: aws.Int32(1)}
			},
			types: func(_ string, i *types.InstanceTypeInfo) {
				i.VCpuInfo = &types.VCpuInfo{DefaultCores: aws.Int32(1), DefaultThreadsPerCore: aws.Int32(2)}
			},
		}, severity: warn, code: "not-carried", says: "1×1"},
	}
}

func manyTags(n int) func(*ec2movetest.World) {
	return func(w *ec2movetest.World) {
		instance(w).Tags = map[string]string{}
		for i := range n {
			instance(w).Tags[fmt.Sprintf("tag-%02d", i)] = "x"
		}
	}
}

func targetFindings() map[string]finding {
	const stop, warn, note = ec2move.Stop, ec2move.Warn, ec2move.Note
	typed := func(name string) func(*ec2move.Spec) {
		return target(func(to *ec2move.Target) { to.InstanceType = name })
	}
	was := func(name string) func(*ec2movetest.World) {
		return func(w *ec2movetest.World) { instance(w).Type = name }
	}
	return map[string]finding{
		"no such type": {spec: typed("x9.huge"), severity: stop, code: "type-not-offered", says: "x9.huge is not offered in us-east-1"},
		"in other zones": {
			world: func(w *ec2movetest.World) {
				area(w, planTo).Offered = map[string]string{"t3.micro": "c"}
				area(w, planTo).VPCs = []ec2movetest.VPC{{ID: "vpc-0bbbbbbbbbbbbbbb1", CIDR: "10.1.0.0/16", Subnets: []ec2movetest.Subnet{{ID: "subnet-0bbbbbbbbbbbbbbb1", CIDR: "10.1.1.0/24", Zone: "a"}}}}
			},
			spec:     target(func(to *ec2move.Target) { to.SubnetID = "subnet-0bbbbbbbbbbbbbbb1" }),
			severity: stop, code: "type-not-offered", says: "offered in us-east-1c, and the subnets are subnet-0bbbbbbbbbbbbbbb1 in us-east-1a",
		},
		"arm":       {spec: typed("t4g.micro"), severity: stop, code: "architecture", says: "arm64"},
		"no ENA":    {world: func(w *ec2movetest.World) { was("t2.micro")(w); instance(w).NoENA = true }, spec: typed("t3.micro"), severity: stop, code: "ena"},
		"to Nitro":  {world: was("t2.micro"), spec: typed("t3.micro"), severity: warn, code: "nvme", says: "t2.micro"},
		"UEFI":      {world: func(w *ec2movetest.World) { instance(w).BootMode = "uefi" }, spec: typed("t2.micro"), severity: stop, code: "boot-mode", says: "uefi"},
		"TPM":       {world: func(w *ec2movetest.World) { instance(w).TPM, instance(w).BootMode = "v2.0", "uefi" }, spec: typed("t2.micro"), severity: stop, code: "tpm"},
		"TPM there": {world: func(w *ec2movetest.World) { instance(w).TPM, instance(w).BootMode = "v2.0", "uefi" }, severity: warn, code: "tpm-state"},
		"paravirtual": {api: altered{instances: func(i *types.Instance) { i.VirtualizationType = types.VirtualizationTypeParavirtual }, types: func(_ string, i *types.InstanceTypeInfo) {
			i.SupportedVirtualizationTypes = []types.VirtualizationType{types.VirtualizationTypeHvm}
		}}, severity: stop, code: "virtualization"},
		"volumes per type": {api: altered{types: func(_ string, i *types.InstanceTypeInfo) { i.EbsInfo.MaximumEbsAttachments = aws.Int32(1) }}, severity: stop, code: "too-many-volumes"},
		"no default VPC":   {world: func(w *ec2movetest.World) { area(w, planTo).NoDefaultVPC = true }, severity: stop, code: "no-subnet", says: "no default VPC"},
		"no such subnet":   {spec: target(func(to *ec2move.Target) { to.SubnetID = "subnet-0fffffffffffffff0" }), severity: stop, code: "no-subnet", says: "subnet-0fffffffffffffff0"},
		"subnet full":      {api: altered{subnets: func(s *types.Subnet) { s.AvailableIpAddressCount = aws.Int32(0) }}, severity: stop, code: "subnet-full"},
		"no IPv6":          {world: func(w *ec2movetest.World) { instance(w).IPv6 = []string{"2001:db8::1"} }, severity: warn, code: "ipv6-missing"},
		"IPv6":             {world: func(w *ec2movetest.World) { instance(w).IPv6 = []string{"2001:db8::1"} }, severity: warn, code: "ipv6-changes"},
		"no such key":      {spec: target(func(to *ec2move.Target) { to.KeyPair = "gone" }), severity: stop, code: "key-pair-not-found", gone: "key-pair-carried"},
		"old key":          {world: func(w *ec2movetest.World) { area(w, planFrom).KeyPairs[0].PublicKey = "" }, severity: warn, code: "key-pair-lost", gone: "key-pair-carried"},
		"no such address": {spec: target(func(to *ec2move.Target) {
			to.Address, to.AllocationID = ec2move.AddressGiven, "eipalloc-0fffffffffffffff0"
		}), severity: stop, code: "address-not-found"},
		"address in use": {
			spec: target(func(to *ec2move.Target) {
				to.Address, to.AllocationID = ec2move.AddressGiven, "eipalloc-0bbbbbbbbbbbbbbb1"
			}),
			world: func(w *ec2movetest.World) {
				area(w, planTo).Instances = []ec2movetest.Instance{{ID: "i-0bbbbbbbbbbbbbbb1", Volumes: []ec2movetest.Volume{{ID: "vol-0bbbbbbbbbbbbbbb1", Device: "/dev/xvda", GiB: 8}}}}
				area(w, planTo).Addresses = []ec2movetest.Address{{ID: "eipalloc-0bbbbbbbbbbbbbbb1", Instance: "i-0bbbbbbbbbbbbbbb1"}}
			}, severity: stop, code: "address-in-use", says: "i-0bbbbbbbbbbbbbbb1",
		},
		"five addresses": {world: func(w *ec2movetest.World) {
			for i := range 5 {
				area(w, planTo).Addresses = append(area(w, planTo).Addresses, ec2movetest.Address{ID: fmt.Sprintf("eipalloc-0ccccccccccccccc%d", i)})
			}
		}, severity: warn, code: "address-quota", says: "5 is the default"},
		"no public address": {
			spec: target(func(to *ec2move.Target) { to.Address = ec2move.AddressNone }), api: altered{subnets: func(s *types.Subnet) { s.MapPublicIpOnLaunch = aws.Bool(false) }},
			severity: warn, code: "no-public-address",
		},
		"the subnet's address": {spec: target(func(to *ec2move.Target) { to.Address = ec2move.AddressNone }), severity: note, code: "address-not-fixed"},
	}
}

func storageFindings() map[string]finding {
	const stop, warn, note = ec2move.Stop, ec2move.Warn, ec2move.Note
	const here, there = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555", "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555556"
	encrypted := func(w *ec2movetest.World) {
		area(w, planFrom).KMSKeys = []string{here}
		instance(w).Volumes[1].Encrypted, instance(w).Volumes[1].KMSKey = true, here
	}
	keys := func(m map[string]string) func(*ec2move.Spec) {
		return target(func(to *ec2move.Target) { to.KMSKey = m })
	}
	detached := func(v ec2move.Volume) func(*ec2move.Spec) {
		return func(s *ec2move.Spec) { s.Volumes = []ec2move.Volume{v} }
	}
	return map[string]finding{
		"unmapped key":       {world: encrypted, severity: warn, code: "key-unmapped", says: here},
		"mapped key":         {world: encrypted, spec: keys(map[string]string{here: there}), severity: note, code: "key-checked-late", says: there, gone: "key-unmapped"},
		"decrypt":            {world: encrypted, spec: keys(map[string]string{here: ""}), severity: stop, code: "encrypted-stays"},
		"key of the source":  {world: encrypted, spec: keys(map[string]string{"": here}), severity: stop, code: "key-elsewhere", says: here},
		"default encryption": {world: func(w *ec2movetest.World) { area(w, planTo).Encrypt = true }, severity: warn, code: "encrypted-by-default", says: "2 volumes"},
		"multi-attach": {world: func(w *ec2movetest.World) {
			v := &instance(w).Volumes[1]
			v.Type, v.IOPS, v.Multi = "io2", 1000, true
		}, severity: warn, code: "multi-attach"},
		"no such volume":  {spec: detached(ec2move.Volume{ID: "vol-0fffffffffffffff0", Device: "/dev/sdz"}), severity: stop, code: "volume-not-found"},
		"attached volume": {spec: detached(ec2move.Volume{ID: "vol-0aaaaaaaaaaaaaaa2", Device: "/dev/sdz"}), severity: stop, code: "volume-attached"},
		"device taken": {
			world: func(w *ec2movetest.World) {
				area(w, planFrom).Volumes = []ec2movetest.Volume{{ID: "vol-0bbbbbbbbbbbbbbb1", GiB: 10}}
			},
			spec: detached(ec2move.Volume{ID: "vol-0bbbbbbbbbbbbbbb1", Device: "/dev/sdf"}), severity: stop, code: "device-taken",
		},
		"another's volume": {
			world: func(w *ec2movetest.World) {
				area(w, planFrom).Instances = append(area(w, planFrom).Instances, ec2movetest.Instance{ID: "i-0bbbbbbbbbbbbbbb1", Volumes: []ec2movetest.Volume{{ID: "vol-0bbbbbbbbbbbbbbb1", Device: "/dev/xvda", GiB: 8}}})
			},
			spec: detached(ec2move.Volume{ID: "vol-0bbbbbbbbbbbbbbb1", Device: "/dev/sdz"}), severity: warn, code: "volume-in-use",
		},
		"21 volumes": {world: func(w *ec2movetest.World) { growVolumes(w, 19) }, severity: warn, code: "copy-quota", says: "21"},
		"20 and one": {
			world: func(w *ec2movetest.World) {
				growVolumes(w, 18)
				area(w, planFrom).Volumes = []ec2movetest.Volume{{ID: "vol-0bbbbbbbbbbbbbbb1", GiB: 10}}
			},
			spec: detached(ec2move.Volume{ID: "vol-0bbbbbbbbbbbbbbb1", Device: "/dev/sdzz"}), severity: note, code: "copy-queue", says: "of 21 volumes",
		},
		"too short": {
			world: func(w *ec2movetest.World) { instance(w).Volumes[1].GiB = 1000 }, spec: func(s *ec2move.Spec) { s.Within = 30 * time.Minute },
			severity: warn, code: "within-too-short", says: "34m",
		},
	}
}

func growVolumes(w *ec2movetest.World, n int) {
	for i := range n {
		instance(w).Volumes = append(instance(w).Volumes, ec2movetest.Volume{ID: fmt.Sprintf("vol-0ddddddddddddd%03d", i), Device: fmt.Sprintf("/dev/xvdc%c", 'a'+i), GiB: 1})
	}
}

func networkFindings() map[string]finding {
	const stop, warn, note = ec2move.Stop, ec2move.Warn, ec2move.Note
	return map[string]finding{
		"two interfaces": {world: func(w *ec2movetest.World) { instance(w).Interfaces = 2 }, severity: warn, code: "several-interfaces", says: "2 network"},
		"secondary": {api: altered{instances: func(i *types.Instance) {
			n := &i.NetworkInterfaces[0]
			n.PrivateIpAddresses = []types.InstancePrivateIpAddress{{Primary: aws.Bool(true)}, {}, {}}
		}}, severity: warn, code: "secondary-addresses", says: "2 secondary"},
		"two Elastic IPs": {api: altered{addresses: func(region string, out *ec2.DescribeAddressesOutput) {
			if region == planFrom && len(out.Addresses) == 1 {
				out.Addresses = append(out.Addresses, types.Address{AllocationId: aws.String("eipalloc-0aaaaaaaaaaaaaa2"), PublicIp: aws.String("203.0.113.11")})
			}
		}}, severity: warn, code: "several-addresses", says: "2 Elastic"},
		"given group": {spec: target(func(to *ec2move.Target) { to.Groups = []string{"sg-0fffffffffffffff0"} }), severity: stop, code: "group-not-found", gone: "groups-copied"},
		"group elsewhere": {
			spec: target(func(to *ec2move.Target) { to.Groups = []string{"sg-0bbbbbbbbbbbbbbb1"} }),
			world: func(w *ec2movetest.World) {
				area(w, planTo).VPCs = []ec2movetest.VPC{{ID: "vpc-0bbbbbbbbbbbbbbb1", CIDR: "10.1.0.0/16"}}
				area(w, planTo).Groups = []ec2movetest.Group{{ID: "sg-0bbbbbbbbbbbbbbb1", Name: "there", VPC: "vpc-0bbbbbbbbbbbbbbb1"}}
			}, severity: stop, code: "group-elsewhere", says: "vpc-0bbbbbbbbbbbbbbb1",
		},
		"hidden group": {api: altered{groups: func(g *types.SecurityGroup) { g.GroupId = aws.String("sg-0ccccccccccccccc1") }}, severity: stop, code: "group-not-read", says: "sg-0aaaaaaaaaaaaaaa1"},
		"peered":       {api: altered{groups: peered}, severity: warn, code: "rule-lost", says: "tcp 9 with sg-0bbbbbbbbbbbbbbb1 names a group of a peered VPC"},
		"a group that is gone": {api: altered{groups: func(g *types.SecurityGroup) {
			g.IpPermissions = append(g.IpPermissions, types.IpPermission{IpProtocol: aws.String("-1"), UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: aws.String("sg-0ccccccccccccccc1")}}})
		}}, severity: warn, code: "rule-lost", says: "all traffic with sg-0ccccccccccccccc1 names a group that is not in the source's VPC"},
		"another account": {api: altered{groups: func(g *types.SecurityGroup) {
			g.IpPermissions = append(g.IpPermissions, types.IpPermission{IpProtocol: aws.String("-1"), UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: aws.String("sg-0ccccccccccccccc1"), UserId: aws.String("210987654321")}}})
		}}, severity: warn, code: "rule-lost", says: "of another account"},
		"many rules": {world: func(w *ec2movetest.World) { area(w, planFrom).Groups[1].In = manyRules(61) }, severity: warn, code: "rules-quota", says: "(db) has rules of weight 61 in"},
		"six groups": {api: altered{instances: func(i *types.Instance) {
			groups := make([]types.GroupIdentifier, 6)
			for n := range groups {
				groups[n].GroupId = aws.String("sg-0aaaaaaaaaaaaaaa1")
			}
			i.NetworkInterfaces[0].Groups = groups
		}}, severity: warn, code: "groups-quota", says: "6 security groups"},
		"private range": {severity: warn, code: "private-range", says: "10.0.0.0/8"},
		"AWS lacks it": {api: altered{lists: func(region string, l *types.ManagedPrefixList) {
			if region == planTo && aws.ToString(l.OwnerId) == "AWS" {
				l.OwnerId = aws.String("123456789012")
			}
		}}, severity: warn, code: "prefix-list-missing", says: "origin-facing"},
		"its rule": {api: altered{lists: func(region string, l *types.ManagedPrefixList) {
			if region == planTo && aws.ToString(l.OwnerId) == "AWS" {
				l.OwnerId = aws.String("123456789012")
			}
		}}, severity: warn, code: "rule-lost", says: "tcp 80"},
		"IPAM": {api: altered{lists: func(_ string, l *types.ManagedPrefixList) { l.IpamPrefixListResolverSyncEnabled = aws.Bool(true) }}, severity: warn, code: "prefix-list-synced", says: "office"},
	}
}

func cutoverFindings() map[string]finding {
	const stop, warn, note = ec2move.Stop, ec2move.Warn, ec2move.Note
	source := netip.MustParseAddr("203.0.113.10")
	dns := planDNS{"www.example.com": {source}, "old.example.com": {netip.MustParseAddr("198.51.100.1")}, "six.example.com": {source, netip.MustParseAddr("2001:db8::1")}}
	record := func(name string) func(*ec2move.Spec) {
		return cutover(func(c *ec2move.Cutover) { c.Records = []string{name} })
	}
	return map[string]finding{
		"DNS switched":      {spec: record("www.example.com"), config: withDNS(dns), severity: note, code: "public-address-changes", gone: "record-elsewhere"},
		"no DNS":            {spec: record("www.example.com"), severity: stop, code: "dns-missing"},
		"no CDN":            {spec: cutover(func(c *ec2move.Cutover) { c.Origins = true }), config: withDNS(dns), severity: stop, code: "origins-missing", gone: "origins"},
		"no name":           {spec: cutover(func(c *ec2move.Cutover) { c.Origins = true }), config: func(cfg *ec2move.Config) { cfg.DNS, cfg.Origins = dns, planOrigins{} }, api: altered{instances: func(i *types.Instance) { i.PublicDnsName = nil }}, severity: warn, code: "origins-none"},
		"no check":          {spec: cutover(func(c *ec2move.Cutover) { c.Check = ec2move.HealthCheck{} }), config: withDNS(dns), severity: warn, code: "no-health-check"},
		"record of another": {spec: record("old.example.com"), config: withDNS(dns), severity: warn, code: "record-elsewhere", says: "198.51.100.1"},
		"record of nobody":  {spec: record("new.example.com"), config: withDNS(dns), severity: warn, code: "record-missing"},
		"record of IPv6":    {spec: record("six.example.com"), config: withDNS(dns), severity: warn, code: "record-ipv6"},
		"servers down":      {spec: record("down.example.com"), config: withDNS(dns), severity: warn, code: "record-unknown", says: "no server answers"},
		"nowhere to go": {
			spec: func(s *ec2move.Spec) { record("www.example.com")(s); s.To.Address = ec2move.AddressNone }, config: withDNS(dns),
			api: altered{subnets: func(s *types.Subnet) { s.MapPublicIpOnLaunch = aws.Bool(false) }}, severity: stop, code: "cutover-nowhere",
		},
	}
}
