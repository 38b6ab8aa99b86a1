package callback_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/callback"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

// forged is a plain push that an attacker writes.
func forged(at time.Time) string {
	return fmt.Sprintf("<xml><ToUserName>gh_0123456789ab</ToUserName><FromUserName>oVictim</FromUserName><CreateTime>%d</CreateTime>"+
		"<MsgType>text</MsgType><Content>transfer</Content><MsgId>%d</MsgId></xml>", at.Unix(), at.UnixNano())
}

func withQuery(req *http.Request, change func(url.Values)) {
	q := req.URL.Query()
	change(q)
	req.URL.RawQuery = q.Encode()
}

func withBody(req *http.Request, body string) {
	req.Body, req.ContentLength, req.GetBody = io.NopCloser(strings.NewReader(body)), int64(len(body)), nil
}

// Each attack changes a good request, or sends it again. None of them may reach the application.
func TestAttacks(t *testing.T) {
	t.Parallel()
	const safe, compatible, plain = wechattest.SafePush, wechattest.CompatiblePush, wechattest.PlainPush
	all := []wechattest.PushMode{safe, compatible, plain}
	sealed := []wechattest.PushMode{safe, compatible}
	for name, tt := range map[string]struct {
		modes  []wechattest.PushMode
		change func(*http.Request)
		status int
	}{
		"unsigned":        {all, func(r *http.Request) { r.URL.RawQuery = "" }, 403},
		"no signature":    {all, func(r *http.Request) { withQuery(r, func(q url.Values) { q.Del("signature") }) }, 403},
		"no timestamp":    {all, func(r *http.Request) { withQuery(r, func(q url.Values) { q.Del("timestamp") }) }, 403},
		"no nonce":        {all, func(r *http.Request) { withQuery(r, func(q url.Values) { q.Del("nonce") }) }, 403},
		"empty signature": {all, func(r *http.Request) { withQuery(r, func(q url.Values) { q.Set("signature", "") }) }, 403},
		"wrong signature": {all, func(r *http.Request) {
			withQuery(r, func(q url.Values) { q.Set("signature", strings.Repeat("0", 40)) })
		}, 403},
		"upper case": {all, func(r *http.Request) {
			withQuery(r, func(q url.Values) { q.Set("signature", strings.ToUpper(q.Get("signature"))) })
		}, 403},
		"half a signature": {all, func(r *http.Request) {
			withQuery(r, func(q url.Values) { q.Set("signature", q.Get("signature")[:20]) })
		}, 403},
		"another timestamp": {all, func(r *http.Request) { withQuery(r, func(q url.Values) { q.Set("timestamp", q.Get("timestamp")+"0") }) }, 403},
		"another nonce":     {all, func(r *http.Request) { withQuery(r, func(q url.Values) { q.Set("nonce", "1") }) }, 403},
		"signed with no token": {all, func(r *http.Request) {
			withQuery(r, func(q url.Values) { q.Set("signature", callback.Sign("", q.Get("timestamp"), q.Get("nonce"))) })
		}, 403},
		"old":              {all, func(r *http.Request) { stampAt(r, time.Now().Add(-11*time.Minute)) }, 403},
		"of the future":    {all, func(r *http.Request) { stampAt(r, time.Now().Add(11*time.Minute)) }, 403},
		"no msg_signature": {sealed, func(r *http.Request) { withQuery(r, func(q url.Values) { q.Del("msg_signature") }) }, 403},
		"msg_signature of the parts without the message": {sealed, func(r *http.Request) {
			withQuery(r, func(q url.Values) { q.Set("msg_signature", q.Get("signature")) })
		}, 403},
		"another encrypted text": {sealed, func(r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			withBody(r, strings.Replace(string(body), "<Encrypt><![CDATA[", "<Encrypt><![CDATA[AAAA", 1))
		}, 403},
		"downgrade: plain body, no encrypt_type": {[]wechattest.PushMode{safe}, func(r *http.Request) {
			withQuery(r, func(q url.Values) { q.Del("encrypt_type"); q.Del("msg_signature") })
			withBody(r, forged(time.Now()))
		}, 403},
		"downgrade: plain body that says aes": {sealed, func(r *http.Request) { withBody(r, forged(time.Now())) }, 403},
		"downgrade: encrypt_type=raw":         {sealed, func(r *http.Request) { withQuery(r, func(q url.Values) { q.Set("encrypt_type", "raw") }) }, 403},
		"upgrade: says aes where nothing can be decrypted": {[]wechattest.PushMode{plain}, func(r *http.Request) {
			withQuery(r, func(q url.Values) { q.Set("encrypt_type", "aes") })
		}, 403},
		"oversized":          {all, func(r *http.Request) { withBody(r, "<xml>"+strings.Repeat(" ", 1<<20)+"</xml>") }, 413},
		"oversized, chunked": {all, func(r *http.Request) { withBody(r, "<xml>"+strings.Repeat(" ", 1<<20)+"</xml>"); r.ContentLength = -1 }, 413},
		"document type":      {all, func(r *http.Request) { withBody(r, `<!DOCTYPE xml [<!ENTITY a "b">]>`+forged(time.Now())) }, 400},
		"entity inside":      {all, func(r *http.Request) { withBody(r, "<xml><!ENTITY a 'b'>"+forged(time.Now())[5:]) }, 400},
		"foreign entity":     {all, func(r *http.Request) { withBody(r, strings.Replace(forged(time.Now()), "transfer", "&file;", 1)) }, 400},
		"deep":               {all, func(r *http.Request) { withBody(r, strings.Repeat("<a>", 1000)+strings.Repeat("</a>", 1000)) }, 400},
		"deep JSON":          {all, func(r *http.Request) { withBody(r, strings.Repeat(`{"a":`, 1000)+"1"+strings.Repeat("}", 1000)) }, 400},
		"wide":               {all, func(r *http.Request) { withBody(r, "<xml>"+strings.Repeat("<a/>", 10000)+"</xml>") }, 400},
		"wide JSON":          {all, func(r *http.Request) { withBody(r, `{"a":[1`+strings.Repeat(",1", 10000)+"]}") }, 400},
		"empty":              {all, func(r *http.Request) { withBody(r, "") }, 400},
		"not XML":            {all, func(r *http.Request) { withBody(r, "hello") }, 400},
		"PUT":                {all, func(r *http.Request) { r.Method = http.MethodPut }, 405},
	} {
		for _, mode := range tt.modes {
			t.Run(fmt.Sprintf("%s, mode %d", name, mode), func(t *testing.T) {
				t.Parallel()
				var got received
				log := &lines{}
				srv, _ := account(t, wechattest.Callback{Mode: mode}, callback.Config{Handle: got.echo, Jobs: fatal{t}, Logger: log.logger()})
				req, err := srv.PushRequest(t.Context(), wechattest.TextMessage("", "private words"))
				require.NoError(t, err)
				tt.change(req)
				resp, err := srv.Callback().Client.Do(req)
				require.NoError(t, err)
				defer resp.Body.Close()
				assert.Equal(t, tt.status, resp.StatusCode)
				assert.Empty(t, got.pushes())
				for _, text := range []string{srv.Callback().Token, srv.Callback().AESKey, "private words", "transfer"} {
					assert.NotContains(t, log.String(), text)
				}
				// The good one goes through afterwards.
				assert.NotNil(t, push(t, srv, wechattest.TextMessage("", "hello")).Reply)
			})
		}
	}
}

