package article_test

import (
	"strings"
	"testing"

	"github.com/kitroll/kitroll/wechat/article"
)

func FuzzRender(f *testing.F) {
	for _, md := range []string{
		"# t\n\na **b** [c](https://e.com) ![d](e.png)\n\n- f\n  - g\n\n```go\nh\n```\n\n|i|\n|-|\n|j|",
		"<div class=x onclick=y style=\"position:fixed\">\n\n<p>a<p>b<table><tr><td>c<li>d<a href=\"x\">e<svg>\n\n</svg><script>f",
		"a <b class=c><i id=d>e</b></i><img src=f onerror=g><a href=javascript:h>i</a><script>j</script k",
		"[^1] $x^2$\n\n[^1]: <pre>\n a\tb</pre>\n\n<!-- c", "<plaintext>\n\na", "a <textarea> b\n\n<title>c",
		"<select><option><img src=a></select>", "<math><mi><style><img src=x onerror=y></style></math>", "- [x] a\n  1) b\n\n      c",
		"a $x^2$ b $$y$$\n\n$$\nz<svg><path d=M0 onload=x></svg>\n\n$$\n\n<svg>\n\n<g><text>a<foreignObject><p>b</svg>", "<svg><path d='M0'/><svg><text>x</svg></svg> c <svg",
		"&#x3c;script&#x3e; \\<script> `<script>`", "> <section>\n>\n> a\n\n</section>b", "<table><b>x</b><tr><td><table>y",
	} {
		f.Add(md)
	}
	f.Fuzz(func(t *testing.T, md string) {
		d, err := article.Parse([]byte(md))
		if err != nil {
			return
		}
		for _, ref := range d.Pictures() {
			if ref == "" {
				t.Fatal("an empty reference")
			}
		}
		out, err := d.Render(article.RenderOptions{Pictures: urls(d), Highlight: func(_, code string) (string, bool) { return code, true }, Math: func(tex string, _ bool) (string, error) { return tex, nil }})
		if err != nil {
			return
		}
		holds(t, out.HTML)
		if err := article.Verify(out.HTML, out.HTML); err != nil {
			t.Fatal(err)
		}
		article.Preview(out.HTML, d.Title, "", nil)
	})
}

func FuzzFrontMatter(f *testing.F) {
	f.Add("title: x\nauthor: 'y'\ntags:\n  - z", "body")
	f.Add("title: \"\\\"", "")
	f.Fuzz(func(t *testing.T, front, body string) {
		d, err := article.Parse([]byte("---\n" + front + "\n---\n" + body))
		if err != nil {
			return
		}
		for _, field := range []string{d.Author, d.Digest, d.Cover, d.SourceURL} {
			if strings.ContainsAny(field, "\n") {
				t.Fatalf("a field of several lines: %q", field)
			}
		}
		_ = d.Check()
	})
}

func FuzzSplit(f *testing.F) {
	f.Add("a\n<!-- article -->\n\nb\n```\n<!-- article -->\n```\n<!--ARTICLE-->\r\nc")
	f.Add("\xef\xbb\xbf\n~~~~\n~~~\n<!-- article -->\n~~~~\n<!-- article -->")
	f.Fuzz(func(t *testing.T, md string) {
		lines := strings.Split(strings.TrimPrefix(md, "\xef\xbb\xbf"), "\n")
		last := 0
		for _, text := range article.Split([]byte(md)) {
			first, _, _ := strings.Cut(string(text.Markdown), "\n")
			if text.Line <= last || text.Line > len(lines) || lines[text.Line-1] != first {
				t.Fatalf("line %d is not %q", text.Line, first)
			}
			last = text.Line
			if strings.TrimSpace(string(text.Markdown)) == "" {
				t.Fatal("a part with nothing in it")
			}
		}
	})
}
