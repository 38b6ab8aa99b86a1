package article

import (
	"fmt"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"golang.org/x/net/html"
)

// What WeChat keeps of an inline SVG: shapes and texts with their paint on them. It drops what is drawn by reference.
// Source: field experience with draft/add and draft/get (read 2026-11).

// svgElement reports the elements that stay.
func svgElement(tag string) bool {
	switch tag {
	case "svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan":
		return true
	}
	return false
}

// svgHint is what to do about one that does not.
func svgHint(tag string) string {
	switch tag {
	case "foreignObject":
		return "write its text as <text> and <tspan>"
	case "use", "symbol", "defs":
		return "draw each shape where it stands, without <defs> and <use> (MathJax: fontCache none)"
	case "linearGradient", "radialGradient", "pattern", "filter", "mask", "clipPath", "marker", "stop":
		return "give each shape a plain fill and stroke, or export the drawing as PNG"
	case "style":
		return "write fill and stroke on each shape"
	case "image":
		return "put the picture into the text by itself"
	case "animate", "animateTransform", "animateMotion", "set":
		return "draw it as it stands still, or make a GIF of it"
	}
	return "export the drawing as PNG"
}

// svgAttribute reports the attributes that stay, on any element of a drawing.
func svgAttribute(key string) bool {
	switch key {
	case "viewBox", "preserveAspectRatio", "transform", "d", "points", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "dx", "dy",
		"width", "height", "fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity", "stroke-linecap", "stroke-linejoin",
		"stroke-dasharray", "stroke-dashoffset", "stroke-miterlimit", "opacity", "color", "style", "font-size", "font-family", "font-weight",
		"font-style", "letter-spacing", "text-anchor", "dominant-baseline", "alignment-baseline", "textLength", "lengthAdjust":
		return true
	}
	return false
}

// idle are attributes that draw nothing: they go without a word.
func idle(key string) bool {
	switch key {
	case "xmlns", "xmlns:xlink", "xlink", "version", "role", "focusable", "tabindex", "id", "class", "lang", "xml:space", "baseProfile":
		return true
	}
	return strings.HasPrefix(key, "aria-") || strings.HasPrefix(key, "data-")
}

// svg writes a drawing, reduced to what stays at WeChat. What would be missing in it is an error.
func (w *writer) svg(n ast.Node, source string) {
	root, err := fragment(source)
	if err != nil {
		w.errs = append(w.errs, err)
		return
	}
	for c := root.FirstChild; c != nil; c = c.NextSibling {
		if c.Namespace == "svg" && c.Data == "svg" {
			w.svgRoot(n, c)
		}
	}
}

func (w *writer) svgRoot(n ast.Node, root *html.Node) {
	if !draws(root) {
		w.refuse("an SVG in which nothing is drawn", "export the drawing as PNG, or take it out")
		return
	}
	css, sized, filled := "", false, false
	keep := root.Attr[:0]
	for _, a := range root.Attr {
		switch a.Key {
		case "width":
			sized = true
			css = style(css, "width:"+withUnit(a.Val))
		case "height":
			css = style(css, "height:"+withUnit(a.Val))
		case "style":
			kept, lost := keepStyle(a.Val)
			if lost {
				w.note(n, "parts of a style that WeChat strips are left out")
			}
			sized = sized || slices.Contains(properties(kept), "width")
			css = style(css, kept)
		default:
			filled = filled || a.Key == "fill"
			keep = append(keep, a)
		}
	}
	if !sized {
		css = style("width:100%", css)
	}
	root.Attr = append(keep, html.Attribute{Key: "style", Val: style(css, "max-width:100%")})
	if !filled {
		root.Attr = append(root.Attr, html.Attribute{Key: "fill", Val: "currentColor"}) // else black, also in the dark
	}
	w.svgNode(n, root)
}

// withUnit makes a CSS length of an SVG one.
func withUnit(v string) string {
	if v = strings.TrimSpace(v); v != "" && strings.Trim(v, "0123456789.") == "" {
		return v + "px"
	}
	return v
}

// draws reports whether there is a shape or a text in a drawing.
func draws(n *html.Node) bool {
	switch n.Data {
	case "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text":
		return n.Type == html.ElementNode
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode && (draws(c) || !svgElement(c.Data)) { // what else there is has an error of its own
			return true
		}
	}
	return false
}

