package r2

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"github.com/kitroll/kitroll/internal/pages"
)

// earlier is the journal of an upload that was begun before, nil for none. With Restart, one that cannot be resumed is
// aborted and forgotten.
func (f *filePut) earlier(ctx context.Context, src *source) (*journal, error) {
	if f.journalPath == "" || f.conditional() {
		return nil, nil //nolint:nilnil // no journal is no failure
	}
	j, err := readJournal(f.journalPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // see above
	} else if err != nil {
		return nil, f.journalFailed(err)
	}
	if j.head.Bucket != f.c.bucket || j.head.Endpoint != f.c.endpoint.String() || j.head.Key != f.key {
		return nil, f.c.invalid(opPut, f.key, fmt.Errorf("Journal: %s is of an upload to %s/%s at %s", f.journalPath, j.head.Bucket, j.head.Key, j.head.Endpoint))
	}
	err = nil
	switch {
	case j.head.Size != src.size:
		err = f.changed("%s has %d bytes, and had %d when its upload began", f.path, src.size, j.head.Size)
	case !j.head.Modified.Equal(f.stat.ModTime()):
		err = f.changed("%s was changed at %v, after its upload had begun", f.path, f.stat.ModTime())
	case j.head.Headers != f.headers():
		err = f.changed("the upload of %s began with another content type, cache control, content encoding or metadata", f.path)
	}
	if err == nil {
		return j, nil
	}
	return nil, f.restarts(ctx, j, err)
}

// restarts forgets an upload that cannot be resumed, or says that it cannot.
func (f *filePut) restarts(ctx context.Context, j *journal, err error) error {
	if !f.restart {
		return err
	}
	f.c.log.WarnContext(ctx, "r2 upload begins anew", "key", f.key, "upload_id", j.head.UploadID, "reason", err)
	if err := f.c.Abort(ctx, Upload{Key: f.key, ID: j.head.UploadID}); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := j.remove(); err != nil {
		return f.journalFailed(err)
	}
	return nil
}

// parts uploads in parts, from the start or from where an earlier run was.
func (f *filePut) parts(ctx context.Context, src *source, old *journal) (Info, error) {
	whole := section{at: src.at, off: src.off, n: src.size}
	u := &upload{put: &f.put, verify: f.compares(), hash: f.opts.Verify != VerifyNone, journal: old}
	if old != nil {
		u.id = old.head.UploadID
		have, err := f.stored(ctx, whole, old)
		var done Info
		switch {
		case isCode(err, "NoSuchUpload"):
			if done, err = f.gone(ctx, whole, old); !errors.Is(err, errGone) {
				return done, err
			}
			old = nil
		case errors.Is(err, ErrChanged):
			if err := f.restarts(ctx, old, err); err != nil {
				return Info{}, err
			}
			old = nil
		case err != nil:
			return Info{}, err
		default:
			u.have = have
			if sent := f.progress.counter(); sent != nil {
				for n := range have {
					sent.Add(whole.part(n, old.head.PartSize).n)
				}
			}
			if err := old.open(); err != nil {
				return Info{}, f.journalFailed(err)
			}
			for n, part := range have { // now it is known that they were this file's
				if old.parts[n].ETag != part.ETag && isMD5(part.MD5) {
					u.remember(ctx, part)
				}
			}
		}
	}
	part := f.partSize(src.size)
	if old == nil {
		if !f.inParts(src.size) { // a Restart, and it is small now
			f.report()
			return f.single(ctx, whole)
		}
		if err := f.begin(ctx, u, part); err != nil {
			return Info{}, err
		}
	} else {
		part = old.head.PartSize
	}
	f.report()
	info, err := f.sendParts(ctx, u, &pieces{rest: whole, part: part})
	if old != nil && isCode(err, "NoSuchUpload") { // where parts cannot be listed, it shows only now
		if info, err = f.gone(ctx, whole, old); errors.Is(err, errGone) {
			if f.progress != nil {
				f.progress.sent.Store(0)
			}
			return f.parts(ctx, src, nil)
		}
	}
	return info, err
}

var errGone = errors.New("the upload is gone")

