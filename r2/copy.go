package r2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"golang.org/x/sync/errgroup"
)

// CopyOptions is what [Client.Copy] may be told. nil keeps everything as it is.
type CopyOptions struct {
	// IfMatch copies only this version of the source, else ErrPrecondition. With more than 4.995 GiB it is compared before
	// and after the parts are copied.
	IfMatch string
	// IfAbsent refuses to overwrite: ErrPrecondition and fs.ErrExist. R2 only, as a condition of its own in beta; not with
	// more than 4.995 GiB.
	IfAbsent bool

	// Replace stores these in place of all that the source has beside its content: what is empty here is gone, but for the
	// content type, which is by the extension of the new key.
	Replace      bool
	ContentType  string
	CacheControl string
	Metadata     map[string]string
}

// Copy copies an object within the bucket, on the side of the platform, and returns what is there afterwards. The source is
// asked for first, and only that version is copied. Up to 4.995 GiB that is one request; above it parts of 1 GiB are copied, four
// at a time, with the headers and the metadata of the source. src and dst may be the same with Replace, which changes those.
//
// A copy that does not depend on its target is repeated when its answer was lost. Errors: [*Error]: fs.ErrNotExist (the
// source), fs.ErrPermission, ErrPrecondition (also of a source that is overwritten meanwhile), ErrUnknownOutcome, ErrInput.
// Source: CopyObject, UploadPartCopy and the cf-copy-destination headers, developers.cloudflare.com/r2/api/s3 (read 2026-11).
func (c *Client) Copy(ctx context.Context, dst, src string, opts *CopyOptions) (Info, error) {
	p := &copying{c: c, dst: dst, src: src}
	if opts != nil {
		p.opts = *opts
	}
	if err := p.check(); err != nil {
		return Info{}, c.invalid(opCopy, dst, err)
	}
	if c.isR2 {
		leave, err := c.writing.enter(ctx, dst)
		if err != nil {
			return Info{}, c.fail(opCopy, dst, err)
		}
		defer leave()
	}
	from, err := c.Head(ctx, src)
	if err != nil {
		return Info{}, err
	}
	if p.opts.IfMatch != "" && bareETag(&p.opts.IfMatch) != from.ETag {
		return Info{}, &Error{Op: opCopy, Bucket: c.bucket, Key: dst, Err: fmt.Errorf("%w: %s has another ETag", ErrPrecondition, src)}
	}
	if from.Size > c.maxCopy {
		return p.inParts(ctx, from)
	}
	return p.whole(ctx, from)
}

type copying struct {
	c        *Client
	dst, src string
	opts     CopyOptions
	meta     map[string]string
}

func (p *copying) check() error {
	o := p.opts
	problems := []error{
		checkKey(p.dst), checkKey(p.src), checkHeader("ContentType", o.ContentType), checkHeader("CacheControl", o.CacheControl),
		checkHeader("IfMatch", o.IfMatch),
	}
	if !o.Replace && (o.ContentType != "" || o.CacheControl != "" || len(o.Metadata) > 0) {
		problems = append(problems, errors.New("ContentType, CacheControl, Metadata: only with Replace"))
	}
	if !o.Replace && p.dst == p.src {
		problems = append(problems, errors.New("a copy onto itself changes nothing: set Replace"))
	}
	if o.IfAbsent && !p.c.isR2 {
		problems = append(problems, errors.New("IfAbsent: only R2 can make a copy depend on its target"))
	}
	if o.Replace {
		p.opts.ContentType = cmp.Or(o.ContentType, typeByExtension(p.dst), "application/octet-stream")
		if o.CacheControl == "" && isContentKey(p.dst) {
			p.opts.CacheControl = Immutable
		}
	}
	meta, err := encodeMetadata(o.Metadata, p.c.metadataLimit())
	p.meta = meta
	return errors.Join(append(problems, err)...)
}

// source spells the source for its header.
func (p *copying) source() *string { return new(p.c.bucket + "/" + escapeKey(p.src)) }

// info is what is there afterwards.
func (p *copying) info(from Info, etag string) Info {
	out := from
	out.Key, out.ETag = p.dst, etag
	if p.opts.Replace {
		out.ContentType, out.CacheControl, out.ContentEncoding, out.Metadata = p.opts.ContentType, p.opts.CacheControl, "", decodeMetadata(p.meta)
	}
	return out
}

