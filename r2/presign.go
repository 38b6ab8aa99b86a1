package r2

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/internal/secret"
)

// PresignOptions is what a presigned PUT binds its user to. What is set is signed, and the user must send it exactly so:
// it is in [Presigned.Header]. A presigned GET takes none of it.
type PresignOptions struct {
	ContentType  string // default: from the extension of the key; from an unknown one nothing is signed, and any will do
	CacheControl string // default: Immutable for a key with the hash of its content, else nothing is signed
	Metadata     map[string]string
	IfAbsent     bool // If-None-Match: *: refuse to overwrite
}

// Presigned is a request that someone without the keys may make until it expires. The URL is a key to one object: it is
// not in what Presigned prints.
type Presigned struct {
	URL    string
	Method string
	Header http.Header // what must be sent, each exactly as it is here; empty for a GET
}

func (p Presigned) safe() secret.Fields {
	return secret.Fields{"r2.Presigned", "Method", p.Method, "URL", httpcall.RedactURL(p.URL), "Header", slices.Sorted(maps.Keys(p.Header))}
}

// String is the request without its signature.
func (p Presigned) String() string { return p.safe().String() }

// GoString is the request without its signature.
func (p Presigned) GoString() string { return p.safe().String() }

// Format prints the request without its signature, for every verb.
func (p Presigned) Format(s fmt.State, verb rune) { p.safe().Format(s, verb) }

// LogValue is the request without its signature.
func (p Presigned) LogValue() slog.Value { return p.safe().LogValue() }

// MarshalJSON gives all of it, the signature too: it is for the one who is to make the request.
func (p Presigned) MarshalJSON() ([]byte, error) {
	type plain Presigned
	return json.Marshal(plain(p))
}

const maxTTL = 7 * 24 * time.Hour

// PresignGet signs a GET of one object for whoever has the URL, valid for ttl: 1 second to 7 days, in whole seconds. It
// does no I/O and does not ask whether there is such an object. It works on the S3 endpoint only, never on a custom
// domain or r2.dev. opts must be nil or empty.
//
// Source: developers.cloudflare.com/r2/api/s3/presigned-urls (read 2026-11).
func (c *Client) PresignGet(ctx context.Context, key string, ttl time.Duration, opts *PresignOptions) (Presigned, error) {
	return c.presignBare(ctx, http.MethodGet, key, ttl, opts)
}

// PresignHead signs a HEAD of one object, for whoever may ask for its size and headers. Otherwise as [Client.PresignGet].
func (c *Client) PresignHead(ctx context.Context, key string, ttl time.Duration, opts *PresignOptions) (Presigned, error) {
	return c.presignBare(ctx, http.MethodHead, key, ttl, opts)
}

// PresignDelete signs the removal of one object. Otherwise as [Client.PresignGet].
func (c *Client) PresignDelete(ctx context.Context, key string, ttl time.Duration, opts *PresignOptions) (Presigned, error) {
	return c.presignBare(ctx, http.MethodDelete, key, ttl, opts)
}

// presignBare is for the methods without headers.
func (c *Client) presignBare(ctx context.Context, method, key string, ttl time.Duration, opts *PresignOptions) (Presigned, error) {
	if opts != nil && (opts.ContentType != "" || opts.CacheControl != "" || len(opts.Metadata) > 0 || opts.IfAbsent) {
		return Presigned{}, fmt.Errorf("r2: presign %s: %w: PresignOptions: a %s takes none of them", method, ErrInput, method)
	}
	return c.presign(ctx, method, key, ttl, http.Header{})
}

// PresignPut signs a PUT of one object. The user sends the body with the headers in [Presigned.Header]; another
// Content-Type is refused by the platform. A browser also needs the bucket's CORS rules to allow its origin, PUT and
// content-type. How large the body may be cannot be signed. Otherwise as [Client.PresignGet].
func (c *Client) PresignPut(ctx context.Context, key string, ttl time.Duration, opts *PresignOptions) (Presigned, error) {
	var o PresignOptions
	if opts != nil {
		o = *opts
	}
	if o.ContentType == "" {
		o.ContentType = typeByExtension(key)
	}
	if o.CacheControl == "" && isContentKey(key) {
		o.CacheControl = Immutable
	}
	meta, err := encodeMetadata(o.Metadata, c.metadataLimit())
	if err = errors.Join(err, checkHeader("ContentType", o.ContentType), checkHeader("CacheControl", o.CacheControl)); err != nil {
		return Presigned{}, fmt.Errorf("r2: presign PUT: %w: %w", ErrInput, err)
	}
	h := http.Header{}
	set := func(name, value string) {
		if value != "" {
			h.Set(name, value)
		}
	}
	set("Content-Type", o.ContentType)
	set("Cache-Control", o.CacheControl)
	for name, v := range meta {
		set("X-Amz-Meta-"+name, v)
	}
	if o.IfAbsent {
		set("If-None-Match", "*")
	}
	return c.presign(ctx, http.MethodPut, key, ttl, h)
}

func (c *Client) presign(ctx context.Context, method, key string, ttl time.Duration, h http.Header) (Presigned, error) {
	err := checkKey(key)
	if ttl < time.Second || ttl > maxTTL || ttl%time.Second != 0 {
		err = errors.Join(err, fmt.Errorf("ttl: %v is not in 1s to 168h (7 days), in whole seconds", ttl))
	}
	if err != nil {
		return Presigned{}, fmt.Errorf("r2: presign %s: %w: %w", method, ErrInput, err)
	}
	address := c.endpoint.String() + "/" + c.bucket + "/" + escapeKey(key)
	req, err := http.NewRequestWithContext(ctx, method, address, http.NoBody)
	if err != nil {
		return Presigned{}, fmt.Errorf("r2: presign %s: %w", method, err)
	}
	req.Header = h.Clone()
	req.URL.RawQuery = url.Values{"X-Amz-Expires": {strconv.Itoa(int(ttl / time.Second))}}.Encode()
	signed, _, err := c.signer.PresignHTTP(ctx, c.keys, req, "UNSIGNED-PAYLOAD", "s3", c.region, c.now())
	if err != nil {
		return Presigned{}, fmt.Errorf("r2: presign %s: %w", method, err)
	}
	return Presigned{URL: signed, Method: method, Header: h}, nil
}

// checkHeader refuses a value that cannot be a header.
func checkHeader(field, v string) error {
	if !httpguts.ValidHeaderFieldValue(v) || strings.TrimSpace(v) != v {
		return fmt.Errorf("%s: %q cannot be sent in a header", field, v)
	}
	return nil
}
