package acmx

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/kitroll/kitroll/internal/atomicfile"
)

// ErrReload is the failure of the Reload hook; the version before is in place again.
var ErrReload = errors.New("reload failed")

// WriteOptions are the options of [Bundle.WriteDir]; nil is the defaults.
type WriteOptions struct {
	// Layout is which files there are. Default LayoutNginx.
	Layout Layout
	// KeyMode is the mode of the files that hold the key: 0600 (default), 0400, or with GID 0640 or 0440. The others have
	// 0644.
	KeyMode fs.FileMode
	// GID is the group of the files, for servers that do not read their key as root. Default: as the system gives it.
	GID *int
	// Keep is how many versions stay beside the one in use. Default 2. With new(0) whoever was just reading the version
	// before may find it gone.
	Keep *int
	// Reload makes the server read its files again, after they are in place. It may be called again for what it has done
	// already. Default: nobody is told.
	Reload func(ctx context.Context) error

	before func(op string) error // called before each change to the disk: tests end there
}

// rollbackTime is how long the second call of Reload may take, whose context is not the caller's: that may have ended.
const rollbackTime = time.Minute

// WriteDir installs the bundle in a folder and reports whether it changed anything. What a server is configured with are
// the names of the layout in that folder, such as dir/fullchain.pem and dir/privkey.pem. They are links into dir/current,
// which is a link to the folder of one version; a new version is written beside the old, flushed, and put in use by one
// rename of that link. So key and chain change together, whatever kills the process or the machine, and whoever resolves
// dir/current once ([ReadDir] does) never sees a mixed pair. A server that somebody else tells to reload in the very
// instant of the rename may open one file before and one after it: nginx refuses such a pair and goes on with what it has,
// and Reload, which comes after the rename, puts it right.
//
// The bundle that is there already, byte for byte and with the modes asked for, is left alone: changed is false, Reload is
// not called. If it was installed by a run that ended before Reload had answered, Reload is called now, and changed is
// true.
//
// When Reload fails, the version before is put back, Reload is called once more so that the server goes back too (with a
// minute of its own, even if ctx has ended), and the error is ErrReload with the hook's own. A first installation is
// taken away again, and Reload is not called twice.
//
// dir is made when it is not there. Plain files of these names that are there from before are taken over as the first
// version. Reported before anything is changed, all at once: options that make no sense, a folder that is no folder, that
// everybody may write to, that belongs to another user or is not writable, a group that files cannot be given to, and
// names that are taken by something else, such as the links of certbot. Two WriteDir at once in one folder: the second
// fails and says so. One that failed for another reason can be repeated; it goes on where the other ended.
//
// On Windows, where a link to a folder cannot be replaced in one step, WriteDir is errors.ErrUnsupported: write the PEM
// files of the bundle yourself, or serve [Bundle.TLSCertificate].
func (b *Bundle) WriteDir(ctx context.Context, dir string, opts *WriteOptions) (changed bool, err error) {
	if opts == nil {
		opts = &WriteOptions{}
	}
	if changed, err = b.install(ctx, dir, *opts); err != nil {
		return changed, &Error{Op: "WriteDir", Err: fmt.Errorf("%s: %w", dir, err)}
	}
	return changed, nil
}

