package r2

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
)

// digest is the MD5 that is known before a request is made: of a section in memory, unless it is not wanted.
func (p *put) digest(s section) (sum []byte, contentMD5 string, err error) {
	if !s.memory || p.opts.Verify == VerifyNone {
		return nil, "", nil
	}
	if sum, err = s.md5(); err != nil {
		return nil, "", p.c.bodyFailed(p.key, err)
	}
	return sum, base64.StdEncoding.EncodeToString(sum), nil
}

// single stores everything in one request.
func (p *put) single(ctx context.Context, s section) (Info, error) {
	sum, contentMD5, err := p.digest(s)
	if err != nil {
		return Info{}, err
	}
	verify := p.verifies(s.n)
	when := harmless
	if p.conditional() {
		when = onlyRefused
	}
	once := func(ctx context.Context) (string, error) {
		body := newAttempt(s, verify && sum == nil, p.progress.counter())
		answer, err := p.c.done(ctx, request{op: opPut, method: http.MethodPut, key: p.key, header: p.header(contentMD5), body: body})
		if failure := body.end(err != nil); failure != nil {
			return "", &bodyError{failure}
		}
		if err != nil {
			return "", err
		}
		want := hex.EncodeToString(sum)
		if sum == nil {
			want = body.sum()
		}
		etag := etagOf(answer)
		if etag == "" {
			return "", p.c.notS3(opPut, p.key)
		}
		if verify {
			err = compare(etag, want)
		}
		return etag, err
	}
	var etag string
	err = p.progress.during(func() (err error) {
		etag, err = call(ctx, p.c, opPut, p.key, when, once)
		if err != nil && p.conditional() {
			etag, err = p.settle(ctx, s, etag, err, once)
		} else if lost(err) {
			err = unknown(err)
		}
		return err
	})
	if err != nil {
		return Info{}, err
	}
	return p.info(s.n, etag), nil
}

// header is that of the one request.
func (p *put) header(contentMD5 string) http.Header {
	h := http.Header{"Content-Type": {p.contentType}}
	setIf(h, "Cache-Control", p.cacheControl)
	setIf(h, "Content-Encoding", p.opts.ContentEncoding)
	setIf(h, "Content-Md5", contentMD5)
	for name, v := range p.meta {
		h.Set(metaPrefix+name, v)
	}
	if p.opts.IfAbsent {
		h["If-None-Match"] = []string{"*"}
	} else if p.opts.IfMatch != "" {
		h["If-Match"] = []string{quoteETag(p.opts.IfMatch)}
	}
	return h
}

// settle finds out what became of a conditional PUT that failed. Repeating one whose answer was lost could meet its own
// write; so the object is read back. With a key that holds the hash of the content, finding that content is all that
// was wanted, whoever wrote it; with any other, two writers may have sent the same bytes, and only one of them may go on.
func (p *put) settle(ctx context.Context, s section, etag string, err error, once func(context.Context) (string, error)) (string, error) {
	hashed := p.opts.IfAbsent && isContentKey(p.key)
	for again := 0; ; again++ {
		if e, ok := errors.AsType[*Error](err); ok {
			e.ifAbsent = p.opts.IfAbsent
		}
		refused := again > 0 && errors.Is(err, ErrPrecondition) // perhaps by the attempt before
		if err == nil || (!lost(err) && !refused) {
			return etag, err
		}
		if !hashed {
			return "", unknown(err)
		}
		found, gone := p.c.Head(ctx, p.key)
		if gone == nil {
			sum, failed := s.md5()
			if failed == nil && found.Size == s.n && compare(found.ETag, hex.EncodeToString(sum)) == nil {
				return found.ETag, nil
			}
			return "", unknown(err)
		}
		if !errors.Is(gone, fs.ErrNotExist) || again >= p.c.retry.Max {
			return "", unknown(err)
		}
		etag, err = call(ctx, p.c, opPut, p.key, onlyRefused, once)
	}
}

// compare is ErrCorrupt when an ETag is not the one that what was sent must have.
func compare(got, want string) error {
	if want != "" && strings.EqualFold(got, want) {
		return nil
	}
	return &corruptError{got: got, want: want}
}

// corruptError is a 200 for something else than what was sent.
type corruptError struct{ got, want string }

func (e *corruptError) Error() string {
	return fmt.Sprintf("%v: its ETag is %q, want %q", ErrCorrupt, e.got, e.want)
}

func (e *corruptError) Unwrap() error { return ErrCorrupt }

// bodyError is a failure of the caller's reader, in the middle of a request.
type bodyError struct{ err error }

func (e *bodyError) Error() string { return "body: " + e.err.Error() }
func (e *bodyError) Unwrap() error { return e.err }
