package article

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Theme is what an article looks like: for each part of it the CSS declarations that go into the style attributes, such
// as "margin:0;color:#3f3f3f". An empty part gets no style attribute.
//
// WeChat keeps nothing but inline styles, and not all of them, so a declaration must be final: no quotes (write font
// names without), no entities, no variables, no url(), no position. [Theme.Check] says which part breaks this. Colours
// must bear WeChat's dark mode, which recolours texts and backgrounds by their brightness: [Theme.CheckContrast] says
// which part would be hard to read. Dark texts, shades by rgba and no pure white or black behind a text are safe.
//
// A theme of one's own begins with one of [Themes] and changes parts of it, or is written from nothing:
//
//	theme := article.DefaultTheme()
//	theme.Name = "ours"
//	theme.H2 = "margin:2em 0 1em;font-size:20px;font-weight:bold;color:#5b2333"
//	if err := errors.Join(theme.Check(), theme.CheckContrast()); err != nil {
//		return err
//	}
type Theme struct {
	Name string // for people and flags; not CSS

	Article string // the <section> around everything: font, size, line height, colour

	H1, H2, H3, H4, H5, H6 string

	Paragraph string
	Strong    string
	Emphasis  string
	Strike    string
	Link      string // the text of a link, whether it stays one or becomes a reference
	Ref       string // the raised [1] behind it

	Quote          string
	QuoteParagraph string
	Rule           string // <hr>

	List          string // <ul> of the first level
	OrderedList   string // <ol> of the first level
	Item          string // <li>
	ItemParagraph string // a paragraph inside an item, a <section>
	FlatItem      string // one line of a nested list or of a task list, a <section> with a marker of its own
	Marker        string // that marker

	Formula string // the <section> around a formula that stands by itself

	InlineCode string
	CodeBlock  string // the box, which scrolls sideways
	Code       string // the <code> inside

	TableScroll string // the <section> around a table, which scrolls sideways
	Table       string
	HeadCell    string
	Cell        string

	Figure  string // the <section> around a picture that stands alone
	Image   string
	Caption string

	Notes      string // the <section> at the end: notes and 引用链接
	NotesTitle string
	Note       string
}

// Check reports every part whose style would not survive at WeChat, each by name.
//
// Errors: [ErrStyle], joined.
func (t Theme) Check() error {
	var errs []error
	v := reflect.ValueOf(t)
	for f, part := range v.Fields() {
		if f.Name == "Name" {
			continue
		}
		if err := checkStyle(part.String()); err != nil {
			errs = append(errs, fmt.Errorf("article: theme: %s: %w: %w", f.Name, ErrStyle, err))
		}
	}
	return errors.Join(errs...)
}

func (t Theme) heading(level int) string {
	return [...]string{t.H1, t.H2, t.H3, t.H4, t.H5, t.H6}[min(max(level, 1), 6)-1]
}

// style joins declarations, leaving out the empty ones.
func style(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		if p = strings.Trim(p, "; "); p != "" {
			if b.Len() > 0 {
				b.WriteByte(';')
			}
			b.WriteString(p)
		}
	}
	return b.String()
}
