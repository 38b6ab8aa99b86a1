package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

const (
	demoDomain = "img.example.com"
	demoOrigin = "https://www.example.com"
)

// demo is a CDN that was set up by hand: the origin sends a header of its own, the rule stands beside it, its list is not
// checked, and requests with JSON were forgotten.
func (f *flags) demo(ctx context.Context, out io.Writer) error {
	fmt.Fprintf(out, "No URL was given: this is a demo on a CDN inside this process.\n\n")
	fake := aliyuntest.NewServer()
	defer fake.Close()
	fake.AddCDNDomain(demoDomain)
	fake.SetCDNRule(demoDomain, "set_resp_header", "",
		"header_operation_type", "add", "key", "Access-Control-Allow-Origin", "value", demoOrigin+",https://app.example.com", "duplicate", "on")
	fake.SetCDNRule(demoDomain, "set_resp_header", "", "header_operation_type", "add", "key", "X-Frame-Options", "value", "DENY", "duplicate", "off")
	node, stop, err := serve(ctx, fake.Node(demoDomain, http.HandlerFunc(demoFile), nil))
	if err != nil {
		return err
	}
	defer stop()

	client, err := aliyun.New(fake.Config()) // real code: aliyun.Config{Credentials: aliyun.EnvCredentials(os.Getenv)}
	if err != nil {
		return err
	}
	cdn := client.CDN()
	probe := func() error {
		r, err := aliyun.ProbeCORS(ctx, nil, node+"/logo.png", demoOrigin, &aliyun.ProbeOptions{Method: http.MethodPut})
		if err != nil {
			return err
		}
		return f.show(out, r)
	}
	if err := probe(); err != nil {
		return err
	}
	plan, err := cdn.PlanCORS(ctx, demoDomain, aliyun.CORS{
		Origins: []string{demoOrigin, "https://app.example.com"}, Check: true, Methods: []string{"GET", "PUT"},
		Headers: []string{"Content-Type"}, MaxAge: time.Hour,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "The plan:\n  %s\n\n", strings.ReplaceAll(strings.TrimSpace(plan.String()), "\n", "\n  "))
	if err := cdn.Apply(ctx, plan); err != nil {
		return err
	}
	if err := cdn.Wait(ctx, plan, &aliyun.CDNWaitOptions{Interval: 10 * time.Millisecond}); err != nil {
		return err
	}
	fmt.Fprintf(out, "Applied, and active on the nodes.\n\n")
	return probe()
}

// demoFile is the origin: a file, and a header that somebody once found on the web.
func demoFile(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Vary", "Accept-Encoding")
	switch {
	case r.Method == http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
	case r.URL.Path != "/logo.png":
		http.NotFound(w, r)
	default:
		w.Header().Set("Etag", `"1"`)
		_, _ = io.WriteString(w, "a picture")
	}
}

// serve listens on a free port of loopback.
func serve(ctx context.Context, h http.Handler) (url string, stop func(), err error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
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
