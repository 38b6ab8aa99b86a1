package r2

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/secret"
)

// Credentials is a pair of S3 keys, and the session token of those that are temporary. Printing it, in whatever way, shows no
// secret.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string // empty for those of an API token
}

func (c Credentials) safe() secret.Fields {
	return secret.Fields{
		"r2.Credentials", "AccessKeyID", secret.Tail(c.AccessKeyID, 4), "SecretAccessKey", secret.Mask(c.SecretAccessKey),
		"SessionToken", secret.Mask(c.SessionToken),
	}
}

// String is the credentials without their secrets.
func (c Credentials) String() string { return c.safe().String() }

// GoString is the credentials without their secrets.
func (c Credentials) GoString() string { return c.safe().String() }

// Format prints the credentials without their secrets, for every verb.
func (c Credentials) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue is the credentials without their secrets.
func (c Credentials) LogValue() slog.Value { return c.safe().LogValue() }

// MarshalJSON gives all of it, the secrets too: it is for the one who is to use them.
func (c Credentials) MarshalJSON() ([]byte, error) {
	type plain Credentials
	return json.Marshal(plain(c))
}

// DeriveKeys makes the S3 keys of an R2 API token: its ID is the access key ID, and the hex SHA-256 of its value the secret.
// Source: developers.cloudflare.com/r2/api/tokens (read 2026-11).
func DeriveKeys(tokenID, tokenValue string) Credentials {
	sum := sha256.Sum256([]byte(tokenValue))
	return Credentials{AccessKeyID: tokenID, SecretAccessKey: hex.EncodeToString(sum[:])}
}

// The scopes of temporary credentials.
const (
	ScopeObjectReadOnly  = "object-read-only"
	ScopeObjectReadWrite = "object-read-write"
)

// TempOptions is what temporary credentials may do, in the bucket of the client.
type TempOptions struct {
	Scope    string        // default ScopeObjectReadOnly
	Actions  []string      // such as "GetObject"; default all of the scope
	Prefixes []string      // keys that begin so; with Objects: either; default all
	Objects  []string      // keys
	TTL      time.Duration // required: 1 second to 7 days, in whole seconds
}

// TempCredentials makes credentials for less than this client's own may do, and for less long, on this machine: no request is
// made. They work until TTL has passed or the API token behind the client is revoked. Who has them can do without the client:
// [Config.SessionToken].
//
// Not run against R2: the alphabet of the session token is taken to be that of standard base64, and the names of actions those
// of the S3 operations. Only an R2 takes them; a client that has a session token itself can make none.
//
// Source: "Temporary access credentials" and "Authenticate against R2 with temporary credentials",
// developers.cloudflare.com/r2 (read 2026-11).
func (c *Client) TempCredentials(opts TempOptions) (Credentials, error) {
	if opts.Scope == "" {
		opts.Scope = ScopeObjectReadOnly
	}
	if err := c.checkTemp(opts); err != nil {
		return Credentials{}, fmt.Errorf("r2: TempCredentials: %w: %w", ErrInput, err)
	}
	type paths struct {
		PrefixPaths []string `json:"prefixPaths,omitempty"`
		ObjectPaths []string `json:"objectPaths,omitempty"`
	}
	now := c.now().Unix()
	claims := struct {
		Bucket  string   `json:"bucket"`
		Scope   string   `json:"scope"`
		Actions []string `json:"actions,omitempty"`
		Paths   *paths   `json:"paths,omitempty"`
		Sub     string   `json:"sub"`
		Iss     string   `json:"iss"`
		Aud     string   `json:"aud"`
		Iat     int64    `json:"iat"`
		Exp     int64    `json:"exp"`
	}{
		Bucket: c.bucket, Scope: opts.Scope, Actions: opts.Actions, Sub: c.account, Iss: c.keys.AccessKeyID, Aud: c.endpoint.Host,
		Iat: now, Exp: now + int64(opts.TTL/time.Second),
	}
	if len(opts.Prefixes)+len(opts.Objects) > 0 {
		claims.Paths = &paths{opts.Prefixes, opts.Objects}
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return Credentials{}, fmt.Errorf("r2: TempCredentials: %w", err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	jwt := b64([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + b64(body)
	mac := hmac.New(sha256.New, []byte(c.keys.SecretAccessKey))
	mac.Write([]byte(jwt))
	jwt += "." + b64(mac.Sum(nil))
	sum := sha256.Sum256([]byte(jwt))
	return Credentials{
		AccessKeyID: c.keys.AccessKeyID, SecretAccessKey: hex.EncodeToString(sum[:]),
		SessionToken: base64.StdEncoding.EncodeToString([]byte("jwt/" + jwt)),
	}, nil
}

func (c *Client) checkTemp(o TempOptions) error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !c.isR2 {
		bad("only R2 takes credentials that were signed here")
	}
	if c.keys.SessionToken != "" {
		bad("this client has temporary credentials itself, from which none can be made")
	}
	if o.Scope != ScopeObjectReadOnly && o.Scope != ScopeObjectReadWrite {
		bad("Scope: %q is neither %q nor %q", o.Scope, ScopeObjectReadOnly, ScopeObjectReadWrite)
	}
	if o.TTL < time.Second || o.TTL > maxTTL || o.TTL%time.Second != 0 {
		bad("TTL: %v is not in 1s to 168h (7 days), in whole seconds", o.TTL)
	}
	for field, list := range map[string][]string{"Actions": o.Actions, "Prefixes": o.Prefixes, "Objects": o.Objects} {
		if slices.ContainsFunc(list, func(v string) bool { return strings.TrimSpace(v) == "" }) {
			bad("%s: one of them is empty, which would be all or nothing", field)
		}
	}
	for _, key := range o.Objects {
		if err := checkKey(key); err != nil && key != "" {
			bad("Objects: %w", err)
		}
	}
	return errors.Join(problems...)
}
