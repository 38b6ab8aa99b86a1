package wechat

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// encodeJSON writes JSON as the platform reads it: raw UTF-8 without a single \uXXXX, which it would show to readers or
// refuse with 40033. encoding/json escapes U+2028, U+2029, invalid UTF-8 and control characters even with
// SetEscapeHTML(false); here the first two go raw, invalid bytes become U+FFFD, and the C0 controls but tab and line
// breaks are dropped, since no form of them is accepted.
func encodeJSON(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return unescape(bytes.TrimRight(buf.Bytes(), "\n")), nil
}

func unescape(src []byte) []byte {
	if !bytes.Contains(src, []byte(`\`)) {
		return src
	}
	out := src[:0] // never longer than what was read
	for i := 0; i < len(src); i++ {
		if src[i] != '\\' || i+1 == len(src) {
			out = append(out, src[i])
			continue
		}
		i++
		switch {
		case src[i] == 'b' || src[i] == 'f':
		case src[i] == 'u' && i+4 < len(src):
			code, err := strconv.ParseUint(string(src[i+1:i+5]), 16, 32)
			if err == nil && code >= 0x20 {
				out = append(out, string(rune(code))...)
			}
			i += 4
		default:
			out = append(out, '\\', src[i])
		}
	}
	return out
}
