package wechat

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/secret"
)

// LoggedRequest is a call as the platform wrote it down. Tokens and secrets are blanked in all of it: the platform keeps
// them there in clear.
type LoggedRequest struct {
	RID      string
	At       time.Time     // to the second
	Took     time.Duration // at the platform
	Query    string        // of the URL
	Body     string        // what was sent
	Answer   string        // what the platform said
	ClientIP string        // as the platform saw it: what the IP whitelist must hold
}

// RequestByRID looks up the call behind [Error.RID]. The platform keeps them for 7 days.
//
// Errors: ErrNotFound (76001, 76004 older than 7 days), ErrPermission (76003) for a call of another account. Source:
// openapi/rid/get, developers.weixin.qq.com (read 2026-11).
func (c *Client) RequestByRID(ctx context.Context, rid string) (LoggedRequest, error) {
	const op = "openapi/rid/get"
	rid = strings.TrimSpace(rid)
	if rid == "" || strings.ContainsAny(rid, " \t\r\n") {
		return LoggedRequest{}, invalid(op, []error{errors.New("rid: want what stands in Error.RID")})
	}
	var out struct {
		Request *struct {
			At       number `json:"invoke_time"`
			Took     number `json:"cost_in_ms"`
			URL      string `json:"request_url"`
			Body     string `json:"request_body"`
			Answer   string `json:"response_body"`
			ClientIP string `json:"client_ip"`
		} `json:"request"`
	}
	in := struct {
		RID string `json:"rid"`
	}{rid}
	if err := c.post(ctx, call{op: op}, in, &out); err != nil {
		return LoggedRequest{}, err
	}
	if out.Request == nil {
		return LoggedRequest{}, &Error{Op: op, Msg: "an answer without request", HTTPStatus: 200, temporary: true, sent: true}
	}
	r := out.Request
	hide := func(text string) string { return blankTokens(c.hide(text)) }
	return LoggedRequest{
		RID: rid, At: moment(r.At), Took: time.Duration(r.Took) * time.Millisecond,
		Query: hide(r.URL), Body: hide(r.Body), Answer: hide(r.Answer), ClientIP: r.ClientIP,
	}, nil
}

// String is the call in lines. It holds no token.
func (r LoggedRequest) String() string {
	return fmt.Sprintf("rid %s at %s from %s, %s\n  query:  %s\n  body:   %s\n  answer: %s\n",
		r.RID, r.At.UTC().Format(time.DateTime), r.ClientIP, r.Took, r.Query, r.Body, r.Answer)
}

// Names that end in token, secret or ticket, as a parameter and as a key of JSON, which may itself be quoted JSON.
var (
	secretParam = regexp.MustCompile(`(?i)([a-z_-]*(?:token|secret|ticket)\s*=\s*)[^&\s"'\\]+`)
	secretKey   = regexp.MustCompile(`(?i)([a-z_-]*(?:token|secret|ticket)\\*"\s*:\s*\\*")(?:[^"\\]|\\+[^"\\])+`)
)

func blankTokens(text string) string {
	text = secretParam.ReplaceAllString(text, "${1}"+secret.Hidden)
	return secretKey.ReplaceAllString(text, "${1}"+secret.Hidden)
}