// gone finds out what became of an upload that the platform no longer knows: it is complete, or has to begin anew: errGone.
func (f *filePut) gone(ctx context.Context, whole section, old *journal) (Info, error) {
	done, err := f.completed(ctx, whole, old)
	switch {
	case err == nil:
		return done, f.forget(old)
	case !errors.Is(err, fs.ErrNotExist):
		return Info{}, err
	}
	f.c.log.WarnContext(ctx, "r2 upload is gone and begins anew", "key", f.key, "upload_id", old.head.UploadID)
	return Info{}, errGone
}

// begin opens an upload and its journal.
func (f *filePut) begin(ctx context.Context, u *upload, part int64) error {
	u.journal, u.have = nil, nil
	if err := u.create(ctx); err != nil {
		return err
	}
	if f.journalPath == "" {
		return nil
	}
	u.journal = &journal{path: f.journalPath, head: journalHead{
		Version: journalVersion, Endpoint: f.c.endpoint.String(), Bucket: f.c.bucket, Key: f.key, UploadID: u.id, PartSize: part,
		Size: f.stat.Size(), Modified: f.stat.ModTime(), Headers: f.headers(), Begun: f.c.now().UTC(),
	}}
	if err := u.journal.begin(); err != nil {
		u.abort(ctx)
		return f.journalFailed(err)
	}
	return nil
}

// sendParts sends what is missing and completes the upload. What fails stays for the next run if there is a journal.
func (f *filePut) sendParts(ctx context.Context, u *upload, body *pieces) (Info, error) {
	if u.journal != nil {
		defer u.journal.close()
	}
	err := u.send(ctx, body)
	if err == nil {
		err = f.unchanged()
	}
	etag := ""
	if err == nil {
		etag, err = u.complete(ctx)
	}
	switch {
	case err == nil:
		return f.info(u.size, etag), f.forget(u.journal)
	case errors.Is(err, ErrCorrupt), errors.Is(err, ErrChanged): // what is stored by now is of no use
		u.abort(ctx)
		if failed := f.forget(u.journal); failed != nil {
			f.c.log.WarnContext(ctx, "r2 journal could not be removed", "error", failed)
		}
	case u.journal == nil && !errors.Is(err, ErrUnknownOutcome):
		u.abort(ctx)
	}
	return Info{}, err
}

func (f *filePut) forget(j *journal) error {
	if j == nil {
		return nil
	}
	if err := j.remove(); err != nil {
		return f.journalFailed(err)
	}
	return nil
}

// inParts tells whether a file of this size is uploaded in parts.
func (f *filePut) inParts(size int64) bool { return !f.conditional() && !f.isSingle(size) }

// compares tells whether ETags are compared: other than in Put, whatever the size.
func (f *filePut) compares() bool {
	return f.opts.Verify == VerifyETag || f.opts.Verify == VerifyDefault && f.c.isR2
}

// stored is the parts that need not be sent again: the platform has them, and the file has the same bytes there.
func (f *filePut) stored(ctx context.Context, whole section, j *journal) (map[int32]journalPart, error) {
	listed, err := f.c.listParts(ctx, f.key, j.head.UploadID)
	if errors.Is(err, errors.ErrUnsupported) {
		listed, err = map[int32]storedPart{}, nil
		for n, part := range j.parts {
			listed[n] = storedPart{etag: part.ETag, size: -1}
		}
	}
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	have := map[int32]journalPart{}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(maxInFlight)
	for n, there := range listed {
		s := whole.part(n, j.head.PartSize)
		if s.n <= 0 || there.size >= 0 && there.size != s.n {
			continue
		}
		noted, known := j.parts[n]
		known = known && noted.ETag == there.etag
		part := journalPart{Number: n, ETag: there.etag}
		if f.opts.Verify == VerifyNone {
			part.MD5 = there.etag // as a part that was just sent
			mu.Lock()
			have[n] = part
			mu.Unlock()
			continue
		}
		g.Go(func() error {
			if ctx.Err() != nil {
				return f.c.fail(opPut, f.key, context.Cause(ctx))
			}
			sum, err := s.md5()
			if err != nil {
				return f.c.bodyFailed(f.key, err)
			}
			part.MD5 = hex.EncodeToString(sum)
			switch {
			case known && noted.MD5 != "" && noted.MD5 != part.MD5:
				return f.changed("part %d of %s (%d bytes from %d) has another content than when it was sent", n, f.path, s.n, s.off)
			case known && noted.MD5 != "", strings.EqualFold(there.etag, part.MD5):
				mu.Lock()
				have[n] = part
				mu.Unlock()
			} // else it was on its way when the process ended, and nobody knows whether it arrived as it left: send it again
			return nil
		})
	}
	return have, g.Wait()
}

