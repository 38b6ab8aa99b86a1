package r2

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/kitroll/kitroll/internal/pages"
)

// ListOptions is what [Client.List] may be told. nil is every object under the prefix.
type ListOptions struct {
	Delimiter  string // usually "/": keys that go on after it are summed up as one Entry with Prefix set
	StartAfter string // begin behind this key
	PageSize   int    // objects in a request; default and at most 1000
}

// List ranges over what is under a prefix, in the order of the bytes of the keys; "" is the whole bucket. Pages are
// fetched as they are needed, one request for 1,000 objects, and every range begins anew. An error is yielded once, last,
// and is an [*Error].
//
// Source: ListObjectsV2, developers.cloudflare.com/r2/api/s3/api (read 2026-11).
func (c *Client) List(ctx context.Context, prefix string, opts *ListOptions) iter.Seq2[Entry, error] {
	var o ListOptions
	if opts != nil {
		o = *opts
	}
	fetch := func(ctx context.Context, token string) (pages.Page[Entry, string], error) {
		if o.PageSize < 0 || o.PageSize > 1000 {
			return pages.Page[Entry, string]{}, c.invalid(opList, prefix, fmt.Errorf("PageSize: %d is not in 1 to 1000 (0 = 1000)", o.PageSize))
		}
		in := s3.ListObjectsV2Input{
			Bucket: &c.bucket, Prefix: optional(prefix), Delimiter: optional(o.Delimiter), StartAfter: optional(o.StartAfter),
			ContinuationToken: optional(token),
			EncodingType:      types.EncodingTypeUrl, // XML has no way to write some characters that a key may hold
		}
		if o.PageSize > 0 {
			in.MaxKeys = new(int32(o.PageSize))
		}
		out, err := call(ctx, c, opList, prefix, harmless, func(ctx context.Context) (*s3.ListObjectsV2Output, error) {
			return c.api.list(ctx, &in)
		})
		if err == nil && out.IsTruncated == nil {
			err = c.notS3(opList, prefix)
		}
		if err != nil {
			return pages.Page[Entry, string]{}, err
		}
		page := pages.Page[Entry, string]{Items: entries(out), Next: aws.ToString(out.NextContinuationToken), More: aws.ToBool(out.IsTruncated)}
		if page.More && page.Next == "" {
			return page, c.listBroken(prefix, errors.New("there is more, but no token for it"))
		}
		return page, nil
	}
	return func(yield func(Entry, error) bool) {
		for e, err := range pages.All(ctx, "", fetch) {
			if errors.Is(err, pages.ErrLoop) {
				err = c.listBroken(prefix, err)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func (c *Client) listBroken(prefix string, err error) error {
	return &Error{Op: opList, Bucket: c.bucket, Key: prefix, Err: err}
}

// entries brings the objects and the prefixes of a page, which come apart, into one order.
func entries(out *s3.ListObjectsV2Output) []Entry {
	plain := func(key *string) string {
		k := aws.ToString(key)
		if out.EncodingType == types.EncodingTypeUrl {
			if p, err := url.QueryUnescape(k); err == nil {
				return p
			}
		}
		return k
	}
	all := make([]Entry, 0, len(out.Contents)+len(out.CommonPrefixes))
	for _, o := range out.Contents {
		all = append(all, Entry{Key: plain(o.Key), Size: aws.ToInt64(o.Size), ETag: bareETag(o.ETag), LastModified: aws.ToTime(o.LastModified)})
	}
	for _, p := range out.CommonPrefixes {
		all = append(all, Entry{Key: plain(p.Prefix), Prefix: true})
	}
	slices.SortStableFunc(all, func(a, b Entry) int { return strings.Compare(a.Key, b.Key) })
	return all
}
