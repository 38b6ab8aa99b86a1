package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// serveWorld keeps the fakes alive on loopback until it is interrupted.
func serveWorld(ctx context.Context, address string, out io.Writer) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !at.Addr().IsLoopback() {
		return inputError{errNotLoopback}
	}
	w, err := newWorld(0)
	if err != nil {
		return err
	}
	defer w.close()
	base, stop, err := w.serve(ctx, address)
	if err != nil {
		return inputError{err}
	}
	defer stop()
	fmt.Fprintf(out, "the fakes are at %s until this is interrupted; in another terminal:\n\n\tgo run ./examples/movedomain -at %s -until propagate\n\n", base, base)
	<-ctx.Done()
	return nil
}

// serve puts the world and its fakes on ports of loopback; the world's own is the address.
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
	var errs []error
	for _, side := range []struct {
		door    *door
		handler http.Handler
	}{{&h.Aliyun, w.aliyun}, {&h.Zones, w.route53}, {&h.Domains, w.registrar}} {
		url, err := open("127.0.0.1:0", side.handler)
		side.door.URL = url
		errs = append(errs, err)
	}
	keys := w.aliyun.Config()
	h.Aliyun.ID, h.Aliyun.Secret = keys.AccessKeyID, keys.AccessKeySecret
	for _, side := range []struct {
		door *door
		keys aws.CredentialsProvider
	}{{&h.Zones, w.route53.AWS().Credentials}, {&h.Domains, w.registrar.Config().AWS.Credentials}} {
		k, err := side.keys.Retrieve(ctx)
		side.door.ID, side.door.Secret = k.AccessKeyID, k.SecretAccessKey
		errs = append(errs, err)
	}
	h.Parents = w.parents()
	base, err = open(address, w.handler(h))
	if err = errors.Join(append(errs, err)...); err != nil {
		stop()
		return "", nil, err
	}
	return base, stop, nil
}
