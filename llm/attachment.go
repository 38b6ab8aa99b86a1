package llm

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// AttachmentForm is a way to write a file into a message.
type AttachmentForm int

// The two forms that Chatbox-style programs write and read.
const (
	AttachmentCurrent AttachmentForm = iota // FILE_INDEX is a number; with FILE_KEY, FILE_LINES and FILE_SIZE
	AttachmentLegacy                        // FILE_INDEX is "File 1"; name and content only
)

// Attachment is a text file that goes with a message.
type Attachment struct {
	Index   int    // from 1 within the message; written by AppendAttachments
	Name    string // one line; a path is kept as it is
	Key     string // tells files of one name apart; empty = made from the content. Not in the legacy form
	Content string
}

// AppendAttachments appends a block for each file with content to text:
//
//	<ATTACHMENT_FILE>
//	<FILE_INDEX>1</FILE_INDEX>
//	<FILE_NAME>a.md</FILE_NAME>
//	<FILE_KEY>2c26b46b68ffc68f</FILE_KEY>
//	<FILE_LINES>3</FILE_LINES>
//	<FILE_SIZE>42 bytes</FILE_SIZE>
//	<FILE_CONTENT>
//	…
//	</FILE_CONTENT>
//	</ATTACHMENT_FILE>
//
// A file cannot break out of its block: a tag of the block inside a content or the text gets a backslash after its "<",
// and a name has <, >, & and line ends as character references. [ParseAttachments] takes both back.
func AppendAttachments(text string, form AttachmentForm, files ...Attachment) string {
	var b strings.Builder
	b.WriteString(neutralise(text))
	index := 0
	for _, f := range files {
		if f.Content == "" {
			continue // takes no index either
		}
		index++
		if index == 1 && form == AttachmentLegacy {
			b.WriteByte('\n')
		}
		f.Index = index
		f.write(&b, form)
	}
	return b.String()
}

func (f Attachment) write(b *strings.Builder, form AttachmentForm) {
	b.WriteString("\n\n<ATTACHMENT_FILE>\n")
	name := escapeName(f.Name)
	if form == AttachmentLegacy {
		fmt.Fprintf(b, "<FILE_INDEX>File %d</FILE_INDEX>\n<FILE_NAME>%s</FILE_NAME>\n", f.Index, name)
	} else {
		key := f.Key
		if key == "" {
			sum := sha256.Sum256([]byte(f.Content))
			key = hex.EncodeToString(sum[:8])
		}
		fmt.Fprintf(b, "<FILE_INDEX>%d</FILE_INDEX>\n<FILE_NAME>%s</FILE_NAME>\n<FILE_KEY>%s</FILE_KEY>\n<FILE_LINES>%d</FILE_LINES>\n<FILE_SIZE>%d bytes</FILE_SIZE>\n",
			f.Index, name, escapeName(key), strings.Count(f.Content, "\n")+1, len(f.Content))
	}
	b.WriteString("<FILE_CONTENT>\n" + neutralise(f.Content) + "\n</FILE_CONTENT>\n</ATTACHMENT_FILE>\n")
}

// ParseAttachments splits a message text that [AppendAttachments], or another program of that kind, wrote into the text
// and its files. Both forms are read. A text without blocks comes back with no files.
func ParseAttachments(text string) (rest string, files []Attachment) {
	var kept strings.Builder
	for {
		at, f, legacy, rest := findAttachment(text)
		if at < 0 {
			break
		}
		content, after, found := strings.Cut(rest, attachmentEnd)
		if !found {
			break // the block has no end: it is text
		}
		f.Content = original(content)
		before := text[:at]
		if len(files) == 0 && legacy {
			before = strings.TrimSuffix(before, "\n")
		}
		kept.WriteString(before)
		files = append(files, f)
		text = after
	}
	kept.WriteString(text)
	return original(kept.String()), files
}

const (
	attachmentBegin = "\n\n<ATTACHMENT_FILE>\n"
	attachmentEnd   = "\n</FILE_CONTENT>\n</ATTACHMENT_FILE>\n"
)

