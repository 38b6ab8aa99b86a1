package wechat_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const opToken = "stable_token"

// crowd asks for the token from n goroutines at once.
func crowd(t *testing.T, c *wechat.Client, n int) (tokens map[string]int, errs []error) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	tokens = map[string]int{}
	for range n {
		wg.Go(func() {
			tok, err := c.Token(t.Context())
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
				return
			}
			tokens[tok.Value]++
		})
	}
	wg.Wait()
	return tokens, errs
}

func TestTokenCrowdMakesOneRequest(t *testing.T) {
	t.Parallel()
	t.Run("success", func(t *testing.T) {
		t.Parallel()
		srv, c := account(t, wechattest.Options{})
		srv.SlowNext(opToken, 20*time.Millisecond)
		tokens, errs := crowd(t, c, 1000)
		assert.Empty(t, errs)
		assert.Len(t, tokens, 1)
		assert.Equal(t, 1, srv.Calls(opToken))
	})
	t.Run("failure", func(t *testing.T) {
		t.Parallel()
		srv, c := account(t, wechattest.Options{})
		srv.SlowNext(opToken, 20*time.Millisecond)
		srv.FailNext(opToken, -1)
		_, errs := crowd(t, c, 1000)
		assert.Len(t, errs, 1000)
		for _, err := range errs {
			require.ErrorIs(t, err, wechat.ErrTemporary)
		}
		assert.Equal(t, 1, srv.Calls(opToken))
	})
}

func TestTokenFailureIsRememberedAndForgotten(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		code int
		wait time.Duration
	}{
		"busy":           {code: -1, wait: time.Second},
		"wrong secret":   {code: 40001, wait: 30 * time.Second}, // trap 9
		"wrong secret 2": {code: 40125, wait: 30 * time.Second},
		"whitelist":      {code: 40164, wait: 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, c := account(t, wechattest.Options{})
				srv.FailNext(opToken, tt.code)
				_, first := c.Token(t.Context())
				require.Error(t, first)
				time.Sleep(tt.wait - time.Millisecond)
				_, again := c.Token(t.Context())
				assert.Equal(t, first, again)
				assert.Equal(t, 1, srv.Calls(opToken))
				time.Sleep(2 * time.Millisecond)
				_, err := c.Token(t.Context())
				require.NoError(t, err)
				assert.Equal(t, 2, srv.Calls(opToken))
			})
		})
	}
}

// Trap 27: each waiter obeys its own context, and the flight outlives the one who began it.
func TestTokenWaiterObeysItsDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c := account(t, wechattest.Options{})
		srv.SlowNext(opToken, 480*time.Millisecond)
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := c.Token(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 50*time.Millisecond, time.Since(began))

		cause := errors.New("the user went away")
		gone, giveUp := context.WithCancelCause(t.Context())
		giveUp(cause)
		_, err = c.Token(gone)
		require.ErrorIs(t, err, cause)

		_, err = c.Token(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 480*time.Millisecond, time.Since(began))
		assert.Equal(t, 1, srv.Calls(opToken), "the flight of the first caller went on")
	})
}

// Outside of a bubble, with a real clock: back within 60 ms.
func TestTokenWaiterObeysItsDeadlineForReal(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	srv.HangNext(opToken)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := c.Token(ctx)
	took := time.Since(began)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Less(t, took, 400*time.Millisecond, "typically 50 to 60 ms")
}

func TestTokenIsRenewedInTheBackground(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c := account(t, wechattest.Options{})
		old, err := c.Token(t.Context())
		require.NoError(t, err)

		time.Sleep(2*time.Hour - 5*time.Minute - time.Second)
		tok, err := c.Token(t.Context())
		require.NoError(t, err)
		assert.Equal(t, old, tok, "not before the platform renews it")
		assert.Equal(t, 1, srv.Calls(opToken))

		time.Sleep(time.Minute + 2*time.Second)
		srv.SlowNext(opToken, 10*time.Second)
		for range 100 {
			began := time.Now()
			tok, err = c.Token(t.Context())
			require.NoError(t, err)
			assert.Equal(t, old, tok)
			assert.Zero(t, time.Since(began), "nobody waits for it")
		}
		time.Sleep(11 * time.Second)
		tok, err = c.Token(t.Context())
		require.NoError(t, err)
		assert.NotEqual(t, old.Value, tok.Value)
		assert.Equal(t, 2, srv.Calls(opToken), "one flight for all of them")
	})
}

