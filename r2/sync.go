package r2

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// The reasons for which a sync is refused.
var (
	ErrEmptySource    = errors.New("the source is empty")               // a folder that was not mounted looks so
	ErrTooManyDeletes = errors.New("the plan deletes more than it may") // SyncOptions.MaxDelete
)

// SyncOptions is what [Client.PlanSync] may be told. nil is the defaults.
type SyncOptions struct {
	// Prefix is put before the path of each file to make its key, and what is not under it is left alone. It is empty or ends
	// with a slash.
	Prefix string

	// Delete removes the objects under Prefix that have no file. Default: they stay.
	Delete bool
	// MaxDelete is how many that may be, else ErrTooManyDeletes. Default: 100, and no more than half of the objects there.
	MaxDelete int

	// Ignore names files and objects that are left alone on both sides, by their path below Prefix. Default: none.
	Ignore func(path string) bool
	// FollowSymlinks takes a symbolic link for the file that it leads to. Default: links are skipped, and so are, always,
	// links to folders, devices and the like; an object under their path is not deleted.
	FollowSymlinks bool

	// SizeOnly takes a file for unchanged when the object has its size. Default: the content decides.
	SizeOnly bool
	// Cache is the path of a file with the hashes of the files, by path, size and time of change, so that what has not
	// changed need not be read again. Default: none.
	Cache string

	// Put gives the options of what is stored, such as a Cache-Control. Default: those of Put. A change of them alone is not
	// noticed. IfAbsent, IfMatch, Size and Progress are not looked at.
	Put func(key string) PutOptions
}

// Change is one thing that a sync does.
type Change struct {
	Key    string
	Path   string // in the source; empty for a delete
	Size   int64  // of the file, or of the object that is deleted
	Reason string // "new", "size", "content", or "no file"
}

// Skip is a thing in the source that is no file.
type Skip struct {
	Path   string
	Reason string // "symbolic link" and the like
}

// Plan is what a sync would do. It is made by [Client.PlanSync] and carried out by [Client.Apply]; nothing has happened yet, so
// that printing it is a dry run.
type Plan struct {
	Puts      []Change // in order of the keys
	Deletes   []Change // in order of the keys
	Unchanged int
	Skipped   []Skip

	src     fs.FS
	opts    SyncOptions
	refused error
}

// String is the plan, a line for each change.
func (p Plan) String() string {
	var b strings.Builder
	for _, c := range p.Puts {
		fmt.Fprintf(&b, "put %s (%s, %d bytes)\n", c.Key, c.Reason, c.Size)
	}
	for _, c := range p.Deletes {
		fmt.Fprintf(&b, "delete %s (%s, %d bytes)\n", c.Key, c.Reason, c.Size)
	}
	for _, s := range p.Skipped {
		fmt.Fprintf(&b, "skip %s (%s)\n", s.Path, s.Reason)
	}
	fmt.Fprintf(&b, "%d to put, %d to delete, %d unchanged, %d skipped", len(p.Puts), len(p.Deletes), p.Unchanged, len(p.Skipped))
	return b.String()
}

// PlanSync compares the files of src with the objects under a prefix and says what would make these like those. It makes one
// request for 1,000 objects (ListObjectsV2) and no other: a file is unchanged if the object has its size, and an ETag that is
// its MD5 or, of an object that was uploaded in parts, the one that parts of a usual size give. What cannot be compared so, as
// with an ETag of another kind, counts as changed.
//
// A source without any file is refused with ErrEmptySource. A plan that deletes too much is returned with ErrTooManyDeletes, so
// that it can be looked at, but cannot be applied. Keys are the paths as they are: two that differ in
// case only are two objects. An object whose key ends with a slash and that has no content stands for a folder, and stays.
//
// Errors: those, ErrInput (a path that cannot be a key, all of them), [*Error] of the listing, what reading src failed with.
func (c *Client) PlanSync(ctx context.Context, src fs.FS, opts *SyncOptions) (Plan, error) {
	p := Plan{src: src}
	if opts != nil {
		p.opts = *opts
	}
	if err := p.opts.check(); err != nil {
		return Plan{}, fmt.Errorf("r2: sync: %w: %w", ErrInput, err)
	}
	files, err := p.walk(ctx)
	if err != nil {
		return Plan{}, fmt.Errorf("r2: sync: %w", err)
	}
	if len(files) == 0 {
		return Plan{}, fmt.Errorf("r2: sync: %w: it has no file to store", ErrEmptySource)
	}
	objects := map[string]Entry{}
	for e, err := range c.List(ctx, p.opts.Prefix, nil) {
		if err != nil {
			return Plan{}, err
		}
		objects[e.Key] = e
	}
	there := len(objects)
	if err := c.compareFiles(ctx, &p, files, objects); err != nil {
		return Plan{}, fmt.Errorf("r2: sync: %w", err)
	}
	if p.opts.Delete {
		p.deletes(objects)
	}
	return p, p.guard(there)
}

