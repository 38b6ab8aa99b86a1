package wechat_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

// network reaches the fake under every name, but for what is broken.
type network struct {
	next   http.RoundTripper
	mu     sync.Mutex
	broken map[string]func(*http.Request, http.RoundTripper) (*http.Response, error)
	seen   []string
}

func (n *network) RoundTrip(req *http.Request) (*http.Response, error) {
	n.mu.Lock()
	n.seen = append(n.seen, req.URL.Host+req.URL.Path)
	broken := n.broken[req.URL.Host]
	n.mu.Unlock()
	if broken != nil {
		return broken(req, n.next)
	}
	return n.next.RoundTrip(req)
}

func (n *network) hosts(path string) (out []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.seen {
		if host, ok := bytes.CutSuffix([]byte(s), []byte("/cgi-bin/"+path)); ok {
			out = append(out, string(host))
		}
	}
	n.seen = nil
	return out
}

func (n *network) set(host string, f func(*http.Request, http.RoundTripper) (*http.Response, error)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.broken = map[string]func(*http.Request, http.RoundTripper) (*http.Response, error){host: f}
}

func refusedDial(*http.Request, http.RoundTripper) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
}

func unknownName(*http.Request, http.RoundTripper) (*http.Response, error) {
	return nil, &net.DNSError{Err: "no such host", Name: "api.weixin.fake", IsNotFound: true}
}

// lost lets the request arrive and drops the answer.
func lost(req *http.Request, next http.RoundTripper) (*http.Response, error) {
	resp, err := next.RoundTrip(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	return nil, errors.New("connection reset by peer")
}

func badGateway(req *http.Request, _ http.RoundTripper) (*http.Response, error) {
	rec := &http.Response{StatusCode: http.StatusBadGateway, Header: http.Header{}, Body: http.NoBody, Request: req}
	return rec, nil
}

func withFailover(t *testing.T, hosts ...string) (*wechattest.Server, *network, *wechat.Client) {
	t.Helper()
	srv, _ := account(t, wechattest.Options{})
	n := &network{next: srv.Client().Transport}
	c := another(t, srv, func(cfg *wechat.Config) {
		cfg.HTTPClient, cfg.FailoverHosts, cfg.MaxRetries = &http.Client{Transport: n}, hosts, new(0)
	})
	_, err := c.Token(t.Context())
	require.NoError(t, err)
	n.hosts("")
	return srv, n, c
}

const (
	firstHost  = "api.weixin.fake"
	secondHost = "api2.weixin.qq.com"
)

// Trap 15: another host only for a request that never left, or for a read. api2 shares the token.
func TestFailover(t *testing.T) {
	t.Parallel()
	read := func(ctx context.Context, c *wechat.Client) error { _, err := c.DraftCount(ctx); return err }
	write := func(ctx context.Context, c *wechat.Client) error { _, err := c.CreateTag(ctx, "新"); return err }
	publish := func(ctx context.Context, c *wechat.Client) error {
		_, err := c.Publish(ctx, "FakeDraft_none")
		return err
	}
	for name, tt := range map[string]struct {
		broken func(*http.Request, http.RoundTripper) (*http.Response, error)
		do     func(context.Context, *wechat.Client) error
		path   string
		again  bool
		is     error
	}{
		"read, cannot connect":      {broken: refusedDial, do: read, path: "draft/count", again: true},
		"read, unknown name":        {broken: unknownName, do: read, path: "draft/count", again: true},
		"read, answer lost":         {broken: lost, do: read, path: "draft/count", again: true},
		"read, a proxy's page":      {broken: badGateway, do: read, path: "draft/count", again: true},
		"write, cannot connect":     {broken: refusedDial, do: write, path: "tags/create", again: true},
		"write, unknown name":       {broken: unknownName, do: write, path: "tags/create", again: true},
		"write, answer lost":        {broken: lost, do: write, path: "tags/create", is: wechat.ErrUnknownOutcome},
		"write, a proxy's page":     {broken: badGateway, do: write, path: "tags/create", is: wechat.ErrUnknownOutcome},
		"publish, cannot connect":   {broken: refusedDial, do: publish, path: "freepublish/submit", again: true, is: wechat.ErrNotFound},
		"publish, a proxy's page":   {broken: badGateway, do: publish, path: "freepublish/submit", is: wechat.ErrUnknownOutcome},
		"publish, the answer is no": {do: publish, path: "freepublish/submit", is: wechat.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, n, c := withFailover(t, secondHost)
			n.set(firstHost, tt.broken)
			err := tt.do(t.Context(), c)
			require.ErrorIs(t, err, tt.is)
			want := []string{firstHost}
			if tt.again {
				want = append(want, secondHost)
			}
			assert.Equal(t, want, n.hosts(tt.path))
			assert.Equal(t, 1, srv.Calls(opToken), "the hosts share the token")
			assert.LessOrEqual(t, len(srv.Tags()), 3, "never made twice")
		})
	}
}

