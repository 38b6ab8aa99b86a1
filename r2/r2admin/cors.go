package r2admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	cf "github.com/cloudflare/cloudflare-go/v7/r2"
)

// CORSRule says which pages of other origins may use a bucket. As JSON it has the shape of Cloudflare's API, which is not
// that of S3.
type CORSRule struct {
	ID            string        // optional
	Origins       []string      // required: scheme://host[:port] without a slash at the end, or "*"
	Methods       []string      // required: of GET, HEAD, PUT, POST, DELETE
	Headers       []string      // that a page may send; a presigned PUT needs "content-type". "*" is not reliable
	ExposeHeaders []string      // that a page may read, such as "ETag"
	MaxAge        time.Duration // how long a browser keeps the answer: up to 24 h, in whole seconds; 0 = not said
}

type ruleJSON struct {
	ID            string      `json:"id,omitempty"`
	Allowed       allowedJSON `json:"allowed"`
	ExposeHeaders []string    `json:"exposeHeaders,omitempty"`
	MaxAgeSeconds float64     `json:"maxAgeSeconds,omitempty"`
}

type allowedJSON struct {
	Origins []string `json:"origins"`
	Methods []string `json:"methods"`
	Headers []string `json:"headers,omitempty"`
}

// MarshalJSON gives the shape of the API.
func (r CORSRule) MarshalJSON() ([]byte, error) {
	return json.Marshal(ruleJSON{r.ID, allowedJSON{r.Origins, r.Methods, r.Headers}, r.ExposeHeaders, r.MaxAge.Seconds()})
}

// UnmarshalJSON reads the shape of the API.
func (r *CORSRule) UnmarshalJSON(data []byte) error {
	var in ruleJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	age, err := corsAge(in.MaxAgeSeconds)
	if err != nil {
		return err
	}
	*r = CORSRule{
		ID: in.ID, Origins: in.Allowed.Origins, Methods: in.Allowed.Methods, Headers: in.Allowed.Headers, ExposeHeaders: in.ExposeHeaders,
		MaxAge: age,
	}
	return nil
}

// corsAge keeps a number that no Duration can hold from becoming another one.
func corsAge(s float64) (time.Duration, error) {
	if !(s >= 0 && s < float64(maxSeconds)) {
		return 0, fmt.Errorf("maxAgeSeconds: %v is not in 0 to %d", s, maxSeconds)
	}
	return time.Duration(s * float64(time.Second)), nil
}

func (r CORSRule) check() error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if len(r.Origins) == 0 {
		bad("Origins: at least one is required")
	}
	for _, origin := range r.Origins {
		if err := checkOrigin(origin); err != nil {
			bad("Origins: %q: %w", origin, err)
		}
	}
	if len(r.Methods) == 0 {
		bad("Methods: at least one is required")
	}
	for _, m := range r.Methods {
		switch strings.ToUpper(m) {
		case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodDelete:
		case http.MethodOptions:
			bad("Methods: OPTIONS is answered by itself and cannot be listed")
		default:
			bad("Methods: %q is none of GET, HEAD, PUT, POST, DELETE", m)
		}
	}
	for field, names := range map[string][]string{"Headers": r.Headers, "ExposeHeaders": r.ExposeHeaders} {
		if slices.ContainsFunc(names, func(h string) bool { return h == "" || strings.ContainsAny(h, " \t\r\n,:") }) {
			bad("%s: one of them is no name of a header", field)
		}
	}
	if r.MaxAge < 0 || r.MaxAge > 24*time.Hour || r.MaxAge%time.Second != 0 {
		bad("MaxAge: %v is not in 0 to 24h, in whole seconds", r.MaxAge)
	}
	return errors.Join(problems...)
}

func checkOrigin(origin string) error {
	if origin == "*" {
		return nil
	}
	if strings.Count(origin, "*") > 1 {
		return errors.New("more than one *")
	}
	if strings.HasSuffix(origin, ":*") {
		return errors.New("R2 refuses a * for the port")
	}
	u, err := url.Parse(origin)
	switch {
	case err != nil || u.Scheme == "" || u.Host == "" || u.User != nil:
		return errors.New("want scheme://host[:port]")
	case u.Path == "/":
		return errors.New("a slash at the end: browsers send none, it would never match")
	case u.Path != "" || u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(origin, "?") || strings.HasSuffix(origin, "#"):
		return errors.New("want scheme://host[:port] without path, query or fragment")
	}
	return nil
}

