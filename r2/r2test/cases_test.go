package r2test_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// place is where a case is played: a bucket named images, of the fake or of a real server, and keys of its own in it.
type place struct {
	r2.Config

	prefix string
}

// at is the path of a key of the case.
func (p place) at(key string) string { return "/images/" + p.prefix + key }

// say sends a call and gives what came back as "404 NoSuchKey".
func (p place) say(t *testing.T, c call) string {
	t.Helper()
	a := c.to(t, p.Config)
	return strings.TrimSpace(strconv.Itoa(a.status) + " " + a.code)
}

// put stores an object that the case starts from.
func (p place) put(t *testing.T, key, body string, header http.Header) answer {
	t.Helper()
	a := call{method: http.MethodPut, path: p.at(key), body: body, header: header}.to(t, p.Config)
	require.Equal(t, http.StatusOK, a.status, a.body)
	return a
}

// kase is one thing that R2 does, in the same words whoever does it.
type kase struct {
	do   func(t *testing.T, p place) string
	want string // what R2 says, and the fake
}

// cases is the one table that the fake and miniflare are held to.
func cases() map[string]kase {
	all := map[string]kase{}
	for area, table := range map[string]map[string]kase{
		"signature": signatureCases(), "presign": presignCases(), "put": putCases(), "get": getCases(),
		"list": listCases(), "multipart": multipartCases(), "copy": copyCases(), "bucket": bucketCases(),
	} {
		for name, k := range table {
			all[area+": "+name] = k
		}
	}
	return all
}

// play plays the whole table against a bucket. Every answer must be the one wanted, but for
// those in allowed, which must be as they are listed and still be differences.
func play(t *testing.T, cfg r2.Config, allowed map[string]difference) {
	t.Helper()
	table := cases()
	for name := range allowed {
		assert.Contains(t, table, name, "a difference of no case")
	}
	run := strconv.FormatInt(time.Now().UnixNano(), 36)
	for name, k := range table {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := strings.Map(func(r rune) rune {
				if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
					return r
				}
				return '-'
			}, strings.ToLower(name))
			got := k.do(t, place{Config: cfg, prefix: run + "/" + key + "/"})
			d, ok := allowed[name]
			if !ok {
				require.Equal(t, k.want, got, "a difference that is not listed")
				return
			}
			require.NotEqual(t, k.want, got, "the difference is gone: take it off the list")
			require.Equal(t, d.says, got, "it differs otherwise than listed")
		})
	}
}

// difference is a case in which a real server says something else than R2 does.
type difference struct {
	says string
	why  string
}

func TestCases(t *testing.T) {
	t.Parallel()
	srv := open(t, r2test.Options{})
	cfg := srv.Config()
	cfg.Endpoint = srv.URL
	play(t, cfg, nil)
	cfg.Endpoint += r2.MiniflarePath
	play(t, cfg, nil)
}

