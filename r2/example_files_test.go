package r2_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing/fstest"
	"time"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// tempDir is a folder for an example.
func tempDir() (dir string, remove func()) {
	dir, err := os.MkdirTemp("", "r2-example-")
	if err != nil {
		panic(err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }
}

// An upload that is interrupted goes on where it stood.
func ExampleClient_PutFile() {
	srv := r2test.NewServer()
	defer srv.Close()
	ctx := context.Background()
	cfg := srv.Config()
	cfg.MaxRetries = new(0) // so that one failure is enough here
	c, err := r2.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, remove := tempDir()
	defer remove()
	film := filepath.Join(dir, "film.mp4")
	if err := os.WriteFile(film, make([]byte, 24<<20), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	opts := &r2.PutFileOptions{Journal: film + ".journal"}
	opts.PartSize, opts.Concurrency = 5<<20, 1
	srv.Observe(func(e fault.Event) {
		if e.Op == "UploadPart" && e.N == 3 && e.When == fault.After {
			srv.AnswerNext("UploadPart", 503, nil, "") // the fourth of five
		}
	})
	for range 2 {
		info, err := c.PutFile(ctx, "film.mp4", film, opts)
		fmt.Println(info.Size, err == nil, srv.Calls("UploadPart"))
	}
	// Output:
	// 0 false 4
	// 25165824 true 6
}

func ExampleClient_PutImage() {
	srv := r2test.NewServer()
	defer srv.Close()
	ctx := context.Background()
	c, err := r2.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	picture := "\x89PNG\r\n\x1a\n…"
	for range 2 {
		img, err := c.PutImage(ctx, "Chart.png", strings.NewReader(picture), nil)
		fmt.Println(img.URL, img.Existed, err)
	}
	// Output:
	// https://img.r2.fake/sha256/07b85b34b217715b394e6838bb98eaac541bc01d4372a66fa7a9296fa37d4e56.png false <nil>
	// https://img.r2.fake/sha256/07b85b34b217715b394e6838bb98eaac541bc01d4372a66fa7a9296fa37d4e56.png true <nil>
}

// A plan is a dry run until it is applied.
func ExampleClient_PlanSync() {
	srv := r2test.NewServer()
	defer srv.Close()
	ctx := context.Background()
	c, err := r2.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	for key, text := range map[string]string{"site/index.html": "<p>old</p>", "site/style.css": "p{}", "site/gone.html": "x", "other": "x"} {
		if err := srv.Put(key, []byte(text)); err != nil {
			fmt.Println(err)
		}
	}
	src := fstest.MapFS{ // os.DirFS("public")
		"index.html": {Data: []byte("<p>new</p>")}, "style.css": {Data: []byte("p{}")}, "img/a.svg": {Data: []byte("<svg></svg>")},
	}
	plan, err := c.PlanSync(ctx, src, &r2.SyncOptions{Prefix: "site/", Delete: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plan)
	report, err := c.Apply(ctx, plan, nil)
	fmt.Println(report.Put, report.Deleted, err)
	_, err = c.PlanSync(ctx, fstest.MapFS{}, &r2.SyncOptions{Prefix: "site/", Delete: true})
	fmt.Println(errors.Is(err, r2.ErrEmptySource))
	// Output:
	// put site/img/a.svg (new, 11 bytes)
	// put site/index.html (content, 10 bytes)
	// delete site/gone.html (no file, 1 bytes)
	// 2 to put, 1 to delete, 1 unchanged, 0 skipped
	// 2 1 <nil>
	// true
}

func ExampleClient_GetFile() {
	srv := r2test.NewServer()
	defer srv.Close()
	c, err := r2.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := srv.Put("greeting", []byte("hello")); err != nil {
		fmt.Println(err)
	}
	dir, remove := tempDir()
	defer remove()
	path := filepath.Join(dir, "greeting.txt")
	info, err := c.GetFile(context.Background(), "greeting", path, nil)
	data, _ := os.ReadFile(path)
	fmt.Println(string(data), info.Size, err)
	// Output: hello 5 <nil>
}

func ExampleClient_DeleteAll() {
	srv := r2test.NewServer()
	defer srv.Close()
	c, err := r2.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	for key, err := range c.DeleteAll(context.Background(), slices.Values([]string{"a", "b", "../c"})) {
		fmt.Println(key, err)
	}
	// Output:
	// a <nil>
	// b <nil>
	// ../c r2: DeleteObjects images/../c: invalid input: key has the segment "..", which is resolved on the way: the object would be another
}

func ExampleClient_FS() {
	srv := r2test.NewServer()
	defer srv.Close()
	c, err := r2.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, key := range []string{"posts/1.md", "posts/2.md", "readme.md"} {
		if err := srv.Put(key, []byte("# "+key)); err != nil {
			fmt.Println(err)
		}
	}
	fsys := c.FS(context.Background())
	names, err := fs.Glob(fsys, "posts/*.md")
	fmt.Println(names, err)
	text, err := fs.ReadFile(fsys, "readme.md")
	fmt.Println(string(text), err)
	// Output:
	// [posts/1.md posts/2.md] <nil>
	// # readme.md <nil>
}

// A browser of a customer gets keys for its own folder, for an hour.
func ExampleClient_TempCredentials() {
	srv := r2test.NewServer()
	defer srv.Close()
	ctx := context.Background()
	c, err := r2.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	keys, err := c.TempCredentials(r2.TempOptions{Scope: r2.ScopeObjectReadWrite, Prefixes: []string{"customer-7/"}, TTL: time.Hour})
	if err != nil {
		fmt.Println(err)
		return
	}
	cfg := srv.Config()
	cfg.AccessKeyID, cfg.SecretAccessKey, cfg.SessionToken = keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken
	theirs, err := r2.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, key := range []string{"customer-7/cv.pdf", "customer-8/cv.pdf"} {
		_, err = theirs.Put(ctx, key, strings.NewReader("…"), nil)
		fmt.Println(key, errors.Is(err, fs.ErrPermission))
	}
	// Output:
	// customer-7/cv.pdf false
	// customer-8/cv.pdf true
}

func ExampleClient_Copy() {
	srv := r2test.NewServer()
	defer srv.Close()
	c, err := r2.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := srv.Put("draft.html", []byte("<p>…</p>")); err != nil {
		fmt.Println(err)
	}
	info, err := c.Copy(context.Background(), "index.html", "draft.html", &r2.CopyOptions{Replace: true, CacheControl: "max-age=60"})
	fmt.Println(info.ContentType, info.CacheControl, err)
	// Output: text/html; charset=utf-8 max-age=60 <nil>
}