// normal is the rule with its sets in one order and one spelling, so that equal rules are equal.
func (r CORSRule) normal() CORSRule {
	tidy := func(in []string, spell func(string) string) []string {
		out := make([]string, 0, len(in))
		for _, v := range in {
			out = append(out, spell(v))
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	same := func(s string) string { return s }
	r.Origins, r.Methods = tidy(r.Origins, same), tidy(r.Methods, strings.ToUpper)
	r.Headers, r.ExposeHeaders = tidy(r.Headers, strings.ToLower), tidy(r.ExposeHeaders, same)
	return r
}

// equal compares two normal rules; an ID that is not asked for may be anything.
func (r CORSRule) equal(want CORSRule) bool {
	return (want.ID == "" || r.ID == want.ID) && r.MaxAge == want.MaxAge && slices.Equal(r.Origins, want.Origins) &&
		slices.Equal(r.Methods, want.Methods) && slices.Equal(r.Headers, want.Headers) &&
		slices.EqualFunc(r.ExposeHeaders, want.ExposeHeaders, strings.EqualFold)
}

// CORS gives the rules of a bucket; none at all is no error.
func (c *Client) CORS(ctx context.Context, bucket string) ([]CORSRule, error) {
	if err := checkBucket(bucket); err != nil {
		return nil, invalid("GetCORS", bucket, err)
	}
	var p cf.BucketCORSGetParams
	set(&p.AccountID.Value, &p.AccountID.Present, c.account)
	got, err := do(ctx, c, "GetCORS", bucket, harmless, func(ctx context.Context) (*cf.BucketCORSGetResponse, error) {
		return c.buckets.CORS.Get(ctx, bucket, p)
	})
	if e, ok := errors.AsType[*Error](err); ok && e.Is(fs.ErrNotExist) && e.Code != codeNoSuchBucket {
		return nil, nil // the bucket is there, its rules are not
	}
	if err != nil {
		return nil, err
	}
	var out []CORSRule
	for _, r := range got.Rules {
		age, err := corsAge(r.MaxAgeSeconds)
		if err != nil {
			return nil, &Error{Op: "GetCORS", Resource: bucket, Message: "the answer has another shape", Err: err}
		}
		rule := CORSRule{ID: r.ID, Origins: r.Allowed.Origins, Headers: r.Allowed.Headers, ExposeHeaders: r.ExposeHeaders, MaxAge: age}
		for _, m := range r.Allowed.Methods {
			rule.Methods = append(rule.Methods, string(m))
		}
		out = append(out, rule)
	}
	return out, nil
}

// putCORS replaces all rules.
func (c *Client) putCORS(ctx context.Context, bucket string, rules []CORSRule) error {
	var p cf.BucketCORSUpdateParams
	set(&p.AccountID.Value, &p.AccountID.Present, c.account)
	var list []cf.BucketCORSUpdateParamsRule
	for _, r := range rules {
		var allowed cf.BucketCORSUpdateParamsRulesAllowed
		var methods []cf.BucketCORSUpdateParamsRulesAllowedMethod
		for _, m := range r.Methods {
			methods = append(methods, cf.BucketCORSUpdateParamsRulesAllowedMethod(m))
		}
		set(&allowed.Methods.Value, &allowed.Methods.Present, methods)
		set(&allowed.Origins.Value, &allowed.Origins.Present, r.Origins)
		var rule cf.BucketCORSUpdateParamsRule
		if len(r.Headers) > 0 {
			set(&allowed.Headers.Value, &allowed.Headers.Present, r.Headers)
		}
		set(&rule.Allowed.Value, &rule.Allowed.Present, allowed)
		if r.ID != "" {
			set(&rule.ID.Value, &rule.ID.Present, r.ID)
		}
		if len(r.ExposeHeaders) > 0 {
			set(&rule.ExposeHeaders.Value, &rule.ExposeHeaders.Present, r.ExposeHeaders)
		}
		if r.MaxAge > 0 {
			set(&rule.MaxAgeSeconds.Value, &rule.MaxAgeSeconds.Present, r.MaxAge.Seconds())
		}
		list = append(list, rule)
	}
	set(&p.Rules.Value, &p.Rules.Present, list)
	_, err := do(ctx, c, "PutCORS", bucket, harmless, func(ctx context.Context) (*cf.BucketCORSUpdateResponse, error) {
		return c.buckets.CORS.Update(ctx, bucket, p)
	})
	return err
}

func (c *Client) deleteCORS(ctx context.Context, bucket string) error {
	var p cf.BucketCORSDeleteParams
	set(&p.AccountID.Value, &p.AccountID.Present, c.account)
	_, err := do(ctx, c, "DeleteCORS", bucket, harmless, func(ctx context.Context) (*cf.BucketCORSDeleteResponse, error) {
		return c.buckets.CORS.Delete(ctx, bucket, p)
	})
	return err
}
