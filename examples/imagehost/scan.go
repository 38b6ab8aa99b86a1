package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"
)

// Left is a file that is not hosted.
type Left struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// settled is how long before it was read a file must have been changed for its time to prove that it is the same: file
// systems tell times apart by up to two seconds.
const settled = 2 * time.Second

// Folder is what was found.
type Folder struct {
	Pictures []Picture // in order of their names
	Left     []Left
	Known    []Picture // what is to be remembered: the pictures, and files that are none
	Read     int       // files whose content was read; the others are known
}

// scan reads a folder, and those below it. What is known of a file by its size and time is not read again. No symbolic link is
// followed, and nothing in the folder out, where the program writes, is looked at. The error is that of ctx or of the folder.
func scan(ctx context.Context, folder, out string, known map[string]Picture, strip bool, lang Lang) (Folder, error) {
	var f Folder
	root, err := os.OpenRoot(folder)
	if err != nil {
		return f, err
	}
	defer root.Close() //nolint:errcheck // it was read from
	files := root.FS()
	leave := func(name string, why error) {
		f.Left = append(f.Left, Left{name, reason(why, lang)})
	}
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case name == ".":
			return err
		case !utf8.ValidString(name):
			leave(strings.ToValidUTF8(name, "\uFFFD"), errKind{"its name is not UTF-8", "文件名不是 UTF-8"})
			return skip(d)
		case err != nil:
			leave(name, errKind{"it cannot be read", "无法读取"})
			return skip(d)
		case strings.HasPrefix(d.Name(), "."):
			leave(name, errKind{"it is hidden", "隐藏文件"})
			return skip(d)
		case d.IsDir() && same(filepath.Join(folder, filepath.FromSlash(name)), out):
			return fs.SkipDir
		case d.IsDir():
			return nil
		case !d.Type().IsRegular():
			leave(name, errKind{"it is a link or no regular file", "符号链接或非普通文件"})
			return nil
		}
		p, read, err := look(files, name, known[name], strip)
		if read {
			f.Read++
		}
		switch {
		case err != nil:
			leave(name, err)
		case p.Why != nil:
			leave(name, *p.Why)
			f.Known = append(f.Known, p)
		default:
			f.Pictures, f.Known = append(f.Pictures, p), append(f.Known, p)
		}
		return nil
	})
	return f, err
}

func skip(d fs.DirEntry) error {
	if d != nil && d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

func same(a, b string) bool {
	infoA, err1 := os.Stat(a)
	infoB, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(infoA, infoB)
}

// look finds out what a file is, from its content or from what is known.
func look(files fs.FS, name string, known Picture, strip bool) (p Picture, read bool, err error) {
	began := time.Now()
	info, err := fs.Stat(files, name)
	switch {
	case err != nil:
		return p, false, errKind{"it cannot be read", "无法读取"}
	case info.Size() > mostBytes:
		return p, false, errKind{fmt.Sprintf("it has %s, the limit is %s", bytesOf(info.Size()), bytesOf(mostBytes)), fmt.Sprintf("大小为 %s，上限为 %s", bytesOf(info.Size()), bytesOf(mostBytes))}
	case info.Size() == 0:
		return p, false, errKind{"it is empty", "空文件"}
	}
	unchanged := (known.Key != "" || known.Why != nil) && known.Size == info.Size() && known.Modified.Equal(info.ModTime()) && known.Stripped == strip
	if unchanged && info.ModTime().Add(settled).Before(known.Read) {
		known.Name = name
		return known, false, nil
	}
	data, err := readFile(files, name)
	if err != nil {
		return p, true, errKind{"it cannot be read", "无法读取"}
	}
	p, err = describe(name, data, strip)
	p.Modified, p.Read = info.ModTime(), began
	if why, ok := errors.AsType[errKind](err); ok {
		p.Why, err = &why, nil
	}
	return p, true, err
}

// readFile reads a picture, which may have grown since it was looked at.
func readFile(files fs.FS, name string) ([]byte, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was read from
	data, err := io.ReadAll(io.LimitReader(f, mostBytes+1))
	if err == nil && len(data) > mostBytes {
		err = errors.New("it has grown beyond the limit")
	}
	return data, err
}
