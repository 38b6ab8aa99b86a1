package callback_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/callback"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

// handler makes a handler that is shut down with the test.
func handler(tb testing.TB, cfg callback.Config) *callback.Handler {
	tb.Helper()
	h, err := callback.New(cfg)
	require.NoError(tb, err)
	tb.Cleanup(func() { assert.NoError(tb, h.Shutdown(context.Background())) })
	return h
}

// nobody takes no ends of jobs.
type nobody struct{}

func (nobody) PublishEnded(wechat.PublishState) {}
func (nobody) MassEnded(wechat.MassReport)      {}

// account is a fake whose pushes go to a handler made from cfg, which is completed to fit.
func account(tb testing.TB, cb wechattest.Callback, cfg callback.Config) (*wechattest.Server, *callback.Handler) {
	tb.Helper()
	srv := wechattest.NewServer()
	tb.Cleanup(srv.Close)
	cfg.Token = srv.Callback().Token
	cfg.AppID = srv.AppID()
	switch cb.Mode {
	case wechattest.PlainPush:
		cfg.Mode = callback.Plain
	case wechattest.CompatiblePush:
		cfg.Mode = callback.Compatible
	}
	if cb.Mode != wechattest.PlainPush && cfg.AESKeys == nil {
		cfg.AESKeys = []string{srv.Callback().AESKey}
	}
	h := handler(tb, cfg)
	cb.Handler = h
	require.NoError(tb, srv.SetCallback(tb.Context(), cb))
	return srv, h
}

func push(tb testing.TB, srv *wechattest.Server, m wechattest.Message) wechattest.Delivery {
	tb.Helper()
	d, err := srv.Push(tb.Context(), m)
	require.NoError(tb, err)
	return d
}

// received collects what reached the application.
type received struct {
	mu  sync.Mutex
	all []*callback.Push
}

func (r *received) add(p *callback.Push) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, p)
}

func (r *received) pushes() []*callback.Push {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all
}

// echo answers a text with itself, and counts.
func (r *received) echo(_ context.Context, p *callback.Push) (callback.Reply, error) {
	r.add(p)
	if m, ok := p.Content.(callback.Text); ok {
		return callback.TextReply{Text: m.Text}, nil
	}
	return nil, nil
}
