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
	"unicode/utf8"
)

// DefaultMaxLine is the longest line, and the longest data of one event, unless [Config] says otherwise: 16 MiB.
const DefaultMaxLine = 16 << 20

// The buffer begins small, since most streams come event by event, and grows while reads fill it.
const (
	firstBuffer = 4 << 10
	largeBuffer = 32 << 10
)

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
	clear      int // buf[start:clear] holds no CR; one stands at clear unless that is end
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
	if ev, ok := r.plain(); ok {
		return ev, nil
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

// plain is Next for what nearly every event is: one data line and a blank one, with LF at their ends, both of which have
// been read. Its data is not copied.
func (r *Reader) plain() (Event, bool) {
	if r.afterCR || !r.begun || r.lines > 0 {
		return Event{}, false
	}
	r.findCR()
	b := r.buf[r.start:r.clear]
	if len(b) < len(dataField) || string(b[:len(dataField)]) != dataField {
		return Event{}, false
	}
	end := bytes.IndexByte(b, '\n')
	if end < 0 || end > r.max || end+1 >= len(b) || b[end+1] != '\n' {
		return Event{}, false
	}
	value := b[len(dataField):end:end]
	if !r.raw && !utf8.Valid(value) {
		return Event{}, false
	}
	r.start += end + 2
	r.id = r.idBuffer
	return Event{Type: "message", ID: r.id, Data: value, Lines: 1}, true
}

const dataField = "data: "

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
		if end := r.lineEnd(); end >= 0 {
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

// lineEnd finds the first CR or LF that has been read. Each CR is looked for once: with lone CRs, a search for LF through a
// large buffer would start again at every line.
func (r *Reader) lineEnd() int {
	r.findCR()
	if i := bytes.IndexByte(r.buf[r.scanned:r.clear], '\n'); i >= 0 {
		return r.scanned + i
	}
	if r.clear < r.end {
		return r.clear
	}
	return -1
}

// findCR moves clear on to the first CR that is unread, or to the end.
func (r *Reader) findCR() {
	r.clear = max(r.clear, r.start)
	if r.clear == r.end || r.buf[r.clear] == '\r' {
		return
	}
	if i := bytes.IndexByte(r.buf[r.clear:r.end], '\r'); i >= 0 {
		r.clear += i
	} else {
		r.clear = r.end
	}
}

// fill reads once, whatever comes.
func (r *Reader) fill() {
	full := r.end == len(r.buf) && len(r.buf) < largeBuffer
	if r.start > 0 {
		n := copy(r.buf, r.buf[r.start:r.end])
		r.scanned -= r.start
		r.clear = max(r.clear-r.start, 0)
		r.start, r.end = 0, n
	}
	if full || r.end == len(r.buf) {
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
