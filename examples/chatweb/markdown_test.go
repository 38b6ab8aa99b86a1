package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

func TestMarkdown(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ in, want string }{
		"text":         {"*a* & **b** `<c>`", "<p><em>a</em> &amp; <strong>b</strong> <code>&lt;c&gt;</code></p>\n"},
		"lines":        {"a\nb", "<p>a<br>\nb</p>\n"},
		"code":         {"```go\nif a < b {}\n```", "<pre><code class=\"language-go\">if a &lt; b {}\n</code></pre>\n"},
		"table":        {"|a|b|\n|:-|-:|\n|1|2|", "align=\"right\">2</td>"},
		"link":         {"[a](https://e.com/?q=1&r)", `<p><a href="https://e.com/?q=1&amp;r" target="_blank" rel="noopener noreferrer nofollow">a</a></p>` + "\n"},
		"mail":         {"<a@e.com>", `<a href="mailto:a@e.com" target="_blank"`},
		"plain link":   {"see www.e.com.", `<a href="http://www.e.com" target="_blank"`},
		"script":       {"a <script>alert(1)</script>", "<p>a &lt;script&gt;alert(1)&lt;/script&gt;</p>\n"},
		"script block": {"<script>\nalert(1)\n\n</script>", "<pre>&lt;script&gt;\nalert(1)\n\n&lt;/script&gt;</pre>\n"},
		"handler":      {`<img src=x onerror="alert(1)">`, "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;"},
		"javascript":   {"[a *b*](javascript:alert(1))", "<p>a <em>b</em> (javascript:alert(1))</p>\n"},
		"in disguise":  {"[a](java&#x73;cript:alert(1))", "<p>a (java&amp;#x73;cript:alert(1))</p>\n"},
		"autolink":     {"<javascript:alert(1)>", "<p>javascript:alert(1)</p>\n"},
		"data":         {"[a](data:text/html;base64,PHNjcmlwdD4=)", "<p>a (data:text/html;base64,PHNjcmlwdD4=)</p>\n"},
		"relative":     {"[a](/chat) [b](#c) [d](//e.com)", "<p>a (/chat) b (#c) d (//e.com)</p>\n"},
		"no host":      {"[a](https:/chat) [b](http:c)", "<p>a (https:/chat) b (http:c)</p>\n"},
		"reference":    {"[a][1]\n\n[1]: vbscript:x \"t\"", "<p>a (vbscript:x)</p>\n"},
		"picture":      {"![a](https://e.com/?leak=secret)", `<p><a href="https://e.com/?leak=secret" target="_blank" rel="noopener noreferrer nofollow">a</a></p>` + "\n"},
		"bare picture": {"![](https://e.com/x.png)", `nofollow">https://e.com/x.png</a>`},
		"data picture": {"![a](data:image/svg+xml,<svg/onload=alert(1)>)", "<p>a (data:image/svg+xml,&lt;svg/onload=alert(1)&gt;)</p>\n"},
		"in a link":    {"[![a](https://e.com/p.png)](https://e.com)", `<p><a href="https://e.com" target="_blank" rel="noopener noreferrer nofollow">a (https://e.com/p.png)</a></p>` + "\n"},
		"in a picture": {"![a [b](https://e.com/b)](https://e.com/p.png)", `nofollow">a b (https://e.com/b)</a></p>`},
		"title":        {`[a](https://e.com "x\" onclick=\"y")`, `title="x&quot; onclick=&quot;y"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := NewMarkdown().Render(tt.in)
			if strings.HasSuffix(tt.want, "\n") {
				assert.Equal(t, tt.want, got)
			} else {
				assert.Contains(t, got, tt.want)
			}
			harmless(t, got)
		})
	}
	assert.Empty(t, NewMarkdown().Render(strings.Repeat("x", maxMarkdown+1)))
	assert.NotEmpty(t, NewMarkdown().Render(strings.Repeat("x", maxMarkdown)))
}

// harmless reads HTML as a browser does, and allows no element, attribute or address beyond what Markdown can say.
func harmless(t *testing.T, rendered string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader("<!doctype html><body><div>" + rendered + "</div>"))
	require.NoError(t, err)
	elements := strings.Fields("html head body div p br hr em strong del code pre blockquote ul ol li h1 h2 h3 h4 h5 h6 a table thead tbody tr th td input")
	attributes := map[string][]string{
		"a": {"href", "title", "target", "rel"}, "code": {"class"}, "ol": {"start"}, "th": {"align"}, "td": {"align"}, "input": {"type", "checked", "disabled"},
	}
	for n := range doc.Descendants() {
		if n.Type == html.CommentNode {
			assert.Fail(t, "a comment", n.Data)
		}
		if n.Type != html.ElementNode {
			continue
		}
		assert.Contains(t, elements, n.Data, rendered)
		for _, a := range n.Attr {
			assert.True(t, slices.Contains(attributes[n.Data], a.Key), "<%s %s=%q>", n.Data, a.Key, a.Val)
			if a.Key == "href" {
				assert.Regexp(t, `^(?i)(https?://|mailto:)`, a.Val)
			}
		}
	}
}

