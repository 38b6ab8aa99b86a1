package r2admin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/kitroll/kitroll/r2"
)

// session is what the session token of temporary credentials says about them. It is read and not verified: only the platform can.
type session struct {
	Bucket  string   `json:"bucket"`
	Scope   string   `json:"scope"`
	Actions []string `json:"actions"`
	Paths   struct {
		Prefixes []string `json:"prefixPaths"`
		Objects  []string `json:"objectPaths"`
	} `json:"paths"`
	Parent  string  `json:"iss"`
	Expires float64 `json:"exp"` // seconds since 1970
}

// readSession takes a session token apart; ok is false for one of another shape, which is nothing wrong.
// Source: "Authenticate against R2 with temporary credentials", developers.cloudflare.com/r2 (read 2026-11).
func readSession(text string) (s session, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(text)
	jwt, is := strings.CutPrefix(string(raw), "jwt/")
	parts := strings.Split(jwt, ".")
	if err != nil || !is || len(parts) != 3 {
		return session{}, false
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(claims, &s) != nil {
		return session{}, false
	}
	return s, true
}

// limits is what it is limited to, for people.
func (s session) limits() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s on bucket %s", s.Scope, s.Bucket)
	for _, f := range []struct {
		word string
		list []string
	}{{"actions", s.Actions}, {"prefixes", s.Paths.Prefixes}, {"keys", s.Paths.Objects}} {
		if len(f.list) > 0 {
			fmt.Fprintf(&out, ", %s %q", f.word, f.list)
		}
	}
	return out.String()
}

// explainSession says why temporary credentials are refused, as far as their session token tells.
func (d *Diagnosis) explainSession(data r2.Config) {
	s, ok := readSession(data.SessionToken)
	if !ok || d.Cause != CauseKeyID && d.Cause != CauseSecret && d.Cause != CauseExpired && d.Cause != CausePermission {
		return
	}
	now := time.Now
	if data.Now != nil {
		now = data.Now
	}
	expires := time.Unix(int64(s.Expires), 0)
	switch {
	case s.Expires > 0 && !now().Before(expires):
		d.Cause, d.Fix = CauseExpired, "the temporary credentials have expired at "+expires.UTC().Format(time.RFC3339)+": make new ones"
	case s.Parent != data.AccessKeyID:
		d.Cause, d.Fix = CauseKeyID, "the session token is of other keys than AccessKeyID: take all three from the same answer"
	case d.Cause == CausePermission:
		d.Fix = "the temporary credentials are for " + s.limits() + "; and they can do no more than their parent"
	}
}

// explainToken says why keys are refused, as far as the account tells.
func (d *Diagnosis) explainToken(ctx context.Context, c *Client, id string) {
	if c == nil || d.Cause != CauseKeyID && d.Cause != CauseSecret && d.Cause != CausePermission {
		return
	}
	t, err := c.Token(ctx, id, nil)
	if err != nil {
		p := Probe{Name: "GetToken", Message: err.Error()}
		if e, ok := errors.AsType[*Error](err); ok {
			p.Status, p.RequestID = e.HTTPStatus, e.RequestID
		}
		d.Probes = append(d.Probes, p)
		if errors.Is(err, fs.ErrNotExist) && d.Cause == CauseKeyID {
			d.Fix = "neither the account nor the user has a token with the ID AccessKeyID: it was deleted, or belongs to somebody else"
		}
		return
	}
	d.Token = &t
	var on []string
	for _, p := range t.Policies {
		on = append(on, p.Resources...)
	}
	switch {
	case t.Status == TokenExpired:
		d.Cause, d.Fix = CauseExpired, "the API token "+t.Name+" has expired"+atTime(t.Expires)+": make another"
	case t.Status == TokenDisabled:
		d.Cause, d.Fix = CauseDisabled, "the API token "+t.Name+" is switched off: switch it on again, or make another"
	case t.NotBefore.After(time.Now().Add(-d.ClockSkew)):
		d.Cause, d.Fix = CauseEarly, "the API token "+t.Name+" works only from "+t.NotBefore.UTC().Format(time.RFC3339)
	case d.Cause == CauseKeyID:
		d.Fix = "the API token " + t.Name + " is there and active: wait a minute if it is new, else check the endpoint's account and the session token"
	case d.Cause == CauseSecret:
		d.Fix = "the API token " + t.Name + " is there and active, and the secret is that of another, or of an old value; " + d.Fix
	case len(t.AllowIPs)+len(t.DenyIPs) > 0:
		d.Fix = "the API token " + t.Name + " is limited to some addresses, and to " + strings.Join(on, ", ")
	default:
		d.Fix = "the API token " + t.Name + " is for " + strings.Join(on, ", ")
	}
}

func atTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " at " + t.UTC().Format(time.RFC3339)
}
