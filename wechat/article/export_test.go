package article

// Finish is the allow-list through which everything goes that Render writes.
func Finish(source string) (string, error) {
	out, _, err := finish(source)
	return out, err
}

// Dark is what the dark mode makes of a background and of a text on it, "" for none.
func Dark(back, ink string) (string, string) {
	behind, outBack, outInk := gray(darkPage), "", ""
	if c, ok := parseColor(back); ok {
		night := darkBackground(c)
		behind, outBack = night.over(behind), night.String()
	}
	if c, ok := parseColor(ink); ok {
		outInk = darkInk(c, behind).String()
	}
	return outBack, outInk
}
