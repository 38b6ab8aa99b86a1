package ec2move_test

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// faulty plants a fault at the n-th call that changes something, of those that make keys, lists and groups.
type faulty struct {
	ec2move.API
	cloud *ec2movetest.Cloud
	n     int
	how   string
	seen  *int
}

func (f *faulty) next(op string) {
	if *f.seen == f.n {
		if f.how == "lost" {
			f.cloud.LoseNext(op)
		} else {
			f.cloud.DropNext(op)
		}
	}
	*f.seen++
}

func (f *faulty) ImportKeyPair(ctx context.Context, in *ec2.ImportKeyPairInput, o ...func(*ec2.Options)) (*ec2.ImportKeyPairOutput, error) {
	f.next("ImportKeyPair")
	return f.API.ImportKeyPair(ctx, in, o...)
}

func (f *faulty) CreateManagedPrefixList(ctx context.Context, in *ec2.CreateManagedPrefixListInput, o ...func(*ec2.Options)) (*ec2.CreateManagedPrefixListOutput, error) {
	f.next("CreateManagedPrefixList")
	return f.API.CreateManagedPrefixList(ctx, in, o...)
}

func (f *faulty) ModifyManagedPrefixList(ctx context.Context, in *ec2.ModifyManagedPrefixListInput, o ...func(*ec2.Options)) (*ec2.ModifyManagedPrefixListOutput, error) {
	f.next("ModifyManagedPrefixList")
	return f.API.ModifyManagedPrefixList(ctx, in, o...)
}

func (f *faulty) CreateSecurityGroup(ctx context.Context, in *ec2.CreateSecurityGroupInput, o ...func(*ec2.Options)) (*ec2.CreateSecurityGroupOutput, error) {
	f.next("CreateSecurityGroup")
	return f.API.CreateSecurityGroup(ctx, in, o...)
}

func (f *faulty) AuthorizeSecurityGroupIngress(ctx context.Context, in *ec2.AuthorizeSecurityGroupIngressInput, o ...func(*ec2.Options)) (*ec2.AuthorizeSecurityGroupIngressOutput, error) {
	f.next("AuthorizeSecurityGroupIngress")
	return f.API.AuthorizeSecurityGroupIngress(ctx, in, o...)
}

func (f *faulty) AuthorizeSecurityGroupEgress(ctx context.Context, in *ec2.AuthorizeSecurityGroupEgressInput, o ...func(*ec2.Options)) (*ec2.AuthorizeSecurityGroupEgressOutput, error) {
	f.next("AuthorizeSecurityGroupEgress")
	return f.API.AuthorizeSecurityGroupEgress(ctx, in, o...)
}

func (f *faulty) RevokeSecurityGroupEgress(ctx context.Context, in *ec2.RevokeSecurityGroupEgressInput, o ...func(*ec2.Options)) (*ec2.RevokeSecurityGroupEgressOutput, error) {
	f.next("RevokeSecurityGroupEgress")
	return f.API.RevokeSecurityGroupEgress(ctx, in, o...)
}
