package cwlogs

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"strings"
)

// Cursor is a place in a reading, just after an event. Put into [Query.After] it goes on there, in another process too:
// without loss, and without handing on again what was handed on up to that event. The zero Cursor is none.
//
// Taking one costs nothing; its text is made when it is asked for. It holds about 10 characters for each event that may be
// met again: of the same millisecond in a Read, of the last [TailOptions.Recheck] in a Tail. It holds hashes, not log lines.
type Cursor struct {
	query  uint64
	down   bool
	w1, w2 int64
	log    []mark
}

// IsZero tells whether this is no place at all.
func (c Cursor) IsZero() bool { return c.query == 0 && c.w1 == 0 && c.w2 == 0 && len(c.log) == 0 }

const cursorMark = "cwl1."

// String is the text form, empty for the zero Cursor.
func (c Cursor) String() string {
	text, _ := c.MarshalText()
	return string(text)
}

// MarshalText gives the text form: letters, digits and ".-_". That of the zero Cursor is empty.
func (c Cursor) MarshalText() ([]byte, error) {
	if c.IsZero() {
		return nil, nil
	}
	marks := net(c.log, c.w2, c.down)
	raw := make([]byte, 0, 32+10*len(marks))
	raw = append(raw, 0)
	if c.down {
		raw[0] = 1
	}
	raw = binary.BigEndian.AppendUint64(raw, c.query)
	raw = binary.AppendVarint(raw, c.w2)
	raw = binary.AppendUvarint(raw, uint64(c.w1-c.w2))
	last := c.w2
	for _, m := range marks {
		raw = binary.AppendVarint(raw, (m.at-last)<<1|int64(m.kind))
		raw = binary.BigEndian.AppendUint64(raw, m.key)
		last = m.at
	}
	return seal(raw), nil
}

func seal(raw []byte) []byte {
	raw = binary.BigEndian.AppendUint32(raw, crc32.ChecksumIEEE(raw))
	return base64.RawURLEncoding.AppendEncode([]byte(cursorMark), raw)
}

// UnmarshalText reads what MarshalText wrote. Its error is an [ErrCursor].
func (c *Cursor) UnmarshalText(text []byte) error {
	got, err := ParseCursor(string(text))
	if err == nil {
		*c = got
	}
	return err
}

// ParseCursor reads the text form of a cursor. Its error is an [ErrCursor].
func ParseCursor(text string) (Cursor, error) {
	if text == "" {
		return Cursor{}, nil
	}
	bad := func(why string) (Cursor, error) { return Cursor{}, fmt.Errorf("cwlogs: %w: %s", ErrCursor, why) }
	body, ok := strings.CutPrefix(text, cursorMark)
	if !ok {
		return bad("it does not begin with " + cursorMark)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil || len(raw) < 15 || strings.ContainsAny(body, "\r\n") {
		return bad("it is cut or was changed")
	}
	raw, sum := raw[:len(raw)-4], raw[len(raw)-4:]
	if binary.BigEndian.Uint32(sum) != crc32.ChecksumIEEE(raw) || raw[0] > 1 {
		return bad("it is cut or was changed")
	}
	c := Cursor{down: raw[0] == 1, query: binary.BigEndian.Uint64(raw[1:9])}
	r := &reader{rest: raw[9:]}
	c.w2 = r.signed()
	c.w1 = c.w2 + r.unsigned()
	if !inTime(c.w1) || !inTime(c.w2) || c.IsZero() || c.down && c.w1 != c.w2 {
		return bad("its times are out of range")
	}
	for last := c.w2; len(r.rest) > 0; {
		delta := r.signed()
		m := mark{at: last + delta>>1, kind: kind(delta & 1)}
		if m.key = r.key(); r.short || !inTime(m.at) || !c.down && m.at <= c.w2 || c.down && (m.at >= c.w2 || m.kind != byID) {
			return bad("its marks are out of range")
		}
		last = m.at
		c.log = append(c.log, m)
	}
	if r.short {
		return bad("it is cut")
	}
	return c, nil
}

// inTime keeps sums of times from overflowing: some 300,000 years.
func inTime(ms int64) bool { return ms > -math.MaxInt64/1_000_000 && ms < math.MaxInt64/1_000_000 }

type reader struct {
	rest  []byte
	short bool
}

func (r *reader) signed() int64 {
	v, n := binary.Varint(r.rest)
	return int64(r.step(uint64(v), n))
}

func (r *reader) unsigned() int64 {
	v, n := binary.Uvarint(r.rest)
	if v > math.MaxInt64/1_000_000 {
		n = 0
	}
	return int64(r.step(v, n))
}

func (r *reader) step(v uint64, n int) uint64 {
	if n <= 0 {
		r.short, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) key() uint64 {
	if len(r.rest) < 8 {
		r.short, r.rest = true, nil
		return 0
	}
	v := binary.BigEndian.Uint64(r.rest)
	r.rest = r.rest[8:]
	return v
}
