package article

import "strings"

// Themes are the built-in themes, the default first. Each is a value of its own; changing one changes no other.
func Themes() []Theme { return []Theme{DefaultTheme(), InkTheme(), BoldTheme()} }

// ThemeNamed finds a built-in theme by its name, whatever its case: "default", "ink" or "bold".
func ThemeNamed(name string) (Theme, bool) {
	for _, t := range Themes() {
		if strings.EqualFold(t.Name, name) {
			return t, true
		}
	}
	return Theme{}, false
}

// What the themes share. Greys of a text are dark ones, which the dark mode turns light; lines are translucent.
const (
	sansFonts = "font-family:-apple-system,BlinkMacSystemFont,PingFang SC,Hiragino Sans GB,Microsoft YaHei,sans-serif"
	bookFonts = "font-family:Songti SC,STSong,Noto Serif CJK SC,Source Han Serif SC,SimSun,Georgia,serif"
	brush     = "font-family:Kaiti SC,STKaiti,KaiTi,BiauKai,Georgia,serif"
	monoFonts = "font-family:Menlo,Consolas,monospace;letter-spacing:0"
	wraps     = "word-break:break-word;overflow-wrap:break-word"
	codeLines = "display:block;white-space:nowrap;text-align:left;text-indent:0;word-break:normal;overflow-wrap:normal"
	soft      = "#595959"
	line      = "rgba(127,127,127,.35)"
)

// DefaultTheme is a quiet theme for long Chinese texts on a phone: 17 px, generous lines, a bar beside the headings, one
// green accent.
func DefaultTheme() Theme {
	const accent, tint = "#1c6553", "rgba(42,125,103,"
	return Theme{
		Name:    "default",
		Article: "box-sizing:border-box;" + sansFonts + ";font-size:17px;line-height:1.75;letter-spacing:.5px;color:#3f3f3f;text-align:left;" + wraps,

		H1: "margin:2em 0 1em;font-size:23px;line-height:1.4;font-weight:bold;color:" + accent,
		H2: "margin:2.2em 0 1em;padding:2px 0 2px 12px;border-left:4px solid " + accent + ";font-size:21px;line-height:1.4;font-weight:bold;color:" + accent,
		H3: "margin:1.9em 0 .8em;font-size:18px;line-height:1.5;font-weight:bold;color:" + accent,
		H4: "margin:1.7em 0 .7em;font-size:17px;line-height:1.5;font-weight:bold;color:" + accent,
		H5: "margin:1.5em 0 .6em;font-size:16px;line-height:1.5;font-weight:bold;color:#4a4a4a",
		H6: "margin:1.5em 0 .6em;font-size:15px;line-height:1.5;font-weight:bold;color:" + soft,

		Paragraph: "margin:0 0 1.25em",
		Strong:    "font-weight:bold;color:" + accent,
		Emphasis:  "font-style:italic",
		Strike:    "text-decoration:line-through;color:" + soft,
		Link:      "color:" + accent + ";text-decoration:none;border-bottom:1px solid " + tint + ".45)",
		Ref:       "font-size:12px;line-height:1;vertical-align:super;color:" + accent,

		Quote:          "margin:.5em 0 1.25em;padding:12px 16px 3px;border-left:3px solid " + tint + ".5);border-radius:0 6px 6px 0;background:" + tint + ".07);color:#505050;font-size:16px",
		QuoteParagraph: "margin:0 0 .6em",
		Rule:           "margin:2.2em auto;width:40%;height:0;border:0;border-top:1px solid " + line,

		List:          "margin:0 0 1.25em;padding:0 0 0 1.3em;list-style-type:disc",
		OrderedList:   "margin:0 0 1.25em;padding:0 0 0 1.5em;list-style-type:decimal",
		Item:          "margin:0 0 .45em",
		ItemParagraph: "margin:.45em 0",
		FlatItem:      "margin:.3em 0",
		Marker:        "color:" + accent,

		Formula:    "margin:1em 0;text-align:center;text-indent:0;overflow-x:auto",
		InlineCode: "padding:2px 5px;border-radius:4px;background:rgba(127,127,127,.12);" + monoFonts + ";font-size:14.5px;color:#6e2a18",
		CodeBlock:  "margin:.5em 0 1.25em;padding:14px 16px;border-radius:8px;background:rgba(127,127,127,.1);overflow-x:auto",
		Code:       codeLines + ";" + monoFonts + ";font-size:13.5px;line-height:1.65;color:#40454a",

		TableScroll: "margin:.5em 0 1.25em;overflow-x:auto",
		Table:       "min-width:100%;border-collapse:collapse;font-size:15px;line-height:1.55;letter-spacing:0",
		HeadCell:    "padding:8px 12px;border:1px solid " + line + ";background:" + tint + ".1);font-weight:bold;text-align:left;word-break:keep-all",
		Cell:        "padding:8px 12px;border:1px solid " + line + ";text-align:left;min-width:4em",

		Figure:  "margin:1.5em 0;text-align:center",
		Image:   "max-width:100%;height:auto;border-radius:6px;vertical-align:middle",
		Caption: "margin:.5em 0 0;font-size:14px;line-height:1.5;color:" + soft + ";text-align:center",

		Notes:      "margin:2.5em 0 0;padding:1.2em 0 0;border-top:1px solid " + line + ";font-size:14px;line-height:1.6;color:" + soft,
		NotesTitle: "margin:0 0 .6em;font-size:15px;font-weight:bold;color:#4a4a4a",
		Note:       "margin:0 0 .5em;word-break:break-all",
	}
}