func (o SyncOptions) check() error {
	var problems []error
	if o.Prefix != "" && !strings.HasSuffix(o.Prefix, "/") {
		problems = append(problems, fmt.Errorf("Prefix: %q does not end with a slash, and would be that of its neighbours too", o.Prefix))
	}
	if o.MaxDelete < 0 {
		problems = append(problems, fmt.Errorf("MaxDelete: %d is negative", o.MaxDelete))
	}
	if o.MaxDelete > 0 && !o.Delete {
		problems = append(problems, errors.New("MaxDelete: only with Delete"))
	}
	return errors.Join(problems...)
}

// file is a file of the source.
type file struct {
	path, key string
	size      int64
	modified  time.Time
}

// walk finds the files, in order of their paths. All that cannot be keys are told at once.
func (p *Plan) walk(ctx context.Context) ([]file, error) {
	var files []file
	var problems []error
	err := fs.WalkDir(p.src, ".", func(path string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil || path == "." {
			return err
		}
		if p.ignores(path) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		info, err := d.Info()
		if err == nil && d.Type()&fs.ModeSymlink != 0 && p.opts.FollowSymlinks {
			info, err = fs.Stat(p.src, path)
		}
		switch {
		case err != nil:
			return err
		case !info.Mode().IsRegular():
			p.Skipped = append(p.Skipped, Skip{path, kindOf(d.Type(), info.Mode())})
			return nil
		}
		key := p.opts.Prefix + path
		if err := checkKey(key); err != nil {
			problems = append(problems, fmt.Errorf("%q: %w", path, err))
			return nil
		}
		files = append(files, file{path, key, info.Size(), info.ModTime()})
		return nil
	})
	if err == nil && len(problems) > 0 {
		err = fmt.Errorf("%w: %w", ErrInput, errors.Join(problems...))
	}
	return files, err
}

func (p *Plan) ignores(path string) bool { return p.opts.Ignore != nil && p.opts.Ignore(path) }

func kindOf(entry, target fs.FileMode) string {
	switch {
	case entry&fs.ModeSymlink != 0 && target.IsDir():
		return "symbolic link to a folder"
	case entry&fs.ModeSymlink != 0:
		return "symbolic link"
	}
	return "no regular file"
}

// deletes plans the removal of the objects that are left over.
func (p *Plan) deletes(left map[string]Entry) {
	for key, e := range left {
		path := strings.TrimPrefix(key, p.opts.Prefix)
		kept := slices.ContainsFunc(p.Skipped, func(s Skip) bool { return path == s.Path || strings.HasPrefix(path, s.Path+"/") })
		if kept || p.ignoresBelow(path) || strings.HasSuffix(key, "/") && e.Size == 0 {
			continue
		}
		p.Deletes = append(p.Deletes, Change{Key: key, Size: e.Size, Reason: "no file"})
	}
	slices.SortFunc(p.Deletes, func(a, b Change) int { return strings.Compare(a.Key, b.Key) })
}

// ignoresBelow asks for a path and for the folders that it is in, as the walk does.
func (p *Plan) ignoresBelow(path string) bool {
	for i, c := range path {
		if c == '/' && i > 0 && p.ignores(path[:i]) {
			return true
		}
	}
	return p.ignores(path)
}

// guard refuses a plan that deletes too much.
func (p *Plan) guard(there int) error {
	n, most := len(p.Deletes), p.opts.MaxDelete
	if most == 0 {
		most = min(100, there/2)
	}
	if n <= most {
		return nil
	}
	p.refused = fmt.Errorf("r2: sync: %w: %d of %d objects under %q, the limit is %d (SyncOptions.MaxDelete)", ErrTooManyDeletes, n, there, p.opts.Prefix, most)
	return p.refused
}
