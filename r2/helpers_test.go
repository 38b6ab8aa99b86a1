package r2_test

import (
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// TestMain is also the main function of the processes that the tests kill and measure: see child_test.go.
func TestMain(m *testing.M) {
	if task := os.Getenv("R2_TEST_CHILD"); task != "" {
		os.Exit(child(task))
	}
	goleak.VerifyTestMain(m)
}

// opened is a fake and a client of it, whose configuration can be changed.
func opened(tb testing.TB, opts r2test.Options, change ...func(*r2.Config)) (*r2test.Server, *r2.Client) {
	tb.Helper()
	srv, err := r2test.Open(opts)
	require.NoError(tb, err)
	tb.Cleanup(srv.Close)
	return srv, client(tb, srv, change...)
}

func client(tb testing.TB, srv *r2test.Server, change ...func(*r2.Config)) *r2.Client {
	tb.Helper()
	cfg := srv.Config()
	for _, f := range change {
		f(&cfg)
	}
	c, err := r2.New(cfg)
	require.NoError(tb, err)
	return c
}

// smallParts is a bucket and a client whose parts may be 1 KiB.
func smallParts(tb testing.TB, change ...func(*r2.Config)) (*r2test.Server, *r2.Client) {
	tb.Helper()
	srv, c := opened(tb, r2test.Options{MinPart: kib}, change...)
	r2.SetMinPart(c, kib)
	return srv, c
}

const (
	kib = 1 << 10
	mib = 1 << 20
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// through puts something between the client and the fake.
func through(f func(req *http.Request, next http.RoundTripper) (*http.Response, error)) func(*r2.Config) {
	return func(cfg *r2.Config) {
		next := cfg.HTTPClient.Transport
		cfg.HTTPClient = &http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) { return f(req, next) })}
	}
}

// wire keeps what was sent.
type wire struct {
	mu       sync.Mutex
	requests []*http.Request
}

func (w *wire) record(cfg *r2.Config) {
	through(func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		w.mu.Lock()
		w.requests = append(w.requests, req.Clone(req.Context()))
		w.mu.Unlock()
		return next.RoundTrip(req)
	})(cfg)
}

func (w *wire) all() []*http.Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.requests)
}

// random is n bytes that are the same in every run.
func random(n int) []byte {
	out := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(out)
	return out
}

// streamed hides everything but Read.
type streamed struct{ io.Reader }

// seekable hides ReadAt.
type seekable struct{ io.ReadSeeker }

func content(tb testing.TB, srv *r2test.Server, key string) []byte {
	tb.Helper()
	data, ok := srv.Bytes(key)
	require.True(tb, ok, "no object %q", key)
	return data
}
