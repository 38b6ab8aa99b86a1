package llm

import (
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep JSON may be nested: encoding/json's own limit.
const maxDepth = 10_000

// scanner reads JSON in one pass over bytes in memory. It accepts exactly what encoding/json accepts; a fuzz test holds
// it to that. Every method returns false on bytes that are not JSON.
type scanner struct {
	data    []byte
	pos     int
	depth   int
	scratch []byte // unescaped texts of the present document; earlier slices of it stay valid when it grows
}

func (s *scanner) begin(data []byte) {
	s.data, s.pos, s.depth = data, 0, 0
	s.scratch = s.scratch[:0]
}

// peek skips white space and returns the byte after it, or 0 at the end.
func (s *scanner) peek() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// end reports whether nothing but white space is left.
func (s *scanner) end() bool { return s.peek() == 0 && s.pos == len(s.data) }

// str reads a string and returns what stands between its quotes, and whether it holds escapes.
func (s *scanner) str() (raw []byte, escaped, ok bool) {
	if s.peek() != '"' {
		return nil, false, false
	}
	s.pos++
	start, data := s.pos, s.data
	for i := start; i < len(data); {
		switch c := data[i]; {
		case !special[c]:
			i++
		case c == '"':
			s.pos = i + 1
			return data[start:i], escaped, true
		case c == '\\':
			escaped = true
			n := escapeLength(data[i:])
			if n == 0 {
				return nil, false, false
			}
			i += n
		default: // a control character
			return nil, false, false
		}
	}
	return nil, false, false
}

// special marks the bytes that do not just stand for themselves in a string: control characters, quote and backslash.
//
//nolint:gochecknoglobals // a table
var special = [256]bool{
	0: true, 1: true, 2: true, 3: true, 4: true, 5: true, 6: true, 7: true, 8: true, 9: true, 10: true, 11: true, 12: true,
	13: true, 14: true, 15: true, 16: true, 17: true, 18: true, 19: true, 20: true, 21: true, 22: true, 23: true, 24: true,
	25: true, 26: true, 27: true, 28: true, 29: true, 30: true, 31: true, '"': true, '\\': true,
}

// escapeLength is how many bytes the escape at the beginning of b has; 0 = it is none.
func escapeLength(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if hex4(b[2:]) >= 0 {
			return 6
		}
	}
	return 0
}

func hex4(b []byte) rune {
	if len(b) < 4 {
		return -1
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// text is the meaning of a raw string: raw itself where it can be, else bytes in scratch. Bad UTF-8 and lone surrogates
// become U+FFFD, one for each byte or escape.
func (s *scanner) text(raw []byte, escaped bool) []byte {
	if !escaped && utf8.Valid(raw) {
		return raw
	}
	start := len(s.scratch)
	out := s.scratch
	for i := 0; i < len(raw); {
		c := raw[i]
		switch {
		case c == '\\' && raw[i+1] == 'u':
			r := hex4(raw[i+2:])
			i += 6
			if utf16.IsSurrogate(r) {
				pair := utf8.RuneError
				if i+1 < len(raw) && raw[i] == '\\' && raw[i+1] == 'u' {
					pair = utf16.DecodeRune(r, hex4(raw[i+2:]))
				}
				if r = pair; r != utf8.RuneError {
					i += 6
				}
			}
			out = utf8.AppendRune(out, r)
		case c == '\\':
			out = append(out, unescaped(raw[i+1]))
			i += 2
		default:
			from := i
			for i < len(raw) && raw[i] != '\\' {
				i++
			}
			run := raw[from:i]
			if utf8.Valid(run) {
				out = append(out, run...)
				continue
			}
			for len(run) > 0 {
				r, n := utf8.DecodeRune(run)
				out = utf8.AppendRune(out, r)
				run = run[n:]
			}
		}
	}
	s.scratch = out
	return out[start:]
}

func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	default:
		return c // " \ /
	}
}

