package route53x

import (
	"cmp"
	"context"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/kitroll/kitroll/internal/pages"
)

// setsPerPage is the most sets that one ListResourceRecordSets gives, read 2026-11.
const setsPerPage = 300

// ListOptions are the options of [Client.RRSets]. nil has the defaults.
type ListOptions struct {
	From     string // the name with which to begin; default: the first
	PageSize int    // sets for one request; default 300, the most that there can be
}

// setCursor is where a page begins. Without the identifier a page that ends within sets of one name and type would be
// followed by one that repeats them, or leaves some out.
type setCursor struct{ name, typ, id string }

// RRSets lists the sets of a zone as Route 53 has them, those of changes that are still PENDING among them, in Route 53's
// order: by their names with the labels reversed, by type, by identifier. Do not change the zone meanwhile: later pages
// would show it and earlier ones not. Every range over the sequence asks anew.
//
// Errors: [ErrNotFound] for the zone; [ErrInvalid] for From.
//
// Source: ListResourceRecordSets (read 2026-11).
func (c *Client) RRSets(ctx context.Context, zoneID string, opts *ListOptions) iter.Seq2[RRSet, error] {
	var o ListOptions
	if opts != nil {
		o = *opts
	}
	zoneID = bareID(zoneID)
	if o.From != "" {
		from, err := ParseName(o.From)
		if err != nil {
			err = &Error{Kind: ErrInvalid, Op: opListSets, Subject: zoneID, Err: err}
			return func(yield func(RRSet, error) bool) { yield(RRSet{}, err) }
		}
		o.From = string(from)
	}
	size := min(max(cmp.Or(o.PageSize, setsPerPage), 1), setsPerPage)
	return pages.All(ctx, setCursor{name: o.From}, func(ctx context.Context, at setCursor) (pages.Page[RRSet, setCursor], error) {
		in := &route53.ListResourceRecordSetsInput{
			HostedZoneId: &zoneID, MaxItems: new(int32(size)),
			StartRecordName: some(at.name), StartRecordType: types.RRType(at.typ), StartRecordIdentifier: some(at.id),
		}
		out, err := call(ctx, c, action{op: opListSets, subject: zoneID, harmless: true}, c.api.sets, in)
		if err != nil {
			return pages.Page[RRSet, setCursor]{}, err
		}
		page := pages.Page[RRSet, setCursor]{
			More: out.IsTruncated,
			Next: setCursor{aws.ToString(out.NextRecordName), string(out.NextRecordType), aws.ToString(out.NextRecordIdentifier)},
		}
		for _, s := range out.ResourceRecordSets {
			page.Items = append(page.Items, fromSDK(s))
		}
		return page, nil
	})
}

// setsOf reads the sets of one name.
func (c *Client) setsOf(ctx context.Context, zoneID string, name Name) ([]RRSet, error) {
	var out []RRSet
	for s, err := range c.RRSets(ctx, zoneID, &ListOptions{From: string(name), PageSize: setsOfOneName}) {
		switch {
		case err != nil:
			return nil, err
		case canonicalKey(s).Name != name:
			return out, nil
		}
		out = append(out, s)
	}
	return out, nil
}

// setsOfOneName is a page that is enough for almost every name.
const setsOfOneName = 20