func (b *Bundle) install(ctx context.Context, dir string, opts WriteOptions) (changed bool, err error) {
	if err := opts.setDefaults(); err != nil {
		return false, err
	}
	if b.Leaf == nil || b.key == nil {
		return false, fmt.Errorf("%w: the bundle is empty", ErrMalformed)
	}
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	files, err := opts.Layout.files(b, opts)
	if err != nil {
		return false, err
	}
	defer files.clear()
	if err := errors.Join(checkSystem(opts), checkFolder(dir)); err != nil {
		return false, err
	}
	if _, err := os.Stat(dir); err == nil {
		if err := checkNames(dir, files); err != nil {
			return false, err
		}
	}
	d := &disk{before: opts.before}
	if err := d.open(dir); err != nil {
		return false, err
	}
	defer d.root.Close() //nolint:errcheck // it was read from
	unlock, err := atomicfile.TryLock(filepath.Join(dir, ".lock"))
	if err != nil {
		return false, fmt.Errorf("lock: %w", err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	// Once more, now that nobody else is at it.
	if err := checkNames(dir, files); err != nil {
		return false, err
	}
	i := &installation{disk: d, opts: opts, files: files, serial: b.Serial()}
	return i.run(ctx)
}

// setDefaults fills in what is not set, and finds everything that makes no sense.
func (o *WriteOptions) setDefaults() error {
	if o.Layout == "" {
		o.Layout = LayoutNginx
	}
	if o.KeyMode == 0 {
		o.KeyMode = 0o600
	}
	if o.Keep == nil {
		o.Keep = new(2)
	}
	var errs []error
	if o.Layout.names() == nil {
		errs = append(errs, fmt.Errorf("Layout: %q is none of nginx, apache, haproxy", o.Layout))
	}
	switch o.KeyMode {
	case 0o600, 0o400:
	case 0o640, 0o440:
		if o.GID == nil {
			errs = append(errs, fmt.Errorf("KeyMode: %#o lets a group read the key: GID must say which", o.KeyMode))
		}
	default:
		errs = append(errs, fmt.Errorf("KeyMode: %#o is none of 0600, 0400, 0640, 0440", o.KeyMode))
	}
	if *o.Keep < 0 {
		errs = append(errs, fmt.Errorf("Keep: %d versions cannot be kept", *o.Keep))
	}
	if o.GID != nil && *o.GID < 0 {
		errs = append(errs, fmt.Errorf("GID: %d is no group", *o.GID))
	}
	return errors.Join(errs...)
}

// installation is one run of WriteDir, once all is checked and the lock is held.
type installation struct {
	*disk
	opts   WriteOptions
	files  files
	serial string
}

func (i *installation) run(ctx context.Context) (changed bool, err error) {
	if err := i.sweep(); err != nil {
		return false, err
	}
	now, err := i.current()
	if err != nil {
		return false, err
	}
	owed, isOwed, err := i.owed(now)
	if err != nil {
		return false, err
	}
	if now != "" && i.holds(now, i.files) && i.complete(i.files) {
		if !isOwed || i.opts.Reload == nil {
			return false, i.tidy(now, owed) // a run that was ended may not have come to that
		}
		return i.reload(ctx, now, owed)
	}
	if now == "" {
		if now, err = i.adopt(i.files); err != nil {
			return false, err
		}
	}
	name, err := i.write(i.files, i.serial)
	if err != nil {
		return false, err
	}
	if err := i.link(i.files); err != nil {
		return false, err
	}
	before := now // what is put back if Reload fails: the last version that a Reload has confirmed
	if isOwed {
		before = owed
	} else if i.opts.Reload != nil {
		if err := i.owe(before); err != nil {
			return false, err
		}
	}
	if err := i.use(name); err != nil {
		return false, err
	}
	if i.opts.Reload == nil {
		return true, i.tidy(name, owed)
	}
	return i.reload(ctx, name, before)
}

// reload calls the hook for the version that is in use now, and puts the one before back when it fails.
func (i *installation) reload(ctx context.Context, name, before string) (changed bool, err error) {
	if cause := i.opts.Reload(ctx); cause != nil {
		return false, i.rollBack(ctx, name, before, cause)
	}
	if err := i.settle(); err != nil {
		return true, err
	}
	return true, i.tidy(name, "")
}

func (i *installation) rollBack(ctx context.Context, name, before string, cause error) error {
	failed := fmt.Errorf("%w: %w", ErrReload, cause)
	if before == "" || before == name {
		if before == name { // the same files, for whom a reload was owed: there is no other version to go back to
			return failed
		}
		if err := errors.Join(i.unuse(), i.unlink(nil), i.settle(), i.removeVersion(name)); err != nil {
			return fmt.Errorf("%w (and the files could not be taken away again: %w)", failed, err)
		}
		return failed
	}
	if err := i.use(before); err != nil {
		return fmt.Errorf("%w (and %s could not be put back: %w)", failed, before, err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTime)
	defer cancel()
	if err := i.opts.Reload(ctx); err != nil { // owed still
		return fmt.Errorf("%w (%s is back in place, and the reload of that failed too: %w)", failed, before, err)
	}
	if err := errors.Join(i.settle(), i.removeVersion(name), i.trim(before)); err != nil {
		return fmt.Errorf("%w (%s is back in place; tidying up: %w)", failed, before, err)
	}
	return fmt.Errorf("%w (%s is back in place)", failed, before)
}

// tidy removes the links that this layout does not have, and versions beyond those to keep, of which before is one.
func (i *installation) tidy(name, before string) error {
	return errors.Join(i.trim(name), i.prune(name, before, *i.opts.Keep))
}
