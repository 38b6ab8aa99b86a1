package r2admin_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

// Keys for one bucket and nothing else, seen before they are made.
func ExampleClient_PlanToken() {
	srv := r2test.NewServer()
	defer srv.Close()
	api := srv.ControlPlane() // real code: r2admin.Config{AccountID: …, APIToken: …}, with Account API Tokens Write
	defer api.Close()
	c, err := r2admin.New(config(api, r2test.Options{}))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	plan, err := c.PlanToken(ctx, &r2admin.TokenOptions{
		Name: "uploads of the blog", Access: r2admin.AccessObjectWrite, Buckets: []string{"images"},
	})
	fmt.Print(plan)
	fmt.Println(err)

	token, err := c.ApplyToken(ctx, plan) // after somebody has said yes
	fmt.Println(token.Status, token.Value == "", err)
	cfg := srv.Config() // real code: r2.Config{AccountID: …}
	keys := token.Credentials()
	cfg.Bucket, cfg.AccessKeyID, cfg.SecretAccessKey = "images", keys.AccessKeyID, keys.SecretAccessKey
	fmt.Println(r2admin.WaitKeys(ctx, cfg, nil))
	store, err := r2.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = store.Put(ctx, "hello.txt", strings.NewReader("hello"), nil)
	fmt.Println(err)
	// Output:
	// token "uploads of the blog" of the account
	//   allow Workers R2 Storage Bucket Item Write
	//     on com.cloudflare.edge.r2.bucket.0123456789abcdef0123456789abcdef_default_images
	// ! it never expires
	// <nil>
	// active false <nil>
	// <nil>
	// <nil>
}

// A token whose answer was lost is there, and its value is not: it is deleted, and another is made.
func ExampleClient_CreateToken() {
	srv := r2test.NewServer()
	defer srv.Close()
	api := srv.ControlPlane()
	defer api.Close()
	c, err := r2admin.New(config(api, r2test.Options{}))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	opts := &r2admin.TokenOptions{Name: "backup", Access: r2admin.AccessObjectRead, Buckets: []string{"images"}, TTL: 24 * time.Hour}
	api.LoseNext("CreateToken")
	token, err := c.CreateToken(ctx, opts)
	if errors.Is(err, r2admin.ErrUnknownOutcome) && token.ID != "" {
		fmt.Println("lost:", c.DeleteToken(ctx, token.ID, nil))
		token, err = c.CreateToken(ctx, opts)
	}
	fmt.Println(token.Name, token.Policies[0].Groups[0].Name, err)
	// Output:
	// lost: <nil>
	// backup Workers R2 Storage Bucket Item Read <nil>
}

// An hour's access to one folder, for somebody who is not trusted with more.
func ExampleClient_TempCredentials() {
	srv := r2test.NewServer()
	defer srv.Close()
	api := srv.ControlPlane()
	defer api.Close()
	c, err := r2admin.New(config(api, r2test.Options{}))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	keys, err := c.TempCredentials(ctx, r2admin.TempOptions{
		Bucket: "images", ParentAccessKeyID: srv.Config().AccessKeyID, Permission: r2admin.AccessObjectWrite,
		Prefixes: []string{"customer-7/"}, TTL: time.Hour,
	})
	fmt.Println(err)
	cfg := srv.Config()
	cfg.SecretAccessKey, cfg.SessionToken = keys.SecretAccessKey, keys.SessionToken
	store, err := r2.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = store.Put(ctx, "customer-7/a.txt", strings.NewReader("mine"), nil)
	fmt.Println(err)
	_, err = store.Put(ctx, "customer-8/a.txt", strings.NewReader("not mine"), nil)
	fmt.Println(errors.Is(err, fs.ErrPermission))
	// Output:
	// <nil>
	// <nil>
	// true
}
