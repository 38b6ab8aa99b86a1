package cdn_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/cdn"
	"github.com/kitroll/kitroll/awsops/cdntest"
)

// The usual names.
const (
	origin   = "origin.example.com"
	ec2Name  = "ec2-203-0-113-10.eu-central-1.compute.amazonaws.com"
	alias    = "www.example.com"
	address  = "203.0.113.10"
	patience = 1500 * time.Millisecond // with what does not answer; all else has to be quicker, on a busy machine too
	acmARN   = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
)

// world is a fake with its Internet, and a client.
type world struct {
	*cdntest.Fake
	t  *testing.T
	c  *cdn.Client
	id string // of the distribution that a test is about
}

func newWorld(t *testing.T, opts cdntest.Options, edit ...func(*cdn.Config)) *world {
	t.Helper()
	opts.EdgeConnect, opts.EdgeRead = patience/3, patience
	f, err := cdntest.New(opts)
	require.NoError(t, err)
	t.Cleanup(f.Close)
	f.Authority().Trust(public().root.cert)
	f.AddCertificate(acmARN, alias, "*.shop.example.com")
	cfg := f.Config()
	for _, e := range edit {
		e(&cfg)
	}
	c, err := cdn.New(cfg)
	require.NoError(t, err)
	return &world{Fake: f, t: t, c: c}
}

// named gives the origin its name and address.
func (w *world) named(host string, addresses ...string) {
	if len(addresses) == 0 {
		addresses = []string{address}
	}
	w.Internet.SetName(host, addresses...)
}

// serve puts a server on a port of the origin, on a real port of loopback behind it: with a certificate if cfg is not nil.
func (w *world) serve(port int, cfg *tls.Config, h http.HandlerFunc) {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(w.t, err)
	w.Internet.Route(fmt.Sprintf("%s:%d", address, port), l.Addr().String())
	if cfg != nil {
		l = tls.NewListener(l, cfg)
	}
	srv := &http.Server{Handler: h, ErrorLog: nil, ReadHeaderTimeout: time.Minute}
	srv.ErrorLog = quiet()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			panic(err)
		}
	}()
	w.t.Cleanup(func() {
		_ = srv.Close()
		<-done
	})
}

// ok greets by the Host that it was asked for.
func ok(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprintf(w, "hello %s", r.Host) }

// to redirects everything.
func to(target string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", target)
		w.WriteHeader(http.StatusMovedPermanently)
	}
}

func showing(c tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{c}} }

func speaking(c tls.Certificate, lowest, highest uint16) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{c}, MinVersion: lowest, MaxVersion: highest}
}

// distribution is the usual one.
func distribution(aliases ...string) cdn.Distribution {
	d := cdn.Distribution{ID: "shop", Origin: cdn.Origin{Domain: origin}, Aliases: aliases}
	if len(aliases) > 0 {
		d.Certificate.ACM = acmARN
	}
	return d
}

// byHand is a distribution as somebody makes it by hand, who did not look at the origin.
func byHand(host string, protocol cdn.Protocol, forward bool, aliases ...string) *types.DistributionConfig {
	request := "b689b0a8-53d0-40ab-baf2-68738e2966ac"
	if forward {
		request = "216adef6-5c7f-47e4-b989-5492eafa07d3"
	}
	cfg := &types.DistributionConfig{
		CallerReference: new("by hand " + host + time.Now().String()), Comment: new("by hand"), Enabled: new(true),
		Origins: &types.Origins{Quantity: new(int32(1)), Items: []types.Origin{{
			Id: new("o1"), DomainName: new(host), CustomOriginConfig: &types.CustomOriginConfig{
				HTTPPort: new(int32(80)), HTTPSPort: new(int32(443)), OriginProtocolPolicy: types.OriginProtocolPolicy(protocol),
				OriginSslProtocols: &types.OriginSslProtocols{Quantity: new(int32(1)), Items: []types.SslProtocol{types.SslProtocolTLSv12}},
			},
		}}},
		DefaultCacheBehavior: &types.DefaultCacheBehavior{
			TargetOriginId: new("o1"), ViewerProtocolPolicy: types.ViewerProtocolPolicyRedirectToHttps,
			CachePolicyId: new("4135ea2d-6df8-44a3-9df3-4b5a84be39ad"), OriginRequestPolicyId: &request,
		},
	}
	if len(aliases) > 0 {
		cfg.Aliases = &types.Aliases{Quantity: new(int32(len(aliases))), Items: aliases}
		cfg.ViewerCertificate = &types.ViewerCertificate{
			ACMCertificateArn: new(acmARN), SSLSupportMethod: types.SSLSupportMethodSniOnly, MinimumProtocolVersion: types.MinimumProtocolVersionTLSv122021,
		}
	}
	return cfg
}

// impatient gives a connection that is not answered less time than CloudFront has.
func impatient(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, at string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		conn, err := dial(ctx, network, at)
		if err != nil {
			return nil, err
		}
		return hasty{conn}, nil
	}
}

type hasty struct{ net.Conn }

func (h hasty) SetDeadline(t time.Time) error {
	if soon := time.Now().Add(patience); t.After(soon) {
		t = soon
	}
	return h.Conn.SetDeadline(t)
}
