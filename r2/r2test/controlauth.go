package r2test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// masterID is the ID of ControlPlane.Token.
const masterID = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"

// Restrict leaves the token of this API only these permission groups, on all that they are for. It has Workers R2 Storage
// Write, Zone Read, Cache Purge, Account API Tokens Write and API Tokens Write from the beginning. Names that no group has are
// left out.
func (cp *ControlPlane) Restrict(groups ...string) {
	cp.srv.mu.Lock()
	defer cp.srv.mu.Unlock()
	var policies []policy
	for _, g := range permissionGroups("user") {
		if slices.Contains(groups, g.Name) {
			policies = append(policies, policy{
				effect: "allow", groups: []groupJSON{g}, on: []resource{{scope: g.Scopes[0], all: true}}, names: cp.everything(g.Scopes[0]),
			})
		}
	}
	i := slices.IndexFunc(cp.srv.tokens, func(t *apiToken) bool { return t.id == masterID })
	if i < 0 {
		begun := cp.srv.opts.Now().Add(-time.Hour)
		i = len(cp.srv.tokens)
		cp.srv.tokens = append(cp.srv.tokens, &apiToken{
			id: masterID, name: "admin", owner: "user", issued: begun, modified: begun, values: []tokenValue{{cp.Token, begun.Add(-cp.srv.opts.TokenDelay)}},
		})
	}
	cp.srv.tokens[i].policies = policies
}

// everything is the resources of a policy on all of a kind.
func (cp *ControlPlane) everything(scope string) json.RawMessage {
	account := scopeAccount + "." + cp.srv.opts.AccountID
	switch scope {
	case scopeUser:
		return json.RawMessage(`{"` + scopeUser + "." + userID + `":"*"}`)
	case scopeAccount:
		return json.RawMessage(`{"` + account + `":"*"}`)
	}
	return json.RawMessage(`{"` + account + `":{"` + scope + `.*":"*"}}`)
}

// SetTokenDisabled switches a token off or on again, as the dashboard does. It is false when there is none with this ID.
func (cp *ControlPlane) SetTokenDisabled(id string, off bool) bool {
	cp.srv.mu.Lock()
	defer cp.srv.mu.Unlock()
	for _, t := range cp.srv.tokens {
		if t.id == id && t.gone.IsZero() {
			t.disabled = off
			return true
		}
	}
	return false
}

// caller finds the token that a request came with. An unknown one, and one that may be used no more or not yet or not from
// here, is refused by number 10000; what the platform says about each is not documented.
func (cp *ControlPlane) caller(c *apiCall) (*apiToken, *apiError) {
	text, ok := strings.CutPrefix(c.http.Header.Get("Authorization"), "Bearer ")
	now := cp.srv.opts.Now()
	for _, t := range cp.srv.tokens {
		if !ok || text == "" || t.value(now.Add(-cp.srv.opts.TokenDelay)) != text {
			continue
		}
		if c.op == "VerifyToken" {
			return t, nil // it says itself what is wrong with it
		}
		if t.status(now) != "active" {
			break
		}
		if !t.lets(cp.srv.opts.ClientIP) {
			return nil, apiRefuse(http.StatusForbidden, codeNotYours, "Cannot use the access token from location: "+cp.srv.opts.ClientIP.String())
		}
		return t, nil
	}
	if c.op == "VerifyToken" {
		return nil, apiRefuse(http.StatusUnauthorized, codeInvalid, "Invalid API Token")
	}
	return nil, apiRefuse(http.StatusForbidden, 10000, "Authentication error")
}

// authorized tells whether the token may do what is asked for. Which zones a list has is for the list to say.
func (cp *ControlPlane) authorized(c *apiCall) bool {
	g := c.caller.grants()
	account, looking := resource{scope: scopeAccount}, c.http.Method == http.MethodGet
	switch {
	case c.op == "VerifyToken" || c.op == "ListZones" || c.op == "TempCredentials":
		return true
	case c.op == "Purge":
		return g.may(resource{scope: scopeZone, name: c.rest}, groupCachePurge)
	case c.owner == "user":
		return c.caller.owner == "user" && (g.may(resource{scope: scopeUser}, groupUserWrite) || looking && g.may(resource{scope: scopeUser}, groupUserRead))
	case c.owner == "account":
		return g.may(account, groupTokensWrite) || looking && g.may(account, groupTokensRead)
	}
	return g.may(account, groupAdminWrite) || looking && g.may(account, groupAdminRead)
}

// mayGive is a check that was reported for single zones only: the one who makes a token must have the permission itself.
// Source: github.com/cloudflare/terraform-provider-cloudflare/issues/7241 (read 2026-11).
func mayGive(giver *apiToken, p policy) *apiError {
	for _, r := range p.on {
		for _, g := range p.groups {
			if r.scope == scopeZone && !r.all && !giver.grants().may(r, g.Name) {
				return apiRefuse(http.StatusBadRequest, codeBadToken, fmt.Sprintf("Failed common permission check against resources. (Permission group: %q)", g.Name))
			}
		}
	}
	return nil
}
