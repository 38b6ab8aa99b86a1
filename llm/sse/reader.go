package sse

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"time"
)

// DefaultMaxLine is the longest line, and the longest data of one event, unless [Config] says otherwise: 16 MiB.
const DefaultMaxLine = 16 << 20

const firstBuffer = 8 << 10

// Config changes a [Reader]. The zero value is the standard with [DefaultMaxLine].
type Config struct {
	// MaxLine bounds a line, and the data of one event, in bytes; 0 = [DefaultMaxLine].
	MaxLine int
	// Raw leaves bytes that are not UTF-8 as they came, for a caller that decodes the data itself.
	Raw bool
}

// Event is one event.
type Event struct {
	Type  string // "message" unless an event field says otherwise
	ID    string // the last event ID as of this event
	Data  []byte // data lines joined with LF; valid until the next call of Next
	Lines int    // how many data lines there were, at least 1
}

// LimitError reports a line, or the data of one event, beyond [Config.MaxLine]. The reader cannot go on after it.
type LimitError struct {
	Limit int // bytes
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("sse: a line or an event is longer than %d bytes", e.Limit)
}

// Reader reads events. Make one with [NewReader].
type Reader struct {
	src io.Reader
	max int
	raw bool

	buf        []byte
	start, end int // unread bytes are buf[start:end]
	scanned    int // buf[start:scanned] holds no line end
	afterCR    bool
	begun      bool // the first line, which may begin with a byte order mark, has been read
	err        error

	data     []byte
	lines    int
	given    bool   // data belongs to the event that Next returned last
	typ      string // "" = message
	lastType string // spares an allocation for each repeated type
	idBuffer string
	id       string
	retry    time.Duration
}

// NewReader returns a reader of the events in r. A nil cfg is the zero [Config].
func NewReader(r io.Reader, cfg *Config) *Reader {
	if cfg == nil {
		cfg = &Config{}
	}
	limit := cfg.MaxLine
	if limit <= 0 {
		limit = DefaultMaxLine
	}
	return &Reader{src: r, max: limit, raw: cfg.Raw}
}

// Next returns the next event as soon as its blank line has been read. At the end of the stream it returns [io.EOF],
// beyond the limit a [*LimitError], else the error of the underlying reader. An error is final.
func (r *Reader) Next() (Event, error) {
	if r.given {
		r.reset()
	}
	for {
		line, err := r.line()
		if err != nil {
			return Event{}, err
		}
		if len(line) > 0 {
			if err := r.field(line); err != nil {
				r.err = err
				return Event{}, err
			}
			continue
		}
		r.id = r.idBuffer
		if r.lines > 0 {
			r.given = true
			return r.event(), nil
		}
		r.typ = ""
	}
}

// Events ranges over the events that are left; the error, if any, is the last pair. The end of the stream is no error.
// An event's Data is valid until the next turn of the loop. After a break, Next and Events go on with the next event.
func (r *Reader) Events() iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			ev, err := r.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(ev, err) || err != nil {
				return
			}
		}
	}
}

// Pending returns the event in the middle of which the stream ended, an unfinished last line included. The standard
// discards it; ok is false unless Next has returned [io.EOF] and there was a data field.
func (r *Reader) Pending() (ev Event, ok bool) {
	if !errors.Is(r.err, io.EOF) || r.given {
		return Event{}, false
	}
	if tail := r.buf[r.start:r.end]; len(tail) > 0 {
		r.start = r.end
		if r.field(r.withoutBOM(tail)) != nil {
			return Event{}, false
		}
	}
	return r.event(), r.lines > 0
}

// LastEventID is the ID to reconnect with: that of the last event, or of an event without data after it.
func (r *Reader) LastEventID() string { return r.id }

// Retry is the reconnection time that the stream asked for; 0 = it did not.
func (r *Reader) Retry() time.Duration { return r.retry }

func (r *Reader) reset() {
	r.given, r.lines, r.typ = false, 0, ""
	r.data = r.data[:0]
}

func (r *Reader) event() Event {
	ev := Event{Type: r.typ, ID: r.id, Data: r.data, Lines: r.lines}
	if ev.Type == "" {
		ev.Type = "message"
	}
	return ev
}

// field takes one line that is not blank.
func (r *Reader) field(line []byte) error {
	name, value, found := bytes.Cut(line, colon)
	if found && len(name) == 0 {
		return nil // a comment
	}
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	switch string(name) {
	case "data":
		if len(r.data)+len(value)+1 > r.max {
			return &LimitError{Limit: r.max}
		}
		if r.lines > 0 {
			r.data = append(r.data, '\n')
		}
		r.lines++
		r.data = r.appendText(r.data, value)
	case "event":
		if string(value) != r.lastType {
			r.lastType = string(r.appendText(nil, value))
		}
		r.typ = r.lastType
	case "id":
		if string(value) != r.idBuffer && bytes.IndexByte(value, 0) < 0 {
			r.idBuffer = string(r.appendText(nil, value))
		}
	case "retry":
		if ms, ok := digits(value); ok {
			r.retry = ms
		}
	}
	return nil
}

func digits(b []byte) (time.Duration, bool) {
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = min(n*10+int64(c-'0'), math.MaxInt64/int64(time.Second)) // far beyond any wait, and no overflow
	}
	return time.Duration(n) * time.Millisecond, len(b) > 0
}

// line returns the next line without its end. It is valid until the next call.
func (r *Reader) line() ([]byte, error) {
	for {
		if r.afterCR && r.start < r.end {
			r.afterCR = false
			if r.buf[r.start] == '\n' {
				r.start++
			}
		}
		r.scanned = max(r.scanned, r.start)
		if i := lineEnd(r.buf[r.scanned:r.end]); i >= 0 {
			end := r.scanned + i
			line := r.buf[r.start:end]
			r.afterCR = r.buf[end] == '\r'
			r.start = end + 1
			if len(line) > r.max {
				r.err = &LimitError{Limit: r.max}
				return nil, r.err
			}
			return r.withoutBOM(line), nil
		}
		r.scanned = r.end
		if r.end-r.start > r.max {
			r.err = &LimitError{Limit: r.max}
		}
		if r.err != nil {
			return nil, r.err
		}
		r.fill()
	}
}

func (r *Reader) withoutBOM(line []byte) []byte {
	if r.begun {
		return line
	}
	r.begun = true
	return bytes.TrimPrefix(line, bom)
}

// lineEnd finds the first CR or LF. It goes window by window: with lone CRs, a search for LF through a large buffer
// would start again at every line.
func lineEnd(b []byte) int {
	const window = 4 << 10
	for off := 0; off < len(b); off += window {
		w := b[off:min(off+window, len(b))]
		lf := bytes.IndexByte(w, '\n')
		if lf >= 0 {
			w = w[:lf]
		}
		if cr := bytes.IndexByte(w, '\r'); cr >= 0 {
			return off + cr
		}
		if lf >= 0 {
			return off + lf
		}
	}
	return -1
}

// fill reads once, whatever comes.
func (r *Reader) fill() {
	if r.start > 0 {
		n := copy(r.buf, r.buf[r.start:r.end])
		r.scanned -= r.start
		r.start, r.end = 0, n
	}
	if r.end == len(r.buf) {
		r.buf = slices.Grow(r.buf, max(firstBuffer, len(r.buf)))
		r.buf = r.buf[:cap(r.buf)]
	}
	for range 100 {
		n, err := r.src.Read(r.buf[r.end:])
		r.end += n
		if err != nil {
			r.err = err
			return
		}
		if n > 0 {
			return
		}
	}
	r.err = io.ErrNoProgress
}
