package cdn

import (
	"context"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/kitroll/kitroll/internal/awscall"
	"github.com/kitroll/kitroll/internal/pages"
)

// Summary is a distribution as a list shows it. Lists lag behind: one that was just made may be missing.
type Summary struct {
	ID       string       `json:"id"`
	ARN      string       `json:"arn"`
	Domain   string       `json:"domain"`        // CloudFront's own: "d111111abcdef8.cloudfront.net"
	For      string       `json:"for,omitempty"` // Distribution.ID, from the Comment; empty for others
	Status   string       `json:"status"`        // "InProgress" or "Deployed"
	Enabled  bool         `json:"enabled"`       //
	Aliases  []string     `json:"aliases,omitempty"`
	Origins  []OriginInfo `json:"origins"`
	Comment  string       `json:"comment,omitempty"`
	Modified time.Time    `json:"modified"`
	// Recordals are the states of the ICP recordal of each alias: "APPROVED", "SUSPENDED", "PENDING". They matter in China.
	Recordals map[string]string `json:"recordals,omitempty"`
}

// OriginInfo is one origin of a distribution.
type OriginInfo struct {
	ID       string   `json:"id"`
	Domain   string   `json:"domain"`
	Protocol Protocol `json:"protocol,omitempty"` // empty for buckets and VPC origins
	VPC      string   `json:"vpc,omitempty"`
}

// Details is a distribution read by its ID, which does not lag.
type Details struct {
	Summary
	ETag          string `json:"etag"`
	Invalidations int    `json:"invalidations,omitempty"` // in progress
}

// List ranges over the distributions of the account. Pages are fetched as they are needed, and every range begins anew. An
// error is yielded once, last, and is an [*Error].
//
// Source: ListDistributions, CloudFront API reference (read 2026-11).
func (c *Client) List(ctx context.Context) iter.Seq2[Summary, error] {
	return func(yield func(Summary, error) bool) {
		for s, err := range c.summaries(ctx) {
			if !yield(summary(s), err) {
				return
			}
		}
	}
}

func (c *Client) summaries(ctx context.Context) iter.Seq2[types.DistributionSummary, error] {
	return pages.All(ctx, "", func(ctx context.Context, marker string) (pages.Page[types.DistributionSummary, string], error) {
		out, err := do(ctx, c, "ListDistributions", "", awscall.Harmless, c.api.list, &cloudfront.ListDistributionsInput{Marker: optional(marker)})
		if err != nil || out.DistributionList == nil {
			return pages.Page[types.DistributionSummary, string]{}, err
		}
		next := aws.ToString(out.DistributionList.NextMarker)
		return pages.Page[types.DistributionSummary, string]{Items: out.DistributionList.Items, Next: next, More: next != ""}, nil
	})
}

func summary(s types.DistributionSummary) Summary {
	out := Summary{
		ID: aws.ToString(s.Id), ARN: aws.ToString(s.ARN), Domain: aws.ToString(s.DomainName), For: marked(aws.ToString(s.Comment)),
		Status: aws.ToString(s.Status), Enabled: aws.ToBool(s.Enabled), Comment: aws.ToString(s.Comment),
		Modified: aws.ToTime(s.LastModifiedTime), Recordals: recordals(s.AliasICPRecordals), Origins: originInfos(s.Origins),
	}
	if s.Aliases != nil {
		out.Aliases = s.Aliases.Items
	}
	return out
}

func recordals(in []types.AliasICPRecordal) map[string]string {
	if len(in) == 0 {
		return nil
	}
	out := make(map[string]string, len(in))
	for _, r := range in {
		out[aws.ToString(r.CNAME)] = string(r.ICPRecordalStatus)
	}
	return out
}

func originInfos(in *types.Origins) (out []OriginInfo) {
	if in == nil {
		return nil
	}
	for _, o := range in.Items {
		i := OriginInfo{ID: aws.ToString(o.Id), Domain: fold(aws.ToString(o.DomainName))}
		if o.CustomOriginConfig != nil {
			i.Protocol = Protocol(o.CustomOriginConfig.OriginProtocolPolicy)
		}
		if o.VpcOriginConfig != nil {
			i.VPC = aws.ToString(o.VpcOriginConfig.VpcOriginId)
		}
		out = append(out, i)
	}
	return out
}

// Get reads a distribution by CloudFront's ID. awsops.ErrGone when there is none.
//
// Source: GetDistribution, CloudFront API reference (read 2026-11).
func (c *Client) Get(ctx context.Context, id string) (Details, error) {
	d, etag, err := c.read(ctx, id)
	if err != nil {
		return Details{}, err
	}
	return details(d, etag), nil
}

func (c *Client) read(ctx context.Context, id string) (*types.Distribution, string, error) {
	out, err := do(ctx, c, "GetDistribution", id, awscall.Harmless, c.api.get, &cloudfront.GetDistributionInput{Id: &id})
	if err == nil && (out.Distribution == nil || out.Distribution.DistributionConfig == nil) {
		err = &Error{Op: "GetDistribution", Resource: id, Reason: "the answer has no distribution"}
	}
	if err != nil {
		return nil, "", err
	}
	return out.Distribution, aws.ToString(out.ETag), nil
}

func (c *Client) readConfig(ctx context.Context, id string) (*types.DistributionConfig, string, error) {
	out, err := do(ctx, c, "GetDistributionConfig", id, awscall.Harmless, c.api.config, &cloudfront.GetDistributionConfigInput{Id: &id})
	if err == nil && out.DistributionConfig == nil {
		err = &Error{Op: "GetDistributionConfig", Resource: id, Reason: "the answer has no configuration"}
	}
	if err != nil {
		return nil, "", err
	}
	return out.DistributionConfig, aws.ToString(out.ETag), nil
}

func details(d *types.Distribution, etag string) Details {
	cfg := d.DistributionConfig
	out := Details{ETag: etag, Invalidations: int(aws.ToInt32(d.InProgressInvalidationBatches)), Summary: Summary{
		ID: aws.ToString(d.Id), ARN: aws.ToString(d.ARN), Domain: aws.ToString(d.DomainName), For: marked(aws.ToString(cfg.Comment)),
		Status: aws.ToString(d.Status), Enabled: aws.ToBool(cfg.Enabled), Comment: aws.ToString(cfg.Comment),
		Modified: aws.ToTime(d.LastModifiedTime), Recordals: recordals(d.AliasICPRecordals), Origins: originInfos(cfg.Origins),
	}}
	if cfg.Aliases != nil {
		out.Aliases = cfg.Aliases.Items
	}
	return out
}
