package route53x

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Name is a domain name as Route 53 lists it: lower-case, absolute ("www.example.com."), every byte other than a–z, 0–9,
// - and _ written as three octal digits ("\052.example.com."). Names that were made by [ParseName] can be compared
// with ==.
type Name string

// ParseName reads a name as Route 53 and its users write it: escapes are octal ("\052"), * and other printable ASCII may
// stand for themselves, the final dot may be missing, case does not matter. A backslash before anything but a digit stands
// for that character: "a\.b" has one label.
//
// IDNs must be in punycode ("xn--…") already; a byte beyond ASCII that is not escaped is an error, as are empty labels,
// labels over 63 bytes and names over 255 bytes.
func ParseName(s string) (Name, error) {
	return parseName(s, 8)
}

// parseName reads a name with escapes of the given base, 8 or 10.
func parseName(s string, base int) (Name, error) {
	if s == "." {
		return ".", nil
	}
	if s == "" {
		return "", errors.New("name is empty")
	}
	var out strings.Builder
	out.Grow(len(s) + 1)
	wire, label := 1, 0 // bytes on the wire, bytes of the label at hand
	for i := 0; i < len(s); {
		if s[i] == '.' {
			if label == 0 {
				return "", fmt.Errorf("name %q has an empty label", s)
			}
			wire, label = wire+label+1, 0
			out.WriteByte('.')
			i++
			continue
		}
		c, n, err := readByte(s[i:], base)
		if err != nil {
			return "", fmt.Errorf("name %q: %w", s, err)
		}
		if n == 1 && c >= 0x7f {
			return "", fmt.Errorf("name %q has a byte beyond ASCII: write an IDN in punycode (xn--…)", s)
		}
		if label++; label > 63 {
			return "", fmt.Errorf("name %q has a label of more than 63 bytes", s)
		}
		writeNameByte(&out, c, 8)
		i += n
	}
	if label > 0 {
		wire += label + 1
		out.WriteByte('.')
	}
	if wire > 255 {
		return "", fmt.Errorf("name %q is longer than 255 bytes", s)
	}
	return Name(out.String()), nil
}

// writeNameByte writes one byte of a label, escaped to the base unless it is one that Route 53 leaves alone.
func writeNameByte(out *strings.Builder, c byte, base int) {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	switch {
	case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
		out.WriteByte(c)
	case base == 10 && c == '*':
		out.WriteByte(c) // every zone file has its wildcards so
	default:
		writeEscape(out, c, base)
	}
}

// ZoneFile is the name as a zone file has it, with decimal escapes: "*.example.com.", "a\032b.example.com.". Where the
// name is not one (only a conversion makes such), it is returned as it stands.
func (n Name) ZoneFile() string {
	if !strings.Contains(string(n), `\`) {
		return string(n)
	}
	var out strings.Builder
	for i := 0; i < len(n); {
		if n[i] == '.' {
			out.WriteByte('.')
			i++
			continue
		}
		c, size, err := readByte(string(n[i:]), 8)
		if err != nil {
			return string(n)
		}
		writeNameByte(&out, c, 10)
		i += size
	}
	return out.String()
}

// Wildcard reports whether the leftmost label is a * and nothing else. A * elsewhere is a character like any other.
func (n Name) Wildcard() bool { return strings.HasPrefix(string(n), `\052.`) }

// Within reports whether the name is zone or below it.
func (n Name) Within(zone Name) bool {
	return zone == "." || n == zone || strings.HasSuffix(string(n), "."+string(zone))
}

// sortKey is the labels from right to left, which is the order of Route 53's lists.
func (n Name) sortKey() string {
	labels := strings.Split(strings.TrimSuffix(string(n), "."), ".")
	var out strings.Builder
	for _, label := range slices.Backward(labels) {
		out.WriteString(label)
		out.WriteByte(0) // below every byte of a label, so that a parent comes before its children
	}
	return out.String()
}