// completed recognises an upload whose last call took effect before its answer was seen. The error is fs.ErrNotExist when
// the object is another one, or none.
func (f *filePut) completed(ctx context.Context, whole section, j *journal) (Info, error) {
	found, err := f.c.Head(ctx, f.key)
	if err != nil {
		return Info{}, err
	}
	n := (whole.n + j.head.PartSize - 1) / j.head.PartSize
	if found.Size != whole.n || !strings.HasSuffix(found.ETag, fmt.Sprintf("-%d", n)) {
		return Info{}, fs.ErrNotExist
	}
	sums := make([]string, n)
	for i := range sums {
		if ctx.Err() != nil {
			return Info{}, f.c.fail(opPut, f.key, context.Cause(ctx))
		}
		if noted, ok := j.parts[int32(i+1)]; ok && noted.MD5 != "" { // size and time of the file are as they were
			sums[i] = noted.MD5
			continue
		}
		sum, err := whole.part(int32(i+1), j.head.PartSize).md5()
		if err != nil {
			return Info{}, f.c.bodyFailed(f.key, err)
		}
		sums[i] = hex.EncodeToString(sum)
	}
	if compositeETag(sums) != found.ETag {
		return Info{}, fs.ErrNotExist
	}
	return f.info(whole.n, found.ETag), nil
}

// part is the part with a number, from 1; it has no bytes when there is none.
func (s section) part(number int32, size int64) section {
	off := int64(number-1) * size
	return section{at: s.at, off: s.off + off, n: min(size, s.n-off)}
}

type storedPart struct {
	etag string
	size int64 // -1 = not known
}

// listParts asks which parts of an upload are there.
func (c *Client) listParts(ctx context.Context, key, id string) (map[int32]storedPart, error) {
	out := map[int32]storedPart{}
	fetch := func(ctx context.Context, marker string) (pages.Page[storedPart, string], error) {
		got, err := call(ctx, c, opListParts, key, harmless, func(ctx context.Context) (*s3.ListPartsOutput, error) {
			return c.api.listParts(ctx, &s3.ListPartsInput{Bucket: &c.bucket, Key: &key, UploadId: &id, PartNumberMarker: optional(marker)})
		})
		if err == nil && got.IsTruncated == nil {
			err = c.notS3(opListParts, key)
		}
		if err != nil {
			return pages.Page[storedPart, string]{}, err
		}
		for _, p := range got.Parts {
			out[aws.ToInt32(p.PartNumber)] = storedPart{etag: bareETag(p.ETag), size: aws.ToInt64(p.Size)}
		}
		return pages.Page[storedPart, string]{Items: []storedPart{{}}, Next: aws.ToString(got.NextPartNumberMarker), More: *got.IsTruncated}, nil
	}
	for _, err := range pages.All(ctx, "", fetch) {
		if err != nil {
			if _, ours := errors.AsType[*Error](err); !ours {
				err = &Error{Op: opListParts, Bucket: c.bucket, Key: key, Err: err}
			}
			return nil, err
		}
	}
	return out, nil
}

func isCode(err error, code string) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == code
}

// AbortFile ends the upload that a journal of [Client.PutFile] is of: the parts are removed, and then the journal. A journal
// that does not exist is fs.ErrNotExist; an upload that the platform no longer knows is no error.
func (c *Client) AbortFile(ctx context.Context, journal string) error {
	j, err := readJournal(journal)
	if err != nil {
		return fmt.Errorf("r2: journal %s: %w", journal, err)
	}
	if j.head.Bucket != c.bucket || j.head.Endpoint != c.endpoint.String() {
		return c.invalid(opAbort, j.head.Key, fmt.Errorf("journal: %s is of the bucket %s at %s", journal, j.head.Bucket, j.head.Endpoint))
	}
	if err := c.Abort(ctx, Upload{Key: j.head.Key, ID: j.head.UploadID}); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_ = os.Remove(journal + ".lock")
	return os.Remove(journal)
}
