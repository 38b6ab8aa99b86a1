package r2_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

func ExampleNew() {
	_, err := r2.New(r2.Config{
		AccountID:       "0123456789abcdef0123456789abcdef", // R2, Overview
		Bucket:          "images",
		AccessKeyID:     "the ID of an API token with Object Read & Write",
		SecretAccessKey: "",
	})
	fmt.Println(err)
	// Output:
	// r2: config: AccessKeyID: it holds a blank, a line break or another character that no key has
	// SecretAccessKey is required
}

func ExampleClient_Put() {
	srv := r2test.NewServer() // a bucket in memory; a real one is r2.Config{AccountID: …, Bucket: …, …}
	defer srv.Close()
	ctx := context.Background()
	c, err := r2.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	picture := []byte("\x89PNG\r\n\x1a\n…")
	key := r2.ContentKey("Chart.PNG", picture)
	_, err = c.Put(ctx, key, strings.NewReader(string(picture)), &r2.PutOptions{IfAbsent: true})
	if errors.Is(err, fs.ErrExist) {
		err = nil // the same picture is there already
	}
	fmt.Println(err)

	url, err := c.PublicURL(key)
	fmt.Println(url, err)
	info, err := c.Head(ctx, key)
	fmt.Println(info.ContentType, info.CacheControl, err)
	// Output:
	// <nil>
	// https://img.r2.fake/sha256/07b85b34b217715b394e6838bb98eaac541bc01d4372a66fa7a9296fa37d4e56.png <nil>
	// image/png public, max-age=31536000, immutable <nil>
}

func ExampleClient_PresignPut() {
	srv := r2test.NewServer()
	defer srv.Close()
	ctx := context.Background()
	c, err := r2.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := c.PresignPut(ctx, "uploads/me.jpg", 10*time.Minute, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	// Somebody without the keys sends the picture.
	req, err := http.NewRequestWithContext(ctx, p.Method, p.URL, strings.NewReader("…"))
	if err != nil {
		fmt.Println(err)
		return
	}
	req.Header = p.Header
	resp, err := srv.Client().Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(p.Header, resp.StatusCode)
	// Output: map[Content-Type:[image/jpeg]] 200
}

func ExampleClient_List() {
	srv := r2test.NewServer()
	defer srv.Close()
	ctx := context.Background()
	c, err := r2.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, key := range []string{"2025/a.txt", "2026/b.txt", "2026/c.txt", "readme.txt"} {
		if _, err := c.Put(ctx, key, strings.NewReader("…"), nil); err != nil {
			fmt.Println(err)
		}
	}
	for entry, err := range c.List(ctx, "", &r2.ListOptions{Delimiter: "/"}) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(entry.Key, entry.Prefix)
	}
	// Output:
	// 2025/ true
	// 2026/ true
	// readme.txt false
}

func ExampleClient_Get() {
	srv := r2test.NewServer()
	defer srv.Close()
	ctx := context.Background()
	c, err := r2.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := srv.Put("greeting", []byte("hello, world")); err != nil {
		fmt.Println(err)
	}
	obj, err := c.GetRange(ctx, "greeting", 7, 5)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer obj.Close()
	text, err := io.ReadAll(obj)
	fmt.Printf("%s, %d of %d bytes, %v\n", text, obj.Length, obj.Size, err)
	_, err = c.Get(ctx, "nothing", nil)
	fmt.Println(errors.Is(err, fs.ErrNotExist))
	// Output:
	// world, 5 of 12 bytes, <nil>
	// true
}
