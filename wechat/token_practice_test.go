package wechat_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

const opLegacyToken = "token"

// another is one more process of the account.
func another(t *testing.T, srv *wechattest.Server, change func(*wechat.Config)) *wechat.Client {
	t.Helper()
	cfg := srv.Config()
	if change != nil {
		change(&cfg)
	}
	c, err := wechat.New(cfg)
	require.NoError(t, err)
	return c
}

// memory is a store of tokens that can be told to fail.
type memory struct {
	mu    sync.Mutex
	kept  map[string]wechat.Token
	ttls  []time.Duration
	keys  []string
	get   error
	set   error
	hangs bool
}

func (m *memory) Get(ctx context.Context, key string) (wechat.Token, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.hangs {
		<-ctx.Done()
		return wechat.Token{}, false, ctx.Err()
	}
	t, ok := m.kept[key]
	return t, ok && m.get == nil, m.get
}

func (m *memory) Set(_ context.Context, key string, t wechat.Token, ttl time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.set != nil {
		return m.set
	}
	if m.kept == nil {
		m.kept = map[string]wechat.Token{}
	}
	m.kept[key] = t
	m.keys, m.ttls = append(m.keys, key), append(m.ttls, ttl)
	return nil
}

// Practice 1: in normal mode every process gets the same token; nothing is shared between them, and nobody's dies.
func TestTokenPractice1ProcessesNeedNoLockAndNoStore(t *testing.T) {
	t.Parallel()
	srv := wechattest.NewServer()
	defer srv.Close()
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			c, err := wechat.New(srv.Config())
			assert.NoError(t, err)
			for range 20 {
				_, err := c.DraftCount(t.Context())
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
	assert.Len(t, srv.Tokens(), 1)
	assert.Equal(t, 5, srv.Calls(opToken))
	assert.Equal(t, 100, srv.Calls("draft/count"), "none was refused and repeated")
	assert.Zero(t, srv.Calls(opLegacyToken))
}

// Practice 2: the fast path holds no lock: it goes on while a renewal hangs.
func TestTokenPractice2FastPathNeedsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c := account(t, wechattest.Options{})
		old, err := c.Token(t.Context())
		require.NoError(t, err)
		time.Sleep(2*time.Hour - 3*time.Minute)
		srv.HangNext(opToken)
		tokens, errs := crowd(t, c, 100)
		assert.Empty(t, errs)
		assert.Equal(t, map[string]int{old.Value: 100}, tokens)
		synctest.Wait()
		assert.Equal(t, 2, srv.Calls(opToken))
		time.Sleep(40 * time.Second) // the flight ends by its own timeout
		_, err = c.Token(t.Context())
		require.NoError(t, err)
	})
}

// Practice 3: one flight for all who wait, each by its own context, and its failure is everybody's for a moment.
func TestTokenPractice3OneFlightSharedAlsoInFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c := account(t, wechattest.Options{})
		srv.SlowNext(opToken, 200*time.Millisecond)
		srv.FailNext(opToken, -1)
		impatient, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		began := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.Token(impatient)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, 50*time.Millisecond, time.Since(began))
		})
		_, errs := crowd(t, c, 999)
		wg.Wait()
		assert.Len(t, errs, 999)
		assert.Equal(t, 200*time.Millisecond, time.Since(began), "nobody waited for a second flight")
		_, errs = crowd(t, c, 100)
		assert.Len(t, errs, 100)
		assert.Equal(t, 1, srv.Calls(opToken), "remembered for a second")
		time.Sleep(time.Second)
		_, err := c.Token(t.Context())
		require.NoError(t, err)
	})
}

