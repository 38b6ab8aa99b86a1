package r2test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// token is the session token of temporary credentials that were signed with keys of this account, by whoever has them or by
// the API: a JWT.
// Source: "Authenticate against R2 with temporary credentials", developers.cloudflare.com/r2 (read 2026-11). What the
// platform answers to a bad one is not documented: here it is 401 Unauthorized.
type token struct {
	Bucket   string      `json:"bucket"`
	Scope    string      `json:"scope"`
	Actions  []string    `json:"actions,omitempty"`
	Paths    *tokenPaths `json:"paths,omitempty"`
	Account  string      `json:"sub"`
	Parent   string      `json:"iss"`
	Audience string      `json:"aud"`
	Issued   int64       `json:"iat"`
	Expires  int64       `json:"exp"`
}

type tokenPaths struct {
	PrefixPaths []string `json:"prefixPaths,omitempty"`
	ObjectPaths []string `json:"objectPaths,omitempty"`
}

// readToken verifies a session token that was made of these keys, and gives the secret that belongs to it.
func (s *Server) readToken(text string, parent accessKey) (tok *token, secretKey string, no *refusal) {
	bad := refuse(http.StatusUnauthorized, "Unauthorized", "Unauthorized")
	raw, err := base64.StdEncoding.DecodeString(text)
	jwt, ok := strings.CutPrefix(string(raw), "jwt/")
	parts := strings.Split(jwt, ".")
	if err != nil || !ok || len(parts) != 3 {
		return nil, "", bad
	}
	mac := hmac.New(sha256.New, []byte(parent.secret))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	sum, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !hmac.Equal(sum, mac.Sum(nil)) {
		return nil, "", bad
	}
	var head struct{ Alg, Typ string }
	tok = &token{}
	for i, into := range []any{&head, tok} {
		data, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(data, into) != nil {
			return nil, "", bad
		}
	}
	host := strings.TrimPrefix(s.URL, "https://")
	now := s.opts.Now().Unix()
	if head.Alg != "HS256" || tok.Account != s.opts.AccountID || tok.Parent != parent.id || tok.Audience != host ||
		tok.Bucket == "" || now >= tok.Expires || tok.Issued > now+int64((15*time.Minute).Seconds()) {
		return nil, "", bad
	}
	of := sha256.Sum256([]byte(jwt))
	return tok, hex.EncodeToString(of[:]), nil
}

// allows holds a call to what the token was made for. What its parent may not do it cannot either, which is asked for apart.
func (t *token) allows(op, method, bucket, key string) *refusal {
	denied := refuse(http.StatusForbidden, "AccessDenied", "Access Denied")
	if bucket != t.Bucket {
		return denied
	}
	// It is of one bucket, and neither makes nor lists buckets, whatever its scope.
	of := slices.Contains([]string{"HeadBucket", "BucketConfiguration"}, op)
	looks := reads(op) || of && (method == http.MethodGet || method == http.MethodHead)
	var ok bool
	switch t.Scope {
	case "object-read-write":
		ok = !bucketLevel(op)
	case "object-read-only":
		ok = reads(op)
	case "admin-read-write":
		ok = !bucketLevel(op) || of
	case "admin-read-only":
		ok = looks
	}
	if !ok || len(t.Actions) > 0 && !slices.Contains(t.Actions, op) && op != "DeleteObjects" {
		return denied
	}
	if t.Paths == nil || op == "DeleteObjects" { // whose keys are asked for one by one
		return nil
	}
	within := slices.ContainsFunc(t.Paths.PrefixPaths, func(p string) bool { return strings.HasPrefix(key, p) })
	if within || slices.Contains(t.Paths.ObjectPaths, key) {
		return nil
	}
	return denied
}