func signatureCases() map[string]kase {
	sent := func(c call) func(*testing.T, place) string {
		return func(t *testing.T, p place) string {
			t.Helper()
			c.method, c.path = http.MethodPut, p.at("key")
			return p.say(t, c)
		}
	}
	return map[string]kase{
		"good":             {do: sent(call{body: "x"}), want: "200"},
		"us-east-1":        {do: sent(call{body: "x", region: "us-east-1"}), want: "200"},
		"wrong region":     {do: sent(call{body: "x", region: "mars"}), want: "400 InvalidRegionName"},
		"unsigned payload": {do: sent(call{body: "x", header: http.Header{"X-Amz-Content-Sha256": {"UNSIGNED-PAYLOAD"}}}), want: "200"},
		"wrong secret":     {do: sent(call{secret: "no"}), want: "403 SignatureDoesNotMatch"},
		"wrong key ID":     {do: sent(call{key: "no"}), want: "401 Unauthorized"},
		"anonymous":        {do: sent(call{unsigned: true}), want: "400 InvalidArgument"},
		"another scheme":   {do: sent(call{after: set("Authorization", "Basic eDp5")}), want: "400 InvalidRequest"},
		"old":              {do: sent(call{at: time.Now().Add(-16 * time.Minute)}), want: "403 RequestTimeTooSkewed"},
		"of tomorrow":      {do: sent(call{at: time.Now().Add(24 * time.Hour)}), want: "403 RequestTimeTooSkewed"},
		"tampered path":    {do: sent(call{after: func(r *http.Request) { r.URL.Path += "x" }}), want: "403 SignatureDoesNotMatch"},
		"tampered query":   {do: sent(call{after: func(r *http.Request) { r.URL.RawQuery = "a=b" }}), want: "403 SignatureDoesNotMatch"},
		"tampered header": {do: sent(call{
			header: http.Header{"Content-Type": {"a/b"}}, after: set("Content-Type", "b/c"),
		}), want: "403 SignatureDoesNotMatch"},
		"unsigned header": {do: sent(call{after: set("X-Amz-Meta-A", "b")}), want: "403 AccessDenied"},
		"tampered body": {do: sent(call{body: "x", after: func(r *http.Request) {
			r.Body = http.NoBody
			r.ContentLength = 0
		}}), want: "403 SignatureDoesNotMatch"},
		"odd key": {do: func(t *testing.T, p place) string {
			t.Helper()
			return p.say(t, call{method: http.MethodPut, path: p.at("a%20b%2Bc%25%3F%23%26//%E4%B8%AD/"), body: "x"})
		}, want: "200"},
	}
}

func presignCases() map[string]kase {
	fetched := func(ago time.Duration, change func(string) string) func(*testing.T, place) string {
		return func(t *testing.T, p place) string {
			t.Helper()
			p.put(t, "key", "x", nil)
			cfg := p.Config
			cfg.Now = func() time.Time { return time.Now().Add(-ago) }
			c, err := r2.New(cfg)
			require.NoError(t, err)
			signed, err := c.PresignGet(t.Context(), p.prefix+"key", time.Minute, nil)
			require.NoError(t, err)
			return p.bare(t, http.MethodGet, change(signed.URL), "")
		}
	}
	same := func(u string) string { return u }
	typed := func(contentType string) func(*testing.T, place) string {
		return func(t *testing.T, p place) string {
			t.Helper()
			c, err := r2.New(p.Config)
			require.NoError(t, err)
			signed, err := c.PresignPut(t.Context(), p.prefix+"key", time.Minute, &r2.PresignOptions{ContentType: "image/png"})
			require.NoError(t, err)
			return p.bare(t, http.MethodPut, signed.URL, contentType)
		}
	}
	return map[string]kase{
		"good":              {do: fetched(0, same), want: "200"},
		"tampered key":      {do: fetched(0, replace("/key?", "/kez?")), want: "403 SignatureDoesNotMatch"},
		"expired":           {do: fetched(time.Hour, same), want: "400 ExpiredRequest"},
		"8 days":            {do: fetched(0, replace("Expires=60", "Expires=691200")), want: "400 InvalidArgument"},
		"no time":           {do: fetched(0, replace("Expires=60", "Expires=0")), want: "400 ExpiredRequest"},
		"less than no time": {do: fetched(0, replace("Expires=60", "Expires=-1")), want: "400 ExpiredRequest"},
		"time of no number": {do: fetched(0, replace("Expires=60", "Expires=x")), want: "400 InvalidArgument"},
		"right type":        {do: typed("image/png"), want: "200"},
		"wrong type":        {do: typed("text/html"), want: "403 SignatureDoesNotMatch"},
	}
}

// bare sends a request as whoever was given the URL does.
func (p place) bare(t *testing.T, method, url, contentType string) string {
	t.Helper()
	path, ok := strings.CutPrefix(url, p.Endpoint)
	require.True(t, ok, "%s is not of %s", url, p.Endpoint)
	return p.say(t, call{method: method, path: path, unsigned: true, after: func(r *http.Request) {
		r.Header.Del("X-Amz-Content-Sha256")
		if contentType != "" {
			r.Header.Set("Content-Type", contentType)
		}
	}})
}
