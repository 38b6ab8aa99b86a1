package r2_test

import (
	"crypto/sha256"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// Trap 11: key escaping: space + % ? # & é 中 "//", trailing "/"; "." and ".." segments are refused.
func TestKeysArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	keys := []string{
		"a b", "a+b", "100%", "%2F", "a?b", "a#b", "a&b=c", "é", "中", "dir//x", "trail/", "/lead", "//", "a:b@c", "~-._", "..a", "a/...",
		"*'()!", "\"quoted\"", "a\\b", "a\x01b", "line\nbreak", "🙂",
	}
	for _, key := range keys {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			srv, c := opened(t, r2test.Options{})
			_, err := c.Put(t.Context(), key, strings.NewReader("hello"), nil)
			require.NoError(t, err)
			require.Len(t, srv.Objects(), 1)
			assert.Equal(t, key, srv.Objects()[0].Key)
			for e, err := range c.List(t.Context(), "", nil) {
				require.NoError(t, err)
				assert.Equal(t, key, e.Key)
			}
			p, err := c.PresignGet(t.Context(), key, 60e9, nil)
			require.NoError(t, err)
			status, text := use(t, srv, p, "")
			assert.Equal(t, 200, status, text)
			public, err := c.PublicURL(key)
			require.NoError(t, err)
			status, text = use(t, srv, r2.Presigned{Method: "GET", URL: public}, "")
			assert.Equal(t, 200, status, text)
			require.NoError(t, c.Delete(t.Context(), key))
			assert.Empty(t, srv.Objects())
		})
	}
}

func TestContentKey(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ name, content, ext string }{
		"by content":         {name: "x.jpg", content: "\x89PNG\r\n\x1a\n", ext: ".png"},
		"jpeg":               {name: "x.jpeg", content: "\xff\xd8\xff\xe0", ext: ".jpg"},
		"gif":                {content: "GIF89a", ext: ".gif"},
		"webp":               {content: "RIFF0000WEBPVP8 ", ext: ".webp"},
		"pdf":                {content: "%PDF-1.7", ext: ".pdf"},
		"by name":            {name: "dir/style.CSS", content: "a{}", ext: ".css"},
		"html is not svg":    {name: "a.html", content: "<html><svg>", ext: ".html"},
		"a zip may be more":  {name: "a.docx", content: "PK\x03\x04", ext: ".docx"},
		"neither":            {name: "README", content: "text"},
		"odd name":           {name: "a.p n g", content: "text"},
		"name with a query":  {name: "a.png?x=1", content: "text"},
		"empty":              {},
		"svg with a prolog":  {content: "\xef\xbb\xbf<?xml version=\"1.0\"?><!DOCTYPE svg><svg>", ext: ".svg"},
		"svg cut in comment": {name: "a.txt", content: "<!-- svg <svg", ext: ".txt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := fmt.Sprintf("sha256/%x%s", sha256.Sum256([]byte(tt.content)), tt.ext)
			assert.Equal(t, want, r2.ContentKey(tt.name, []byte(tt.content)))
		})
	}
}

func FuzzContentKey(f *testing.F) {
	f.Add("a.png", []byte("\x89PNG\r\n\x1a\n"))
	f.Add("../../etc/passwd", []byte("<svg>"))
	f.Add("a.tar.gz", []byte("<!--"))
	shape := regexp.MustCompile(`^sha256/[0-9a-f]{64}(\.[a-z0-9]{1,10})?$`)
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		key := r2.ContentKey(name, content)
		assert.Regexp(t, shape, key)
		require.NoError(t, r2.CheckKey(key))
		assert.Equal(t, key, r2.ContentKey("other"+path.Ext(name), content))
	})
}

func FuzzEscapeKey(f *testing.F) {
	for _, key := range []string{"a b", "%2F", "..", "é/中//", "a\x00b", strings.Repeat("k", 1025)} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		escaped := r2.EscapeKey(key)
		assert.Regexp(t, `^[A-Za-z0-9\-._~/%]*$`, escaped)
		back, err := url.PathUnescape(escaped)
		require.NoError(t, err)
		assert.Equal(t, key, back)
		if r2.CheckKey(key) != nil {
			return
		}
		u, err := url.Parse("https://host/bucket/" + escaped)
		require.NoError(t, err)
		assert.Equal(t, "/bucket/"+key, u.Path)
		assert.Equal(t, "/bucket/"+escaped, u.EscapedPath(), "net/http sends it as it was signed")
		assert.Equal(t, u.String(), u.ResolveReference(&url.URL{}).String(), "no segment is resolved on the way")
	})
}

func FuzzMetadata(f *testing.F) {
	for _, v := range []string{"plain", " x", "=?utf-8?q?x?=", "é", "图片", "a\r\nb", strings.Repeat("图", 50)} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		sent, err := r2.EncodeMetadata(map[string]string{"k": v}, 0)
		if err != nil {
			return
		}
		for _, c := range []byte(sent["k"]) {
			require.True(t, c >= ' ' && c <= '~', "%q", sent["k"])
		}
		assert.Equal(t, strings.TrimSpace(sent["k"]), sent["k"])
		assert.Equal(t, map[string]string{"k": v}, r2.DecodeMetadata(sent))
	})
}