// InkTheme is a book's page: a serif, indented paragraphs without gaps, headings in the middle, quotations in brush
// script, tables of three lines, and no colour but the text's own.
func InkTheme() Theme {
	return Theme{
		Name:    "ink",
		Article: "box-sizing:border-box;" + bookFonts + ";font-size:18px;line-height:1.9;color:#333333;text-align:justify;" + wraps,

		H1: "margin:2.4em 0 1.4em;font-size:25px;line-height:1.4;font-weight:bold;text-align:center;letter-spacing:2px",
		H2: "margin:2.4em 0 1.4em;padding:.45em 0;border-top:1px solid " + line + ";border-bottom:1px solid " + line + ";font-size:21px;line-height:1.4;font-weight:bold;text-align:center;letter-spacing:2px",
		H3: "margin:2em 0 1em;font-size:19px;line-height:1.5;font-weight:bold;text-align:center",
		H4: "margin:1.8em 0 .8em;font-size:18px;line-height:1.5;font-weight:bold;text-align:left",
		H5: "margin:1.6em 0 .6em;font-size:17px;line-height:1.5;font-weight:bold;text-align:left;" + brush,
		H6: "margin:1.6em 0 .6em;font-size:16px;line-height:1.5;font-weight:bold;text-align:left;color:" + soft + ";" + brush,

		Paragraph: "margin:0 0 .35em;text-indent:2em",
		Strong:    "font-weight:bold",
		Emphasis:  "font-style:italic",
		Strike:    "text-decoration:line-through;color:" + soft,
		Link:      "color:#333333;text-decoration:none;border-bottom:1px solid rgba(127,127,127,.6)",
		Ref:       "font-size:12px;line-height:1;vertical-align:super",

		Quote:          "margin:1.3em 1.6em;padding:0;" + brush + ";font-size:17px;color:#4a4a4a",
		QuoteParagraph: "margin:0 0 .5em",
		Rule:           "margin:2.4em auto;width:22%;height:0;border:0;border-top:3px double rgba(127,127,127,.6)",

		List:          "margin:.6em 0 1em;padding:0 0 0 1.6em;list-style-type:square",
		OrderedList:   "margin:.6em 0 1em;padding:0 0 0 1.8em;list-style-type:decimal",
		Item:          "margin:0 0 .3em",
		ItemParagraph: "margin:.3em 0",
		FlatItem:      "margin:.2em 0",
		Marker:        "font-weight:normal",

		Formula:    "margin:1em 0;text-align:center;text-indent:0;overflow-x:auto",
		InlineCode: monoFonts + ";font-size:15px;border-bottom:1px dotted rgba(127,127,127,.7)",
		CodeBlock:  "margin:1.2em 0;padding:12px 2px;border-top:1px solid " + line + ";border-bottom:1px solid " + line + ";overflow-x:auto",
		Code:       codeLines + ";" + monoFonts + ";font-size:13.5px;line-height:1.65",

		TableScroll: "margin:1.2em 0;overflow-x:auto",
		Table:       "min-width:100%;border-collapse:collapse;border-top:2px solid rgba(127,127,127,.8);border-bottom:2px solid rgba(127,127,127,.8);font-size:16px;line-height:1.55",
		HeadCell:    "padding:7px 12px;border:0;border-bottom:1px solid rgba(127,127,127,.8);font-weight:bold;text-align:left;word-break:keep-all",
		Cell:        "padding:7px 12px;border:0;border-bottom:1px solid rgba(127,127,127,.18);text-align:left;min-width:4em",

		Figure:  "margin:1.6em 0;text-align:center;text-indent:0",
		Image:   "max-width:100%;height:auto;vertical-align:middle",
		Caption: "margin:.6em 0 0;font-size:15px;line-height:1.5;text-align:center;color:" + soft + ";" + brush,

		Notes:      "margin:3em 0 0;padding:1em 0 0;border-top:3px double rgba(127,127,127,.5);font-size:14px;line-height:1.65;color:" + soft + ";text-align:left",
		NotesTitle: "margin:0 0 .6em;font-size:15px;font-weight:bold;text-align:center",
		Note:       "margin:0 0 .5em;word-break:break-all",
	}
}

