package llm_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

// inBubble runs f with a server and a client, under a clock that jumps.
func inBubble(t *testing.T, change func(*llm.Config), f func(t *testing.T, srv *llmtest.Server, c *llm.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv := llmtest.NewServer()
		defer srv.Close()
		srv.OnChat(func(llmtest.ChatRequest) llmtest.Answer { return llmtest.Answer{Text: "Hello there"} })
		cfg := srv.Config()
		if change != nil {
			change(&cfg)
		}
		c, err := llm.New(cfg)
		require.NoError(t, err)
		f(t, srv, c)
	})
}

func chat() *llm.Request {
	return &llm.Request{Model: "gpt-4o", Messages: []llm.Message{llm.User("Hello")}}
}

func TestStream_timeouts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault  llmtest.Fault
		hang   bool
		limits llm.Timeouts
		want   time.Duration
		words  string
		text   string
	}{
		"no header":                {hang: true, want: 5 * time.Minute, words: "no byte of the answer for 5m0s (Timeouts.FirstByte)"},
		"a header and nothing":     {fault: llmtest.StallFirst, want: 5 * time.Minute, words: "Timeouts.FirstByte"},
		"silence":                  {fault: llmtest.Stall, want: 2 * time.Minute, words: "no byte of the stream for 2m0s (Timeouts.Idle)", text: "Hello there"},
		"silence, another limit":   {fault: llmtest.Stall, limits: llm.Timeouts{Idle: time.Second}, want: time.Second, words: "for 1s", text: "Hello there"},
		"comments":                 {fault: llmtest.EndlessComments, want: 15 * time.Minute, words: "no event in the stream for 15m0s (Timeouts.NoEvent)", text: "Hello there"},
		"no limit but the longest": {fault: llmtest.Stall, limits: llm.Timeouts{Idle: -1}, want: 15 * time.Minute, words: "Timeouts.NoEvent", text: "Hello there"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(cfg *llm.Config) { cfg.Timeouts = tt.limits }, func(t *testing.T, srv *llmtest.Server, c *llm.Client) {
				t.Helper()
				if tt.hang {
					srv.HangNext(llmtest.OpChat)
				} else {
					srv.Misbehave(tt.fault)
				}
				began := time.Now()
				s := c.Stream(t.Context(), chat())
				_, err := drain(s)
				require.ErrorIs(t, err, llm.ErrIdle)
				require.ErrorContains(t, err, tt.words)
				require.Equal(t, tt.want, time.Since(began))
				require.Equal(t, tt.text, s.Response().Text())
				require.Equal(t, 1, srv.Calls(llmtest.OpChat), "silence is not repeated")
			})
		})
	}
}

// What the caller does between two events is the caller's time.
func TestStream_slowCaller(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, srv *llmtest.Server, c *llm.Client) {
		t.Helper()
		srv.OnChat(func(llmtest.ChatRequest) llmtest.Answer {
			return llmtest.Answer{Text: "abcdef", Runes: 1, Delay: time.Minute}
		})
		n := 0
		for _, err := range c.Stream(t.Context(), chat()).Text() {
			require.NoError(t, err)
			n++
			time.Sleep(20 * time.Minute)
		}
		require.Equal(t, 6, n)
	})
}

func TestStream_endsAtOnce(t *testing.T) {
	t.Parallel()
	for f, most := range map[llmtest.Fault]time.Duration{llmtest.OpenAfterDone: 50 * time.Millisecond, llmtest.OpenAfterFinish: 10*time.Second + 50*time.Millisecond} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			inBubble(t, nil, func(t *testing.T, srv *llmtest.Server, c *llm.Client) {
				t.Helper()
				srv.Misbehave(f)
				began := time.Now()
				text, err := drain(c.Stream(t.Context(), chat()))
				require.NoError(t, err)
				require.Equal(t, "Hello there", text)
				require.LessOrEqual(t, time.Since(began), most)
			})
		})
	}
}

