package callback_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"io"
	"math/rand/v2"
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

// The pitfalls of the platform's documentation and of other libraries, each by its name.

func TestTrapTimestampBeyond2038(t *testing.T) {
	t.Parallel()
	const now = 1 << 32 // in 2106
	stamp := strconv.FormatInt(now, 10)
	var got received
	h := handler(t, callback.Config{Token: "tok1", Mode: callback.Plain, Now: clock(now), Handle: got.echo})
	body := strings.Replace(xmlPush("<MsgType>text</MsgType><Content>a</Content><MsgId>1</MsgId>"), "1408090606", stamp, 1)
	assert.Equal(t, 200, ask(h, http.MethodPost, "timestamp="+stamp+"&nonce=1&signature="+callback.Sign("tok1", stamp, "1"), body).Code)
	require.Len(t, got.pushes(), 1)
	assert.Equal(t, int64(now), got.pushes()[0].Created.Unix())

	for _, stamp := range []string{"9223372036854775807", "-9223372036854775808", "9223372036854775808", "x", "1e9", ""} {
		assert.Equal(t, 403, ask(h, http.MethodPost, "timestamp="+url.QueryEscape(stamp)+"&nonce=2&signature="+callback.Sign("tok1", stamp, "2"), body).Code, stamp)
	}
}

// sealWith encrypts with any padding and length.
func sealWith(t *testing.T, key, appID, msg string, size int64, padding []byte) []byte {
	t.Helper()
	k, err := base64.StdEncoding.DecodeString(key + "=")
	require.NoError(t, err)
	block, err := aes.NewCipher(k)
	require.NoError(t, err)
	plain := binary.BigEndian.AppendUint32([]byte("0123456789abcdef"), uint32(size))
	plain = append(append(plain, msg+appID...), padding...)
	require.Zero(t, len(plain)%aes.BlockSize, "the case does not fill its blocks: %d", len(plain))
	cipher.NewCBCEncrypter(block, k[:16]).CryptBlocks(plain, plain)
	return []byte(base64.StdEncoding.EncodeToString(plain))
}

// sealRaw encrypts what is no message at all.
func sealRaw(t *testing.T, plain []byte) []byte {
	t.Helper()
	k, err := base64.StdEncoding.DecodeString(v2Key + "=")
	require.NoError(t, err)
	block, err := aes.NewCipher(k)
	require.NoError(t, err)
	out := make([]byte, len(plain))
	cipher.NewCBCEncrypter(block, k[:16]).CryptBlocks(out, plain)
	return []byte(base64.StdEncoding.EncodeToString(out))
}

func repeat(b byte, n int) []byte { return []byte(strings.Repeat(string([]byte{b}), n)) }

func TestTrapDamagedCiphertext(t *testing.T) {
	t.Parallel()
	const appID, msg = "wx12345678", "hello of 18 bytes!" // 20 + 18 + 10 = 48
	c := newCipher(t, appID, v2Key)
	for name, tt := range map[string]struct {
		encrypted []byte
		good      bool
	}{
		"as it should be, 16":          {sealWith(t, v2Key, appID, msg, int64(len(msg)), repeat(16, 16)), true},
		"a whole block of 32":          {sealWith(t, v2Key, appID, msg, int64(len(msg)), repeat(32, 32)), true},
		"pad of 0":                     {sealWith(t, v2Key, appID, msg, int64(len(msg)), repeat(0, 16)), false},
		"pad of 33":                    {sealWith(t, v2Key, appID, msg+strings.Repeat("x", 15), int64(len(msg))+15, repeat(33, 33)), false},
		"pad of 255":                   {sealWith(t, v2Key, appID, msg, int64(len(msg)), repeat(255, 16)), false},
		"pad bytes differ":             {sealWith(t, v2Key, appID, msg, int64(len(msg)), append(repeat(1, 15), 16)), false},
		"length beyond the rest":       {sealWith(t, v2Key, appID, msg, 4096, repeat(16, 16)), false},
		"length beyond 31 bits":        {sealWith(t, v2Key, appID, msg, 1<<31+5, repeat(16, 16)), false},
		"length too small":             {sealWith(t, v2Key, appID, msg, 3, repeat(16, 16)), false},
		"nothing but padding":          {sealWith(t, v2Key, "", "", 0, repeat(28, 28)), false},
		"shorter than its own length":  {sealRaw(t, repeat(16, 32)), false},
		"shorter than its random part": {sealRaw(t, repeat(32, 32)), false},
		"another AppID":                {sealWith(t, v2Key, "wx12345679", msg, int64(len(msg)), repeat(16, 16)), false},
		"AppID that begins like it":    {sealWith(t, v2Key, "wx1234567890123456789012345", msg[:1], 1, repeat(32, 16)), false},
		"another key":                  {sealWith(t, v1Key(), appID, msg, int64(len(msg)), repeat(16, 16)), false},
		"empty":                        {nil, false},
		"not base64":                   {[]byte("****"), false},
		"not whole blocks":             {[]byte(base64.StdEncoding.EncodeToString(make([]byte, 33))), false},
		"one block":                    {[]byte(base64.StdEncoding.EncodeToString(make([]byte, 16))), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.Decrypt(tt.encrypted)
			if tt.good {
				require.NoError(t, err)
				assert.Equal(t, msg, string(got))
				return
			}
			assert.ErrorIs(t, err, callback.ErrDecrypt)
		})
	}
}

