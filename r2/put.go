package r2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
)

const (
	mib = 1 << 20

	singlePut  = 64 * mib // a body up to here that can be read again goes in one request, which costs a third
	partSize   = 16 * mib // default
	maxParts   = 10_000   // of an upload
	minPart    = 5 * mib
	verifyUpTo = 100 * mib
	pool       = 96 * mib // what the buffers of one Put hold together, unless two parts are more

	maxSingle = 5<<30 - 5*mib // 4.995 GiB
	maxObject = 5<<40 - 5<<30 // 4.995 TiB
)

// Verify is how [Client.Put] makes sure that what is stored is what was sent. Over https neither the SDK nor R2 does.
type Verify int

// The ways to verify.
const (
	// VerifyDefault compares the ETag of R2 with the MD5 of what was sent, for bodies below 100 MiB and for streams. Of
	// another S3 it does not, since the ETag need not be an MD5 there. A body that is in memory also carries Content-MD5.
	VerifyDefault Verify = iota
	// VerifyETag compares always. It costs about 1.5 CPU seconds for a GB.
	VerifyETag
	// VerifyNone computes no MD5.
	VerifyNone
)

// PutOptions is what [Client.Put] may be told. nil is the defaults.
type PutOptions struct {
	ContentType     string            // default: from the extension of the key, else from the first bytes
	CacheControl    string            // default: Immutable for a key with the hash of its content, else none is sent
	ContentEncoding string            // such as "gzip", of a body that is packed already; see Object.Length
	Metadata        map[string]string // R2: 8192 bytes; not ASCII = RFC 2047; names are stored in lower case

	// IfAbsent refuses to overwrite: ErrPrecondition and fs.ErrExist. IfMatch overwrites only this ETag. Both are one
	// single PUT, since a multipart upload ignores them: up to 4.995 GiB, of a stream that cannot be read again 64 MiB.
	IfAbsent bool
	IfMatch  string

	// Size is the size of a stream that cannot tell it; 0 = unknown. A body of another size is an error.
	Size int64
	// PartSize is that of a multipart upload; at least 5 MiB, default 16 MiB. Larger bodies grow it, so that there are at
	// most 10,000 parts. If it is set, every body above it is uploaded in parts.
	PartSize int64
	// Concurrency is how many parts may be on their way at a time: 1 to 16, default 4, since R2 is reported to refuse more
	// for one upload. Of a stream no more than fit into the 96 MiB of buffers. When the platform refuses a part for the
	// moment (429, or 503 SlowDown), half as many are sent at a time from then on, and one more for each part stored since,
	// up to one less than were refused; that many again after sixteen parts without a refusal.
	Concurrency int
	Verify      Verify

	// Progress runs on the caller's goroutine: at the beginning, five times a second, after the end.
	Progress func(Progress)
}

// Progress is how far a Put has come, in bytes.
type Progress struct {
	Sent  int64 // never goes back, also when a part is repeated
	Total int64 // -1 for a stream of unknown size
}

// put is one Put, checked.
type put struct {
	c            *Client
	key          string
	opts         PutOptions
	meta         map[string]string // as it is sent
	contentType  string
	cacheControl string
	progress     *tracker
}

// Put stores body under key, replacing what is there, and returns what was stored.
//
// A body that can be read again (a file, bytes.Reader, strings.Reader or another io.Seeker) is read from where it stands,
// without a copy: up to 64 MiB in one request, above it in equal parts, four at a time. A bytes.Buffer too. Any other
// reader is read on the caller's goroutine into buffers of [PutOptions.PartSize], five at most and 96 MiB in all unless two
// parts are more; what ends within the first is one request. A stream of unknown size can have 10,000 parts of 16 MiB,
// which is 156 GiB: beyond it, say its Size. Afterwards the body stands at its end if all went well, else anywhere.
//
// One Put at a time writes to a key, since R2 takes one write to a key per second. The others wait for it, a second longer.
//
// What failed for the moment is repeated where that does no harm: see the package comment. A Put that fails, or whose ctx
// ends, aborts its multipart upload, with half a minute for it; if that fails too, R2 removes it after 7 days.
//
// Errors: [*Error]: ErrInput before anything is sent, fs.ErrPermission, ErrPrecondition, ErrCorrupt, ErrRateLimited,
// ErrUnknownOutcome; what body.Read returned.
// Source: PutObject and multipart, developers.cloudflare.com/r2/api/s3 and …/r2/platform/limits (read 2026-11).
func (c *Client) Put(ctx context.Context, key string, body io.Reader, opts *PutOptions) (Info, error) {
	p := &put{c: c, key: key}
	if opts != nil {
		p.opts = *opts
	}
	if err := p.check(body); err != nil {
		return Info{}, c.invalid(opPut, key, err)
	}
	src, err := newSource(body, p.opts.Size)
	if err == nil {
		err = p.checkSize(src)
	}
	if err != nil {
		return Info{}, c.invalid(opPut, key, err)
	}
	if c.isR2 {
		leave, err := c.writing.enter(ctx, key)
		if err != nil {
			return Info{}, c.fail(opPut, key, err)
		}
		defer leave()
	}
	if p.opts.Progress != nil {
		p.progress = &tracker{total: src.size, tell: p.opts.Progress}
		p.progress.report()
	}
	info, err := p.run(ctx, src)
	if err != nil {
		return Info{}, err
	}
	src.finish()
	p.progress.end(info.Size)
	return info, nil
}

