package acmx

import (
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/kitroll/kitroll/internal/pages"
)

// Summary is a certificate as a list shows it.
type Summary struct {
	ARN        string
	Names      []string // the common name first; the first 100
	MoreNames  bool     // there are others: Describe
	Status     Status
	Key        KeyAlgorithm
	Exportable bool
	Exported   bool
	InUse      bool
	Type       string // AMAZON_ISSUED, IMPORTED or PRIVATE
	Origin     string // of the key: AWS_MANAGED, CUSTOMER_PROVIDED, ACME
	ManagedBy  string
	CreatedAt  time.Time
	NotAfter   time.Time
}

// ListOptions is what [Client.List] may be told. nil is all certificates but those of ACME clients.
type ListOptions struct {
	Statuses []Status // default: all
	ACME     bool     // also those that ACME clients got from an endpoint of ACM
	PageSize int      // default and at most 1000
}

// List ranges over the certificates of the account in this Region, of every kind of key: asked plainly, ACM lists those
// with RSA keys of up to 2048 bits only. Pages are fetched as they are needed, and every range begins anew. An error is
// yielded once, last, and is an [*Error].
//
// Source: ListCertificates, ACM API reference (read 2026-11).
func (c *Client) List(ctx context.Context, opts *ListOptions) iter.Seq2[Summary, error] {
	var o ListOptions
	if opts != nil {
		o = *opts
	}
	in := acm.ListCertificatesInput{Includes: &types.Filters{KeyTypes: types.KeyAlgorithm("").Values()}}
	for _, s := range o.Statuses {
		in.CertificateStatuses = append(in.CertificateStatuses, types.CertificateStatus(s))
	}
	if o.ACME {
		in.CertificateKeyPairOrigins = types.CertificateKeyPairOrigin("").Values()
	}
	if o.PageSize > 0 {
		in.MaxItems = new(int32(min(o.PageSize, 1000)))
	}
	return pages.All(ctx, "", func(ctx context.Context, cursor string) (pages.Page[Summary, string], error) {
		in := in
		if cursor != "" {
			in.NextToken = &cursor
		}
		out, err := call(ctx, c, "ListCertificates", "", c.api.list, &in)
		if err != nil {
			return pages.Page[Summary, string]{}, err
		}
		page := pages.Page[Summary, string]{Next: aws.ToString(out.NextToken), More: aws.ToString(out.NextToken) != ""}
		for _, s := range out.CertificateSummaryList {
			page.Items = append(page.Items, summary(s))
		}
		return page, nil
	})
}

func summary(s types.CertificateSummary) Summary {
	return Summary{
		ARN:        aws.ToString(s.CertificateArn),
		Names:      allNames(aws.ToString(s.DomainName), s.SubjectAlternativeNameSummaries),
		MoreNames:  aws.ToBool(s.HasAdditionalSubjectAlternativeNames),
		Status:     Status(s.Status),
		Key:        sdkKey(s.KeyAlgorithm),
		Exportable: s.ExportOption == types.CertificateExportEnabled,
		Exported:   aws.ToBool(s.Exported),
		InUse:      aws.ToBool(s.InUse),
		Type:       string(s.Type),
		Origin:     string(s.CertificateKeyPairOrigin),
		ManagedBy:  string(s.ManagedBy),
		CreatedAt:  aws.ToTime(s.CreatedAt),
		NotAfter:   aws.ToTime(s.NotAfter),
	}
}

// tagsOf are the tags of a certificate.
func (c *Client) tagsOf(ctx context.Context, arn string) (map[string]string, error) {
	out, err := call(ctx, c, "ListTagsForCertificate", arn, c.api.tags, &acm.ListTagsForCertificateInput{CertificateArn: &arn})
	if err != nil {
		return nil, err
	}
	tags := make(map[string]string, len(out.Tags))
	for _, t := range out.Tags {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags, nil
}

// sdkTags are tags in the order of their keys.
func sdkTags(tags map[string]string) []types.Tag {
	var out []types.Tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, types.Tag{Key: &key, Value: new(tags[key])})
	}
	return out
}
