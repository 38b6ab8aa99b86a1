package ec2move

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/kitroll/kitroll/awsops"
)

// Spec is a move: what, where to, and how.
type Spec struct {
	// ID is chosen by the caller, 3 to 40 characters of a-z, 0-9 and "-". Every name, token and tag derives from it: the same
	// ID is the same move, in whatever process and however often it is run.
	ID   string   `json:"id"`
	From Instance `json:"from"`
	To   Target   `json:"to"`
	// Capture is how the source is held still while its image is made; "" = Reboot.
	Capture Capture `json:"capture,omitempty"`
	// Volumes are detached EBS volumes in the source's Region that come along and are attached under the given device names.
	// Attached ones come by themselves, with the image.
	Volumes []Volume `json:"volumes,omitempty"`
	// Within makes the copies time-based: from 15 min to 48 h in steps of 15, for a fee per GiB. 0 = as fast as it goes.
	Within time.Duration `json:"within,omitempty"`
	// UserData is what becomes of the source's user data; "" = KeepUserData. It runs again at the first start of the copy:
	// cloud-init takes the new instance for a new one.
	UserData UserData `json:"user_data,omitempty"`
	// Cutover switches DNS to the copy; nil = nothing is switched.
	Cutover *Cutover `json:"cutover,omitempty"`
	Keep    Keep     `json:"keep,omitzero"`
	// SkipStatusChecks launches without waiting for EC2's status checks to pass.
	SkipStatusChecks bool `json:"skip_status_checks,omitempty"`
}

// Instance is an instance in its Region.
type Instance struct {
	Region string `json:"region"` // "eu-central-1"
	ID     string `json:"id"`     // "i-0123456789abcdef0"
}

// Target is where the copy goes.
type Target struct {
	Region string `json:"region"`
	// SubnetID, or VPCID for the first of its subnets, by ID, whose zone offers the type. Both empty: the default VPC.
	SubnetID string `json:"subnet_id,omitempty"`
	VPCID    string `json:"vpc_id,omitempty"`
	// InstanceType is empty for the source's.
	InstanceType string `json:"instance_type,omitempty"`
	// KeyPair is a key pair that exists in the Region. Empty: the source's public key is imported, under a name of the move.
	KeyPair string `json:"key_pair,omitempty"`
	// Groups are security groups that exist in the VPC, in place of copies of the source's.
	Groups []string `json:"groups,omitempty"`
	// KMSKey are the keys that volumes are encrypted with in the new Region, by the ARN of the key that they have now. The key
	// "" stands for volumes that are not encrypted, and for keys that are not named.
	KMSKey  map[string]string `json:"kms_key,omitempty"`
	Address AddressPolicy     `json:"address,omitempty"`
	// AllocationID is an Elastic IP address that the caller owns, for AddressGiven.
	AllocationID string `json:"allocation_id,omitempty"`
}

// Capture is how the source is held still while its image is made.
type Capture string

// The ways to make an image.
const (
	Reboot          Capture = "reboot"           // EC2 restarts the source: file systems are whole
	StopFirst       Capture = "stop-first"       // the source is stopped before, and stays so: nothing written meanwhile is lost
	CrashConsistent Capture = "crash-consistent" // the source runs on: as after a power cut
	TwoPass         Capture = "two-pass"         // a copy while it runs, then stop and copy the difference: short downtime
)

// UserData is what becomes of the source's user data.
type UserData string

// What to do with user data.
const (
	KeepUserData UserData = "keep"
	OmitUserData UserData = "omit"
)

// AddressPolicy says which public address the copy gets. It is never the source's: Elastic IP addresses stay in their Region.
type AddressPolicy string

// The policies.
const (
	AddressAsSource AddressPolicy = ""      // a new Elastic IP if the source has one, else what the subnet gives
	AddressNone     AddressPolicy = "none"  // what the subnet gives
	AddressNew      AddressPolicy = "new"   // a new Elastic IP
	AddressGiven    AddressPolicy = "given" // AllocationID
)

// Volume is a detached volume that comes along.
type Volume struct {
	ID     string `json:"id"`     // "vol-…"
	Device string `json:"device"` // "/dev/sdf"
}

// Keep is what is not removed at the end of a move.
type Keep struct {
	Images bool `json:"images,omitempty"` // the image and its copy, with their snapshots
}

