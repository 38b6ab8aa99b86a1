package wechattest

import (
	"crypto/rand"
	"slices"
	"time"
)

// How often a token may be forced.
const (
	forcedADay = 20
	forcedGap  = 30 * time.Second
)

func (s *Server) checkCredentials(grant, appID, secret string) *refusal {
	switch {
	case grant != "client_credential":
		return refuse(40002, "invalid grant_type")
	case appID != s.opts.AppID:
		return refuse(40013, "invalid appid")
	case secret == "":
		return refuse(41004, "appsecret missing")
	case secret != s.opts.Secret:
		return refuse(40001, "invalid credential, access_token is invalid or not latest")
	case s.refusedIP != "":
		return refuse(40164, "invalid ip %[1]s ipv6 ::ffff:%[1]s, not in whitelist", s.refusedIP)
	}
	return nil
}

// tokenAnswer has what remains of the token's life, in seconds.
type tokenAnswer struct {
	Token   string `json:"access_token"`
	Expires int    `json:"expires_in"`
}

func (s *Server) giveToken(c *call, t token) tokenAnswer {
	return tokenAnswer{Token: t.Value, Expires: int(t.Expires.Sub(c.now).Seconds())}
}

func (s *Server) addToken(c *call, legacy bool) token {
	t := token{Value: "99_" + rand.Text() + rand.Text(), Expires: c.now.Add(s.opts.TokenLife), Legacy: legacy}
	s.st.Tokens = append(s.st.Tokens, t)
	s.dirty = true
	return t
}

// current is the stable token: the same one until 5 min before its end, from when on the next one is given out and both
// are good. To force another kills it at once, which is allowed now and then; when it is not, it is not an error either.
func (s *Server) current(c *call, force bool) token {
	last := -1
	for i, t := range s.st.Tokens {
		if !t.Legacy {
			last = i
		}
	}
	margin := min(5*time.Minute, s.opts.TokenLife/4)
	if last < 0 || s.st.Tokens[last].Revoked || !c.now.Before(s.st.Tokens[last].Expires.Add(-margin)) {
		return s.addToken(c, false)
	}
	if !force || !s.mayForce(c.now) {
		return s.st.Tokens[last]
	}
	s.st.Tokens[last].Revoked = true
	s.st.Forced = append(s.st.Forced, c.now)
	return s.addToken(c, false)
}

func (s *Server) mayForce(now time.Time) bool {
	day := inBeijing(now).Format(time.DateOnly)
	s.st.Forced = slices.DeleteFunc(s.st.Forced, func(at time.Time) bool { return inBeijing(at).Format(time.DateOnly) != day })
	n := len(s.st.Forced)
	return n < forcedADay && (n == 0 || now.Sub(s.st.Forced[n-1]) >= forcedGap)
}

// legacyToken makes another token with every call; the one before has 5 min left at most.
func (s *Server) legacyToken(c *call) (any, *refusal) {
	if no := s.checkCredentials(c.query.Get("grant_type"), c.query.Get("appid"), c.query.Get("secret")); no != nil {
		return nil, no
	}
	for i := range s.st.Tokens {
		if t := &s.st.Tokens[i]; t.Legacy && t.Expires.After(c.now.Add(5*time.Minute)) {
			t.Expires = c.now.Add(5 * time.Minute)
		}
	}
	return s.giveToken(c, s.addToken(c, true)), nil
}
