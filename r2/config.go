package r2

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/internal/secret"
)

// Jurisdiction is where a bucket's data must stay. A bucket of a jurisdiction is reachable through its own endpoint
// only: one client per jurisdiction.
type Jurisdiction string

// The jurisdictions besides the default, which is none.
const (
	JurisdictionEU      Jurisdiction = "eu"
	JurisdictionFedRAMP Jurisdiction = "fedramp"
)

// MiniflarePath is the path under which miniflare, Cloudflare's local R2, serves its buckets. It is the only path that
// the endpoint of an R2 bucket may have.
const MiniflarePath = "/cdn-cgi/local/r2/s3"

// Config is what a [Client] is made from. It is copied. Printing it, in whatever way, shows no secret.
//
// With AccountID the bucket is one of R2, and R2's own rules are checked before anything is sent. With Endpoint alone it
// is a bucket of any S3: the same calls work, and only what holds for every S3 is checked. With both it is an R2 that
// lives elsewhere, such as miniflare.
type Config struct {
	AccountID       string       // R2: 32 hexadecimal digits, from the dashboard
	Jurisdiction    Jurisdiction // R2: that of the bucket; default none
	Bucket          string       // required
	AccessKeyID     string       // required: of an R2 API token; Object Read & Write is enough for all of this package
	SecretAccessKey string       // required
	SessionToken    string       // of temporary credentials
	Endpoint        string       // default: from AccountID and Jurisdiction; https://host without the bucket
	Region          string       // default "auto"
	PublicBase      string       // https://img.example.com, for Client.PublicURL: a custom domain or the r2.dev address

	// AllowHTTP permits an Endpoint or PublicBase of http:// on a host that is not the loopback. The keys never travel
	// in the clear, since requests are signed, but the objects do.
	AllowHTTP bool

	// HTTPClient is copied, and follows no redirect to another host. Default: no timeout of its own, HTTP/1.1, up to 32
	// idle connections; one connection per request in flight is faster here than one HTTP/2 connection for all.
	HTTPClient *http.Client

	// MaxRetries is how often what may be repeated is repeated, see the package comment; default 4, new(0) = never.
	MaxRetries *int

	Logger *slog.Logger     // default: discard. Debug: each call, without bodies; Warn: repeats and surprises
	Now    func() time.Time // the clock of presigned URLs; default time.Now. Other requests bear the time of the machine
}

func (c Config) safe() secret.Fields {
	return secret.Fields{
		"r2.Config", "AccountID", c.AccountID, "Jurisdiction", c.Jurisdiction, "Bucket", c.Bucket,
		"AccessKeyID", secret.Tail(c.AccessKeyID, 4), "SecretAccessKey", secret.Mask(c.SecretAccessKey),
		"SessionToken", secret.Mask(c.SessionToken), "Endpoint", httpcall.RedactURL(c.Endpoint),
		"PublicBase", httpcall.RedactURL(c.PublicBase),
	}
}

// String is the configuration without its secrets.
func (c Config) String() string { return c.safe().String() }

// GoString is the configuration without its secrets.
func (c Config) GoString() string { return c.safe().String() }

// Format prints the configuration without its secrets, for every verb.
func (c Config) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue is the configuration without its secrets.
func (c Config) LogValue() slog.Value { return c.safe().LogValue() }

// MarshalJSON gives the configuration as a string without its secrets.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

var (
	accountID    = regexp.MustCompile(`^[0-9a-f]{32}$`)
	bucketName   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
	s3BucketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$`)
	hexSecret    = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// check gives every problem, each naming its field, and the two addresses.
func (c Config) check() (endpoint, public *url.URL, err error) {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }

	name := s3BucketName
	if c.AccountID != "" {
		name = bucketName
		if !accountID.MatchString(c.AccountID) {
			bad("AccountID: want 32 lower-case hexadecimal digits")
		}
	} else if c.Endpoint == "" {
		bad("AccountID is required (or Endpoint, for another S3)")
	}
	switch c.Jurisdiction {
	case "", JurisdictionEU, JurisdictionFedRAMP:
		if c.Jurisdiction != "" && c.AccountID == "" {
			bad("Jurisdiction: only with AccountID")
		}
	default:
		bad("Jurisdiction: %q is neither %q nor %q", string(c.Jurisdiction), JurisdictionEU, JurisdictionFedRAMP)
	}
	switch {
	case c.Bucket == "":
		bad("Bucket is required")
	case !name.MatchString(c.Bucket), strings.HasSuffix(c.Bucket, "--x-s3"):
		bad("Bucket: %q is no name of a bucket: 3 to 63 of a-z, 0-9 and hyphen", c.Bucket)
	}
	c.checkKeys(bad)
	if retries := *cmp.Or(c.MaxRetries, new(0)); retries < 0 || retries > 10 {
		bad("MaxRetries: %d is not in 0 to 10", retries)
	}
	endpoint, err = c.endpoint()
	if err != nil {
		bad("Endpoint: %w", err)
	}
	if c.PublicBase != "" {
		if public, err = c.address(c.PublicBase); err != nil {
			bad("PublicBase: %w", err)
		}
	}
	if endpoint != nil && public != nil && endpoint.Host == public.Host && public.Path == "" {
		bad("Endpoint: it is the public address of the bucket, which serves no S3: nothing can be signed for it")
	}
	return endpoint, public, errors.Join(problems...)
}

// checkKeys never says what a key is.
func (c Config) checkKeys(bad func(string, ...any)) {
	for _, key := range []struct {
		field, value string
		optional     bool
	}{
		{"AccessKeyID", c.AccessKeyID, false}, {"SecretAccessKey", c.SecretAccessKey, false}, {"SessionToken", c.SessionToken, true},
	} {
		switch {
		case key.value == "" && !key.optional:
			bad("%s is required", key.field)
		case strings.ContainsFunc(key.value, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
			bad("%s: it holds a blank, a line break or another character that no key has", key.field)
		}
	}
	if c.AccountID != "" && hexSecret.MatchString(c.AccessKeyID) {
		bad("AccessKeyID: this looks like a secret access key, are the two exchanged?")
	}
}

// endpoint is where the S3 calls go, without a slash at its end.
func (c Config) endpoint() (*url.URL, error) {
	if c.Endpoint == "" {
		host := c.AccountID
		if c.Jurisdiction != "" {
			host += "." + string(c.Jurisdiction)
		}
		return &url.URL{Scheme: "https", Host: host + ".r2.cloudflarestorage.com"}, nil
	}
	u, err := c.address(c.Endpoint)
	switch {
	case err != nil:
		return nil, err
	case u.Path != "" && u.Path != MiniflarePath:
		return nil, errors.New("it has a path, which would become a part of every key: the bucket belongs into Bucket")
	case strings.HasSuffix(u.Hostname(), ".r2.dev"):
		return nil, errors.New("r2.dev is a public address, which serves no S3: nothing can be signed for it")
	}
	return u, nil
}

// address checks what holds for both addresses.
func (c Config) address(raw string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(raw, "/"))
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, errors.New("want https://host without user, query or fragment") // the text of err may hold a password
	}
	if u.Scheme == "http" && !c.AllowHTTP && !loopback(u.Hostname()) {
		return nil, errors.New("http:// sends the objects in the clear: want https://, or set AllowHTTP")
	}
	return u, nil
}

func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