func FuzzMarkdown(f *testing.F) {
	for _, seed := range []string{
		"# a\n\n- b\n  - [c](https://d)\n\n> e\n\n```f\ng\n```\n", "<script>alert(1)</script>", "[a](javascript:x)", "![a](data:x)", "<https://a\"onclick=x>",
		"|a|\n|-|\n|<b>|", "<!-- a -->", "<?a?>", "<![CDATA[a]]>", "[x](<https://a b>)", "[a]: javascript:b\n[a]", "www.a.b\"c", "- [ ] a\n- [x] b", "~~a~~ a@b.c mailto:a@b.c",
	} {
		f.Add(seed)
	}
	m := NewMarkdown()
	f.Fuzz(func(t *testing.T, in string) { harmless(t, m.Render(in)) })
}

func TestBlocks(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ in, whole string }{
		"one line":           {"a", ""},
		"one block":          {"a\nb\n", ""},
		"two":                {"a\n\nb", "a\n\n"},
		"a blank line":       {"a\n \t\nb", "a\n \t\n"},
		"open code":          {"a\n\n```\nb\n\nc", "a\n\n"},
		"closed code":        {"```go\nb\n\nc\n```\n\nd", "```go\nb\n\nc\n```\n\n"},
		"longer fence":       {"````\n```\n\n````\n\nx", "````\n```\n\n````\n\n"},
		"other fence":        {"~~~\n```\n\n~~~\n\nx", "~~~\n```\n\n~~~\n\n"},
		"code in a line":     {"```a``` b\n\nc", "```a``` b\n\n"},
		"a fence with words": {"```\n\n``` no end\n\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var all, steps Blocks
			assert.Equal(t, tt.whole, tt.in[:all.Grow(tt.in)])
			got := 0
			for i := range len(tt.in) + 1 {
				got = steps.Grow(tt.in[:i])
			}
			assert.Equal(t, len(tt.whole), got, "byte by byte")
		})
	}
}

// Markdown that keeps a parser busy is not rendered, and what is rendered is so in a second or two.
func TestTangledMarkdown(t *testing.T) {
	t.Parallel()
	m := NewMarkdown()
	for name, piece := range map[string]string{
		"open": "[", "link": "[a](", "parentheses": "[](((", "images": "![", "quotations": "> ", "lists": "- ", "numbers": "1. ", "both": "> 1) * ",
	} {
		assert.Empty(t, m.Render(strings.Repeat(piece, maxMarkdown/len(piece))), name)
	}
	stairs := ""
	for i := 0; len(stairs) < maxMarkdown/4; i++ {
		stairs += strings.Repeat("  ", i) + "- a\n"
	}
	began := time.Now()
	for name, in := range map[string]string{
		"open":        strings.Repeat("[a", maxBrackets),
		"links":       strings.Repeat("[a](", maxLinks),
		"parentheses": strings.Repeat("[](", maxLinks) + strings.Repeat("(", maxMarkdown/4),
		"depth":       strings.Repeat(strings.Repeat("> ", maxDepth)+"a\n", maxMarkdown/(2*maxDepth+2)),
		"stairs":      stairs,
		"stars":       strings.Repeat("*a ", maxMarkdown/3),
		"ticks":       strings.Repeat("`a``", maxMarkdown/4),
		"references":  strings.Repeat("[a]: b\n", maxBrackets) + "\na\n",
		"a rule":      strings.Repeat("-", maxDepth) + "\n\na\n",
		"a table":     strings.Repeat("|a", 2000) + "\n" + strings.Repeat("|-", 2000) + "\n" + strings.Repeat(strings.Repeat("|b", 2000)+"\n", 10),
	} {
		assert.NotEmpty(t, m.Render(in), name)
	}
	assert.Less(t, time.Since(began), time.Minute)
}
