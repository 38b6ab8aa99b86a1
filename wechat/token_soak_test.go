package wechat_test

import (
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

// A day of two processes with one store, on a clock that does not wait: tokens of an hour, calls that take a while and
// overlap every turnover, and in the middle all tokens die at once (40001), twice. No call fails, and no token is asked for
// twice: as many requests as tokens.
func TestTokenSoakOfADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const op, day, workers = "draft/count", 24 * time.Hour, 4
		srv, _ := account(t, wechattest.Options{TokenLife: time.Hour})
		srv.SetQuota(op, 1_000_000)
		srv.Observe(func(e fault.Event) {
			if e.When == fault.Before {
				time.Sleep(rand.N(300 * time.Millisecond)) // on the way
			}
		})
		file := wechat.NewTokenFile(filepath.Join(t.TempDir(), "tokens.json"))
		end := time.Now().Add(day)
		var made, failed atomic.Int64
		var wg sync.WaitGroup
		for range 2 {
			c := another(t, srv, func(cfg *wechat.Config) { cfg.Store, cfg.Locker, cfg.MaxRetries = file, file, new(0) })
			for range workers {
				wg.Go(func() {
					for time.Now().Before(end) {
						if _, err := c.DraftCount(t.Context()); err != nil {
							failed.Add(1)
							assert.NoError(t, err)
						}
						made.Add(1)
						time.Sleep(rand.N(30 * time.Second))
					}
				})
			}
		}
		time.Sleep(day / 2)
		for _, after := range []time.Duration{20 * time.Minute, 0} { // well inside of a token's hour, and in the second of a turnover
			for turnover := srv.Calls(opToken); srv.Calls(opToken) == turnover; {
				time.Sleep(time.Second)
			}
			time.Sleep(after)
			before := len(srv.Tokens())
			srv.RevokeTokens()
			time.Sleep(3 * time.Minute)
			require.Len(t, srv.Tokens(), before+1)
		}
		wg.Wait()

		requests, tokens, refused := srv.Calls(opToken), len(srv.Tokens()), int64(srv.Calls(op))-made.Load()
		t.Logf("24 h: %d calls, %d failed, %d refused with 40001 and repeated; %d token requests for %d tokens", made.Load(), failed.Load(), refused, requests, tokens)
		assert.Greater(t, made.Load(), int64(30_000))
		assert.Zero(t, failed.Load())
		assert.Equal(t, tokens, requests, "each request brought a token that nobody had")
		assert.LessOrEqual(t, tokens, 3+int(day/(55*time.Minute)), "the platform gives the next one after 55 min")
		assert.Positive(t, refused)
		assert.LessOrEqual(t, refused, int64(2*2*2*workers), "each worker at most twice each time")
	})
}
