package acmx

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// checkFolder finds what is wrong with a folder that is to hold a key, or with the one that it is to be made in.
func checkFolder(dir string) error {
	if dir == "" {
		return errors.New("no folder is named")
	}
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(dir); err == nil {
			return errors.New("it is a link that leads nowhere")
		}
		parent := filepath.Dir(filepath.Clean(dir))
		for {
			info, err = os.Stat(parent)
			if !errors.Is(err, fs.ErrNotExist) || parent == filepath.Dir(parent) {
				break
			}
			parent = filepath.Dir(parent)
		}
		switch {
		case err != nil:
			return err
		case !info.IsDir():
			return fmt.Errorf("%s is not a folder", parent)
		}
		if err := mayWrite(parent); err != nil {
			return fmt.Errorf("%s: the folder cannot be made: %w", parent, err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return errors.New("it is not a folder")
	}
	errs := []error{checkOwner(info)}
	if info.Mode().Perm()&0o002 != 0 {
		errs = append(errs, fmt.Errorf("%w: everybody may write to it (mode %#o), and so replace the key: chmod o-w", fs.ErrPermission, info.Mode().Perm()))
	}
	if err := mayWrite(dir); err != nil {
		errs = append(errs, fmt.Errorf("it is not writable: %w", err))
	}
	versions := filepath.Join(dir, dirVersions)
	switch info, err := os.Lstat(versions); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		errs = append(errs, err)
	case !info.IsDir():
		errs = append(errs, fmt.Errorf("%s in it is not a folder", dirVersions))
	default:
		if err := mayWrite(versions); err != nil {
			errs = append(errs, fmt.Errorf("%s in it is not writable: %w", dirVersions, err))
		}
	}
	return errors.Join(errs...)
}

// checkNames finds what is in the way of the links.
func checkNames(dir string, want files) error {
	var errs []error
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // it was read from
	d := &disk{root: root}
	switch to, err := root.Readlink(linkCurrent); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		errs = append(errs, fmt.Errorf("%s is not a link: move it away", linkCurrent))
	default:
		if rest, ok := strings.CutPrefix(to, dirVersions+"/"); !ok || !isVersion(rest) {
			errs = append(errs, fmt.Errorf("%s leads to %q, which is not of this package: move it away", linkCurrent, to))
		}
	}
	now, _ := d.current()
	for _, f := range want {
		info, err := root.Lstat(f.name)
		switch {
		case errors.Is(err, fs.ErrNotExist) || err == nil && d.ours(f.name):
		case err != nil:
			errs = append(errs, err)
		case info.Mode()&fs.ModeSymlink != 0:
			to, _ := root.Readlink(f.name)
			errs = append(errs, fmt.Errorf("%s is a link to %q, which somebody else keeps: name another folder, or remove it", f.name, to))
		case !info.Mode().IsRegular():
			errs = append(errs, fmt.Errorf("%s is not a file", f.name))
		default:
			errs = append(errs, d.checkPlain(f.name, now))
		}
	}
	return errors.Join(errs...)
}

// checkPlain looks at a plain file where a link is to be. Before the first installation it will be adopted, and must be
// readable; later it may only be a copy of what is in use.
func (d *disk) checkPlain(name, now string) error {
	data, err := d.read(name)
	defer clear(data)
	if err != nil || now == "" {
		return err
	}
	used, err := d.read(dirVersions + "/" + now + "/" + name)
	defer clear(used)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !bytes.Equal(data, used) {
		return fmt.Errorf("%s is a file that somebody else has put there: move it away", name)
	}
	return err
}

func isVersion(name string) bool { _, ok := sequenceOf(name); return ok }
