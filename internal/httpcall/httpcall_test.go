package httpcall_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/internal/pipehttp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func post(t *testing.T, ctx context.Context, target string) *http.Request { //nolint:revive // t first, as everywhere
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader("body"))
	require.NoError(t, err)
	return req
}

// transport has no pool that outlives its test.
func transport(t *testing.T, dial func(context.Context, string, string) (net.Conn, error)) *http.Client {
	t.Helper()
	tr := &http.Transport{DialContext: dial}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// jar runs when the client looks for cookies, which is after Do has looked at the context and before the transport does.
type jar func()

func (j jar) Cookies(*url.URL) []*http.Cookie   { j(); return nil }
func (jar) SetCookies(*url.URL, []*http.Cookie) {}

func TestDoTellsWhetherTheRequestLeft(t *testing.T) {
	t.Parallel()
	closedPort := func(t *testing.T) string {
		t.Helper()
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		require.NoError(t, l.Close())
		return "http://" + l.Addr().String()
	}
	serve := func(t *testing.T, h http.HandlerFunc) *pipehttp.Server {
		t.Helper()
		srv := pipehttp.NewServer("platform.fake", h)
		t.Cleanup(srv.Close)
		return srv
	}
	fails := func(err error) *http.Client {
		mock := httpmock.NewMockTransport()
		mock.RegisterNoResponder(httpmock.NewErrorResponder(err))
		return &http.Client{Transport: mock}
	}

	for name, tt := range map[string]struct {
		setup func(t *testing.T) (*http.Client, string)
		sent  bool
		is    error
	}{
		"connection refused": {
			setup: func(t *testing.T) (*http.Client, string) { t.Helper(); return transport(t, nil), closedPort(t) },
			is:    syscall.ECONNREFUSED,
		},
		"name not found": {
			setup: func(t *testing.T) (*http.Client, string) {
				t.Helper()
				return transport(t, func(context.Context, string, string) (net.Conn, error) {
					return nil, &net.DNSError{Err: "no such host", Name: "platform.invalid", IsNotFound: true}
				}), "http://platform.invalid"
			},
		},
		"dial fails without a word": {
			setup: func(t *testing.T) (*http.Client, string) {
				t.Helper()
				return transport(t, func(context.Context, string, string) (net.Conn, error) { return nil, io.ErrClosedPipe }), "http://platform.fake"
			},
			is: io.ErrClosedPipe,
		},
		"certificate not trusted": {
			setup: func(t *testing.T) (*http.Client, string) {
				t.Helper()
				srv := httptest.NewUnstartedServer(http.NotFoundHandler())
				srv.Config.ErrorLog = quiet()
				srv.StartTLS()
				t.Cleanup(srv.Close)
				return transport(t, nil), srv.URL
			},
		},
		"TLS to a server that speaks none": {
			setup: func(t *testing.T) (*http.Client, string) {
				t.Helper()
				srv := serve(t, func(http.ResponseWriter, *http.Request) {})
				return srv.Client(), strings.Replace(srv.URL, "http://", "https://", 1)
			},
		},
		"TLS alert": {
			setup: func(t *testing.T) (*http.Client, string) {
				t.Helper()
				srv := httptest.NewUnstartedServer(http.NotFoundHandler())
				srv.Config.ErrorLog = quiet()
				srv.TLS = &tls.Config{MinVersion: tls.VersionTLS13}
				srv.StartTLS()
				t.Cleanup(srv.Close)
				tr := &http.Transport{TLSClientConfig: &tls.Config{MaxVersion: tls.VersionTLS12, InsecureSkipVerify: true}}
				t.Cleanup(tr.CloseIdleConnections)
				return &http.Client{Transport: tr}, srv.URL
			},
		},
		"dropped after the request was read": {
			setup: func(t *testing.T) (*http.Client, string) {
				t.Helper()
				srv := serve(t, func(_ http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					panic(http.ErrAbortHandler)
				})
				return srv.Client(), srv.URL
			},
			sent: true,
			is:   io.EOF,
		},
		"answer is not HTTP": {
			setup: func(t *testing.T) (*http.Client, string) {
				t.Helper()
				return transport(t, func(context.Context, string, string) (net.Conn, error) {
					client, server := net.Pipe()
					go func() {
						_, _ = server.Read(make([]byte, 4096))
						_, _ = server.Write([]byte("SSH-2.0-OpenSSH\r\n\r\n"))
						_ = server.Close()
					}()
					return client, nil
				}), "http://platform.fake"
			},
			sent: true,
		},
		"a transport that does not say": {
			setup: func(t *testing.T) (*http.Client, string) {
				t.Helper()
				return fails(errors.New("gone")), "http://platform.fake"
			},
			sent: true,
		},
		"a transport that says dial": {
			setup: func(t *testing.T) (*http.Client, string) {
				t.Helper()
				return fails(&net.OpError{Op: "dial", Err: syscall.ENETUNREACH}), "http://platform.fake"
			},
			is: syscall.ENETUNREACH,
		},
		"a transport that says read": {
			setup: func(t *testing.T) (*http.Client, string) {
				t.Helper()
				return fails(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), "http://platform.fake"
			},
			sent: true,
			is:   syscall.ECONNRESET,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, do := range ways() {
				hc, target := tt.setup(t)
				resp, err := do(hc, post(t, t.Context(), target+"/send?access_token=s3cr3t"))
				require.Error(t, err)
				assert.Nil(t, resp)
				e, ok := errors.AsType[*httpcall.Error](err)
				require.True(t, ok, "%T", err)
				assert.Equal(t, tt.sent, e.Sent, "%v", err)
				assert.Equal(t, tt.sent, httpcall.MaybeSent(err))
				assert.NotContains(t, err.Error(), "s3cr3t")
				assert.Contains(t, err.Error(), "/send", "the path stays, to know what failed")
				if tt.is != nil {
					require.ErrorIs(t, err, tt.is)
				}
			}
		})
	}
}

