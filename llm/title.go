package llm

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// TitleOptions changes [Title]. The zero value has the defaults.
type TitleOptions struct {
	Model    string // empty = the request's; a small, quick one will do
	Language string // as it stands in the prompt; empty = "简体中文"
	Limit    int    // characters as people count them (grapheme clusters); 0 = 10
}

// titleMessages and titleUnits bound how much of a conversation goes into the prompt.
const (
	titleMessages = 4
	titleUnits    = 100 // UTF-16 units of each message
)

// Title gives the conversation in r.Messages a name. It asks c, with a prompt made of the first four messages that are not
// the system's, each cut to 100 UTF-16 units, pictures as "[image]" and reasoning left out.
//
// The answer is cleaned: thinking, quotes, a "Title:" in front and punctuation behind are taken off, and it is cut to the
// limit. When nothing is left of it, the title is the beginning of the first thing the user said. The error is that of c,
// and the title then is the same beginning, for callers who do not care why.
func Title(ctx context.Context, c Chatter, r *Request, opts *TitleOptions) (string, error) {
	o := TitleOptions{}
	if opts != nil {
		o = *opts
	}
	o.Language, o.Limit = cmp.Or(o.Language, "简体中文"), cmp.Or(max(o.Limit, 0), 10)
	if r == nil {
		return "", (&Request{}).check()
	}
	fallback := firstUserLine(r.Messages, o.Limit)
	resp, err := c.Chat(ctx, &Request{Model: cmp.Or(o.Model, r.Model), Messages: []Message{User(titlePrompt(r.Messages, o))}, Extra: r.Extra})
	if err != nil {
		return fallback, err
	}
	return cmp.Or(cleanTitle(resp.Text(), o.Limit), fallback), nil
}

func titlePrompt(messages []Message, o TitleOptions) string {
	var texts []string
	for _, m := range messages {
		if m.Role == RoleSystem || m.Role == RoleDeveloper {
			continue
		}
		if len(texts) == titleMessages {
			break
		}
		texts = append(texts, cutUnits(titleText(m), titleUnits))
	}
	body := strings.Join(texts, "\n\n---------\n\n")
	fence := "```"
	for strings.Contains(body, fence) {
		fence += "`"
	}
	limit := strconv.Itoa(o.Limit)
	return "Based on the chat history, give this conversation a name.\n" +
		"Keep it short - " + limit + " characters max, no quotes.\n" +
		"Use " + o.Language + ".\n" +
		"Just provide the name, nothing else.\n\n" +
		"Here's the conversation:\n\n" +
		fence + "\n" + body + "\n" + fence + "\n\n" +
		"Name this conversation in " + limit + " characters or less.\n" +
		"Use " + o.Language + ".\n" +
		"Only give the name, nothing else.\n\n" +
		"The name is:"
}

func titleText(m Message) string {
	var b strings.Builder
	for _, p := range m.Parts {
		switch p.Kind {
		case PartText:
			b.WriteString(p.Text)
		case PartImage:
			b.WriteString("[image]")
		case PartFile:
			b.WriteString("[" + p.Name + "]")
		}
	}
	return b.String()
}

// cutUnits is the first n UTF-16 units of s, never a part of a rune.
func cutUnits(s string, n int) string {
	for i, r := range s {
		if n -= utf16.RuneLen(r); n < 0 {
			return s[:i]
		}
	}
	return s
}

func firstUserLine(messages []Message, limit int) string {
	for _, m := range messages {
		if m.Role != RoleUser {
			continue
		}
		for line := range strings.Lines(m.Text()) {
			if t := strings.TrimSpace(line); t != "" {
				return cutGraphemes(t, limit)
			}
		}
	}
	return ""
}