// Practice 4: renewed in the background in the last five minutes, and not by every process in the same second.
func TestTokenPractice4RenewalIsEarlyAndSpread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, _ := account(t, wechattest.Options{})
		var processes []*wechat.Client
		for range 30 {
			processes = append(processes, another(t, srv, nil))
		}
		began := time.Now()
		var mu sync.Mutex
		var asked []time.Duration
		for _, c := range processes {
			_, err := c.Token(t.Context())
			require.NoError(t, err)
		}
		srv.Observe(func(e fault.Event) {
			mu.Lock()
			defer mu.Unlock()
			if e.Op == opToken && e.When == fault.Before {
				asked = append(asked, time.Since(began))
			}
		})
		time.Sleep(2*time.Hour - 6*time.Minute)
		for range 4 * 60 {
			for _, c := range processes {
				_, err := c.Token(t.Context())
				require.NoError(t, err)
			}
			time.Sleep(time.Second)
		}
		require.Len(t, asked, 30)
		seconds := map[time.Duration]bool{}
		for _, at := range asked {
			assert.GreaterOrEqual(t, at, 2*time.Hour-5*time.Minute, "the platform would give the old one again")
			assert.LessOrEqual(t, at, 2*time.Hour-4*time.Minute+2*time.Second)
			seconds[at.Truncate(time.Second)] = true
		}
		assert.Greater(t, len(seconds), 10)
		assert.Len(t, srv.Tokens(), 2)
	})
}

// Practice 5: a refused token is replaced once, with the whole body sent again; a second refusal is the caller's.
func TestTokenPractice5RefusedOnceIsReplacedOnce(t *testing.T) {
	t.Parallel()
	for _, code := range []int{40001, 40014, 42001, 42007} {
		srv, c := account(t, wechattest.Options{})
		tag, err := c.CreateTag(t.Context(), "一")
		require.NoError(t, err)
		srv.RevokeTokens()
		require.NoError(t, c.RenameTag(t.Context(), tag.ID, "二"))
		assert.Equal(t, "二", srv.Tags()[2].Name, "the body went again")
		assert.Equal(t, 2, srv.Calls("tags/update"))
		assert.Equal(t, 2, srv.Calls(opToken))

		srv.RevokeTokens()
		srv.FailNext("tags/update", code) // with the old one
		srv.FailNext("tags/update", code) // and with the new one
		err = c.RenameTag(t.Context(), tag.ID, "三")
		require.ErrorIs(t, err, wechat.ErrToken)
		assert.NotErrorIs(t, err, wechat.ErrUnknownOutcome)
		assert.Equal(t, 4, srv.Calls("tags/update"))
		assert.Equal(t, 3, srv.Calls(opToken))
		assert.Len(t, srv.Tokens(), 3, "none was forced")
	}
}

// Practice 6: a store saves requests and holds no secret in its keys; one that fails or hangs stops nobody.
func TestTokenPractice6StoreOnlySavesRequests(t *testing.T) {
	t.Parallel()
	t.Run("shared", func(t *testing.T) {
		t.Parallel()
		srv := wechattest.NewServer()
		defer srv.Close()
		store := &memory{}
		share := func(cfg *wechat.Config) { cfg.Store = store }
		for range 3 {
			_, err := another(t, srv, share).DraftCount(t.Context())
			require.NoError(t, err)
		}
		assert.Equal(t, 1, srv.Calls(opToken))
		assert.Equal(t, []string{"wechat:stable_token:wx0123456789abcdef"}, store.keys)
		assert.NotContains(t, strings.Join(store.keys, " "), srv.Config().Secret)
		assert.InDelta(t, 2*time.Hour, store.ttls[0], float64(2*time.Second))

		srv.RevokeTokens() // what the store has is the very token that is refused: it is asked for anew
		c := another(t, srv, share)
		_, err := c.DraftCount(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 2, srv.Calls(opToken))
		_, err = another(t, srv, share).DraftCount(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 2, srv.Calls(opToken), "and kept")
	})
	for name, store := range map[string]*memory{
		"get fails": {get: errors.New("down")}, "set fails": {set: errors.New("read only")},
		"holds nothing of value": {kept: map[string]wechat.Token{"wechat:stable_token:wx0123456789abcdef": {}}},
		"holds one that has run out": {kept: map[string]wechat.Token{
			"wechat:stable_token:wx0123456789abcdef": {Value: "old", Expires: time.Now().Add(-time.Minute)},
		}},
		"holds one about to be replaced": {kept: map[string]wechat.Token{
			"wechat:stable_token:wx0123456789abcdef": {Value: "old", Expires: time.Now().Add(4 * time.Minute)},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := wechattest.NewServer()
			defer srv.Close()
			c := another(t, srv, func(cfg *wechat.Config) { cfg.Store = store })
			for range 3 {
				_, err := c.DraftCount(t.Context())
				require.NoError(t, err)
			}
			assert.Equal(t, 1, srv.Calls(opToken))
			assert.Equal(t, 3, srv.Calls("draft/count"), "no call with a token that is worth nothing")
		})
	}
	t.Run("hangs", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			srv, _ := account(t, wechattest.Options{})
			c := another(t, srv, func(cfg *wechat.Config) { cfg.Store = &memory{hangs: true} })
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			began := time.Now()
			_, err := c.Token(ctx)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, 50*time.Millisecond, time.Since(began))
			time.Sleep(time.Minute)
		})
	})
	t.Run("a lock that fails", func(t *testing.T) {
		t.Parallel()
		srv := wechattest.NewServer()
		defer srv.Close()
		c := another(t, srv, func(cfg *wechat.Config) { cfg.Locker = brokenLock{} })
		_, err := c.DraftCount(t.Context())
		require.NoError(t, err)
	})
}

