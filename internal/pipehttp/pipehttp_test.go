package pipehttp_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kitroll/kitroll/internal/pipehttp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func serve(t *testing.T, h http.HandlerFunc) *pipehttp.Server {
	t.Helper()
	srv := pipehttp.NewServer("platform.fake", h)
	t.Cleanup(srv.Close)
	return srv
}

func send(ctx context.Context, hc *http.Client, method, target string, body io.Reader) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return 0, nil, err
	}
	resp, err := hc.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return resp.StatusCode, data, err
}

func TestServesAnyHost(t *testing.T) {
	t.Parallel()
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %s%s", r.Method, r.Host, r.URL)
	})
	for name, tt := range map[string]struct{ target, want string }{
		"its own":    {srv.URL + "/a?b=c", "GET platform.fake/a?b=c"},
		"another":    {"http://bucket.other.fake:81/x%2Fy", "GET bucket.other.fake:81/x%2Fy"},
		"an address": {"http://192.0.2.1/", "GET 192.0.2.1/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, body, err := send(t.Context(), srv.Client(), http.MethodGet, tt.target, nil)
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, status)
			assert.Equal(t, tt.want, string(body))
		})
	}
}

func TestSpeaksNoTLS(t *testing.T) {
	t.Parallel()
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new", http.StatusFound)
			return
		}
		_, _ = fmt.Fprintf(w, "%s %s %v", r.Host, r.URL, r.TLS != nil)
	})
	for target, want := range map[string]struct{ body, end string }{
		"https://a.fake/x":        {"a.fake /x false", "https://a.fake/x"},
		"http://a.fake/x":         {"a.fake /x false", "http://a.fake/x"},
		"https://a.fake:8443/old": {"a.fake:8443 /new false", "https://a.fake:8443/new"},
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
			require.NoError(t, err)
			resp, err := srv.HTTPSClient().Do(req)
			require.NoError(t, err)
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, want.body, string(body))
			assert.Equal(t, target, req.URL.String(), "the caller's request was changed")
			assert.Equal(t, want.end, resp.Request.URL.String())
		})
	}
	_, _, err := send(t.Context(), srv.Client(), http.MethodGet, "https://a.fake/", nil)
	require.Error(t, err, "Client speaks TLS when told to")
}

func TestKeepsConnections(t *testing.T) {
	t.Parallel()
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	var reused []bool
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GotConn: func(i httptrace.GotConnInfo) { reused = append(reused, i.Reused) },
	})
	for range 3 {
		_, body, err := send(ctx, srv.Client(), http.MethodPost, srv.URL, strings.NewReader("again"))
		require.NoError(t, err)
		assert.Equal(t, "again", string(body))
	}
	assert.Equal(t, []bool{false, true, true}, reused)
}

func TestBigBodiesBothWaysAtOnce(t *testing.T) {
	t.Parallel()
	const size = 8 << 20
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		_, _ = io.Copy(w, r.Body)
	})
	up := bytes.Repeat([]byte("kitroll!"), size/8)
	_, down, err := send(t.Context(), srv.Client(), http.MethodPut, srv.URL, bytes.NewReader(up))
	require.NoError(t, err)
	assert.Len(t, down, size)
	assert.Equal(t, sha256.Sum256(up), sha256.Sum256(down))
}

func TestAnswersBeforeTheBodyIsRead(t *testing.T) {
	t.Parallel()
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
	})
	for name, size := range map[string]int{"small": 10, "middling": 200 << 10, "big": 4 << 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 20 {
				status, body, err := send(t.Context(), srv.Client(), http.MethodPost, srv.URL, bytes.NewReader(make([]byte, size)))
				require.NoError(t, err)
				assert.Equal(t, http.StatusRequestEntityTooLarge, status)
				assert.Equal(t, "too large\n", string(body))
			}
		})
	}
}

func TestAnswersBeforeTheBodyIsReadInABubble(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{"short": "no", "long": strings.Repeat("no ", 10_000)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := pipehttp.NewServer("platform.fake", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(http.StatusForbidden)
					_, _ = io.WriteString(w, answer)
				}))
				defer srv.Close()
				start := time.Now()
				for body := range map[io.Reader]bool{bytes.NewReader(make([]byte, 4<<20)): true, endless{}: true} {
					status, got, err := send(t.Context(), srv.Client(), http.MethodPost, srv.URL, body)
					require.NoError(t, err)
					assert.Equal(t, http.StatusForbidden, status)
					assert.Equal(t, answer, string(got))
				}
				assert.Less(t, time.Since(start), time.Second)
			})
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestStreams(t *testing.T) {
	t.Parallel()
	next := make(chan struct{})
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for i := range 3 {
			_, _ = fmt.Fprintln(w, "line", i)
			_ = http.NewResponseController(w).Flush()
			<-next
		}
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
	require.NoError(t, err)
	resp, err := srv.Client().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for i := range 3 {
		require.True(t, lines.Scan())
		assert.Equal(t, fmt.Sprint("line ", i), lines.Text())
		next <- struct{}{}
	}
	assert.False(t, lines.Scan())
	assert.NoError(t, lines.Err())
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			want := fmt.Sprint("caller ", i)
			_, body, err := send(t.Context(), srv.Client(), http.MethodPost, srv.URL, strings.NewReader(want))
			assert.NoError(t, err)
			assert.Equal(t, want, string(body))
		})
	}
	wg.Wait()
}

