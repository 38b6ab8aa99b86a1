package article_test

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat/article"
)

var goWords = regexp.MustCompile("(//[^\n]*)|(\"[^\"\n]*\"|`[^`]*`)|\\b(func|if|else|for|range|return|package|import|type|struct|var|const|go|defer)\\b")

// keywords is a highlighter for Go in a few lines: comments, strings and keywords, in middle tones that hold on a light
// ground and on a dark one.
func keywords(lang, code string) (string, bool) {
	if lang != "go" {
		return "", false
	}
	var b strings.Builder
	last := 0
	for _, m := range goWords.FindAllStringSubmatchIndex(code, -1) {
		css := "color:#0f8a7e"
		switch {
		case m[2] >= 0:
			css = "color:#7a8694;font-style:italic"
		case m[6] >= 0:
			css = "color:#c2631f;font-weight:bold"
		}
		fmt.Fprintf(&b, `%s<span style="%s">%s</span>`, html.EscapeString(code[last:m[0]]), css, html.EscapeString(code[m[0]:m[1]]))
		last = m[1]
	}
	return b.String() + html.EscapeString(code[last:]), true
}

// A highlighter is a function: this one knows Go, and leaves other languages plain.
func ExampleRenderOptions() {
	doc, err := article.Parse([]byte("```go\nfunc f() {\n\treturn // done\n}\n```\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := doc.Render(article.RenderOptions{Theme: article.Theme{Name: "bare"}, Highlight: keywords})
	fmt.Println(strings.ReplaceAll(out.HTML, "<br>", "<br>\n"), err)
	// Output:
	// <section><section><code><span style="color:#c2631f;font-weight:bold">func</span> f() {<br>
	// &nbsp;&nbsp;&nbsp;&nbsp;<span style="color:#c2631f;font-weight:bold">return</span>&nbsp;<span style="color:#7a8694;font-style:italic">// done</span><br>
	// }</code></section></section> <nil>
}

// Whatever a highlighter does to a text, its white space stays as it is: the same text comes back from the HTML.
func TestHighlightKeepsWhiteSpace(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]string{
		"indented":          "func f() {\n\tif x {\n\t\treturn\n\t}\n}",
		"spaces in a line":  "a   =  1\nbb  =  2",
		"leading spaces":    "  return\n    return",
		"trailing spaces":   "return  \n\nreturn ",
		"a string of lines": "x := `a\n  b\n\tc`",
		"a blank line":      "a\n\n\nb",
		"a word at the end": "x // a  b",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := article.Parse([]byte("```go\n" + code + "\n```"))
			require.NoError(t, err)
			for _, highlight := range []func(lang, code string) (string, bool){nil, keywords} {
				out, err := d.Render(article.RenderOptions{Highlight: highlight})
				require.NoError(t, err)
				assert.Equal(t, columns(code), reading(out.HTML))
				assert.NotRegexp(t, `(<br>|<code[^>]*>)(<[^>]*>)* | {2}|\n|\t`, out.HTML, "nothing that would collapse")
			}
		})
	}
}

// columns is a text with its tabs as the spaces that they stand for.
func columns(code string) string {
	var b strings.Builder
	col := 0
	for _, r := range code {
		switch r {
		case '\n':
			col = 0
			b.WriteRune(r)
		case '\t':
			for n := 4 - col%4; n > 0; n-- {
				b.WriteByte(' ')
				col++
			}
		default:
			b.WriteRune(r)
			col++
		}
	}
	return b.String()
}

// reading is the code of an article as a reader sees it.
func reading(source string) string {
	_, code, _ := strings.Cut(source, "<code")
	code = regexp.MustCompile(`<br>`).ReplaceAllString("<code"+code, "\n")
	code = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(code, "")
	return strings.ReplaceAll(html.UnescapeString(code), "\u00a0", " ")
}
