package r2admin_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

// examined runs in a bubble, where waiting takes no time: how long it took is what it would have taken.
func examined(t *testing.T, test func(t *testing.T, srv *r2test.Server, cfg r2.Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv := r2test.NewServer()
		test(t, srv, srv.Config())
		srv.Close()
	})
}

func write() *r2admin.DoctorOptions { return &r2admin.DoctorOptions{Write: true} }

func TestDoctorObeysRetryAfter(t *testing.T) {
	t.Parallel()
	for name, op := range map[string]string{"list": "ListObjectsV2", "get": "GetObject", "put": "PutObject", "delete": "DeleteObject", "buckets": "ListBuckets"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			examined(t, func(t *testing.T, srv *r2test.Server, cfg r2.Config) {
				t.Helper()
				srv.AnswerNext(op, 429, http.Header{"Retry-After": {"40"}}, "")
				srv.AnswerNext(op, 503, http.Header{"Retry-After": {"20"}}, "")
				start := time.Now()
				d, err := r2admin.Doctor(t.Context(), cfg, write())
				require.NoError(t, err)
				assert.True(t, d.Healthy(), d.String())
				assert.GreaterOrEqual(t, time.Since(start), time.Minute)
				assert.Less(t, time.Since(start), 2*time.Minute)
				assert.Empty(t, srv.Objects())
			})
		})
	}
}

func TestDoctorWaitsNoLongerThanItMay(t *testing.T) {
	t.Parallel()
	examined(t, func(t *testing.T, srv *r2test.Server, cfg r2.Config) {
		t.Helper()
		srv.AnswerNext("ListObjectsV2", 503, http.Header{"Retry-After": {"3600"}}, "")
		start := time.Now()
		d, err := r2admin.Doctor(t.Context(), cfg, nil)
		require.NoError(t, err)
		assert.Less(t, time.Since(start), time.Minute, "an hour is not waited for")
		assert.Equal(t, r2admin.CauseOther, d.Cause)
		assert.Equal(t, 503, d.Probes[0].Status)
	})
	examined(t, func(t *testing.T, srv *r2test.Server, cfg r2.Config) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		srv.AnswerNext("ListObjectsV2", 429, http.Header{"Retry-After": {"30"}}, "")
		start := time.Now()
		_, err := r2admin.Doctor(ctx, cfg, nil)
		require.NoError(t, err, "there was time left for the rest")
		assert.Less(t, time.Since(start), 10*time.Second)
		assert.Equal(t, 1, srv.Calls("ListObjectsV2"), "a wait past the end of ctx is not begun")
	})
}

// A PUT whose answer is lost, a DELETE that needs more tries than the caller allows, a caller who gives up: nothing is left behind.
func TestDoctorLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*r2test.Server, *r2.Config){
		"lost PUT":             func(srv *r2test.Server, _ *r2.Config) { srv.LoseNext("PutObject") },
		"lost PUT, no repeats": func(srv *r2test.Server, cfg *r2.Config) { srv.LoseNext("PutObject"); cfg.MaxRetries = new(0) },
		"500 after the effect": lieAfter(http.MethodPut, 500),
		"403 after a lost PUT": func(srv *r2test.Server, _ *r2.Config) {
			srv.LoseNext("PutObject")
			srv.AnswerNext("PutObject", 403, nil, denied)
		},
		"dropped DELETE":        func(srv *r2test.Server, cfg *r2.Config) { srv.DropNext("DeleteObject"); cfg.MaxRetries = new(0) },
		"DELETE of bad weather": badWeather,
		"slower than the caller waits": func(srv *r2test.Server, cfg *r2.Config) {
			cfg.HTTPClient.Timeout = time.Second
			cfg.MaxRetries = new(0)
			srv.SlowNext("PutObject", 2*time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			examined(t, func(t *testing.T, srv *r2test.Server, cfg r2.Config) {
				t.Helper()
				set(srv, &cfg)
				d, err := r2admin.Doctor(t.Context(), cfg, write())
				require.NoError(t, err)
				assert.Empty(t, d.LeftOver, d.String())
				assert.Empty(t, srv.Objects())
				assert.GreaterOrEqual(t, srv.Calls("PutObject"), 2)
			})
		})
	}
}

const denied = `<Error><Code>AccessDenied</Code><Message>no</Message></Error>`

func badWeather(srv *r2test.Server, cfg *r2.Config) {
	cfg.MaxRetries = new(0)
	for _, status := range []int{429, 503, 500, 502} {
		srv.AnswerNext("DeleteObject", status, http.Header{"Retry-After": {"20"}}, "")
	}
}

// lieAfter lets a request take effect and answers with another status.
func lieAfter(method string, status int) func(*r2test.Server, *r2.Config) {
	return func(_ *r2test.Server, cfg *r2.Config) {
		next, lied := cfg.HTTPClient.Transport, false
		cfg.HTTPClient.Transport = roundTrip(func(req *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(req)
			if err == nil && req.Method == method && !lied {
				lied = true
				resp.StatusCode = status
			}
			return resp, err
		})
		cfg.MaxRetries = new(0)
	}
}

// A PUT that arrives after the DELETE that was meant for it.
func TestDoctorDeletesWhatArrivesLate(t *testing.T) {
	t.Parallel()
	examined(t, func(t *testing.T, srv *r2test.Server, cfg r2.Config) {
		t.Helper()
		next, late := cfg.HTTPClient.Transport, false
		var held *http.Request
		cfg.HTTPClient.Transport = roundTrip(func(req *http.Request) (*http.Response, error) {
			if req.Method == http.MethodPut && !late {
				late, held = true, req.Clone(context.WithoutCancel(req.Context()))
				return nil, context.DeadlineExceeded
			}
			resp, err := next.RoundTrip(req)
			if req.Method == http.MethodDelete && held != nil {
				put, putErr := next.RoundTrip(held)
				held = nil
				if assert.NoError(t, putErr) {
					assert.Equal(t, 200, put.StatusCode)
					assert.NoError(t, put.Body.Close())
				}
			}
			return resp, err
		})
		cfg.MaxRetries = new(0)
		d, err := r2admin.Doctor(t.Context(), cfg, write())
		require.NoError(t, err)
		assert.Nil(t, held)
		assert.Empty(t, srv.Objects())
		assert.Empty(t, d.LeftOver)
	})
}

func TestDoctorOfACallerWhoGivesUp(t *testing.T) {
	t.Parallel()
	examined(t, func(t *testing.T, srv *r2test.Server, cfg r2.Config) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		next := cfg.HTTPClient.Transport
		cfg.HTTPClient.Transport = roundTrip(func(req *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(req)
			if req.Method == http.MethodPut {
				cancel()
			}
			return resp, err
		})
		_, err := r2admin.Doctor(ctx, cfg, write())
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, 1, srv.Calls("PutObject"), "something was written, and nothing more")
		assert.Equal(t, 1, srv.Calls("DeleteObject"))
		assert.Empty(t, srv.Objects())
	})
}

func TestDoctorNamesWhatIsLeftOver(t *testing.T) {
	t.Parallel()
	examined(t, func(t *testing.T, srv *r2test.Server, cfg r2.Config) {
		t.Helper()
		srv.AnswerNext("DeleteObject", 403, nil, denied)
		d, err := r2admin.Doctor(t.Context(), cfg, write())
		require.NoError(t, err)
		require.Len(t, srv.Objects(), 1)
		assert.Equal(t, []string{srv.Objects()[0].Key}, d.LeftOver, "what could not be deleted is named")
		assert.False(t, d.Healthy())
		assert.Contains(t, d.String(), "left over, delete it: .r2-doctor")
	})
}
