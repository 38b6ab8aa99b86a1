package wechattest

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

var (
	styleEntity = regexp.MustCompile(`(?is)\sstyle\s*=\s*("[^"]*&[^"]*"|'[^']*&[^']*')`)
	position    = regexp.MustCompile(`(?i)(^|;)\s*position\s*:[^;]*`)
)

// clean is what the platform keeps of an article's HTML. Elements of code go with what is in them; classes, ids and
// handlers go; a style with an entity becomes empty; pictures from elsewhere go; links to the outside and div lose
// their tag's meaning.
func clean(content string) string {
	var out strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(content))
	skip := 0        // depth inside of an element that goes as a whole
	var links []bool // whether each open <a> was kept
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			return out.String()
		}
		raw := string(tokens.Raw())
		if kind == html.TextToken {
			if skip == 0 {
				out.WriteString(raw)
			}
			continue
		}
		if kind == html.CommentToken || kind == html.DoctypeToken {
			continue
		}
		t := tokens.Token()
		if slices.Contains([]string{"script", "style", "iframe", "object", "embed", "form"}, t.Data) {
			switch kind {
			case html.StartTagToken:
				skip++
			case html.EndTagToken:
				skip = max(0, skip-1)
			}
			continue
		}
		if skip > 0 || slices.Contains([]string{"link", "meta", "base", "html", "head", "body"}, t.Data) {
			continue
		}
		switch {
		case t.Data == "a" && kind == html.StartTagToken:
			keep := strings.HasPrefix(attr(t, "href"), "https://mp.weixin.qq.com/") || strings.HasPrefix(attr(t, "href"), "http://mp.weixin.qq.com/")
			links = append(links, keep)
			if !keep {
				continue
			}
		case t.Data == "a" && kind == html.EndTagToken:
			keep := len(links) > 0 && links[len(links)-1]
			links = links[:max(0, len(links)-1)]
			if !keep {
				continue
			}
		case t.Data == "img" && !onPictureHost(attr(t, "src")):
			continue
		case t.Data == "div":
			t.Data, t.Attr = "p", nil
		}
		writeTag(&out, kind, t, raw)
	}
}

func attr(t html.Token, key string) string {
	for _, a := range t.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func onPictureHost(src string) bool {
	for _, prefix := range []string{"http://mmbiz.qpic.cn/", "https://mmbiz.qpic.cn/", "http://mmbiz.qlogo.cn/", "https://mmbiz.qlogo.cn/"} {
		if strings.HasPrefix(src, prefix) {
			return true
		}
	}
	return false
}

func writeTag(out *strings.Builder, kind html.TokenType, t html.Token, raw string) {
	if kind == html.EndTagToken {
		out.WriteString("</" + t.Data + ">")
		return
	}
	out.WriteString("<" + t.Data)
	for _, a := range t.Attr {
		switch {
		case a.Key == "class" || a.Key == "id" || strings.HasPrefix(a.Key, "on"):
			continue
		case a.Key == "style" && styleEntity.MatchString(raw):
			a.Val = ""
		case a.Key == "style":
			a.Val = strings.TrimLeft(position.ReplaceAllString(a.Val, ""), "; ")
		}
		out.WriteString(" " + a.Key + `="` + strings.NewReplacer("&", "&amp;", `"`, "&quot;").Replace(a.Val) + `"`)
	}
	if kind == html.SelfClosingTagToken {
		out.WriteString("/")
	}
	out.WriteString(">")
}

// bodyText is the text of an article, for the digest.
func bodyText(content string) string {
	var out strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(content))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return strings.Join(strings.Fields(out.String()), " ")
		case html.TextToken:
			out.WriteString(tokens.Token().Data + " ")
		}
	}
}
