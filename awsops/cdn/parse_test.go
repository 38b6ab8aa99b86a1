package cdn_test

import (
	"crypto/x509"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/cdn"
)

// Names of certificates are read as crypto/x509 reads them.
func TestCoversAsX509Does(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"a.example.com", "*.example.com", "*.com", "A.Example.COM", "*", "*.a.example.com", "w*.example.com"} {
		for _, host := range []string{"a.example.com", "A.EXAMPLE.com.", "b.a.example.com", "example.com", "com", "x.com", ".example.com"} {
			cert := &x509.Certificate{DNSNames: []string{pattern}}
			assert.Equal(t, cert.VerifyHostname(host) == nil, cdn.Covers(pattern, host), "%s for %s", pattern, host)
		}
	}
	assert.True(t, cdn.Covers("*.example.com", "*.example.com"), "an alias may be a wildcard itself")
	assert.False(t, cdn.Covers("*.com", "*.example.com"))
}

func TestWhereRedirectsLead(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		location, path string
		through, ok    bool
	}{
		"relative":             {location: "next", path: "/a/next", through: true, ok: true},
		"absolute path":        {location: "/x?y=1", path: "/x?y=1", through: true, ok: true},
		"only a query":         {location: "?y=1", path: "/a/b?y=1", through: true, ok: true},
		"up":                   {location: "../../..", path: "/", through: true, ok: true},
		"the alias":            {location: "http://WWW.example.com:80/x", path: "/x", through: true, ok: true},
		"the origin":           {location: "https://origin.example.com", path: "/", ok: true},
		"without a scheme":     {location: "//www.example.com/x", path: "/x", through: true, ok: true},
		"elsewhere":            {location: "https://login.example.net/x"},
		"another scheme":       {location: "mailto:x@example.com"},
		"no URL":               {location: "http://[::1"},
		"a user in front":      {location: "https://www.example.com@evil.example/x"},
		"a fragment":           {location: "/x#y", path: "/x", through: true, ok: true},
		"a wildcard's subname": {location: "https://a.shop.example.com/x", path: "/x", through: true, ok: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, through, ok := cdn.Follow(origin, []string{alias, "*.shop.example.com"}, "/a/b?q=1", tt.location)
			assert.Equal(t, tt.ok, ok)
			if ok {
				assert.Equal(t, tt.path, path)
				assert.Equal(t, tt.through, through)
			}
		})
	}
}

// Everything that is derived from an ID is the same in every process, and fits.
func TestWhatDerivesFromAnID(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "m-shop-distribution-58d6f68a", cdn.Reference("shop"), "it must never change: others would be made")
	assert.LessOrEqual(t, len(cdn.Reference(strings.Repeat("x", 40))), 64)
	assert.Equal(t, []string{"E1SABCDEFGHIJK"}, cdn.DistributionIDs("associated with another distribution. Already exists: E1SABCDEFGHIJK."))
	assert.Empty(t, cdn.DistributionIDs("Everything is fine; EXISTS Already"), "words are no IDs; what looks like one is confirmed")
}

func FuzzMarked(f *testing.F) {
	f.Add("shop", "the shop")
	f.Add("a-1", "]")
	f.Add("abc", "[awsops:cdn other]")
	f.Fuzz(func(t *testing.T, id, text string) {
		if cdn.ValidID(id) {
			require.Equal(t, id, cdn.Marked(cdn.Mark(id)+" "+text))
		}
		_ = cdn.Marked(text)
	})
}

func FuzzCheckPath(f *testing.F) {
	for _, s := range []string{"/", "/*", "/a?b=c", "x", "/é", "/**"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if cdn.CheckPath(path) == nil {
			require.True(t, strings.HasPrefix(path, "/"))
			require.LessOrEqual(t, strings.Count(path, "*"), 1)
			require.Equal(t, len(path), utf8.RuneCountInString(path))
			require.NotContains(t, path, "\n")
		}
	})
}

func FuzzCheckHost(f *testing.F) {
	for _, s := range []string{"a.example.com", "*.example.com", "1.2.3.4", "[::1]", "a..b", "-a.b", "ec2-1-2-3-4.compute-1.amazonaws.com"} {
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, name string, wildcard bool) {
		if cdn.CheckHost(name, wildcard) == nil {
			require.LessOrEqual(t, len(name), 256)
			require.Contains(t, name, ".")
			require.NotContains(t, name, "/")
			require.True(t, cdn.Covers(name, name))
		}
	})
}

func FuzzFollow(f *testing.F) {
	for _, s := range []string{"/", "x", "https://www.example.com/x", "//x", "?a", "..", "http://[", "%zz"} {
		f.Add("/a/b?c=d", s)
	}
	f.Fuzz(func(t *testing.T, path, location string) {
		if !strings.HasPrefix(path, "/") {
			path = "/" + path
		}
		if next, _, ok := cdn.Follow(origin, []string{alias}, path, location); ok {
			require.True(t, strings.HasPrefix(next, "/"), "%q", next)
		}
		if next, ok := cdn.FollowView(alias, path, location); ok {
			require.True(t, strings.HasPrefix(next, "/"), "%q", next)
		}
	})
}

func FuzzDistributionIDs(f *testing.F) {
	f.Add("Already exists: E1SABCDEFGHIJK")
	f.Fuzz(func(t *testing.T, reason string) {
		for _, id := range cdn.DistributionIDs(reason) {
			require.Contains(t, reason, id)
			require.LessOrEqual(t, len(id), 32)
		}
	})
}
