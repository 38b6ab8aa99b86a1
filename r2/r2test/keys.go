package r2test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/netip"
	"slices"
	"time"
)

// The permission groups that R2 knows, and two that its custom domains need.
// Source: developers.cloudflare.com/r2/api/tokens (read 2026-11).
const (
	groupAdminWrite  = "Workers R2 Storage Write"
	groupAdminRead   = "Workers R2 Storage Read"
	groupItemWrite   = "Workers R2 Storage Bucket Item Write"
	groupItemRead    = "Workers R2 Storage Bucket Item Read"
	groupZoneRead    = "Zone Read"
	groupCachePurge  = "Cache Purge"
	groupTokensWrite = "Account API Tokens Write" //nolint:gosec // a name, no secret
	groupTokensRead  = "Account API Tokens Read"  //nolint:gosec // a name, no secret
	groupUserWrite   = "API Tokens Write"
	groupUserRead    = "API Tokens Read"
)

// The kinds of resource that a permission group is for.
const (
	scopeUser    = "com.cloudflare.api.user"
	scopeAccount = "com.cloudflare.api.account"
	scopeZone    = "com.cloudflare.api.account.zone"
	scopeBucket  = "com.cloudflare.edge.r2.bucket"
)

// resource is what a policy is about: the account, one zone or bucket, or all of them.
type resource struct {
	scope        string
	jurisdiction string // of a bucket; "" = default
	name         string // of a bucket, the ID of a zone
	all          bool   // every bucket or zone of the account
}

func (r resource) covers(o resource) bool { return r.scope == o.scope && (r.all || r == o) }

// grant is one permission group of a policy, on the resources of it.
type grant struct {
	group     string
	resources []resource
	deny      bool
}

// grants is what a token may do.
type grants []grant

// may tells whether one of the groups is granted on a resource, and none of them denied.
func (g grants) may(on resource, groups ...string) bool {
	found := false
	for _, one := range g {
		if slices.Contains(groups, one.group) && slices.ContainsFunc(one.resources, func(r resource) bool { return r.covers(on) }) {
			if one.deny {
				return false
			}
			found = true
		}
	}
	return found
}

// s3 tells whether they allow an operation of the S3 API. What concerns the bucket itself takes a permission of the account.
func (g grants) s3(op, method, jurisdiction, bucket string) bool {
	account, item := []string{groupAdminWrite}, []string{groupItemWrite}
	if reads(op) || bucketLevel(op) && (method == http.MethodGet || method == http.MethodHead) {
		account, item = append(account, groupAdminRead), append(item, groupItemRead)
	}
	if g.may(resource{scope: scopeAccount}, account...) {
		return true
	}
	return !bucketLevel(op) && g.may(resource{scope: scopeBucket, jurisdiction: jurisdiction, name: bucket}, item...)
}

// reads tells whether an operation leaves the objects as they are.
func reads(op string) bool {
	return slices.Contains([]string{"GetObject", "HeadObject", "ListObjectsV2", "ListObjects", "ListParts", "ListMultipartUploads"}, op)
}

// bucketLevel tells whether an operation is about buckets and not about what is in them.
func bucketLevel(op string) bool {
	return slices.Contains([]string{"ListBuckets", "CreateBucket", "HeadBucket", "DeleteBucket", "BucketConfiguration"}, op)
}

// accessKey is a pair of S3 keys with what it may do.
type accessKey struct {
	id, secret string
	grants     grants
	elsewhere  bool // the policy does not let in whoever asks, by address
}

// key is the one way in which S3 keys are found: those of [Options], and those that are made of the API tokens. There is none
// for a token that is not active, which R2's documentation says nothing about: 401, as for keys that never were.
func (s *Server) key(id string) (accessKey, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keyLocked(id)
}

// keyLocked is key under the lock.
func (s *Server) keyLocked(id string) (accessKey, bool) {
	if id == s.opts.AccessKeyID {
		k := accessKey{id: id, secret: s.opts.SecretAccessKey}
		if s.opts.Scope == ScopeAdmin {
			k.grants = grants{{group: groupAdminWrite, resources: []resource{{scope: scopeAccount}}}}
		} else {
			own := resource{scope: scopeBucket, jurisdiction: string(s.opts.Jurisdiction), name: s.opts.Bucket}
			k.grants = grants{{group: groupItemWrite, resources: []resource{own}}}
		}
		return k, true
	}
	now := s.opts.Now()
	for _, t := range s.tokens {
		value := t.value(now.Add(-s.opts.TokenDelay))
		if t.id == id && value != "" && t.status(now) == "active" {
			sum := sha256.Sum256([]byte(value))
			return accessKey{id: id, secret: hex.EncodeToString(sum[:]), grants: t.grants(), elsewhere: !t.lets(s.opts.ClientIP)}, true
		}
	}
	return accessKey{}, false
}

// apiToken is an API token of the account or of the user.
type apiToken struct {
	id, name, owner    string // owner: "account" or "user"
	disabled           bool
	issued, modified   time.Time
	notBefore, expires time.Time // zero = none
	policies           []policy
	in, notIn          []netip.Prefix
	values             []tokenValue // the last one counts
	gone               time.Time    // when it was deleted
}

// tokenValue is a secret, and since when it is the token's.
type tokenValue struct {
	text string
	from time.Time
}

// value is the secret at a moment; "" before the token was made and after it was deleted.
func (t *apiToken) value(at time.Time) string {
	out := ""
	for _, v := range t.values {
		if !at.Before(v.from) {
			out = v.text
		}
	}
	if !t.gone.IsZero() && !at.Before(t.gone) {
		return ""
	}
	return out
}

// status is that of the API, and "early" before NotBefore, which the API calls active.
func (t *apiToken) status(now time.Time) string {
	switch {
	case !t.expires.IsZero() && !now.Before(t.expires):
		return "expired"
	case t.disabled:
		return "disabled"
	case now.Before(t.notBefore):
		return "early"
	}
	return "active"
}

// lets tells whether the conditions let an address in.
func (t *apiToken) lets(from netip.Addr) bool {
	has := func(p netip.Prefix) bool { return p.Contains(from) }
	return (len(t.in) == 0 || slices.ContainsFunc(t.in, has)) && !slices.ContainsFunc(t.notIn, has)
}

func (t *apiToken) grants() grants {
	var out grants
	for _, p := range t.policies {
		for _, g := range p.groups {
			out = append(out, grant{group: g.Name, resources: p.on, deny: p.effect == "deny"})
		}
	}
	return out
}
