package r2

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"mime"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"
)

const maxMetadata = 8192 // bytes of names and values, R2

// encodeMetadata checks metadata and spells it for headers: names in lower case, values that are not printable ASCII
// as RFC 2047 encoded words.
func encodeMetadata(in map[string]string, limit int) (map[string]string, error) {
	out := make(map[string]string, len(in))
	var problems []error
	total := 0
	for _, name := range slices.Sorted(maps.Keys(in)) {
		lower := strings.ToLower(name)
		if !httpguts.ValidHeaderFieldName(name) {
			problems = append(problems, fmt.Errorf("Metadata: %q is no name for a header", name))
			continue
		}
		if _, twice := out[lower]; twice {
			problems = append(problems, fmt.Errorf("Metadata: %q is there twice, upper and lower case are the same", lower))
		}
		if !utf8.ValidString(in[name]) {
			problems = append(problems, fmt.Errorf("Metadata: the value of %q is not UTF-8", lower))
			continue
		}
		v := encodeWord(in[name])
		out[lower] = v
		total += len(lower) + len(v)
	}
	if limit > 0 && total > limit {
		problems = append(problems, fmt.Errorf("Metadata: %d bytes as they are sent, the limit is %d", total, limit))
	}
	return out, errors.Join(problems...)
}

// encodeWord leaves a value that survives a header as it is. The encoded words are cut between characters, at 45 bytes,
// so that none is longer than the 75 characters of the RFC.
func encodeWord(v string) string {
	odd := strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' })
	if !odd && strings.TrimSpace(v) == v && !strings.Contains(v, "=?") {
		return v
	}
	var words []string
	for v != "" {
		n := min(len(v), 45)
		for n < len(v) && !utf8.RuneStart(v[n]) {
			n--
		}
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(v[:n]))+"?=")
		v = v[n:]
	}
	return strings.Join(words, " ")
}

// decodeMetadata is what encodeMetadata wrote, also when another tool did. A value that only looks encoded stays.
func decodeMetadata(in map[string]string) map[string]string {
	if len(in) == 0 {
		return nil
	}
	out := make(map[string]string, len(in))
	var dec mime.WordDecoder
	for name, v := range in {
		if strings.Contains(v, "=?") {
			if plain, err := dec.DecodeHeader(v); err == nil {
				v = plain
			}
		}
		out[strings.ToLower(name)] = v
	}
	return out
}
