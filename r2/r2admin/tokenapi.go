package r2admin

import (
	"context"
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/accounts"
	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/shared"
	"github.com/cloudflare/cloudflare-go/v7/user"
)

// tokensPage is how many tokens a page of a list has: the most that the API gives (unverified).
const tokensPage = 50

// tokenAPI is the calls on the tokens of one owner. The SDK has them twice, with types of their own.
type tokenAPI struct {
	groups func(context.Context) ([]PermissionGroup, error)
	create func(context.Context, TokenPlan) (Token, error)
	list   func(ctx context.Context, page int, expired bool) ([]shared.Token, error)
	get    func(ctx context.Context, id string) (*shared.Token, error)
	remove func(ctx context.Context, id string) error
	roll   func(ctx context.Context, id string) (string, error)
	verify func(ctx context.Context, opts ...option.RequestOption) (Token, error)
}

// accountTokens is the calls on tokens of the account.
func accountTokens(account string, s *accounts.TokenService) tokenAPI {
	return tokenAPI{
		groups: func(ctx context.Context) ([]PermissionGroup, error) {
			var p accounts.TokenPermissionGroupListParams
			set(&p.AccountID.Value, &p.AccountID.Present, account)
			page, err := s.PermissionGroups.List(ctx, p)
			if err != nil {
				return nil, err
			}
			var out []PermissionGroup
			for _, g := range page.Result {
				out = append(out, PermissionGroup{ID: g.ID, Name: g.Name, Scopes: names(g.Scopes)})
			}
			return out, nil
		},
		create: func(ctx context.Context, plan TokenPlan) (Token, error) {
			var p accounts.TokenNewParams
			set(&p.AccountID.Value, &p.AccountID.Present, account)
			body, err := plan.body()
			if err != nil {
				return Token{}, err
			}
			t, err := s.New(ctx, p, body)
			if err != nil {
				return Token{}, err
			}
			return Token{ID: t.ID, Name: t.Name, Status: TokenStatus(t.Status), Issued: t.IssuedOn, Value: t.Value}, nil
		},
		list: func(ctx context.Context, page int, expired bool) ([]shared.Token, error) {
			var p accounts.TokenListParams
			set(&p.AccountID.Value, &p.AccountID.Present, account)
			set(&p.Page.Value, &p.Page.Present, float64(page))
			set(&p.PerPage.Value, &p.PerPage.Present, tokensPage)
			if expired {
				set(&p.IncludeExpired.Value, &p.IncludeExpired.Present, true)
			}
			out, err := s.List(ctx, p)
			if err != nil {
				return nil, err
			}
			return out.Result, nil
		},
		get: func(ctx context.Context, id string) (*shared.Token, error) {
			var p accounts.TokenGetParams
			set(&p.AccountID.Value, &p.AccountID.Present, account)
			return s.Get(ctx, id, p)
		},
		remove: func(ctx context.Context, id string) error {
			var p accounts.TokenDeleteParams
			set(&p.AccountID.Value, &p.AccountID.Present, account)
			_, err := s.Delete(ctx, id, p)
			return err
		},
		roll: func(ctx context.Context, id string) (string, error) {
			p := accounts.TokenValueUpdateParams{Body: struct{}{}}
			set(&p.AccountID.Value, &p.AccountID.Present, account)
			return value(s.Value.Update(ctx, id, p))
		},
		verify: func(ctx context.Context, opts ...option.RequestOption) (Token, error) {
			var p accounts.TokenVerifyParams
			set(&p.AccountID.Value, &p.AccountID.Present, account)
			t, err := s.Verify(ctx, p, opts...)
			if err != nil {
				return Token{}, err
			}
			return Token{ID: t.ID, Status: TokenStatus(t.Status), NotBefore: t.NotBefore, Expires: t.ExpiresOn}, nil
		},
	}
}

