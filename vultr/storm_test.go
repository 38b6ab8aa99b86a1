package vultr_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/vultr"
	"github.com/kitroll/kitroll/vultr/vultrtest"
)

// 64 goroutines with 200 calls each: no 429 from a platform that counts, few connections, nothing left behind.
func TestStorm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := vultrtest.NewServer()
		cfg := srv.Config()
		transport, ok := cfg.HTTPClient.Transport.(*http.Transport)
		require.True(t, ok)
		var conns counting
		counted := transport.Clone()
		counted.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := transport.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return conns.count(conn), nil
		}
		cfg.HTTPClient = &http.Client{Transport: counted}
		c, err := vultr.New(cfg)
		require.NoError(t, err)
		b := made(c.Block().Create(t.Context(), volume(), nil))(t)

		const workers, calls = 64, 200
		began := time.Now()
		var failures atomic.Int64
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for range calls {
					if got, err := c.Block().Get(t.Context(), b.ID); err != nil || got.ID != b.ID {
						failures.Add(1)
					}
				}
			})
		}
		wg.Wait()
		assert.Zero(t, failures.Load())
		assert.Equal(t, workers*calls, srv.Calls(vultrtest.GetBlock), "no call was refused and repeated")
		assert.LessOrEqual(t, conns.most.Load(), int64(32))
		assert.LessOrEqual(t, srv.MostAtATime(), 32)
		took := time.Since(began).Seconds()
		assert.InDelta(t, workers*calls/30.0*1.05, took, 2, "30 requests in a window of 1.05 s")
		counted.CloseIdleConnections()
		srv.Close()
	})
}

// A platform that is slow does not get more and more connections.
func TestConnectionsAreBoundedWhenThePlatformIsSlow(t *testing.T) {
	t.Parallel()
	bubble(t, vultrtest.Options{}, func(w world) {
		t, srv, c := w.t, w.srv, w.c
		const calls = 150
		for range calls {
			srv.SlowNext(vultrtest.ListBlocks, 20*time.Second)
		}
		var wg sync.WaitGroup
		for range calls {
			wg.Go(func() { assert.NoError(t, last(c.Block().List(t.Context(), nil))) })
		}
		wg.Wait()
		assert.Equal(t, 32, srv.MostAtATime())
	})
}

func TestLimiterDoesNotBeginAWaitThatIsTooLong(t *testing.T) {
	t.Parallel()
	bubble(t, vultrtest.Options{PerSecond: -1}, func(w world) {
		t, srv, c := w.t, w.srv, w.c
		for range 30 { // at once
			require.NoError(t, last(c.Block().List(t.Context(), nil)))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		began := time.Now()
		err := last(c.Block().List(ctx, nil))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.False(t, asError(t, err).Sent)
		assert.Zero(t, time.Since(began))
		assert.Equal(t, 30, srv.Calls(""))

		waiting, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- last(c.Block().List(waiting, nil)) }()
		synctest.Wait()
		stop()
		require.ErrorIs(t, <-done, context.Canceled)
		require.NoError(t, last(c.Block().List(t.Context(), nil)))
		assert.Equal(t, 31, srv.Calls(""))
	})
}
