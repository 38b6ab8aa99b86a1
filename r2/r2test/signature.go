package r2test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm = "AWS4-HMAC-SHA256"
	stamp     = "20060102T150405Z"
	unsigned  = "UNSIGNED-PAYLOAD"
)

// signature is what a request claims.
type signature struct {
	keyID, date, region string
	signed              []string // names of headers, lower case
	at                  time.Time
	sum                 string
	secret              string
	payload             string
}

// authenticate verifies the signature of a header or of a presigned URL.
// Source: "Authenticating Requests (AWS Signature Version 4)", docs.aws.amazon.com (read 2026-11).
func (s *Server) authenticate(c *request) *refusal {
	presigned := c.query.Has("X-Amz-Signature") || c.query.Has("X-Amz-Algorithm")
	var sig *signature
	var no *refusal
	var ttl time.Duration
	switch {
	case presigned:
		sig, ttl, no = fromQuery(c.query)
	case c.head.Get("Authorization") != "":
		sig, no = fromHeader(c.head)
	default:
		no = refuse(http.StatusBadRequest, "InvalidArgument", "Authorization") // as miniflare answers
	}
	if no != nil {
		return no
	}
	var ok bool
	if c.keys, ok = s.key(sig.keyID); !ok {
		return refuse(http.StatusUnauthorized, "Unauthorized", "Unauthorized")
	}
	sig.secret = c.keys.secret
	if text := c.head.Get("X-Amz-Security-Token") + c.query.Get("X-Amz-Security-Token"); text != "" {
		if c.token, sig.secret, no = s.readToken(text, c.keys); no != nil {
			return no
		}
	}
	if !slices.Contains([]string{"auto", "", "us-east-1"}, sig.region) {
		return refuse(http.StatusBadRequest, "InvalidRegionName", "The region name '%s' is not valid.", sig.region)
	}
	if no := covered(c, sig); no != nil {
		return no
	}
	if !hmac.Equal([]byte(sign(c, sig)), []byte(sig.sum)) {
		return refuse(http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your secret access key and signing method.")
	}
	if presigned {
		if s.opts.Now().After(sig.at.Add(ttl)) {
			return expired()
		}
		return nil
	}
	if skew := time.Until(sig.at) - s.opts.ClockSkew; skew.Abs() > 15*time.Minute {
		return refuse(http.StatusForbidden, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")
	}
	if sig.payload != unsigned && sig.payload != c.sha256 {
		return refuse(http.StatusBadRequest, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	return nil
}

func fromHeader(h http.Header) (*signature, *refusal) {
	bad := refuse(http.StatusBadRequest, "InvalidArgument", "Authorization")
	rest, ok := strings.CutPrefix(h.Get("Authorization"), algorithm+" ")
	if !ok {
		return nil, refuse(http.StatusBadRequest, "InvalidRequest", "The authorization mechanism you have provided is not supported.")
	}
	sig := &signature{payload: h.Get("X-Amz-Content-Sha256")}
	var credential string
	for part := range strings.SplitSeq(rest, ",") {
		name, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			credential = v
		case "SignedHeaders":
			sig.signed = strings.Split(v, ";")
		case "Signature":
			sig.sum = v
		}
	}
	at, err := time.Parse(stamp, h.Get("X-Amz-Date"))
	if err != nil || !sig.scope(credential) || sig.payload == "" {
		return nil, bad
	}
	sig.at = at
	return sig, nil
}

func fromQuery(q url.Values) (*signature, time.Duration, *refusal) {
	bad := refuse(http.StatusBadRequest, "InvalidArgument", "X-Amz-Expires must be between 1 and 604800 seconds, and the other parameters complete")
	sig := &signature{
		signed: strings.Split(q.Get("X-Amz-SignedHeaders"), ";"), sum: q.Get("X-Amz-Signature"), payload: unsigned,
	}
	at, err := time.Parse(stamp, q.Get("X-Amz-Date"))
	seconds, err2 := strconv.Atoi(q.Get("X-Amz-Expires"))
	if err2 == nil && seconds < 1 {
		return nil, 0, expired()
	}
	if err != nil || err2 != nil || seconds > 604800 || q.Get("X-Amz-Algorithm") != algorithm || !sig.scope(q.Get("X-Amz-Credential")) {
		return nil, 0, bad
	}
	sig.at = at
	return sig, time.Duration(seconds) * time.Second, nil
}

// expired has the status of R2's table of errors; miniflare answers 403.
func expired() *refusal {
	return refuse(http.StatusBadRequest, "ExpiredRequest", "Request has expired")
}

// scope reads KEY/20261124/auto/s3/aws4_request.
func (sig *signature) scope(credential string) bool {
	parts := strings.Split(credential, "/")
	if len(parts) != 5 || parts[3] != "s3" || parts[4] != "aws4_request" {
		return false
	}
	sig.keyID, sig.date, sig.region = parts[0], parts[1], parts[2]
	return true
}

// covered wants the headers that must be signed.
func covered(c *request, sig *signature) *refusal {
	if !slices.Contains(sig.signed, "host") {
		return refuse(http.StatusForbidden, "AccessDenied", "the host header must be signed")
	}
	for name := range c.head {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "x-amz-") && !slices.Contains(sig.signed, lower) {
			return refuse(http.StatusForbidden, "AccessDenied", "There were headers present in the request which were not signed: %s", lower)
		}
	}
	return nil
}

// sign is the signature that the request must have.
func sign(c *request, sig *signature) string {
	path, _, _ := strings.Cut(c.http.RequestURI, "?")
	if path == "" {
		path = c.http.URL.EscapedPath()
	}
	if plain, err := url.PathUnescape(path); err == nil {
		path = encode(plain, true)
	}
	var headers strings.Builder
	for _, name := range sig.signed {
		values := slices.Clone(c.head.Values(name))
		switch name {
		case "host":
			values = []string{c.http.Host}
		case "content-length":
			values = []string{strconv.FormatInt(c.http.ContentLength, 10)}
		}
		for i, v := range values {
			values[i] = strings.Join(strings.Fields(v), " ")
		}
		fmt.Fprintf(&headers, "%s:%s\n", name, strings.Join(values, ","))
	}
	canonical := strings.Join([]string{
		c.http.Method, path, canonicalQuery(c.query), headers.String(), strings.Join(sig.signed, ";"), sig.payload,
	}, "\n")
	sum := sha256.Sum256([]byte(canonical))
	scope := strings.Join([]string{sig.date, sig.region, "s3", "aws4_request"}, "/")
	text := strings.Join([]string{algorithm, sig.at.Format(stamp), scope, hex.EncodeToString(sum[:])}, "\n")
	key := []byte("AWS4" + sig.secret)
	for _, step := range []string{sig.date, sig.region, "s3", "aws4_request", text} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(step))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}

func canonicalQuery(q url.Values) string {
	var pairs []string
	for name, values := range q {
		for _, v := range values {
			if name != "X-Amz-Signature" {
				pairs = append(pairs, encode(name, false)+"="+encode(v, false))
			}
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// encode escapes the way the signature wants it.
func encode(v string, slashes bool) string {
	var b strings.Builder
	for _, c := range []byte(v) {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 || slashes && c == '/' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
