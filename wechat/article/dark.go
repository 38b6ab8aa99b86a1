package article

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// WeChat's dark mode, as far as its makers describe it: backgrounds first, then texts and borders by how far their
// brightness is from what is behind them. Gradients, pictures and text shadows are not looked at here.
// Source: github.com/wechatjs/mp-darkmode, doc/cn/principle.md (read 2026-11); what an app does may be newer.
const (
	darkPage = 25  // brightness of the page in the dark
	darkText = 163 // brightness of a text without a colour of its own in the dark
	lightInk = 31  // the same in the light

	nearWhite = 250 // a text that bright stays; a background that bright counts as white
	maxBright = 190 // backgrounds are not brighter
	minLight  = 0.22
	farEnough = 65 // a text that differs so much from its background stays
	tooFar    = darkText - darkPage
)

// darkBackground is what becomes of a background.
func darkBackground(c rgba) rgba {
	page := gray(darkPage).lightness()
	switch l := c.lightness(); {
	case c.neutral() && l > 0.4, c.brightness() > nearWhite:
		v := 255 * min(1, 1+page-l)
		return rgba{v, v, v, c.a}
	case c.brightness() > maxBright:
		return c.scaled(maxBright)
	case l < minLight:
		return c.withLightness(minLight)
	}
	return c
}

// darkInk is what becomes of a text or a border that stands on an opaque background, which has become dark already.
func darkInk(c, behind rgba) rgba {
	for range 2 { // its lightness is turned round at most once
		now, below := c.brightness(), behind.brightness()
		distance := max(now-below, below-now)
		switch {
		case now >= nearWhite:
			return c
		case distance > tooFar && below <= darkPage+2:
			return c.scaled(tooFar + below)
		case distance >= farEnough:
			return c
		case below >= 100 && c.lightness() > 0.5, below < 100 && c.lightness() <= 0.4:
			c = c.withLightness(0.9 - c.lightness())
		case below >= 100:
			return c.scaled(min(tooFar, below-farEnough))
		default:
			return c.scaled(min(tooFar, below+farEnough))
		}
	}
	return c
}

// shade is how an element looks: its text and what is behind it, in the light and in the dark. All but ink and back are
// opaque; those are as declared.
type shade struct {
	light, lightBack rgba
	dark, darkBack   rgba
	ink              rgba    // the text's colour as declared, here or further out
	size             float64 // pixels
	bold             bool
}

func daylight() shade {
	return shade{light: gray(lightInk), lightBack: gray(255), dark: gray(darkText), darkBack: gray(darkPage), ink: gray(lightInk), size: 16}
}

// in is how an element in s looks, given its tag and its style. over is what the dark mode changes about its style.
func (s shade) in(tag, css string) (inner shade, over []string) {
	if len(tag) == 2 && tag[0] == 'h' && tag[1] != 'r' || tag == "strong" || tag == "b" || tag == "th" {
		s.bold = true
	}
	ink, hasInk := rgba{}, false
	var borders [][2]string
	for decl := range strings.SplitSeq(css, ";") {
		name, value, _ := strings.Cut(decl, ":")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		switch {
		case name == "color":
			if c, ok := parseColor(value); ok {
				ink, hasInk = c, true
			}
		case name == "background" || name == "background-color":
			c, ok := colorIn(value)
			if !ok || c.a == 0 {
				continue
			}
			night := darkBackground(c)
			s.lightBack, s.darkBack = c.over(s.lightBack), night.over(s.darkBack)
			over = append(over, "background-color:"+night.String())
			if !hasInk {
				ink, hasInk = s.ink, true // the text is measured against the new background
			}
		case strings.HasPrefix(name, "border"):
			borders = append(borders, [2]string{name, value})
		case name == "font-size":
			s.size = pixels(value, s.size)
		case name == "font-weight":
			s.bold = value == "bold" || value >= "600" && value <= "900" && len(value) == 3
		}
	}
	if tag == "a" && !hasInk && !slices.Contains(properties(css), "color") { // WeChat's own style sheet
		s.ink, s.light, s.dark = rgba{87, 107, 149, 1}, rgba{87, 107, 149, 1}, rgba{125, 144, 169, 1}
	}
	if hasInk {
		night := darkInk(ink, s.darkBack)
		s.ink, s.light, s.dark = ink, ink.over(s.lightBack), night.over(s.darkBack)
		over = append(over, "color:"+night.String())
	}
	for _, b := range borders {
		if c, ok := colorIn(b[1]); ok && c.a > 0 {
			over = append(over, strings.TrimSuffix(b[0], "-color")+"-color:"+darkInk(c, s.darkBack).String())
		}
	}
	return s, over
}

// walk calls visit for every element with how it looks, from the outside to the inside, and text for what stands in it.
func (s shade) walk(n *html.Node, visit func(n *html.Node, s shade, over []string), text func(n *html.Node, s shade)) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch c.Type {
		case html.TextNode:
			if text != nil && strings.TrimSpace(c.Data) != "" {
				text(c, s)
			}
		case html.ElementNode:
			css := ""
			for _, a := range c.Attr {
				if a.Key == "style" {
					css = a.Val
				}
			}
			inner, over := s.in(c.Data, css)
			if visit != nil {
				visit(c, inner, over)
			}
			inner.walk(c, visit, text)
		}
	}
}
