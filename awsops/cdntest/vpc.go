package cdntest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/kitroll/kitroll/awsops/awsopstest"
)

type vpcOrigin struct {
	origin   *types.VpcOrigin
	etag     string
	deployed time.Time
	tags     []types.Tag
	from     int // the first list that shows it
}

// ConnectVPC tells at which private address the endpoint of a VPC origin listens.
func (f *Fake) ConnectVPC(endpoint, address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.private[endpoint] = address
}

// FailVPC lets the deployment of VPC origins of an endpoint fail.
func (f *Fake) FailVPC(endpoint string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.vpcFails[endpoint] = true
}

func (f *Fake) vpcByID(id string) *vpcOrigin {
	i := slices.IndexFunc(f.vpc, func(v *vpcOrigin) bool { return aws.ToString(v.origin.Id) == id })
	if i < 0 {
		return nil
	}
	v := f.vpc[i]
	status := "Deploying"
	if !f.Clock.Now().Before(v.deployed) {
		status = "Deployed"
		if f.vpcFails[aws.ToString(v.origin.VpcOriginEndpointConfig.Arn)] {
			status = "Failed" // the name of this state is unverified
		}
	}
	v.origin.Status = &status
	return v
}

// CreateVpcOrigin is the call of the API. That its name is unique is unverified; EntityAlreadyExists is documented.
func (f *Fake) CreateVpcOrigin(ctx context.Context, in *cloudfront.CreateVpcOriginInput, _ ...func(*cloudfront.Options)) (*cloudfront.CreateVpcOriginOutput, error) {
	return awsopstest.Call(ctx, &f.Script, "CreateVpcOrigin", func() (*cloudfront.CreateVpcOriginOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		e := copyOf(in.VpcOriginEndpointConfig)
		if e == nil || aws.ToString(e.Arn) == "" || aws.ToString(e.Name) == "" || e.HTTPPort == nil || e.HTTPSPort == nil || e.OriginProtocolPolicy == "" {
			return nil, refuse("InvalidArgument", "A required field of the endpoint is missing.")
		}
		if err := f.checkTags(in.Tags); err != nil {
			return nil, err
		}
		for _, v := range f.vpc {
			if aws.ToString(v.origin.VpcOriginEndpointConfig.Name) == *e.Name {
				return nil, refuse("EntityAlreadyExists", "The entity already exists.")
			}
		}
		f.n++
		id, now := fmt.Sprintf("vo_%012d", f.n), f.Clock.Now()
		v := &vpcOrigin{
			etag: fmt.Sprintf("ETAG%d", f.n), deployed: now.Add(f.opts.DeployTime), from: f.vpcLists + 1 + f.opts.ListLag,
			origin: &types.VpcOrigin{
				Id: new(id), Arn: new(fmt.Sprintf("arn:%s:cloudfront::%s:vpcorigin/%s", f.partition(), f.opts.Account, id)),
				CreatedTime: new(now), LastModifiedTime: new(now), AccountId: new(f.opts.Account), VpcOriginEndpointConfig: e,
			},
		}
		if in.Tags != nil {
			v.tags = copyOf(in.Tags).Items
		}
		f.vpc = append(f.vpc, v)
		return &cloudfront.CreateVpcOriginOutput{ETag: new(v.etag), VpcOrigin: copyOf(f.vpcByID(id).origin)}, nil
	})
}

// GetVpcOrigin is the call of the API.
func (f *Fake) GetVpcOrigin(ctx context.Context, in *cloudfront.GetVpcOriginInput, _ ...func(*cloudfront.Options)) (*cloudfront.GetVpcOriginOutput, error) {
	return awsopstest.Call(ctx, &f.Script, "GetVpcOrigin", func() (*cloudfront.GetVpcOriginOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		v := f.vpcByID(aws.ToString(in.Id))
		if v == nil {
			return nil, refuse("EntityNotFound", "The entity was not found.")
		}
		return &cloudfront.GetVpcOriginOutput{ETag: new(v.etag), VpcOrigin: copyOf(v.origin)}, nil
	})
}

// ListVpcOrigins is the call of the API.
func (f *Fake) ListVpcOrigins(ctx context.Context, in *cloudfront.ListVpcOriginsInput, _ ...func(*cloudfront.Options)) (*cloudfront.ListVpcOriginsOutput, error) {
	return awsopstest.Call(ctx, &f.Script, "ListVpcOrigins", func() (*cloudfront.ListVpcOriginsOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if aws.ToString(in.Marker) == "" {
			f.vpcLists++
		}
		var all []types.VpcOriginSummary
		for _, v := range f.vpc {
			if v.from > f.vpcLists {
				continue
			}
			o := f.vpcByID(*v.origin.Id).origin
			all = append(all, types.VpcOriginSummary{
				Id: o.Id, Arn: o.Arn, Name: o.VpcOriginEndpointConfig.Name, OriginEndpointArn: o.VpcOriginEndpointConfig.Arn,
				Status: new(*o.Status), CreatedTime: o.CreatedTime, LastModifiedTime: o.LastModifiedTime, AccountId: o.AccountId,
			})
		}
		page, next := pageInOrder(all, aws.ToString(in.Marker), size(in.MaxItems, f.opts.PageSize), func(v types.VpcOriginSummary) string { return *v.Id })
		return &cloudfront.ListVpcOriginsOutput{VpcOriginList: copyOf(&types.VpcOriginList{Items: page, NextMarker: text(next)})}, nil
	})
}

// DeleteVpcOrigin is the call of the API.
func (f *Fake) DeleteVpcOrigin(ctx context.Context, in *cloudfront.DeleteVpcOriginInput, _ ...func(*cloudfront.Options)) (*cloudfront.DeleteVpcOriginOutput, error) {
	return awsopstest.Call(ctx, &f.Script, "DeleteVpcOrigin", func() (*cloudfront.DeleteVpcOriginOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		id := aws.ToString(in.Id)
		v := f.vpcByID(id)
		if v == nil {
			return nil, refuse("EntityNotFound", "The entity was not found.")
		}
		if err := match(in.IfMatch, v.etag); err != nil {
			return nil, err
		}
		for _, d := range f.dists {
			if d.config == nil {
				continue
			}
			for _, o := range d.config.Origins.Items {
				if o.VpcOriginConfig != nil && aws.ToString(o.VpcOriginConfig.VpcOriginId) == id {
					return nil, refuse("CannotDeleteEntityWhileInUse", "The entity cannot be deleted while it is in use.")
				}
			}
		}
		f.vpc = slices.DeleteFunc(f.vpc, func(o *vpcOrigin) bool { return o == v })
		return &cloudfront.DeleteVpcOriginOutput{}, nil
	})
}

// VPCCount is how many VPC origins there are.
func (f *Fake) VPCCount() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.vpc)
}