func TestTheServerNoticesACallerThatLeaves(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	srv := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
		left <- r.Context().Err()
	})
	_, _, err := send(ctx, srv.Client(), http.MethodPost, srv.URL, strings.NewReader("x"))
	require.ErrorIs(t, err, context.Canceled)
	assert.ErrorIs(t, <-left, context.Canceled)
}

func TestInABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pipehttp.NewServer("platform.fake", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(time.Hour):
				_, _ = io.WriteString(w, "at last")
			case <-r.Context().Done():
			}
		}))
		defer srv.Close()
		start := time.Now()
		_, body, err := send(t.Context(), srv.Client(), http.MethodGet, srv.URL, nil)
		require.NoError(t, err)
		assert.Equal(t, "at last", string(body))
		assert.Equal(t, time.Hour, time.Since(start))

		hc := srv.Client()
		hc.Timeout = time.Minute
		_, _, err = send(t.Context(), hc, http.MethodGet, srv.URL, nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Hour+time.Minute, time.Since(start))
	})
}

func TestClose(t *testing.T) {
	t.Parallel()
	t.Run("refuses who comes later, and says it never left", func(t *testing.T) {
		t.Parallel()
		srv := pipehttp.NewServer("platform.fake", http.NotFoundHandler())
		srv.Close()
		_, _, err := send(t.Context(), srv.Client(), http.MethodPost, srv.URL, strings.NewReader("x"))
		op, ok := errors.AsType[*net.OpError](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, "dial", op.Op)
		assert.Equal(t, "platform.fake:80", op.Addr.String())
		assert.ErrorContains(t, err, "connection refused: the fake is closed")
	})
	t.Run("ends the idle connections", func(t *testing.T) {
		t.Parallel()
		srv := pipehttp.NewServer("platform.fake", http.NotFoundHandler())
		_, _, err := send(t.Context(), srv.Client(), http.MethodGet, srv.URL, nil)
		require.NoError(t, err)
		srv.Close()
		_, _, err = send(t.Context(), srv.Client(), http.MethodGet, srv.URL, nil)
		require.Error(t, err)
	})
	t.Run("ends a call in progress", func(t *testing.T) {
		t.Parallel()
		inside, ended := make(chan struct{}), make(chan struct{})
		srv := pipehttp.NewServer("platform.fake", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(inside)
			<-r.Context().Done()
			close(ended)
		}))
		go func() { <-inside; srv.Close() }()
		_, _, err := send(t.Context(), srv.Client(), http.MethodGet, srv.URL, nil)
		require.Error(t, err)
		<-ended
	})
	t.Run("may be called by a handler, and again", func(t *testing.T) {
		t.Parallel()
		var srv *pipehttp.Server
		closed := make(chan struct{})
		srv = pipehttp.NewServer("platform.fake", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			srv.Close()
			close(closed)
		}))
		_, _, err := send(t.Context(), srv.Client(), http.MethodGet, srv.URL, nil)
		require.Error(t, err)
		<-closed
		srv.Close()
	})
	t.Run("at once", func(t *testing.T) {
		t.Parallel()
		for range 200 {
			pipehttp.NewServer("platform.fake", http.NotFoundHandler()).Close()
		}
	})
	t.Run("while callers come", func(t *testing.T) { // TestMain finds the connection that slips through
		t.Parallel()
		for range 100 {
			srv := pipehttp.NewServer("platform.fake", http.NotFoundHandler())
			var wg sync.WaitGroup
			var answers atomic.Int32
			for range 4 {
				wg.Go(func() {
					if _, _, err := send(t.Context(), srv.Client(), http.MethodGet, srv.URL, nil); err == nil {
						answers.Add(1)
					}
				})
			}
			srv.Close()
			wg.Wait()
		}
	})
}

func TestDialObeysItsContext(t *testing.T) {
	t.Parallel()
	srv := serve(t, http.NotFound)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := send(ctx, srv.Client(), http.MethodGet, srv.URL, nil)
	assert.ErrorIs(t, err, context.Canceled)
}

func TestClientIsACopy(t *testing.T) {
	t.Parallel()
	srv := serve(t, http.NotFound)
	srv.Client().Timeout = time.Nanosecond
	assert.Zero(t, srv.Client().Timeout)
}
