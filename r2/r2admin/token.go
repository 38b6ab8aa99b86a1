package r2admin

import (
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/kitroll/kitroll/internal/secret"
	"github.com/kitroll/kitroll/r2"
)

// Access is what a token or temporary credentials may do.
type Access string

// The kinds of access, in Cloudflare's words "Object Read only", "Object Read & Write", "Admin Read only" and "Admin Read &
// Write"; the last one is for tokens alone.
const (
	AccessObjectRead  Access = "object-read-only"  // read and list the objects of chosen buckets
	AccessObjectWrite Access = "object-read-write" // write and delete them too: all that package r2 needs
	AccessAdminRead   Access = "admin-read-only"   // look at buckets, their settings and their objects
	AccessAdminWrite  Access = "admin-read-write"  // make, delete and change them
	// AccessControlPlane is what a Client needs: Admin Read & Write, and Zone Read and Cache Purge for one zone. It cannot make
	// tokens.
	AccessControlPlane Access = "control-plane"
)

// TokenOwner is whose a token is.
type TokenOwner string

// The owners.
const (
	OwnerAccount TokenOwner = "account" // outlives its maker; only Super Administrators can make one
	OwnerUser    TokenOwner = "user"    // ends with the user's membership, and may do no more than the user
)

// TokenStatus is whether a token works.
type TokenStatus string

// The states that the API tells.
const (
	TokenActive   TokenStatus = "active"
	TokenDisabled TokenStatus = "disabled"
	TokenExpired  TokenStatus = "expired"
)

// Token is an API token, which is a pair of S3 keys too: [Token.Credentials]. Printing it, in whatever way, does not show the
// value, and JSON does not hold it.
type Token struct {
	ID        string         `json:"id"`
	Name      string         `json:"name,omitempty"`
	Owner     TokenOwner     `json:"owner"`
	Status    TokenStatus    `json:"status"`
	Issued    time.Time      `json:"issued,omitzero"`
	NotBefore time.Time      `json:"notBefore,omitzero"` // zero: from the beginning
	Expires   time.Time      `json:"expires,omitzero"`   // zero: never
	LastUsed  time.Time      `json:"lastUsed,omitzero"`
	Policies  []TokenPolicy  `json:"policies,omitempty"`
	AllowIPs  []netip.Prefix `json:"allowIPs,omitempty"` // none: from everywhere
	DenyIPs   []netip.Prefix `json:"denyIPs,omitempty"`

	// Value is the secret: what an Authorization header takes. The platform gives it once, when the token is made or rolled; it
	// is empty for tokens that were listed.
	Value string `json:"-"`
}

// TokenPolicy is a line of what a token may do: these permissions on these resources.
type TokenPolicy struct {
	Effect    string            `json:"effect"` // "allow" or "deny"
	Groups    []PermissionGroup `json:"permissionGroups"`
	Resources []string          `json:"resources"` // such as "com.cloudflare.edge.r2.bucket.<account>_default_images"; all of a kind as "outer/inner.*"
}

// Credentials is the S3 keys that the token is, for [r2.Config]. They reach only buckets that the token's policies name, after
// up to a minute. It is empty without Value.
func (t Token) Credentials() r2.Credentials {
	if t.Value == "" {
		return r2.Credentials{}
	}
	return r2.DeriveKeys(t.ID, t.Value)
}

func (t Token) safe() secret.Fields {
	out := secret.Fields{"r2admin.Token", "ID", t.ID, "Name", t.Name, "Owner", t.Owner, "Status", t.Status}
	if !t.Expires.IsZero() {
		out = append(out, "Expires", t.Expires.Format(time.RFC3339))
	}
	return append(out, "Value", secret.Mask(t.Value))
}

// String is the token without its value.
func (t Token) String() string { return t.safe().String() }

// GoString is the token without its value.
func (t Token) GoString() string { return t.safe().String() }

// Format prints the token without its value, for every verb.
func (t Token) Format(s fmt.State, verb rune) { t.safe().Format(s, verb) }

// LogValue is the token without its value.
func (t Token) LogValue() slog.Value { return t.safe().LogValue() }
