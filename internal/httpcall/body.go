package httpcall

import (
	"errors"
	"fmt"
	"io"
	"unicode"
)

// ErrTooLarge reports a body that went on past the limit given to [Read].
var ErrTooLarge = errors.New("body exceeds the limit")

// Read reads a body to its end and closes it. More than limit bytes give what was read so far and [ErrTooLarge].
func Read(body io.ReadCloser, limit int64) ([]byte, error) {
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, max(limit, limit+1)))
	if err != nil {
		return data, fmt.Errorf("read body: %w", Redact(err))
	}
	if int64(len(data)) > limit {
		return data[:limit], fmt.Errorf("%w of %d bytes", ErrTooLarge, limit)
	}
	return data, nil
}

// Head is the beginning of a body for an error text: at most n bytes, one line, printable.
func Head(body []byte, n int) string {
	cut := body[:min(len(body), n)]
	out := make([]rune, 0, len(cut))
	space := false
	for _, r := range string(cut) {
		switch {
		case unicode.IsSpace(r):
			space = len(out) > 0
			continue
		case !unicode.IsPrint(r) || r == '\uFFFD': // controls, text that runs backwards, half a character at the cut
			continue
		case space:
			out = append(out, ' ')
			space = false
		}
		out = append(out, r)
	}
	if len(body) > n {
		return string(out) + "…"
	}
	return string(out)
}
