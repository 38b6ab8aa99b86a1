package callback_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat/callback"
)

// The official samples, each confirmed with two implementations.
const (
	v1Token   = "AAAAA"
	v1AppID   = "wxba5fad812f8e6fb9"
	v1Encrypt = "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
	v1Message = `{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}`
	v1Reply   = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="

	v2AppID = "wxb11529c136998cb6"
	v2Key   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	v2Long  = "jn1L23DB+6ELqJ+6bruv23M2GmYfkv0xBh2h+XTBOKVKcgDFHle6gqcZ1cZrk3e1qjPQ1F4RsLWzQRG9udbKWesxlkupqcEcW7ZQweImX9+wLMa0GaUzpkycA8+IamDBxn5loLgZpnS7fVAbExOkK5DYHBmv5tptA9tklE/fTIILHR8HLXa5nQvFb3tYPKAlHF3rtTeayNf0QuM+UW/wM9enGIDIJHF7CLHiDNAYxr+r+OrJCmPQyTy8cVWlu9iSvOHPT/77bZqJucQHQ04sq7KZI27OcqpQNSto2OdHCoTccjggX5Z9Mma0nMJBU+jLKJ38YB1fBIz+vBzsYjrTmFQ44YfeEuZ+xRTQwr92vhA9OxchWVINGC50qE/6lmkwWTwGX9wtQpsJKhP+oS7rvTY8+VdzETdfakjkwQ5/Xka042OlUb1/slTwo4RscuQ+RdxSGvDahxAJ6+EAjLt9d8igHngxIbf6YyqqROxuxqIeIch3CssH/LqRs+iAcILvApYZckqmA7FNERspKA5f8GoJ9sv8xmGvZ9Yrf57cExWtnX8aCMMaBropU/1k+hKP5LVdzbWCG0hGwx/dQudYR/eXp3P0XxjlFiy+9DMlaFExWUZQDajPkdPrEeOwofJb"
	v2Msg   = `<xml><ToUserName><![CDATA[oia2Tj我是中文jewbmiOUlr6X-1crbLOvLw]]></ToUserName><FromUserName><![CDATA[gh_7f083739789a]]></FromUserName><CreateTime>1407743423</CreateTime><MsgType><![CDATA[video]]></MsgType><Video><MediaId><![CDATA[eYJ1MbwPRJtOvIEabaxHs7TX2D-HV71s79GUxqdUkjm6Gs2Ed1KF3ulAOA9H1xG0]]></MediaId><Title><![CDATA[testCallBackReplyVideo]]></Title><Description><![CDATA[testCallBackReplyVideo]]></Description></Video></xml>`
)

func v1Key() string { return strings.Repeat("A", 43) }

func newCipher(tb testing.TB, appID, key string) *callback.Cipher {
	tb.Helper()
	c, err := callback.NewCipher(appID, key)
	require.NoError(tb, err)
	return c
}

func TestVectorsBothWays(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ appID, key, random, msg, encrypted string }{
		"V1 push":  {v1AppID, v1Key(), "a8eedb185eb2fecf", v1Message, v1Encrypt},
		"V1 reply": {v1AppID, v1Key(), "707722b803182950", `{"demo_resp":"good luck"}`, v1Reply},
		"V2 short": {v2AppID, v2Key, "aaaabbbbccccdddd", "我是中文abcd123", "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg=="},
		"V2 long":  {v2AppID, v2Key, "aaaabbbbccccdddd", v2Msg, v2Long},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCipher(t, tt.appID, tt.key)
			msg, err := c.Decrypt([]byte(tt.encrypted))
			require.NoError(t, err)
			assert.Equal(t, tt.msg, string(msg))
			assert.Equal(t, tt.encrypted, c.EncryptWith(tt.random, tt.msg))

			once, twice := c.Encrypt([]byte(tt.msg)), c.Encrypt([]byte(tt.msg))
			assert.NotEqual(t, string(once), string(twice), "the random part differs")
			back, err := c.Decrypt(once)
			require.NoError(t, err)
			assert.Equal(t, tt.msg, string(back))
		})
	}
}

func TestVectorV1Signatures(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "f464b24fc39322e44b38aa78f5edd27bd1441696", callback.Sign(v1Token, "1714036504", "1514711492"))
	assert.Equal(t, "899cf89e464efb63f54ddac96b0a0a235f53aa78", callback.Sign(v1Token, "1714037059", "486452656"))
	assert.Equal(t, "6c5c811b55cc85e0e1b54100749188c20beb3f5d", callback.Sign(v1Token, "1714112445", "415670741"))
	assert.Equal(t, "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3", callback.Sign(v1Token, "1714112445", "415670741", v1Encrypt))
	assert.JSONEq(t, `{"Encrypt":"`+v1Reply+`","MsgSignature":"1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1","TimeStamp":1713424427,"Nonce":"415670741"}`,
		string(callback.Envelope(v1Token, v1Reply, "415670741", true, 1713424427)))
}

// The samples as requests, at the time they were made.
func TestVectorV1AsRequests(t *testing.T) {
	t.Parallel()
	var got []*callback.Push
	safe := handler(t, callback.Config{
		Token: v1Token, AppID: v1AppID, AESKeys: []string{v1Key()}, Now: clock(1714112450),
		Handle: func(_ context.Context, p *callback.Push) (callback.Reply, error) {
			got = append(got, p)
			return nil, nil
		},
	})
	w := ask(safe, http.MethodPost, "signature=6c5c811b55cc85e0e1b54100749188c20beb3f5d&timestamp=1714112445&nonce=415670741&openid=o9AgO5Kd5ggOC-bXrbNODIiE3bGY&encrypt_type=aes&msg_signature=046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
		`{"ToUserName":"gh_97417a04a28d","Encrypt":"`+v1Encrypt+`"}`)
	assert.Equal(t, 200, w.Code)
	assert.Equal(t, "success", w.Body.String())
	require.Len(t, got, 1)
	assert.Equal(t, callback.Other{Type: "event", Event: "debug_demo"}, got[0].Content)
	assert.Equal(t, "hello world", got[0].Field("debug_str"))
	assert.Zero(t, strings.Compare(v1Message, got[0].Raw), "to the letter")
	assert.True(t, got[0].JSON && got[0].Encrypted)

	url := handler(t, callback.Config{Token: v1Token, Mode: callback.Plain, Jobs: nobody{}, Now: clock(1714036504)})
	w = ask(url, http.MethodGet, "signature=f464b24fc39322e44b38aa78f5edd27bd1441696&timestamp=1714036504&nonce=1514711492&echostr=4375120948345356249", "")
	assert.Equal(t, 200, w.Code)
	assert.Equal(t, "4375120948345356249", w.Body.String())

	plain := handler(t, callback.Config{
		Token: v1Token, Mode: callback.Plain, Now: clock(1714037059),
		Handle: func(_ context.Context, p *callback.Push) (callback.Reply, error) {
			got = append(got, p)
			return nil, nil
		},
	})
	w = ask(plain, http.MethodPost, "signature=899cf89e464efb63f54ddac96b0a0a235f53aa78&timestamp=1714037059&nonce=486452656", v1Message)
	assert.Equal(t, 200, w.Code)
	assert.Len(t, got, 2)
}

func clock(unix int64) func() time.Time { return func() time.Time { return time.Unix(unix, 0) } }

// ask is one request without a server.
func ask(h http.Handler, method, query, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, "/wechat?"+query, strings.NewReader(body)))
	return w
}
