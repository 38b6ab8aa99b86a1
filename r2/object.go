package r2

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// GetOptions is what [Client.Get] may be told. nil is all of the object.
type GetOptions struct {
	Range   *Range // default: all of it
	IfMatch string // an ETag: read only that version, else ErrPrecondition; what a second range of the same object wants
}

// Range is a part of an object, in bytes.
type Range struct {
	Offset int64 // from the start; negative = the last -Offset bytes, and Length must be 0
	Length int64 // 0 = up to the end
}

// header spells the range.
func (r *Range) header() (string, error) {
	switch {
	case r == nil:
		return "", nil
	case r.Length < 0:
		return "", fmt.Errorf("Range.Length: %d is negative", r.Length)
	case r.Offset < 0 && r.Length != 0:
		return "", errors.New("Range.Length: a range counted from the end goes up to the end")
	case r.Offset < 0:
		return "bytes=" + strconv.FormatInt(r.Offset, 10), nil
	case r.Length == 0:
		return fmt.Sprintf("bytes=%d-", r.Offset), nil
	case r.Offset+r.Length < r.Offset:
		return "", errors.New("Range: it ends beyond the largest offset")
	}
	return fmt.Sprintf("bytes=%d-%d", r.Offset, r.Offset+r.Length-1), nil
}

// Get opens an object. Close it. A failure before the first byte is repeated; one while it is read is returned by Read,
// and a body that ends too soon is io.ErrUnexpectedEOF.
//
// Errors: [*Error]: fs.ErrNotExist, fs.ErrPermission, ErrPrecondition; a range that begins beyond the end is refused as
// InvalidRange. Source: GetObject, developers.cloudflare.com/r2/api/s3/api (read 2026-11).
func (c *Client) Get(ctx context.Context, key string, opts *GetOptions) (*Object, error) {
	var o GetOptions
	if opts != nil {
		o = *opts
	}
	span, err := o.Range.header()
	if err = errors.Join(checkKey(key), err); err != nil {
		return nil, c.invalid(opGet, key, err)
	}
	answer, err := call(ctx, c, opGet, key, harmless, func(ctx context.Context) (*http.Response, error) { //nolint:bodyclose // whoever has the object closes it
		h := http.Header{}
		setIf(h, "Range", span)
		if o.IfMatch != "" {
			h["If-Match"] = []string{quoteETag(o.IfMatch)}
		}
		return c.do(ctx, request{op: opGet, method: http.MethodGet, key: key, header: h})
	})
	if err != nil {
		return nil, err
	}
	info := infoOf(key, answer.Header)
	obj := &Object{ReadCloser: answer.Body, Length: info.Size, Info: info}
	if _, total, ok := strings.Cut(answer.Header.Get("Content-Range"), "/"); ok {
		obj.ranged = true
		if obj.Size, err = strconv.ParseInt(total, 10, 64); err != nil {
			obj.Size = -1
		}
	}
	return obj, nil
}

// GetRange opens n bytes of an object from off; n of 0 means up to its end. It is [Client.Get] with a [Range].
func (c *Client) GetRange(ctx context.Context, key string, off, n int64) (*Object, error) {
	return c.Get(ctx, key, &GetOptions{Range: &Range{Offset: off, Length: n}})
}

// Head asks what the bucket knows of an object. Errors: [*Error], of which a HEAD knows no more than the status: a
// missing object and a missing bucket are both fs.ErrNotExist.
func (c *Client) Head(ctx context.Context, key string) (Info, error) {
	if err := checkKey(key); err != nil {
		return Info{}, c.invalid(opHead, key, err)
	}
	answer, err := call(ctx, c, opHead, key, harmless, func(ctx context.Context) (http.Header, error) {
		return c.done(ctx, request{op: opHead, method: http.MethodHead, key: key})
	})
	if err != nil {
		return Info{}, err
	}
	return infoOf(key, answer), nil
}

// Delete removes an object. One that is not there is no error. It is repeated when no answer came, since doing it twice
// is the same. What a custom domain has cached of it stays until it is purged.
func (c *Client) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return c.invalid(opDelete, key, err)
	}
	_, err := call(ctx, c, opDelete, key, harmless, func(ctx context.Context) (http.Header, error) {
		return c.done(ctx, request{op: opDelete, method: http.MethodDelete, key: key})
	})
	if lost(err) {
		return unknown(err)
	}
	return err
}

// bareETag is an ETag without its quotes.
func bareETag(etag *string) string {
	if etag == nil {
		return ""
	}
	return strings.Trim(strings.TrimPrefix(*etag, "W/"), `"`)
}

// etagOf is the bare ETag of an answer.
func etagOf(h http.Header) string { return bareETag(new(h.Get("Etag"))) }

func quoteETag(etag string) string {
	if etag == "*" {
		return etag
	}
	return `"` + strings.Trim(etag, `"`) + `"`
}

// optional is nil for nothing, which sends no header.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// later is a context for cleaning up after ctx has ended.
func later(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
}
