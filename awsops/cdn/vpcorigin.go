package cdn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
	"github.com/kitroll/kitroll/internal/pages"
)

// VPCOrigin is the way of CloudFront to an instance or load balancer in a private subnet, without a public name.
type VPCOrigin struct {
	ID        string   // chosen by the caller, [a-z0-9-]{3,40}; its name is made of it
	Endpoint  string   // ARN of the instance or load balancer
	Protocol  Protocol // required: by which CloudFront asks it
	HTTPPort  int      // default 80
	HTTPSPort int      // default 443
}

// VPCOriginInfo is a VPC origin as it stands.
type VPCOriginInfo struct {
	ID       string    `json:"id"` // for Origin.VPC
	ARN      string    `json:"arn"`
	Name     string    `json:"name"`
	Endpoint string    `json:"endpoint"`
	Status   string    `json:"status"` // "Deploying", "Deployed" …
	Created  time.Time `json:"created"`
}

func vpcName(id string) string { return "awsops-cdn-" + id }

func (v VPCOrigin) check(p awsops.Partition) error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !validID(v.ID) {
		bad("ID: %q is not 3 to 40 of a-z, 0-9 and -", v.ID)
	}
	switch own, ok := awsops.PartitionOfARN(v.Endpoint); {
	case !ok:
		bad("Endpoint: %q is no ARN", v.Endpoint)
	case own != p:
		bad("Endpoint: it is of the partition %s, and this is %s", own, p)
	}
	if !slices.Contains([]Protocol{HTTPOnly, HTTPSOnly, MatchViewer}, v.Protocol) {
		bad("Protocol: %q is none of http-only, https-only, match-viewer", v.Protocol)
	}
	for _, port := range []int{v.HTTPPort, v.HTTPSPort} {
		if port < 1 || port > 65535 {
			bad("%d is no port", port)
		}
	}
	return errors.Join(problems...)
}

// EnsureVPCOrigin makes a VPC origin, or finds the one of this ID. CreateVpcOrigin has no key for repetition; its name is
// looked for before and after, and a second one of the same name is taken to be refused with EntityAlreadyExists
// (unverified). When an answer is lost for good, the error is awsops.ErrUnknownOutcome: run it again.
//
// One of the same name for another endpoint is awsops.ErrConflict. It is not ready at once: [Client.WaitVPCOrigin].
//
// Source: CreateVpcOrigin, CloudFront API reference (read 2026-11).
func (c *Client) EnsureVPCOrigin(ctx context.Context, v VPCOrigin) (VPCOriginInfo, error) {
	v.HTTPPort, v.HTTPSPort = portOr(v.HTTPPort, 80), portOr(v.HTTPSPort, 443)
	if err := v.check(c.partition); err != nil {
		return VPCOriginInfo{}, invalid("EnsureVPCOrigin", v.ID, err)
	}
	if found, err := c.findVPC(ctx, v); err != nil || found.ID != "" {
		return found, err
	}
	out, err := do(ctx, c, "CreateVpcOrigin", v.ID, awscall.OnlyRefused, c.api.createVPC, &cloudfront.CreateVpcOriginInput{
		VpcOriginEndpointConfig: &types.VpcOriginEndpointConfig{
			Name: new(vpcName(v.ID)), Arn: &v.Endpoint, OriginProtocolPolicy: types.OriginProtocolPolicy(v.Protocol),
			HTTPPort: new(int32(v.HTTPPort)), HTTPSPort: new(int32(v.HTTPSPort)),
			OriginSslProtocols: &types.OriginSslProtocols{Quantity: new(int32(1)), Items: []types.SslProtocol{types.SslProtocolTLSv12}},
		},
		Tags: &types.Tags{Items: []types.Tag{{Key: new(Tag), Value: &v.ID}}},
	})
	switch {
	case err == nil && out.VpcOrigin != nil:
		return vpcInfo(out.VpcOrigin), nil
	case err == nil:
		err = &Error{Op: "CreateVpcOrigin", Resource: v.ID, Reason: "the answer has no origin", Err: awsops.ErrUnknownOutcome}
	case code(err) != "EntityAlreadyExists" && !errors.Is(err, awsops.ErrUnknownOutcome):
		return VPCOriginInfo{}, err
	}
	return c.settleVPC(ctx, v, err)
}

// settleVPC looks for one that may just have been made, until lists have had two minutes to show it.
func (c *Client) settleVPC(ctx context.Context, v VPCOrigin, cause error) (VPCOriginInfo, error) {
	var found VPCOriginInfo
	n := 0
	err := awsops.Poll(ctx, c.caller.Clock, 5*time.Second, func(ctx context.Context) (bool, error) {
		n++
		var err error
		found, err = c.findVPC(ctx, v)
		return found.ID != "" || n == 24, err
	})
	if err == nil && found.ID == "" {
		err = cause
	}
	return found, stopped("EnsureVPCOrigin", v.ID, "waiting for lists to show it", err)
}