// ways are the two to send.
func ways() map[string]func(*http.Client, *http.Request) (*http.Response, error) {
	return map[string]func(*http.Client, *http.Request) (*http.Response, error){"Do": httpcall.Do, "DoBody": httpcall.DoBody}
}

func TestDoWithContext(t *testing.T) {
	t.Parallel()
	for name, do := range ways() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doWithContext(t, do)
		})
	}
}

func doWithContext(t *testing.T, do func(*http.Client, *http.Request) (*http.Response, error)) {
	t.Helper()
	enough := errors.New("the operator has had enough")

	t.Run("ended before", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(enough)
		mock := httpmock.NewMockTransport()
		_, err := do(&http.Client{Transport: mock}, post(t, ctx, "http://platform.fake"))
		require.ErrorIs(t, err, enough)
		assert.False(t, httpcall.MaybeSent(err))
		assert.Zero(t, mock.GetTotalCallCount())
	})
	t.Run("ends on the way to the transport", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancelCause(t.Context())
		hc := transport(t, func(context.Context, string, string) (net.Conn, error) {
			t.Error("a connection was asked for")
			return nil, io.EOF
		})
		hc.Jar = jar(func() { cancel(enough) })
		_, err := do(hc, post(t, ctx, "http://platform.fake"))
		require.ErrorIs(t, err, enough)
		assert.False(t, httpcall.MaybeSent(err))
	})
	t.Run("ends on the way to a transport that does not say", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancelCause(t.Context())
		hc := transport(t, nil)
		hc.Transport = struct{ http.RoundTripper }{hc.Transport}
		hc.Jar = jar(func() { cancel(enough) })
		_, err := do(hc, post(t, ctx, "http://platform.fake"))
		require.ErrorIs(t, err, enough)
		assert.True(t, httpcall.MaybeSent(err), "what wraps a transport may have sent it another way")
	})
	t.Run("the client's timeout ends before the dial", func(t *testing.T) {
		t.Parallel()
		hc := transport(t, nil)
		hc.Timeout = time.Nanosecond
		hc.Jar = jar(func() { time.Sleep(time.Millisecond) })
		_, err := do(hc, post(t, t.Context(), "http://platform.fake"))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.False(t, httpcall.MaybeSent(err))
	})
	t.Run("ends during the dial", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancelCause(t.Context())
		hc := transport(t, func(ctx context.Context, _, _ string) (net.Conn, error) {
			cancel(enough)
			<-ctx.Done()
			return nil, ctx.Err()
		})
		_, err := do(hc, post(t, ctx, "http://platform.fake"))
		require.ErrorIs(t, err, enough)
		assert.False(t, httpcall.MaybeSent(err))
	})
	t.Run("ends while the answer is awaited", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancelCause(t.Context())
		srv := pipehttp.NewServer("platform.fake", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			cancel(enough)
			<-r.Context().Done()
		}))
		defer srv.Close()
		_, err := do(srv.Client(), post(t, ctx, srv.URL+"?key=s3cr3t"))
		require.ErrorIs(t, err, enough)
		assert.True(t, httpcall.MaybeSent(err))
		assert.NotContains(t, err.Error(), "s3cr3t")
	})
	t.Run("deadline", func(t *testing.T) {
		t.Parallel()
		srv := pipehttp.NewServer("platform.fake", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}))
		defer srv.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		_, err := do(srv.Client(), post(t, ctx, srv.URL))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 1, strings.Count(err.Error(), "deadline exceeded"), "the cause is not said twice: %v", err)
	})
}

