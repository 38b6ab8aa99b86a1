package aliyuntest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// clockSkew is how far the date of a request may be off.
const clockSkew = 15 * time.Minute

var authPattern = regexp.MustCompile(`^ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]{64})$`)

// authenticate verifies ACS3-HMAC-SHA256 on its own, from the request as it came in: key, headers that must be signed,
// hash of the body, signature, date, nonce.
func (s *Server) authenticate(r *http.Request, query url.Values, body []byte) *refusal {
	m := authPattern.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return &refusal{http.StatusBadRequest, "IncompleteSignature", "The request signature does not conform to Aliyun standards."}
	}
	keyID, signed, signature := m[1], strings.Split(m[2], ";"), m[3]
	if keyID != s.key.AccessKeyID {
		return &refusal{http.StatusNotFound, "InvalidAccessKeyId.NotFound", "Specified access key is not found."}
	}
	must := []string{"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"}
	token := r.Header.Get("X-Acs-Security-Token")
	if token != "" {
		must = append(must, "x-acs-security-token")
	}
	for _, name := range must {
		if !slices.Contains(signed, name) {
			return &refusal{http.StatusBadRequest, "IncompleteSignature", "Header " + name + " must be signed."}
		}
	}
	hash := sha256.Sum256(body)
	if r.Header.Get("X-Acs-Content-Sha256") != hex.EncodeToString(hash[:]) {
		return &refusal{http.StatusBadRequest, "SignatureDoesNotMatch", "The hash of the body does not match."}
	}
	canonical := canonicalRequest(r, query, signed)
	sum := sha256.Sum256([]byte(canonical))
	mac := hmac.New(sha256.New, []byte(s.key.AccessKeySecret))
	mac.Write([]byte("ACS3-HMAC-SHA256\n" + hex.EncodeToString(sum[:])))
	if !hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(signature)) {
		// As the platform is said to do, the string to sign is echoed, and with it everything private in the request.
		return &refusal{http.StatusBadRequest, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation. server string to sign is:" + canonical}
	}
	if token != s.key.SecurityToken {
		return &refusal{http.StatusBadRequest, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired."}
	}
	return s.fresh(r)
}

// fresh refuses a date too far from the wall clock, and a nonce that was there before.
func (s *Server) fresh(r *http.Request) *refusal {
	now := time.Now()
	at, err := time.Parse("2006-01-02T15:04:05Z", r.Header.Get("X-Acs-Date"))
	if err != nil {
		return &refusal{http.StatusBadRequest, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."}
	}
	if d := now.Sub(at); d > clockSkew || d < -clockSkew {
		return &refusal{http.StatusBadRequest, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."}
	}
	nonce := r.Header.Get("X-Acs-Signature-Nonce")
	if nonce == "" {
		return &refusal{http.StatusBadRequest, "MissingSignatureNonce", "SignatureNonce is mandatory for this action."}
	}
	if _, used := s.nonces[nonce]; used {
		return &refusal{http.StatusBadRequest, "SignatureNonceUsed", "Specified signature nonce was used already."}
	}
	if len(s.nonces) >= 1<<14 { // forget those whose date would be refused anyway
		for n, seen := range s.nonces {
			if now.Sub(seen) > 2*clockSkew {
				delete(s.nonces, n)
			}
		}
	}
	s.nonces[nonce] = now
	return nil
}

// canonicalRequest is what the caller has signed. Spaces come in as + and are signed as %20, so the query is decoded and
// escaped anew.
func canonicalRequest(r *http.Request, query url.Values, signed []string) string {
	var pairs []string
	for name, values := range query {
		for _, v := range values {
			pairs = append(pairs, escape(name)+"="+escape(v))
		}
	}
	slices.Sort(pairs)
	var headers strings.Builder
	for _, name := range signed {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		headers.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	return strings.Join([]string{
		r.Method, r.URL.EscapedPath(), strings.Join(pairs, "&"), headers.String(),
		strings.Join(signed, ";"), r.Header.Get("X-Acs-Content-Sha256"),
	}, "\n")
}

// escape is that of RFC 3986.
func escape(s string) string {
	return strings.NewReplacer("+", "%20", "*", "%2A", "%7E", "~").Replace(url.QueryEscape(s))
}