// All tokens die while one process has already got the next one: what the store holds is as dead as the one refused.
func TestTokenInTheStoreDiedToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, _ := account(t, wechattest.Options{})
		store := &memory{}
		share := func(cfg *wechat.Config) { cfg.Store = store }
		early, late := another(t, srv, share), another(t, srv, share)
		for _, c := range []*wechat.Client{early, late} {
			_, err := c.DraftCount(t.Context())
			require.NoError(t, err)
		}
		time.Sleep(2*time.Hour - 5*time.Minute)
		for len(srv.Tokens()) == 1 {
			_, err := early.Token(t.Context())
			require.NoError(t, err)
			time.Sleep(time.Second)
		}
		srv.RevokeTokens()
		_, err := late.DraftCount(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 2+3, srv.Calls("draft/count"), "with its own, with that of the store, with a new one")
		assert.Len(t, srv.Tokens(), 3)
		assert.Equal(t, 3, srv.Calls(opToken))
		srv.RevokeTokens()
		for range 3 {
			srv.FailNext("draft/count", 40001)
		}
		_, err = late.DraftCount(t.Context())
		require.ErrorIs(t, err, wechat.ErrToken, "and no further")
	})
}

type brokenLock struct{}

func (brokenLock) Lock(context.Context, string) (func(), error) { return nil, errors.New("no lock") }

// Practice 7: what the platform, or the clock of another machine, says about the future is believed for two hours at
// most.
func TestTokenPractice7LifeIsBounded(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*wechattest.Server, *memory){
		"expires_in": func(srv *wechattest.Server, _ *memory) {
			srv.AnswerNext(opToken, http.StatusOK, nil, `{"access_token":"A","expires_in":720000}`)
		},
		"the store": func(_ *wechattest.Server, store *memory) {
			store.kept = map[string]wechat.Token{"wechat:stable_token:wx0123456789abcdef": {Value: "A", Expires: time.Now().Add(200 * time.Hour)}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, _ := account(t, wechattest.Options{})
				store := &memory{}
				prepare(srv, store)
				c := another(t, srv, func(cfg *wechat.Config) { cfg.Store = store })
				tok, err := c.Token(t.Context())
				require.NoError(t, err)
				assert.Equal(t, "A", tok.Value)
				assert.Equal(t, 2*time.Hour, time.Until(tok.Expires))
				time.Sleep(2*time.Hour - 6*time.Minute)
				before := srv.Calls(opToken)
				_, err = c.Token(t.Context())
				require.NoError(t, err)
				synctest.Wait()
				assert.Equal(t, before, srv.Calls(opToken))
				store.mu.Lock()
				store.kept = nil
				store.mu.Unlock()
				time.Sleep(6 * time.Minute)
				tok, err = c.Token(t.Context())
				require.NoError(t, err)
				assert.NotEqual(t, "A", tok.Value)
			})
		})
	}
}