// A request with a body that net/http sends again by itself, on a new connection that is refused, has left with the first.
func TestDoBodyKnowsOfTheFirstTry(t *testing.T) {
	t.Parallel()
	for name, do := range ways() {
		dials := 0
		hc := transport(t, func(context.Context, string, string) (net.Conn, error) {
			if dials++; dials > 1 {
				return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
			}
			client, server := net.Pipe()
			go func() {
				r := bufio.NewReader(server)
				for range 2 { // the first request is answered, the connection kept, and the second one dropped
					req, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, req.Body)
					if req.URL.Path == "/drop" {
						break
					}
					_, _ = io.WriteString(server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				}
				_ = server.Close()
			}()
			return client, nil
		})
		resp, err := do(hc, post(t, t.Context(), "http://platform.fake/first"))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		req := post(t, t.Context(), "http://platform.fake/drop")
		req.Header.Set("Idempotency-Key", "k") // so that net/http may
		_, err = do(hc, req)
		require.ErrorIs(t, err, syscall.ECONNREFUSED, name)
		assert.True(t, httpcall.MaybeSent(err), name)
	}
}

// Without a body there is nothing to watch.
func TestDoBodyWithoutBody(t *testing.T) {
	t.Parallel()
	hc := transport(t, func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://platform.fake", nil)
	require.NoError(t, err)
	_, err = httpcall.DoBody(hc, req)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	assert.True(t, httpcall.MaybeSent(err))
}

func TestDoKnowsOfTheFirstHop(t *testing.T) {
	t.Parallel()
	dials := 0
	srv := pipehttp.NewServer("platform.fake", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		http.Redirect(w, r, "/next", http.StatusFound)
	}))
	defer srv.Close()
	inner, ok := srv.Client().Transport.(*http.Transport)
	require.True(t, ok)
	hc := transport(t, func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dials++; dials > 1 {
			return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		}
		return inner.DialContext(ctx, network, addr)
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
	require.NoError(t, err)
	_, err = httpcall.Do(httpcall.Client(hc, nil), req)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	assert.True(t, httpcall.MaybeSent(err), "the second connection was refused, the first request was answered")
}

func TestDoRefusesHeaders(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"line feed": "s3cr3t\n", "carriage return": "s3cr3t\r", "zero": "s3\x00cr3t", "delete": "s3cr3t\x7f",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := httpmock.NewMockTransport()
			mock.RegisterNoResponder(httpmock.NewStringResponder(http.StatusOK, ""))
			req := post(t, t.Context(), "http://platform.fake")
			req.Header.Set("Authorization", value)
			resp, err := httpcall.Do(&http.Client{Transport: mock}, req)
			if resp != nil {
				require.NoError(t, resp.Body.Close())
			}
			require.ErrorContains(t, err, "header Authorization")
			assert.NotContains(t, err.Error(), "cr3t")
			assert.False(t, httpcall.MaybeSent(err))
			assert.Zero(t, mock.GetTotalCallCount())
		})
	}
	t.Run("tab and UTF-8 pass", func(t *testing.T) {
		t.Parallel()
		mock := httpmock.NewMockTransport()
		mock.RegisterNoResponder(httpmock.NewStringResponder(http.StatusOK, "yes"))
		req := post(t, t.Context(), "http://platform.fake")
		req.Header.Set("X-Title", "文章\tone")
		resp, err := httpcall.Do(&http.Client{Transport: mock}, req)
		require.NoError(t, err)
		body, err := httpcall.Read(resp.Body, 10)
		require.NoError(t, err)
		assert.Equal(t, "yes", string(body))
	})
}