func TestTokenOldOneIsUsedWhenRenewalFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c := account(t, wechattest.Options{})
		old, err := c.Token(t.Context())
		require.NoError(t, err)
		time.Sleep(2*time.Hour - 2*time.Minute)
		srv.FailNext(opToken, -1)
		for range 3 {
			tok, err := c.Token(t.Context())
			require.NoError(t, err)
			assert.Equal(t, old, tok)
			synctest.Wait()
		}
		assert.Equal(t, 2, srv.Calls(opToken), "not at every call")
		time.Sleep(2 * time.Second)
		_, err = c.Token(t.Context())
		require.NoError(t, err)
		synctest.Wait()
		tok, err := c.Token(t.Context())
		require.NoError(t, err)
		assert.NotEqual(t, old.Value, tok.Value)
	})
}

// Trap 9 and 27: expires_in is what remains; more than 7200 is not believed.
func TestTokenLife(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		expires string
		want    time.Duration
	}{
		"remaining":  {expires: `345`, want: 345 * time.Second},
		"as text":    {expires: `"345"`, want: 345 * time.Second},
		"too long":   {expires: `720000`, want: 2 * time.Hour},
		"none":       {expires: `0`, want: 5 * time.Minute},
		"very short": {expires: `2`, want: 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, c := account(t, wechattest.Options{})
				srv.AnswerNext(opToken, http.StatusOK, nil, `{"access_token":"A","expires_in":`+tt.expires+`}`)
				tok, err := c.Token(t.Context())
				require.NoError(t, err)
				assert.Equal(t, tt.want, time.Until(tok.Expires).Round(time.Second))
				time.Sleep(tt.want)
				tok, err = c.Token(t.Context())
				require.NoError(t, err)
				assert.NotEqual(t, "A", tok.Value)
			})
		})
	}
}

func TestTokenReplacedOnceWhenRefused(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*wechattest.Server){
		"replaced by another process": (*wechattest.Server).RevokeTokens,
		"expired early":               func(*wechattest.Server) { time.Sleep(70 * time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, err := wechattest.Open(wechattest.Options{TokenLife: time.Minute})
				require.NoError(t, err)
				defer srv.Close()
				cfg := srv.Config()
				frozen := time.Now()
				cfg.Now = func() time.Time { return frozen } // our clock does not see the end
				c, err := wechat.New(cfg)
				require.NoError(t, err)
				_, err = c.DraftCount(t.Context())
				require.NoError(t, err)
				spoil(srv)
				_, err = c.DraftCount(t.Context())
				require.NoError(t, err)
				assert.Equal(t, 3, srv.Calls("draft/count"))
				assert.Equal(t, 2, srv.Calls(opToken))
			})
		})
	}
}

// Trap 27: normal mode gives the refused token again. Asking on and on would not help, and force_refresh would kill the
// token of every other process.
func TestTokenSameOneAgain(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	tok, err := c.Token(t.Context())
	require.NoError(t, err)
	srv.FailNext("draft/count", 40001)
	_, err = c.DraftCount(t.Context())
	require.ErrorIs(t, err, wechat.ErrToken)
	assert.Contains(t, err.Error(), "the same one was given out again")
	assert.NotContains(t, err.Error(), tok.Value)
	assert.Equal(t, 1, srv.Calls("draft/count"), "not repeated with the same token")
	assert.Equal(t, 2, srv.Calls(opToken))

	srv.FailNext("draft/count", 40001)
	_, err = c.DraftCount(t.Context())
	require.ErrorIs(t, err, wechat.ErrToken)
	assert.Equal(t, 2, srv.Calls(opToken), "remembered")

	_, err = c.DraftCount(t.Context())
	require.NoError(t, err, "and still used, in case that one call was the odd one")
}