// Practice 8: the legacy call only on request, only with a store and a lock, and then one call for all processes.
func TestTokenPractice8LegacyNeedsALock(t *testing.T) {
	t.Parallel()
	t.Run("refused without", func(t *testing.T) {
		t.Parallel()
		file := wechat.NewTokenFile("unused")
		for name, cfg := range map[string]wechat.Config{
			"neither":        {LegacyToken: true},
			"no store":       {LegacyToken: true, Locker: file},
			"no lock":        {LegacyToken: true, Store: file},
			"own source too": {LegacyToken: true, Store: file, Locker: file, Tokens: fixedToken("tok")},
		} {
			cfg.AppID, cfg.Secret = "wx", "secret"
			_, err := wechat.New(cfg)
			require.Error(t, err, name)
		}
	})
	t.Run("one call for all processes", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			srv, _ := account(t, wechattest.Options{})
			file := wechat.NewTokenFile(filepath.Join(t.TempDir(), "tokens.json"))
			var processes []*wechat.Client
			for range 5 {
				processes = append(processes, another(t, srv, func(cfg *wechat.Config) { cfg.LegacyToken, cfg.Store, cfg.Locker = true, file, file }))
			}
			all := func() {
				var wg sync.WaitGroup
				for _, c := range processes {
					wg.Go(func() {
						_, err := c.DraftCount(t.Context())
						assert.NoError(t, err)
					})
				}
				wg.Wait()
			}
			srv.SetQuota("draft/count", 10_000)
			srv.SlowNext(opLegacyToken, time.Second)
			all()
			assert.Equal(t, 1, srv.Calls(opLegacyToken))
			time.Sleep(2*time.Hour - 6*time.Minute)
			for range 4 * 60 {
				all()
				time.Sleep(time.Second)
			}
			assert.Equal(t, 2, srv.Calls(opLegacyToken))
			srv.RevokeTokens()
			all()
			assert.Equal(t, 3, srv.Calls(opLegacyToken), "who is refused second finds the new one in the store")
			assert.Zero(t, srv.Calls(opToken))
			assert.Equal(t, 5*(1+240+2), srv.Calls("draft/count"))
		})
	})
	t.Run("no call while the store or the lock fails", func(t *testing.T) {
		t.Parallel()
		srv := wechattest.NewServer()
		defer srv.Close()
		file := wechat.NewTokenFile(filepath.Join(t.TempDir(), "tokens.json"))
		for name, change := range map[string]func(*wechat.Config){
			"store": func(cfg *wechat.Config) { cfg.Store, cfg.Locker = &memory{get: errors.New("down")}, file },
			"lock":  func(cfg *wechat.Config) { cfg.Store, cfg.Locker = file, brokenLock{} },
		} {
			_, err := another(t, srv, func(cfg *wechat.Config) { cfg.LegacyToken = true; change(cfg) }).DraftCount(t.Context())
			require.ErrorContains(t, err, "wechat: token: "+name)
		}
		assert.Zero(t, srv.Calls(opLegacyToken))
	})
	t.Run("secret", func(t *testing.T) {
		t.Parallel()
		srv := wechattest.NewServer()
		cfg := srv.Config()
		cfg.Secret = "s3cr3t&legacy"
		cfg.LegacyToken, cfg.Store, cfg.Locker = true, &memory{}, wechat.NewTokenFile(filepath.Join(t.TempDir(), "tokens.json"))
		c, err := wechat.New(cfg)
		require.NoError(t, err)
		_, err = c.DraftCount(t.Context())
		require.ErrorIs(t, err, wechat.ErrConfig, "40001 means a wrong secret there")
		srv.Close()
		other, err2 := wechat.New(cfg)
		require.NoError(t, err2)
		_, err2 = other.DraftCount(t.Context())
		require.Error(t, err2)
		for _, hidden := range []string{"s3cr3t&legacy", "s3cr3t%26legacy"} {
			assert.NotContains(t, err.Error()+err2.Error(), hidden)
		}
	})
}
