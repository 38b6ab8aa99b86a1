package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kitroll/kitroll/internal/secret"
)

// Token is an access token. Printing it shows no value.
type Token struct {
	Value   string
	Expires time.Time // zero = not known
}

func (t Token) safe() secret.Fields {
	return secret.Fields{"wechat.Token", "Value", secret.Mask(t.Value), "Expires", t.Expires.Format(time.RFC3339)}
}

// String is the token without its value.
func (t Token) String() string { return t.safe().String() }

// GoString is the token without its value.
func (t Token) GoString() string { return t.safe().String() }

// Format prints the token without its value, for every verb.
func (t Token) Format(s fmt.State, verb rune) { t.safe().Format(s, verb) }

// LogValue is the token without its value.
func (t Token) LogValue() slog.Value { return t.safe().LogValue() }

// MarshalJSON gives the token as a string without its value.
func (t Token) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// TokenSource gives out access tokens: for a central token service, or for the tokens of a third-party platform.
// rejected is the token that the platform has just refused, "" when there is none. A source that still holds exactly
// that one gets another; one that already has a newer one returns it. It must be safe for concurrent use.
type TokenSource interface {
	Token(ctx context.Context, rejected string) (Token, error)
}

// Token returns the account's access token, for calls that this package does not make. It is the cached one except in
// the first call and when the old one has run out; concurrent callers share one request, and each obeys its own ctx.
func (c *Client) Token(ctx context.Context) (Token, error) {
	if c.cached != nil {
		if held := c.cached.fresh(); held != nil {
			return held.Token, nil
		}
	}
	tok, err := c.tokens.Token(ctx, "")
	if err == nil && tok.Value == "" {
		err = fmt.Errorf("wechat: token: %w: the token source returned an empty token", ErrConfig)
	}
	return tok, err
}

const (
	opToken       = "stable_token"
	opLegacyToken = "token"

	maxTokenLife  = 2 * time.Hour    // the platform's own; a larger expires_in is not believed
	minTokenLife  = 5 * time.Minute  // what stable_token promises, for an answer without expires_in
	renewBefore   = 5 * time.Minute  // from here on the platform gives out the next token, and the old one still works
	flightTimeout = 30 * time.Second // of one token request

	rememberFailure = time.Second      // so that a thousand callers do not ask one after the other
	rememberConfig  = 30 * time.Second // a wrong secret or IP does not get better by asking
)

var errSameToken = fmt.Errorf("wechat: %w and the same one was given out again: it belongs to another AppID, "+
	"or the account's AppID and secret were changed on the console (it is never force-refreshed by itself: that would kill it for every other process)", ErrToken)

// cachedTokens holds the token of this process, and asks for it with one request for everybody who waits. In the normal
// mode of stable_token every process of the account gets the same token: no lock, no Redis, nobody kills anybody's.
type cachedTokens struct {
	fetch func(ctx context.Context, rejected string) (value string, life time.Duration, err error)
	now   func() time.Time
	born  time.Time
	fake  bool // the clock is the caller's
	log   *slog.Logger

	cur atomic.Pointer[heldToken]

	mu     sync.Mutex
	flight *flight
	failed error         // of the last flight
	until  time.Duration // how long failed, or stuck, is remembered
	stuck  string        // a token that came back after it had been rejected
}

type heldToken struct {
	Token

	refresh time.Duration // on the clock: when to ask for the next one, while this one is still good
	expires time.Duration
}

type flight struct {
	done chan struct{}
	tok  Token
	err  error
}

func newCachedTokens(c *Client, from sharedTokens, systemClock bool) *cachedTokens {
	return &cachedTokens{fetch: from.fetch, now: c.now, born: c.now(), fake: !systemClock, log: c.log}
}

// clock is the time since the client was made: monotonic where the clock is the system's, and half the price of
// time.Now.
func (s *cachedTokens) clock() time.Duration {
	if s.fake {
		return s.now().Sub(s.born)
	}
	return time.Since(s.born)
}

