package route53xtest

import (
	"fmt"
	"slices"
	"strings"
)

// The names of this package are its own, and not those of the client: one mistake should not hide the other.

// labels reads a name as Route 53 takes it: absolute with or without a final dot, numeric escapes in octal. They come
// lower-case and unescaped.
func labels(name string) ([]string, error) {
	if name == "" {
		return nil, fmt.Errorf("Invalid domain name: empty")
	}
	name = strings.TrimSuffix(name, ".")
	if name == "" {
		return nil, nil
	}
	var out []string
	var label []byte
	total := 1
	flush := func() error {
		if len(label) == 0 || len(label) > 63 {
			return fmt.Errorf("DomainLabelEmpty or DomainLabelTooLong (Domain name label is %d bytes long)", len(label))
		}
		if total += len(label) + 1; total > 255 {
			return fmt.Errorf("DomainNameTooLong (Domain name is over 255 bytes)")
		}
		out = append(out, string(label))
		label = nil
		return nil
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case c == '.':
			if err := flush(); err != nil {
				return nil, err
			}
			continue
		case c == '\\' && i+3 < len(name) && octal(name[i+1:i+4]) >= 0:
			c = byte(octal(name[i+1 : i+4]))
			i += 3
		case c == '\\' && i+1 < len(name) && (name[i+1] < '0' || name[i+1] > '9'):
			i++
			c = name[i]
		case c == '\\' || c >= 0x7f:
			return nil, fmt.Errorf("UnsupportedCharacter (Value '%s' contains unsupported characters)", name)
		}
		label = append(label, lower(c))
	}
	if err := flush(); err != nil {
		return nil, err
	}
	return out, nil
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// octal is the value of three octal digits, or -1.
func octal(s string) int {
	v := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '7' {
			return -1
		}
		v = v<<3 | int(c-'0')
	}
	if v > 0o377 {
		return -1
	}
	return v
}

// written is the name as Route 53 lists it.
func written(labels []string) string {
	if len(labels) == 0 {
		return "."
	}
	var out strings.Builder
	for _, l := range labels {
		for _, c := range []byte(l) {
			if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
				out.WriteByte(c)
			} else {
				fmt.Fprintf(&out, `\%03o`, c)
			}
		}
		out.WriteByte('.')
	}
	return out.String()
}

func normal(name string) (string, error) {
	l, err := labels(name)
	return written(l), err
}

// reversed is what lists are sorted by: the labels from the last to the first, each with a dot.
func reversed(name string) string {
	l := strings.Split(strings.TrimSuffix(name, "."), ".")
	slices.Reverse(l)
	return strings.Join(l, ".") + "."
}

// inZone tells whether a name is the zone's or below it; both are as they are listed.
func inZone(name, apex string) bool { return name == apex || strings.HasSuffix(name, "."+apex) }