func (p *put) check(body io.Reader) error {
	o := p.opts
	problems := []error{
		checkKey(p.key), checkHeader("ContentType", o.ContentType), checkHeader("CacheControl", o.CacheControl),
		checkHeader("ContentEncoding", o.ContentEncoding), checkHeader("IfMatch", o.IfMatch),
	}
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if body == nil {
		bad("body is nil: an empty object is strings.NewReader(\"\")")
	}
	if o.IfAbsent && o.IfMatch != "" {
		bad("IfMatch: not together with IfAbsent")
	}
	if o.Size < 0 {
		bad("Size: %d is negative", o.Size)
	}
	if o.PartSize != 0 && (o.PartSize < p.c.minPart || o.PartSize > maxSingle) {
		bad("PartSize: %d is not in %d to %d bytes", o.PartSize, p.c.minPart, int64(maxSingle))
	}
	if o.Concurrency < 0 || o.Concurrency > 16 {
		bad("Concurrency: %d is not in 1 to 16 (0 = 4)", o.Concurrency)
	}
	if o.Verify < VerifyDefault || o.Verify > VerifyNone {
		bad("Verify: %d is none of the three", o.Verify)
	}
	if o.ContentEncoding == "aws-chunked" {
		bad("ContentEncoding: aws-chunked is no encoding of an object")
	}
	meta, err := encodeMetadata(o.Metadata, p.c.metadataLimit())
	p.meta = meta
	p.cacheControl = o.CacheControl
	if p.cacheControl == "" && isContentKey(p.key) {
		p.cacheControl = Immutable
	}
	return errors.Join(append(problems, err)...)
}

func (p *put) checkSize(src *source) error {
	switch {
	case p.c.isR2 && src.size > maxObject:
		return fmt.Errorf("body has %d bytes, the limit of an object is %d", src.size, int64(maxObject))
	case !p.conditional():
		return nil
	case src.at != nil && src.size > maxSingle:
		return fmt.Errorf("body has %d bytes, the limit with IfAbsent or IfMatch is %d: it has to be one request", src.size, int64(maxSingle))
	case src.at == nil && src.size > singlePut:
		return errStreamTooLong
	}
	return nil
}

var errStreamTooLong = fmt.Errorf("body: with IfAbsent or IfMatch a stream may have %d bytes, since it has to be one request that can be repeated; a file may have more", singlePut)

func (p *put) conditional() bool { return p.opts.IfAbsent || p.opts.IfMatch != "" }

// partSize is equal for all parts, and such that there are at most 10,000. size is -1 when it is not known.
func (p *put) partSize(size int64) int64 {
	n := cmp.Or(p.opts.PartSize, max(partSize, p.c.minPart))
	if least := (size + p.c.maxParts - 1) / p.c.maxParts; least > n {
		n = (least + mib - 1) / mib * mib
	}
	return n
}

// run chooses between one request and many.
func (p *put) run(ctx context.Context, src *source) (Info, error) {
	part := p.partSize(src.size)
	if src.at != nil {
		whole := section{at: src.at, off: src.off, n: src.size, memory: src.memory}
		if err := p.chooseType(whole); err != nil {
			return Info{}, p.c.bodyFailed(p.key, err)
		}
		if p.conditional() || p.isSingle(src.size) {
			return p.single(ctx, whole)
		}
		return p.multipart(ctx, &pieces{rest: whole, part: part}, p.verifies(src.size))
	}
	if p.conditional() {
		part = singlePut
	}
	st := &stream{r: src.r, want: src.size}
	first, more, err := st.fill(nil, int(part))
	if err != nil {
		return Info{}, p.c.bodyFailed(p.key, err)
	}
	head := inMemory(first)
	if err := p.chooseType(head); err != nil {
		return Info{}, p.c.bodyFailed(p.key, err)
	}
	switch {
	case !more:
		return p.single(ctx, head)
	case p.conditional():
		return Info{}, p.c.invalid(opPut, p.key, errStreamTooLong)
	}
	return p.multipart(ctx, &pieces{stream: st, first: first, part: part}, p.verifies(src.size))
}

// isSingle tells whether a body of this size goes in one request.
func (p *put) isSingle(size int64) bool { return size <= cmp.Or(p.opts.PartSize, singlePut) }

// verifies tells whether ETags are compared.
func (p *put) verifies(size int64) bool {
	return p.opts.Verify == VerifyETag || p.opts.Verify == VerifyDefault && p.c.isR2 && size < verifyUpTo
}

func (p *put) chooseType(s section) error {
	p.contentType = cmp.Or(p.opts.ContentType, typeByExtension(p.key))
	if p.contentType != "" {
		return nil
	}
	head := make([]byte, min(s.n, sniffed))
	if n, err := s.at.ReadAt(head, s.off); n < len(head) {
		return fmt.Errorf("read the first bytes: %w", cmp.Or(err, io.ErrUnexpectedEOF))
	}
	p.contentType = sniff(head)
	return nil
}

// info is what the bucket knows after a Put.
func (p *put) info(size int64, etag string) Info {
	return Info{
		Key: p.key, Size: size, ETag: etag, ContentType: p.contentType, CacheControl: p.cacheControl,
		ContentEncoding: p.opts.ContentEncoding, Metadata: decodeMetadata(p.meta),
	}
}

// bodyFailed is an error of reading the body.
func (c *Client) bodyFailed(key string, err error) error {
	return &Error{Op: opPut, Bucket: c.bucket, Key: key, Err: fmt.Errorf("body: %w", err)}
}

// metadataLimit is 0 where it is not known.
func (c *Client) metadataLimit() int {
	if c.isR2 {
		return maxMetadata
	}
	return 0
}
