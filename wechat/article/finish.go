package article

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// finish reads what was written as a browser would and writes it again, element by element from an allow-list. The
// writer produces nothing that is not on it; this is the place that makes it certain, whatever a theme, a highlighter or
// raw HTML brought in.
func finish(source string) (string, error) {
	nodes, err := html.ParseFragment(strings.NewReader(source), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		return "", fmt.Errorf("article: %w", err) // nested deeper than 512 elements
	}
	var b strings.Builder
	for _, n := range nodes {
		if err := put(&b, n); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

func allowed(tag string) bool {
	switch tag {
	case "section", "p", "span", "strong", "em", "u", "del", "sub", "sup", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6",
		"blockquote", "ul", "ol", "li", "table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption", "img", "a", "code", "b", "i":
		return true
	}
	return false
}

func put(b *strings.Builder, n *html.Node) error {
	if n.Type == html.TextNode {
		b.WriteString(escapeText(n.Data))
		return nil
	}
	known := n.Type == html.ElementNode && n.Namespace == "" && allowed(n.Data)
	if known {
		if err := putStart(b, n); err != nil {
			return err
		}
	}
	if n.Type == html.ElementNode && !known && dropsContent(n.Data) {
		return nil
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if err := put(b, c); err != nil {
			return err
		}
	}
	if known && !voidTag(n.Data) {
		b.WriteString("</" + n.Data + ">")
	}
	return nil
}

func putStart(b *strings.Builder, n *html.Node) error {
	b.WriteString("<" + n.Data)
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
		case a.Key == "alt" && n.Data == "img", (a.Key == "colspan" || a.Key == "rowspan") && (n.Data == "td" || n.Data == "th"):
		default:
			continue
		}
		b.WriteString(" " + a.Key + `="` + escapeAttr(a.Val) + `"`)
	}
	if n.Data == "img" && !hasAttr(n, "src") {
		return errors.New("article: a picture lost its address")
	}
	b.WriteByte('>')
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
