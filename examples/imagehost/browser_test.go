//go:build browser

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/devtools"
)

// site is another site: an empty page, under an origin of its own.
func site(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!DOCTYPE html><title>another site</title>")
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// The page in a real browser, from a folder and from a server: every picture comes from the custom domain, that is from
// another origin; the buttons copy; it holds at the width of a phone, light and dark. And what the CORS rule is for: a script of
// the origin that was named reads a picture, and that of another origin does not.
func TestBrowser(t *testing.T) {
	t.Parallel()
	shots := os.Getenv("KITROLL_IMAGEHOST_SHOTS")
	if shots == "" {
		shots = t.TempDir()
	}
	named, other := site(t), site(t)
	out := filepath.Join(t.TempDir(), "out")
	show := begin(t, "-out", out, "-serve", "127.0.0.1:0", "-origin", named)
	b := devtools.Open(t)

	// Scripts of other sites.
	read := func(from string) any {
		return b.Tab(from).Eval(fmt.Sprintf("fetch(%q).then(r => r.blob()).then(b => b.type + ' ' + b.size, e => e.name)", show.picture))
	}
	assert.Equal(t, show.kind, read(named), "the origin that was named reads it")
	assert.Equal(t, "TypeError", read(other), "the other one does not")
	taints := func(from string) any {
		return b.Tab(from).Eval(fmt.Sprintf(`new Promise(end => {
			const i = new Image()
			i.crossOrigin = "anonymous"
			i.onload = () => { const c = document.createElement("canvas"); c.width = c.height = 1; c.getContext("2d").drawImage(i, 0, 0); end(c.toDataURL().slice(0, 10)) }
			i.onerror = () => end("refused")
			i.src = %q
		})`, show.picture))
	}
	assert.Equal(t, "data:image", taints(named), "and may draw it")
	assert.Equal(t, "refused", taints(other))

	file, err := filepath.Abs(filepath.Join(out, "gallery.html"))
	require.NoError(t, err)
	for from, address := range map[string]string{"a folder": (&url.URL{Scheme: "file", Path: filepath.ToSlash(file)}).String(), "a server": show.page} {
		page := b.Tab(address)
		require.EqualValues(t, 6, page.Eval("document.images.length"), from)
		assert.Equal(t, true, page.Eval("[...document.images].every(i => i.loading === 'lazy' && i.alt !== '' && i.width > 0)"))
		page.Eval("for (const i of document.images) i.loading = 'eager'")
		page.Until("[...document.images].every(i => i.complete)")
		assert.EqualValues(t, 0, page.Eval("[...document.images].filter(i => i.naturalWidth === 0).length"), "%s: broken pictures", from)
		assert.Equal(t, true, page.Eval(fmt.Sprintf("[...document.images].every(i => new URL(i.src).origin === %q && i.src.includes('/sha256/'))", show.base)), from)
		assert.NotEqual(t, show.base, page.Eval("location.origin"))
		assert.Equal(t, true, page.Eval("[...document.images].every(i => Math.abs(i.naturalWidth / i.naturalHeight - i.getAttribute('width') / i.getAttribute('height')) < .01)"), "the sizes that the page says")

		// What the names of files try stays text.
		assert.EqualValues(t, 0, page.Eval("document.querySelectorAll('figure b, figure script').length"))
		assert.Contains(t, page.Eval("document.body.textContent"), `<b>quotes" & ticks'.png`)

		// The buttons, whose text arrives where it can be pasted from.
		b.Call("", "Browser.grantPermissions", devtools.Params{"permissions": []string{"clipboardReadWrite", "clipboardSanitizedWrite"}}, nil)
		page.Call(page.Session, "Page.bringToFront", nil, nil)
		for name, want := range map[string]string{"URL": show.base + "/sha256/", "Markdown": "![", "HTML": `<img src="` + show.base} {
			page.Eval(fmt.Sprintf("[...document.querySelectorAll('button')].find(b => b.textContent === %q).click()", name))
			page.Until("document.querySelector('#said.on')?.textContent.startsWith('copied: ') ?? false")
			page.Until(fmt.Sprintf("document.getElementById('said').textContent.startsWith('copied: ' + %q)", want))
			pasted := page.Eval("navigator.clipboard.readText()")
			assert.Equal(t, page.Eval(fmt.Sprintf("[...document.querySelectorAll('button')].find(b => b.textContent === %q).dataset.copy", name)), pasted)
		}
		if from == "a server" {
			for _, width := range []int{390, 1200} {
				page.Resize(width, 900)
				page.Eval("document.querySelector('figure:last-child button:last-child').click()")
				page.Until("document.querySelector('#said.on') !== null")
				assert.EqualValues(t, width, page.Eval("document.documentElement.scrollWidth"), "it is wider than the window")
				assert.Equal(t, true, page.Eval("document.getElementById('said').scrollWidth <= document.getElementById('said').clientWidth"), "what it says goes beyond its edge")
				for _, scheme := range []string{"light", "dark"} {
					page.Scheme(scheme)
					page.Until("getComputedStyle(document.getElementById('said')).opacity === '0'")
					page.Shoot(shots, fmt.Sprintf("%s-%d", scheme, width))
				}
			}
			ground := "getComputedStyle(document.documentElement).backgroundColor"
			dark := page.Eval(ground)
			page.Scheme("light")
			assert.NotEqual(t, dark, page.Eval(ground))
		}
	}

	// Whoever has seen a picture without a script has it in the cache without the header that lets one read it.
	assert.Equal(t, show.kind, b.Tab(named).Eval(fmt.Sprintf("fetch(%q, {cache: 'reload'}).then(r => r.blob()).then(b => b.type + ' ' + b.size)", show.picture)))
	for _, exception := range b.Events("Runtime.exceptionThrown") {
		assert.Fail(t, "an error in the page", exception)
	}
	for _, entry := range b.Events("Log.entryAdded") {
		assert.NotContains(t, entry, "Content Security Policy")
	}
	show.end()
}
