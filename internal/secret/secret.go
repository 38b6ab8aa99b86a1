// Package secret keeps keys out of what a program prints.
package secret

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
)

// Hidden is what stands in place of a secret that is set.
const Hidden = "[redacted]"

// Mask is [Hidden] for a secret that is set and empty for one that is not, so that "forgot to set it" stays visible.
func Mask(s string) string {
	if s == "" {
		return ""
	}
	return Hidden
}

// Tail keeps at most the last n characters, at most a quarter of the secret: "…123" tells two keys apart.
func Tail(s string, n int) string {
	if r := []rune(s); n > 0 && len(r) >= 4*n {
		return "…" + string(r[len(r)-n:])
	}
	return Mask(s)
}

// Scrub replaces every occurrence of each secret of at least four bytes in text, for servers that echo what they were
// sent. Shorter ones would tear ordinary words.
func Scrub(text string, secrets ...string) string {
	longest := slices.SortedFunc(slices.Values(secrets), func(a, b string) int { return len(b) - len(a) })
	for _, s := range longest { // one may be the beginning of another
		if len(s) >= 4 {
			text = strings.ReplaceAll(text, s, Hidden)
		}
	}
	return text
}

// Fields is a struct as it may be printed: a name, then pairs of field and value that hold no secret. The String,
// Format and LogValue methods of a Config return to it, so that no verb prints more than another:
//
//	func (c Config) safe() secret.Fields {
//		return secret.Fields{"wechat.Config", "AppID", c.AppID, "Secret", secret.Mask(c.Secret)}
//	}
//	func (c Config) String() string                { return c.safe().String() }
//	func (c Config) GoString() string              { return c.safe().String() }
//	func (c Config) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }
//	func (c Config) LogValue() slog.Value          { return c.safe().LogValue() }
//	func (c Config) MarshalJSON() ([]byte, error)  { return json.Marshal(c.String()) }
type Fields []any

// String is the name and the pairs in braces, like %+v of a struct. Half a pair at the end is left out.
func (f Fields) String() string {
	var b strings.Builder
	if len(f) > 0 {
		fmt.Fprint(&b, f[0])
	}
	b.WriteByte('{')
	for i := 1; i+1 < len(f); i += 2 {
		if i > 1 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%v:%v", f[i], f[i+1])
	}
	b.WriteByte('}')
	return b.String()
}

// Format prints the same text for every verb.
func (f Fields) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, f.String()) }

// LogValue is the pairs as a group.
func (f Fields) LogValue() slog.Value {
	var attrs []slog.Attr
	for i := 1; i+1 < len(f); i += 2 {
		attrs = append(attrs, slog.String(fmt.Sprint(f[i]), fmt.Sprint(f[i+1])))
	}
	return slog.GroupValue(attrs...)
}
