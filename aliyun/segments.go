package aliyun

import (
	"strings"
	"unicode/utf16"
)

// Encoding is how a message travels.
type Encoding string

// The encodings. Domestic messages are always UCS2.
const (
	UCS2 Encoding = "UCS-2"
	GSM7 Encoding = "GSM-7"
)

// maxUnits is the longest message, sign and its brackets included.
const maxUnits = 500

// Segmentation is the length of a message and how many messages it is billed as.
type Segmentation struct {
	Units    int // UTF-16 units, or septets with GSM-7
	Segments int
	Encoding Encoding
	TooLong  bool // over 500 units: the platform refuses it
}

// Segments counts what text costs under sign, which may be empty. The sign stands in front in brackets, 【】 or, when it is
// plain ASCII, [].
//
// A domestic message (intl false) is one up to 70 units and then one for every 67 begun. An international one is one up to
// 160 septets, then one for every 153, as long as all of it is in the GSM alphabet, of which | ^ € { } [ ] ~ \ count
// twice; with any other character it counts like a domestic one. The pages of the platform count characters, the carriers
// UTF-16 units: an emoji is two. The receipt has the last word.
//
// Source: help.aliyun.com/document_detail/44335 (read 2026-11).
func Segments(sign, text string, intl bool) Segmentation {
	full := withSign(sign, text)
	if intl {
		if n, ok := septets(full); ok {
			return Segmentation{n, parts(n, 160, 153), GSM7, n > maxUnits}
		}
	}
	n := len(utf16.Encode([]rune(full)))
	return Segmentation{n, parts(n, 70, 67), UCS2, n > maxUnits}
}

func withSign(sign, text string) string {
	switch {
	case sign == "":
		return text
	case strings.ContainsFunc(sign, func(r rune) bool { return r > '~' }):
		return "【" + sign + "】" + text
	}
	return "[" + sign + "]" + text
}

func parts(n, single, each int) int {
	switch {
	case n == 0:
		return 0
	case n <= single:
		return 1
	}
	return (n + each - 1) / each
}

// The GSM 03.38 alphabet beyond letters, digits and space, and its extension.
const (
	gsmBasic    = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà"
	gsmExtended = "|^€{}[]~\\\f"
)

// septets is the length in the GSM alphabet, if all of s is in it.
func septets(s string) (n int, ok bool) {
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', strings.ContainsRune(gsmBasic, r):
			n++
		case strings.ContainsRune(gsmExtended, r):
			n += 2
		default:
			return 0, false
		}
	}
	return n, true
}
