package wechattest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/callback"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

// site answers the URL check by itself, and pushes with f.
func site(f http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, r.URL.Query().Get("echostr"))
			return
		}
		f(w, r)
	})
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func called(t *testing.T, c wechattest.Callback) *wechattest.Server {
	t.Helper()
	srv := wechattest.NewServer()
	t.Cleanup(srv.Close)
	require.NoError(t, srv.SetCallback(t.Context(), c))
	return srv
}

func TestSetCallbackChecksTheURL(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"good":    {site(nil).ServeHTTP, ""},
		"success": {says("success"), "token验证失败"},
		"more": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, r.URL.Query().Get("echostr")+"\n")
		}, "token验证失败"},
		"refuses": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, "HTTP 403"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := wechattest.NewServer()
			defer srv.Close()
			err := srv.SetCallback(t.Context(), wechattest.Callback{Handler: tt.answer})
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
			_, err = srv.Push(t.Context(), wechattest.TextMessage("", "x"))
			require.ErrorContains(t, err, "no callback is set")
		})
	}
	srv := wechattest.NewServer()
	t.Cleanup(srv.Close)
	require.ErrorContains(t, srv.SetCallback(t.Context(), wechattest.Callback{}), "Handler or Client")
	require.ErrorContains(t, srv.SetCallback(t.Context(), wechattest.Callback{Handler: site(nil), AESKey: "short"}), "43 characters")
}

// What the platform does with each answer to a message.
func TestPushReadsAnswersAsThePlatform(t *testing.T) {
	t.Parallel()
	const head = "<xml><ToUserName>oUser</ToUserName><FromUserName>gh_0123456789ab</FromUserName><CreateTime>1</CreateTime>"
	for name, tt := range map[string]struct {
		answer string
		broken string // "" = well
		silent bool
	}{
		"success": {answer: "success", silent: true}, "empty": {answer: "", silent: true},
		"text":               {answer: head + "<MsgType>text</MsgType><Content>hi</Content></xml>"},
		"a word":             {answer: "ok", broken: "neither success nor"},
		"with a header":      {answer: `<?xml version="1.0"?>` + head + "<MsgType>text</MsgType><Content>hi</Content></xml>", broken: "neither success nor"},
		"half":               {answer: head + "<MsgType>text", broken: "neither success nor"},
		"two":                {answer: head + "<MsgType>text</MsgType><Content>hi</Content></xml><xml></xml>", broken: "goes on"},
		"crossed":            {answer: head + "<MsgType><Content></MsgType></Content></xml>", broken: "no XML"},
		"not exchanged":      {answer: strings.Replace(head, ">oUser<", ">gh_0123456789ab<", 1) + "<MsgType>text</MsgType><Content>hi</Content></xml>", broken: "exchanged"},
		"no time":            {answer: strings.Replace(head, "<CreateTime>1<", "<CreateTime>now<", 1) + "<MsgType>text</MsgType><Content>hi</Content></xml>", broken: "CreateTime"},
		"empty text":         {answer: head + "<MsgType>text</MsgType><Content></Content></xml>", broken: "Content has 0"},
		"long text":          {answer: head + "<MsgType>text</MsgType><Content>" + strings.Repeat("x", 2049) + "</Content></xml>", broken: "Content has 2049"},
		"no such type":       {answer: head + "<MsgType>link</MsgType></xml>", broken: "no reply"},
		"picture of nothing": {answer: head + "<MsgType>image</MsgType><Image></Image></xml>", broken: "MediaId"},
		"voice of nothing":   {answer: head + "<MsgType>voice</MsgType></xml>", broken: "MediaId"},
		"video of nothing":   {answer: head + "<MsgType>video</MsgType></xml>", broken: "MediaId"},
		"music of nothing":   {answer: head + "<MsgType>music</MsgType><Music></Music></xml>", broken: "MusicUrl"},
		"two cards":          {answer: head + "<MsgType>news</MsgType><ArticleCount>2</ArticleCount><Articles><item></item><item></item></Articles></xml>", broken: "not 1 to 1"},
		"wrong count":        {answer: head + "<MsgType>news</MsgType><ArticleCount>2</ArticleCount><Articles><item></item></Articles></xml>", broken: "ArticleCount"},
		"not UTF-8":          {answer: head + "<MsgType>text</MsgType><Content>\xff</Content></xml>", broken: "UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := called(t, wechattest.Callback{Mode: wechattest.PlainPush, Handler: site(says(tt.answer))})
			d, err := srv.Push(t.Context(), wechattest.TextMessage("oUser", "hello"))
			require.NoError(t, err)
			assert.Len(t, d.Attempts, 1, "an answer is an answer")
			if tt.broken != "" {
				assert.ErrorContains(t, d.Broken, tt.broken)
				assert.Nil(t, d.Reply)
				return
			}
			assert.NoError(t, d.Broken)
			assert.Equal(t, tt.silent, d.Reply == nil)
			assert.Equal(t, []wechattest.Delivery{d}, srv.Deliveries())
		})
	}
}

