package callback_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat/callback"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

// table is a [callback.Seen] as a database would be one.
type table struct {
	mu   sync.Mutex
	rows map[string]*[]byte
	keep time.Duration
}

func (s *table) Claim(_ context.Context, key string, keep time.Duration) (bool, []byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep = keep
	answer, claimed := s.rows[key]
	switch {
	case !claimed:
		s.rows[key] = nil
		return true, nil, false, nil
	case answer == nil:
		return false, nil, false, nil
	}
	return false, *answer, true, nil
}

func (s *table) Answer(_ context.Context, key string, answer []byte, _ time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows[key] = &answer
	return nil
}

func (s *table) Release(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.rows, key)
	return nil
}

type deadTable struct{}

func (deadTable) Claim(context.Context, string, time.Duration) (bool, []byte, bool, error) {
	return false, nil, false, errors.New("no database: fake-token")
}

func (deadTable) Answer(context.Context, string, []byte, time.Duration) error {
	return errors.New("no database")
}
func (deadTable) Release(context.Context, string) error { return errors.New("no database") }

// balancer gives the requests to several processes in turn.
type balancer struct {
	next atomic.Int32
	to   []http.Handler
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.to[int(b.next.Add(1))%len(b.to)].ServeHTTP(w, r)
}

// processes are two handlers behind one address.
func processes(t *testing.T, cfg callback.Config) *wechattest.Server {
	t.Helper()
	srv, one := account(t, wechattest.Callback{}, cfg)
	cfg.Token, cfg.AppID, cfg.AESKeys = srv.Callback().Token, srv.AppID(), []string{srv.Callback().AESKey}
	require.NoError(t, srv.SetCallback(t.Context(), wechattest.Callback{Handler: &balancer{to: []http.Handler{one, handler(t, cfg)}}}))
	return srv
}

func hello(at time.Time) wechattest.Message {
	return wechattest.Message{Type: "text", ID: 1, Created: at, Fields: []wechattest.Field{wechattest.F("Content", "hello")}}
}

// A retry that reaches another process gets the answer of the first, whether it is there already or not yet.
func TestSharedMemory(t *testing.T) {
	t.Parallel()
	for name, takes := range map[string]time.Duration{"answered before": 0, "answered meanwhile": 8 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var runs atomic.Int32
				shared := &table{rows: map[string]*[]byte{}}
				srv := processes(t, callback.Config{Seen: shared, Deliveries: 3, Handle: slow(takes, &runs)})
				for range 2 {
					d := push(t, srv, hello(time.Unix(946684800, 0)))
					if assert.NotNil(t, d.Reply) {
						assert.Equal(t, "run 1", d.Reply.Text)
					}
				}
				assert.EqualValues(t, 1, runs.Load())
				assert.Equal(t, 21*time.Minute, shared.keep)
			})
		})
	}
}

// A process that took the push and died: the others wait for its answer, and then say nothing.
func TestSharedMemoryOfADeadProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int32
		shared := &table{rows: map[string]*[]byte{}}
		srv := processes(t, callback.Config{Seen: shared, Handle: slow(0, &runs)})
		m := hello(time.Now())
		require.NotNil(t, push(t, srv, m).Reply)
		for key := range shared.rows {
			shared.rows[key] = nil
		}
		d := push(t, srv, m)
		assert.Nil(t, d.Reply)
		assert.NoError(t, d.Broken)
		assert.EqualValues(t, 1, runs.Load())
	})
}

func TestSharedMemoryReleases(t *testing.T) {
	t.Parallel()
	var runs atomic.Int32
	shared := &table{rows: map[string]*[]byte{}}
	srv := processes(t, callback.Config{Seen: shared, Handle: func(context.Context, *callback.Push) (callback.Reply, error) {
		if runs.Add(1) < 3 {
			return nil, callback.ErrRetry
		}
		return callback.TextReply{Text: "third"}, nil
	}})
	d := push(t, srv, hello(time.Now()))
	require.NoError(t, d.Broken)
	assert.Equal(t, "third", d.Reply.Text)
}

// Without its shared memory a process goes by its own.
func TestSharedMemoryFails(t *testing.T) {
	t.Parallel()
	var got received
	log := &lines{}
	srv, _ := account(t, wechattest.Callback{}, callback.Config{Seen: deadTable{}, Handle: got.echo, Logger: log.logger()})
	m := hello(time.Now())
	for range 2 {
		d := push(t, srv, m)
		require.NotNil(t, d.Reply)
		assert.Equal(t, "hello", d.Reply.Text)
	}
	assert.Len(t, got.pushes(), 1)
	assert.Contains(t, log.String(), "shared memory failed")
	assert.NotContains(t, log.String(), "fake-token")
}

func TestConfig(t *testing.T) {
	t.Parallel()
	handle := func(context.Context, *callback.Push) (callback.Reply, error) { return nil, nil }
	good := func() callback.Config {
		return callback.Config{Token: "t", AppID: "wx1", AESKeys: []string{v2Key}, Handle: handle}
	}
	for name, tt := range map[string]struct {
		change func(*callback.Config)
		want   []string
	}{
		"good":               {func(*callback.Config) {}, nil},
		"compatible":         {func(c *callback.Config) { c.Mode = callback.Compatible }, nil},
		"plain":              {func(c *callback.Config) { *c = callback.Config{Token: "t", Mode: callback.Plain, Handle: handle} }, nil},
		"for jobs alone":     {func(c *callback.Config) { c.Handle, c.Jobs = nil, nobody{} }, nil},
		"nothing":            {func(c *callback.Config) { *c = callback.Config{} }, []string{"Token is required", "AppID is required", "AESKeys is required", "Handle is required"}},
		"plain with a key":   {func(c *callback.Config) { c.Mode = callback.Plain }, []string{"AESKeys: not used in Plain"}},
		"short key":          {func(c *callback.Config) { c.AESKeys = append(c.AESKeys, v2Key[1:]) }, []string{"AESKeys[1] has 42 characters, not 43"}},
		"key is not base64":  {func(c *callback.Config) { c.AESKeys[0] = "*" + v2Key[1:] }, []string{"AESKeys[0] is not base64"}},
		"no mode":            {func(c *callback.Config) { c.Mode = 9 }, []string{"Mode(9)"}},
		"many deliveries":    {func(c *callback.Config) { c.Deliveries = 4 }, []string{"Deliveries: 4"}},
		"limit of no use":    {func(c *callback.Config) { c.Limit = 6 * time.Second }, []string{"Limit: 6s"}},
		"negative durations": {func(c *callback.Config) { c.Limit, c.MaxRun, c.Window, c.MaxBody = -1, -1, -1, -1 }, []string{"Limit", "MaxRun", "Window", "MaxBody"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := good()
			tt.change(&cfg)
			h, err := callback.New(cfg)
			if tt.want == nil {
				require.NoError(t, err)
				assert.NoError(t, h.Shutdown(t.Context()))
				return
			}
			for _, want := range tt.want {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}