// fresh is the token in hand while nothing has to be done about it, else nil: the way of nearly every call.
func (s *cachedTokens) fresh() *heldToken {
	if held := s.cur.Load(); held != nil && s.clock() < held.refresh {
		return held
	}
	return nil
}

func (s *cachedTokens) Token(ctx context.Context, rejected string) (Token, error) {
	if held := s.cur.Load(); held != nil && held.Value != rejected {
		now := s.clock()
		if now >= held.refresh && now < held.expires {
			s.renew(ctx)
		}
		if now < held.expires {
			return held.Token, nil
		}
	}
	return s.wait(ctx, rejected)
}

// renew starts a flight in the background, unless there is one or the last has just failed.
func (s *cachedTokens) renew(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if held := s.cur.Load(); s.flight == nil && (held == nil || s.clock() >= held.refresh) && s.remembered() == nil {
		s.start(ctx, "")
	}
}

// wait joins the flight, or starts it, and waits as long as ctx allows. What is in cur is dropped only when it is the
// very token that was rejected: a late refusal of an old token must not cost a fresh one.
func (s *cachedTokens) wait(ctx context.Context, rejected string) (Token, error) {
	s.mu.Lock()
	if held := s.cur.Load(); held != nil {
		if held.Value != rejected && s.clock() < held.expires {
			s.mu.Unlock()
			return held.Token, nil
		}
		if rejected != "" && s.stuck == rejected && s.clock() < s.until {
			s.mu.Unlock()
			return Token{}, errSameToken
		}
		s.cur.Store(nil)
	}
	if err := s.remembered(); err != nil {
		s.mu.Unlock()
		return Token{}, err
	}
	if s.flight == nil {
		s.start(ctx, rejected)
	}
	f := s.flight
	s.mu.Unlock()
	select {
	case <-f.done:
	case <-ctx.Done():
		return Token{}, fmt.Errorf("wechat: %s: waiting for the access token: %w", opToken, context.Cause(ctx))
	}
	if f.err == nil && rejected != "" && f.tok.Value == rejected {
		return Token{}, errSameToken
	}
	return f.tok, f.err
}

func (s *cachedTokens) remembered() error {
	if s.failed != nil && s.clock() < s.until {
		return s.failed
	}
	return nil
}

// start sends one request on a context of its own: the caller who happens to be first may give up, the others not.
func (s *cachedTokens) start(ctx context.Context, rejected string) {
	f := &flight{done: make(chan struct{})}
	s.flight = f
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flightTimeout)
	go func() {
		defer cancel()
		began := s.clock() // the life counts from before the request: too short is harmless
		value, life, err := s.fetch(ctx, rejected)
		s.land(f, began, value, life, err, rejected)
	}()
}

func (s *cachedTokens) land(f *flight, began time.Duration, value string, life time.Duration, err error, rejected string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer close(f.done)
	s.flight, s.failed, s.stuck = nil, nil, ""
	now := s.clock()
	if err != nil {
		f.err, s.failed, s.until = err, err, now+rememberFailure
		if errors.Is(err, ErrConfig) {
			s.until = now + rememberConfig
		}
		if s.cur.Load() != nil {
			s.log.Warn("wechat: the access token could not be renewed; the old one is used as long as it lasts", slog.String("error", err.Error()))
		}
		return
	}
	life = lifeOf(life)
	held := &heldToken{Token: Token{Value: value, Expires: s.now().Add(began + life - now)}, expires: began + life}
	// Spread over a minute, so that many processes do not renew in the same second; and never at once again, when the
	// platform has given the old token once more.
	held.refresh = held.expires + rand.N(time.Minute) - renewBefore
	held.refresh = max(held.refresh, now+min(30*time.Second, life/2))
	if value == rejected {
		s.stuck, s.until = value, now+rememberFailure
	}
	f.tok = held.Token
	s.cur.Store(held)
}
