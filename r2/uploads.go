package r2

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/kitroll/kitroll/internal/pages"
)

// Upload is a multipart upload that is not complete. Its parts take up space, which is paid for, until it is completed or
// aborted; R2 aborts it after 7 days unless a lifecycle rule says otherwise.
type Upload struct {
	Key   string
	ID    string
	Begun time.Time
}

// Uploads ranges over the uploads under a prefix that are not complete, in order of their keys. They may be in progress, of
// this or of other programs. Pages are fetched as they are needed, and every range begins anew. An error is yielded once, last,
// and is an [*Error]. Source: ListMultipartUploads, developers.cloudflare.com/r2/api/s3/api (read 2026-11).
func (c *Client) Uploads(ctx context.Context, prefix string) iter.Seq2[Upload, error] {
	type marker struct{ key, id string }
	fetch := func(ctx context.Context, after marker) (pages.Page[Upload, marker], error) {
		out, err := call(ctx, c, opUploads, prefix, harmless, func(ctx context.Context) (*s3.ListMultipartUploadsOutput, error) {
			return c.api.uploads(ctx, &s3.ListMultipartUploadsInput{
				Bucket: &c.bucket, Prefix: optional(prefix), KeyMarker: optional(after.key), UploadIdMarker: optional(after.id),
				EncodingType: types.EncodingTypeUrl,
			})
		})
		if err == nil && out.IsTruncated == nil {
			err = c.notS3(opUploads, prefix)
		}
		if err != nil {
			return pages.Page[Upload, marker]{}, err
		}
		plain := func(key *string) string {
			if out.EncodingType == types.EncodingTypeUrl {
				if p, err := url.QueryUnescape(aws.ToString(key)); err == nil {
					return p
				}
			}
			return aws.ToString(key)
		}
		page := pages.Page[Upload, marker]{Next: marker{plain(out.NextKeyMarker), aws.ToString(out.NextUploadIdMarker)}, More: *out.IsTruncated}
		for _, u := range out.Uploads {
			page.Items = append(page.Items, Upload{Key: plain(u.Key), ID: aws.ToString(u.UploadId), Begun: aws.ToTime(u.Initiated)})
		}
		return page, nil
	}
	return func(yield func(Upload, error) bool) {
		for u, err := range pages.All(ctx, marker{}, fetch) {
			if errors.Is(err, pages.ErrLoop) {
				err = &Error{Op: opUploads, Bucket: c.bucket, Key: prefix, Err: err}
			}
			if !yield(u, err) {
				return
			}
		}
	}
}

// Abort removes the parts of an upload. One that is no longer there is fs.ErrNotExist. It is repeated when no answer came.
func (c *Client) Abort(ctx context.Context, u Upload) error {
	if err := errors.Join(checkKey(u.Key), needID(u.ID)); err != nil {
		return c.invalid(opAbort, u.Key, err)
	}
	_, err := call(ctx, c, opAbort, u.Key, harmless, func(ctx context.Context) (*s3.AbortMultipartUploadOutput, error) {
		return c.api.abort(ctx, &s3.AbortMultipartUploadInput{Bucket: &c.bucket, Key: &u.Key, UploadId: &u.ID})
	})
	if lost(err) {
		return unknown(err)
	}
	return err
}

func needID(id string) error {
	if id == "" {
		return errors.New("ID is required")
	}
	return nil
}

// AbortStale aborts the uploads under a prefix that began longer ago than age, and yields each of them with its own error, or
// the error of the listing, last. Choose an age that no upload in progress has. An upload that ended meanwhile is left out.
func (c *Client) AbortStale(ctx context.Context, prefix string, age time.Duration) iter.Seq2[Upload, error] {
	return func(yield func(Upload, error) bool) {
		before := c.now().Add(-age)
		for u, err := range c.Uploads(ctx, prefix) {
			if err == nil && !u.Begun.Before(before) {
				continue
			}
			if err == nil {
				if err = c.Abort(ctx, u); isCode(err, "NoSuchUpload") {
					continue
				}
			}
			if !yield(u, err) {
				return
			}
		}
	}
}
