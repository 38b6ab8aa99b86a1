package ec2movetest

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/ec2move"
)

// region is EC2 in one Region. Its methods are in api.go; all else is called with the Cloud's lock.
type region struct {
	cloud  *Cloud
	name   string
	script awsopstest.Script

	zones      []zone
	offered    map[string]string // type to letters; "" for all
	keys       []string          // ARNs in KMS
	defaultKey string
	encrypt    bool
	hidden     bool // images are outside of the Allowed AMIs
	shortages  []*shortage
	breaks     *types.Image // of the next image
	tokens     map[string]token
	released   map[string]time.Time // names of images that were deregistered

	vpcs         store[*vpc]
	subnets      store[*subnet]
	groups       store[*group]
	pairs        store[*keyPair]
	lists        store[*prefixList]
	volumes      store[*volume]
	snapshots    store[*snapshot]
	images       store[*image]
	instances    store[*instance]
	addresses    addresses
	associations store[*association]
}

var _ ec2move.API = (*region)(nil)

type zone struct{ letter, name, id string }

type token struct{ mark, id string }

type shortage struct {
	zone, typ string // "" = any
	left      int    // refusals; below 0 = without end
}

type vpc struct {
	meta

	cidr     string
	isMain   bool // the Region's default VPC
	dnsNames bool
}

type subnet struct {
	meta

	vpc, zone string
	cidr      netip.Prefix
	public    bool
	used      int
}

var (
	instanceID = regexp.MustCompile(`^i-([0-9a-f]{8}|[0-9a-f]{17})$`)
	imageID    = regexp.MustCompile(`^ami-([0-9a-f]{8}|[0-9a-f]{17})$`)
	snapshotID = regexp.MustCompile(`^snap-([0-9a-f]{8}|[0-9a-f]{17})$`)
	volumeID   = regexp.MustCompile(`^vol-([0-9a-f]{8}|[0-9a-f]{17})$`)
	groupID    = regexp.MustCompile(`^sg-([0-9a-f]{8}|[0-9a-f]{17})$`)
	listID     = regexp.MustCompile(`^pl-[0-9a-f]{6,17}$`)
)

func newRegion(c *Cloud, name string) *region {
	r := &region{cloud: c, name: name, tokens: map[string]token{}, released: map[string]time.Time{}}
	r.vpcs = store[*vpc]{missing: "InvalidVpcID.NotFound", what: "vpc ID"}
	r.subnets = store[*subnet]{missing: "InvalidSubnetID.NotFound", what: "subnet ID"}
	r.groups = store[*group]{missing: "InvalidGroup.NotFound", malformed: "InvalidGroupId.Malformed", what: "security group", shape: groupID}
	r.pairs = store[*keyPair]{missing: "InvalidKeyPair.NotFound", what: "key pair"}
	r.lists = store[*prefixList]{missing: "InvalidPrefixListID.NotFound", malformed: "InvalidPrefixListId.Malformed", what: "prefix list ID", shape: listID}
	r.volumes = store[*volume]{missing: "InvalidVolume.NotFound", malformed: "InvalidVolumeID.Malformed", what: "volume", shape: volumeID}
	r.snapshots = store[*snapshot]{missing: "InvalidSnapshot.NotFound", malformed: "InvalidSnapshotID.Malformed", what: "snapshot", shape: snapshotID}
	r.images = store[*image]{missing: "InvalidAMIID.NotFound", malformed: "InvalidAMIID.Malformed", what: "image id", shape: imageID}
	r.instances = store[*instance]{missing: "InvalidInstanceID.NotFound", malformed: "InvalidInstanceID.Malformed", what: "instance ID", shape: instanceID}
	r.addresses = addresses{store[*address]{missing: "InvalidAllocationID.NotFound", what: "allocation ID"}}
	r.associations = store[*association]{missing: "InvalidAssociationID.NotFound", what: "association ID"}
	r.defaultKey = c.arn("kms", name, "key/"+uuid(hexOf(name+"/ebs", 0)))
	r.keys = []string{r.defaultKey}
	r.setZones("abc")
	r.addManagedLists()
	r.addMainVPC()
	return r
}

func uuid(hex string) string {
	return hex[:8] + "-" + hex[8:12] + "-4" + hex[13:16] + "-8" + hex[17:20] + "-" + hex[20:32]
}

func (r *region) now() time.Time { return r.cloud.at }

func (r *region) setZones(letters string) {
	r.zones = nil
	for i, letter := range letters {
		r.zones = append(r.zones, zone{string(letter), r.name + string(letter), fmt.Sprintf("%s-az%d", shortName(r.name), i+1)})
	}
}

// shortName is the beginning of zone IDs: "euc1" for "eu-central-1".
func shortName(region string) string {
	m := regexp.MustCompile(`^([a-z]+)-([a-z-]+)-(\d+)$`).FindStringSubmatch(region)
	if m == nil {
		return region
	}
	return m[1] + m[2][:1] + m[3]
}

