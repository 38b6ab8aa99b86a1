package acmx_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/internal/need"
)

// nginx is Debian's, started as a child of the test, with a configuration, a folder and a port of its own.
type nginx struct {
	program, dir, address string
	out                   *bytes.Buffer
}

// certs is the folder of the certificate.
func (n *nginx) certs() string { return filepath.Join(n.dir, "certs") }

func newNginx(t *testing.T) *nginx {
	t.Helper()
	program := need.Program(t, "nginx", "nginx-light")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &nginx{program: program, dir: t.TempDir(), address: l.Addr().String(), out: &bytes.Buffer{}}
	require.NoError(t, l.Close())
	config := `daemon off;
worker_processes 2;
pid %[1]s/nginx.pid;
error_log %[1]s/error.log notice;
events { worker_connections 256; }
http {
	access_log off;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
	server {
		listen %[2]s ssl backlog=511;
		server_name www.example.com;
		ssl_certificate %[3]s/fullchain.pem;
		ssl_certificate_key %[3]s/privkey.pem;
		location / { return 200 "served\n"; }
	}
}
`
	require.NoError(t, os.WriteFile(filepath.Join(n.dir, "nginx.conf"), fmt.Appendf(nil, config, n.dir, n.address, n.certs()), 0o600))
	return n
}

func (n *nginx) command(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, n.program, append([]string{"-p", n.dir, "-c", filepath.Join(n.dir, "nginx.conf"), "-e", filepath.Join(n.dir, "error.log")}, args...)...)
}

// start starts it and waits until it answers.
func (n *nginx) start(t *testing.T) {
	t.Helper()
	cmd := n.command(context.WithoutCancel(t.Context()))
	cmd.Stdout, cmd.Stderr = n.out, n.out
	require.NoError(t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // a fast end, and with it that of its workers
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill()
			t.Error("nginx does not end")
		}
	})
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.DialTimeout("tcp", n.address, time.Second)
		if err == nil {
			require.NoError(t, conn.Close())
			return
		}
		select {
		case <-ended:
			require.Fail(t, "nginx has ended", "%s\n%s", n.out, n.log())
		default:
			require.True(t, time.Now().Before(end), "nginx does not answer: %s", n.log())
		}
	}
}

func (n *nginx) log() string {
	data, _ := os.ReadFile(filepath.Join(n.dir, "error.log"))
	return string(data)
}

// reload is the hook: the configuration is tried first, as everybody does, since the signal itself answers nothing.
func (n *nginx) reload(ctx context.Context) error {
	for _, args := range [][]string{{"-t", "-q"}, {"-s", "reload"}} {
		if out, err := n.command(ctx, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("nginx %s: %w: %s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

// get makes a request over a connection of its own, which must be served with the whole chain, and answers its serial.
func (n *nginx) get(ctx context.Context, c chainOf) (serial string, err error) {
	client := &http.Client{
		Timeout: 30 * time.Second,
		Transport: &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{RootCAs: c.roots(), ServerName: "www.example.com"},
		},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+n.address, http.NoBody)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "served\n" {
		return "", fmt.Errorf("body %q, %w", body, err)
	}
	certs := resp.TLS.PeerCertificates
	if len(certs) != 3 {
		return "", fmt.Errorf("%d certificates were sent: want the leaf and two intermediates", len(certs))
	}
	return hex.EncodeToString(certs[0].SerialNumber.Bytes()), nil
}

// nginx from Debian serves the installed chain, and picks up a renewed one without a failed handshake in 1,000 requests.
func TestNginxPicksUpARenewal(t *testing.T) {
	t.Parallel()
	const requests, workers = 1000, 4
	c := newChain(t, ecKey(t), "www.example.com")
	first := c.open(t)
	c.key = rsaKey() // the renewal has another key, and one of another kind
	c.leaf = issue(t, c.sub, "www.example.com", c.key, forServer("www.example.com"))
	second := c.open(t)
	n := newNginx(t)
	_, err := first.WriteDir(t.Context(), n.certs(), nil)
	require.NoError(t, err)
	n.start(t)
	serial, err := n.get(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, first.Serial(), serial)

	var sent atomic.Int64
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[string]int{}
	for range workers {
		wg.Go(func() {
			for i := sent.Add(1); i <= requests; i = sent.Add(1) {
				if i == requests/3 {
					wg.Go(func() {
						changed, err := second.WriteDir(t.Context(), n.certs(), &acmx.WriteOptions{Reload: n.reload})
						assert.NoError(t, err)
						assert.True(t, changed)
					})
				}
				serial, err := n.get(t.Context(), c)
				if !assert.NoError(t, err, "request %d", i) {
					return
				}
				mu.Lock()
				seen[serial]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	assert.Len(t, seen, 2)
	assert.Equal(t, requests, seen[first.Serial()]+seen[second.Serial()])
	assert.Positive(t, seen[first.Serial()])
	assert.Positive(t, seen[second.Serial()])
	serial, err = n.get(t.Context(), c)
	require.NoError(t, err)
	assert.Equal(t, second.Serial(), serial, "and it stays")
	t.Logf("%d requests with the first certificate, %d with the renewed one", seen[first.Serial()], seen[second.Serial()])

	// A certificate that nginx refuses, here for a key of 1024 bits, is taken back, and the one before is served on.
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	c.key = weak
	c.leaf = issue(t, c.sub, "www.example.com", weak, forServer("www.example.com"))
	_, err = c.open(t).WriteDir(t.Context(), n.certs(), &acmx.WriteOptions{Reload: n.reload})
	require.ErrorIs(t, err, acmx.ErrReload)
	require.ErrorContains(t, err, "key too small")
	require.ErrorContains(t, err, "is back in place")
	serial, err = n.get(t.Context(), c)
	require.NoError(t, err)
	assert.Equal(t, second.Serial(), serial)
	assert.NotContains(t, n.log(), "[alert]")
}
