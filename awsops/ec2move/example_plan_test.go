package ec2move_test

import (
	"context"
	"fmt"
	"time"

	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// exampleWorld is a server with a disk of 8 GiB, a group, and user data.
func exampleWorld() *ec2movetest.World {
	return &ec2movetest.World{Regions: map[string]*ec2movetest.Area{"eu-central-1": {
		KeyPairs: []ec2movetest.KeyPair{{Name: "ops", PublicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB ops"}},
		Groups: []ec2movetest.Group{{
			ID: "sg-0123456789abcdef0", Name: "web",
			In: []ec2movetest.Rule{{Protocol: "tcp", From: 443, To: 443, Peer: "0.0.0.0/0", Description: "visitors"}},
		}},
		Instances: []ec2movetest.Instance{{
			ID: "i-0123456789abcdef0", Key: "ops", Groups: []string{"sg-0123456789abcdef0"}, UserData: "#!/bin/sh\n…",
			Volumes: []ec2movetest.Volume{{ID: "vol-0123456789abcdef0", Device: "/dev/xvda", GiB: 8}},
		}},
	}}}
}

// A plan says what would be done, and what will be different, before anything is.
func ExampleClient_Plan() {
	cloud := ec2movetest.New(&ec2movetest.Options{World: exampleWorld()}) // real code: ec2move.Config{AWS: …}
	c, err := ec2move.New(cloud.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := c.Plan(context.Background(), ec2move.Spec{
		ID:      "web-to-virginia",
		From:    ec2move.Instance{Region: "eu-central-1", ID: "i-0123456789abcdef0"},
		To:      ec2move.Target{Region: "us-east-1", Address: ec2move.AddressNew},
		Capture: ec2move.TwoPass,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("blocked:", plan.Blocked())
	for _, f := range plan.Findings {
		if f.Severity == ec2move.Warn {
			fmt.Println(f.Code)
		}
	}
	for _, step := range plan.Steps {
		fmt.Printf("%s: %s\n", step.ID, step.What)
	}
	fmt.Printf("%v, of that %v without a server; $%.2f once (prices of %s)\n",
		plan.Duration.Round(time.Minute), plan.Downtime.Round(time.Minute), plan.Cost.Once, plan.Cost.Date)
	// Output:
	// blocked: false
	// source-stops
	// source-address-lost
	// user-data-runs-again
	// public-address-changes
	// origins
	// check: look whether the source is still as it was planned
	// key-pair: import the public key of ops
	// prefix-lists: see that the rules name no prefix list
	// groups: make 1 security group with all rules
	// hot-image: make an image of the source, which runs on
	// hot-copy: copy 1 volume, 8 GiB, to us-east-1
	// stop: stop the source
	// image: make an image of the source, which is stopped
	// copy: copy 1 volume, 8 GiB, to us-east-1
	// launch: launch the copy, a t3.micro in subnet-025f8622fdb42ee4f, us-east-1b
	// attach: set on the copy what a launch cannot
	// ready: wait until the copy runs and passes EC2's checks
	// address: give the copy an Elastic IP
	// finish: remove the image and its copy, with their snapshots
	// 9m0s, of that 7m0s without a server; $0.17 once (prices of 2026-11, not verified)
}