// number reads a number and returns its text.
func (s *scanner) number() ([]byte, bool) {
	start, data := s.pos, s.data
	i := start
	digits := func() bool {
		from := i
		for i < len(data) && data[i] >= '0' && data[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < len(data) && data[i] == '-' {
		i++
	}
	if i < len(data) && data[i] == '0' {
		i++
	} else if !digits() {
		return nil, false
	}
	if i < len(data) && data[i] == '.' {
		i++
		if !digits() {
			return nil, false
		}
	}
	if i < len(data) && (data[i] == 'e' || data[i] == 'E') {
		i++
		if i < len(data) && (data[i] == '+' || data[i] == '-') {
			i++
		}
		if !digits() {
			return nil, false
		}
	}
	s.pos = i
	return data[start:i], true
}

// word reads true, false or null.
func (s *scanner) word(w string) bool {
	if len(s.data)-s.pos < len(w) || string(s.data[s.pos:s.pos+len(w)]) != w {
		return false
	}
	s.pos += len(w)
	return true
}

// skip reads any value.
func (s *scanner) skip() bool {
	switch s.peek() {
	case '"':
		_, _, ok := s.str()
		return ok
	case '{':
		return s.skipObject()
	case '[':
		return s.skipArray()
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	default:
		_, ok := s.number()
		return ok
	}
}

func (s *scanner) skipObject() bool {
	for more := s.open('{', '}'); more != stop; more = s.next('}') {
		if more == bad {
			return false
		}
		if _, _, ok := s.str(); !ok || !s.colon() || !s.skip() {
			return false
		}
	}
	return true
}

func (s *scanner) skipArray() bool {
	for more := s.open('[', ']'); more != stop; more = s.next(']') {
		if more == bad || !s.skip() {
			return false
		}
	}
	return true
}

// step is what open and next say of the member or element to come.
type step int

const (
	stop step = iota // the closing bracket has been read
	more             // there is one
	bad              // not JSON
)

// open reads an opening bracket, and the closing one if it follows.
func (s *scanner) open(opening, closing byte) step {
	s.depth++
	if s.peek() != opening || s.depth > maxDepth {
		return bad
	}
	s.pos++
	if s.peek() == closing {
		s.pos++
		s.depth--
		return stop
	}
	return more
}

// next reads a comma or the closing bracket.
func (s *scanner) next(closing byte) step {
	switch s.peek() {
	case ',':
		s.pos++
		return more
	case closing:
		s.pos++
		s.depth--
		return stop
	default:
		return bad
	}
}

func (s *scanner) colon() bool {
	if s.peek() != ':' {
		return false
	}
	s.pos++
	return true
}

// key reads a member's name and the colon after it.
func (s *scanner) key() ([]byte, bool) {
	raw, escaped, ok := s.str()
	if !ok || !s.colon() {
		return nil, false
	}
	if escaped {
		return s.text(raw, true), true
	}
	return raw, true // a name with bad UTF-8 is none that we know, in either spelling
}

// integer reads a number, or a string that holds one; a float is cut, what cannot be is 0. Other values are skipped, and
// found is false.
func (s *scanner) integer() (n int64, found, ok bool) {
	switch c := s.peek(); {
	case c == '"':
		raw, escaped, ok := s.str()
		if !ok {
			return 0, false, false
		}
		n, found = parseInteger(s.text(raw, escaped))
		return n, found, true
	case c == '-' || c >= '0' && c <= '9':
		raw, ok := s.number()
		if !ok {
			return 0, false, false
		}
		n, _ = parseInteger(raw)
		return n, true, true
	default:
		return 0, false, s.skip()
	}
}

func parseInteger(b []byte) (int64, bool) {
	if len(b) > 0 && len(b) <= 15 {
		var n int64
		for i, c := range b {
			if c < '0' || c > '9' {
				break
			}
			n = n*10 + int64(c-'0')
			if i == len(b)-1 {
				return n, true
			}
		}
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || math.IsNaN(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}
