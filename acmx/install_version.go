package acmx

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
)

// write writes the files as a new version, whose name is there when all of it is.
func (d *disk) write(fs files, serial string) (name string, err error) {
	versions, err := d.versions()
	if err != nil {
		return "", err
	}
	n := 0
	if len(versions) > 0 {
		n, _ = sequenceOf(versions[0])
	}
	if len(serial) > 40 { // 20 bytes are the most that a serial number may have
		serial = serial[:40]
	}
	name = fmt.Sprintf("%06d-%s", n+1, serial)
	return name, d.writeAs(fs, name)
}

func (d *disk) writeAs(fs files, name string) error {
	if err := d.makeVersions(); err != nil {
		return err
	}
	if err := d.mkdir(tempVersion); err != nil {
		return err
	}
	for _, f := range fs {
		f.name = path.Join(tempVersion, f.name)
		if err := d.create(f); err != nil {
			return err
		}
	}
	if err := d.sync(tempVersion); err != nil {
		return err
	}
	if err := d.rename(tempVersion, path.Join(dirVersions, name)); err != nil {
		return err
	}
	return d.sync(dirVersions)
}

func (d *disk) makeVersions() error {
	if _, err := d.root.Stat(dirVersions); err == nil {
		return nil
	}
	// The first link that is made: a file system that has none is found out before a key is on it.
	if err := d.symlink(dirVersions, tempLink); err != nil {
		return fmt.Errorf("%w: symbolic links, which this needs: %w", errors.ErrUnsupported, err)
	}
	if err := d.remove(tempLink); err != nil {
		return err
	}
	if err := d.mkdir(dirVersions); err != nil {
		return err
	}
	return d.sync(".")
}

// holds tells whether a version is exactly these files, with their modes and their group.
func (d *disk) holds(name string, fs files) bool {
	for _, f := range fs {
		at := path.Join(dirVersions, name, f.name)
		info, err := d.root.Lstat(at)
		if err != nil || info.Mode() != f.mode || (f.gid != nil && groupOf(info) != *f.gid) {
			return false
		}
		data, err := d.read(at)
		same := err == nil && bytes.Equal(data, f.data)
		clear(data)
		if !same {
			return false
		}
	}
	for _, other := range fileNames() {
		if _, err := d.root.Lstat(path.Join(dirVersions, name, other)); err == nil && !fs.has(other) {
			return false // of another layout
		}
	}
	return true
}

// target is where the link of that name leads.
func target(name string) string { return path.Join(linkCurrent, name) }

// ours tells whether a name is a link that WriteDir has made.
func (d *disk) ours(name string) bool {
	to, err := d.root.Readlink(name)
	return err == nil && to == target(name)
}

// complete tells whether all links are there.
func (d *disk) complete(fs files) bool {
	for _, f := range fs {
		if !d.ours(f.name) {
			return false
		}
	}
	return true
}

// link makes the links that are missing. A plain file that is in the way is the one that was adopted: checkNames has seen
// to it.
func (d *disk) link(fs files) error {
	made := false
	for _, f := range fs {
		if d.ours(f.name) {
			continue
		}
		if err := d.symlink(target(f.name), tempLink); err != nil {
			return err
		}
		if err := d.rename(tempLink, f.name); err != nil {
			return err
		}
		made = true
	}
	if !made {
		return nil
	}
	return d.sync(".")
}

// unlink removes the links but those of the names to keep.
func (d *disk) unlink(keep func(name string) bool) error {
	for _, name := range fileNames() {
		if !d.ours(name) || keep != nil && keep(name) {
			continue
		}
		if err := d.remove(name); err != nil {
			return err
		}
	}
	return nil
}

// trim removes the links that lead nowhere now that a version is in use.
func (d *disk) trim(version string) error {
	return d.unlink(func(name string) bool {
		_, err := d.root.Lstat(path.Join(dirVersions, version, name))
		return err == nil
	})
}

// adopt makes a version of the plain files that were there before the first installation, and puts it in use, so that the
// links which take their places lead to what they were.
func (d *disk) adopt(want files) (version string, err error) {
	var found files
	defer func() { found.clear() }()
	for _, f := range want {
		info, err := d.root.Lstat(f.name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
			continue
		}
		if err != nil {
			return "", err
		}
		f.mode, f.gid = info.Mode().Perm(), new(groupOf(info))
		if checkSystem(WriteOptions{GID: f.gid}) != nil {
			f.gid = nil // a group that this process cannot give files to
		}
		if f.data, err = d.read(f.name); err != nil {
			return "", err
		}
		found = append(found, f)
	}
	if len(found) == 0 {
		return "", nil
	}
	// A run that ended between these two steps has left the version.
	if err := d.removeVersion(adopted); err != nil {
		return "", err
	}
	if err := d.writeAs(found, adopted); err != nil {
		return "", err
	}
	return adopted, d.use(adopted)
}
