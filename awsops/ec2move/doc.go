// Package ec2move moves an EC2 instance to another Region.
package ec2move
