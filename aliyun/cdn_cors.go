package aliyun

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/poll"
)

// CORS is what scripts of other sites may do with a domain's files.
type CORS struct {
	Origins     []string      `json:"origins"`               // "*", or origins: "https://www.example.com", "https://*.example.com"
	Check       bool          `json:"check,omitempty"`       // compare and echo; needed for more than one origin
	Methods     []string      `json:"methods,omitempty"`     // "GET", "PUT"; none = those that need no permission: GET, HEAD, POST
	Headers     []string      `json:"headers,omitempty"`     // that requests may have, "Content-Type" for JSON
	Expose      []string      `json:"expose,omitempty"`      // that scripts may read of answers
	MaxAge      time.Duration `json:"maxAge,omitempty"`      // of a permission, in whole seconds; 0 = not said
	Credentials bool          `json:"credentials,omitempty"` // cookies
	NoVary      bool          `json:"noVary,omitempty"`      // leave out "Vary: Origin", which an echoed origin needs so that caches keep answers apart
}

// corsKeys are the headers that a CORS is responsible for.
func corsKeys() []string {
	return []string{
		accessOrigin, "Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Expose-Headers",
		"Access-Control-Max-Age", "Access-Control-Allow-Credentials",
	}
}

func (w CORS) problems() (out []string) {
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	star := slices.Contains(w.Origins, "*")
	switch {
	case len(w.Origins) == 0:
		say("Origins is empty")
	case star && len(w.Origins) > 1:
		say("Origins has * and others: * is all of them")
	case star && w.Credentials:
		say("Credentials with the origin * is refused by browsers: name the origins")
	case len(w.Origins) > 1 && !w.Check:
		say("Origins is a list, which only works with Check: it would be sent as it stands, and browsers refuse that")
	}
	for _, o := range w.Origins {
		if p := originProblem(o); o != "*" && p != "" {
			say("Origins: %q %s", o, p)
		} else if strings.Contains(o, "*") && o != "*" && !w.Check {
			say("Origins: %q is a pattern, which needs Check", o)
		}
	}
	for _, m := range w.Methods {
		if m == "" || strings.Trim(m, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			say("Methods: %q must be upper-case letters", m)
		}
	}
	for _, h := range slices.Concat(w.Headers, w.Expose) {
		if h != "*" && !headerName.MatchString(h) {
			say("Headers: %q is no name of a header", h)
		} else if h == "*" && w.Credentials {
			say("Headers: * is no wildcard with Credentials")
		}
	}
	if w.MaxAge < 0 || w.MaxAge%time.Second != 0 {
		say("MaxAge is %v, must be whole seconds", w.MaxAge)
	}
	return out
}

// originProblem says why o is no origin, or pattern of one.
func originProblem(o string) string {
	u, err := url.Parse(strings.Replace(o, "://*.", "://", 1))
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return "is no origin: scheme://host[:port]"
	case u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(o, "/"):
		return "must end after the host and port"
	case strings.Contains(u.Host, "*") || strings.ContainsAny(o, ", "):
		return "may have one *, in front of the host"
	}
	return ""
}

// rules are the headers of a CORS.
func (w CORS) rules() []HeaderRule {
	add := func(key, value string) HeaderRule { return HeaderRule{Key: key, Value: value, Operation: HeaderAdd} }
	origin := add(accessOrigin, strings.Join(w.Origins, ","))
	origin.CheckOrigin = w.Check
	out := []HeaderRule{origin}
	for key, list := range map[string][]string{
		"Access-Control-Allow-Methods": w.Methods, "Access-Control-Allow-Headers": w.Headers, "Access-Control-Expose-Headers": w.Expose,
	} {
		if len(list) > 0 {
			out = append(out, add(key, strings.Join(list, ",")))
		}
	}
	if w.MaxAge > 0 {
		out = append(out, add("Access-Control-Max-Age", strconv.FormatInt(int64(w.MaxAge/time.Second), 10)))
	}
	if w.Credentials {
		out = append(out, add("Access-Control-Allow-Credentials", "true"))
	}
	keys := corsKeys()
	slices.SortFunc(out, func(a, b HeaderRule) int { return slices.Index(keys, a.Key) - slices.Index(keys, b.Key) })
	if w.Check && !w.NoVary && !slices.Contains(w.Origins, "*") {
		vary := add("Vary", "Origin") // beside the origin's own, which may be about encodings
		vary.Duplicate = true
		out = append(out, vary)
	}
	return out
}

// CORSPlan is what has to be done to a domain's rules. Its JSON can be kept and read back.
type CORSPlan struct {
	Domain string       `json:"domain"`
	Want   CORS         `json:"want"`
	Set    []HeaderRule `json:"set,omitempty"`    // with an ID: changed; without: new
	Delete []HeaderRule `json:"delete,omitempty"` // of the same headers: twice, or no longer wanted
	Notes  []string     `json:"notes,omitempty"`  // what a person should look at
}

// Empty reports whether there is nothing to do.
func (p CORSPlan) Empty() bool { return len(p.Set) == 0 && len(p.Delete) == 0 }

// String is the plan for people: + new, ~ changed, - deleted, ! to look at.
func (p CORSPlan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d to set, %d to delete\n", p.Domain, len(p.Set), len(p.Delete))
	for _, r := range p.Set {
		sign := "+"
		if r.ID != "" {
			sign = "~"
		}
		fmt.Fprintf(&b, "%s %s\n", sign, r)
	}
	for _, r := range p.Delete {
		fmt.Fprintf(&b, "- %s\n", r)
	}
	for _, n := range p.Notes {
		fmt.Fprintf(&b, "! %s\n", n)
	}
	return b.String()
}