// BoldTheme is a magazine's page, for announcements and short reads: large filled headings, close lines, boxes with
// edges, code on a dark ground.
func BoldTheme() Theme {
	const accent, tint, paper = "#1a366f", "rgba(60,110,200,", "#ffffff"
	return Theme{
		Name:    "bold",
		Article: "box-sizing:border-box;" + sansFonts + ";font-size:16px;line-height:1.65;color:#2f3337;text-align:left;" + wraps,

		H1: "margin:1.6em 0 .8em;font-size:27px;line-height:1.25;font-weight:bold;color:" + accent,
		H2: "margin:1.9em 0 .9em;padding:9px 14px;border-radius:4px;background:" + accent + ";color:" + paper + ";font-size:20px;line-height:1.35;font-weight:bold",
		H3: "margin:1.7em 0 .7em;padding:0 0 6px;border-bottom:3px solid " + accent + ";font-size:19px;line-height:1.35;font-weight:bold;color:" + accent,
		H4: "margin:1.5em 0 .6em;font-size:17px;line-height:1.4;font-weight:bold;color:" + accent,
		H5: "margin:1.4em 0 .5em;font-size:16px;line-height:1.4;font-weight:bold",
		H6: "margin:1.4em 0 .5em;font-size:14px;line-height:1.4;font-weight:bold;color:" + soft + ";letter-spacing:1px",

		Paragraph: "margin:0 0 1em",
		Strong:    "font-weight:bold;padding:0 2px;background:" + tint + ".12)",
		Emphasis:  "font-style:italic",
		Strike:    "text-decoration:line-through",
		Link:      "color:inherit;font-weight:bold;text-decoration:none;border-bottom:2px solid " + tint + ".6)", // the colour of what it stands in
		Ref:       "font-size:11px;line-height:1;vertical-align:super;font-weight:bold",

		Quote:          "margin:1.2em 0;padding:14px 16px 4px;border:1px solid " + line + ";border-top:4px solid " + accent + ";border-radius:4px;font-size:17px;line-height:1.6",
		QuoteParagraph: "margin:0 0 .6em",
		Rule:           "margin:2em 0;height:0;border:0;border-top:4px solid " + accent,

		List:          "margin:0 0 1em;padding:0 0 0 1.2em;list-style-type:square",
		OrderedList:   "margin:0 0 1em;padding:0 0 0 1.5em;list-style-type:decimal",
		Item:          "margin:0 0 .4em",
		ItemParagraph: "margin:.4em 0",
		FlatItem:      "margin:.25em 0",
		Marker:        "font-weight:bold;color:" + accent,

		Formula:    "margin:1em 0;text-align:center;text-indent:0;overflow-x:auto",
		InlineCode: "padding:1px 5px;border:1px solid " + line + ";border-radius:3px;" + monoFonts + ";font-size:13.5px",
		CodeBlock:  "margin:1em 0;padding:14px 16px;border-radius:4px;background:#2b303b;overflow-x:auto",
		Code:       codeLines + ";" + monoFonts + ";font-size:13px;line-height:1.6;color:#d7dae0",

		TableScroll: "margin:1em 0;overflow-x:auto",
		Table:       "min-width:100%;border-collapse:collapse;font-size:14.5px;line-height:1.5",
		HeadCell:    "padding:8px 10px;border:1px solid " + line + ";border-bottom:3px solid " + accent + ";color:" + accent + ";font-weight:bold;text-align:left;word-break:keep-all",
		Cell:        "padding:8px 10px;border:1px solid " + line + ";text-align:left;min-width:4em",

		Figure:  "margin:1.3em 0;text-align:center",
		Image:   "max-width:100%;height:auto;border-radius:4px;vertical-align:middle",
		Caption: "margin:.5em 0 0;font-size:13px;line-height:1.5;color:" + soft + ";text-align:left",

		Notes:      "margin:2.2em 0 0;padding:14px 16px 8px;border-radius:4px;background:" + tint + ".08);font-size:13px;line-height:1.6;color:#4f4f4f",
		NotesTitle: "margin:0 0 .5em;font-size:14px;font-weight:bold;color:" + accent,
		Note:       "margin:0 0 .5em;word-break:break-all",
	}
}
