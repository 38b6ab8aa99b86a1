package cdn

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"
)

// Protocol is how CloudFront asks an origin.
type Protocol string

// The protocols.
const (
	HTTPOnly    Protocol = "http-only"
	HTTPSOnly   Protocol = "https-only"
	MatchViewer Protocol = "match-viewer" // as the viewer asked: both ports have to work
)

// What viewers may use.
const (
	RedirectToHTTPS = "redirect-to-https"
	AllowAll        = "allow-all"
	ViewersHTTPS    = "https-only"
)

// Headers are headers that CloudFront adds to what it asks the origin, often a shared secret by which the origin knows it.
// Printing them, as JSON too, shows their names only.
type Headers map[string]string

// String is the names.
func (h Headers) String() string { return strings.Join(slices.Sorted(maps.Keys(h)), ", ") }

// GoString is the names.
func (h Headers) GoString() string { return h.String() }

// Format prints the names, for every verb.
func (h Headers) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(h.String())) }

// LogValue is the names.
func (h Headers) LogValue() slog.Value { return slog.StringValue(h.String()) }

// MarshalJSON gives the names.
func (h Headers) MarshalJSON() ([]byte, error) { return json.Marshal(slices.Sorted(maps.Keys(h))) }

// Origin is the server behind a distribution.
type Origin struct {
	Domain    string   `json:"domain"`             // its public name; of a VPC origin the private DNS name of the instance
	VPC       string   `json:"vpc,omitempty"`      // ID of a VPC origin, see [Client.EnsureVPCOrigin]; it has protocol and ports of its own
	Protocol  Protocol `json:"protocol,omitempty"` // empty = what [Client.Probe] decides; else it is checked by the probe
	HTTPPort  int      `json:"http_port,omitempty"`
	HTTPSPort int      `json:"https_port,omitempty"` // default 80 and 443; else 1024 to 65535
	Path      string   `json:"path,omitempty"`       // "/app": put before the path of every request
	Addresses string   `json:"addresses,omitempty"`  // "ipv4" (default), "ipv6" or "dualstack"

	ReadTimeout time.Duration `json:"read_timeout,omitempty"` // 1 to 120 s, default 30 s
	KeepAlive   time.Duration `json:"keep_alive,omitempty"`   // 1 to 120 s, default 5 s
	Headers     Headers       `json:"headers,omitempty"`
}

// Certificate is what CloudFront shows viewers for the aliases: one of ACM, in us-east-1, or one of IAM.
type Certificate struct {
	ACM string `json:"acm,omitempty"` // ARN
	IAM string `json:"iam,omitempty"` // ID of a server certificate; the only kind in China
	// MinimumProtocol is the security policy; default TLSv1.2_2021. The newest are TLSv1.2_2025 and TLSv1.3_2025.
	MinimumProtocol string `json:"minimum_protocol,omitempty"`
}

// Distribution is what [Client.Ensure] makes.
type Distribution struct {
	ID          string      `json:"id"` // chosen by the caller, [a-z0-9-]{3,40}, once for each distribution: never one that was deleted
	Origin      Origin      `json:"origin"`
	Aliases     []string    `json:"aliases,omitempty"` // names of its own for viewers; "*.example.com" too
	Certificate Certificate `json:"certificate,omitzero"`

	// CachePolicy is the name or ID of a cache policy, managed or the account's own. Default CachingDisabled: nothing is kept
	// until somebody says what may be. CachingOptimized keeps pages without Cache-Control for a day, whoever they were for.
	CachePolicy string `json:"cache_policy,omitempty"`
	// RequestPolicy is the name or ID of an origin request policy; empty = AllViewer where the origin wants the viewer's
	// Host, else AllViewerExceptHostHeader.
	RequestPolicy string `json:"request_policy,omitempty"`

	Viewers     string            `json:"viewers,omitempty"`      // [RedirectToHTTPS] (default), [AllowAll], [ViewersHTTPS]
	Methods     []string          `json:"methods,omitempty"`      // default all seven; CloudFront takes GET HEAD, GET HEAD OPTIONS, or all
	HTTPVersion string            `json:"http_version,omitempty"` // default "http2and3"
	NoIPv6      bool              `json:"no_ipv6,omitempty"`      // IPv6 is on by default; an alias needs an AAAA record as well
	PriceClass  string            `json:"price_class,omitempty"`  // default PriceClass_All; PriceClass_100, PriceClass_200
	DefaultRoot string            `json:"default_root,omitempty"` // object for "/"; "index.html" for static sites, empty for servers
	Comment     string            `json:"comment,omitempty"`      // behind the mark with the ID; 128 characters in all
	Disabled    bool              `json:"disabled,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"` // beside our own; only at creation

	// Update lets [Client.Ensure] change a distribution that is there and differs; else the differences are only told.
	Update bool `json:"update,omitempty"`
	// Unprobed means that the origin cannot be looked at from here, as when its firewall lets CloudFront alone in.
	// Origin.Protocol is required then.
	Unprobed bool `json:"unprobed,omitempty"`
}

// Tag is the key of the tag on all that this package makes; its value is Distribution.ID.
const Tag = "awsops:cdn"

// mark is what the Comment begins with: lists have no CallerReference, but they have comments.
func mark(id string) string { return "[awsops:cdn " + id + "]" }

// marked is the ID in a comment, "" if there is none.
func marked(comment string) string {
	rest, ok := strings.CutPrefix(comment, "[awsops:cdn ")
	if !ok {
		return ""
	}
	id, _, ok := strings.Cut(rest, "]")
	if !ok {
		return ""
	}
	return id
}

// reference is the CallerReference of an ID. It has nothing of the configuration in it: a changed one must find the same
// distribution.
func reference(id string) string {
	sum := sha256.Sum256([]byte("awsops/cdn\x00" + id))
	return "m-" + id + "-distribution-" + hex.EncodeToString(sum[:4])
}

func (d Distribution) comment() string { return strings.TrimSpace(mark(d.ID) + " " + d.Comment) }

// normal is the distribution with its defaults.
func (d Distribution) normal() Distribution {
	def := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	d.Origin.Domain = fold(d.Origin.Domain)
	d.Origin.HTTPPort, d.Origin.HTTPSPort = portOr(d.Origin.HTTPPort, 80), portOr(d.Origin.HTTPSPort, 443)
	def(&d.Origin.Addresses, "ipv4")
	if d.Origin.ReadTimeout == 0 {
		d.Origin.ReadTimeout = 30 * time.Second
	}
	if d.Origin.KeepAlive == 0 {
		d.Origin.KeepAlive = 5 * time.Second
	}
	aliases := make([]string, 0, len(d.Aliases))
	for _, a := range d.Aliases {
		aliases = append(aliases, fold(a))
	}
	slices.Sort(aliases)
	d.Aliases = slices.Compact(aliases)
	def(&d.CachePolicy, "CachingDisabled")
	def(&d.Viewers, RedirectToHTTPS)
	if len(d.Methods) == 0 {
		d.Methods = []string{"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"}
	}
	def(&d.HTTPVersion, "http2and3")
	def(&d.PriceClass, "PriceClass_All")
	if len(d.Aliases) > 0 {
		def(&d.Certificate.MinimumProtocol, "TLSv1.2_2021")
	}
	return d
}
