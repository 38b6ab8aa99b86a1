package route53xtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	sigV4     = "AWS4-HMAC-SHA256"
	sigV4Time = "20060102T150405Z"
)

// authenticateCall verifies the signature of a call: for us-east-1, where the service is and nowhere else. Its time is
// compared with the machine's, since the SDK signs with that, and not with the registrar's clock.
// Source: "Authenticating Requests (AWS Signature Version 4)", docs.aws.amazon.com (read 2026-11).
func (r *Registrar) authenticateCall(req *http.Request, body []byte) *denial {
	refused := func(code, message string) *denial {
		return &denial{status: http.StatusBadRequest, code: code, message: message}
	}
	rest, ok := strings.CutPrefix(req.Header.Get("Authorization"), sigV4+" ")
	if !ok {
		return refused("MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[name] = v
	}
	scope := strings.Split(fields["Credential"], "/")
	at, err := time.Parse(sigV4Time, req.Header.Get("X-Amz-Date"))
	switch {
	case err != nil || len(scope) != 5 || scope[4] != "aws4_request":
		return refused("IncompleteSignatureException", "The request signature does not conform to AWS standards.")
	case scope[0] != r.opts.AccessKeyID:
		return refused("UnrecognizedClientException", "The security token included in the request is invalid.")
	case scope[2] != "us-east-1" || scope[3] != "route53domains":
		return refused("InvalidSignatureException", "Credential should be scoped to a valid region and to the service route53domains.")
	case time.Since(at).Abs() > 5*time.Minute:
		return refused("InvalidSignatureException", "Signature expired or not yet current.")
	}
	signed := strings.Split(fields["SignedHeaders"], ";")
	for _, name := range []string{"host", "x-amz-date", "x-amz-target", "content-type"} {
		if !slices.Contains(signed, name) {
			return refused("InvalidSignatureException", name+" must be signed.")
		}
	}
	if !hmac.Equal([]byte(r.signature(req, body, scope, at, signed)), []byte(fields["Signature"])) {
		return refused("InvalidSignatureException", "The request signature we calculated does not match the signature you provided.")
	}
	return nil
}

// signature is the one that a POST to / must have.
func (r *Registrar) signature(req *http.Request, body []byte, scope []string, at time.Time, signed []string) string {
	var headers strings.Builder
	for _, name := range signed {
		value := strings.Join(req.Header.Values(name), ",")
		switch name {
		case "host":
			value = req.Host
		case "content-length":
			value = strconv.FormatInt(req.ContentLength, 10)
		}
		fmt.Fprintf(&headers, "%s:%s\n", name, strings.Join(strings.Fields(value), " "))
	}
	payload := sha256.Sum256(body)
	canonical := strings.Join([]string{req.Method, "/", "", headers.String(), strings.Join(signed, ";"), hex.EncodeToString(payload[:])}, "\n")
	sum := sha256.Sum256([]byte(canonical))
	text := strings.Join([]string{sigV4, at.Format(sigV4Time), strings.Join(scope[1:], "/"), hex.EncodeToString(sum[:])}, "\n")
	key := []byte("AWS4" + r.opts.SecretAccessKey)
	for _, step := range append(slices.Clone(scope[1:]), text) {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(step))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}