// What is encrypted must be so in the right way.
func TestPushReadsEncryptedAnswers(t *testing.T) {
	t.Parallel()
	const appID, key, token = "wx0123456789abcdef", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "tok1"
	const text = "<xml><ToUserName>oUser</ToUserName><FromUserName>gh_0123456789ab</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType><Content>hi</Content></xml>"
	seal := func(appID, key, token string) string {
		c, err := callback.NewCipher(appID, key)
		require.NoError(t, err)
		e := string(c.Encrypt([]byte(text)))
		return fmt.Sprintf("<xml><Encrypt>%s</Encrypt><MsgSignature>%s</MsgSignature><TimeStamp>1</TimeStamp><Nonce>2</Nonce></xml>", e, callback.Sign(token, "1", "2", e))
	}
	for name, tt := range map[string]struct{ answer, broken string }{
		"good":            {seal(appID, key, token), ""},
		"plain":           {text, "not encrypted"},
		"another token":   {seal(appID, key, "tok2"), "MsgSignature"},
		"another key":     {seal(appID, strings.Repeat("A", 43), token), "Encrypt"},
		"another account": {seal("wx1", key, token), "AppID"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := called(t, wechattest.Callback{AESKey: key, Token: token, Handler: site(says(tt.answer))})
			d, err := srv.Push(t.Context(), wechattest.TextMessage("oUser", "hello"))
			require.NoError(t, err)
			if tt.broken != "" {
				assert.ErrorContains(t, d.Broken, tt.broken)
				return
			}
			require.NoError(t, d.Broken)
			assert.Equal(t, "hi", d.Reply.Text)
			assert.True(t, d.Reply.Encrypted)
		})
	}
}

// Three deliveries, 5 s apart, each with a stamp, a nonce and an encryption of its own, and the same message inside.
func TestPushComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		seen := map[string]bool{}
		srv := called(t, wechattest.Callback{Handler: site(func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			mu.Lock()
			for _, what := range []string{"n" + r.URL.Query().Get("nonce"), "t" + r.URL.Query().Get("timestamp"), "s" + r.URL.Query().Get("msg_signature"), "b" + string(body)} {
				assert.False(t, seen[what], what)
				seen[what] = true
			}
			mu.Unlock()
			<-r.Context().Done()
		})})
		began := time.Now()
		d, err := srv.Push(t.Context(), wechattest.TextMessage("", "hello"))
		require.NoError(t, err)
		require.Error(t, d.Broken)
		require.Len(t, d.Attempts, 3)
		for i, a := range d.Attempts {
			assert.Equal(t, time.Duration(i)*5*time.Second, a.At.Sub(began))
			assert.Equal(t, 5*time.Second, a.Took)
			assert.ErrorIs(t, a.Err, context.DeadlineExceeded)
		}
		mu.Lock()
		defer mu.Unlock()
		assert.Len(t, seen, 12)
	})
}

func TestPushEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := called(t, wechattest.Callback{Handler: site(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.ReadAll(r.Body)
			<-r.Context().Done()
		})})
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		d, err := srv.Push(ctx, wechattest.TextMessage("", "hello"))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Len(t, d.Attempts, 1)
	})
}

// The ends of jobs are pushed once each, by publishing and mass sends as they are made with package wechat.
func TestPushDue(t *testing.T) {
	t.Parallel()
	for name, asJSON := range map[string]bool{"XML": false, "JSON": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := open(t, wechattest.Options{PublishAfter: time.Millisecond})
			var inbox wechat.Inbox
			h, err := callback.New(callback.Config{Token: srv.Callback().Token, AppID: srv.AppID(), AESKeys: []string{srv.Callback().AESKey}, Jobs: &inbox})
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, h.Shutdown(context.Background())) })
			require.NoError(t, srv.SetCallback(t.Context(), wechattest.Callback{Handler: h, JSON: asJSON}))

			good, err := c.Publish(t.Context(), pushDraft(t, c))
			require.NoError(t, err)
			srv.FailNextPublish(wechat.PublishNotOriginal, 1)
			bad, err := c.Publish(t.Context(), pushDraft(t, c))
			require.NoError(t, err)
			plan, err := c.PlanMass(t.Context(), wechat.ToTag(101), wechat.Text{Content: "hello"}, nil)
			require.NoError(t, err)
			text, err := plan.Send(t.Context())
			require.NoError(t, err)
			plan, err = c.PlanMass(t.Context(), wechat.ToTag(101), wechat.News{DraftID: pushDraft(t, c)}, nil)
			require.NoError(t, err)
			news, err := plan.Send(t.Context())
			require.NoError(t, err)
			srv.LoseNextPush()
			_, err = c.Publish(t.Context(), pushDraft(t, c))
			require.NoError(t, err)
			time.Sleep(5 * time.Millisecond)

			all, err := srv.PushDue(t.Context())
			require.NoError(t, err)
			assert.Len(t, all, 4, "one is lost")
			for _, d := range all {
				assert.NoError(t, d.Broken)
			}
			all, err = srv.PushDue(t.Context())
			require.NoError(t, err)
			assert.Empty(t, all, "once each")

			for _, job := range []*wechat.Publication{good, bad} {
				pushed, err := inbox.PublishEnd(t.Context(), job.ID())
				require.NoError(t, err)
				polled, err := job.Poll(t.Context())
				require.NoError(t, err)
				assert.Equal(t, polled, pushed, "both ways say the same")
			}
			reports := map[wechat.MsgID]wechat.MassReport{}
			for _, job := range srv.MassJobs() {
				r := job.Report()
				for i := range r.Articles {
					r.Articles[i].URL = strings.Replace(r.Articles[i].URL, "http:", "https:", 1)
				}
				reports[r.ID] = r
			}
			for _, job := range []*wechat.MassJob{text, news} {
				report, err := inbox.MassEnd(t.Context(), job.ID())
				require.NoError(t, err)
				assert.Equal(t, wechat.MassSent, report.MassStatus())
				assert.Equal(t, reports[job.ID()], report)
			}
			assert.Len(t, reports[news.ID()].Articles, 1)
		})
	}
}

func pushDraft(t *testing.T, c *wechat.Client) wechat.DraftID {
	t.Helper()
	cover, err := c.UploadMaterial(t.Context(), wechat.ImageMaterial, wechat.FileBytes("cover.png", pngBytes(t)), nil)
	require.NoError(t, err)
	id, err := c.CreateDraft(t.Context(), wechat.Article{Title: "标题", Content: "<p>正文</p>", Cover: cover.ID})
	require.NoError(t, err)
	return id
}
