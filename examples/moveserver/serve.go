package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/kitroll/kitroll/awsops/cdn"
	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/route53x"
)

// serveWorld keeps the fakes alive on loopback until it is interrupted.
func serveWorld(ctx context.Context, address string, out io.Writer) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !at.Addr().IsLoopback() {
		return inputError{errors.New("-serve: an address of loopback and a port, such as 127.0.0.1:8054")}
	}
	w, err := newWorld() //nolint:contextcheck // the fakes live on beyond a call
	if err != nil {
		return err
	}
	defer w.close()
	base, stop, err := w.serve(ctx, address)
	if err != nil {
		return inputError{err}
	}
	defer stop()
	fmt.Fprintf(out, "the fakes are at %s until this is interrupted; in another terminal:\n\n\tgo run ./examples/moveserver -at %s\n\n", base, base)
	<-ctx.Done()
	return nil
}

// hello is what a program has to know of a world that another process serves.
type hello struct {
	Route53, KeyID, Secret string
}

// serve puts the world on ports of loopback: EC2 with the clock, CloudFront and the servers' page on one, Route 53 on another.
func (w *world) serve(ctx context.Context, address string) (base string, stop func(), err error) {
	var servers []*http.Server
	stop = func() {
		for _, s := range servers {
			_ = s.Close()
		}
	}
	open := func(address string, h http.Handler) (string, error) {
		var lc net.ListenConfig
		l, err := lc.Listen(ctx, "tcp", address)
		if err != nil {
			return "", err
		}
		s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
		servers = append(servers, s)
		go func() { _ = s.Serve(l) }() // ends with stop
		return "http://" + l.Addr().String(), nil
	}
	var h hello
	keys, err := w.route53.AWS().Credentials.Retrieve(ctx)
	if err != nil {
		return "", stop, err
	}
	h.KeyID, h.Secret = keys.AccessKeyID, keys.SecretAccessKey
	if h.Route53, err = open("127.0.0.1:0", w.route53); err != nil {
		return "", stop, err
	}
	if base, err = open(address, w.handler(h)); err != nil {
		stop()
	}
	return base, stop, err
}

func (w *world) handler(h hello) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", w.ec2.Handler())
	answer := func(rw http.ResponseWriter, v any, err error) {
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(rw).Encode(v)
	}
	mux.HandleFunc("/hello", func(rw http.ResponseWriter, _ *http.Request) { answer(rw, h, nil) })
	mux.HandleFunc("/clock", func(rw http.ResponseWriter, r *http.Request) {
		d, err := time.ParseDuration(r.FormValue("sleep"))
		if err == nil {
			err = w.clock.Sleep(r.Context(), d)
		}
		answer(rw, w.clock.Now(), err)
	})
	mux.HandleFunc("/retarget", func(rw http.ResponseWriter, r *http.Request) {
		c, err := cdn.New(w.cdn.Config())
		n := 0
		if err == nil {
			n, err = c.Retarget(r.Context(), r.FormValue("from"), r.FormValue("to"))
		}
		answer(rw, n, err)
	})
	mux.HandleFunc("/health", func(rw http.ResponseWriter, r *http.Request) {
		var check ec2move.HealthCheck
		err := json.Unmarshal([]byte(r.FormValue("check")), &check)
		address, bad := netip.ParseAddr(r.FormValue("address"))
		if err = errors.Join(err, bad); err == nil {
			err = ec2move.HTTPHealth{Dial: w.dial}.Check(r.Context(), address, check)
		}
		answer(rw, "ok", err)
	})
	return mux
}

// far is a world that another process serves.
type far struct{ base string }

// ask posts a question, and reads the answer into v.
func (f far) ask(ctx context.Context, path string, form url.Values, v any) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.base+path+"?"+form.Encode(), http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	switch {
	case err != nil:
		return err
	case resp.StatusCode != http.StatusOK:
		return errors.New(string(body))
	}
	return json.Unmarshal(body, v)
}

// Now is the world's time, or this machine's when the world cannot be asked: every call to it will say so.
func (f far) Now() (now time.Time) {
	if err := f.ask(context.Background(), "/clock", url.Values{"sleep": {"0s"}}, &now); err != nil {
		return time.Now()
	}
	return now
}

func (f far) Sleep(ctx context.Context, d time.Duration) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return f.ask(ctx, "/clock", url.Values{"sleep": {d.String()}}, new(time.Time))
}

// Retarget satisfies ec2move.OriginRetargeter.
func (f far) Retarget(ctx context.Context, from, to string) (n int, err error) {
	err = f.ask(ctx, "/retarget", url.Values{"from": {from}, "to": {to}}, &n)
	return n, err
}

// Check satisfies ec2move.HealthChecker.
func (f far) Check(ctx context.Context, address netip.Addr, check ec2move.HealthCheck) error {
	data, err := json.Marshal(check)
	if err != nil {
		return err
	}
	return f.ask(ctx, "/health", url.Values{"address": {address.String()}, "check": {string(data)}}, new(string))
}

// dialWorld are the fakes of another process.
func dialWorld(ctx context.Context, base string) (platforms, error) {
	f := far{base}
	var h hello
	if err := f.ask(ctx, "/hello", nil, &h); err != nil {
		return platforms{}, fmt.Errorf("-at %s: %w", base, err)
	}
	account := func(at string) aws.Config {
		return aws.Config{Region: "us-east-1", BaseEndpoint: &at, Credentials: aws.CredentialsProviderFunc(
			func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: h.KeyID, SecretAccessKey: h.Secret}, nil
			})}
	}
	dns, err := route53x.New(route53x.Config{AWS: account(h.Route53), Clock: f})
	if err != nil {
		return platforms{}, err
	}
	return platforms{
		fake: true, demo: demoSpec, closing: func() {},
		cfg: ec2move.Config{AWS: account(base), Clock: f, DNS: zones{dns}, Origins: f, Health: f},
	}, nil
}
