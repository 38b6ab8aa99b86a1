package llm

import (
	"bytes"
	"strings"
)

const (
	tagOpen  = "<think>"
	tagClose = "</think>"
)

// tagSplitter takes reasoning out of the text of models whose server leaves it there between tags. A tag may be cut
// anywhere between two pieces.
type tagSplitter struct {
	ways  ThinkTags
	state tagState
	held  []byte // what may be the beginning of a tag
}

type tagState int

const (
	tagStart    tagState = iota // nothing but white space has come
	tagThinking                 // within
	tagAfter                    // the tag has been closed: white space that follows belongs to neither
	tagText                     // the answer, where a closing tag would mean that all before it was reasoning
	tagDone                     // the answer, for good
)

// split hands out what piece adds, as reasoning or as text. retract says that all text so far was reasoning.
func (t *tagSplitter) split(piece []byte, out func(reasoning bool, p []byte) bool, retract func()) bool {
	if t.ways == ThinkPlain {
		return len(piece) == 0 || out(false, piece)
	}
	buf := piece
	if len(t.held) > 0 {
		buf = append(t.held, piece...)
		t.held = nil
	}
	for len(buf) > 0 {
		switch t.state {
		case tagStart:
			trimmed := bytes.TrimLeft(buf, " \t\r\n")
			switch {
			case bytes.HasPrefix(trimmed, []byte(tagOpen)):
				buf, t.state = trimmed[len(tagOpen):], tagThinking
			case strings.HasPrefix(tagOpen, string(trimmed)):
				t.held = bytes.Clone(buf)
				return true
			case t.ways == ThinkOpened:
				t.state = tagThinking
			default:
				t.state = tagText
			}
		case tagThinking, tagText:
			before, after, found := bytes.Cut(buf, []byte(tagClose))
			if !found {
				n := len(buf) - partial(buf, tagClose)
				t.held = bytes.Clone(buf[n:])
				return n == 0 || out(t.state == tagThinking, buf[:n])
			}
			if t.state == tagText {
				if len(before) > 0 && !out(false, before) {
					return false
				}
				retract()
			} else if len(before) > 0 && !out(true, before) {
				return false
			}
			buf, t.state = after, tagAfter
		case tagAfter:
			if buf = bytes.TrimLeft(buf, " \t\r\n"); len(buf) > 0 {
				t.state = tagDone
			}
		case tagDone:
			return out(false, buf)
		}
	}
	return true
}

// rest hands out what was held back, at the end of the answer.
func (t *tagSplitter) rest(out func(reasoning bool, p []byte) bool) bool {
	held := t.held
	t.held = nil
	return len(held) == 0 || out(t.state == tagThinking, held)
}

// partial is how many bytes at the end of b may be the beginning of tag.
func partial(b []byte, tag string) int {
	for n := min(len(tag)-1, len(b)); n > 0; n-- {
		if string(b[len(b)-n:]) == tag[:n] {
			return n
		}
	}
	return 0
}
