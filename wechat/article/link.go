package article

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
)

// link is a reference at the end of the article.
type link struct {
	url, text string
	line      int
}

type linkKind int

const (
	linkArticle  linkKind = iota // an article at mp.weixin.qq.com: stays a link
	linkExternal                 // becomes a reference
	linkMail                     // mailto and tel: the address itself is what a reader can use
	linkNowhere                  // in-page, relative or unsafe
)

func classify(raw string) linkKind {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		return linkNowhere
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		host := strings.ToLower(u.Host)
		switch {
		case host == "":
			return linkNowhere
		case host == "mp.weixin.qq.com" && u.User == nil && (u.Path == "/s" || strings.HasPrefix(u.Path, "/s/")):
			return linkArticle
		}
		return linkExternal
	case "mailto", "tel":
		return linkMail
	}
	return linkNowhere
}

// link writes a link: as one where the platform keeps it, else as its text with a number that the end of the article
// explains. WeChat removes links that leave it (accounts with WeChat Pay may keep others).
func (w *writer) link(n ast.Node, dest, text string, children func()) {
	if w.inLink { // a link in a link, which only raw HTML can make
		children()
		return
	}
	w.inLink = true
	defer func() { w.inLink = false }()
	w.openLink(dest)
	children()
	w.closeLink(n, dest, text)
}

func (w *writer) openLink(dest string) {
	switch classify(dest) {
	case linkArticle:
		w.b.WriteString(`<a href="` + escapeAttr(secure(strings.TrimSpace(dest))) + `"`)
		if css := style(w.theme.Link); css != "" {
			w.b.WriteString(` style="` + css + `"`)
		}
		w.endTag()
	case linkExternal:
		w.open("span", w.theme.Link)
	}
}

func (w *writer) closeLink(n ast.Node, dest, text string) {
	dest, text = strings.TrimSpace(dest), strings.Join(strings.Fields(text), " ")
	switch classify(dest) {
	case linkArticle:
		w.close("a")
	case linkExternal:
		w.close("span")
		if text == dest || "http://"+text == dest || "https://"+text == dest {
			w.note(n, "a bare link stays as text: WeChat removes links that leave it")
			return // the reader sees the address already
		}
		number, ok := w.linkNumber[dest]
		if !ok {
			w.links = append(w.links, link{dest, text, w.line})
			number = len(w.links)
			w.linkNumber[dest] = number
		}
		w.note(n, "a link became a reference (引用链接): WeChat removes links that leave it")
		w.mark(fmt.Sprintf("[%d]", number))
	case linkMail:
		if _, address, _ := strings.Cut(dest, ":"); !strings.Contains(text, address) {
			w.text(" (" + address + ")")
		}
	case linkNowhere:
		w.note(n, fmt.Sprintf("the link to %q is left out, its text stays: it leads nowhere at WeChat", clip(dest, 60)))
	}
}

func (w *writer) mark(text string) {
	w.open("sup", w.theme.Ref)
	w.text(text)
	w.close("sup")
}

// references writes the 引用链接 at the end.
func (w *writer) references() {
	if len(w.links) == 0 {
		return
	}
	w.open("section", w.theme.Notes)
	w.noteTitle("引用链接")
	for i, l := range w.links {
		w.line = l.line
		w.open("section", w.theme.Note)
		if l.text == "" {
			w.text(fmt.Sprintf("[%d] %s", i+1, l.url))
		} else {
			w.text(fmt.Sprintf("[%d] %s: %s", i+1, l.text, l.url))
		}
		w.close("section")
	}
	w.close("section")
}

func (w *writer) noteTitle(title string) {
	w.open("section", w.theme.NotesTitle)
	w.text(title)
	w.close("section")
}

// footnoteLink is the mark of a Markdown footnote. It has a letter of its own, so that it is not taken for a reference.
func (w *writer) footnoteLink(n *east.FootnoteLink) { w.mark(fmt.Sprintf("[注%d]", n.Index)) }

func (w *writer) footnotes(list *east.FootnoteList) {
	w.open("section", w.theme.Notes)
	w.noteTitle("注释")
	outer := w.paragraph
	w.paragraph = element{"section", w.theme.Note}
	for n := list.FirstChild(); n != nil; n = n.NextSibling() {
		f, ok := n.(*east.Footnote)
		if !ok {
			continue
		}
		first := f.FirstChild()
		w.at(f)
		w.open("section", w.theme.Note)
		w.text(fmt.Sprintf("[注%d] ", f.Index))
		if isParagraph(first) {
			w.inlines(first)
		}
		w.close("section")
		w.blocksAfter(f, first)
	}
	w.paragraph = outer
	w.close("section")
}

func isParagraph(n ast.Node) bool {
	return n != nil && (n.Kind() == ast.KindParagraph || n.Kind() == ast.KindTextBlock)
}

// onWeChat reports whether an address is on one of the two hosts from which WeChat shows pictures.
func onWeChat(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.User != nil || (u.Scheme != "http" && u.Scheme != "https") {
		return false
	}
	return u.Host == "mmbiz.qpic.cn" || u.Host == "mmbiz.qlogo.cn"
}

// secure makes an http address https; the platform hands out http ones for hosts that speak both.
func secure(raw string) string {
	scheme, rest, ok := strings.Cut(raw, "://")
	if ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")) {
		return "https://" + rest
	}
	return raw
}
