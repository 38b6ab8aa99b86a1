// Package ec2movetest is a fake of EC2 in all Regions at once, for the tests and the rehearsals of programs that use ec2move.
//
//	cloud := ec2movetest.New(&ec2movetest.Options{World: new(ec2movetest.Sample())})
//	client, err := ec2move.New(cloud.Config())
package ec2movetest