// PlanCORS reads a domain's rules and finds what has to change so that the CDN's nodes send what is wanted: a rule that is
// right stays, another of the same header is changed in place, what is there twice or no longer wanted is deleted. Rules
// of other headers, and those that hang on a condition, are left alone. It changes nothing.
//
// Errors: [ErrInput] with every problem of want before anything is sent; fs.ErrNotExist for a domain that is not in the
// account; else as [Client.Call] reports them.
func (c *CDN) PlanCORS(ctx context.Context, domain string, want CORS) (CORSPlan, error) {
	if problems := want.problems(); len(problems) > 0 {
		return CORSPlan{}, badInput(CDNProduct, "PlanCORS", problems...)
	}
	have, err := c.Headers(ctx, domain)
	if err != nil {
		return CORSPlan{}, err
	}
	return planCORS(domain, want, have), nil
}

func planCORS(domain string, want CORS, have []HeaderRule) CORSPlan {
	p := CORSPlan{Domain: domain, Want: want}
	rules := want.rules()
	for _, key := range corsKeys() {
		if !slices.ContainsFunc(rules, func(r HeaderRule) bool { return r.is(key) }) {
			rules = append(rules, HeaderRule{Key: key}) // none is wanted
		}
	}
	for _, r := range rules {
		var same []HeaderRule
		for _, h := range have {
			switch {
			case !h.is(r.Key):
			case h.conditional():
				p.Notes = append(p.Notes, fmt.Sprintf("%s hangs on a condition and is left alone: where that holds it may win", h))
			case r.is("Vary") && !h.does(r): // what else varies is not ours
			default:
				same = append(same, h)
			}
		}
		if r.Value == "" {
			p.Delete = append(p.Delete, same...)
			continue
		}
		keep := slices.IndexFunc(same, func(h HeaderRule) bool { return h.does(r) })
		switch {
		case keep >= 0:
		case len(same) > 0:
			keep = 0
			r.ID, r.ParentID = same[0].ID, same[0].ParentID
			p.Set = append(p.Set, r)
		default:
			p.Set = append(p.Set, r)
			continue
		}
		p.Delete = append(p.Delete, slices.Delete(same, keep, keep+1)...)
	}
	return p
}

// Apply does what is left of the plan. It looks first: what has been done already is not done again, so that it may be
// repeated after a failure or a crash; and where somebody else has changed the rules since, it is [ErrConflict] and
// nothing is done: plan again. What was done is not active yet: see [CDN.Wait].
func (c *CDN) Apply(ctx context.Context, p CORSPlan) error {
	now, err := c.PlanCORS(ctx, p.Domain, p.Want)
	if err != nil {
		return err
	}
	among := func(rules []HeaderRule) func(HeaderRule) bool {
		return func(r HeaderRule) bool {
			return !slices.ContainsFunc(rules, func(o HeaderRule) bool { return o.ID == r.ID && o.does(r) })
		}
	}
	if slices.ContainsFunc(now.Set, among(p.Set)) || slices.ContainsFunc(now.Delete, among(p.Delete)) {
		e := &Error{
			Kind: ErrConflict, Product: CDNProduct, Op: "Apply", Message: "the rules of " + p.Domain + " are no longer those of the plan",
			Hint: "plan again, and look at the difference", HintZH: "域名配置已被修改，请重新生成计划并核对",
		}
		return e
	}
	if len(now.Set) > 0 {
		if err := c.SetHeaders(ctx, []string{p.Domain}, now.Set); err != nil {
			return err
		}
	}
	var ids []ConfigID
	for _, r := range now.Delete {
		ids = append(ids, r.ID)
	}
	return c.DeleteRule(ctx, p.Domain, ids...)
}

// CDNWaitOptions say how patiently to look. nil is all defaults.
type CDNWaitOptions struct {
	Interval time.Duration              // pause after the first look, growing by half up to five times as much; 0 = 2 s
	Progress func(waiting []HeaderRule) // the rules that are not active yet
}

// Wait looks until the nodes have the rules of an applied plan. It has no timeout of its own: bound it with ctx.
// Progress runs on this goroutine after every look that is not the last.
//
// Errors: [ErrConflict] when the rules are not those of the plan (it was not applied, or somebody changed them);
// [ErrTaskFailed] when the platform says that a rule failed; the cause of ctx; else as [Client.Call] reports them.
func (c *CDN) Wait(ctx context.Context, p CORSPlan, opts *CDNWaitOptions) error {
	var o CDNWaitOptions
	if opts != nil {
		o = *opts
	}
	first := orDefault(o.Interval, 2*time.Second)
	return poll.Until(ctx, poll.Schedule{First: first, Factor: 1.5, Max: 5 * first}, nil, func(ctx context.Context) (bool, error) {
		have, err := c.Headers(ctx, p.Domain)
		if err != nil {
			return false, err
		}
		if !planCORS(p.Domain, p.Want, have).Empty() {
			return false, &Error{Kind: ErrConflict, Product: CDNProduct, Op: "Wait", Message: "the rules of " + p.Domain + " are not those of the plan", Err: errors.New("apply it first")}
		}
		var waiting []HeaderRule
		for _, r := range have {
			ours := slices.ContainsFunc(p.Want.rules(), func(w HeaderRule) bool { return w.does(r) }) && !r.conditional()
			switch {
			case !ours || strings.EqualFold(r.Status, "success"):
			case strings.Contains(strings.ToLower(r.Status), "fail"):
				return false, &Error{Kind: ErrTaskFailed, Product: CDNProduct, Op: "Wait", Message: fmt.Sprintf("%s is %s", r, r.Status)}
			default:
				waiting = append(waiting, r)
			}
		}
		if len(waiting) > 0 && o.Progress != nil {
			o.Progress(waiting)
		}
		return len(waiting) == 0, nil
	})
}