// findAttachment finds the first beginning of a block: where it stands, what it says of its file, and what follows it. No
// regular expressions here: they would weigh a quarter of a megabyte in every program.
func findAttachment(text string) (at int, f Attachment, legacy bool, rest string) {
	for from := 0; ; from = at + 1 {
		next := strings.Index(text[from:], attachmentBegin)
		if next < 0 {
			return -1, f, false, ""
		}
		at = from + next
		if f, legacy, rest, ok := parseHead(text[at+len(attachmentBegin):]); ok {
			return at, f, legacy, rest
		}
	}
}

func parseHead(s string) (f Attachment, legacy bool, rest string, ok bool) {
	index, s, ok := cutTag(s, "FILE_INDEX")
	number, legacy := strings.CutPrefix(index, "File ")
	if !ok || !isDigits(number) || len(number) > 9 {
		return f, false, "", false
	}
	f.Index, _ = strconv.Atoi(number)
	name, s, ok := cutTag(s, "FILE_NAME")
	if !ok {
		return f, false, "", false
	}
	f.Name = originalName(name)
	if key, after, ok := cutTag(s, "FILE_KEY"); ok {
		f.Key, s = originalName(key), after
	}
	if lines, after, ok := cutTag(s, "FILE_LINES"); ok && isDigits(lines) {
		s = after
	}
	if size, after, ok := cutTag(s, "FILE_SIZE"); ok && isDigits(strings.TrimSuffix(size, " bytes")) {
		s = after
	}
	rest, ok = strings.CutPrefix(s, "<FILE_CONTENT>\n")
	return f, legacy, rest, ok
}

// cutTag takes a line "<TAG>value</TAG>" off the front of s.
func cutTag(s, tag string) (value, rest string, ok bool) {
	s, ok = strings.CutPrefix(s, "<"+tag+">")
	if !ok {
		return "", s, false
	}
	end := strings.IndexAny(s, "<\n")
	if end < 0 {
		return "", s, false
	}
	rest, ok = strings.CutPrefix(s[end:], "</"+tag+">\n")
	return s[:end], rest, ok
}

// neutralise puts a backslash behind the "<" of every tag of a block, as a model might still read it: in any case, with
// blanks, and with the backslashes that tell how often it has been neutralised.
func neutralise(s string) string {
	return eachTag(s, func(b *strings.Builder, tag string) { b.WriteString(`<\` + tag) })
}

// original takes one backslash back.
func original(s string) string {
	return eachTag(s, func(b *strings.Builder, tag string) { b.WriteString("<" + strings.TrimPrefix(tag, `\`)) })
}

// eachTag rewrites the tags of blocks: write gets what stands behind the "<".
func eachTag(s string, write func(b *strings.Builder, tag string)) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "<")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if n := tagLength(after); n > 0 {
			write(&b, after[:n])
			s = after[n:]
			continue
		}
		b.WriteByte('<')
		s = after
	}
}

// tagLength is how much of s, which follows a "<", is a tag of a block; 0 = it is none.
func tagLength(s string) int {
	const blanks = " \t\n\f\r"
	rest := strings.TrimLeft(strings.TrimLeft(s, `\`), blanks)
	rest = strings.TrimLeft(strings.TrimPrefix(rest, "/"), blanks)
	for _, name := range []string{"ATTACHMENT_FILE", "FILE_INDEX", "FILE_NAME", "FILE_KEY", "FILE_LINES", "FILE_SIZE", "FILE_CONTENT"} {
		if n := foldedPrefix(rest, name); n > 0 {
			return len(s) - len(rest) + n
		}
	}
	return 0
}

// foldedPrefix is the length of name at the front of s in any case, in bytes of s; 0 = it is not there.
func foldedPrefix(s, name string) int {
	rest := s
	for _, want := range name {
		r, n := utf8.DecodeRuneInString(rest)
		if n == 0 || !strings.EqualFold(string(r), string(want)) { // K has a third case, the sign of Kelvin
			return 0
		}
		rest = rest[n:]
	}
	return len(s) - len(rest)
}

func escapeName(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\n", "&#10;", "\r", "&#13;").Replace(s)
}

func originalName(s string) string {
	return strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&#10;", "\n", "&#13;", "\r").Replace(s)
}
