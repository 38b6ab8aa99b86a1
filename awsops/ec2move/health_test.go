package ec2move_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/ec2move"
)

// site is a TLS server as it stands on a copy. Its certificate is for example.com; it listens on a port of its own, which
// Dial goes to whatever port is asked for.
func site(t *testing.T, handler http.HandlerFunc) (health ec2move.HTTPHealth, dialled *[]string) {
	t.Helper()
	srv := httptest.NewUnstartedServer(handler)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that are to fail
	srv.StartTLS()
	t.Cleanup(srv.Close)
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	dialled = &[]string{}
	return ec2move.HTTPHealth{
		TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, ServerName: "ignored.example"},
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			*dialled = append(*dialled, address)
			return (&net.Dialer{}).DialContext(ctx, network, srv.Listener.Addr().String())
		},
	}, dialled
}

var copyIP = netip.MustParseAddr("203.0.113.7")

func TestHealthGoesToTheAddressUnderTheNameOfTheVisitors(t *testing.T) {
	t.Parallel()
	var host, sni, path string
	health, dialled := site(t, func(w http.ResponseWriter, r *http.Request) {
		host, sni, path = r.Host, r.TLS.ServerName, r.URL.RequestURI()
		_, _ = w.Write([]byte("all is well"))
	})
	require.NoError(t, health.Check(t.Context(), copyIP, ec2move.HealthCheck{URL: "https://example.com/health?deep=1", Contains: "is well"}))
	assert.Equal(t, "example.com", host)
	assert.Equal(t, "example.com", sni)
	assert.Equal(t, "/health?deep=1", path)
	assert.Equal(t, []string{"203.0.113.7:443"}, *dialled)

	require.NoError(t, health.Check(t.Context(), netip.MustParseAddr("2001:db8::7"), ec2move.HealthCheck{URL: "https://example.com:8443/"}))
	assert.Equal(t, "[2001:db8::7]:8443", (*dialled)[1])
}

func TestHealthFails(t *testing.T) {
	t.Parallel()
	answer := func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/500":
			w.WriteHeader(http.StatusInternalServerError)
		case "/404":
			w.WriteHeader(http.StatusNotFound)
		case "/204":
			w.WriteHeader(http.StatusNoContent)
		case "/late": // the text comes after what is looked at
			_, _ = w.Write([]byte(strings.Repeat(" ", 64<<10) + "well"))
		case "/elsewhere":
			http.Redirect(w, r, "https://other.example/", http.StatusFound)
		case "/here":
			http.Redirect(w, r, "/204", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/cut":
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("short"))
		}
	}
	for name, tt := range map[string]struct {
		check ec2move.HealthCheck
		want  string // of the error; empty = it passes
	}{
		"500":                              {check: ec2move.HealthCheck{URL: "https://example.com/500"}, want: "HTTP 500"},
		"404":                              {check: ec2move.HealthCheck{URL: "https://example.com/404"}, want: "HTTP 404"},
		"404 as wanted":                    {check: ec2move.HealthCheck{URL: "https://example.com/404", Status: 404}},
		"204":                              {check: ec2move.HealthCheck{URL: "https://example.com/204"}},
		"another status":                   {check: ec2move.HealthCheck{URL: "https://example.com/204", Status: 200}, want: "HTTP 204 in place of 200"},
		"the text is missing":              {check: ec2move.HealthCheck{URL: "https://example.com/", Contains: "well"}, want: `without "well"`},
		"the text is too far":              {check: ec2move.HealthCheck{URL: "https://example.com/late", Contains: "well"}, want: `without "well" in the first 64 kB`},
		"the body breaks off":              {check: ec2move.HealthCheck{URL: "https://example.com/cut", Contains: "well"}, want: "broke off"},
		"redirected to another host":       {check: ec2move.HealthCheck{URL: "https://example.com/elsewhere", Status: 200}, want: "HTTP 302 in place of 200"},
		"redirected to another host is ok": {check: ec2move.HealthCheck{URL: "https://example.com/elsewhere"}},
		"redirected within the host":       {check: ec2move.HealthCheck{URL: "https://example.com/here", Status: 204}},
		"redirected for ever":              {check: ec2move.HealthCheck{URL: "https://example.com/round"}, want: "more than 5 redirects"},
		"a certificate for another name":   {check: ec2move.HealthCheck{URL: "https://shop.example.net/"}, want: "certificate is valid for"},
		"no URL":                           {check: ec2move.HealthCheck{Contains: "x"}},
		"a password":                       {check: ec2move.HealthCheck{URL: "https://me:hunter2@example.com/"}, want: "holds a user"},
		"another scheme":                   {check: ec2move.HealthCheck{URL: "ftp://example.com/"}, want: "http or https"},
		"an address":                       {check: ec2move.HealthCheck{URL: "https://203.0.113.7/"}, want: "the name that visitors use"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			health, dialled := site(t, answer)
			err := health.Check(t.Context(), copyIP, tt.check)
			for _, to := range *dialled {
				assert.Equal(t, "203.0.113.7:443", to, "no connection goes anywhere else")
			}
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
			assert.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestHealthGivesUpOnACopyThatSaysNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		health := ec2move.HTTPHealth{Dial: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe() // connected, and nobody reads
			t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
			return ours, nil
		}}
		err := health.Check(t.Context(), copyIP, ec2move.HealthCheck{URL: "http://example.com/"})
		require.ErrorContains(t, err, "no answer within 15s")
	})
}

func TestHealthDoesNotReadAProxyFromTheEnvironment(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://192.0.2.1:3128") // net/http reads it once: also in this test, if it were asked for
	t.Setenv("HTTPS_PROXY", "http://192.0.2.1:3128")
	health, dialled := site(t, func(http.ResponseWriter, *http.Request) {})
	require.NoError(t, health.Check(t.Context(), copyIP, ec2move.HealthCheck{URL: "https://example.com/"}))
	assert.Equal(t, []string{"203.0.113.7:443"}, *dialled)
}

func FuzzHealthCheckURL(f *testing.F) {
	for _, seed := range []string{"https://example.com/", "http://[::1]/", "https://a:b@c/", "//x", "https://exa mple/", "https://example.com:99999/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		health := ec2move.HTTPHealth{Dial: func(_ context.Context, _, address string) (net.Conn, error) {
			host, _, err := net.SplitHostPort(address)
			require.NoError(t, err)
			require.Equal(t, copyIP.String(), host, "for %q", raw)
			return nil, net.ErrClosed
		}}
		err := health.Check(t.Context(), copyIP, ec2move.HealthCheck{URL: raw})
		if u, bad := url.Parse(raw); bad == nil && u.User != nil {
			require.Error(t, err)
		}
	})
}