// userTokens is the calls on tokens of the user.
func userTokens(s *user.TokenService) tokenAPI {
	return tokenAPI{
		groups: func(ctx context.Context) ([]PermissionGroup, error) {
			page, err := s.PermissionGroups.List(ctx, user.TokenPermissionGroupListParams{})
			if err != nil {
				return nil, err
			}
			var out []PermissionGroup
			for _, g := range page.Result {
				out = append(out, PermissionGroup{ID: g.ID, Name: g.Name, Scopes: names(g.Scopes)})
			}
			return out, nil
		},
		create: func(ctx context.Context, plan TokenPlan) (Token, error) {
			body, err := plan.body()
			if err != nil {
				return Token{}, err
			}
			t, err := s.New(ctx, user.TokenNewParams{}, body)
			if err != nil {
				return Token{}, err
			}
			return Token{ID: t.ID, Name: t.Name, Status: TokenStatus(t.Status), Issued: t.IssuedOn, Value: t.Value}, nil
		},
		list: func(ctx context.Context, page int, expired bool) ([]shared.Token, error) {
			var p user.TokenListParams
			set(&p.Page.Value, &p.Page.Present, float64(page))
			set(&p.PerPage.Value, &p.PerPage.Present, tokensPage)
			if expired {
				set(&p.IncludeExpired.Value, &p.IncludeExpired.Present, true)
			}
			out, err := s.List(ctx, p)
			if err != nil {
				return nil, err
			}
			return out.Result, nil
		},
		get: func(ctx context.Context, id string) (*shared.Token, error) { return s.Get(ctx, id) },
		remove: func(ctx context.Context, id string) error {
			_, err := s.Delete(ctx, id)
			return err
		},
		roll: func(ctx context.Context, id string) (string, error) {
			return value(s.Value.Update(ctx, id, user.TokenValueUpdateParams{Body: struct{}{}}))
		},
		verify: func(ctx context.Context, opts ...option.RequestOption) (Token, error) {
			t, err := s.Verify(ctx, opts...)
			if err != nil {
				return Token{}, err
			}
			return Token{ID: t.ID, Status: TokenStatus(t.Status), NotBefore: t.NotBefore, Expires: t.ExpiresOn}, nil
		},
	}
}

func names[T ~string](list []T) []string {
	var out []string
	for _, v := range list {
		out = append(out, string(v))
	}
	return out
}

func value(v *shared.TokenValue, err error) (string, error) {
	if err != nil || v == nil {
		return "", err
	}
	return *v, nil
}

// body is the request that makes the token. The SDK's own encoder is not used for it: where a field is of an interface type, as
// the resources of a policy are, two first calls at a time race in it (cloudflare-go v7.9.0, internal/apijson).
func (p TokenPlan) body() (option.RequestOption, error) {
	type group struct {
		ID string `json:"id"`
	}
	type policy struct {
		Effect    string            `json:"effect"`
		Groups    []group           `json:"permission_groups"`
		Resources map[string]string `json:"resources"`
	}
	type addresses struct {
		In    []netip.Prefix `json:"in,omitempty"`
		NotIn []netip.Prefix `json:"not_in,omitempty"`
	}
	type condition struct {
		RequestIP addresses `json:"request_ip"`
	}
	out := struct {
		Name      string     `json:"name"`
		Policies  []policy   `json:"policies"`
		NotBefore time.Time  `json:"not_before,omitzero"`
		ExpiresOn time.Time  `json:"expires_on,omitzero"`
		Condition *condition `json:"condition,omitempty"`
	}{Name: p.Name, NotBefore: p.NotBefore, ExpiresOn: p.Expires}
	for _, line := range p.Policies {
		one := policy{Effect: line.Effect, Resources: map[string]string{}}
		for _, g := range line.Groups {
			one.Groups = append(one.Groups, group{g.ID})
		}
		for _, r := range line.Resources {
			one.Resources[r] = "*"
		}
		out.Policies = append(out.Policies, one)
	}
	if len(p.AllowIPs)+len(p.DenyIPs) > 0 {
		out.Condition = &condition{addresses{p.AllowIPs, p.DenyIPs}}
	}
	data, err := json.Marshal(out)
	return option.WithRequestBody("application/json", data), err
}

// tokenOf is a token of a list. Conditions that are no prefixes, and resources of a shape that is not known, are left out.
func tokenOf(t shared.Token, owner TokenOwner) Token {
	out := Token{
		ID: t.ID, Name: t.Name, Owner: owner, Status: TokenStatus(t.Status), Issued: t.IssuedOn, NotBefore: t.NotBefore, Expires: t.ExpiresOn,
		LastUsed: t.LastUsedOn, AllowIPs: prefixes(t.Condition.RequestIP.In), DenyIPs: prefixes(t.Condition.RequestIP.NotIn),
	}
	for _, p := range t.Policies {
		line := TokenPolicy{Effect: string(p.Effect), Resources: resources(p.JSON.Resources.Raw())}
		for _, g := range p.PermissionGroups {
			line.Groups = append(line.Groups, PermissionGroup{ID: g.ID, Name: g.Name})
		}
		out.Policies = append(out.Policies, line)
	}
	return out
}

// prefixes reads CIDRs; the API takes single addresses too.
func prefixes(list []string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range list {
		if p, err := netip.ParsePrefix(text); err == nil {
			out = append(out, p)
		} else if a, err := netip.ParseAddr(text); err == nil {
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	return out
}

// resources reads the names of {"name": "*"} and of {"outer": {"inner": "*"}}, in order.
func resources(raw string) []string {
	var in map[string]json.RawMessage
	if json.Unmarshal([]byte(raw), &in) != nil {
		return nil
	}
	var out []string
	for outer, v := range in {
		var inner map[string]string
		if json.Unmarshal(v, &inner) != nil {
			out = append(out, outer)
			continue
		}
		for name := range maps.Keys(inner) {
			out = append(out, outer+"/"+name)
		}
	}
	slices.Sort(out)
	return out
}
