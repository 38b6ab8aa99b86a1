package article

import (
	"errors"
	"fmt"
	"strings"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// Kinds of errors, for errors.Is. Beside them the standard library's own are used: [fs.ErrNotExist] for a picture that
// is not there, [fs.ErrPermission] for one that may not be fetched (outside the folder, a private address), and
// [errors.ErrUnsupported] for a format that WeChat does not show and this package does not convert.
var (
	// ErrEmpty reports something required that is not there: a title, a body, a cover.
	ErrEmpty = errors.New("required and empty")
	// ErrTooLong reports a text over the platform's limit.
	ErrTooLong = errors.New("over the platform's limit")
	// ErrBroken reports a picture that cannot be decoded: truncated, damaged, or no picture at all.
	ErrBroken = errors.New("not a readable picture")
	// ErrTooLarge reports a picture with more bytes or more pixels than this package touches or the platform takes.
	ErrTooLarge = errors.New("picture too large")
	// ErrNotUploaded reports a picture in the text for which no address on WeChat's hosts is known. Such an <img> would
	// be filtered out by the platform without a word, so rendering stops instead.
	ErrNotUploaded = errors.New("picture has no address at WeChat")
	// ErrStyle reports a style that the platform would empty: with quotes, entities, or a property it strips.
	ErrStyle = errors.New("style does not survive")
	// ErrContrast reports a part of a theme that can hardly be read in one of WeChat's two modes.
	ErrContrast = errors.New("hard to read")
)

// FieldError is one field of an article that the platform would refuse.
type FieldError struct {
	Field string // as in the front matter: "title", "author", "digest", "source", "body"
	Count int    // what was found, in characters (bytes for "source" and "content"); 0 where nothing was counted
	Limit int    // what is allowed
	Err   error  // the kind: ErrEmpty, ErrTooLong, or what else is wrong with it
}

func (e *FieldError) Error() string {
	if e.Limit > 0 {
		return fmt.Sprintf("article: %s: %v: %d, the limit is %d", e.Field, e.Err, e.Count, e.Limit)
	}
	return fmt.Sprintf("article: %s: %v", e.Field, e.Err)
}

// Unwrap returns the kind.
func (e *FieldError) Unwrap() error { return e.Err }

// FrontMatterError is a line of the front matter that is not "key: value".
type FrontMatterError struct {
	Line   int // from 1, in the file
	Reason string
}

func (e *FrontMatterError) Error() string {
	return fmt.Sprintf("article: front matter: line %d: %s", e.Line, e.Reason)
}

// MarkupError is something in the text that WeChat cannot show, and that would be missing or look broken if it were sent.
// It is an [errors.ErrUnsupported], unless a function of the caller's failed.
type MarkupError struct {
	Line int    // in the Markdown, from 1; 0 where it is not known
	What string // such as "<filter> in an SVG"
	Hint string // what to do; may be empty
	Err  error  // of the caller's function; nil = errors.ErrUnsupported
}

func (e *MarkupError) Error() string {
	var b strings.Builder
	b.WriteString("article: ")
	if e.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", e.Line)
	}
	b.WriteString(e.What)
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	} else {
		b.WriteString(" does not survive at WeChat")
	}
	if e.Hint != "" {
		b.WriteString(": " + e.Hint)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *MarkupError) Unwrap() error {
	if e.Err != nil {
		return e.Err
	}
	return errors.ErrUnsupported
}

// PictureError is what went wrong with one picture.
type PictureError struct {
	Line   int    // in the Markdown, of its first use; 0 where it is not known
	Ref    string // the reference as it may be shown: no query, no user info, no data
	Format string // such as "webp" or "avif"; empty when it is not known
	Hint   string // what to do; may be empty
	Err    error
}

func (e *PictureError) Error() string {
	var b strings.Builder
	b.WriteString("article: ")
	if e.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", e.Line)
	}
	fmt.Fprintf(&b, "picture %s", e.Ref)
	if e.Format != "" {
		fmt.Fprintf(&b, " (%s)", e.Format)
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	if e.Hint != "" {
		fmt.Fprintf(&b, ": %s", e.Hint)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *PictureError) Unwrap() error { return e.Err }

func pictureError(ref, format string, err error, hint string) error {
	return &PictureError{Ref: shown(ref), Format: format, Hint: hint, Err: err}
}

// shown is a picture's reference as it may appear in an error or a log: a presigned address carries its signature in
// the query, and a data: URI is the picture itself.
func shown(ref string) string {
	switch scheme := strings.ToLower(ref[:max(strings.IndexByte(ref, ':'), 0)]); scheme {
	case "data":
		head, _, _ := strings.Cut(ref, ",")
		return fmt.Sprintf("%.40s,… (%d bytes)", head, len(ref))
	case "http", "https":
		return httpcall.RedactURL(ref)
	}
	if len(ref) > 200 {
		return fmt.Sprintf("%.200s…", ref)
	}
	return ref
}
