package r2

import (
	"context"
	"crypto/md5" //nolint:gosec // S3 has it so
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const deleteBatch = 1000 // keys in one DeleteObjects

// DeleteAll removes objects, 1,000 in a request, and yields each key with its own error, in the order of keys; an object that
// is not there is none. keys is read as the sequence is, and a range that is left early deletes nothing further, but what was
// in the same request is gone. A request that fails gives all of its keys its error, and the next one is made nevertheless,
// unless ctx has ended. A key that failed for the moment (InternalError, ServiceUnavailable, TooManyRequests) is sent again,
// with the others that did.
//
// Errors: [*Error]: fs.ErrPermission, also of a bucket lock (ObjectLockedByBucketPolicy); ErrInput of a key that is none, or
// one that XML cannot write: use Delete for that. Source: DeleteObjects, developers.cloudflare.com/r2/api/s3/api (read 2026-11).
func (c *Client) DeleteAll(ctx context.Context, keys iter.Seq[string]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		batch := make([]string, 0, deleteBatch)
		flush := func() bool {
			failed := c.deleteMany(ctx, batch)
			for _, key := range batch {
				if !yield(key, failed[key]) {
					return false
				}
			}
			batch = batch[:0]
			return true
		}
		for key := range keys {
			batch = append(batch, key)
			if len(batch) == deleteBatch && !flush() {
				return
			}
		}
		if len(batch) > 0 {
			flush()
		}
	}
}

// deleteMany gives the errors of those that were not deleted.
func (c *Client) deleteMany(ctx context.Context, keys []string) map[string]error {
	failed := map[string]error{}
	ask := make([]types.ObjectIdentifier, 0, len(keys))
	for _, key := range keys {
		if err := errors.Join(checkKey(key), checkXML(key)); err != nil {
			failed[key] = c.invalid(opDeleteAll, key, err)
			continue
		}
		ask = append(ask, types.ObjectIdentifier{Key: &key})
	}
	for again := 0; len(ask) > 0; again++ {
		out, err := call(ctx, c, opDeleteAll, "", harmless, func(ctx context.Context) (*s3.DeleteObjectsOutput, error) {
			return c.api.deleteAll(ctx, &s3.DeleteObjectsInput{Bucket: &c.bucket, Delete: &types.Delete{Objects: ask, Quiet: new(true)}}, withContentMD5)
		})
		if lost(err) {
			err = unknown(err)
		}
		if err != nil {
			for _, o := range ask {
				failed[*o.Key] = withKey(err, *o.Key)
			}
			return failed
		}
		ask = ask[:0]
		for _, e := range out.Errors {
			failure := &Error{
				Op: opDeleteAll, Bucket: c.bucket, Key: aws.ToString(e.Key), Code: aws.ToString(e.Code), Message: c.hide(aws.ToString(e.Message)),
			}
			failure.Status = statusOf(failure.Code)
			if c.isR2 {
				failure.R2Code = number(failure.Code, failure.Message)
			}
			failed[failure.Key] = failure
			if again < c.retry.Max && passing(failure.Code) {
				ask = append(ask, types.ObjectIdentifier{Key: e.Key})
			}
		}
		if len(ask) == 0 {
			return failed
		}
		if c.retry.Pause(ctx, again) != nil {
			return failed
		}
		for _, o := range ask {
			delete(failed, *o.Key)
		}
	}
	return failed
}

// withKey is the error of a request for one of its keys.
func withKey(err error, key string) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	out := *e
	out.Key = key
	return &out
}

func passing(code string) bool {
	switch code {
	case "InternalError", "ServiceUnavailable", "TooManyRequests", "SlowDown":
		return true
	}
	return false
}

// statusOf is the HTTP status that a code has where it is the answer to a request of its own.
func statusOf(code string) int {
	switch code {
	case "AccessDenied", "ObjectLockedByBucketPolicy", "NotEntitled":
		return http.StatusForbidden
	case "NoSuchKey", "NoSuchBucket":
		return http.StatusNotFound
	case "InternalError":
		return http.StatusInternalServerError
	case "ServiceUnavailable", "SlowDown":
		return http.StatusServiceUnavailable
	case "TooManyRequests":
		return http.StatusTooManyRequests
	case "NotImplemented":
		return http.StatusNotImplemented
	}
	return 0
}

// checkXML refuses what would arrive as another key: XML has no way to write most control characters, and reads a carriage
// return as a line feed.
func checkXML(key string) error {
	if strings.ContainsFunc(key, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' || r == '\uFFFE' || r == '\uFFFF' }) {
		return errors.New("key holds a character that DeleteObjects cannot name, since XML cannot: use Delete")
	}
	return nil
}

// withContentMD5 puts the MD5 of the list in place of the CRC32 that the SDK computes for this one call whatever it is told,
// and that R2 may answer 501 to.
func withContentMD5(o *s3.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("WithContentMD5",
			func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
				if req, ok := in.Request.(*smithyhttp.Request); ok {
					if err := contentMD5(req); err != nil {
						return middleware.FinalizeOutput{}, middleware.Metadata{}, err
					}
				}
				return next.HandleFinalize(ctx, in)
			}), "Signing", middleware.Before)
	})
}

func contentMD5(req *smithyhttp.Request) error {
	for name := range req.Header {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-amz-checksum-") || lower == "x-amz-sdk-checksum-algorithm" {
			req.Header.Del(name)
		}
	}
	h := md5.New() //nolint:gosec // see above
	if _, err := io.Copy(h, req.GetStream()); err != nil {
		return fmt.Errorf("hash the request: %w", err)
	}
	req.Header.Set("Content-Md5", base64.StdEncoding.EncodeToString(h.Sum(nil)))
	return req.RewindStream()
}
