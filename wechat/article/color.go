package article

import (
	"math"
	"strconv"
	"strings"
)

// rgba is a colour as CSS writes it: red, green and blue from 0 to 255, alpha from 0 to 1.
type rgba struct{ r, g, b, a float64 }

func gray(v float64) rgba { return rgba{v, v, v, 1} }

// String is the colour for a style attribute.
func (c rgba) String() string {
	parts := []string{strconv.Itoa(int(math.Round(c.r))), strconv.Itoa(int(math.Round(c.g))), strconv.Itoa(int(math.Round(c.b)))}
	if c.a == 1 {
		return "rgb(" + strings.Join(parts, ",") + ")"
	}
	return "rgba(" + strings.Join(parts, ",") + "," + strconv.FormatFloat(c.a, 'f', -1, 64) + ")"
}

// over is the colour that is seen where c lies on an opaque one.
func (c rgba) over(below rgba) rgba {
	mix := func(a, b float64) float64 { return a*c.a + b*(1-c.a) }
	return rgba{mix(c.r, below.r), mix(c.g, below.g), mix(c.b, below.b), 1}
}

// brightness is how bright an eye finds the colour, from 0 to 255.
func (c rgba) brightness() float64 { return 0.299*c.r + 0.587*c.g + 0.114*c.b }

// scaled is the colour at another brightness, as far as it goes without leaving its hue, then towards white.
func (c rgba) scaled(brightness float64) rgba {
	now := c.brightness()
	if now < 1 {
		return rgba{brightness, brightness, brightness, c.a}
	}
	by := min(brightness/now, 255/max(c.r, c.g, c.b, 1))
	out := rgba{c.r * by, c.g * by, c.b * by, c.a}
	if left := brightness - out.brightness(); left > 0.5 {
		white := rgba{255, 255, 255, left / (255 - out.brightness())}
		out = white.over(out)
		out.a = c.a
	}
	return out
}

// contrast is the ratio of WCAG 2, from 1 to 21, between two opaque colours.
func contrast(a, b rgba) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func (c rgba) luminance() float64 {
	linear := func(v float64) float64 {
		if v /= 255; v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.r) + 0.7152*linear(c.g) + 0.0722*linear(c.b)
}

// lightness is the L of HSL, from 0 to 1.
func (c rgba) lightness() float64 { return (max(c.r, c.g, c.b) + min(c.r, c.g, c.b)) / 510 }

// neutral reports whether the colour is a grey.
func (c rgba) neutral() bool { return c.r == c.g && c.g == c.b }

// withLightness is the colour of the same hue and saturation, as HSL means them, at another lightness.
func (c rgba) withLightness(l float64) rgba {
	old := c.lightness()
	spread := 1 - math.Abs(2*old-1)
	by := 0.0
	if spread > 0 {
		by = (1 - math.Abs(2*l-1)) / spread
	}
	move := func(v float64) float64 { return min(255, max(0, 255*(l+(v/255-old)*by))) }
	return rgba{move(c.r), move(c.g), move(c.b), c.a}
}

// parseColor reads #rgb, #rrggbb, rgb(), rgba() and the names that people use in articles.
func parseColor(s string) (rgba, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if hex, ok := strings.CutPrefix(s, "#"); ok {
		return parseHex(hex)
	}
	if head, args, ok := strings.Cut(s, "("); ok && (head == "rgb" || head == "rgba") {
		return parseNumbers(strings.TrimSuffix(args, ")"))
	}
	switch s {
	case "white":
		return gray(255), true
	case "black":
		return gray(0), true
	case "gray", "grey":
		return gray(128), true
	case "silver":
		return gray(192), true
	case "red":
		return rgba{255, 0, 0, 1}, true
	case "green":
		return rgba{0, 128, 0, 1}, true
	case "blue":
		return rgba{0, 0, 255, 1}, true
	case "yellow":
		return rgba{255, 255, 0, 1}, true
	case "orange":
		return rgba{255, 165, 0, 1}, true
	case "purple":
		return rgba{128, 0, 128, 1}, true
	case "transparent":
		return rgba{}, true
	}
	return rgba{}, false
}

func parseHex(hex string) (rgba, bool) {
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	v, err := strconv.ParseUint(hex, 16, 32)
	if err != nil || len(hex) != 6 {
		return rgba{}, false
	}
	return rgba{float64(v >> 16), float64(v >> 8 & 0xff), float64(v & 0xff), 1}, true
}

func parseNumbers(args string) (rgba, bool) {
	parts := strings.FieldsFunc(args, func(r rune) bool { return r == ',' || r == ' ' || r == '/' })
	if len(parts) != 3 && len(parts) != 4 {
		return rgba{}, false
	}
	v := [4]float64{3: 1}
	for i, part := range parts {
		number, percent := strings.CutSuffix(part, "%")
		f, err := strconv.ParseFloat(number, 64)
		if err != nil || f < 0 || f > 255 {
			return rgba{}, false
		}
		switch {
		case percent && i < 3:
			f *= 2.55
		case percent:
			f /= 100
		}
		v[i] = f
	}
	return rgba{min(v[0], 255), min(v[1], 255), min(v[2], 255), min(v[3], 1)}, true
}

// colorIn is the first colour in the value of a property such as background or border.
func colorIn(value string) (rgba, bool) {
	for value != "" {
		word := value
		end := strings.IndexByte(value, ' ')
		if open := strings.IndexByte(value, '('); open >= 0 && (end < 0 || open < end) {
			end = strings.IndexByte(value, ')') + 1
		}
		if end > 0 {
			word, value = value[:end], strings.TrimSpace(value[end:])
		} else {
			value = ""
		}
		if c, ok := parseColor(word); ok {
			return c, true
		}
	}
	return rgba{}, false
}