// Cutover is the switch of DNS to the copy.
type Cutover struct {
	// Records are the names whose addresses are switched, without final dot: "www.example.com".
	Records []string `json:"records"`
	// TTL is that of the switched records, and what they are lowered to before; 0 = 60 s.
	TTL   time.Duration `json:"ttl,omitempty"`
	Check HealthCheck   `json:"check"`
	// Hold is how long after the switch the move waits, with the source untouched, before it calls itself done; 0 = twice the
	// TTL that the records had before.
	Hold time.Duration `json:"hold,omitempty"`
	// Origins repoints every CloudFront distribution whose origin is the source's public DNS name: see OriginRetargeter.
	Origins bool `json:"origins,omitempty"`
}

// HealthCheck is asked of the copy by its address, with the name that its visitors use, before anything is switched.
type HealthCheck struct {
	// URL as visitors see it: "https://www.example.com/health". The host goes into Host and SNI, the connection to the copy.
	// Empty: no check but EC2's own. It is printed and kept in the state: no password belongs into it.
	URL string `json:"url,omitempty"`
	// Status is what it must answer; 0 = any of 200 to 399.
	Status int `json:"status,omitempty"`
	// Contains must be found in the first 64 kB of the body; "" = anything.
	Contains string `json:"contains,omitempty"`
	// Times is how many checks in a row, 10 s apart, must pass; 0 = 3.
	Times int `json:"times,omitempty"`
}

var (
	idRE       = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$`)
	regionRE   = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-\d+$`)
	instanceRE = regexp.MustCompile(`^i-([0-9a-f]{8}|[0-9a-f]{17})$`)
)

// check finds every problem of a spec that can be seen without asking AWS.
func (s Spec) check() error {
	var problems []error
	add := func(field, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%w: %s: %s", awsops.ErrInvalid, field, fmt.Sprintf(format, args...)))
	}
	if !idRE.MatchString(s.ID) {
		add("ID", "%q: 3 to 40 characters of a-z, 0-9 and \"-\", not at the ends", s.ID)
	}
	if !regionRE.MatchString(s.From.Region) {
		add("From.Region", "%q is no Region", s.From.Region)
	}
	if !instanceRE.MatchString(s.From.ID) {
		add("From.ID", "%q is no instance ID", s.From.ID)
	}
	if !regionRE.MatchString(s.To.Region) {
		add("To.Region", "%q is no Region", s.To.Region)
	}
	if from, to := awsops.PartitionOf(s.From.Region), awsops.PartitionOf(s.To.Region); from != to {
		add("To.Region", "%s is in partition %s and %s in %s: nothing is copied between partitions; store the image in S3 with CreateStoreImageTask",
			s.From.Region, from, s.To.Region, to)
	}
	switch s.Capture {
	case "", Reboot, StopFirst, CrashConsistent, TwoPass:
	default:
		add("Capture", "%q is none", s.Capture)
	}
	switch s.UserData {
	case "", KeepUserData, OmitUserData:
	default:
		add("UserData", "%q: keep or omit", s.UserData)
	}
	switch s.To.Address {
	case AddressAsSource, AddressNone, AddressNew:
		if s.To.AllocationID != "" {
			add("To.AllocationID", "is only for the address policy %q", AddressGiven)
		}
	case AddressGiven:
		if !strings.HasPrefix(s.To.AllocationID, "eipalloc-") {
			add("To.AllocationID", "%q is no allocation ID", s.To.AllocationID)
		}
	default:
		add("To.Address", "%q is no address policy", s.To.Address)
	}
	if s.Within != 0 && (s.Within < 15*time.Minute || s.Within > 48*time.Hour || s.Within%(15*time.Minute) != 0) {
		add("Within", "%v: 15 min to 48 h in steps of 15 min, or 0", s.Within)
	}
	seen := map[string]bool{}
	for i, v := range s.Volumes {
		if !strings.HasPrefix(v.ID, "vol-") || v.Device == "" || seen[v.ID] || seen[v.Device] {
			add(fmt.Sprintf("Volumes[%d]", i), "%q as %q: a volume ID and a device name, each once", v.ID, v.Device)
		}
		seen[v.ID], seen[v.Device] = true, true
	}
	if c := s.Cutover; c != nil {
		if len(c.Records) == 0 && !c.Origins {
			add("Cutover.Records", "are empty")
		}
		for i, name := range c.Records {
			if _, err := netip.ParseAddr(name); err == nil || !strings.Contains(name, ".") || strings.HasSuffix(name, ".") || strings.ToLower(name) != name {
				add(fmt.Sprintf("Cutover.Records[%d]", i), "%q: a name in lower case without final dot", name)
			}
		}
		if c.TTL < 0 || c.TTL%time.Second != 0 {
			add("Cutover.TTL", "%v: whole seconds", c.TTL)
		}
		if c.Hold < 0 {
			add("Cutover.Hold", "%v", c.Hold)
		}
		c.Check.check(add)
	}
	return errors.Join(problems...)
}
