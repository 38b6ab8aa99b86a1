package cdntest

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

// fetch asks the origin, as the configuration says.
func (f *Fake) fetch(r route, viewer *http.Request, viewerHost string, https bool) answer {
	const unreachable = "CloudFront wasn't able to connect to the origin."
	o := target(r.cfg)
	if o == nil || o.S3OriginConfig != nil {
		return made(http.StatusBadGateway, "There is no such origin here.")
	}
	policy, ports, read := types.OriginProtocolPolicyHttpOnly, [2]int32{80, 443}, int32(30)
	kind := types.IpAddressTypeIpv4
	if c := o.CustomOriginConfig; c != nil {
		policy, ports, read = c.OriginProtocolPolicy, [2]int32{*c.HTTPPort, *c.HTTPSPort}, cmp.Or(aws.ToInt32(c.OriginReadTimeout), 30)
		kind = cmp.Or(c.IpAddressType, kind)
	} else if v := f.vpcEndpoint(aws.ToString(o.VpcOriginConfig.VpcOriginId)); v != nil {
		policy, ports = v.OriginProtocolPolicy, [2]int32{*v.HTTPPort, *v.HTTPSPort}
	}
	secure := policy == types.OriginProtocolPolicyHttpsOnly || policy == types.OriginProtocolPolicyMatchViewer && https
	port := ports[0]
	if secure {
		port = ports[1]
	}
	host := aws.ToString(o.DomainName)
	if r.forward {
		host = viewerHost
	}
	addr, err := f.originAddress(r, o, kind)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return made(http.StatusGatewayTimeout, unreachable)
	}
	if err != nil {
		return made(http.StatusBadGateway, "CloudFront wasn't able to resolve the origin domain name.")
	}
	conn, err := f.connect(net.JoinHostPort(addr, strconv.Itoa(int(port))), int(cmp.Or(aws.ToInt32(o.ConnectionAttempts), 3)))
	if err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
			return made(http.StatusGatewayTimeout, unreachable)
		}
		return made(http.StatusBadGateway, unreachable)
	}
	defer conn.Close() //nolint:errcheck // the answer was read
	patience := cmp.Or(f.opts.EdgeRead, time.Duration(read)*time.Second)
	_ = conn.SetDeadline(time.Now().Add(patience))
	through := conn
	if secure {
		t, err := f.shake(conn, host, aws.ToString(o.DomainName), o.CustomOriginConfig)
		if err != nil {
			return made(http.StatusBadGateway, unreachable)
		}
		through = t
	}
	return f.exchange(through, viewer, o, host)
}

func (f *Fake) vpcEndpoint(id string) *types.VpcOriginEndpointConfig {
	f.mu.Lock()
	defer f.mu.Unlock()
	if v := f.vpcByID(id); v != nil {
		return copyOf(v.origin.VpcOriginEndpointConfig)
	}
	return nil
}

// originAddress is where the edge goes: for a VPC origin past the DNS, else to an address of the Internet.
func (f *Fake) originAddress(r route, o *types.Origin, kind types.IpAddressType) (string, error) {
	if o.VpcOriginConfig != nil {
		if r.private == "" {
			return "", errors.New("the endpoint is nowhere")
		}
		return r.private, nil
	}
	addrs, err := f.Internet.Lookup(context.Background(), aws.ToString(o.DomainName))
	if err != nil {
		return "", err
	}
	for _, a := range addrs {
		if a.Is4() && kind != types.IpAddressTypeIpv6 || a.Is6() && kind != types.IpAddressTypeIpv4 {
			if a.IsPrivate() || a.IsLoopback() {
				return "", os.ErrDeadlineExceeded // nothing of the Internet gets there: nobody answers
			}
			return a.String(), nil
		}
	}
	return "", errors.New("no address of that kind")
}

