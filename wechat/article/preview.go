package article

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// Preview makes a page of its own of rendered HTML: the article in the width of a phone (390 px) with title and author
// above it, and a switch between light and dark. The HTML is what would be sent, but for the addresses of pictures:
// WeChat serves them to nobody else, so pictures maps them to their bytes, which become part of the page. A picture that
// is not in the map is shown as a box with its address. The page loads nothing and runs no script.
//
// The dark side recolours texts, borders and backgrounds as the makers of WeChat's dark mode describe it, and leaves
// pictures and drawings alone as they do; what an app does may be newer. Elements that change carry a data-dark
// attribute, the only one that is not sent.
// Source: github.com/wechatjs/mp-darkmode, doc/cn/principle.md (read 2026-11).
func Preview(content, title, author string, pictures map[string][]byte) []byte {
	known := make(map[string][]byte, len(pictures))
	for src, data := range pictures {
		known[secure(src)] = data
	}
	page := preview{pictures: known, shades: []shade{daylight()}, tags: []string{""}, rules: map[string]int{}}
	page.copy(content)
	var b strings.Builder
	b.WriteString(previewHead)
	for _, rule := range page.darkRules("body:has(#dark:checked) ") {
		b.WriteString(rule)
	}
	b.WriteString("@media (prefers-color-scheme: dark) {\n")
	for _, rule := range page.darkRules("body:has(#auto:checked) ") {
		b.WriteString(rule)
	}
	b.WriteString("}\n</style>\n<title>" + html.EscapeString(title) + "</title>\n</head>\n<body>\n" + previewSwitch)
	b.WriteString(`<main><h1 class="title">` + html.EscapeString(title) + "</h1>\n")
	if author != "" {
		b.WriteString(`<p class="author">` + html.EscapeString(author) + "</p>\n")
	}
	b.WriteString("<div class=\"content\">\n" + page.b.String() + "\n</div></main>\n</body>\n</html>\n")
	return []byte(b.String())
}

// preview is a page in the making.
type preview struct {
	b        strings.Builder
	pictures map[string][]byte

	shades []shade // of the elements that are open
	tags   []string
	rules  map[string]int // what the dark mode changes, by its CSS, to its number
	order  []string
}

// copy copies HTML as it is, but for <img> and for the numbers of what becomes dark.
func (p *preview) copy(content string) {
	z := html.NewTokenizer(strings.NewReader(content))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return
		}
		raw := string(z.Raw()) // before Token, which works in the same bytes
		t := z.Token()
		switch kind {
		case html.EndTagToken:
			p.b.WriteString(raw)
			for i := len(p.tags) - 1; i > 0; i-- {
				if p.tags[i] == t.Data {
					p.tags, p.shades = p.tags[:i], p.shades[:i]
					break
				}
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			number := p.enter(t, kind == html.SelfClosingTagToken)
			if t.Data == "img" {
				p.image(t)
				continue
			}
			end := strings.TrimSuffix(strings.TrimSuffix(raw, ">"), "/")
			p.b.WriteString(end + number + raw[len(end):])
		default:
			p.b.WriteString(raw)
		}
	}
}

// enter looks at how an element becomes dark, and gives the attribute that says so.
func (p *preview) enter(t html.Token, closed bool) string {
	inner, over := p.shades[len(p.shades)-1].in(t.Data, attribute(t, "style"))
	if !closed && !voidTag(t.Data) {
		p.tags, p.shades = append(p.tags, t.Data), append(p.shades, inner)
	}
	if len(over) == 0 {
		return ""
	}
	css := strings.Join(over, "!important;") + "!important"
	if _, ok := p.rules[css]; !ok {
		p.rules[css] = len(p.order)
		p.order = append(p.order, css)
	}
	return ` data-dark="` + strconv.Itoa(p.rules[css]) + `"`
}

func (p *preview) darkRules(when string) []string {
	rules := []string{
		when + fmt.Sprintf("main { background: %s; color: %s; }\n", gray(darkPage), gray(darkText)),
		strings.TrimSpace(when) + " { background: #0c0c0c; }\n",
		when + "label { color: #aaa; }\n",
		when + ".content a { color: #7d90a9; }\n",
	}
	for i, css := range p.order {
		rules = append(rules, fmt.Sprintf("%s[data-dark=\"%d\"] { %s; }\n", when, i, css))
	}
	return rules
}

func (p *preview) image(t html.Token) {
	src := attribute(t, "src")
	if src == "" {
		src = attribute(t, "data-src") // as WeChat gives it back
	}
	data, ok := p.pictures[secure(src)]
	if !ok {
		p.b.WriteString(`<span class="missing">图片缺失 (picture not given)<br>` + html.EscapeString(shown(src)) + "</span>")
		return
	}
	p.b.WriteString(`<img src="data:` + sniff(data) + ";base64," + base64.StdEncoding.EncodeToString(data) + `"`)
	for _, a := range t.Attr {
		if a.Key != "src" && a.Key != "data-src" {
			p.b.WriteString(" " + a.Key + `="` + html.EscapeString(a.Val) + `"`)
		}
	}
	p.b.WriteString(">")
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
main { box-sizing: border-box; width: 390px; max-width: 100%; margin: 0 auto; padding: 24px 16px 40px; background: #fff; color: #1f1f1f; box-shadow: 0 1px 8px rgba(0,0,0,.12); overflow-x: hidden; }
.bar { width: 390px; max-width: 100%; margin: 0 auto; }
.title { margin: 0 0 10px; font-size: 22px; line-height: 1.4; font-weight: 500; }
.author { margin: 0 0 22px; font-size: 15px; color: #8a8a8a; }
.content a { color: #576b95; }
.missing { display: inline-block; box-sizing: border-box; width: 100%; padding: 24px 12px; border: 2px dashed #d05a3a; border-radius: 6px; color: #d05a3a; font-size: 13px; line-height: 1.6; text-align: center; text-indent: 0; word-break: break-all; }
`

const previewSwitch = `<div class="bar"><input type="radio" name="scheme" id="auto" checked><label for="auto">自动</label><input type="radio" name="scheme" id="light"><label for="light">浅色</label><input type="radio" name="scheme" id="dark"><label for="dark">深色</label></div>
`
