package r2admin

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
)

// PermissionGroup is a permission that a token can have. Its ID is looked up by name, and not to be remembered.
type PermissionGroup struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`             // such as "Workers R2 Storage Bucket Item Write"
	Scopes []string `json:"scopes,omitempty"` // the kinds of resource that it is for, such as [ScopeOfBucket]
}

// The kinds of resource that permission groups are for.
const (
	ScopeOfAccount = "com.cloudflare.api.account"
	ScopeOfZone    = "com.cloudflare.api.account.zone"
	ScopeOfBucket  = "com.cloudflare.edge.r2.bucket"
)

// The names of permission groups.
// Source: developers.cloudflare.com/r2/api/tokens and /fundamentals/api/reference/permissions (read 2026-11).
const (
	groupAdminWrite = "Workers R2 Storage Write"
	groupAdminRead  = "Workers R2 Storage Read"
	groupItemWrite  = "Workers R2 Storage Bucket Item Write"
	groupItemRead   = "Workers R2 Storage Bucket Item Read"
	groupZoneRead   = "Zone Read"
	groupCachePurge = "Cache Purge"
)

// ListPermissionGroupsOptions narrows a list.
type ListPermissionGroupsOptions struct {
	Owner TokenOwner // whose tokens they are for; default [OwnerAccount]
	Name  string     // only the group of this name
	Scope string     // only groups for this kind of resource
}

// ListPermissionGroups gives the permissions that tokens can have. The API gives them all at once, so that a list is one call;
// what opts ask for is chosen here. Each range asks anew; an error comes once and last.
//
// Errors: [*Error], fs.ErrPermission unless the API token may read tokens (Account API Tokens Read; API Tokens Read for
// [OwnerUser]).
func (c *Client) ListPermissionGroups(ctx context.Context, opts *ListPermissionGroupsOptions) iter.Seq2[PermissionGroup, error] {
	o := *cmp.Or(opts, &ListPermissionGroupsOptions{})
	return func(yield func(PermissionGroup, error) bool) {
		api, err := c.tokensOf(&o.Owner)
		if err != nil {
			yield(PermissionGroup{}, invalid("ListPermissionGroups", "", err))
			return
		}
		list, err := do(ctx, c, "ListPermissionGroups", "", harmless, api.groups)
		if err != nil {
			yield(PermissionGroup{}, err)
			return
		}
		for _, g := range list {
			if (o.Name == "" || g.Name == o.Name) && (o.Scope == "" || slices.Contains(g.Scopes, o.Scope)) && !yield(g, nil) {
				return
			}
		}
	}
}

// tokensOf is the calls for an owner, whose default it fills in.
func (c *Client) tokensOf(owner *TokenOwner) (tokenAPI, error) {
	*owner = cmp.Or(*owner, OwnerAccount)
	api, ok := c.tokens[*owner]
	if !ok {
		return tokenAPI{}, fmt.Errorf("Owner: %q is neither %q nor %q", *owner, OwnerAccount, OwnerUser)
	}
	return api, nil
}

// pickGroup finds the one group of a name that is for a kind of resource.
func pickGroup(all []PermissionGroup, name, scope string) (PermissionGroup, error) {
	var found []PermissionGroup
	for _, g := range all {
		if g.Name == name && slices.Contains(g.Scopes, scope) {
			found = append(found, g)
		}
	}
	switch {
	case len(found) == 0:
		return PermissionGroup{}, fmt.Errorf("the platform has no permission group %q for %s: is R2 enabled for the account?", name, scope)
	case len(found) > 1:
		return PermissionGroup{}, fmt.Errorf("the platform has %d permission groups %q for %s", len(found), name, scope)
	case found[0].ID == "":
		return PermissionGroup{}, fmt.Errorf("the permission group %q has no ID", name)
	}
	return found[0], nil
}