// findVPC looks for the name.
func (c *Client) findVPC(ctx context.Context, v VPCOrigin) (VPCOriginInfo, error) {
	for s, err := range pages.All(ctx, "", func(ctx context.Context, marker string) (pages.Page[types.VpcOriginSummary, string], error) {
		out, err := do(ctx, c, "ListVpcOrigins", "", awscall.Harmless, c.api.listVPC, &cloudfront.ListVpcOriginsInput{Marker: optional(marker)})
		if err != nil || out.VpcOriginList == nil {
			return pages.Page[types.VpcOriginSummary, string]{}, err
		}
		next := aws.ToString(out.VpcOriginList.NextMarker)
		return pages.Page[types.VpcOriginSummary, string]{Items: out.VpcOriginList.Items, Next: next, More: next != ""}, nil
	}) {
		if err != nil {
			return VPCOriginInfo{}, err
		}
		if aws.ToString(s.Name) != vpcName(v.ID) {
			continue
		}
		if e := aws.ToString(s.OriginEndpointArn); e != v.Endpoint {
			return VPCOriginInfo{}, &Error{Op: "EnsureVPCOrigin", Resource: aws.ToString(s.Id), Reason: "it is for " + e, Err: awsops.ErrConflict}
		}
		return VPCOriginInfo{
			ID: aws.ToString(s.Id), ARN: aws.ToString(s.Arn), Name: aws.ToString(s.Name), Endpoint: v.Endpoint,
			Status: aws.ToString(s.Status), Created: aws.ToTime(s.CreatedTime),
		}, nil
	}
	return VPCOriginInfo{}, nil
}

func vpcInfo(v *types.VpcOrigin) VPCOriginInfo {
	out := VPCOriginInfo{ID: aws.ToString(v.Id), ARN: aws.ToString(v.Arn), Status: aws.ToString(v.Status), Created: aws.ToTime(v.CreatedTime)}
	if e := v.VpcOriginEndpointConfig; e != nil {
		out.Name, out.Endpoint = aws.ToString(e.Name), aws.ToString(e.Arn)
	}
	return out
}

func (c *Client) readVPC(ctx context.Context, id string) (*types.VpcOrigin, string, error) {
	out, err := do(ctx, c, "GetVpcOrigin", id, awscall.Harmless, c.api.getVPC, &cloudfront.GetVpcOriginInput{Id: &id})
	if err == nil && out.VpcOrigin == nil {
		err = &Error{Op: "GetVpcOrigin", Resource: id, Reason: "the answer has no origin"}
	}
	if err != nil {
		return nil, "", err
	}
	return out.VpcOrigin, aws.ToString(out.ETag), nil
}

// WaitVPCOrigin looks every 20 s (Interval) until the VPC origin is deployed. It fails at once when its status says that it
// failed ("Failed"; the statuses are not listed anywhere).
func (c *Client) WaitVPCOrigin(ctx context.Context, id string, opts *WaitOptions) error {
	began, status := c.caller.Clock.Now(), "not seen"
	err := awsops.Poll(ctx, c.caller.Clock, interval(opts, 20*time.Second), func(ctx context.Context) (bool, error) {
		v, _, err := c.readVPC(ctx, id)
		if err != nil {
			return false, err
		}
		status = aws.ToString(v.Status)
		c.tell(opts, "vpc origin", status, id, began)
		if strings.Contains(strings.ToLower(status), "fail") {
			return false, &Error{Op: "WaitVPCOrigin", Resource: id, Reason: "its status is " + status, Err: awsops.ErrFailed}
		}
		return status == Deployed, nil
	})
	return stopped("WaitVPCOrigin", id, "last seen as "+status, err)
}

// DeleteVPCOrigin deletes a VPC origin that this package has made; others are refused with [ErrNotOurs]. One that is not
// there is no error; one that a distribution uses is awsops.ErrConflict.
//
// Source: DeleteVpcOrigin, CloudFront API reference (read 2026-11).
func (c *Client) DeleteVPCOrigin(ctx context.Context, id string) error {
	for n := 0; ; n++ {
		v, etag, err := c.readVPC(ctx, id)
		if errors.Is(err, awsops.ErrGone) {
			return nil
		}
		if err != nil {
			return err
		}
		ours, err := c.tagged(ctx, aws.ToString(v.Arn))
		if err != nil {
			return err
		}
		if ours == "" {
			return &Error{Op: "DeleteVPCOrigin", Resource: id, Reason: "it has no tag " + Tag, Err: ErrNotOurs}
		}
		_, err = do(ctx, c, "DeleteVpcOrigin", id, awscall.Harmless, c.api.removeVPC, &cloudfront.DeleteVpcOriginInput{Id: &id, IfMatch: &etag})
		if errors.Is(err, awsops.ErrGone) {
			return nil
		}
		if !raced(err) || n == edits {
			return err
		}
	}
}
