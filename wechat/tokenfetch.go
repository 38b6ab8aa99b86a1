package wechat

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"time"
)

// TokenStore keeps tokens for several processes. It only saves requests: with stable_token every process gets the same
// token anyway, so that a store that fails is logged and passed over. It must be safe for concurrent use. A key holds no
// secret; a value is one, for as long as it lives. [TokenFile] is a store for the processes of one machine.
type TokenStore interface {
	// Get returns what Set kept under key, false when there is nothing. What has run out may be returned: the client looks.
	Get(ctx context.Context, key string) (Token, bool, error)
	// Set keeps a token, which is worthless after ttl.
	Set(ctx context.Context, key string, t Token, ttl time.Duration) error
}

// Locker is a lock that processes share. Lock waits for it, or for the end of ctx. [TokenFile] is one too.
type Locker interface {
	Lock(ctx context.Context, key string) (unlock func(), err error)
}

// platformTokens asks the platform.
type platformTokens struct {
	c      *Client
	legacy bool
}

func (p platformTokens) op() string {
	if p.legacy {
		return opLegacyToken
	}
	return opToken
}

// ask makes the request. Normal mode may ask again and again and gets the same token; the legacy call makes another one
// each time.
func (p platformTokens) ask(ctx context.Context) (value string, life time.Duration, err error) {
	type request struct {
		Grant  string `json:"grant_type"`
		AppID  string `json:"appid"`
		Secret string `json:"secret"`
		Force  bool   `json:"force_refresh"` // always false: true kills the token of every other process
	}
	const grant = "client_credential"
	what := call{op: opLegacyToken, get: true, effect: harmless, query: url.Values{"grant_type": {grant}, "appid": {p.c.appID}, "secret": {p.c.secret()}}}
	if !p.legacy {
		body, err := encodeJSON(request{Grant: grant, AppID: p.c.appID, Secret: p.c.secret()})
		if err != nil {
			return "", 0, fmt.Errorf("wechat: %s: encode: %w", opToken, err)
		}
		what = call{op: opToken, body: payload{contentType: "application/json", parts: [][]byte{body}}}
	}
	var out struct {
		Token   string `json:"access_token"`
		Expires number `json:"expires_in"`
	}
	if err := p.c.send(ctx, what, "", &out); err != nil {
		return "", 0, err
	}
	if out.Token == "" {
		return "", 0, &Error{Op: what.op, Msg: "an answer without access_token", HTTPStatus: 200, temporary: true, sent: true}
	}
	return out.Token, time.Duration(out.Expires) * time.Second, nil
}

// sharedTokens looks into the store before it asks the platform, once more under the lock where there is one, and keeps
// the answer there.
type sharedTokens struct {
	platform platformTokens
	store    TokenStore // may be nil
	locker   Locker     // may be nil
	log      *slog.Logger
	now      func() time.Time
}

// key names the account and the way the token was made: the two ways know nothing of each other.
func (s sharedTokens) key() string { return "wechat:" + s.platform.op() + ":" + s.platform.c.appID }

func (s sharedTokens) fetch(ctx context.Context, rejected string) (value string, life time.Duration, err error) {
	if value, life, err = s.look(ctx, rejected); value != "" || err != nil {
		return value, life, err
	}
	if s.locker != nil {
		unlock, err := s.locker.Lock(ctx, s.key())
		switch {
		case err == nil:
			defer unlock()
			if value, life, err := s.look(ctx, rejected); value != "" || err != nil {
				return value, life, err
			}
		case s.platform.legacy: // to ask without the lock would kill the token that another process is just being given
			return "", 0, fmt.Errorf("wechat: %s: lock: %w", s.platform.op(), err)
		default:
			s.log.WarnContext(ctx, "wechat: no lock for the access token; going on without", slog.String("error", err.Error()))
		}
	}
	value, life, err = s.platform.ask(ctx)
	if err != nil || s.store == nil || value == rejected {
		return value, life, err
	}
	life = lifeOf(life)
	if err := s.store.Set(ctx, s.key(), Token{Value: value, Expires: s.now().Add(life)}, life); err != nil {
		s.log.WarnContext(ctx, "wechat: the access token could not be kept for other processes", slog.String("error", err.Error()))
	}
	return value, life, nil
}

// look takes what the store has, unless it is the token that was refused, or one that the platform is about to replace.
func (s sharedTokens) look(ctx context.Context, rejected string) (value string, life time.Duration, err error) {
	if s.store == nil {
		return "", 0, nil
	}
	t, ok, err := s.store.Get(ctx, s.key())
	if err != nil && s.platform.legacy { // a store that hiccups must not let every process make a token of its own
		return "", 0, fmt.Errorf("wechat: %s: store: %w", s.platform.op(), err)
	}
	if err != nil {
		s.log.WarnContext(ctx, "wechat: the store of access tokens failed; asking the platform", slog.String("error", err.Error()))
		return "", 0, nil
	}
	if life = t.Expires.Sub(s.now()); !ok || t.Value == rejected || life <= renewBefore {
		return "", 0, nil
	}
	return t.Value, life, nil
}

// lifeOf is how long an expires_in is believed.
func lifeOf(life time.Duration) time.Duration {
	if life <= 0 {
		life = minTokenLife
	}
	return min(life, maxTokenLife)
}