// Messages of every length come back, so that every padding occurs.
func TestTrapEveryPadding(t *testing.T) {
	t.Parallel()
	c := newCipher(t, v2AppID, v2Key)
	for n := range 70 {
		msg := strings.Repeat("m", n)
		got, err := c.Decrypt(c.Encrypt([]byte(msg)))
		require.NoError(t, err)
		assert.Equal(t, msg, string(got))
	}
}

// The last of the 43 characters carries two bits that mean nothing: a strict base64 decoder refuses most keys.
func TestTrapSpareBitsOfTheKey(t *testing.T) {
	t.Parallel()
	_, strict := base64.StdEncoding.Strict().DecodeString(v2Key + "=")
	require.Error(t, strict, "the key of the vector has such bits")
	a, b := newCipher(t, v2AppID, v2Key), newCipher(t, v2AppID, v2Key[:42]+"E")
	got, err := b.Decrypt(a.Encrypt([]byte("x")))
	require.NoError(t, err)
	assert.Equal(t, "x", string(got))
}

// While the key is being changed, pushes come with either, and each reply goes out with the key that its push came with.
func TestTrapOldKeyDuringRotation(t *testing.T) {
	t.Parallel()
	newKey, oldKey, third := v2Key, strings.Repeat("B", 43), strings.Repeat("C", 43)
	for name, tt := range map[string]struct {
		pushedWith string
		keys       []string
		answered   bool
	}{
		"new": {newKey, []string{newKey, oldKey}, true}, "old": {oldKey, []string{newKey, oldKey}, true},
		"old, when it is gone": {oldKey, []string{newKey}, false}, "unknown": {third, []string{newKey, oldKey}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got received
			srv, _ := account(t, wechattest.Callback{AESKey: tt.pushedWith}, callback.Config{AESKeys: tt.keys, Handle: got.echo})
			d := push(t, srv, wechattest.TextMessage("", "hello"))
			if !tt.answered {
				assert.Equal(t, 403, d.Attempts[0].Status)
				assert.Empty(t, got.pushes())
				return
			}
			require.NoError(t, d.Broken)
			require.NotNil(t, d.Reply)
			assert.True(t, d.Reply.Encrypted)
		})
	}
}

// A handler for one account does not take the pushes of another with the same token and key.
func TestTrapWrongAppID(t *testing.T) {
	t.Parallel()
	var got received
	srv, _ := account(t, wechattest.Callback{}, callback.Config{Handle: got.echo})
	other := handler(t, callback.Config{Token: srv.Callback().Token, AppID: "wxother", AESKeys: []string{srv.Callback().AESKey}, Handle: got.echo})
	req, err := srv.PushRequest(t.Context(), wechattest.TextMessage("", "hello"))
	require.NoError(t, err)
	_, err = other.Open(req)
	require.ErrorIs(t, err, callback.ErrDecrypt)
}

// What stands in the clear beside the encrypted part of compatible mode is covered by no signature.
func TestTrapCompatibleReadsTheEncryptedPart(t *testing.T) {
	t.Parallel()
	var got received
	srv, _ := account(t, wechattest.Callback{Mode: wechattest.CompatiblePush}, callback.Config{Handle: got.echo})
	req, err := srv.PushRequest(t.Context(), wechattest.TextMessage("", "hello"))
	require.NoError(t, err)
	body, err := io.ReadAll(req.Body)
	require.NoError(t, err)
	require.Contains(t, string(body), "<Content><![CDATA[hello]]></Content>")
	withBody(req, strings.Replace(string(body), "<![CDATA[hello]]>", "<![CDATA[forged]]>", 1))
	resp, err := srv.Callback().Client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Len(t, got.pushes(), 1)
	assert.Equal(t, callback.Text{Text: "hello"}, got.pushes()[0].Content)
}

