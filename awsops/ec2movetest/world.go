package ec2movetest

import (
	"encoding/json"
	"fmt"
	"io"
)

// World is what an account has, in plain JSON. IDs are chosen by whoever writes it, in EC2's shape.
type World struct {
	Account string           `json:"account,omitempty"` // 12 digits; empty = 123456789012
	Regions map[string]*Area `json:"regions"`           // by name: "eu-central-1"
	// Profiles are names of instance profiles. IAM is global: each is known in all Regions.
	Profiles []string `json:"profiles,omitempty"`
	// Subscribed are the product codes of the marketplace that the account may launch.
	Subscribed []string `json:"subscribed,omitempty"`
}

// Area is what an account has in one Region, beside the default VPC that each Region has.
type Area struct {
	// Zones are the Region's, by their letters; empty = "abc".
	Zones string `json:"zones,omitempty"`
	// NoDefaultVPC is a Region whose default VPC was removed.
	NoDefaultVPC bool `json:"no_default_vpc,omitempty"`
	// KMSKeys are the ARNs of keys of the account, beside AWS's own for EBS.
	KMSKeys []string `json:"kms_keys,omitempty"`
	// Encrypt is encryption by default, with DefaultKey; empty = AWS's own for EBS.
	Encrypt    bool   `json:"encrypt,omitempty"`
	DefaultKey string `json:"default_key,omitempty"`
	// Offered are the instance types with their zones' letters, in place of those of the fake, which are offered everywhere.
	Offered map[string]string `json:"offered,omitempty"`
	// ImagesNotAllowed is an Allowed AMIs setting that leaves no image to be seen or launched.
	ImagesNotAllowed bool `json:"images_not_allowed,omitempty"`

	VPCs        []VPC        `json:"vpcs,omitempty"`
	KeyPairs    []KeyPair    `json:"key_pairs,omitempty"`
	PrefixLists []PrefixList `json:"prefix_lists,omitempty"`
	Groups      []Group      `json:"groups,omitempty"`
	Volumes     []Volume     `json:"volumes,omitempty"` // detached ones
	Instances   []Instance   `json:"instances,omitempty"`
	Addresses   []Address    `json:"addresses,omitempty"`
}

// VPC is a network.
type VPC struct {
	ID           string   `json:"id"` // "vpc-…"
	CIDR         string   `json:"cidr"`
	NoDNSNames   bool     `json:"no_dns_names,omitempty"` // enableDnsHostnames is off: no public names
	DefaultGroup string   `json:"default_group,omitempty"`
	Subnets      []Subnet `json:"subnets,omitempty"`
}

// Subnet is a part of a VPC in one zone.
type Subnet struct {
	ID     string `json:"id"` // "subnet-…"
	CIDR   string `json:"cidr"`
	Zone   string `json:"zone"`             // its letter
	Public bool   `json:"public,omitempty"` // gives new instances a public address
}

// KeyPair is the public half of a key pair.
type KeyPair struct {
	Name string `json:"name"`
	// PublicKey is in OpenSSH's form; empty = EC2 does not have it, as with old ones.
	PublicKey string            `json:"public_key,omitempty"`
	Type      string            `json:"type,omitempty"` // of one without PublicKey: "rsa" or "ed25519"; empty = "rsa"
	Tags      map[string]string `json:"tags,omitempty"`
}

// PrefixList is a list of the customer's.
type PrefixList struct {
	ID      string            `json:"id"` // "pl-…"
	Name    string            `json:"name"`
	Family  string            `json:"family,omitempty"` // "IPv4" or "IPv6"; empty = "IPv4"
	Max     int32             `json:"max,omitempty"`    // entries; 0 = as many as there are
	Entries map[string]string `json:"entries"`          // CIDR to description
	Tags    map[string]string `json:"tags,omitempty"`
}

// Group is a security group.
type Group struct {
	ID          string            `json:"id"` // "sg-…"
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"` // empty = the name
	VPC         string            `json:"vpc,omitempty"`         // empty = the default VPC
	In          []Rule            `json:"in,omitempty"`
	Out         []Rule            `json:"out,omitempty"`
	NoOut       bool              `json:"no_out,omitempty"` // without the rule that lets everything out
	Tags        map[string]string `json:"tags,omitempty"`
}

// Rule lets something in or out.
type Rule struct {
	Protocol    string `json:"protocol"`       // "tcp", "udp", "icmp", "icmpv6", "-1" for all, or a number
	From        int32  `json:"from,omitempty"` // port, or the type of ICMP
	To          int32  `json:"to,omitempty"`
	Peer        string `json:"peer"` // a CIDR, "sg-…", "pl-…", or the name of a prefix list of AWS
	Account     string `json:"account,omitempty"`
	Description string `json:"description,omitempty"`
}