// Trap 27: a late refusal of an old token does not cost the fresh one.
func TestTokenLateRefusalKeepsTheFreshOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c := account(t, wechattest.Options{})
		_, err := c.Token(t.Context())
		require.NoError(t, err)
		srv.SlowNext("draft/count", time.Second) // leaves with the old token, is judged a second later
		late := make(chan error, 1)
		go func() {
			_, err := c.DraftCount(t.Context())
			late <- err
		}()
		synctest.Wait()
		srv.RevokeTokens()
		id := wechat.DraftID("FakeDraft_none")
		_, err = c.Draft(t.Context(), id) // finds out, and gets the fresh one
		require.ErrorIs(t, err, wechat.ErrNotFound)
		fresh, err := c.Token(t.Context())
		require.NoError(t, err)
		require.NoError(t, <-late)
		tok, err := c.Token(t.Context())
		require.NoError(t, err)
		assert.Equal(t, fresh, tok)
		assert.Equal(t, 2, srv.Calls(opToken))
	})
}

func TestTokenProcessesShareOne(t *testing.T) {
	t.Parallel()
	srv, one := account(t, wechattest.Options{})
	two, err := wechat.New(srv.Config())
	require.NoError(t, err)
	a, err := one.Token(t.Context())
	require.NoError(t, err)
	b, err := two.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, a.Value, b.Value)
}

func TestTokenNeverForced(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	_, err := c.Token(t.Context())
	require.NoError(t, err)
	srv.FailNext("draft/count", 42001)
	_, err = c.DraftCount(t.Context())
	require.ErrorIs(t, err, wechat.ErrToken)
	require.Len(t, srv.Tokens(), 1, "a forced refresh would have made a second")
}

// A token service of one's own.
type service struct {
	mu       sync.Mutex
	current  int
	rejected []string
}

func (s *service) Token(_ context.Context, rejected string) (wechat.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if rejected != "" {
		s.rejected = append(s.rejected, rejected)
		s.current++
	}
	return wechat.Token{Value: fmt.Sprintf("service-token-%d", s.current)}, nil
}

func TestTokenSource(t *testing.T) {
	t.Parallel()
	srv := wechattest.NewServer()
	defer srv.Close()
	cfg := srv.Config()
	source := &service{}
	cfg.Tokens, cfg.Secret = source, ""
	c, err := wechat.New(cfg)
	require.NoError(t, err)
	_, err = c.DraftCount(t.Context())
	require.ErrorIs(t, err, wechat.ErrToken)
	assert.Equal(t, []string{"service-token-0"}, source.rejected, "asked once for another, then the error")
	assert.Equal(t, 2, srv.Calls("draft/count"))
	assert.Zero(t, srv.Calls(opToken))

	cfg.Tokens = fixedToken("")
	c, err = wechat.New(cfg)
	require.NoError(t, err)
	_, err = c.DraftCount(t.Context())
	require.ErrorIs(t, err, wechat.ErrConfig)
}

func BenchmarkTokenCached(b *testing.B) {
	srv := wechattest.NewServer()
	defer srv.Close()
	c, err := wechat.New(srv.Config())
	require.NoError(b, err)
	ctx := b.Context()
	_, err = c.Token(ctx)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Token(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

func TestTokenCachedAllocatesNothing(t *testing.T) { //nolint:paralleltest // AllocsPerRun must run alone
	_, c := account(t, wechattest.Options{})
	ctx := t.Context()
	_, err := c.Token(ctx)
	require.NoError(t, err)
	assert.Zero(t, testing.AllocsPerRun(100, func() { _, _ = c.Token(ctx) }))
}
