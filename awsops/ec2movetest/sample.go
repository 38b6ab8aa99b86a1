package ec2movetest

// Sample is a small server with all that a move has to carry: two volumes, one of them encrypted, and a detached one; groups
// that name each other, themselves, a list of AWS and one of the customer's; a key pair, a profile, user data, an Elastic IP
// address. It is i-0a1b2c3d4e5f60718 in eu-central-1.
func Sample() World {
	return World{
		Profiles: []string{"web"},
		Regions: map[string]*Area{"eu-central-1": {
			KeyPairs: []KeyPair{{Name: "web", PublicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaYWJjZGVm web"}},
			PrefixLists: []PrefixList{{
				ID: "pl-0aa11bb22cc33dd44", Name: "offices", Max: 2, Entries: map[string]string{"192.0.2.0/24": "north", "198.51.100.0/24": "south"},
			}},
			Groups: []Group{
				{
					ID: "sg-0aaaaaaaaaaaaaaa1", Name: "web", Description: "the web server",
					In: []Rule{
						{Protocol: "tcp", From: 443, Peer: "0.0.0.0/0", Description: "https"},
						{Protocol: "tcp", From: 443, Peer: "::/0", Description: "https"},
						{Protocol: "tcp", From: 80, Peer: "com.amazonaws.global.cloudfront.origin-facing"},
						{Protocol: "tcp", From: 22, Peer: "pl-0aa11bb22cc33dd44", Description: "ssh"},
						{Protocol: "tcp", From: 9000, To: 9010, Peer: "sg-0aaaaaaaaaaaaaaa1", Description: "each other"},
					},
					Out: []Rule{{Protocol: "tcp", From: 443, Peer: "0.0.0.0/0"}, {Protocol: "tcp", From: 5432, Peer: "sg-0aaaaaaaaaaaaaaa2"}}, NoOut: true,
					Tags: map[string]string{"Name": "web"},
				},
				{
					ID: "sg-0aaaaaaaaaaaaaaa2", Name: "db", Description: "the database",
					In: []Rule{{Protocol: "tcp", From: 5432, Peer: "sg-0aaaaaaaaaaaaaaa1", Description: "from the web server"}},
				},
			},
			Volumes: []Volume{{ID: "vol-0aaaaaaaaaaaaaaa3", GiB: 20, UsedMiB: 4096, Tags: map[string]string{"Name": "archive"}}},
			Instances: []Instance{{
				ID: "i-0a1b2c3d4e5f60718", Type: "t3.small", Groups: []string{"sg-0aaaaaaaaaaaaaaa1"}, Key: "web", Profile: "web",
				UserData: "#!/bin/sh\necho token=sample-user-data-secret > /etc/app.env\n", Monitoring: true, Credits: "standard",
				Metadata: &Metadata{Tokens: "required", HopLimit: 2}, Tags: map[string]string{"Name": "web", "Env": "prod"},
				Volumes: []Volume{
					{ID: "vol-0aaaaaaaaaaaaaaa1", Device: "/dev/xvda", GiB: 16, UsedMiB: 6144, Tags: map[string]string{"Name": "root"}},
					{ID: "vol-0aaaaaaaaaaaaaaa2", Device: "/dev/sdf", GiB: 100, UsedMiB: 40960, IOPS: 4000, Throughput: 250, Encrypted: true, Keep: true},
				},
			}},
			Addresses: []Address{{ID: "eipalloc-0aaaaaaaaaaaaaaa1", Instance: "i-0a1b2c3d4e5f60718", Tags: map[string]string{"Name": "web"}}},
		}},
	}
}

// SampleInstance is the ID of the server of [Sample], and SampleRegion where it is.
const (
	SampleInstance = "i-0a1b2c3d4e5f60718"
	SampleRegion   = "eu-central-1"
)
