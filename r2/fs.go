package r2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// FS is the bucket as a file system to read, for html/template, http.FileServerFS, fs.WalkDir and the like. What stands before
// a slash in a key is a folder, which exists as long as there is something in it; its time of change is zero. ctx is that of
// every request. Opening a file is one GET that ends when it is read or closed; Stat of a file is one HEAD, and of a folder a HEAD
// and a LIST; a folder is read by as many LISTs as it takes. A file can seek and be read anywhere: that opens another GET, of the
// same version (ErrPrecondition if it was overwritten).
//
// Keys that are no path (fs.ValidPath), such as those with "//" or a slash at their end, are not seen. Of an object and a folder
// with the same name the object is seen.
func (c *Client) FS(ctx context.Context) fs.FS { return &bucketFS{ctx: ctx, c: c} }

type bucketFS struct {
	ctx context.Context //nolint:containedctx // fs.FS has no other way
	c   *Client
}

var (
	_ fs.StatFS     = (*bucketFS)(nil)
	_ fs.ReadDirFS  = (*bucketFS)(nil)
	_ fs.ReadFileFS = (*bucketFS)(nil)
)

func pathError(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// Open is fs.FS.
func (b *bucketFS) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, pathError("open", name, fs.ErrInvalid)
	}
	if name != "." {
		obj, err := b.c.Get(b.ctx, name, nil)
		if err == nil {
			return &objectFile{b: b, info: fileInfo{obj.Info}, body: obj}, nil
		}
		if !errors.Is(err, fs.ErrNotExist) || isCode(err, "NoSuchBucket") {
			return nil, pathError("open", name, err)
		}
	}
	if err := b.folder(name); err != nil {
		return nil, pathError("open", name, err)
	}
	return &folderFile{b: b, name: name}, nil
}

// folder says that there is nothing in a folder, and therefore no folder. The root is there always.
func (b *bucketFS) folder(name string) error {
	if name == "." {
		return nil
	}
	for _, err := range b.c.List(b.ctx, name+"/", &ListOptions{PageSize: 1}) {
		return err
	}
	return fs.ErrNotExist
}

// Stat is fs.StatFS.
func (b *bucketFS) Stat(name string) (fs.FileInfo, error) {
	if !fs.ValidPath(name) {
		return nil, pathError("stat", name, fs.ErrInvalid)
	}
	if name != "." {
		info, err := b.c.Head(b.ctx, name)
		if err == nil {
			return fileInfo{info}, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, pathError("stat", name, err)
		}
	}
	if err := b.folder(name); err != nil {
		return nil, pathError("stat", name, err)
	}
	return folderInfo(path.Base(name)), nil
}

// ReadFile is fs.ReadFileFS: one GET.
func (b *bucketFS) ReadFile(name string) ([]byte, error) {
	if !fs.ValidPath(name) || name == "." {
		return nil, pathError("read", name, fs.ErrInvalid)
	}
	obj, err := b.c.Get(b.ctx, name, nil)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) && b.folder(name) == nil {
			err = fmt.Errorf("%w: it is a folder", fs.ErrInvalid)
		}
		return nil, pathError("read", name, err)
	}
	defer obj.Close()
	data, err := io.ReadAll(obj)
	return data, pathError("read", name, err)
}

// ReadDir is fs.ReadDirFS.
func (b *bucketFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if !fs.ValidPath(name) {
		return nil, pathError("readdir", name, fs.ErrInvalid)
	}
	prefix := name + "/"
	if name == "." {
		prefix = ""
	}
	byName := map[string]fs.DirEntry{}
	seen := name == "."
	for e, err := range b.c.List(b.ctx, prefix, &ListOptions{Delimiter: "/"}) {
		if err != nil {
			return nil, pathError("readdir", name, err)
		}
		seen = true
		base := strings.TrimPrefix(e.Key, prefix)
		if e.Prefix {
			base = strings.TrimSuffix(base, "/")
		}
		if _, taken := byName[base]; !fs.ValidPath(base) || base == "." || e.Prefix && taken {
			continue
		}
		if e.Prefix {
			byName[base] = fs.FileInfoToDirEntry(folderInfo(base))
		} else {
			byName[base] = fs.FileInfoToDirEntry(fileInfo{Info{Key: e.Key, Size: e.Size, ETag: e.ETag, LastModified: e.LastModified}})
		}
	}
	if !seen {
		return nil, pathError("readdir", name, fs.ErrNotExist)
	}
	out := make([]fs.DirEntry, 0, len(byName))
	for _, e := range byName {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return out, nil
}

// fileInfo is an object; Sys gives its [Info].
type fileInfo struct{ info Info }

func (i fileInfo) Name() string       { return path.Base(i.info.Key) }
func (i fileInfo) Size() int64        { return i.info.Size }
func (i fileInfo) Mode() fs.FileMode  { return 0o444 }
func (i fileInfo) ModTime() time.Time { return i.info.LastModified.Truncate(time.Second) } // as HEAD has it
func (i fileInfo) IsDir() bool        { return false }
func (i fileInfo) Sys() any           { return i.info }

// folderInfo is a folder, by its name.
type folderInfo string

func (i folderInfo) Name() string     { return string(i) }
func (folderInfo) Size() int64        { return 0 }
func (folderInfo) Mode() fs.FileMode  { return fs.ModeDir | 0o555 }
func (folderInfo) ModTime() time.Time { return time.Time{} }
func (folderInfo) IsDir() bool        { return true }
func (folderInfo) Sys() any           { return nil }
