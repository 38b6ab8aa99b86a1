package llm

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
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
		at := attachmentBlock.FindStringSubmatchIndex(text)
		if at == nil {
			break
		}
		group := func(n int) string {
			if at[2*n] < 0 {
				return ""
			}
			return text[at[2*n]:at[2*n+1]]
		}
		index, _ := strconv.Atoi(strings.TrimPrefix(group(1), "File "))
		f := Attachment{Index: index, Name: originalName(group(2)), Key: originalName(group(3))}
		content, after, found := strings.Cut(text[at[1]:], attachmentEnd)
		if !found {
			break // the block has no end: it is text
		}
		f.Content = original(content)
		before := text[:at[0]]
		if len(files) == 0 && strings.HasPrefix(group(1), "File ") {
			before = strings.TrimSuffix(before, "\n")
		}
		kept.WriteString(before)
		files = append(files, f)
		text = after
	}
	kept.WriteString(text)
	return original(kept.String()), files
}

const attachmentEnd = "\n</FILE_CONTENT>\n</ATTACHMENT_FILE>\n"

var (
	attachmentBlock = regexp.MustCompile(`\n\n<ATTACHMENT_FILE>\n<FILE_INDEX>((?:File )?\d{1,9})</FILE_INDEX>\n<FILE_NAME>([^\n<]*)</FILE_NAME>\n(?:<FILE_KEY>([^\n<]*)</FILE_KEY>\n)?(?:<FILE_LINES>\d+</FILE_LINES>\n)?(?:<FILE_SIZE>\d+ bytes</FILE_SIZE>\n)?<FILE_CONTENT>\n`)

	// A tag as a model might still read it: in any case, with blanks, and with the backslashes that tell how often it
	// has been neutralised.
	attachmentTag  = regexp.MustCompile(`(?i)<(\\*\s*/?\s*(?:ATTACHMENT_FILE|FILE_(?:INDEX|NAME|KEY|LINES|SIZE|CONTENT)))`)
	neutralisedTag = regexp.MustCompile(`(?i)<\\(\\*\s*/?\s*(?:ATTACHMENT_FILE|FILE_(?:INDEX|NAME|KEY|LINES|SIZE|CONTENT)))`)
)

func neutralise(s string) string { return attachmentTag.ReplaceAllString(s, `<\$1`) }

func original(s string) string { return neutralisedTag.ReplaceAllString(s, `<$1`) }

func escapeName(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\n", "&#10;", "\r", "&#13;").Replace(s)
}

func originalName(s string) string {
	return strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&#10;", "\n", "&#13;", "\r").Replace(s)
}