func TestFailoverIsOptIn(t *testing.T) {
	t.Parallel()
	_, n, c := withFailover(t)
	n.set(firstHost, refusedDial)
	_, err := c.DraftCount(t.Context())
	require.ErrorIs(t, err, wechat.ErrTemporary)
	assert.Equal(t, []string{firstHost}, n.hosts("draft/count"))
}

func TestFailoverKeepsToTheHostThatAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, n, c := withFailover(t, "http://third.fake", secondHost)
		n.set(firstHost, refusedDial)
		count := func() []string {
			_, err := c.DraftCount(t.Context())
			require.NoError(t, err)
			return n.hosts("draft/count")
		}
		assert.Equal(t, []string{firstHost, "third.fake"}, count())
		assert.Equal(t, []string{"third.fake"}, count())
		n.set("third.fake", refusedDial)
		assert.Equal(t, []string{"third.fake", secondHost}, count(), "on from where it is")
		n.set("", nil)
		assert.Equal(t, []string{secondHost}, count())
		time.Sleep(5 * time.Minute)
		assert.Equal(t, []string{firstHost}, count(), "and back, after a while")
	})
}

func TestFailoverOfTheToken(t *testing.T) {
	t.Parallel()
	srv, _ := account(t, wechattest.Options{})
	n := &network{next: srv.Client().Transport}
	n.set(firstHost, lost)
	var log bytes.Buffer
	c := another(t, srv, func(cfg *wechat.Config) {
		cfg.HTTPClient, cfg.FailoverHosts, cfg.Logger = &http.Client{Transport: n}, []string{secondHost}, slog.New(slog.NewTextHandler(&log, nil))
	})
	_, err := c.DraftCount(t.Context())
	require.NoError(t, err)
	assert.Len(t, srv.Tokens(), 1, "normal mode gives the same one again")
	assert.Contains(t, log.String(), "a host fails; trying the next")
	for _, secret := range append(srv.Tokens(), srv.Config().Secret) {
		assert.NotContains(t, log.String(), secret)
	}
}

func TestFailoverEndsWithTheCaller(t *testing.T) {
	t.Parallel()
	_, n, c := withFailover(t, secondHost)
	ctx, cancel := context.WithCancel(t.Context())
	n.set(firstHost, func(*http.Request, http.RoundTripper) (*http.Response, error) {
		cancel()
		return refusedDial(nil, nil)
	})
	_, err := c.DraftCount(ctx)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, []string{firstHost}, n.hosts("draft/count"))

	n.set(firstHost, nil)
	n.mu.Lock()
	n.broken = map[string]func(*http.Request, http.RoundTripper) (*http.Response, error){firstHost: refusedDial, secondHost: unknownName}
	n.mu.Unlock()
	_, err = c.DraftCount(t.Context())
	require.ErrorIs(t, err, wechat.ErrTemporary, "all of them down")
	assert.Equal(t, []string{firstHost, secondHost}, n.hosts("draft/count"))
}

func TestFailoverHostsAreChecked(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "https://", "ftp://host", "https://user:pw@host", "https://host?a=b"} {
		_, err := wechat.New(wechat.Config{AppID: "a", Secret: "s", FailoverHosts: []string{"api2.weixin.qq.com", bad}})
		require.ErrorContains(t, err, "FailoverHosts[1]", bad)
		assert.NotContains(t, err.Error(), "pw")
	}
}
