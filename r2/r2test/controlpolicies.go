package r2test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// policy is one line of what a token may do.
type policy struct {
	effect string
	groups []groupJSON
	names  json.RawMessage // resources, as they came
	on     []resource
}

type groupJSON struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	Scopes []string `json:"scopes,omitempty"`
}

type policyJSON struct {
	ID        string          `json:"id,omitempty"`
	Effect    string          `json:"effect"`
	Groups    []groupJSON     `json:"permission_groups"`
	Resources json.RawMessage `json:"resources"`
}

// permissionGroups is what may be given to tokens. The IDs are not those of the platform, which nobody should remember. The
// list has more than is needed, and two groups whose names begin like others.
func permissionGroups(owner string) []groupJSON {
	scopes := map[string]string{
		groupAdminWrite: scopeAccount, groupAdminRead: scopeAccount, groupItemWrite: scopeBucket, groupItemRead: scopeBucket,
		"Workers R2 Data Catalog Write": scopeAccount, "Workers R2 Data Catalog Read": scopeAccount,
		"Workers Scripts Write": scopeAccount, "Queues Read": scopeAccount, "Queues Write": scopeAccount,
		"Account Analytics Read": scopeAccount,
		groupZoneRead:            scopeZone, "Zone Write": scopeZone, "Zone Settings Read": scopeZone, groupCachePurge: scopeZone,
		"DNS Read": scopeZone, "DNS Write": scopeZone,
		groupTokensWrite: scopeAccount, groupTokensRead: scopeAccount,
	}
	if owner == "user" {
		scopes[groupUserWrite], scopes[groupUserRead] = scopeUser, scopeUser
	}
	var out []groupJSON
	for _, name := range slices.Sorted(maps.Keys(scopes)) {
		sum := sha256.Sum256([]byte(name))
		out = append(out, groupJSON{ID: hex.EncodeToString(sum[:16]), Name: name, Scopes: []string{scopes[name]}})
	}
	return out
}

// readPolicy takes a policy apart and refuses what is not of this account.
//
// That a group wants resources of its own kind is reported of the platform; the numbers and texts of its refusals are not
// documented, but for 1001 "Failed common permission check", which reports have.
func (cp *ControlPlane) readPolicy(in policyJSON, owner string) (policy, *apiError) {
	bad := func(format string, args ...any) (policy, *apiError) {
		return policy{}, apiRefuse(http.StatusBadRequest, codeBadToken, fmt.Sprintf(format, args...))
	}
	out := policy{effect: in.Effect, names: in.Resources}
	if in.Effect != "allow" && in.Effect != "deny" {
		return bad("effect must be allow or deny")
	}
	if len(in.Groups) == 0 {
		return bad("a policy needs permission groups")
	}
	var err error
	if out.on, err = cp.readResources(in.Resources); err != nil {
		return bad("resources: %v", err)
	}
	known := permissionGroups(owner)
	for _, g := range in.Groups {
		i := slices.IndexFunc(known, func(k groupJSON) bool { return k.ID == g.ID })
		if i < 0 {
			return bad("permission group %q not found", g.ID)
		}
		for _, r := range out.on {
			if !slices.Contains(known[i].Scopes, r.scope) {
				return bad("permission group %q is not for resources of %s", known[i].Name, r.scope)
			}
		}
		out.groups = append(out.groups, known[i])
	}
	return out, nil
}

// readResources reads {"com.cloudflare.….NAME": "*"}, and {"com.cloudflare.api.account.ID": {"com.cloudflare.….*": "*"}} for
// all zones or buckets of the account.
func (cp *ControlPlane) readResources(raw json.RawMessage) ([]resource, error) {
	var names map[string]json.RawMessage
	if err := json.Unmarshal(raw, &names); err != nil || len(names) == 0 {
		return nil, fmt.Errorf("want an object that is not empty")
	}
	var out []resource
	for _, name := range slices.Sorted(maps.Keys(names)) {
		var star string
		if json.Unmarshal(names[name], &star) == nil {
			if star != "*" {
				return nil, fmt.Errorf("%s: the value must be *", name)
			}
			r, err := cp.resource(name)
			if err != nil {
				return nil, err
			}
			out = append(out, r)
			continue
		}
		var inner map[string]string
		if err := json.Unmarshal(names[name], &inner); err != nil || len(inner) == 0 || name != scopeAccount+"."+cp.srv.opts.AccountID {
			return nil, fmt.Errorf("%s is not valid", name)
		}
		for kind, v := range inner {
			if v != "*" || kind != scopeZone+".*" && kind != scopeBucket+".*" {
				return nil, fmt.Errorf("%s is not valid", kind)
			}
			out = append(out, resource{scope: strings.TrimSuffix(kind, ".*"), all: true})
		}
	}
	return out, nil
}

func (cp *ControlPlane) resource(name string) (resource, error) {
	account := cp.srv.opts.AccountID
	if rest, ok := strings.CutPrefix(name, scopeBucket+"."); ok {
		parts := strings.SplitN(rest, "_", 3)
		if len(parts) != 3 || parts[0] != account || !slices.Contains([]string{"default", "eu", "fedramp"}, parts[1]) {
			return resource{}, fmt.Errorf("%s: want <account>_<jurisdiction>_<bucket> of this account", name)
		}
		r := resource{scope: scopeBucket, jurisdiction: parts[1], name: parts[2]}
		if r.jurisdiction == "default" {
			r.jurisdiction = ""
		}
		if !cp.exists(r.name, r.jurisdiction) {
			return resource{}, fmt.Errorf("%s: there is no such bucket", name)
		}
		return r, nil
	}
	if id, ok := strings.CutPrefix(name, scopeZone+"."); ok {
		if !slices.ContainsFunc(cp.zones, func(z Zone) bool { return z.ID == id && z.AccountID == account }) {
			return resource{}, fmt.Errorf("%s: there is no such zone", name)
		}
		return resource{scope: scopeZone, name: id}, nil
	}
	if name == scopeAccount+"."+account {
		return resource{scope: scopeAccount}, nil
	}
	if name == scopeUser+"."+userID {
		return resource{scope: scopeUser}, nil
	}
	return resource{}, fmt.Errorf("%s is not valid", name)
}