// A good encrypted push, at a handler that has no key to read it with.
func TestEncryptedPushInPlainMode(t *testing.T) {
	t.Parallel()
	var got received
	srv, _ := account(t, wechattest.Callback{}, callback.Config{Handle: got.echo})
	plain := handler(t, callback.Config{Token: srv.Callback().Token, Mode: callback.Plain, Handle: got.echo})
	req, err := srv.PushRequest(t.Context(), wechattest.TextMessage("", "hello"))
	require.NoError(t, err)
	_, err = plain.Open(req)
	require.ErrorIs(t, err, callback.ErrMode)
	assert.Empty(t, got.pushes())
}

// stampAt signs the request anew, as of another time: what a captured request of that time would be.
func stampAt(r *http.Request, at time.Time) {
	withQuery(r, func(q url.Values) {
		stamp := strconv.FormatInt(at.Unix(), 10)
		q.Set("timestamp", stamp)
		q.Set("signature", callback.Sign("fake-token", stamp, q.Get("nonce")))
		q.Del("msg_signature") // without the message at hand it cannot be made; the time is looked at first
	})
}

type fatal struct{ t *testing.T }

func (f fatal) PublishEnded(wechat.PublishState) { f.t.Error("reached the jobs") }
func (f fatal) MassEnded(wechat.MassReport)      { f.t.Error("reached the jobs") }

// A captured request, sent again within the window and after it, to the letter and with another message.
func TestReplays(t *testing.T) {
	t.Parallel()
	for name, cb := range modes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var got received
				srv, _ := account(t, cb, callback.Config{Handle: got.echo})
				send := func(change func(*http.Request)) (int, string) {
					req, err := srv.PushRequest(t.Context(), wechattest.Message{Type: "text", ID: 1, Fields: []wechattest.Field{wechattest.F("Content", "hello")}})
					require.NoError(t, err)
					change(req)
					resp, err := srv.Callback().Client.Do(req)
					require.NoError(t, err)
					defer resp.Body.Close()
					body, err := io.ReadAll(resp.Body)
					require.NoError(t, err)
					return resp.StatusCode, string(body)
				}
				var query, body string
				status, _ := send(func(r *http.Request) {
					query = r.URL.RawQuery
					b, err := r.GetBody()
					require.NoError(t, err)
					data, err := io.ReadAll(b)
					require.NoError(t, err)
					body = string(data)
				})
				require.Equal(t, 200, status)
				again := func(r *http.Request) { r.URL.RawQuery = query; withBody(r, body) }
				for range 3 {
					time.Sleep(3 * time.Minute)
					status, text := send(again)
					assert.Equal(t, 200, status)
					if cb.Mode == wechattest.PlainPush {
						assert.Contains(t, text, "hello", "the first answer")
					}
				}
				if cb.Mode == wechattest.PlainPush { // there the signature covers nothing of the body
					status, _ := send(func(r *http.Request) { r.URL.RawQuery = query; withBody(r, forged(time.Now())) })
					assert.Equal(t, 403, status)
				}
				time.Sleep(2 * time.Minute) // 11 in all
				status, _ = send(again)
				assert.Equal(t, 403, status)
				assert.Len(t, got.pushes(), 1)
			})
		})
	}
}

