package route53xtest

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
)

// authenticate verifies the signature of a request. Its time is compared with the machine's, since the SDK signs with
// that, and not with the server's clock.
// Source: "Authenticating Requests (AWS Signature Version 4)", docs.aws.amazon.com (read 2026-11).
func (s *Server) authenticate(c *call) *refusal {
	rest, ok := strings.CutPrefix(c.http.Header.Get("Authorization"), algorithm+" ")
	if !ok {
		return refuse(http.StatusForbidden, "MissingAuthenticationToken", "Missing Authentication Token")
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[name] = v
	}
	scope := strings.Split(fields["Credential"], "/")
	at, err := time.Parse(stamp, c.http.Header.Get("X-Amz-Date"))
	switch {
	case err != nil || len(scope) != 5 || scope[4] != "aws4_request":
		return refuse(http.StatusForbidden, "IncompleteSignature", "The request signature does not conform to AWS standards.")
	case scope[0] != s.opts.AccessKeyID:
		return refuse(http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid.")
	case scope[2] != "us-east-1" || scope[3] != "route53":
		return refuse(http.StatusForbidden, "SignatureDoesNotMatch", "Credential should be scoped to a valid region and to the service route53.")
	case time.Since(at).Abs() > 5*time.Minute:
		return refuse(http.StatusForbidden, "SignatureDoesNotMatch", "Signature expired or not yet current: %s", at.Format(stamp))
	}
	signed := strings.Split(fields["SignedHeaders"], ";")
	if !slices.Contains(signed, "host") || !slices.Contains(signed, "x-amz-date") ||
		!hmac.Equal([]byte(s.sign(c, scope, at, signed)), []byte(fields["Signature"])) {
		return refuse(http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.")
	}
	return nil
}

// sign is the signature that the request must have.
func (s *Server) sign(c *call, scope []string, at time.Time, signed []string) string {
	var headers strings.Builder
	for _, name := range signed {
		values := slices.Clone(c.http.Header.Values(name))
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
	payload := sha256.Sum256(c.body)
	path, _, _ := strings.Cut(c.http.RequestURI, "?")
	var segments []string
	for segment := range strings.SplitSeq(path, "/") {
		segments = append(segments, strings.ReplaceAll(url.QueryEscape(segment), "+", "%20"))
	}
	canonical := strings.Join([]string{
		c.http.Method, strings.Join(segments, "/"), canonicalQuery(c.query), headers.String(), strings.Join(signed, ";"), hex.EncodeToString(payload[:]),
	}, "\n")
	sum := sha256.Sum256([]byte(canonical))
	text := strings.Join([]string{algorithm, at.Format(stamp), strings.Join(scope[1:], "/"), hex.EncodeToString(sum[:])}, "\n")
	key := []byte("AWS4" + s.opts.SecretAccessKey)
	for _, step := range append(slices.Clone(scope[1:]), text) {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(step))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}

func canonicalQuery(q url.Values) string {
	var pairs []string
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	for name, values := range q {
		for _, v := range values {
			pairs = append(pairs, escape(name)+"="+escape(v))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}
