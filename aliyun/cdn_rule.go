package aliyun

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const (
	headerFunction = "set_resp_header"

	maxCDNDomains   = 50 // of one call
	maxCDNFunctions = 50 // domains × rules of one call

	accessOrigin = "Access-Control-Allow-Origin"
)

// ConfigID is the ID of a rule. It has 18 digits, and is a number in one answer and a string in the other.
type ConfigID string

// HeaderOperation is what a rule does.
type HeaderOperation string

// The operations. Only Add is made by this package; the others are kept as they are found.
const (
	HeaderAdd     HeaderOperation = "add"
	HeaderDelete  HeaderOperation = "delete"
	HeaderModify  HeaderOperation = "modify"
	HeaderRewrite HeaderOperation = "rewrite"
)

// HeaderRule is a response header that the CDN's nodes set. Rules run in the order of their list, of one name the last
// wins, and they hold for the whole domain unless they hang on a condition.
type HeaderRule struct {
	ID        ConfigID        `json:"id,omitempty"` // "" = a new rule
	Key       string          `json:"key"`          // the header's name, 1 to 100 letters, digits and -
	Value     string          `json:"value"`        // "null" deletes the header, which is the old form of HeaderDelete
	Operation HeaderOperation `json:"operation"`    // "" = HeaderAdd

	// Duplicate sends the header beside the origin's own of the same name; without it the origin's is replaced. Two
	// Access-Control-Allow-Origin headers are refused by browsers.
	Duplicate bool `json:"duplicate,omitempty"`

	// CheckOrigin, of Access-Control-Allow-Origin only, compares the request's Origin with the list in Value and sends
	// the one that matches, or nothing. Without it Value is sent as it stands.
	CheckOrigin bool `json:"checkOrigin,omitempty"`

	Status   string `json:"status,omitempty"`   // "success", "testing", "failed", "configuring" (unverified); of rules that were read
	ParentID string `json:"parentId,omitempty"` // the condition that it hangs on; "" or "-1" = none
}

func (r HeaderRule) String() string {
	var notes []string
	if r.Operation != "" && r.Operation != HeaderAdd {
		notes = append(notes, string(r.Operation))
	}
	if r.Duplicate {
		notes = append(notes, "beside the origin's")
	}
	if r.CheckOrigin {
		notes = append(notes, "the one that matches")
	}
	if r.conditional() {
		notes = append(notes, "on condition "+r.ParentID)
	}
	out := r.Key + ": " + r.Value
	if len(notes) > 0 {
		out += " (" + strings.Join(notes, ", ") + ")"
	}
	return out
}

func (r HeaderRule) conditional() bool { return r.ParentID != "" && r.ParentID != "-1" }

// is reports whether the rule has this header, whatever its case.
func (r HeaderRule) is(key string) bool { return strings.EqualFold(r.Key, key) }

// does reports whether the rules have the same effect, whatever the server has added of its own.
func (r HeaderRule) does(other HeaderRule) bool {
	return r.is(other.Key) && r.Value == other.Value && orDefault(r.Operation, HeaderAdd) == orDefault(other.Operation, HeaderAdd) &&
		r.Duplicate == other.Duplicate && r.CheckOrigin == other.CheckOrigin
}

var headerName = regexp.MustCompile(`^[A-Za-z0-9-]{1,100}$`)

// problems are what the platform would refuse, or a browser.
func (r HeaderRule) problems() (out []string) {
	say := func(format string, args ...any) {
		out = append(out, fmt.Sprintf("%q "+format, append([]any{r.Key}, args...)...))
	}
	if !headerName.MatchString(r.Key) {
		say("is no name of a header: 1 to 100 letters, digits and -")
	}
	switch r.Operation {
	case "", HeaderAdd:
		if r.Value == "" {
			say("has no value")
		}
	case HeaderDelete:
	default:
		say("can only be added or deleted here, not %s", r.Operation)
	}
	if strings.ContainsFunc(r.Value, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		say("has a control character in its value")
	}
	if r.CheckOrigin && !r.is(accessOrigin) {
		say("cannot check the origin: only %s can", accessOrigin)
	}
	if r.is(accessOrigin) && !r.CheckOrigin && strings.Contains(r.Value, ",") {
		say("is a list that is not checked: it would be sent as it stands, and browsers refuse that; set CheckOrigin")
	}
	if r.is(accessOrigin) && r.Duplicate {
		say("must not be there twice: browsers refuse that")
	}
	return out
}

type wireArg struct {
	Name  string `json:"argName"`
	Value string `json:"argValue"`
}

type wireFunction struct {
	Name     string      `json:"functionName"`
	ConfigID json.Number `json:"configId,omitempty"`
	ParentID string      `json:"parentId,omitempty"`
	Args     []wireArg   `json:"functionArgs"`
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

// wire is the rule as a function of the platform.
func (r HeaderRule) wire() wireFunction {
	op := orDefault(r.Operation, HeaderAdd)
	f := wireFunction{Name: headerFunction, ConfigID: json.Number(r.ID), ParentID: r.ParentID, Args: []wireArg{
		{"header_operation_type", string(op)}, {"key", r.Key}, {"value", r.Value},
	}}
	if op == HeaderAdd {
		f.Args = append(f.Args, wireArg{"duplicate", onOff(r.Duplicate)})
		if r.is(accessOrigin) {
			f.Args = append(f.Args, wireArg{"access_origin_control", onOff(r.CheckOrigin)})
		}
	}
	return f
}

// Headers are the response headers that the domain's nodes set, in the order in which they do. A domain that is not in
// the account is fs.ErrNotExist.
//
// Source: DescribeCdnDomainConfigs, function set_resp_header, API cdn 2018-05-10 (read 2026-11).
func (c *CDN) Headers(ctx context.Context, domain string) ([]HeaderRule, error) {
	const op = "DescribeCdnDomainConfigs"
	if p := domainNameProblem(domain); p != "" {
		return nil, badInput(CDNProduct, op, p)
	}
	var a struct {
		DomainConfigs struct {
			DomainConfig []struct {
				FunctionName string
				ConfigID     text `json:"ConfigId"` // a string here
				Status       string
				ParentID     text `json:"ParentId"`
				FunctionArgs struct {
					FunctionArg []struct{ ArgName, ArgValue string }
				}
			}
		}
	}
	if err := c.call(ctx, op, map[string]string{"DomainName": domain, "FunctionNames": headerFunction}, true, &a); err != nil {
		return nil, err
	}
	var out []HeaderRule
	for _, f := range a.DomainConfigs.DomainConfig {
		if f.FunctionName != headerFunction {
			continue
		}
		args := map[string]string{}
		for _, arg := range f.FunctionArgs.FunctionArg {
			args[arg.ArgName] = arg.ArgValue
		}
		out = append(out, HeaderRule{
			ID: ConfigID(f.ConfigID), Key: args["key"], Value: args["value"],
			Operation: orDefault(HeaderOperation(args["header_operation_type"]), HeaderAdd),
			Duplicate: args["duplicate"] == "on", CheckOrigin: args["access_origin_control"] == "on",
			Status: f.Status, ParentID: string(f.ParentID),
		})
	}
	return out, nil
}

// SetHeaders writes rules to domains: one with an ID is changed, one without is new, **each time**. It is the raw call:
// [CDN.PlanCORS] looks first. Domains × rules over 50 are several requests. When one fails, those before it have been
// done; ErrUnknownOutcome says that this one may have been: look with [CDN.Headers] before it is repeated. It is written
// at once and active within minutes: see [HeaderRule].Status.
//
// Source: BatchSetCdnDomainConfig, API cdn 2018-05-10 (read 2026-11).
func (c *CDN) SetHeaders(ctx context.Context, domains []string, rules []HeaderRule) error {
	const op = "BatchSetCdnDomainConfig"
	var problems []string
	for _, d := range domains {
		if p := domainNameProblem(d); p != "" {
			problems = append(problems, p)
		}
	}
	byID := false
	for _, r := range rules {
		problems = append(problems, r.problems()...)
		byID = byID || r.ID != ""
	}
	switch {
	case len(domains) == 0 || len(rules) == 0:
		problems = append(problems, "there must be a domain and a rule")
	case byID && len(domains) > 1:
		problems = append(problems, "a rule with an ID belongs to one domain")
	}
	if problems != nil {
		return badInput(CDNProduct, op, problems...)
	}
	for some := range slices.Chunk(rules, maxCDNFunctions) {
		for names := range slices.Chunk(domains, min(maxCDNDomains, maxCDNFunctions/len(some))) {
			var functions []wireFunction
			for _, r := range some {
				functions = append(functions, r.wire())
			}
			if err := c.call(ctx, op, map[string]string{
				"DomainNames": strings.Join(names, ","), "Functions": encode(functions),
			}, !slices.ContainsFunc(some, func(r HeaderRule) bool { return r.ID == "" }), nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// DeleteRule deletes rules by their IDs, of whatever function; others stay. A rule that is gone already is no error if
// the platform takes it so (unverified).
//
// Source: DeleteSpecificConfig, API cdn 2018-05-10 (read 2026-11).
func (c *CDN) DeleteRule(ctx context.Context, domain string, ids ...ConfigID) error {
	const op = "DeleteSpecificConfig"
	if p := domainNameProblem(domain); p != "" {
		return badInput(CDNProduct, op, p)
	}
	for some := range slices.Chunk(ids, maxCDNFunctions) {
		var list []string
		for _, id := range some {
			if id == "" || strings.Trim(string(id), "0123456789") != "" {
				return badInput(CDNProduct, op, fmt.Sprintf("ConfigID %q is no number", id))
			}
			list = append(list, string(id))
		}
		if err := c.call(ctx, op, map[string]string{"DomainName": domain, "ConfigId": strings.Join(list, ",")}, true, nil); err != nil {
			return err
		}
	}
	return nil
}
