package ec2move

import (
	"net/netip"
	"time"
)

// Source is the source as it was when the move was planned: all that the copy takes over, in plain JSON. Of the user data,
// which often holds secrets, there is only a hash.
type Source struct {
	At             time.Time         `json:"at,omitzero"`
	Account        string            `json:"account,omitempty"` // the owner's, from the reservation
	State          string            `json:"state,omitempty"`   // "running", "stopped"
	ImageID        string            `json:"image_id,omitempty"`
	Type           string            `json:"type,omitempty"`         // "t3.micro"
	Architecture   string            `json:"architecture,omitempty"` // "x86_64", "arm64"
	Platform       string            `json:"platform,omitempty"`     // PlatformDetails: "Linux/UNIX"
	BootMode       string            `json:"boot_mode,omitempty"`
	TPM            string            `json:"tpm,omitempty"`
	Virtualization string            `json:"virtualization,omitempty"`  // "hvm", "paravirtual"
	Lifecycle      string            `json:"lifecycle,omitempty"`       // "spot", "scheduled", "capacity-block"; empty = on demand
	Tenancy        string            `json:"tenancy,omitempty"`         // "dedicated", "host"; empty = shared
	PlacementGroup string            `json:"placement_group,omitempty"` // its name
	CPU            string            `json:"cpu,omitempty"`             // "2×1": cores × threads, where they are not all
	Enclave        bool              `json:"enclave,omitempty"`         // Nitro Enclaves
	Hibernates     bool              `json:"hibernates,omitempty"`      // can hibernate
	ENA            bool              `json:"ena,omitempty"`
	EBSOptimized   bool              `json:"ebs_optimized,omitempty"`
	Monitoring     bool              `json:"monitoring,omitempty"`       // detailed
	Credits        string            `json:"credits,omitempty"`          // "standard", "unlimited"; empty for types without
	ProductCodes   []string          `json:"product_codes,omitempty"`    // of the marketplace
	Tags           map[string]string `json:"tags,omitempty"`             // without "aws:"
	Profile        string            `json:"profile,omitempty"`          // ARN of the instance profile
	Metadata       Metadata          `json:"metadata,omitzero"`          // IMDS
	Protected      bool              `json:"protected,omitempty"`        // DisableApiTermination
	StopProtected  bool              `json:"stop_protected,omitempty"`   // DisableApiStop
	Shutdown       string            `json:"shutdown,omitempty"`         // "stop", "terminate"
	Forwards       bool              `json:"forwards,omitempty"`         // source/destination check is off
	PrivateDNS     PrivateDNS        `json:"private_dns,omitzero"`       // options of the host name
	VPCID          string            `json:"vpc_id,omitempty"`           //
	SubnetID       string            `json:"subnet_id,omitempty"`        //
	Zone           string            `json:"zone,omitempty"`             // "eu-central-1a"
	Groups         []string          `json:"groups,omitempty"`           // of the first network interface
	Interfaces     int               `json:"interfaces,omitempty"`       // how many network interfaces
	IPv6           int               `json:"ipv6,omitempty"`             // how many addresses of IPv6 the first has
	PrivateIP      netip.Addr        `json:"private_ip,omitzero"`        //
	SecondaryIPs   int               `json:"secondary_ips,omitempty"`    // further private addresses, of all interfaces
	ElasticIPs     int               `json:"elastic_ips,omitempty"`      // how many Elastic IP addresses it has in all
	PublicIP       netip.Addr        `json:"public_ip,omitzero"`         //
	PublicDNS      string            `json:"public_dns,omitempty"`       // "ec2-….compute.amazonaws.com"
	AllocationID   string            `json:"allocation_id,omitempty"`    // of its Elastic IP, if it has one
	KeyName        string            `json:"key_name,omitempty"`         //
	PublicKey      string            `json:"public_key,omitempty"`       // OpenSSH form, as EC2 gives it
	KeyType        string            `json:"key_type,omitempty"`         // "rsa", "ed25519"
	UserDataHash   string            `json:"user_data_hash,omitempty"`   // SHA-256 in hex; empty without user data
	RootDevice     string            `json:"root_device,omitempty"`      // "/dev/xvda"
	RootDeviceType string            `json:"root_device_type,omitempty"` // "ebs", "instance-store"
	Devices        []Device          `json:"devices,omitempty"`          // in order of their names
	Hash           string            `json:"hash,omitempty"`             // over all above but At, State and the public addresses of no Elastic IP
}

// Device is an attached volume.
type Device struct {
	Name                string `json:"name"` // "/dev/xvda"
	VolumeID            string `json:"volume_id"`
	GiB                 int32  `json:"gib"`
	Type                string `json:"type"` // "gp3"
	IOPS                int32  `json:"iops,omitempty"`
	Throughput          int32  `json:"throughput,omitempty"` // MiB/s
	Encrypted           bool   `json:"encrypted,omitempty"`
	KMSKey              string `json:"kms_key,omitempty"` // ARN
	DeleteOnTermination bool   `json:"delete_on_termination,omitempty"`
	MultiAttach         bool   `json:"multi_attach,omitempty"`
}

// Metadata are the options of the instance metadata service.
type Metadata struct {
	Tokens   string `json:"tokens,omitempty"`   // "required", "optional"
	Endpoint string `json:"endpoint,omitempty"` // "enabled", "disabled"
	HopLimit int32  `json:"hop_limit,omitempty"`
	IPv6     string `json:"ipv6,omitempty"` // "enabled", "disabled"
	Tags     string `json:"tags,omitempty"` // "enabled", "disabled"
}

// PrivateDNS are the options of the host name.
type PrivateDNS struct {
	HostnameType string `json:"hostname_type,omitempty"` // "ip-name", "resource-name"
	A            bool   `json:"a,omitempty"`             // the resource name has an A record
	AAAA         bool   `json:"aaaa,omitempty"`
}
