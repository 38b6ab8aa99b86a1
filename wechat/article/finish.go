package article

import (
	"errors"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// finish reads what was written as a browser would and writes it again, element by element from an allow-list. The
// writer produces nothing that is not on it; this is the place that makes it certain, whatever a theme, a highlighter or
// raw HTML brought in. lines are the Markdown lines of the elements, in order: the writer leaves them in an attribute.
func finish(source string) (out string, lines []int, err error) {
	root, err := fragment(source)
	if err != nil {
		return "", nil, err // nested deeper than 512 elements
	}
	var f finisher
	for n := root.FirstChild; n != nil; n = n.NextSibling {
		if err := f.put(n, 0); err != nil {
			return "", nil, err
		}
	}
	return f.b.String(), f.lines, nil
}

type finisher struct {
	b     strings.Builder
	lines []int
}

// lineAttr is where the writer leaves an element's line; it is never put out.
const lineAttr = "data-line"

func allowed(tag string) bool {
	switch tag {
	case "section", "p", "span", "strong", "em", "u", "del", "sub", "sup", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6",
		"blockquote", "ul", "ol", "li", "table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption", "img", "a", "code", "b", "i":
		return true
	}
	return false
}

func (f *finisher) put(n *html.Node, line int) error {
	if n.Type == html.TextNode {
		f.b.WriteString(escapeText(n.Data))
		return nil
	}
	known := n.Type == html.ElementNode && (n.Namespace == "" && allowed(n.Data) || n.Namespace == "svg" && svgElement(n.Data))
	if known {
		for _, a := range n.Attr {
			if v, err := strconv.Atoi(a.Val); a.Key == lineAttr && err == nil {
				line = v
			}
		}
		f.lines = append(f.lines, line)
		if err := f.putStart(n); err != nil {
			return err
		}
	}
	if n.Type == html.ElementNode && !known && (dropsContent(n.Data) || n.Namespace != "") {
		return nil
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if err := f.put(c, line); err != nil {
			return err
		}
	}
	if known && !voidTag(n.Data) {
		f.b.WriteString("</" + n.Data + ">")
	}
	return nil
}

func (f *finisher) putStart(n *html.Node) error {
	f.b.WriteString("<" + n.Data)
	for _, a := range n.Attr {
		switch {
		case a.Key == "src" && n.Data == "img":
			if !onWeChat(a.Val) {
				return &PictureError{Ref: shown(a.Val), Err: ErrNotUploaded}
			}
		case a.Key == "style":
			if checkStyle(a.Val) != nil || strings.Trim(a.Val, "; ") == "" {
				continue
			}
		case a.Key == "href" && n.Data == "a":
			if classify(a.Val) != linkArticle {
				continue
			}
		case n.Namespace == "svg" && a.Namespace == "" && svgAttribute(a.Key) && !strings.Contains(strings.ToLower(a.Val), "url("):
		case a.Key == "alt" && n.Data == "img", (a.Key == "colspan" || a.Key == "rowspan") && (n.Data == "td" || n.Data == "th"):
		default:
			continue
		}
		f.b.WriteString(" " + a.Key + `="` + escapeAttr(a.Val) + `"`)
	}
	if n.Data == "img" && !hasAttr(n, "src") {
		return errors.New("article: a picture lost its address")
	}
	f.b.WriteByte('>')
	return nil
}

func hasAttr(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}
