package r2admin

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/internal/secret"
	"github.com/kitroll/kitroll/r2"
)

// ProductionURL is Cloudflare's API.
const ProductionURL = "https://api.cloudflare.com/client/v4"

// Config is what a [Client] is made from. It is copied. Printing it, in whatever way, shows no secret.
type Config struct {
	AccountID    string          // required: 32 hexadecimal digits, from the dashboard
	APIToken     string          // required: of kind Admin Read & Write; EnsureDomain also needs Zone Read, tokens what CreateToken says
	Jurisdiction r2.Jurisdiction // that of the buckets, sent with every call on them; default none

	BaseURL    string       // default [ProductionURL]; http:// on the loopback only
	HTTPClient *http.Client // copied; default: a timeout of one minute for each request
	MaxRetries *int         // how often what may be repeated is repeated; default 3, new(0) = never
	Logger     *slog.Logger // default: discard. Debug: each call; Warn: repeats
}

func (c Config) safe() secret.Fields {
	return secret.Fields{
		"r2admin.Config", "AccountID", c.AccountID, "APIToken", secret.Mask(c.APIToken), "Jurisdiction", c.Jurisdiction,
		"BaseURL", httpcall.RedactURL(c.BaseURL),
	}
}

// String is the configuration without its secret.
func (c Config) String() string { return c.safe().String() }

// GoString is the configuration without its secret.
func (c Config) GoString() string { return c.safe().String() }

// Format prints the configuration without its secret, for every verb.
func (c Config) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue is the configuration without its secret.
func (c Config) LogValue() slog.Value { return c.safe().LogValue() }

// MarshalJSON gives the configuration as a string without its secret.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

var (
	accountID  = regexp.MustCompile(`^[0-9a-f]{32}$`)
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
)

// check gives every problem, each naming its field.
func (c Config) check() error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	switch {
	case c.AccountID == "":
		bad("AccountID is required")
	case !accountID.MatchString(c.AccountID):
		bad("AccountID: want 32 lower-case hexadecimal digits")
	}
	switch {
	case c.APIToken == "":
		bad("APIToken is required")
	case strings.ContainsFunc(c.APIToken, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		bad("APIToken: it holds a blank, a line break or another character that no token has")
	}
	switch c.Jurisdiction {
	case "", r2.JurisdictionEU, r2.JurisdictionFedRAMP:
	default:
		bad("Jurisdiction: %q is neither %q nor %q", string(c.Jurisdiction), r2.JurisdictionEU, r2.JurisdictionFedRAMP)
	}
	if retries := *cmp.Or(c.MaxRetries, new(0)); retries < 0 || retries > 10 {
		bad("MaxRetries: %d is not in 0 to 10", retries)
	}
	if c.BaseURL != "" {
		u, err := url.Parse(c.BaseURL) // the text of err may hold a password
		if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
			bad("BaseURL: want https://host/path without user, query or fragment")
		} else if u.Scheme == "http" && !loopback(u.Hostname()) {
			bad("BaseURL: http:// would send the token in the clear")
		}
	}
	return errors.Join(problems...)
}

func loopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}