// A compatible handler also takes what has no encrypted part, as a plain one would.
func TestTrapCompatibleTakesPlain(t *testing.T) {
	t.Parallel()
	var got received
	srv, h := account(t, wechattest.Callback{Mode: wechattest.CompatiblePush}, callback.Config{Handle: got.echo})
	require.NoError(t, srv.SetCallback(t.Context(), wechattest.Callback{Mode: wechattest.PlainPush, Handler: h}))
	d := push(t, srv, wechattest.TextMessage("", "hello"))
	require.NoError(t, d.Broken)
	assert.Equal(t, "hello", d.Reply.Text)
	assert.False(t, d.Reply.Encrypted)
}

// "success" is plain even in safe mode, and is the answer to what nobody has anything to say to.
func TestTrapSuccessIsPlain(t *testing.T) {
	t.Parallel()
	for name, cb := range modes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, _ := account(t, cb, callback.Config{Jobs: nobody{}})
			d := push(t, srv, wechattest.TextMessage("", "hello"))
			assert.NoError(t, d.Broken)
			assert.Equal(t, "success", d.Attempts[0].Body)
		})
	}
}

// PUBLISHJOBFINISH and FREEPUBLISHJOBFINISH, in any case, end the same wait; fail_idx repeats; a MASSSENDJOBFINISH in its
// place does no harm.
func TestTrapEventNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"PUBLISHJOBFINISH": true, "FREEPUBLISHJOBFINISH": true, "PublishJobFinish": true, "PUBLISHJOBFINISHED": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var inbox wechat.Inbox
			srv, _ := account(t, wechattest.Callback{}, callback.Config{Jobs: &inbox})
			push(t, srv, job(name, time.Now(), wechattest.G("PublishEventInfo", wechattest.N("publish_id", 5), wechattest.N("publish_status", 4), wechattest.N("fail_idx", 1), wechattest.N("fail_idx", 3))))
			push(t, srv, job("MASSSENDJOBFINISH", time.Now(), wechattest.N("MsgID", 5), wechattest.F("Status", "send success")))
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			s, err := inbox.PublishEnd(ctx, "5")
			if !want {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, wechat.PublishState{ID: "5", Status: wechat.PublishRefused, FailIdx: []int{1, 3}}, s)
			r, err := inbox.MassEnd(ctx, "5")
			require.NoError(t, err)
			assert.Equal(t, wechat.MassSent, r.MassStatus())
		})
	}
}

// MsgId in messages, MsgID in events.
func TestTrapMsgIDAndMsgId(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		xmlPush("<MsgType>text</MsgType><Content>a</Content><MsgId>7000000000000000001</MsgId>"),
		xmlEvent("TEMPLATESENDJOBFINISH", "<MsgID>7000000000000000001</MsgID><Status>success</Status>"),
		jsonPush(`"MsgType":"text","Content":"a","MsgId":7000000000000000001`),
		jsonPush(`"MsgType":"text","Content":"a","MsgId":"7000000000000000001"`),
	} {
		p, err := callback.Parse([]byte(text))
		require.NoError(t, err)
		assert.Equal(t, wechat.MsgID("7000000000000000001"), p.MsgID, "beyond what a float64 holds")
	}
}

// The probe of cloud hosting is answered without a signature, and reaches nobody.
func TestTrapContainerProbe(t *testing.T) {
	t.Parallel()
	var got received
	h := handler(t, callback.Config{Token: "tok1", Mode: callback.Plain, Handle: got.echo})
	for body, status := range map[string]int{
		`{"action":"CheckContainerPath"}`:                  200,
		`<xml><action>CheckContainerPath</action></xml>`:   200,
		`{"action":"CheckContainerPath","MsgType":"text"}`: 403,
		`{"action":"Other"}`:                               403,
		`{"action":"CheckContainerPath"`:                   403,
	} {
		w := ask(h, http.MethodPost, "", body)
		assert.Equal(t, status, w.Code, body)
	}
	assert.Empty(t, got.pushes())
}

// The three deliveries of the platform have stamps, nonces and encryptions of their own, and get one answer.
func TestTrapRetryGetsTheFirstReply(t *testing.T) {
	t.Parallel()
	for name, cb := range modes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := 0
				srv, _ := account(t, cb, callback.Config{Handle: func(context.Context, *callback.Push) (callback.Reply, error) {
					n++
					return callback.TextReply{Text: "answer " + strconv.Itoa(rand.Int())}, nil
				}})
				m := hello(time.Now())
				first := push(t, srv, m)
				for range 2 {
					time.Sleep(5 * time.Second)
					d := push(t, srv, m)
					require.NotNil(t, d.Reply)
					assert.Equal(t, first.Reply.Raw, d.Reply.Raw)
					if d.Reply.Encrypted {
						assert.NotEqual(t, first.Attempts[0].Body, d.Attempts[0].Body)
					}
				}
				assert.Equal(t, 1, n)
			})
		})
	}
}
