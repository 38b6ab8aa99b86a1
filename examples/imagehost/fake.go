package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

// What the fake is called.
const (
	demoBucket = "pictures"
	demoDomain = "img.example.com"
)

// mostOnFake is how much the fake takes: it keeps all of its objects in one file, which is written anew with every change.
const mostOnFake = 16 << 20

// fake is an account inside this process: R2, and Cloudflare with the zone of the domain. It begins without a bucket, and
// keeps in a file of -out what was done to it, as a platform would in its data centre: a second run finds it there.
type fake struct {
	bucket  *r2test.Server
	control *r2test.ControlPlane
}

func openFake(out string) (*fake, error) {
	srv, err := r2test.Open(r2test.Options{Bucket: demoBucket, NoBucket: true, StateFile: filepath.Join(out, "fake-r2.json")})
	if err != nil {
		return nil, fmt.Errorf("the fake: %w", err)
	}
	w := &fake{bucket: srv, control: srv.ControlPlane()}
	w.control.AddZone(r2test.Zone{ID: "0f1e2d3c4b5a69788796a5b4c3d2e1f0", Name: "example.com"})
	return w, nil
}

// Close ends both.
func (w *fake) Close() {
	w.control.Close()
	w.bucket.Close()
}

func (w *fake) configs() (r2.Config, r2admin.Config) {
	data := w.bucket.Config()
	return data, r2admin.Config{
		AccountID: data.AccountID, APIToken: w.control.Token, BaseURL: w.control.URL, HTTPClient: w.control.Client(),
	}
}

// servePublic puts what the custom domain serves on a port of loopback, so that a browser can see it. It answers what the
// domain would: nothing before it is active, and CORS headers by the rules of the bucket.
func (w *fake) servePublic(ctx context.Context) (base string, stop func(), err error) {
	return listen(ctx, "127.0.0.1:0", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		r.Host = demoDomain
		w.bucket.ServeHTTP(rw, r)
	}))
}

// listen serves on an address until stop.
func listen(ctx context.Context, address string, h http.Handler) (base string, stop func(), err error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return "", nil, err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l) // ends with Close
	}()
	return "http://" + l.Addr().String(), func() {
		_ = srv.Close()
		<-done
	}, nil
}
