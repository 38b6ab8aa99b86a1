package route53x

import (
	"errors"
	"fmt"
	"strings"
)

// maxString is the longest character string of a TXT record, in bytes before escaping.
const maxString = 255

// readByte reads one byte of s, which is not empty, and says how many bytes of s it took. A backslash and three digits are
// a number: octal at Route 53 (base 8), decimal in zone files (base 10). A backslash and anything else is that.
func readByte(s string, base int) (c byte, n int, err error) {
	if s[0] != '\\' {
		return s[0], 1, nil
	}
	if len(s) == 1 {
		return 0, 0, errors.New("a backslash at the end escapes nothing")
	}
	if s[1] < '0' || s[1] > '9' {
		return s[1], 2, nil
	}
	v := 0
	for i := 1; i <= 3; i++ {
		if i >= len(s) || s[i] < '0' || int(s[i]-'0') >= base {
			return 0, 0, fmt.Errorf("escape %q is not three digits of base %d", s[:min(len(s), 4)], base)
		}
		v = v*base + int(s[i]-'0')
	}
	if v > 255 {
		return 0, 0, fmt.Errorf("escape %q is more than a byte", s[:4])
	}
	return byte(v), 4, nil
}

// writeEscape writes c as a backslash and three digits.
func writeEscape(out *strings.Builder, c byte, base int) {
	b, v := byte(base), c
	out.WriteByte('\\')
	out.WriteByte('0' + v/(b*b))
	out.WriteByte('0' + v/b%b)
	out.WriteByte('0' + v%b)
}

// unescape reads a whole string.
func unescape(s string, base int) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var out strings.Builder
	for len(s) > 0 {
		c, n, err := readByte(s, base)
		if err != nil {
			return "", err
		}
		out.WriteByte(c)
		s = s[n:]
	}
	return out.String(), nil
}

// writeQuoted writes bytes as one quoted string of Route 53.
func writeQuoted(out *strings.Builder, s string) {
	out.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			out.WriteByte('\\')
			out.WriteByte(c)
		case c < 0x20 || c >= 0x7f:
			writeEscape(out, c, 8)
		default:
			out.WriteByte(c)
		}
	}
	out.WriteByte('"')
}

// QuoteTXT makes the value of a TXT record from any bytes: quoted strings of at most 255 bytes, cut before they are
// escaped, so that no cut falls into an escape. The empty text is one empty string.
func QuoteTXT(text string) string {
	return quoteStrings([]string{text})
}

// quoteStrings keeps the borders of the strings and cuts those that are too long.
func quoteStrings(strs []string) string {
	var out strings.Builder
	for i, s := range strs {
		if i > 0 {
			out.WriteByte(' ')
		}
		for len(s) > maxString {
			writeQuoted(&out, s[:maxString])
			out.WriteByte(' ')
			s = s[maxString:]
		}
		writeQuoted(&out, s)
	}
	return out.String()
}

// UnquoteTXT is the text of a TXT value of Route 53, its strings joined.
func UnquoteTXT(value string) (string, error) {
	strs, err := readStrings(value, 8)
	return strings.Join(strs, ""), err
}

// readStrings reads character strings, quoted or bare, with blanks between them.
func readStrings(s string, base int) ([]string, error) {
	var strs []string
	for {
		s = strings.TrimLeft(s, " \t\r\n")
		if s == "" {
			break
		}
		var one strings.Builder
		quoted := s[0] == '"'
		if quoted {
			s = s[1:]
		}
		for closed := false; !closed; {
			switch {
			case s == "" && quoted:
				return nil, errors.New("a quoted string does not end")
			case s == "", !quoted && strings.IndexByte(" \t\r\n", s[0]) >= 0:
				closed = true
			case s[0] == '"' && !quoted:
				return nil, errors.New("a quote stands within a string")
			case s[0] == '"':
				if s = s[1:]; base == 8 && s != "" && // zone files may have them side by side
					strings.IndexByte(" \t\r\n", s[0]) < 0 {
					return nil, errors.New("something follows a quoted string without a blank")
				}
				closed = true
			default:
				c, n, err := readByte(s, base)
				if err != nil {
					return nil, err
				}
				one.WriteByte(c)
				s = s[n:]
			}
		}
		strs = append(strs, one.String())
	}
	if len(strs) == 0 {
		return nil, errors.New("no string")
	}
	return strs, nil
}

// rebase turns the numeric escapes of a text from one base to the other and leaves everything else as it stands.
func rebase(s string, from, to int) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var out strings.Builder
	for len(s) > 0 {
		c, n, err := readByte(s, from)
		if err != nil {
			return "", err
		}
		if n == 4 {
			writeEscape(&out, c, to)
		} else {
			out.WriteString(s[:n])
		}
		s = s[n:]
	}
	return out.String(), nil
}
