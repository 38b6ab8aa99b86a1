package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"golang.org/x/net/html"
)

// hostile are names of files that try to be more than names.
func hostile() []string {
	names := []string{
		`<script>alert(1)</script>.png`, `" onerror="alert(1).png`, `'><img src=x onerror=alert(1)>.png`, `](javascript:alert(1)).png`, `![x](y).png`,
		"a\\]b`c*d_e.png", "{{.}}.png", "</script><!--.png", "</style>.png", "&lt;b&gt;.png", "-.png", "x...png.png", "# heading.png", "~~gone~~ **bold**.png",
		"平湖 秋月.png", "\u202egnp.exe.png", "\u2066x.png", "a b_c-d.png", "%41%2f.png", "http:\\\\evil.example.png", "$(rm -rf).png", "`id`.png",
	}
	if runtime.GOOS != "windows" {
		names = append(names, "line\nbreak.png", "\x1b[31mred\x1b[0m\a.png", "tab\there\r.png", "\u0085next.png")
	}
	return names
}

// Names of files come into a page, Markdown, JSON and a terminal, and stay names in each.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		hostileOn(t, []string{"](javascript&colon;alert(1)).png", "a`b_c.png", "{{.}}.png"})
		return
	}
	hostileOn(t, hostile())
}

func hostileOn(t *testing.T, names []string) {
	t.Helper()
	w := newWorld(t)
	data := demo(t, "lighthouse.gif")
	for _, name := range names {
		require.NoError(t, os.WriteFile(filepath.Join(w.folder, strings.ReplaceAll(name, "/", "∕")), data, 0o600))
	}
	got := w.done("-json")
	var r Report
	require.NoError(t, json.Unmarshal([]byte(got.out), &r))
	require.Len(t, r.Pictures, len(names))
	w.once(1)
	assert.False(t, strings.ContainsAny(got.screen, "\x1b\a\r\u202e\u2066\u0085"), "nothing drives the terminal")

	page, err := os.ReadFile(filepath.Join(w.out, "gallery.html"))
	require.NoError(t, err)
	doc, err := html.Parse(bytes.NewReader(page))
	require.NoError(t, err)
	count := map[string]int{}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		count[n.Data]++
		for _, a := range n.Attr {
			assert.False(t, strings.HasPrefix(a.Key, "on"), "%s has %s", n.Data, a.Key)
			if a.Key == "src" || a.Key == "href" {
				assert.Equal(t, r.Pictures[0].URL, a.Val)
			}
		}
	}
	assert.Equal(t, len(names), count["img"])
	assert.Equal(t, 3*len(names), count["button"])
	assert.Equal(t, 1, count["script"])
	assert.Zero(t, count["b"])

	for _, l := range r.Pictures {
		checkLink(t, l)
	}
	for _, name := range []string{"links.md", "links.json"} {
		text, err := os.ReadFile(filepath.Join(w.out, name))
		require.NoError(t, err)
		assert.False(t, bytes.ContainsAny(text, "\x1b\a\u202e"), name)
	}
	markdown, err := os.ReadFile(filepath.Join(w.out, "links.md"))
	require.NoError(t, err)
	var rendered bytes.Buffer
	require.NoError(t, goldmark.Convert(markdown, &rendered))
	assert.Equal(t, len(names), strings.Count(rendered.String(), "<img "))
	assert.Equal(t, len(names), strings.Count(rendered.String(), "<h2>"))
	assert.Equal(t, len(names), strings.Count(rendered.String(), "<a href="))
	assert.NotContains(t, rendered.String(), "raw HTML omitted")
}

// checkLink has the snippets read by those who will read them: each is one picture, with the address and the words.
func checkLink(t *testing.T, l Link) {
	t.Helper()
	var rendered bytes.Buffer
	require.NoError(t, goldmark.Convert([]byte(l.Markdown), &rendered))
	for spelling, text := range map[string]string{"Markdown": rendered.String(), "HTML": l.HTML} {
		doc, err := html.Parse(strings.NewReader(text))
		require.NoError(t, err)
		pictures := 0
		for n := range doc.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			switch n.Data {
			case "html", "head", "body", "p":
			case "img":
				pictures++
				at := map[string]string{}
				for _, a := range n.Attr {
					at[a.Key] = a.Val
				}
				assert.Equal(t, l.URL, at["src"], "%s of %q", spelling, l.Name)
				assert.Equal(t, l.Alt, at["alt"], "%s of %q", spelling, l.Name)
			default:
				assert.Fail(t, "more than a picture", "%s of %q: %s", spelling, l.Name, n.Data)
			}
		}
		assert.Equal(t, 1, pictures, "%s of %q", spelling, l.Name)
	}
}

func TestAlt(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"a/b/harbour_at-dusk.jpg": "harbour at dusk", "IMG_2034.JPG": "IMG 2034", "平湖秋月.png": "平湖秋月", "--.png": "picture", ".png": "picture", "no extension": "no extension",
		"a.b.c.png": "a.b.c", "\x1b[1mbold.png": "\uFFFD[1mbold",
	} {
		assert.Equal(t, want, altOf(name), name)
	}
}

func FuzzLink(f *testing.F) {
	for _, name := range hostile() {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		p := Picture{Name: name, Key: "sha256/" + strings.Repeat("0", 64) + ".png", Width: 1, Height: 1}
		links, err := linksOf([]Picture{p}, "", func(key string) (string, error) { return "https://img.example.com/" + key, nil })
		require.NoError(t, err)
		checkLink(t, links[0])
	})
}

// The page names nothing but the pictures: no script, style or font of anybody else.
func TestPageStandsAlone(t *testing.T) {
	t.Parallel()
	out, err := gallery([]Link{{Name: "a.png", URL: "https://img.example.com/sha256/a.png", Markdown: "![a](u)", HTML: "<img>", Width: 4, Height: 3}}, "https://img.example.com", English)
	require.NoError(t, err)
	text := string(out)
	doc, err := html.Parse(bytes.NewReader(out))
	require.NoError(t, err)
	policy := ""
	for n := range doc.Descendants() {
		if n.Data == "meta" && slices.Contains(n.Attr, html.Attribute{Key: "http-equiv", Val: "Content-Security-Policy"}) {
			policy = n.Attr[1].Val + ";"
		}
	}
	assert.Contains(t, policy, "default-src 'none'; img-src https://img.example.com; style-src ")
	for directive, file := range map[string]string{"style-src": "page/gallery.css", "script-src": "page/gallery.js"} {
		data, err := page.ReadFile(file)
		require.NoError(t, err)
		assert.Contains(t, policy, directive+" '"+policyHash(data)+"';")
	}
	assert.NotContains(t, policy, "unsafe-inline")
	assert.False(t, strings.Contains(text, "ZgotmplZ"), "the template has refused something") //nolint:testifylint // it would print the page
	for _, at := range []string{"src=", "href="} {
		for i := range strings.SplitSeq(text, at) {
			if rest, quoted := strings.CutPrefix(i, `"`); quoted {
				assert.True(t, strings.HasPrefix(rest, "https://img.example.com/"), "%.40q", rest)
			}
		}
	}
	for _, word := range []string{"@import", "url(", "fetch(", "XMLHttpRequest", "//cdn"} {
		assert.False(t, strings.Contains(text, word), word) //nolint:testifylint // it would print the page
	}
	_, err = gallery(nil, "img.example.com", English)
	require.Error(t, err)
	assert.True(t, strings.Contains(text, `data-copy="&lt;img&gt;"`)) //nolint:testifylint // it would print the page
}