func TestMaybeSent(t *testing.T) {
	t.Parallel()
	assert.True(t, httpcall.MaybeSent(errors.New("anything")), "true unless proven")
	assert.True(t, httpcall.MaybeSent(errors.Join(io.EOF, &httpcall.Error{Sent: true, Err: io.EOF})))
	assert.False(t, httpcall.MaybeSent(errors.Join(io.EOF, &httpcall.Error{Err: io.EOF})))
}

func TestClientFollowsRedirectsOnlyAtHome(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		method, to string
		hops       int // how many redirects are followed
		status     int
	}{
		"GET, same host":           {method: http.MethodGet, to: "http://a.fake/next", hops: 1, status: http.StatusOK},
		"HEAD, same host":          {method: http.MethodHead, to: "http://a.fake/next", hops: 1, status: http.StatusOK},
		"GET, relative":            {method: http.MethodGet, to: "/next", hops: 1, status: http.StatusOK},
		"GET, other host":          {method: http.MethodGet, to: "http://b.fake/next", status: http.StatusTemporaryRedirect},
		"GET, subdomain":           {method: http.MethodGet, to: "http://x.a.fake/next", status: http.StatusTemporaryRedirect},
		"GET, other port":          {method: http.MethodGet, to: "http://a.fake:81/next", status: http.StatusTemporaryRedirect},
		"GET, other scheme":        {method: http.MethodGet, to: "https://a.fake/next", status: http.StatusTemporaryRedirect},
		"POST, same host":          {method: http.MethodPost, to: "http://a.fake/next", status: http.StatusTemporaryRedirect},
		"DELETE, same host":        {method: http.MethodDelete, to: "/next", status: http.StatusTemporaryRedirect},
		"GET, in circles":          {method: http.MethodGet, to: "/", hops: 4, status: http.StatusTemporaryRedirect},
		"GET, to a place in there": {method: http.MethodGet, to: "/#top", hops: 4, status: http.StatusTemporaryRedirect},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := httpmock.NewMockTransport()
			mock.RegisterResponder(tt.method, "http://a.fake/", httpmock.NewStringResponder(http.StatusTemporaryRedirect, "moved").
				HeaderSet(http.Header{"Location": {tt.to}}))
			mock.RegisterNoResponder(httpmock.NewStringResponder(http.StatusOK, "here"))
			hc := httpcall.Client(&http.Client{Transport: mock}, nil)
			req, err := http.NewRequestWithContext(t.Context(), tt.method, "http://a.fake/", nil)
			require.NoError(t, err)
			resp, err := httpcall.Do(hc, req)
			require.NoError(t, err)
			body, err := httpcall.Read(resp.Body, 100)
			require.NoError(t, err)
			assert.Equal(t, tt.status, resp.StatusCode)
			assert.Equal(t, tt.hops, mock.GetTotalCallCount()-1)
			if tt.hops == 0 {
				assert.Equal(t, "moved", string(body), "the body can be read")
			}
		})
	}
}

func TestClientCopies(t *testing.T) {
	t.Parallel()
	given := &http.Client{Timeout: time.Minute}
	fallback := &http.Client{Timeout: time.Second}

	got := httpcall.Client(given, fallback)
	assert.Equal(t, time.Minute, got.Timeout)
	assert.NotSame(t, given, got)
	assert.Nil(t, given.CheckRedirect, "the caller's client is not changed")

	got = httpcall.Client(nil, fallback)
	assert.Equal(t, time.Second, got.Timeout)
	assert.NotSame(t, fallback, got)
	assert.Nil(t, fallback.CheckRedirect)
}

func TestErrorKeepsTheURLError(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(httpmock.NewErrorResponder(io.ErrUnexpectedEOF))
	_, err := httpcall.Do(&http.Client{Transport: mock}, post(t, t.Context(), "http://user:pa55word@platform.fake/send?token=s3cr3t#frag"))
	ue, ok := errors.AsType[*url.Error](err)
	require.True(t, ok)
	assert.Equal(t, "Post", ue.Op)
	assert.Equal(t, "http://platform.fake/send", ue.URL)
	assert.Equal(t, `Post "http://platform.fake/send": unexpected EOF`, err.Error())
}
