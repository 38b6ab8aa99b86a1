package article

import (
	"bytes"
	"fmt"
	"strings"
)

// frontKeys maps the spellings that people use to the field they mean. Everything else goes to Meta.
func frontField(key string) string {
	switch key {
	case "title", "author", "cover":
		return key
	case "digest", "description":
		return "digest"
	case "source", "content_source_url", "link":
		return "source"
	}
	return ""
}

type frontMatter struct {
	fields map[string]string
	meta   map[string]string
	lines  int // of the whole block, both fences included
}

// readFrontMatter reads the block between two lines of three dashes at the very top, if there is one, and returns the
// text after it. It is a small strict reader and not YAML: one "key: value" a line, quoted or not, comments on lines of
// their own. What a YAML reader would take for something else (a list, a block text, an indented line) is refused for the
// fields that matter here, and kept as it is written for unknown keys, since other tools own those.
func readFrontMatter(src []byte) (frontMatter, []byte, error) {
	fm := frontMatter{fields: map[string]string{}, meta: map[string]string{}}
	first, rest, ok := bytes.Cut(src, []byte("\n"))
	if !ok || strings.TrimRight(string(first), " \t") != "---" {
		return fm, src, nil
	}
	last := "" // the unknown key that following indented lines belong to
	seen := map[string]int{}
	for n := 2; len(rest) > 0; n++ {
		var raw []byte
		raw, rest, _ = bytes.Cut(rest, []byte("\n"))
		line := strings.TrimRight(string(raw), " \t")
		if line == "---" || line == "..." {
			fm.lines = n
			return fm, rest, nil
		}
		bare := strings.TrimLeft(line, " \t")
		if bare == "" || strings.HasPrefix(bare, "#") {
			continue
		}
		if bare != line || bare == "-" || strings.HasPrefix(bare, "- ") {
			if last == "" {
				return fm, nil, &FrontMatterError{n, "an indented line or list item: write one key: value on one line"}
			}
			fm.meta[last] = strings.TrimPrefix(fm.meta[last]+"\n"+bare, "\n")
			continue
		}
		key, value, err := frontLine(line)
		if err != nil {
			return fm, nil, &FrontMatterError{n, err.Error()}
		}
		name, field := strings.ToLower(key), frontField(strings.ToLower(key))
		id := "field " + field
		if field == "" {
			id = "meta " + key
		}
		if before, dup := seen[id]; dup {
			return fm, nil, &FrontMatterError{n, fmt.Sprintf("%q was given on line %d already", name, before)}
		}
		seen[id] = n
		if field == "" {
			fm.meta[key], last = unquoteLoose(value), key
			continue
		}
		last = ""
		if fm.fields[field], err = frontValue(value); err != nil {
			return fm, nil, &FrontMatterError{n, fmt.Sprintf("%s: %v", name, err)}
		}
	}
	return fm, nil, &FrontMatterError{1, "opened by --- and never closed by another ---"}
}

func frontLine(line string) (key, value string, err error) {
	key, value, ok := strings.Cut(line, ":")
	if !ok {
		return "", "", fmt.Errorf("%q is not key: value", clip(line, 40))
	}
	key = strings.TrimSpace(key)
	if key == "" || strings.ContainsAny(key, " \t\"'{}[]") {
		return "", "", fmt.Errorf("%q is not a key", clip(key, 40))
	}
	if value != "" && value[0] != ' ' && value[0] != '\t' {
		return "", "", fmt.Errorf("a space is missing after %q", key+":")
	}
	return key, strings.TrimSpace(value), nil
}

// frontValue is strict: whatever YAML would read as something other than this text is an error and never a guess.
func frontValue(v string) (string, error) {
	if v == "" {
		return "", nil
	}
	switch v[0] {
	case '"', '\'':
		return unquote(v)
	case '|', '>', '[', '{', '&', '*', '!', '%', '@', '`':
		return "", fmt.Errorf("a value that begins with %q must be quoted", v[:1])
	}
	return v, nil
}

// unquoteLoose is for the keys of other tools: quotes go when they are well formed, anything else stays as written.
func unquoteLoose(v string) string {
	if v != "" && (v[0] == '"' || v[0] == '\'') {
		if s, err := unquote(v); err == nil {
			return s
		}
	}
	return v
}

func unquote(v string) (string, error) {
	quote := v[0]
	var b strings.Builder
	for i := 1; i < len(v); i++ {
		c := v[i]
		switch {
		case c == quote && quote == '\'' && i+1 < len(v) && v[i+1] == '\'':
			b.WriteByte('\'')
			i++
		case c == quote:
			if rest := strings.TrimSpace(v[i+1:]); rest != "" && rest[0] != '#' {
				return "", fmt.Errorf("text after the closing quote: %q", clip(rest, 40))
			}
			return b.String(), nil
		case c == '\\' && quote == '"':
			i++
			if i == len(v) {
				return "", fmt.Errorf("the quote is not closed")
			}
			switch v[i] {
			case '"', '\\', '/':
				b.WriteByte(v[i])
			case 'n', 't':
				b.WriteByte(' ') // every field is one line
			default:
				return "", fmt.Errorf(`\%c is no escape: only \" \\ \/ \n \t are`, v[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", fmt.Errorf("the quote is not closed")
}

// clip shortens a text for a message, by whole characters.
func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
