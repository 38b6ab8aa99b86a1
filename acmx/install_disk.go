package acmx

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// What there is in the folder, beside the names of the layout. Those with a point are there while they are made.
const (
	linkCurrent = "current"     // → versions/NAME
	dirVersions = "versions"    // a folder a version
	fileOwed    = "reload-owed" // a Reload has not answered yet; holds the name of the version to go back to
	tempCurrent = ".current"
	tempLink    = ".link"
	tempOwed    = ".reload-owed"
	tempVersion = "versions/.new"
	adopted     = "000000-adopted"
)

// disk is the folder of an installation and all that is changed in it. Every change goes through a method here that calls
// step first, so that a test can end the process before each of them.
type disk struct {
	root   *os.Root
	before func(op string) error
}

func (d *disk) step(op, name string) error {
	if d.before == nil {
		return nil
	}
	return d.before(op + " " + name)
}

func (d *disk) open(dir string) (err error) {
	if err := d.step("mkdir", "."); err != nil {
		return err
	}
	_, missing := os.Stat(dir)
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // servers and monitors look in; the key has a mode of its own
		return err
	}
	if d.root, err = os.OpenRoot(dir); err != nil || missing == nil {
		return err
	}
	if err := d.step("sync", ".."); err != nil {
		return err
	}
	above, err := os.Open(filepath.Dir(filepath.Clean(dir)))
	if err != nil {
		return err
	}
	defer above.Close()
	return above.Sync()
}

func (d *disk) mkdir(name string) error {
	if err := d.step("mkdir", name); err != nil {
		return err
	}
	if err := d.root.Mkdir(name, 0o755); err != nil {
		return err
	}
	return d.root.Chmod(name, 0o755) // whatever the umask: a server of the group has to get in
}

// sync makes what happened in a folder durable.
func (d *disk) sync(name string) error {
	if err := d.step("sync", name); err != nil {
		return err
	}
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

func (d *disk) rename(from, to string) error {
	if err := d.step("rename", from+" "+to); err != nil {
		return err
	}
	return d.root.Rename(from, to)
}

func (d *disk) symlink(target, name string) error {
	if err := d.step("symlink", name); err != nil {
		return err
	}
	return d.root.Symlink(target, name)
}

// remove is no error for what is not there.
func (d *disk) remove(name string) error {
	if _, err := d.root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := d.step("remove", name); err != nil {
		return err
	}
	return d.root.RemoveAll(name)
}

// create writes a new file and flushes it.
func (d *disk) create(f file) error {
	if err := d.step("create", f.name); err != nil {
		return err
	}
	w, err := d.root.OpenFile(f.name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer w.Close()
	if err := d.step("write", f.name); err != nil {
		return err
	}
	if _, err := w.Write(f.data); err != nil {
		return err
	}
	if f.gid != nil {
		if err := w.Chown(-1, *f.gid); err != nil {
			return err
		}
	}
	if err := w.Chmod(f.mode); err != nil {
		return err
	}
	if err := d.step("sync", f.name); err != nil {
		return err
	}
	if err := w.Sync(); err != nil {
		return err
	}
	return w.Close()
}

func (d *disk) read(name string) ([]byte, error) {
	f, err := d.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxPEM+1))
	if err == nil && len(data) > maxPEM {
		err = fmt.Errorf("%w: %s: more than %d bytes", ErrMalformed, name, maxPEM)
	}
	return data, err
}

// sweep removes what a run that was ended has left half done.
func (d *disk) sweep() error {
	return errors.Join(d.remove(tempVersion), d.remove(tempCurrent), d.remove(tempLink), d.remove(tempOwed))
}

// current is the name of the version in use, or "" when there is none.
func (d *disk) current() (string, error) {
	name, err := d.linked()
	if _, gone := d.root.Stat(path.Join(dirVersions, name)); err == nil && errors.Is(gone, fs.ErrNotExist) {
		return "", nil // somebody has removed the version
	}
	return name, err
}

// linked is the name of the version that the link leads to, or "" when there is no link.
func (d *disk) linked() (string, error) {
	target, err := d.root.Readlink(linkCurrent)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return path.Base(target), nil
}

// use puts a version in use, by one rename.
func (d *disk) use(name string) error {
	if err := d.remove(tempCurrent); err != nil {
		return err
	}
	if err := d.symlink(path.Join(dirVersions, name), tempCurrent); err != nil {
		return err
	}
	if err := d.rename(tempCurrent, linkCurrent); err != nil {
		return err
	}
	return d.sync(".")
}

// unuse takes a first installation back.
func (d *disk) unuse() error {
	if err := d.remove(linkCurrent); err != nil {
		return err
	}
	return d.sync(".")
}

// owed tells whether a Reload is owed, and the version to go back to if it fails: "" if there was none before, and now, the
// one in use, if that version is no longer there.
func (d *disk) owed(now string) (before string, owed bool, err error) {
	data, err := d.read(fileOwed)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	if before = strings.TrimSpace(string(data)); before == "" {
		return "", true, nil
	}
	if info, err := d.root.Stat(path.Join(dirVersions, before)); err != nil || !info.IsDir() || !isVersion(before) {
		return now, true, nil //nolint:nilerr // what cannot be looked at cannot be gone back to
	}
	return before, true, nil
}

// owe records, before the switch, that a Reload must follow it.
func (d *disk) owe(before string) error {
	if err := d.create(file{name: tempOwed, data: []byte(before + "\n"), mode: 0o600}); err != nil {
		return err
	}
	if err := d.rename(tempOwed, fileOwed); err != nil {
		return err
	}
	return d.sync(".")
}

// settle records that the server has what is in use.
func (d *disk) settle() error {
	if err := d.remove(fileOwed); err != nil {
		return err
	}
	return d.sync(".")
}

// sequenceOf is the number that a version's name begins with.
func sequenceOf(name string) (n int, ok bool) {
	digits, rest, found := strings.Cut(name, "-")
	n, err := strconv.Atoi(digits)
	return n, found && err == nil && n >= 0 && rest != "" && !strings.ContainsAny(rest, "/\\")
}

// versions are the names of all versions, the newest first.
func (d *disk) versions() ([]string, error) {
	f, err := d.root.Open(dirVersions)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(n string) bool { _, ok := sequenceOf(n); return !ok })
	slices.SortFunc(names, func(a, b string) int {
		m, _ := sequenceOf(a)
		n, _ := sequenceOf(b)
		return n - m
	})
	return names, nil
}

func (d *disk) removeVersion(name string) error { return d.remove(path.Join(dirVersions, name)) }

// prune removes old versions, but neither the one in use, nor before, nor as many as are to be kept.
func (d *disk) prune(now, before string, keep int) error {
	names, err := d.versions()
	if err != nil {
		return err
	}
	for _, name := range names {
		switch {
		case name == now:
		case keep > 0:
			keep--
		case name != before:
			if err := d.removeVersion(name); err != nil {
				return err
			}
		}
	}
	return nil
}