// withoutThinking takes out what stands between think tags, what stands before a closing tag without an opening one, and what
// stands behind an opening one in an answer that was cut while thinking.
func withoutThinking(s string) string {
	var kept strings.Builder
	for rest, lower := s, lowerASCII(s); ; {
		open, body := firstOf(lower, "<think")
		end, after := -1, 0
		if open >= 0 {
			end, after = firstOf(lower[body:], "</think")
		}
		if end < 0 {
			kept.WriteString(rest)
			break
		}
		kept.WriteString(rest[:open])
		rest, lower = rest[body+after:], lower[body+after:]
	}
	s = kept.String()
	lower := lowerASCII(s)
	last := 0
	for _, tag := range []string{"</think>", "</thinking>"} {
		if at := strings.LastIndex(lower, tag); at >= 0 {
			last = max(last, at+len(tag))
		}
	}
	s, lower = s[last:], lower[last:]
	if open, _ := firstOf(lower, "<think"); open >= 0 {
		s = s[:open]
	}
	return s
}

// firstOf finds the first tag that begins so and ends in ">" or "ing>": where it stands and where it ends; -1 = there is none.
func firstOf(s, begin string) (at, end int) {
	for from := 0; ; {
		next := strings.Index(s[from:], begin)
		if next < 0 {
			return -1, 0
		}
		at = from + next
		from = at + len(begin)
		for _, rest := range []string{">", "ing>"} {
			if strings.HasPrefix(s[from:], rest) {
				return at, from + len(rest)
			}
		}
	}
}

// lowerASCII is s with small letters, byte for byte, so that the places stay.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// withoutPrefix takes off "Title:", "The name is:" and the like.
func withoutPrefix(line string) string {
	at := strings.IndexAny(line, ":：")
	if at < 0 {
		return line
	}
	_, n := utf8.DecodeRuneInString(line[at:])
	words := strings.Fields(strings.ToLower(line[:at]))
	for _, optional := range [][]string{{"the"}, {"conversation", "chat"}} {
		if len(words) > 1 && slices.Contains(optional, words[0]) {
			words = words[1:]
		}
	}
	if len(words) == 2 && words[1] == "is" {
		words = words[:1]
	}
	if len(words) == 1 && slices.Contains([]string{"name", "title", "标题", "名称", "对话名称", "对话标题"}, words[0]) {
		return strings.TrimSpace(line[at+n:])
	}
	return line
}

const titleQuotes = "'\"“”‘’「」『』《》`*#"

func cleanTitle(s string, limit int) string {
	for line := range strings.Lines(withoutThinking(s)) {
		line = strings.Trim(strings.TrimSpace(line), titleQuotes+" ")
		line = withoutPrefix(line)
		line = strings.Map(func(r rune) rune {
			switch {
			case strings.ContainsRune("\"“”「」『』", r):
				return -1
			case unicode.IsControl(r):
				return ' '
			}
			return r
		}, line)
		line = cutGraphemes(strings.Join(strings.Fields(line), " "), limit)
		line = strings.Trim(line, titleQuotes+" ")
		line = strings.TrimRight(line, " .,;:!?…。，、；：！？·-—")
		if line != "" {
			return line
		}
	}
	return ""
}

// cutGraphemes is the first n grapheme clusters of s: combining marks, emoji sequences, flags and Hangul syllables are not
// cut through. It follows the spirit of Unicode's annex 29 in a few rules, not its tables.
func cutGraphemes(s string, n int) string {
	var before rune
	flags := 0
	for i, r := range s {
		extends := i > 0 && (unicode.In(r, unicode.M) || r == zeroWidthJoiner || before == zeroWidthJoiner ||
			r >= 0x1F3FB && r <= 0x1F3FF || // skin tones
			r >= 0xE0020 && r <= 0xE007F || // tags, of the flags of regions
			before >= 0x1100 && before <= 0x11FF && r >= 0x1100 && r <= 0x11FF || // jamo
			isFlag(r) && flags%2 == 1)
		if isFlag(r) {
			flags++
		} else {
			flags = 0
		}
		if !extends {
			if n == 0 {
				return s[:i]
			}
			n--
		}
		before = r
	}
	return s
}

const zeroWidthJoiner = '\u200D'

func isFlag(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }
