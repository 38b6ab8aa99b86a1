package r2test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	userID = "7c5dae5552338874e5053f2534d2767a" // of the user whom ControlPlane.Token belongs to

	// The numbers of refusals. Reports have 1000, 1001 and 9109; that a bad request is 1001 in general is a guess.
	codeInvalid  = 1000
	codeBadToken = 1001
	codeNoToken  = 1003
	codeNotYours = 9109
)

// routeTokens finds what is asked for about tokens.
func (cp *ControlPlane) routeTokens(c *apiCall, path string) handler {
	rest, ok := strings.CutPrefix(path, "user/tokens")
	if c.owner = "user"; !ok {
		if rest, ok = strings.CutPrefix(path, "accounts/"+cp.srv.opts.AccountID+"/tokens"); !ok {
			c.owner = ""
			return nil
		}
		c.owner = "account"
	}
	rest = strings.TrimPrefix(rest, "/")
	kind := rest
	if rest != "" && rest != "verify" && rest != "permission_groups" {
		c.rest, kind, ok = strings.Cut(rest, "/")
		if kind = "*/" + kind; !ok {
			kind = "*"
		}
	}
	found := map[string]struct {
		op string
		do handler
	}{
		"GET ": {"ListTokens", cp.listTokens}, "POST ": {"CreateToken", cp.createToken}, "GET *": {"GetToken", cp.getToken},
		"DELETE *": {"DeleteToken", cp.deleteToken}, "PUT */value": {"RollToken", cp.rollToken}, "GET verify": {"VerifyToken", cp.verifyToken},
		"GET permission_groups": {"ListPermissionGroups", cp.listPermissionGroups},
	}[c.http.Method+" "+kind]
	if found.do != nil {
		c.op = found.op
	}
	return found.do
}

type tokenJSON struct {
	ID         string              `json:"id"`
	Name       string              `json:"name"`
	Status     string              `json:"status"`
	IssuedOn   time.Time           `json:"issued_on"`
	ModifiedOn time.Time           `json:"modified_on"`
	NotBefore  time.Time           `json:"not_before,omitzero"`
	ExpiresOn  time.Time           `json:"expires_on,omitzero"`
	Policies   []policyJSON        `json:"policies"`
	Condition  *tokenConditionJSON `json:"condition,omitempty"`
	Value      string              `json:"value,omitempty"` // when it is made, and never again
}

type tokenConditionJSON struct {
	RequestIP struct {
		In    []netip.Prefix `json:"in,omitempty"`
		NotIn []netip.Prefix `json:"not_in,omitempty"`
	} `json:"request_ip"`
}

func (cp *ControlPlane) describeToken(t *apiToken) tokenJSON {
	out := tokenJSON{
		ID: t.id, Name: t.name, Status: strings.Replace(t.status(cp.srv.opts.Now()), "early", "active", 1), IssuedOn: t.issued.UTC(),
		ModifiedOn: t.modified.UTC(), NotBefore: t.notBefore, ExpiresOn: t.expires, Policies: []policyJSON{},
	}
	for i, p := range t.policies {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", t.id, i))
		out.Policies = append(out.Policies, policyJSON{ID: hex.EncodeToString(sum[:16]), Effect: p.effect, Groups: p.groups, Resources: p.names})
	}
	if len(t.in)+len(t.notIn) > 0 {
		out.Condition = &tokenConditionJSON{}
		out.Condition.RequestIP.In, out.Condition.RequestIP.NotIn = t.in, t.notIn
	}
	return out
}

// find is a token that was not deleted, among those of the same owner.
func (cp *ControlPlane) find(c *apiCall) (*apiToken, *apiError) {
	for _, t := range cp.srv.tokens {
		if t.id == c.rest && t.owner == c.owner && t.gone.IsZero() {
			return t, nil
		}
	}
	return nil, apiRefuse(http.StatusNotFound, codeNoToken, "Token not found")
}