func (f *Fake) connect(address string, attempts int) (net.Conn, error) {
	var last error
	for range attempts {
		ctx, cancel := context.WithTimeout(context.Background(), f.opts.EdgeConnect)
		conn, err := f.Internet.Dial(ctx, "tcp", address)
		cancel()
		if err == nil {
			return conn, nil
		}
		last = err
	}
	return nil, last
}

// shake speaks TLS with the origin and holds its chain to what CloudFront wants: in order, trusted, unexpired, and good for
// the origin's domain or the Host that is sent. TLS 1.3 is not spoken: the API has no name for it.
func (f *Fake) shake(conn net.Conn, host, domain string, c *types.CustomOriginConfig) (net.Conn, error) {
	lowest := uint16(tls.VersionTLS12)
	if c != nil && c.OriginSslProtocols != nil {
		for _, p := range c.OriginSslProtocols.Items {
			switch p {
			case types.SslProtocolTLSv1, types.SslProtocolSSLv3:
				lowest = min(lowest, tls.VersionTLS10)
			case types.SslProtocolTLSv11:
				lowest = min(lowest, tls.VersionTLS11)
			case types.SslProtocolTLSv12:
			}
		}
	}
	t := tls.Client(conn, &tls.Config{
		ServerName: host, MinVersion: lowest, MaxVersion: tls.VersionTLS12,
		InsecureSkipVerify: true, //nolint:gosec // verified below, by CloudFront's rules
		VerifyConnection: func(s tls.ConnectionState) error {
			return f.verify(s.PeerCertificates, host, domain)
		},
	})
	return t, t.HandshakeContext(context.Background()) // the connection has a deadline
}

func (f *Fake) verify(sent []*x509.Certificate, host, domain string) error {
	if len(sent) == 0 {
		return errors.New("no certificate")
	}
	between := x509.NewCertPool()
	for i, c := range sent[1:] {
		if err := sent[i].CheckSignatureFrom(c); err != nil {
			return fmt.Errorf("the chain is not in order: %w", err)
		}
		between.AddCert(c)
	}
	if _, err := sent[0].Verify(x509.VerifyOptions{Roots: f.trust.Pool(), Intermediates: between, CurrentTime: f.Clock.Now()}); err != nil {
		return err
	}
	if sent[0].VerifyHostname(domain) == nil {
		return nil
	}
	return sent[0].VerifyHostname(host)
}

// exchange sends the request and hands the answer on.
func (f *Fake) exchange(conn net.Conn, viewer *http.Request, o *types.Origin, host string) answer {
	req := &http.Request{
		Method: viewer.Method, Host: host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Close: true,
		URL:    &url.URL{Path: aws.ToString(o.OriginPath) + viewer.URL.Path, RawQuery: viewer.URL.RawQuery},
		Header: http.Header{"User-Agent": {"Amazon CloudFront"}, "X-Amz-Cf-Id": {"fakeRequestID0123456789=="}},
	}
	if o.CustomHeaders != nil {
		for _, h := range o.CustomHeaders.Items {
			req.Header.Set(aws.ToString(h.HeaderName), aws.ToString(h.HeaderValue))
		}
	}
	failed := func(err error) answer {
		if t, ok := errors.AsType[net.Error](err); ok && t.Timeout() {
			return made(http.StatusGatewayTimeout, "CloudFront attempted to establish a connection with the origin, but either the attempt failed or the origin closed the connection.")
		}
		return made(http.StatusBadGateway, "The origin closed the connection, or its answer was not HTTP.")
	}
	if err := req.Write(conn); err != nil {
		return failed(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		return failed(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return failed(err)
	}
	a := answer{resp.StatusCode, resp.Header.Clone(), string(body)}
	for _, hop := range []string{"Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length"} {
		a.header.Del(hop)
	}
	a.header.Set("X-Cache", "Miss from cloudfront")
	if a.status >= 400 {
		a.header.Set("X-Cache", "Error from cloudfront")
	}
	return a
}