// Every event must be there when it has been sent, not when the next one comes.
func TestStream_noReadAhead(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, srv *llmtest.Server, c *llm.Client) {
		t.Helper()
		srv.OnChat(func(llmtest.ChatRequest) llmtest.Answer {
			return llmtest.Answer{Text: "abc", Runes: 1, Delay: time.Second}
		})
		began := time.Now()
		var at []time.Duration
		for _, err := range c.Stream(t.Context(), chat()).Text() {
			require.NoError(t, err)
			at = append(at, time.Since(began))
		}
		require.Equal(t, []time.Duration{2 * time.Second, 3 * time.Second, 4 * time.Second}, at, "the chunk with the role comes after 1 s")
	})
}

func TestChat_answerTimeout(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, srv *llmtest.Server, c *llm.Client) {
		t.Helper()
		srv.HangNext(llmtest.OpChat)
		began := time.Now()
		resp, err := c.Chat(t.Context(), chat())
		require.ErrorIs(t, err, llm.ErrIdle)
		require.ErrorContains(t, err, "Timeouts.Answer")
		require.Nil(t, resp)
		require.Equal(t, 20*time.Minute, time.Since(began))
	})
}

func TestRetry(t *testing.T) {
	t.Parallel()
	rateLimit := func(header http.Header) func(*llmtest.Server) {
		return func(srv *llmtest.Server) { srv.AnswerNext(llmtest.OpChat, 429, header, `{"error":{"message":"slow"}}`) }
	}
	status := func(code int, body string) func(*llmtest.Server) {
		return func(srv *llmtest.Server) { srv.AnswerNext(llmtest.OpChat, code, nil, body) }
	}
	drop := func(srv *llmtest.Server) { srv.DropNext(llmtest.OpChat) }
	fault := func(f llmtest.Fault) func(*llmtest.Server) {
		return func(srv *llmtest.Server) { srv.Misbehave(f) }
	}
	for name, tt := range map[string]struct {
		script      []func(*llmtest.Server)
		calls       int
		least, most time.Duration
		kind        error
		retry       llm.Retry
	}{
		"503 twice":                {script: []func(*llmtest.Server){status(503, ""), status(503, "")}, calls: 3, most: 2 * time.Second},
		"503 thrice":               {script: []func(*llmtest.Server){status(503, ""), status(503, ""), status(503, "")}, calls: 3, most: 2 * time.Second, kind: llm.ErrOverloaded},
		"connection dropped":       {script: []func(*llmtest.Server){drop}, calls: 2, most: time.Second},
		"Retry-After":              {script: []func(*llmtest.Server){rateLimit(http.Header{"Retry-After": {"7"}})}, calls: 2, least: 7 * time.Second, most: 8 * time.Second},
		"retry-after-ms":           {script: []func(*llmtest.Server){rateLimit(http.Header{"Retry-After-Ms": {"1500"}})}, calls: 2, least: 1500 * time.Millisecond, most: 2 * time.Second},
		"Retry-After too far away": {script: []func(*llmtest.Server){rateLimit(http.Header{"Retry-After": {"61"}})}, calls: 1, kind: llm.ErrRateLimit},
		"Retry-After allowed":      {script: []func(*llmtest.Server){rateLimit(http.Header{"Retry-After": {"61"}})}, retry: llm.Retry{MaxAfter: 2 * time.Minute}, calls: 2, least: 61 * time.Second, most: 62 * time.Second},
		"x-should-retry false":     {script: []func(*llmtest.Server){rateLimit(http.Header{"X-Should-Retry": {"false"}})}, calls: 1, kind: llm.ErrRateLimit},
		"turned off":               {script: []func(*llmtest.Server){status(503, "")}, retry: llm.Retry{Max: new(0)}, calls: 1, kind: llm.ErrOverloaded},
		"quota":                    {script: []func(*llmtest.Server){status(429, `{"error":{"code":"insufficient_quota","message":"pay"}}`)}, calls: 1, kind: llm.ErrQuota},
		"quota, should retry": {script: []func(*llmtest.Server){func(srv *llmtest.Server) {
			srv.AnswerNext(llmtest.OpChat, 429, http.Header{"X-Should-Retry": {"true"}}, `{"error":{"code":"1113","message":"pay"}}`)
		}}, calls: 1, kind: llm.ErrQuota},
		"bad request":                 {script: []func(*llmtest.Server){status(400, "{}")}, calls: 1, kind: llm.ErrInvalid},
		"wrong key":                   {script: []func(*llmtest.Server){status(401, "{}")}, calls: 1, kind: llm.ErrAuth},
		"cut after the first event":   {script: []func(*llmtest.Server){fault(llmtest.Cut)}, calls: 1, kind: llm.ErrTruncated},
		"error after the first event": {script: []func(*llmtest.Server){fault(llmtest.ErrorChunk)}, calls: 1, kind: llm.ErrServer},
		"200 with nothing":            {script: []func(*llmtest.Server){fault(llmtest.OKEmpty)}, calls: 1, kind: llm.ErrTruncated},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(cfg *llm.Config) { cfg.Retry = tt.retry }, func(t *testing.T, srv *llmtest.Server, c *llm.Client) {
				t.Helper()
				for _, f := range tt.script {
					f(srv)
				}
				began := time.Now()
				text, err := drain(c.Stream(t.Context(), chat()))
				took := time.Since(began)
				require.Equal(t, tt.calls, srv.Calls(llmtest.OpChat))
				assert.GreaterOrEqual(t, took, tt.least)
				assert.LessOrEqual(t, took, tt.most)
				if tt.kind != nil {
					require.ErrorIs(t, err, tt.kind)
					return
				}
				require.NoError(t, err)
				require.Equal(t, "Hello there", text, "once, though it was asked for more often")
			})
		})
	}
}