func (cp *ControlPlane) createToken(c *apiCall) (any, *apiError) {
	var in struct {
		Name      string              `json:"name"`
		Policies  []policyJSON        `json:"policies"`
		NotBefore time.Time           `json:"not_before"`
		ExpiresOn time.Time           `json:"expires_on"`
		Condition *tokenConditionJSON `json:"condition"`
	}
	if no := c.decode(&in); no != nil {
		return nil, apiRefuse(http.StatusBadRequest, codeBadToken, "The request is not valid JSON of this API.")
	}
	now := cp.srv.opts.Now()
	bad := func(msg string) (any, *apiError) { return nil, apiRefuse(http.StatusBadRequest, codeBadToken, msg) }
	switch {
	case strings.TrimSpace(in.Name) == "" || len([]rune(in.Name)) > 120:
		return bad("name must have 1 to 120 characters")
	case len(in.Policies) == 0:
		return bad("policies must not be empty")
	case !in.ExpiresOn.IsZero() && (!in.ExpiresOn.After(now) || !in.ExpiresOn.After(in.NotBefore)):
		return bad("expires_on must be in the future and after not_before")
	}
	t := &apiToken{name: in.Name, owner: c.owner, issued: now, modified: now, notBefore: in.NotBefore, expires: in.ExpiresOn}
	for _, p := range in.Policies {
		read, no := cp.readPolicy(p, c.owner)
		if no != nil {
			return nil, no
		}
		if no := mayGive(c.caller, read); no != nil {
			return nil, no
		}
		t.policies = append(t.policies, read)
	}
	if in.Condition != nil {
		t.in, t.notIn = in.Condition.RequestIP.In, in.Condition.RequestIP.NotIn
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "token %s/%d", cp.srv.opts.AccountID, len(cp.srv.tokens)))
	t.id = hex.EncodeToString(sum[:16])
	t.values = []tokenValue{{cp.newValue(t), now}}
	cp.srv.tokens = append(cp.srv.tokens, t)
	out := cp.describeToken(t)
	out.Value = t.values[0].text
	return out, nil
}

// newValue is a secret of the shape of today's: a prefix that tells the owner, and forty characters.
func (cp *ControlPlane) newValue(t *apiToken) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "value %s/%d", t.id, len(t.values)))
	return map[string]string{"account": "cfat_", "user": "cfut_"}[t.owner] + hex.EncodeToString(sum[:])[:40]
}

func (cp *ControlPlane) listTokens(c *apiCall) (any, *apiError) {
	q := c.http.URL.Query()
	number := func(name string, def, low, high int) int {
		n, err := strconv.Atoi(q.Get(name))
		if q.Get(name) == "" {
			return def
		}
		if err != nil || n < low || n > high {
			return -1
		}
		return n
	}
	page, size := number("page", 1, 1, 1<<20), number("per_page", 20, 5, 50)
	if page < 0 || size < 0 {
		return nil, apiRefuse(http.StatusBadRequest, codeBadToken, "page or per_page is not valid")
	}
	all := []tokenJSON{}
	for _, t := range cp.srv.tokens {
		if t.owner == c.owner && t.gone.IsZero() && (t.status(cp.srv.opts.Now()) != "expired" || q.Get("include_expired") == "true") {
			all = append(all, cp.describeToken(t))
		}
	}
	if q.Get("direction") == "desc" {
		slices.Reverse(all)
	}
	from := min((page-1)*size, len(all))
	return all[from:min(from+size, len(all))], nil
}

func (cp *ControlPlane) getToken(c *apiCall) (any, *apiError) {
	t, no := cp.find(c)
	if no != nil {
		return nil, no
	}
	return cp.describeToken(t), nil
}

func (cp *ControlPlane) deleteToken(c *apiCall) (any, *apiError) {
	t, no := cp.find(c)
	if no != nil {
		return nil, no
	}
	t.gone = cp.srv.opts.Now()
	return map[string]string{"id": t.id}, nil
}

func (cp *ControlPlane) rollToken(c *apiCall) (any, *apiError) {
	t, no := cp.find(c)
	if no != nil {
		return nil, no
	}
	if no := c.decode(&struct{}{}); no != nil {
		return nil, no
	}
	t.modified = cp.srv.opts.Now()
	t.values = append(t.values, tokenValue{cp.newValue(t), t.modified})
	return t.values[len(t.values)-1].text, nil
}

// verifyToken answers for the token that asks, at the address that is for its owner.
func (cp *ControlPlane) verifyToken(c *apiCall) (any, *apiError) {
	if c.caller.owner != c.owner {
		return nil, apiRefuse(http.StatusUnauthorized, codeInvalid, "Invalid API Token")
	}
	t := cp.describeToken(c.caller)
	return struct {
		ID        string    `json:"id"`
		Status    string    `json:"status"`
		NotBefore time.Time `json:"not_before,omitzero"`
		ExpiresOn time.Time `json:"expires_on,omitzero"`
	}{t.ID, t.Status, t.NotBefore, t.ExpiresOn}, nil
}

func (cp *ControlPlane) listPermissionGroups(c *apiCall) (any, *apiError) {
	out := []groupJSON{}
	for _, g := range permissionGroups(c.owner) {
		name, scope := c.http.URL.Query().Get("name"), c.http.URL.Query().Get("scope")
		if strings.Contains(g.Name, name) && (scope == "" || slices.Contains(g.Scopes, scope)) {
			out = append(out, g)
		}
	}
	return out, nil
}
