package article

import (
	"encoding/base64"
	"strings"

	"golang.org/x/net/html"
)

// Preview makes a page of its own of rendered HTML: the article in the width of a phone (375 px) with title and author
// above it, and a switch between light and dark. The HTML is exactly what would be sent, but for the addresses of
// pictures: WeChat serves them to nobody else, so pictures maps them to their bytes, which become part of the page. A
// picture that is not in the map is shown as a box with its address. The page loads nothing and runs no script.
//
// The dark side is an approximation: WeChat chooses its own colours there, element by element.
func Preview(content, title, author string, pictures map[string][]byte) []byte {
	known := make(map[string][]byte, len(pictures))
	for src, data := range pictures {
		known[secure(src)] = data
	}
	var b strings.Builder
	b.WriteString(previewHead)
	b.WriteString("<title>" + html.EscapeString(title) + "</title>\n</head>\n<body>\n" + previewSwitch)
	b.WriteString(`<main><h1 class="title">` + html.EscapeString(title) + "</h1>\n")
	if author != "" {
		b.WriteString(`<p class="author">` + html.EscapeString(author) + "</p>\n")
	}
	b.WriteString("<div class=\"content\">\n")
	embed(&b, content, known)
	b.WriteString("\n</div></main>\n</body>\n</html>\n")
	return []byte(b.String())
}

// embed copies HTML as it is, but for <img>.
func embed(b *strings.Builder, content string, known map[string][]byte) {
	z := html.NewTokenizer(strings.NewReader(content))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return
		}
		raw := string(z.Raw())
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			b.WriteString(raw)
			continue
		}
		t := z.Token()
		if t.Data != "img" {
			b.WriteString(raw)
			continue
		}
		src := attribute(t, "src")
		data, ok := known[secure(src)]
		if !ok {
			b.WriteString(`<span class="missing">图片缺失 (picture not given)<br>` + html.EscapeString(shown(src)) + "</span>")
			continue
		}
		b.WriteString("<img")
		for _, a := range t.Attr {
			if a.Key == "src" {
				a.Val = "data:" + sniff(data) + ";base64," + base64.StdEncoding.EncodeToString(data)
			}
			b.WriteString(" " + a.Key + `="` + html.EscapeString(a.Val) + `"`)
		}
		b.WriteString(">")
	}
}

const previewHead = `<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<style>
body { margin: 0; background: #e9e9eb; font-family: -apple-system, BlinkMacSystemFont, "PingFang SC", "Hiragino Sans GB", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; }
input[type=radio] { margin: 12px 4px 12px 16px; }
label { font-size: 13px; color: #555; }
main { box-sizing: border-box; width: 375px; max-width: 100%; margin: 0 auto 32px; padding: 24px 16px 40px; background: #fff; color: #1f1f1f; box-shadow: 0 1px 8px rgba(0,0,0,.12); overflow-x: hidden; }
.bar { width: 375px; max-width: 100%; margin: 0 auto; }
.title { margin: 0 0 10px; font-size: 22px; line-height: 1.4; font-weight: 500; }
.author { margin: 0 0 22px; font-size: 15px; color: #8a8a8a; }
.missing { display: inline-block; box-sizing: border-box; width: 100%; padding: 24px 12px; border: 2px dashed #d05a3a; border-radius: 6px; color: #d05a3a; font-size: 13px; line-height: 1.6; text-align: center; text-indent: 0; word-break: break-all; }
body:has(#dark:checked) main { filter: invert(.9) hue-rotate(180deg); }
body:has(#dark:checked) main img { filter: invert(1) hue-rotate(180deg) brightness(1.05); }
body:has(#dark:checked) { background: #0c0c0c; }
body:has(#dark:checked) label { color: #aaa; }
@media (prefers-color-scheme: dark) {
body:has(#auto:checked) main { filter: invert(.9) hue-rotate(180deg); }
body:has(#auto:checked) main img { filter: invert(1) hue-rotate(180deg) brightness(1.05); }
body:has(#auto:checked) { background: #0c0c0c; }
body:has(#auto:checked) label { color: #aaa; }
}
</style>
`

const previewSwitch = `<div class="bar"><input type="radio" name="scheme" id="auto" checked><label for="auto">自动</label><input type="radio" name="scheme" id="light"><label for="light">浅色</label><input type="radio" name="scheme" id="dark"><label for="dark">深色</label></div>
`
