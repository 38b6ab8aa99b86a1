package wechattest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/pipehttp"
)

// PushMode is how pushes are sent.
type PushMode int

// The modes of the console. The zero value is the safe one.
const (
	SafePush PushMode = iota
	CompatiblePush
	PlainPush
)

// Callback is what the console has under 服务器配置, and how to get there.
type Callback struct {
	URL     string       // default http://callback.fake/wechat
	Handler http.Handler // what answers at the URL, in memory; nil = Client goes there
	Client  *http.Client // default: one that reaches Handler

	Token   string // default "fake-token"
	AESKey  string // EncodingAESKey; default: one of the fake's, see Server.Callback
	Mode    PushMode
	JSON    bool          // pushes as JSON
	Account string        // default "gh_0123456789ab"
	Timeout time.Duration // of one delivery; default 5 s. Each is made at most three times
}

// pushes is what the server knows of its callback.
type pushes struct {
	callback Callback
	pipe     *pipehttp.Server
	set      bool
	messages int64
	told     map[string]bool // ends of jobs that were pushed
	all      []Delivery
}

const fakeAESKey = "ZmFrZS1rZXktZmFrZS1rZXktZmFrZS1rZXktZmFrZTA"

// SetCallback sets the callback URL as the console does: it is asked to give an echostr back first, and kept if it
// does. The error says why it does not.
func (s *Server) SetCallback(ctx context.Context, c Callback) error {
	if c.URL == "" {
		c.URL = "http://callback.fake/wechat"
	}
	if c.Token == "" {
		c.Token = "fake-token"
	}
	if c.AESKey == "" {
		c.AESKey = fakeAESKey
	}
	if c.Account == "" {
		c.Account = "gh_0123456789ab"
	}
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
	if _, err := aesKey(c.AESKey); err != nil {
		return fmt.Errorf("wechattest: %w", err)
	}
	var pipe *pipehttp.Server
	if c.Handler != nil {
		pipe = pipehttp.NewServer("callback.fake", c.Handler)
		c.Client = pipe.HTTPSClient()
	}
	if c.Client == nil {
		return errors.New("wechattest: Callback: Handler or Client is required")
	}
	if err := s.verify(ctx, c); err != nil {
		if pipe != nil {
			pipe.Close()
		}
		return err
	}
	ended := s.ended()
	s.mu.Lock()
	old := s.push.pipe
	s.push.callback, s.push.pipe, s.push.set = c, pipe, true
	s.push.told = map[string]bool{}
	for _, e := range ended {
		s.push.told[e.key] = true
	}
	s.mu.Unlock()
	if old != nil {
		old.Close()
	}
	return nil
}

// Callback is what is set, with its defaults filled in: Token and AESKey for the handler's configuration are known before
// SetCallback too, which needs that handler.
func (s *Server) Callback() Callback {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.push.set {
		return Callback{URL: "http://callback.fake/wechat", Token: "fake-token", AESKey: fakeAESKey, Account: "gh_0123456789ab", Timeout: 5 * time.Second}
	}
	return s.push.callback
}

// AppID is the account's.
func (s *Server) AppID() string { return s.opts.AppID }

func (s *Server) verify(ctx context.Context, c Callback) error {
	stamp, nonce, echo := strconv.FormatInt(s.opts.Now().Unix(), 10), digits(), digits()
	q := url.Values{"signature": {signature(c.Token, stamp, nonce)}, "timestamp": {stamp}, "nonce": {nonce}, "echostr": {echo}}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+"?"+q.Encode(), nil)
	if err != nil {
		return fmt.Errorf("wechattest: callback: %w", err)
	}
	resp, err := c.Client.Do(req)
	if err != nil {
		return fmt.Errorf("wechattest: 请求URL超时: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if err != nil || resp.StatusCode != http.StatusOK || string(body) != echo {
		return fmt.Errorf("wechattest: token验证失败: HTTP %d, %.80q in place of the echostr", resp.StatusCode, body)
	}
	return nil
}

func digits() string {
	n, err := rand.Int(rand.Reader, big.NewInt(9_000_000_000))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return strconv.FormatInt(n.Int64()+1_000_000_000, 10)
}

// PushRequest makes one signed delivery of m without sending it: to be changed, kept and sent again by tests that attack
// a handler.
func (s *Server) PushRequest(ctx context.Context, m Message) (*http.Request, error) {
	s.mu.Lock()
	c, set := s.push.callback, s.push.set
	s.mu.Unlock()
	if !set {
		return nil, errors.New("wechattest: no callback is set")
	}
	return s.delivery(ctx, c, s.complete(m))
}

func (s *Server) delivery(ctx context.Context, c Callback, m Message) (*http.Request, error) {
	fields := m.all(c.Account)
	write := func(fields []Field) string { return writeXML("xml", fields) }
	if c.JSON {
		write = writeJSON
	}
	stamp, nonce := strconv.FormatInt(s.opts.Now().Unix(), 10), digits()
	q := url.Values{"signature": {signature(c.Token, stamp, nonce)}, "timestamp": {stamp}, "nonce": {nonce}, "openid": {string(m.From)}}
	body := write(fields)
	if c.Mode != PlainPush {
		encrypted, err := encrypt(c.AESKey, s.opts.AppID, body)
		if err != nil {
			return nil, fmt.Errorf("wechattest: %w", err)
		}
		q.Set("encrypt_type", "aes")
		q.Set("msg_signature", signature(c.Token, stamp, nonce, encrypted))
		outer := []Field{F("ToUserName", c.Account)}
		if c.Mode == CompatiblePush {
			outer = fields
		}
		body = write(append(slices.Clip(outer), F("Encrypt", encrypted)))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"?"+q.Encode(), strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("wechattest: push: %w", err)
	}
	req.Header.Set("Content-Type", "text/xml")
	if c.JSON {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}
