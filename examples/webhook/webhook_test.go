package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
	"github.com/kitroll/kitroll/wechat/callback"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// page is a screen that tests read.
type page struct {
	mu   sync.Mutex
	text strings.Builder
}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *page) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// The demo on the virtual clock, with the platform's real seconds.
func TestDemo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out, errs page
		require.Equal(t, exitDone, run(t.Context(), []string{"-second", "1s"}, &out, &errs, env()), errs.String())
		for _, want := range []string{
			"event: subscribe\n<- " + welcome,
			"(delivery 1, after 1.", "(delivery 2, after 8.", "(delivery 3, after 13.", moreNote[2:],
			"the same answer; the model was asked once", "HTTP 403", "event: publish ", ": published https://mp.weixin.qq.com/", "send success, 3 of 3 got it", "with 1 of the day's 100 looks",
		} {
			assert.Contains(t, out.String(), want)
		}
		assert.Empty(t, errs.String())
	})
}

func TestInput(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args []string
		env  []string
		code int
		want string
	}{
		"help":               {args: []string{"-h"}, code: exitDone, want: "WECHAT_TOKEN"},
		"unknown flag":       {args: []string{"-x"}, code: exitInput, want: "-x"},
		"an argument":        {args: []string{"x"}, code: exitInput, want: "not a flag"},
		"path":               {args: []string{"-path", "x"}, code: exitInput, want: "-path"},
		"second":             {args: []string{"-second", "1ms"}, code: exitInput, want: "-second"},
		"half an account":    {env: []string{"WECHAT_APPID", "wx1"}, code: exitInput, want: "not WECHAT_TOKEN, WECHAT_AES_KEY"},
		"only the old key":   {env: []string{"WECHAT_AES_KEY_OLD", "k"}, code: exitInput, want: "not WECHAT_APPID, WECHAT_TOKEN, WECHAT_AES_KEY"},
		"half a model":       {env: []string{"LLM_KEY", "k"}, code: exitInput, want: "LLM_BASE_URL is missing\nLLM_MODEL is missing"},
		"a key that is none": {env: []string{"WECHAT_APPID", "wx1", "WECHAT_TOKEN", "secret-token", "WECHAT_AES_KEY", "secret-key"}, code: exitInput, want: "AESKeys[0] has 10 characters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errs page
			assert.Equal(t, tt.code, run(t.Context(), tt.args, &out, &errs, env(tt.env...)))
			assert.Contains(t, errs.String(), tt.want)
			assert.NotContains(t, errs.String(), "secret-")
		})
	}
}

// The server on a real port, with a real account's variables.
func TestServe(t *testing.T) {
	t.Parallel()
	srv := wechattest.NewServer()
	defer srv.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, errs page
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"-listen", "127.0.0.1:0"}, &out, &errs,
			env("WECHAT_APPID", srv.AppID(), "WECHAT_TOKEN", srv.Callback().Token, "WECHAT_AES_KEY", srv.Callback().AESKey))
	}()
	var address string
	require.Eventually(t, func() bool {
		_, rest, ok := strings.Cut(out.String(), "callback URL: ")
		address, _, _ = strings.Cut(rest, "\n")
		return ok && address != ""
	}, 20*time.Second, 10*time.Millisecond)

	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	require.NoError(t, srv.SetCallback(t.Context(), wechattest.Callback{URL: address, Client: &http.Client{Transport: tr}}))
	d, err := srv.Push(t.Context(), wechattest.TextMessage("", "你好"))
	require.NoError(t, err)
	require.NoError(t, d.Broken)
	require.NotNil(t, d.Reply)
	assert.Contains(t, d.Reply.Text, "你问的是：你好")
	cancel()
	assert.Equal(t, exitDone, <-ended)
}

// world is a bot behind an account, on the virtual clock.
func world(t *testing.T, answer func(llmtest.ChatRequest) llmtest.Answer) (*wechattest.Server, *llmtest.Server, *page) {
	t.Helper()
	model := llmtest.NewServer()
	t.Cleanup(model.Close)
	model.OnChat(answer)
	client, err := llm.New(model.Config())
	require.NoError(t, err)
	screen := &page{}
	bot := &Bot{Model: client, ModelName: "deepseek-chat", Screen: screen}
	t.Cleanup(bot.Wait)
	srv := wechattest.NewServer()
	t.Cleanup(srv.Close)
	h, err := newHandler(bot, callback.Config{Token: srv.Callback().Token, AppID: srv.AppID(), AESKeys: []string{srv.Callback().AESKey}}, time.Second)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, h.Shutdown(context.Background())) })
	require.NoError(t, srv.SetCallback(t.Context(), wechattest.Callback{Handler: h}))
	return srv, model, screen
}

func say(t *testing.T, srv *wechattest.Server, text string) string {
	t.Helper()
	d, err := srv.Push(t.Context(), wechattest.TextMessage("", text))
	require.NoError(t, err)
	require.NoError(t, d.Broken)
	require.NotNil(t, d.Reply)
	return d.Reply.Text
}

func takes(text string, all time.Duration) llmtest.Answer {
	return llmtest.Answer{Text: text, Runes: 1, Delay: all / time.Duration(len([]rune(text)))}
}

