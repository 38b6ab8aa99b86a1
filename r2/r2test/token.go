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

// token is the session token of temporary credentials that were signed with the keys of this account: a JWT.
// Source: "Authenticate against R2 with temporary credentials", developers.cloudflare.com/r2 (read 2026-11). What the
// platform answers to a bad one is not documented: here it is 401 Unauthorized.
type token struct {
	Bucket  string   `json:"bucket"`
	Scope   string   `json:"scope"`
	Actions []string `json:"actions"`
	Paths   *struct {
		PrefixPaths []string `json:"prefixPaths"`
		ObjectPaths []string `json:"objectPaths"`
	} `json:"paths"`
	Account  string `json:"sub"`
	Parent   string `json:"iss"`
	Audience string `json:"aud"`
	Issued   int64  `json:"iat"`
	Expires  int64  `json:"exp"`
}

// readToken verifies a session token and gives the secret that belongs to it.
func (s *Server) readToken(text string) (tok *token, secretKey string, no *refusal) {
	bad := refuse(http.StatusUnauthorized, "Unauthorized", "Unauthorized")
	raw, err := base64.StdEncoding.DecodeString(text)
	jwt, ok := strings.CutPrefix(string(raw), "jwt/")
	parts := strings.Split(jwt, ".")
	if err != nil || !ok || len(parts) != 3 {
		return nil, "", bad
	}
	mac := hmac.New(sha256.New, []byte(s.opts.SecretAccessKey))
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
	if head.Alg != "HS256" || tok.Account != s.opts.AccountID || tok.Parent != s.opts.AccessKeyID || tok.Audience != host ||
		tok.Bucket != s.opts.Bucket || now >= tok.Expires || tok.Issued > now+int64((15*time.Minute).Seconds()) {
		return nil, "", bad
	}
	of := sha256.Sum256([]byte(jwt))
	return tok, hex.EncodeToString(of[:]), nil
}

// allows holds a call to what the token was made for.
func (t *token) allows(op, key string) *refusal {
	denied := refuse(http.StatusForbidden, "AccessDenied", "Access Denied")
	reads := []string{"GetObject", "HeadObject", "ListObjectsV2", "ListObjects", "ListParts", "ListMultipartUploads"}
	switch t.Scope {
	case "object-read-write":
	case "object-read-only":
		if !slices.Contains(reads, op) {
			return denied
		}
	default:
		return denied
	}
	if len(t.Actions) > 0 && !slices.Contains(t.Actions, op) && op != "DeleteObjects" {
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