func (w *writer) svgNode(n ast.Node, at *html.Node) {
	switch {
	case at.Type == html.TextNode:
		if at.Parent.Data == "text" || at.Parent.Data == "tspan" {
			w.text(at.Data)
		}
		return
	case at.Type != html.ElementNode, at.Data == "title", at.Data == "desc", at.Data == "metadata":
		return
	case !svgElement(at.Data) || at.Namespace != "svg":
		w.refuse(fmt.Sprintf("<%s> in an SVG", at.Data), svgHint(at.Data))
		return
	}
	w.b.WriteString("<" + at.Data)
	for _, a := range at.Attr {
		val := strings.Join(strings.Fields(a.Val), " ")
		switch {
		case a.Namespace != "" || idle(a.Key):
			continue
		case strings.Contains(strings.ToLower(val), "url("):
			w.refuse(fmt.Sprintf("%s=%q in an SVG", a.Key, clip(val, 40)), svgHint("pattern"))
			continue
		case !svgAttribute(a.Key):
			w.note(n, fmt.Sprintf("%s of <%s> in an SVG is left out", a.Key, at.Data))
			continue
		case a.Key == "style":
			kept, lost := keepStyle(val)
			if lost {
				w.note(n, "parts of a style that WeChat strips are left out")
			}
			if kept == "" {
				continue
			}
			val = kept
		case a.Key == "font-family":
			val = strings.NewReplacer(`"`, "", "'", "").Replace(val)
		case a.Key == "fill" || a.Key == "stroke":
			if c, ok := parseColor(val); ok && c.a > 0 && contrast(c, gray(darkPage)) < 2 {
				w.note(n, "an SVG keeps its colours in the dark mode, and a dark one cannot be seen there: use currentColor or a middle tone")
			}
		}
		w.b.WriteString(" " + a.Key + `="` + escapeAttr(val) + `"`)
	}
	w.endTag()
	for c := at.FirstChild; c != nil; c = c.NextSibling {
		w.svgNode(n, c)
	}
	w.close(at.Data)
}

// refuse remembers something that cannot be shown, once for each line.
func (w *writer) refuse(what, hint string) {
	err := &MarkupError{Line: w.line, What: what, Hint: hint}
	if !slices.ContainsFunc(w.errs, func(e error) bool { return e.Error() == err.Error() }) {
		w.errs = append(w.errs, err)
	}
}

// mathHint is what to do about a formula when nobody was given to render it.
const mathHint = `give RenderOptions a Math function (MathJax and the like write SVG), use a picture, or write \$ for a dollar`

// formula writes TeX as what the caller's function makes of it.
func (w *writer) formula(n ast.Node, tex string, display bool) {
	if w.opts.Math == nil {
		w.refuse(fmt.Sprintf("the formula %q", clip(tex, 40)), mathHint)
		return
	}
	made, err := w.opts.Math(tex, display)
	if err != nil {
		w.errs = append(w.errs, &MarkupError{Line: w.line, What: fmt.Sprintf("the formula %q", clip(tex, 40)), Err: err})
		return
	}
	if want, _ := TeXSource(tex, display); made == want {
		w.note(n, "a formula stays as its source")
	}
	if display {
		w.open("section", w.theme.Formula)
	}
	if root, err := fragment(made); err != nil {
		w.errs = append(w.errs, err)
	} else {
		w.made(n, root)
	}
	if display {
		w.close("section")
	}
}

// made writes the HTML that a caller's function made of a formula.
func (w *writer) made(n ast.Node, parent *html.Node) {
	for c := parent.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type == html.TextNode:
			w.text(c.Data)
		case c.Type != html.ElementNode || c.Data == "mjx-assistive-mml":
		case c.Namespace == "svg" && c.Data == "svg":
			w.svgRoot(n, c)
		case strings.HasPrefix(c.Data, "mjx-"):
			w.made(n, c)
		case c.Data == "img":
			w.madeImage(c)
		case c.Namespace == "" && slices.Contains([]string{"span", "em", "strong", "sub", "sup", "i", "b", "code"}, c.Data):
			css := w.styleOf(c.Data)
			for _, a := range c.Attr {
				if a.Key == "style" {
					kept, _ := keepStyle(a.Val)
					css = style(css, kept)
				}
			}
			w.open(c.Data, css)
			w.made(n, c)
			w.close(c.Data)
		default:
			w.refuse(fmt.Sprintf("<%s> in what the Math function gave", c.Data), "let it write <svg>, <img> with an address at WeChat, or text with span, em, sub and sup")
		}
	}
}

func (w *writer) madeImage(n *html.Node) {
	t := html.Token{Data: n.Data, Attr: n.Attr}
	css, _ := keepStyle(attribute(t, "style"))
	w.image(attribute(t, "src"), attribute(t, "alt"), css)
}