// Volume is an EBS volume.
type Volume struct {
	ID         string            `json:"id"` // "vol-…"
	GiB        int32             `json:"gib"`
	UsedMiB    int64             `json:"used_mib,omitempty"` // written so far; 0 = a third
	Type       string            `json:"type,omitempty"`     // empty = "gp3"
	IOPS       int32             `json:"iops,omitempty"`     // 0 = the type's own
	Throughput int32             `json:"throughput,omitempty"`
	Encrypted  bool              `json:"encrypted,omitempty"`
	KMSKey     string            `json:"kms_key,omitempty"` // ARN; empty = AWS's own for EBS
	Multi      bool              `json:"multi,omitempty"`   // multi-attach
	Zone       string            `json:"zone,omitempty"`    // of a detached one: its letter; empty = "a"
	Tags       map[string]string `json:"tags,omitempty"`
	// Device and Keep are those of an instance's volume: "/dev/xvda", and that it outlives the instance.
	Device string `json:"device,omitempty"`
	Keep   bool   `json:"keep,omitempty"`
}

// Instance is an instance.
type Instance struct {
	ID            string            `json:"id"`                // "i-…"
	Type          string            `json:"type,omitempty"`    // empty = "t3.micro"
	Image         string            `json:"image,omitempty"`   // that it was launched from; empty = one that is gone by now
	Stopped       bool              `json:"stopped,omitempty"` //
	Subnet        string            `json:"subnet,omitempty"`  // empty = that of the default VPC in the first zone
	Private       bool              `json:"private,omitempty"` // no public address, whatever the subnet says
	Groups        []string          `json:"groups,omitempty"`  // IDs; empty = the VPC's default group
	Key           string            `json:"key,omitempty"`     // name of a key pair
	Profile       string            `json:"profile,omitempty"` // name of an instance profile
	UserData      string            `json:"user_data,omitempty"`
	Platform      string            `json:"platform,omitempty"` // empty = "Linux/UNIX"
	BootMode      string            `json:"boot_mode,omitempty"`
	TPM           string            `json:"tpm,omitempty"`
	NoENA         bool              `json:"no_ena,omitempty"`
	EBSOptimized  bool              `json:"ebs_optimized,omitempty"`
	Monitoring    bool              `json:"monitoring,omitempty"`
	Credits       string            `json:"credits,omitempty"` // empty = the type's own
	ProductCodes  []string          `json:"product_codes,omitempty"`
	Metadata      *Metadata         `json:"metadata,omitempty"` // nil = EC2's
	Protected     bool              `json:"protected,omitempty"`
	StopProtected bool              `json:"stop_protected,omitempty"`
	Shutdown      string            `json:"shutdown,omitempty"` // empty = "stop"
	Forwards      bool              `json:"forwards,omitempty"` // source/destination check is off
	HostnameType  string            `json:"hostname_type,omitempty"`
	DNSA          bool              `json:"dns_a,omitempty"`
	DNSAAAA       bool              `json:"dns_aaaa,omitempty"`
	Interfaces    int               `json:"interfaces,omitempty"`     // more than one; 0 = 1
	IPv6          []string          `json:"ipv6,omitempty"`           // addresses
	InstanceStore bool              `json:"instance_store,omitempty"` // its root device, as in the old days
	Volumes       []Volume          `json:"volumes,omitempty"`        // the first is the root
	Tags          map[string]string `json:"tags,omitempty"`
}

// Metadata are the options of the instance metadata service; empty fields are EC2's defaults.
type Metadata struct {
	Tokens   string `json:"tokens,omitempty"`
	Endpoint string `json:"endpoint,omitempty"`
	HopLimit int32  `json:"hop_limit,omitempty"`
	IPv6     string `json:"ipv6,omitempty"`
	Tags     string `json:"tags,omitempty"`
}

// Address is an Elastic IP address.
type Address struct {
	ID       string            `json:"id"`                 // "eipalloc-…"
	IP       string            `json:"ip,omitempty"`       // empty = one of the fake's
	Instance string            `json:"instance,omitempty"` // that has it
	Tags     map[string]string `json:"tags,omitempty"`
}

// Load reads a World. A field that is not known is an error.
func Load(r io.Reader) (World, error) {
	var w World
	d := json.NewDecoder(io.LimitReader(r, 16<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return World{}, fmt.Errorf("ec2movetest: world: %w", err)
	}
	if d.More() {
		return World{}, fmt.Errorf("ec2movetest: world: more than one")
	}
	if err := New(nil).Add(w); err != nil {
		return World{}, err
	}
	return w, nil
}
