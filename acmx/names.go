package acmx

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Limits of names. Source: RequestCertificate, ACM API reference (read 2026-11).
const (
	maxCommonName = 64  // octets of the first name
	maxName       = 253 // octets of each
	maxLabel      = 63
)

// checkName gives a name as ACM writes it, lower case without a final dot, or what is wrong with it. A wildcard is the
// whole leftmost label and stands before at least two others.
func checkName(raw string) (string, error) {
	name := strings.ToLower(strings.TrimSuffix(raw, "."))
	if name == "" {
		return "", errors.New("an empty name")
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r > 0x7e }) {
		return "", fmt.Errorf("%q is not in ASCII: write the labels in punycode (xn--…)", raw)
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return "", fmt.Errorf("%q is an address: ACM issues for names only", raw)
	}
	base, wild := strings.CutPrefix(name, "*.")
	if strings.Contains(base, "*") {
		return "", fmt.Errorf("%q: a wildcard is the whole leftmost label, as in *.example.com", raw)
	}
	if len(name) > maxName {
		return "", fmt.Errorf("%q has %d octets, more than %d", raw, len(name), maxName)
	}
	labels := strings.Split(base, ".")
	for _, label := range labels {
		if err := checkLabel(label); err != nil {
			return "", fmt.Errorf("%q: %w", raw, err)
		}
	}
	switch {
	case len(labels) < 2 && wild:
		return "", fmt.Errorf("%q: a wildcard needs two labels behind it", raw)
	case len(labels) < 2:
		return "", fmt.Errorf("%q is not a fully qualified name", raw)
	case strings.Trim(labels[len(labels)-1], "0123456789") == "":
		return "", fmt.Errorf("%q: a top-level domain is not a number", raw)
	}
	return name, nil
}

func checkLabel(label string) error {
	switch {
	case label == "":
		return errors.New("an empty label")
	case len(label) > maxLabel:
		return fmt.Errorf("a label of %d octets, more than %d", len(label), maxLabel)
	case label[0] == '-' || label[len(label)-1] == '-':
		return fmt.Errorf("the label %q begins or ends with a hyphen", label)
	}
	for _, c := range []byte(label) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return fmt.Errorf("the label %q holds %q: only a-z, 0-9 and hyphen may stand in a certificate", label, c)
		}
	}
	if code, ok := strings.CutPrefix(label, "xn--"); ok {
		if !isPunycode(code) {
			return fmt.Errorf("the label %q is no punycode", label)
		}
	} else if len(label) >= 4 && label[2:4] == "--" {
		return fmt.Errorf("the label %q has hyphens in the third and fourth place, which are reserved", label)
	}
	return nil
}

// isPunycode decodes what follows "xn--" and throws the result away: it holds if there is one, and if it has a letter
// that needed it. Source: RFC 3492, section 6.2.
func isPunycode(code string) bool {
	const base, tMin, tMax, skew, damp, last = 36, 1, 26, 38, 700, 0x10FFFF
	plain := max(strings.LastIndexByte(code, '-'), 0)
	if plain == 0 && strings.HasPrefix(code, "-") {
		return false
	}
	rest := code[plain:]
	rest = strings.TrimPrefix(rest, "-")
	if rest == "" {
		return false
	}
	n, i, bias, length := 128, 0, 72, plain
	for rest != "" {
		old, w := i, 1
		for k := base; ; k += base {
			if rest == "" {
				return false
			}
			digit := punycodeDigit(rest[0])
			rest = rest[1:]
			if digit < 0 || digit > (1<<31-1-i)/w {
				return false
			}
			i += digit * w
			t := min(max(k-bias, tMin), tMax)
			if digit < t {
				break
			}
			if w > (1<<31-1)/(base-t) {
				return false
			}
			w *= base - t
		}
		length++
		delta := (i - old) / 2
		if old == 0 {
			delta = i / damp
		}
		delta += delta / length
		k := 0
		for ; delta > (base-tMin)*tMax/2; k += base {
			delta /= base - tMin
		}
		bias = k + (base-tMin+1)*delta/(delta+skew)
		n += i / length
		i %= length
		if n > last || n >= 0xD800 && n <= 0xDFFF {
			return false
		}
		i++
	}
	return true
}

func punycodeDigit(c byte) int {
	switch {
	case c >= 'a' && c <= 'z':
		return int(c - 'a')
	case c >= '0' && c <= '9':
		return int(c-'0') + 26
	}
	return -1
}

// isWildcard tells a name that stands for many.
func isWildcard(name string) bool { return strings.HasPrefix(name, "*.") }
