package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/wechat/callback"
)

// What README.md promises of a push to a WeChat Official Account.
const (
	minSilenceper    = 8 // times as quick, at least, as it comes
	minQuietPeer     = 6 // and with its logs switched off
	maxDecryptAllocs = 3
	maxOpenAllocs    = 20
)

const (
	oursPush       = "kitroll/wechat/callback"
	silenceperPush = "silenceper/wechat v2.1.10"
	silenceperLogs = "the same, as it comes: every message written to a log"

	pushToken = "bench-token"
	pushAppID = "wx0123456789abcdef"
	pushKey   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

// pushes are text messages of users in safe mode, each with a signature, an encryption and a MsgId of its own.
type pushes struct {
	requests  []*http.Request
	bodies    []string
	encrypted []string
}

func newPushes(count int) (*pushes, error) {
	c, err := callback.NewCipher(pushAppID, pushKey)
	if err != nil {
		return nil, err
	}
	p := &pushes{}
	now := strconv.FormatInt(time.Now().Unix(), 10)
	for i := range count {
		nonce := strconv.Itoa(i + 1_000_000)
		msg := fmt.Sprintf("<xml><ToUserName><![CDATA[gh_0123456789ab]]></ToUserName><FromUserName><![CDATA[oVAqKwWUPbTGJJ2Xh1y0TUXEqTs8]]></FromUserName>"+
			"<CreateTime>%s</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好，今天的文章在哪里可以看到？]]></Content><MsgId>%d</MsgId></xml>", now, 7_000_000_000_000_000_000+int64(i))
		e := string(c.Encrypt([]byte(msg)))
		q := url.Values{
			"signature": {callback.Sign(pushToken, now, nonce)}, "timestamp": {now}, "nonce": {nonce}, "openid": {"oVAqKwWUPbTGJJ2Xh1y0TUXEqTs8"},
			"encrypt_type": {"aes"}, "msg_signature": {callback.Sign(pushToken, now, nonce, e)},
		}
		body := "<xml>\n    <ToUserName><![CDATA[gh_0123456789ab]]></ToUserName>\n    <Encrypt><![CDATA[" + e + "]]></Encrypt>\n</xml>"
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://example.com/wechat?"+q.Encode(), nil)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "text/xml")
		req.ContentLength = int64(len(body))
		p.requests, p.bodies, p.encrypted = append(p.requests, req), append(p.bodies, body), append(p.encrypted, e)
	}
	return p, nil
}

// each hands every request to f as a server would, with a body and a place for the answer.
func (p *pushes) each(f func(http.ResponseWriter, *http.Request) error) error {
	w := &answerSink{header: http.Header{}}
	reader := &strings.Reader{}
	body := io.NopCloser(reader)
	for i, req := range p.requests {
		reader.Reset(p.bodies[i])
		req.Body = body
		clear(w.header)
		w.status, w.n = 0, 0
		if err := f(w, req); err != nil {
			return err
		}
	}
	return nil
}

// answerSink takes an answer and keeps its size.
type answerSink struct {
	header    http.Header
	status, n int
}

func (w *answerSink) Header() http.Header { return w.header }
func (w *answerSink) WriteHeader(s int)   { w.status = s }
func (w *answerSink) Write(b []byte) (int, error) {
	w.n += len(b)
	return len(b), nil
}

// pushing races the libraries that take a push.
func pushing(count, rounds int) (r report, err error) {
	p, err := newPushes(count)
	if err != nil {
		return r, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d CPUs, best of %d rounds of %s pushes: a text message in safe mode.\n", runtime.Version(), runtime.GOMAXPROCS(0), rounds, amount(count))
	defer func() { r.text = b.String() }()
	for _, step := range []struct {
		title   string
		contest contest
		check   func([]result) []string
	}{
		{"Decrypt", contest{count, []contestant{{oursPush, p.decrypt}, {silenceperPush, p.decryptSilenceper}}}, decryptKept},
		{"Verify, decrypt and parse", contest{count, []contestant{{oursPush, p.open}, {silenceperPush, p.serveSilenceper("", false)}, {silenceperLogs, p.serveSilenceper("", true)}}}, openKept},
		{"The same, with what ours does besides (once for each push, in 5 s) and \"success\" as the answer", contest{count, []contestant{{oursPush, p.serve("")}, {silenceperPush, p.serveSilenceper("", false)}}}, nil},
		{"The same, answered with an encrypted text", contest{count, []contestant{{oursPush, p.serve("收到")}, {silenceperPush, p.serveSilenceper("收到", false)}}}, nil},
	} {
		results, err := race(step.contest, rounds)
		if err != nil {
			return r, err
		}
		fmt.Fprintf(&b, "\n%s:\n\n%s", step.title, board("push", "µs", 1000, results))
		if step.check != nil {
			r.broken = append(r.broken, step.check(results)...)
		}
	}
	return r, nil
}

func (p *pushes) decrypt() error {
	c, err := callback.NewCipher(pushAppID, pushKey)
	if err != nil {
		return err
	}
	var text []byte // as the body has it
	for _, e := range p.encrypted {
		text = append(text[:0], e...)
		msg, err := c.Decrypt(text)
		if err != nil || !bytes.HasPrefix(msg, []byte("<xml>")) {
			return fmt.Errorf("decrypted to %.20q: %w", msg, err)
		}
	}
	return nil
}

func pushHandler(reply string) (*callback.Handler, error) {
	return callback.New(callback.Config{
		Token: pushToken, AppID: pushAppID, AESKeys: []string{pushKey}, Window: 24 * time.Hour,
		Handle: func(_ context.Context, p *callback.Push) (callback.Reply, error) {
			if m, ok := p.Content.(callback.Text); !ok || m.Text == "" || reply == "" {
				return nil, nil
			}
			return callback.TextReply{Text: reply}, nil
		},
	})
}

func (p *pushes) open() error {
	h, err := pushHandler("")
	if err != nil {
		return err
	}
	return p.each(func(_ http.ResponseWriter, r *http.Request) error {
		push, err := h.Open(r)
		if err != nil {
			return err
		}
		if m, ok := push.Content.(callback.Text); !ok || m.Text == "" {
			return fmt.Errorf("read as %T", push.Content)
		}
		return nil
	})
}

func (p *pushes) serve(reply string) func() error {
	return func() error {
		h, err := pushHandler(reply)
		if err != nil {
			return err
		}
		defer h.Shutdown(context.Background()) //nolint:errcheck // without an end, it has no error
		return p.each(func(w http.ResponseWriter, r *http.Request) error {
			h.ServeHTTP(w, r)
			return answered(w, reply)
		})
	}
}

// answered looks whether there was something to say, and was it said.
func answered(w http.ResponseWriter, reply string) error {
	sink, ok := w.(*answerSink)
	if !ok || sink.status > http.StatusOK || (reply != "" && sink.n < 200) {
		return fmt.Errorf("answered with status %d and %d bytes", sink.status, sink.n)
	}
	return nil
}

func decryptKept(results []result) (broken []string) {
	if a := results[0].allocs; a > maxDecryptAllocs+0.1 {
		broken = append(broken, fmt.Sprintf("decrypt allocates %.1f times, at most %d were promised", a, maxDecryptAllocs))
	}
	return broken
}

func openKept(results []result) (broken []string) {
	for i, least := range map[int]float64{1: minQuietPeer, 2: minSilenceper} {
		if factor := results[i].cpu / results[0].cpu; factor < least {
			broken = append(broken, fmt.Sprintf("a push is opened only %.1f times as quickly as by %s, %v were promised", factor, results[i].name, least))
		}
	}
	if a := results[0].allocs; a > maxOpenAllocs+0.1 {
		broken = append(broken, fmt.Sprintf("opening a push allocates %.1f times, at most %d were promised", a, maxOpenAllocs))
	}
	return broken
}
