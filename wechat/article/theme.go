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
// must bear the dark mode, in which WeChat turns text light and leaves translucent backgrounds alone: no pure black or
// white background, and shades by rgba.
type Theme struct {
	Name string // for people; not CSS

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

// DefaultTheme is a quiet theme for long Chinese texts on a phone: 17 px, generous lines, one green accent.
func DefaultTheme() Theme { return paint("default", "#2a7d67", "42,125,103") }

// InkTheme has no colour but the text's own.
func InkTheme() Theme {
	t := paint("ink", "#595959", "127,127,127")
	t.H2 = "margin:2.4em 0 1em;padding-bottom:8px;border-bottom:1px solid rgba(127,127,127,.35);font-size:21px;line-height:1.45;font-weight:bold;color:#3a3a3a;text-align:center"
	t.H3 = "margin:2em 0 .8em;font-size:18px;line-height:1.5;font-weight:bold;color:#3a3a3a"
	t.Strong = "font-weight:bold;color:#3a3a3a"
	return t
}

// WarmTheme has an orange accent.
func WarmTheme() Theme { return paint("warm", "#c0622d", "192,98,45") }

// Themes are the built-in themes, the default first.
func Themes() []Theme { return []Theme{DefaultTheme(), InkTheme(), WarmTheme()} }

// paint makes the common look in one accent, given as a colour and as its three numbers for rgba.
func paint(name, accent, rgb string) Theme {
	tint := func(alpha string) string { return "rgba(" + rgb + "," + alpha + ")" }
	const grey = "rgba(127,127,127,"
	return Theme{
		Name: name,
		Article: "box-sizing:border-box;font-family:-apple-system,BlinkMacSystemFont,PingFang SC,Hiragino Sans GB,Microsoft YaHei,sans-serif;" +
			"font-size:17px;line-height:1.75;letter-spacing:.5px;color:#3f3f3f;text-align:left;word-break:break-word;overflow-wrap:break-word",

		H1: "margin:2em 0 1em;font-size:23px;line-height:1.4;font-weight:bold;color:" + accent + ";text-align:left",
		H2: "margin:2.2em 0 1em;padding:2px 0 2px 12px;border-left:4px solid " + accent + ";font-size:21px;line-height:1.4;font-weight:bold;color:" + accent + ";text-align:left",
		H3: "margin:1.9em 0 .8em;font-size:18px;line-height:1.5;font-weight:bold;color:" + accent + ";text-align:left",
		H4: "margin:1.7em 0 .7em;font-size:17px;line-height:1.5;font-weight:bold;color:" + accent + ";text-align:left",
		H5: "margin:1.5em 0 .6em;font-size:16px;line-height:1.5;font-weight:bold;color:#595959;text-align:left",
		H6: "margin:1.5em 0 .6em;font-size:15px;line-height:1.5;font-weight:bold;color:#6b6b6b;text-align:left",

		Paragraph: "margin:0 0 1.25em",
		Strong:    "font-weight:bold;color:" + accent,
		Emphasis:  "font-style:italic",
		Strike:    "text-decoration:line-through;color:#8a8a8a",
		Link:      "color:" + accent + ";text-decoration:none;border-bottom:1px solid " + tint(".45"),
		Ref:       "font-size:12px;line-height:1;vertical-align:super;color:" + accent,

		Quote:          "margin:.5em 0 1.25em;padding:12px 16px 3px;border-left:3px solid " + tint(".5") + ";border-radius:0 6px 6px 0;background:" + tint(".07") + ";color:#595959;font-size:16px",
		QuoteParagraph: "margin:0 0 .6em",
		Rule:           "margin:2.2em auto;width:40%;height:0;border:0;border-top:1px solid " + grey + ".4)",

		List:          "margin:0 0 1.25em;padding:0 0 0 1.3em;list-style-type:disc",
		OrderedList:   "margin:0 0 1.25em;padding:0 0 0 1.5em;list-style-type:decimal",
		Item:          "margin:0 0 .45em",
		ItemParagraph: "margin:.45em 0",
		FlatItem:      "margin:.3em 0",
		Marker:        "color:" + accent,

		InlineCode: "padding:2px 5px;border-radius:4px;background:" + grey + ".12);font-family:Menlo,Consolas,monospace;font-size:14.5px;letter-spacing:0;color:#a8523a;word-break:break-all",
		CodeBlock:  "margin:.5em 0 1.25em;padding:14px 16px;border-radius:8px;background:" + grey + ".1);overflow-x:auto",
		Code:       "display:block;white-space:nowrap;font-family:Menlo,Consolas,monospace;font-size:13.5px;line-height:1.65;letter-spacing:0;color:#4a4f54;text-align:left;word-break:normal;overflow-wrap:normal",

		TableScroll: "margin:.5em 0 1.25em;overflow-x:auto",
		Table:       "min-width:100%;border-collapse:collapse;font-size:15px;line-height:1.55;letter-spacing:0",
		HeadCell:    "padding:8px 12px;border:1px solid " + grey + ".3);background:" + tint(".1") + ";font-weight:bold;text-align:left;word-break:keep-all",
		Cell:        "padding:8px 12px;border:1px solid " + grey + ".3);text-align:left;min-width:4em",

		Figure:  "margin:1.5em 0;text-align:center",
		Image:   "max-width:100%;height:auto;border-radius:6px;vertical-align:middle",
		Caption: "margin:.5em 0 0;font-size:14px;line-height:1.5;color:#8a8a8a;text-align:center",

		Notes:      "margin:2.5em 0 0;padding:1.2em 0 0;border-top:1px solid " + grey + ".3);font-size:14px;line-height:1.6;color:#8a8a8a",
		NotesTitle: "margin:0 0 .6em;font-size:15px;font-weight:bold;color:#6b6b6b",
		Note:       "margin:0 0 .5em;word-break:break-all",
	}
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
