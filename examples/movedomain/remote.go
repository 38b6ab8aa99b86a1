package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/miekg/dns"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/route53x"
)

// hello is what a served world tells of itself. The keys open nothing but its fakes.
type hello struct {
	Aliyun, Zones, Domains door
	Parents                []netip.AddrPort
}

type door struct{ URL, ID, Secret string }

// remote is a world in another process: its clock, its resolver and its network of name servers.
type remote struct {
	client *http.Client
	base   string

	mu   sync.Mutex
	last time.Time // of the clock, where the world does not answer any more
}

// maxAnswer is more than any answer of a world has.
const maxAnswer = 1 << 20

func (r *remote) call(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the fakes at %s: %s: %s", r.base, resp.Status, strings.TrimSpace(string(data)))
	}
	return data, err
}

// dialWorld finds the fakes that -world serves.
func dialWorld(ctx context.Context, address string) (platforms, error) {
	r := &remote{client: &http.Client{Timeout: 30 * time.Second}, base: strings.TrimSuffix(address, "/")}
	data, err := r.call(ctx, http.MethodGet, "/hello", nil)
	if err != nil {
		return platforms{}, fmt.Errorf("-at: %w", err)
	}
	var h hello
	if err := json.Unmarshal(data, &h); err != nil {
		return platforms{}, fmt.Errorf("-at: %s is no world of this program", address)
	}
	account := func(d door) aws.Config {
		keys := aws.Credentials{AccessKeyID: d.ID, SecretAccessKey: d.Secret}
		return aws.Config{
			Region: "us-east-1", BaseEndpoint: new(d.URL),
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil }),
		}
	}
	return platforms{
		aliyun: aliyun.Config{
			AccessKeyID: h.Aliyun.ID, AccessKeySecret: h.Aliyun.Secret, AllowHTTP: true,
			Endpoints: map[aliyun.Product]string{aliyun.DNSProduct: h.Aliyun.URL, aliyun.DomainProduct: h.Aliyun.URL},
		},
		zones: route53x.Config{AWS: account(h.Zones), Clock: r}, domains: route53x.DomainsConfig{AWS: account(h.Domains), Clock: r},
		contacts: demoContacts(), clock: r, resolver: r, exchanger: r, parents: h.Parents, fake: true,
	}, nil
}

// Now is the time of the world.
func (r *remote) Now() time.Time {
	data, err := r.call(context.Background(), http.MethodGet, "/clock", nil)
	now, parseErr := time.Parse(time.RFC3339Nano, string(data))
	r.mu.Lock()
	defer r.mu.Unlock()
	if cmp.Or(err, parseErr) == nil {
		r.last = now
	}
	return r.last
}

// Sleep puts the time of the world forward.
func (r *remote) Sleep(ctx context.Context, d time.Duration) error {
	_, err := r.call(ctx, http.MethodPost, "/clock?by="+strconv.FormatInt(int64(d), 10), nil)
	return cmp.Or(context.Cause(ctx), err)
}

// LookupNetIP is the world's resolver.
func (r *remote) LookupNetIP(ctx context.Context, _, host string) ([]netip.Addr, error) {
	data, err := r.call(ctx, http.MethodGet, "/addr?host="+url.QueryEscape(host), nil)
	if err != nil {
		return nil, err
	}
	a, err := netip.ParseAddr(string(data))
	return []netip.Addr{a}, err
}

// Exchange asks a name server of the world.
func (r *remote) Exchange(ctx context.Context, server netip.AddrPort, q *dns.Msg, tcp bool) (*dns.Msg, error) {
	wire, err := q.Pack()
	if err != nil {
		return nil, err
	}
	data, err := r.call(ctx, http.MethodPost, fmt.Sprintf("/dns?tcp=%t&server=%s", tcp, url.QueryEscape(server.String())), wire)
	if err != nil {
		return nil, err
	}
	m := new(dns.Msg)
	return m, m.Unpack(data)
}

// handler serves clock, resolver and name servers.
func (w *world) handler(h hello) http.Handler {
	mux := http.NewServeMux()
	refuse := func(rw http.ResponseWriter, err error) { http.Error(rw, err.Error(), http.StatusBadRequest) }
	mux.HandleFunc("GET /hello", func(rw http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(rw).Encode(h) // whoever asked has gone
	})
	mux.HandleFunc("GET /clock", func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(rw, w.clock.Now().Format(time.RFC3339Nano))
	})
	mux.HandleFunc("POST /clock", func(rw http.ResponseWriter, r *http.Request) {
		by, err := strconv.ParseInt(r.URL.Query().Get("by"), 10, 64)
		if err == nil {
			err = w.clock.Sleep(r.Context(), time.Duration(by))
		}
		if err != nil {
			refuse(rw, err)
		}
	})
	mux.HandleFunc("GET /addr", func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(rw, w.addr(r.URL.Query().Get("host")).String())
	})
	mux.HandleFunc("POST /dns", func(rw http.ResponseWriter, r *http.Request) {
		wire, err := w.resolve(r)
		if err != nil {
			refuse(rw, err)
			return
		}
		_, _ = rw.Write(wire) //nolint:gosec // a DNS message, to a program of this machine
	})
	return mux
}

func (w *world) resolve(r *http.Request) ([]byte, error) {
	server, err := netip.ParseAddrPort(r.URL.Query().Get("server"))
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, dns.MaxMsgSize))
	if err != nil {
		return nil, err
	}
	q := new(dns.Msg)
	if err := q.Unpack(body); err != nil {
		return nil, err
	}
	a, err := w.Exchange(r.Context(), server, q, r.URL.Query().Get("tcp") == "true")
	if err != nil {
		return nil, err
	}
	return a.Pack()
}

var errNotLoopback = errors.New("-world: the fakes are for this machine only: name an address of loopback, such as 127.0.0.1:8053")