func (r *region) zone(name string) (zone, bool) {
	i := slices.IndexFunc(r.zones, func(z zone) bool { return z.name == name })
	if i < 0 {
		return zone{}, false
	}
	return r.zones[i], true
}

// addMainVPC makes the default VPC, with a subnet in each zone.
func (r *region) addMainVPC() {
	v := &vpc{meta: meta{id: r.cloud.id("vpc", r.name)}, cidr: "172.31.0.0/16", isMain: true, dnsNames: true}
	r.vpcs.plant(r, v)
	r.addDefaultGroup(v.id, "")
	for i, z := range r.zones {
		r.subnets.plant(r, &subnet{
			meta: meta{id: r.cloud.id("subnet", r.name)}, vpc: v.id, zone: z.name, public: true,
			cidr: netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 31, byte(16 * i), 0}), 20),
		})
	}
}

func (r *region) addDefaultGroup(vpcID, id string) {
	if id == "" {
		id = r.cloud.id("sg", r.name)
	}
	g := &group{meta: meta{id: id}, name: "default", description: "default VPC security group", vpc: vpcID}
	g.in = []rule{{id: r.cloud.id("sgr", r.name), proto: "-1", from: -1, to: -1, group: id, user: r.cloud.account}}
	g.out = []rule{r.allOut()}
	r.groups.plant(r, g)
}

func (r *region) mainVPC() (*vpc, bool) {
	i := slices.IndexFunc(r.vpcs.all, func(v *vpc) bool { return v.isMain })
	if i < 0 {
		return nil, false
	}
	return r.vpcs.all[i], true
}

// mainSubnet is the default VPC's in a zone.
func (r *region) mainSubnet(zone string) (*subnet, bool) {
	v, ok := r.mainVPC()
	if !ok {
		return nil, false
	}
	i := slices.IndexFunc(r.subnets.all, func(s *subnet) bool { return s.vpc == v.id && s.zone == zone })
	if i < 0 {
		return nil, false
	}
	return r.subnets.all[i], true
}

func (r *region) groupsOf(vpcID string) *group {
	i := slices.IndexFunc(r.groups.all, func(g *group) bool { return g.vpc == vpcID && g.name == "default" })
	if i < 0 {
		return nil
	}
	return r.groups.all[i]
}

// privateIP hands out the next address of a subnet. The first four and the last are AWS's.
func (s *subnet) privateIP() netip.Addr {
	ip := s.cidr.Addr()
	s.used++
	for range s.used + 3 {
		ip = ip.Next()
	}
	return ip
}

// publicIP hands out an address: of 203.0.113.0/24 and its like, which nobody has, as far as they go.
func (r *region) publicIP() netip.Addr {
	r.cloud.serial["ip"]++
	n := r.cloud.serial["ip"]
	blocks := [][3]byte{{203, 0, 113}, {198, 51, 100}, {192, 0, 2}}
	if n <= 250*len(blocks) {
		b := blocks[(n-1)/250]
		return netip.AddrFrom4([4]byte{b[0], b[1], b[2], byte((n-1)%250 + 1)})
	}
	n -= 250 * len(blocks)
	return netip.AddrFrom4([4]byte{198, 18 + byte(n>>16&1), byte(n >> 8), byte(n)})
}

// key finds a key of KMS by its ARN, its ID, or the alias of AWS's own for EBS.
func (r *region) key(name string) (arn string, ok bool) {
	if name == "alias/aws/ebs" || name == r.cloud.arn("kms", r.name, "alias/aws/ebs") {
		return r.cloud.arn("kms", r.name, "key/"+uuid(hexOf(r.name+"/ebs", 0))), true
	}
	for _, k := range r.keys {
		if name == k || name == k[len(k)-36:] {
			return k, true
		}
	}
	return "", false
}

// again finds what an earlier call with the same client token made, and refuses one with other parameters.
func (r *region) again(scope, clientToken, mark string) (id string, err error) {
	if clientToken == "" {
		return "", nil
	}
	if len(clientToken) > 64 {
		return "", refuse("InvalidParameterValue", "Value for parameter clientToken is invalid. The maximum length is 64 characters.")
	}
	for _, ch := range clientToken {
		if ch < 0x20 || ch > 0x7e {
			return "", refuse("InvalidParameterValue", "Value for parameter clientToken is invalid. Only ASCII characters are allowed.")
		}
	}
	t, ok := r.tokens[scope+"/"+clientToken]
	if ok && t.mark != mark {
		return "", refuse("IdempotentParameterMismatch", "Client token already used before with different parameters.")
	}
	return t.id, nil
}

func (r *region) remember(scope, clientToken, mark, id string) {
	if clientToken != "" {
		r.tokens[scope+"/"+clientToken] = token{mark, id}
	}
}