// All of a long answer arrives, in parts that a reply can hold, each a few sentences.
func TestLongAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		whole := strings.Repeat("这是一句话。", 300) // 5,400 bytes
		srv, _, _ := world(t, func(llmtest.ChatRequest) llmtest.Answer { return takes(whole, time.Second) })
		var got strings.Builder
		text := say(t, srv, "问题")
		for strings.HasSuffix(text, moreNote) {
			part := strings.TrimSuffix(text, moreNote)
			assert.True(t, strings.HasSuffix(part, "。"))
			got.WriteString(part)
			text = say(t, srv, more)
		}
		got.WriteString(text)
		assert.Equal(t, whole, got.String())
		assert.Equal(t, nothingMore, say(t, srv, "More"))
	})
}

// A model that is slower than the platform's patience, without a whole sentence yet.
func TestSlowAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, model, _ := world(t, func(llmtest.ChatRequest) llmtest.Answer {
			return takes(strings.Repeat("长", 40)+"。", 41*time.Second)
		})
		began := time.Now()
		assert.Equal(t, notYetText, say(t, srv, "问题"))
		assert.Equal(t, 13*time.Second, time.Since(began))
		assert.Equal(t, oneAtATime, say(t, srv, "另一个问题"))
		assert.Equal(t, notYetText, say(t, srv, more))
		assert.Equal(t, notYetText, say(t, srv, more))
		assert.Equal(t, strings.Repeat("长", 40)+"。", say(t, srv, more))
		assert.Len(t, model.Requests(), 1, "the model is asked once")
	})
}

// The model breaks off: the follower gets what came, and the operator hears why.
func TestBrokenAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, model, screen := world(t, func(llmtest.ChatRequest) llmtest.Answer { return takes("第一句。第二句。", time.Second) })
		model.Misbehave(llmtest.EarlyEnd)
		text := say(t, srv, "问题")
		assert.Contains(t, text, cutText)
		assert.Contains(t, screen.String(), "the model failed")
	})
}

// What a follower said before is told to the model, a few turns of it; another follower's is not.
func TestTalkHasAMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked []int
		srv, _, _ := world(t, func(r llmtest.ChatRequest) llmtest.Answer {
			asked = append(asked, len(r.Messages))
			return llmtest.Answer{Text: "答。"}
		})
		for range 6 {
			say(t, srv, "问题")
		}
		d, err := srv.Push(t.Context(), wechattest.TextMessage("oOther", "问题"))
		require.NoError(t, err)
		require.NoError(t, d.Broken)
		time.Sleep(memoryKept + time.Second)
		say(t, srv, "问题")
		assert.Equal(t, []int{2, 4, 6, 8, 8, 8, 2, 2}, asked)
	})
}

// A reply that the platform did not come back for is there when the follower writes again.
func TestMissedAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, _, _ := world(t, func(llmtest.ChatRequest) llmtest.Answer { return takes("答案在这里。", 7*time.Second) })
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		req, err := srv.PushRequest(ctx, wechattest.TextMessage("", "问题"))
		require.NoError(t, err)
		resp, err := srv.Callback().Client.Do(req)
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		require.ErrorIs(t, err, context.DeadlineExceeded)
		time.Sleep(15 * time.Second)
		assert.Equal(t, "答案在这里。", say(t, srv, more))
	})
}

func TestOtherPushes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		m    wechattest.Message
		want string
	}{
		"voice with words": {wechattest.Message{Type: "voice", Fields: []wechattest.Field{wechattest.F("MediaId", "m"), wechattest.F("Recognition", "你好")}}, "答。"},
		"voice":            {wechattest.Message{Type: "voice", Fields: []wechattest.Field{wechattest.F("MediaId", "m")}}, textOnly},
		"picture":          {wechattest.Message{Type: "image", Fields: []wechattest.Field{wechattest.F("MediaId", "m")}}, textOnly},
		"unknown":          {wechattest.Message{Type: "hologram"}, ""},
		"unsubscribe":      {wechattest.EventMessage("", "unsubscribe"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, _, _ := world(t, func(llmtest.ChatRequest) llmtest.Answer { return llmtest.Answer{Text: "答。"} })
			d, err := srv.Push(t.Context(), tt.m)
			require.NoError(t, err)
			require.NoError(t, d.Broken)
			if tt.want == "" {
				assert.Nil(t, d.Reply)
				return
			}
			require.NotNil(t, d.Reply)
			assert.Equal(t, tt.want, d.Reply.Text)
		})
	}
}

func TestParts(t *testing.T) {
	t.Parallel()
	full := strings.Repeat("x", callback.MaxText)
	for name, tt := range map[string]struct {
		text  string
		ended bool
		err   error
		want  []string
	}{
		"whole":                {text: "a. b", ended: true, want: []string{"a. b"}},
		"nothing":              {ended: true, want: []string{cutText}},
		"broken":               {text: "a", ended: true, err: errors.New("x"), want: []string{"a\n" + cutText}},
		"as long as may be":    {text: full, ended: true, want: []string{full}},
		"sentences so far":     {text: "一。二。三", want: []string{"一。二。" + moreNote, notYetText}},
		"no sentence yet":      {text: "一", want: []string{notYetText}},
		"one endless sentence": {text: strings.Repeat("界", 700), ended: true, want: []string{strings.Repeat("界", (callback.MaxText-len(moreNote))/3) + moreNote, strings.Repeat("界", 700-(callback.MaxText-len(moreNote))/3)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &writing{done: make(chan struct{})}
			w.add(tt.text)
			if tt.ended {
				w.end(tt.err)
			}
			for i, want := range tt.want {
				got, last := w.part()
				assert.Equal(t, want, got)
				assert.LessOrEqual(t, len(got), callback.MaxText)
				assert.Equal(t, tt.ended && i == len(tt.want)-1, last)
			}
		})
	}
}
