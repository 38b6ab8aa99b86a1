package r2

import (
	"cmp"
	"context"
	"crypto/md5" //nolint:gosec // an ETag is an MD5
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

// inFlight is how many parts of a stream may be on their way at a time: so many as are wanted, or fewer, so that their buffers
// and the one that is being filled fit into the pool.
func inFlight(part, most int64) int64 { return min(most, max(1, pool/part-1)) }

const maxInFlight = 4 // default

// pieces cuts a body into equal parts: of one that can be read anywhere, or of a stream, part by part.
type pieces struct {
	part    int64
	rest    section
	stream  *stream
	first   []byte // of a stream: what has been read already
	done    bool
	slots   chan []byte // one for each part that may be in flight
	buffers chan []byte // one more, so that one can be filled meanwhile; what cannot be read again needs them
}

// open makes room for n parts, or for fewer, which it tells.
func (p *pieces) open(n int64) int {
	if p.stream != nil {
		n = inFlight(p.part, n)
	}
	p.slots, p.buffers = make(chan []byte, n), make(chan []byte, n+1)
	for range n {
		p.slots <- nil
	}
	for range n + 1 {
		p.buffers <- nil
	}
	return int(n)
}

// next is the next part, of a stream read into a buffer that is free. ok is false after the last.
func (p *pieces) next(free []byte) (s section, buf []byte, ok bool, err error) {
	switch {
	case p.done:
		return section{}, free, false, nil
	case p.stream == nil:
		s = p.rest
		s.n = min(p.part, p.rest.n)
		p.rest.off += s.n
		p.rest.n -= s.n
		p.done = p.rest.n == 0
		return s, nil, true, nil
	case p.first != nil:
		buf, p.first = p.first, nil
		return inMemory(buf), buf, true, nil
	}
	if free == nil { // growing it would leave as much again behind
		free = make([]byte, 0, p.part)
	}
	buf, more, err := p.stream.fill(free, int(p.part))
	p.done = !more
	return inMemory(buf), buf, err == nil, err
}

// upload is a multipart upload in progress.
type upload struct {
	*put

	id      string
	verify  bool                  // compare the ETags
	hash    bool                  // know the MD5 of each part, whatever the ETags are
	journal *journal              // nil = none
	have    map[int32]journalPart // parts that need not be sent
	window  *window

	mu   sync.Mutex
	sent []types.CompletedPart
	sums []string // the MD5 of each part in hex: ours when verifying, else what its ETag says if it looks like one
	size int64
}

func (p *put) multipart(ctx context.Context, body *pieces, verify bool) (Info, error) {
	u := &upload{put: p, verify: verify}
	if err := u.create(ctx); err != nil {
		return Info{}, err
	}
	if err := u.send(ctx, body); err != nil {
		u.abort(ctx)
		return Info{}, err
	}
	etag, err := u.complete(ctx)
	if err != nil {
		if !errors.Is(err, ErrUnknownOutcome) && !errors.Is(err, ErrCorrupt) {
			u.abort(ctx)
		}
		return Info{}, err
	}
	return p.info(u.size, etag), nil
}

func (u *upload) create(ctx context.Context) error {
	out, err := call(ctx, u.c, opCreate, u.key, onlyRefused, func(ctx context.Context) (*s3.CreateMultipartUploadOutput, error) {
		return u.c.api.create(ctx, &s3.CreateMultipartUploadInput{
			Bucket: &u.c.bucket, Key: &u.key, ContentType: &u.contentType, CacheControl: optional(u.cacheControl),
			ContentEncoding: optional(u.opts.ContentEncoding), Metadata: u.meta,
		})
	})
	switch {
	case lost(err):
		return unknown(err) // the object is as it was; an upload that nobody goes on with may be left, for 7 days
	case err != nil:
		return err
	case aws.ToString(out.UploadId) == "":
		return &Error{Op: opCreate, Bucket: u.c.bucket, Key: u.key, Err: errors.New("the answer has no upload ID")}
	}
	u.id = *out.UploadId
	return nil
}

// send uploads all parts. The body is read here, on the caller's goroutine. It returns when nothing is in flight.
func (u *upload) send(ctx context.Context, body *pieces) error {
	u.window = newWindow(body.open(int64(cmp.Or(u.opts.Concurrency, maxInFlight))))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, gctx := errgroup.WithContext(ctx)
	failure := u.feed(ctx, gctx, body, g)
	if failure != nil {
		cancel() // nothing that is in flight is of use any more
	}
	return cmp.Or(failure, u.progress.during(g.Wait))
}

// feed starts the parts one by one as there is room for them. The error of one that fails is the group's.
func (u *upload) feed(ctx, gctx context.Context, body *pieces, g *errgroup.Group) error {
	tick, stop := u.progress.ticks()
	defer stop()
	await := func(room <-chan []byte) (buf []byte, ok bool) {
		for {
			select {
			case buf = <-room:
				return buf, true
			case <-tick:
				u.progress.report()
			case <-gctx.Done():
				return nil, false
			}
		}
	}
	for number := int32(1); ; number++ {
		buf, ok := await(body.buffers)
		if !ok {
			return u.c.fail(opPart, u.key, context.Cause(ctx)) // nil when it was a part that failed
		}
		s, buf, more, err := body.next(buf)
		if err != nil {
			return u.c.bodyFailed(u.key, err)
		}
		if !more {
			return nil
		}
		if int64(number) > u.c.maxParts {
			return u.c.invalid(opPart, u.key, fmt.Errorf("body: a stream of unknown size may have %d parts of %d bytes: set Size or a larger PartSize", u.c.maxParts, body.part))
		}
		if there, ok := u.have[number]; ok {
			u.note(there, s.n)
			body.buffers <- buf
			continue
		}
		if _, ok = await(body.slots); !ok {
			return u.c.fail(opPart, u.key, context.Cause(ctx))
		}
		g.Go(func() error {
			if err := u.part(gctx, number, s); err != nil {
				return err // and no room: the next part could be on its way before the group knows
			}
			body.slots <- nil
			body.buffers <- buf
			return nil
		})
	}
}

func (u *upload) part(ctx context.Context, number int32, s section) error {
	sum, contentMD5, err := u.digest(s)
	if err != nil {
		return err
	}
	var md5Sum string
	etag, err := call(ctx, u.c, opPart, u.key, harmless, func(ctx context.Context) (string, error) {
		body := newAttempt(s, (u.verify || u.hash) && sum == nil, u.progress.counter())
		r := request{op: opPart, method: http.MethodPut, key: u.key, body: body}
		r.query = url.Values{"partNumber": {strconv.Itoa(int(number))}, "uploadId": {u.id}}
		r.header = http.Header{"Content-Type": {"application/octet-stream"}}
		setIf(r.header, "Content-Md5", contentMD5)
		answer, err := inWindow(ctx, u, opPart, func() (http.Header, error) { return u.c.done(ctx, r) })
		if failure := body.end(err != nil); failure != nil {
			return "", &bodyError{failure}
		}
		if err != nil {
			return "", err
		}
		etag := etagOf(answer)
		if etag == "" {
			return "", u.c.notS3(opPart, u.key)
		}
		if md5Sum = hex.EncodeToString(sum); sum == nil {
			md5Sum = body.sum()
		}
		if md5Sum == "" {
			md5Sum = etag
		}
		if !u.verify || !isMD5(etag) {
			return etag, nil // as those of miniflare: the ETag of the whole will tell
		}
		return etag, compare(etag, md5Sum)
	})
	if err != nil {
		return err
	}
	part := journalPart{Number: number, ETag: etag, MD5: md5Sum}
	if u.journal != nil {
		u.remember(ctx, part)
	}
	u.note(part, s.n)
	return nil
}

// remember writes a part into the journal. Where that fails, the platform is asked the next time.
func (u *upload) remember(ctx context.Context, part journalPart) {
	if !isMD5(part.MD5) {
		part.MD5 = ""
	}
	if err := u.journal.add(part); err != nil {
		u.c.log.WarnContext(ctx, "r2 journal could not be written", "key", u.key, "error", err)
	}
}

// note counts a part that is stored.
func (u *upload) note(part journalPart, size int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for len(u.sent) < int(part.Number) {
		u.sent, u.sums = append(u.sent, types.CompletedPart{}), append(u.sums, "")
	}
	u.sums[part.Number-1] = part.MD5
	u.sent[part.Number-1] = types.CompletedPart{ETag: &part.ETag, PartNumber: &part.Number}
	u.size += size
}

// complete makes the object of the parts. When the answer is lost, the object is read back: its ETag is known, since it is
// made from those of the parts.
func (u *upload) complete(ctx context.Context) (string, error) {
	want := compositeETag(u.sums)
	out, err := call(ctx, u.c, opComplete, u.key, onlyRefused, func(ctx context.Context) (*s3.CompleteMultipartUploadOutput, error) {
		return u.c.api.complete(ctx, &s3.CompleteMultipartUploadInput{
			Bucket: &u.c.bucket, Key: &u.key, UploadId: &u.id, MultipartUpload: &types.CompletedMultipartUpload{Parts: u.sent},
		})
	})
	etag := ""
	if err == nil {
		if etag = bareETag(out.ETag); etag == "" {
			err = u.c.notS3(opComplete, u.key)
		}
	}
	switch {
	case lost(err):
		if found, gone := u.c.Head(ctx, u.key); gone == nil && want != "" && found.ETag == want && found.Size == u.size {
			return found.ETag, nil
		}
		u.c.log.WarnContext(ctx, "r2 multipart upload left as it is", "key", u.key, "upload_id", u.id)
		return "", unknown(err)
	case err != nil:
		return "", err
	}
	if u.verify {
		return etag, u.c.fail(opComplete, u.key, compare(etag, want))
	}
	return etag, nil
}

// compositeETag is that of an object made of parts: the MD5 of their MD5s, and how many there are. It is "" when those are not
// known.
func compositeETag(sums []string) string {
	h := md5.New() //nolint:gosec // see above
	for _, text := range sums {
		sum, err := hex.DecodeString(text)
		if err != nil || len(sum) != md5.Size {
			return ""
		}
		h.Write(sum)
	}
	return fmt.Sprintf("%x-%d", h.Sum(nil), len(sums))
}

// isMD5 tells whether an ETag can be an MD5.
func isMD5(etag string) bool {
	sum, err := hex.DecodeString(etag)
	return err == nil && len(sum) == md5.Size
}

// abort removes the parts, also when ctx has ended.
func (u *upload) abort(ctx context.Context) {
	ctx, cancel := later(ctx)
	defer cancel()
	_, err := call(ctx, u.c, opAbort, u.key, harmless, func(ctx context.Context) (*s3.AbortMultipartUploadOutput, error) {
		return u.c.api.abort(ctx, &s3.AbortMultipartUploadInput{Bucket: &u.c.bucket, Key: &u.key, UploadId: &u.id})
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		u.c.log.WarnContext(ctx, "r2 multipart upload could not be aborted", "key", u.key, "upload_id", u.id, "error", err)
	}
}