// A request whose timestamp is as far ahead as the window allows can be sent again for twice the window: it is
// remembered for that long.
func TestReplayFromAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got received
		h := handler(t, callback.Config{Token: "tok1", Mode: callback.Plain, Handle: got.echo})
		stamp := strconv.FormatInt(time.Now().Add(10*time.Minute).Unix(), 10)
		query, body := "timestamp="+stamp+"&nonce=1&signature="+callback.Sign("tok1", stamp, "1"), forged(time.Now())
		assert.Equal(t, 200, ask(h, http.MethodPost, query, body).Code)
		time.Sleep(20 * time.Minute)
		assert.Equal(t, 200, ask(h, http.MethodPost, query, body).Code)
		assert.Equal(t, 403, ask(h, http.MethodPost, query, forged(time.Now())).Code)
		time.Sleep(2 * time.Second)
		assert.Equal(t, 403, ask(h, http.MethodPost, query, body).Code)
		assert.Len(t, got.pushes(), 1)
	})
}

func TestVerifyURL(t *testing.T) {
	t.Parallel()
	const now = 1_714_036_504
	stamp := strconv.Itoa(now)
	good := "&timestamp=" + stamp + "&nonce=1&signature=" + callback.Sign("tok1", stamp, "1")
	old := strconv.Itoa(now - 601)
	for name, tt := range map[string]struct {
		query  string
		status int
		body   string
	}{
		"good":             {"echostr=42" + good, 200, "42"},
		"not a number":     {"echostr=%3Cscript%3E" + good, 200, "<script>"},
		"no echostr":       {good, 400, "refused"},
		"unsigned":         {"echostr=42", 403, "refused"},
		"wrong signature":  {"echostr=42&timestamp=" + stamp + "&nonce=2&signature=" + callback.Sign("tok1", stamp, "1"), 403, "refused"},
		"old":              {"echostr=42&timestamp=" + old + "&nonce=1&signature=" + callback.Sign("tok1", old, "1"), 403, "refused"},
		"the first counts": {"echostr=42" + good + "&signature=0&echostr=43", 200, "42"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := handler(t, callback.Config{Token: "tok1", Mode: callback.Plain, Jobs: nobody{}, Now: clock(now)})
			w := ask(h, http.MethodGet, tt.query, "")
			assert.Equal(t, tt.status, w.Code)
			assert.Equal(t, tt.body, w.Body.String())
			assert.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"), "nobody may take it for HTML")
			assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		})
	}
}

func TestSecretsStayInside(t *testing.T) {
	t.Parallel()
	const token, key = "token-that-is-secret", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	cfg := callback.Config{Token: token, AppID: "wx1", AESKeys: []string{key}, Jobs: nobody{}}
	h := handler(t, cfg)
	c := newCipher(t, "wx1", key)
	_, badKey := callback.New(callback.Config{Token: token, AppID: "wx1", AESKeys: []string{key + "x"}, Jobs: nobody{}})
	_, badCipher := callback.NewCipher("wx1", "secret-secret")
	_, badText := c.Decrypt([]byte(v2Long))
	require.Error(t, badKey)
	require.Error(t, badCipher)
	require.ErrorIs(t, badText, callback.ErrDecrypt)
	for _, v := range []any{cfg, &cfg, h, *c, c, badKey, badCipher, badText, struct{ C callback.Config }{cfg}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			text := fmt.Sprintf(verb, v)
			for _, secret := range []string{token, key, "secret-secret", "105 183 29", "block"} { // and how the key begins, as numbers
				assert.NotContains(t, text, secret, "%s of %T", verb, v)
			}
		}
	}
	data, err := json.Marshal(cfg)
	require.NoError(t, err)
	assert.NotContains(t, string(data), token)
	log := &lines{}
	log.logger().LogAttrs(context.Background(), slog.LevelInfo, "x", slog.Any("c", cfg), slog.Any("h", h), slog.Any("k", c))
	assert.NotContains(t, log.String(), token)
	assert.NotContains(t, log.String(), key)
}
