package callback_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/callback"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

func modes() map[string]wechattest.Callback {
	return map[string]wechattest.Callback{
		"safe, XML":        {Mode: wechattest.SafePush},
		"safe, JSON":       {Mode: wechattest.SafePush, JSON: true},
		"compatible, XML":  {Mode: wechattest.CompatiblePush},
		"compatible, JSON": {Mode: wechattest.CompatiblePush, JSON: true},
		"plain, XML":       {Mode: wechattest.PlainPush},
		"plain, JSON":      {Mode: wechattest.PlainPush, JSON: true},
	}
}

// Every kind of reply, in every mode, as the platform reads it.
func TestRepliesInEveryMode(t *testing.T) {
	t.Parallel()
	const nasty = "a]]>b<&>\"'\\ 中文\n\u2028end"
	text := func(r *wechattest.Reply) any { return r.Text }
	for name, cb := range modes() {
		for kind, tt := range map[string]struct {
			reply callback.Reply
			event bool
			see   func(*wechattest.Reply) any
			want  any
		}{
			"text":               {reply: callback.TextReply{Text: nasty}, see: text, want: nasty},
			"control characters": {reply: callback.TextReply{Text: "a\x00\b\x1fb\xffc"}, see: text, want: "ab\uFFFDc"},
			"image": {
				reply: callback.ImageReply{Media: "m1"},
				see:   func(r *wechattest.Reply) any { return *r.Image }, want: wechattest.ReplyMedia{MediaID: "m1"},
			},
			"voice": {
				reply: callback.VoiceReply{Media: "m2"},
				see:   func(r *wechattest.Reply) any { return *r.Voice }, want: wechattest.ReplyMedia{MediaID: "m2"},
			},
			"video": {
				reply: callback.VideoReply{Media: "m3", Title: "T", Description: nasty},
				see:   func(r *wechattest.Reply) any { return *r.Video }, want: wechattest.ReplyMedia{MediaID: "m3", Title: "T", Description: nasty},
			},
			"music": {
				reply: callback.MusicReply{Title: "T", URL: "http://a/?x=1&y=2", Thumb: "m4"},
				see:   func(r *wechattest.Reply) any { return *r.Music },
				want:  wechattest.ReplyMusic{Title: "T", MusicURL: "http://a/?x=1&y=2", ThumbMediaID: "m4"},
			},
			"one card": {
				reply: callback.NewsReply{Articles: []callback.NewsArticle{{Title: "T", URL: "https://a"}}},
				see:   func(r *wechattest.Reply) any { return r.Articles.Items }, want: []wechattest.ReplyCard{{Title: "T", URL: "https://a"}},
			},
			"cards to an event": {
				event: true, reply: callback.NewsReply{Articles: make([]callback.NewsArticle, 8)},
				see: func(r *wechattest.Reply) any { return len(r.Articles.Items) }, want: 8,
			},
			"customer service": {
				reply: callback.TransferReply{},
				see:   func(r *wechattest.Reply) any { return r.Service == nil && r.Type == "transfer_customer_service" }, want: true,
			},
			"one of them": {
				reply: callback.TransferReply{Account: "a@b"},
				see:   func(r *wechattest.Reply) any { return *r.Service }, want: wechattest.ReplyService{Account: "a@b"},
			},
			"nothing": {},
		} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				srv, _ := account(t, cb, callback.Config{Handle: func(context.Context, *callback.Push) (callback.Reply, error) { return tt.reply, nil }})
				m := wechattest.TextMessage("oUser", "hello")
				if tt.event {
					m = wechattest.EventMessage("oUser", "subscribe")
				}
				d := push(t, srv, m)
				require.NoError(t, d.Broken)
				require.Len(t, d.Attempts, 1)
				if tt.see == nil {
					assert.Equal(t, "success", d.Attempts[0].Body)
					assert.Nil(t, d.Reply)
					return
				}
				require.NotNil(t, d.Reply)
				assert.Equal(t, tt.want, tt.see(d.Reply))
				assert.Equal(t, "oUser", d.Reply.To)
				assert.Equal(t, cb.Mode != wechattest.PlainPush, d.Reply.Encrypted)
				assert.NotContains(t, d.Attempts[0].Body, "<?xml")
			})
		}
	}
}

func TestRepliesThatCannotBeSent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		reply callback.Reply
		event bool
	}{
		"empty text":           {reply: callback.TextReply{}},
		"long text":            {reply: callback.TextReply{Text: string(make([]byte, callback.MaxText+1))}},
		"no picture":           {reply: callback.ImageReply{}},
		"no voice":             {reply: callback.VoiceReply{}},
		"no video":             {reply: callback.VideoReply{Title: "T"}},
		"no song":              {reply: callback.MusicReply{Title: "T"}},
		"no cards":             {reply: callback.NewsReply{}},
		"two cards to a user":  {reply: callback.NewsReply{Articles: make([]callback.NewsArticle, 2)}},
		"nine cards":           {reply: callback.NewsReply{Articles: make([]callback.NewsArticle, 9)}, event: true},
		"an event handed over": {reply: callback.TransferReply{}, event: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := &lines{}
			srv, _ := account(t, wechattest.Callback{}, callback.Config{
				Logger: log.logger(),
				Handle: func(context.Context, *callback.Push) (callback.Reply, error) { return tt.reply, nil },
			})
			m := wechattest.TextMessage("", "hello")
			if tt.event {
				m = wechattest.EventMessage("", "subscribe")
			}
			d := push(t, srv, m)
			assert.NoError(t, d.Broken)
			assert.Equal(t, "success", d.Attempts[0].Body)
			assert.Contains(t, log.String(), callback.ErrReply.Error())
		})
	}
}

// The text of a reply may have exactly as many bytes as the limit says.
func TestLongestReply(t *testing.T) {
	t.Parallel()
	long := make([]byte, callback.MaxText)
	for i := range long {
		long[i] = 'x'
	}
	srv, _ := account(t, wechattest.Callback{}, callback.Config{Handle: func(context.Context, *callback.Push) (callback.Reply, error) {
		return callback.TextReply{Text: string(long)}, nil
	}})
	d := push(t, srv, wechattest.TextMessage("", "hello"))
	require.NoError(t, d.Broken)
	assert.Equal(t, string(long), d.Reply.Text)
}

// What arrives is the same in every mode and form.
func TestPushesInEveryMode(t *testing.T) {
	t.Parallel()
	const nasty = "a]]>b<&>\"'\\ 中文"
	for name, cb := range modes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got received
			srv, _ := account(t, cb, callback.Config{Handle: got.echo})
			d := push(t, srv, wechattest.Message{From: "oUser", Type: "text", ID: 7_000_000_000_000_000_001, Fields: []wechattest.Field{wechattest.F("Content", nasty)}})
			require.NoError(t, d.Broken)
			assert.Equal(t, nasty, d.Reply.Text)
			require.Len(t, got.pushes(), 1)
			p := got.pushes()[0]
			assert.Equal(t, callback.Text{Text: nasty}, p.Content)
			assert.Equal(t, wechat.MsgID("7000000000000000001"), p.MsgID)
			assert.Equal(t, wechat.OpenID("oUser"), p.From)
			assert.Equal(t, srv.Callback().Account, p.To)
			assert.Equal(t, d.Message.Created.Unix(), p.Created.Unix())
			assert.Equal(t, cb.JSON, p.JSON)
			assert.Equal(t, cb.Mode != wechattest.PlainPush, p.Encrypted)
		})
	}
}
