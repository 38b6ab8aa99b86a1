package route53x

import "strings"

// token is a word of a zone file, as it stands there.
type token struct {
	text      string
	line, col int
}

// entry is one logical line: a record with all the lines that its parentheses span.
type entry struct {
	tokens  []token
	blank   bool   // begins with a blank: the owner is that of the record before
	comment string // the last one, with its semicolon
	wrong   *Issue // what makes the line unreadable
}

// first is where the entry begins.
func (e *entry) first() token { return e.tokens[0] }

// scanner cuts a zone file into entries. It knows parentheses, quotes, escapes and comments and nothing else, and always
// goes on: a quote or a parenthesis that does not end costs the lines to the next one that can begin a record.
type scanner struct {
	src       string
	pos       int
	line, bol int  // number of the line and where it begins
	unclosed  bool // a parenthesis ran to the end of the file, so every other one would, too
}

// next is the next entry that is not empty; nil at the end.
func (s *scanner) next() *entry {
	for s.pos < len(s.src) {
		if e := s.read(); len(e.tokens) > 0 || e.wrong != nil {
			return e
		}
	}
	return nil
}

func (s *scanner) newline() { s.line, s.bol = s.line+1, s.pos }

func (s *scanner) read() *entry {
	e := &entry{}
	start := *s // to come back to when a parenthesis does not end
	var open *token
	if c := s.src[s.pos]; c == ' ' || c == '\t' {
		e.blank = true
	}
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; c {
		case '\n':
			s.pos++
			s.newline()
			if open == nil {
				return e
			}
		case ' ', '\t', '\r':
			s.pos++
		case ';':
			end := strings.IndexByte(s.src[s.pos:], '\n')
			if end < 0 {
				end = len(s.src) - s.pos
			}
			e.comment = strings.TrimRight(s.src[s.pos:s.pos+end], "\r")
			s.pos += end
		case '(':
			if open == nil {
				open = &token{text: "(", line: s.line, col: s.pos - s.bol + 1}
				if s.unclosed {
					return s.giveUp(start, *open)
				}
			} else {
				return s.giveUp(start, *open)
			}
			s.pos++
		case ')':
			if open == nil {
				e.fail(token{text: ")", line: s.line, col: s.pos - s.bol + 1}, "a parenthesis closes that was not opened")
			}
			open = nil
			s.pos++
		default:
			s.word(e)
		}
	}
	if open != nil {
		start.unclosed = true
		return s.giveUp(start, *open)
	}
	return e
}

// giveUp is for a parenthesis that does not close before the end or the next one. The lines behind its first one have
// another chance.
func (s *scanner) giveUp(start scanner, open token) *entry {
	*s = start
	s.skipLine()
	return &entry{wrong: issueAt(open, "a parenthesis does not close")}
}

// skipLine goes to the beginning of the next line.
func (s *scanner) skipLine() {
	if end := strings.IndexByte(s.src[s.pos:], '\n'); end >= 0 {
		s.pos += end + 1
		s.newline()
	} else {
		s.pos = len(s.src)
	}
}

// word reads a token: a quoted string, or everything to the next blank.
func (s *scanner) word(e *entry) {
	start, t := s.pos, token{line: s.line, col: s.pos - s.bol + 1}
	quoted := false
	for s.pos < len(s.src) {
		c := s.src[s.pos]
		if c == '\n' || !quoted && strings.IndexByte(" \t\r;()", c) >= 0 {
			break
		}
		if c == '"' {
			quoted = !quoted
		}
		if c == '\\' && s.pos+1 < len(s.src) && s.src[s.pos+1] != '\n' {
			s.pos++
		}
		s.pos++
	}
	t.text = s.src[start:s.pos]
	if quoted {
		e.fail(t, "a quoted string does not end on its line")
	}
	e.tokens = append(e.tokens, t)
}

func (e *entry) fail(t token, reason string) {
	if e.wrong == nil {
		e.wrong = issueAt(t, reason)
	}
}

// issueAt makes a problem of a token.
func issueAt(t token, reason string) *Issue {
	return &Issue{Severity: Wrong, Line: t.line, Col: t.col, Text: clip(t.text), Reason: reason}
}

func clip(s string) string {
	if len(s) > 80 {
		return s[:80]
	}
	return s
}