// Chat hands out nothing before its end, so that it may also repeat an answer that was cut.
func TestChat_repeatsCutAnswer(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, srv *llmtest.Server, c *llm.Client) {
		t.Helper()
		srv.Misbehave(llmtest.Cut)
		resp, err := c.Chat(t.Context(), chat())
		require.NoError(t, err)
		require.Equal(t, "Hello there", resp.Text())
		require.Equal(t, 2, srv.Calls(llmtest.OpChat))
	})
}

func TestStream_cancel(t *testing.T) {
	t.Parallel()
	why := errors.New("the user pressed stop")
	for name, fault := range map[string]llmtest.Fault{"in the middle": llmtest.Stall, "before the first byte": llmtest.StallFirst} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, nil, func(t *testing.T, srv *llmtest.Server, c *llm.Client) {
				t.Helper()
				srv.Misbehave(fault)
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(3*time.Second, func() { cancel(why) })
				began := time.Now()
				_, err := drain(c.Stream(ctx, chat()))
				require.ErrorIs(t, err, why)
				require.ErrorIs(t, err, context.Canceled)
				require.NotErrorIs(t, err, llm.ErrIdle)
				require.Equal(t, 3*time.Second, time.Since(began))
				require.Equal(t, 1, srv.Calls(llmtest.OpChat))
			})
		})
	}
	t.Run("while waiting to repeat", func(t *testing.T) {
		t.Parallel()
		inBubble(t, nil, func(t *testing.T, srv *llmtest.Server, c *llm.Client) {
			t.Helper()
			srv.AnswerNext(llmtest.OpChat, 429, http.Header{"Retry-After": {"30"}}, "{}")
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(3*time.Second, func() { cancel(why) })
			_, err := drain(c.Stream(ctx, chat()))
			require.ErrorIs(t, err, why)
			require.ErrorIs(t, err, llm.ErrRateLimit)
		})
	})
}

func TestStream_Close(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, srv *llmtest.Server, c *llm.Client) {
		t.Helper()
		srv.Misbehave(llmtest.Stall)
		s := c.Stream(t.Context(), chat())
		time.AfterFunc(time.Second, func() { _ = s.Close() })
		text, err := drain(s)
		require.ErrorContains(t, err, "the stream has been closed")
		require.Equal(t, "Hello there", text)

		s = c.Stream(t.Context(), chat())
		require.NoError(t, s.Close())
		_, err = drain(s)
		require.ErrorContains(t, err, "the stream has been closed")
		require.Equal(t, 1, srv.Calls(llmtest.OpChat), "nothing was sent")
	})
}
