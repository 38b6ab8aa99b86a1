package r2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/kitroll/kitroll/internal/atomicfile"
)

// PutFileOptions is what [Client.PutFile] may be told. nil is the defaults.
type PutFileOptions struct {
	PutOptions // Size is not looked at

	// Journal is the path of a file that remembers an upload in parts, so that the next PutFile goes on with it after this
	// one failed or the process was killed. It is removed when the object is stored. A file that goes in one request needs
	// none. Beside it, Journal+".lock" keeps two processes from the same upload. Default: none; what fails is aborted.
	Journal string

	// Restart begins anew what cannot be resumed because the file or these options have changed, and aborts what was sent
	// before. Default: the error is ErrChanged.
	Restart bool
}

// PutFile stores a file under key, as [Client.Put] does, and survives what interrupts it.
//
// With a Journal, an upload in parts that failed, whose ctx ended or whose process was killed goes on where it stood when
// PutFile is called again with the same file, key and journal: the platform is asked which parts it has (ListParts; where it
// cannot tell, the journal counts), the same parts of the file are read and compared with them, and only those that are
// missing are sent. If the file has another size or time of change, if a part of it has another content, or if the object
// would get other headers, the error is [ErrChanged], unless [PutFileOptions.Restart] is set. An upload that was complete when
// the process ended is recognised by the object's ETag, and nothing is sent. One that the platform has forgotten (R2
// removes it after 7 days) begins anew.
//
// A file that changes while it is sent is ErrChanged too, and nothing of it is stored. Unlike in Put, the ETags of R2 are
// compared whatever the size, unless Verify is VerifyNone; with that, what is resumed is not read again either.
//
// IfAbsent and IfMatch are one request and leave no journal. Of a crash between the beginning of the upload and the first
// line of its journal an empty upload stays behind: see [Client.AbortStale].
//
// Errors: as of Put, and ErrChanged; fs.ErrNotExist also of a missing file; what reading the file or writing the journal
// failed with. A journal of another key or bucket is ErrInput, and one that another process holds an error too.
func (c *Client) PutFile(ctx context.Context, key, path string, opts *PutFileOptions) (Info, error) {
	f := &filePut{put: put{c: c, key: key}, path: path}
	if opts != nil {
		f.opts, f.journalPath, f.restart = opts.PutOptions, opts.Journal, opts.Restart
		f.opts.Size = 0
	}
	if err := f.check(eof{}); err != nil {
		return Info{}, c.invalid(opPut, key, err)
	}
	file, err := os.Open(path)
	if err != nil {
		return Info{}, c.bodyFailed(key, err)
	}
	defer file.Close()
	if f.stat, err = file.Stat(); err != nil {
		return Info{}, c.bodyFailed(key, err)
	}
	if !f.stat.Mode().IsRegular() {
		return Info{}, c.invalid(opPut, key, fmt.Errorf("%s is no file", path))
	}
	src, err := newSource(file, 0)
	if err == nil {
		err = f.checkSize(src)
	}
	if err != nil {
		return Info{}, c.invalid(opPut, key, err)
	}
	unlock, err := f.lock()
	if err != nil {
		return Info{}, err
	}
	defer unlock()
	return f.finish(ctx, src)
}

// eof is a body for the checks.
type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// filePut is one PutFile.
type filePut struct {
	put

	path        string
	stat        fs.FileInfo
	journalPath string
	restart     bool
}

// lock takes the journal for this process. The lock goes when the upload is done: a process that had it open by then may
// begin another upload beside a third one, which wastes the work of one of them and harms neither.
func (f *filePut) lock() (unlock func(), err error) {
	if f.journalPath == "" {
		return func() {}, nil
	}
	free, err := atomicfile.TryLock(f.journalPath + ".lock")
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return func() {}, nil
	case err != nil:
		return nil, f.journalFailed(err)
	}
	return func() {
		if _, err := os.Stat(f.journalPath); errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(f.journalPath + ".lock")
		}
		_ = free()
	}, nil
}

func (f *filePut) journalFailed(err error) error {
	return &Error{Op: opPut, Bucket: f.c.bucket, Key: f.key, Err: fmt.Errorf("journal %s: %w", f.journalPath, err)}
}

// finish sends the file in the way that its size and the journal want.
func (f *filePut) finish(ctx context.Context, src *source) (Info, error) {
	if f.c.isR2 {
		leave, err := f.c.writing.enter(ctx, f.key)
		if err != nil {
			return Info{}, f.c.fail(opPut, f.key, err)
		}
		defer leave()
	}
	if f.opts.Progress != nil {
		f.progress = &tracker{total: src.size, tell: f.opts.Progress}
	}
	if src.at != nil {
		if err := f.chooseType(section{at: src.at, n: src.size}); err != nil {
			return Info{}, f.c.bodyFailed(f.key, err)
		}
	}
	old, err := f.earlier(ctx, src)
	if err != nil {
		return Info{}, err
	}
	if old == nil && (src.at == nil || !f.inParts(src.size)) {
		f.report()
		info, err := f.run(ctx, src)
		if err == nil {
			f.progress.end(info.Size)
		}
		return info, err
	}
	info, err := f.parts(ctx, src, old)
	if err == nil {
		f.progress.end(info.Size)
	}
	return info, err
}

func (f *filePut) report() {
	if f.progress != nil {
		f.progress.report()
	}
}

// unchanged compares the file with what it was when it was opened.
func (f *filePut) unchanged() error {
	now, err := os.Stat(f.path)
	switch {
	case err != nil:
		return f.c.bodyFailed(f.key, fmt.Errorf("%w: %w", ErrChanged, err))
	case !os.SameFile(now, f.stat):
		return f.changed("%s has been replaced meanwhile", f.path)
	case now.Size() != f.stat.Size() || !now.ModTime().Equal(f.stat.ModTime()):
		return f.changed("%s has been written to meanwhile", f.path)
	}
	return nil
}

func (f *filePut) changed(format string, args ...any) error {
	return &Error{Op: opPut, Bucket: f.c.bucket, Key: f.key, Err: fmt.Errorf("%w: "+format, append([]any{ErrChanged}, args...)...)}
}