func (p *copying) whole(ctx context.Context, from Info) (Info, error) {
	in := s3.CopyObjectInput{Bucket: &p.c.bucket, Key: &p.dst, CopySource: p.source(), CopySourceIfMatch: new(quoteETag(from.ETag))}
	if p.opts.Replace {
		in.MetadataDirective = types.MetadataDirectiveReplace
		in.ContentType, in.CacheControl, in.Metadata = &p.opts.ContentType, optional(p.opts.CacheControl), p.meta
	}
	when := harmless
	var options []func(*s3.Options)
	if p.opts.IfAbsent {
		when = onlyRefused
		options = append(options, withHeader("Cf-Copy-Destination-If-None-Match", "*"))
	}
	out, err := call(ctx, p.c, opCopy, p.dst, when, func(ctx context.Context) (*s3.CopyObjectOutput, error) {
		return p.c.api.copy(ctx, &in, options...)
	})
	if err == nil && (out.CopyObjectResult == nil || out.CopyObjectResult.ETag == nil) {
		err = p.c.notS3(opCopy, p.dst)
	}
	if e, ok := errors.AsType[*Error](err); ok && p.opts.IfAbsent && e.Status == http.StatusPreconditionFailed {
		e.ifAbsent = p.taken(ctx)
	}
	switch {
	case lost(err):
		return Info{}, unknown(err)
	case err != nil:
		return Info{}, err
	}
	info := p.info(from, bareETag(out.CopyObjectResult.ETag))
	info.LastModified = aws.ToTime(out.CopyObjectResult.LastModified)
	return info, nil
}

// taken tells whether a 412 was about the target: the source's ETag is a condition too.
func (p *copying) taken(ctx context.Context) bool {
	_, err := p.c.Head(ctx, p.dst)
	return !errors.Is(err, fs.ErrNotExist)
}

// withHeader adds a header that the SDK has no field for, before the request is signed.
func withHeader(name, value string) func(*s3.Options) {
	return func(o *s3.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Build.Add(middleware.BuildMiddlewareFunc("With"+name,
				func(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput, middleware.Metadata, error) {
					if req, ok := in.Request.(*smithyhttp.Request); ok {
						req.Header.Set(name, value)
					}
					return next.HandleBuild(ctx, in)
				}), middleware.After)
		})
	}
}

// inParts copies what is too large for one request.
func (p *copying) inParts(ctx context.Context, from Info) (Info, error) {
	if p.opts.IfAbsent {
		return Info{}, p.c.invalid(opCopy, p.dst, fmt.Errorf("IfAbsent: %s has %d bytes, the limit for it is %d", p.src, from.Size, p.c.maxCopy))
	}
	meta, err := encodeMetadata(from.Metadata, 0)
	if err != nil {
		return Info{}, p.c.invalid(opCopy, p.dst, err)
	}
	u := &upload{put: &put{
		c: p.c, key: p.dst, meta: meta, contentType: from.ContentType, cacheControl: from.CacheControl,
		opts: PutOptions{ContentEncoding: from.ContentEncoding},
	}}
	if p.opts.Replace {
		u.contentType, u.cacheControl, u.meta, u.opts.ContentEncoding = p.opts.ContentType, p.opts.CacheControl, p.meta, ""
	}
	if err := u.create(ctx); err != nil {
		return Info{}, err
	}
	etag := ""
	if err = p.copyParts(ctx, u, from.Size); err == nil {
		err = p.sameSource(ctx, from.ETag)
	}
	if err == nil {
		etag, err = u.complete(ctx)
	}
	if err != nil {
		if !errors.Is(err, ErrUnknownOutcome) {
			u.abort(ctx)
		}
		return Info{}, err
	}
	return p.info(from, etag), nil
}

// sameSource stands in for the conditions that UploadPartCopy does not take.
func (p *copying) sameSource(ctx context.Context, etag string) error {
	now, err := p.c.Head(ctx, p.src)
	if err == nil && now.ETag != etag {
		err = &Error{Op: opCopy, Bucket: p.c.bucket, Key: p.dst, Err: fmt.Errorf("%w: %s was overwritten while it was copied", ErrPrecondition, p.src)}
	}
	return err
}

func (p *copying) copyParts(ctx context.Context, u *upload, size int64) error {
	part := max(p.c.copyPart, (size+p.c.maxParts-1)/p.c.maxParts)
	whole := section{n: size}
	u.window = newWindow(maxInFlight)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(maxInFlight)
	for n := int32(1); int64(n-1)*part < size; n++ {
		s := whole.part(n, part)
		g.Go(func() error {
			span := fmt.Sprintf("bytes=%d-%d", s.off, s.off+s.n-1)
			out, err := call(ctx, p.c, opPartCopy, p.dst, harmless, func(ctx context.Context) (*s3.UploadPartCopyOutput, error) {
				return inWindow(ctx, u, opPartCopy, func() (*s3.UploadPartCopyOutput, error) {
					return p.c.api.partCopy(ctx, &s3.UploadPartCopyInput{
						Bucket: &p.c.bucket, Key: &p.dst, UploadId: &u.id, PartNumber: &n, CopySource: p.source(), CopySourceRange: &span,
					})
				})
			})
			if err == nil && (out.CopyPartResult == nil || out.CopyPartResult.ETag == nil) {
				err = p.c.notS3(opPartCopy, p.dst)
			}
			if err != nil {
				return err
			}
			etag := bareETag(out.CopyPartResult.ETag)
			u.note(journalPart{Number: n, ETag: etag, MD5: etag}, s.n)
			return nil
		})
	}
	return g.Wait()
}
