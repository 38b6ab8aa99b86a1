package article

import (
	"fmt"
	"strconv"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
)

// list writes a list. Only the first level becomes a real one, and only where the browser numbers or marks it as the
// text does: at WeChat nested lists grow extra bullets and lose their numbers. Everything else is a line for each item,
// with a marker of its own and an indent.
func (w *writer) list(l *ast.List) {
	w.lists++
	defer func() { w.lists-- }()
	outer := w.paragraph
	w.paragraph = element{"section", w.theme.ItemParagraph}
	defer func() { w.paragraph = outer }()

	if w.lists > 1 || hasTasks(l) || (l.IsOrdered() && l.Start != 1) {
		w.flatList(l)
		return
	}
	tag, css := "ul", w.theme.List
	if l.IsOrdered() {
		tag, css = "ol", w.theme.OrderedList
	}
	w.open(tag, css)
	for item := l.FirstChild(); item != nil; item = item.NextSibling() {
		w.at(item)
		w.open("li", w.theme.Item)
		first := item.FirstChild()
		if isParagraph(first) && len(onlyImages(first, w.doc.source)) == 0 {
			w.inlines(first) // no block inside li but where there must be one
			w.blocksAfter(item, first)
		} else {
			w.blocks(item)
		}
		w.close("li")
	}
	w.close(tag)
}

// flatList writes a section for each item, its marker hanging in the indent.
func (w *writer) flatList(l *ast.List) {
	if w.lists > 1 {
		w.note(l, "a list inside a list became indented lines with markers")
	}
	box := style("margin:0 0 1.25em", "padding:0")
	if w.lists > 1 {
		box = style("margin:0", "padding:0 0 0 .3em")
	}
	w.open("section", box)
	number := l.Start
	for item := l.FirstChild(); item != nil; item = item.NextSibling() {
		w.at(item)
		first := item.FirstChild()
		marker := w.bullet()
		if l.IsOrdered() {
			marker = strconv.Itoa(number) + string(l.Marker)
			number++
		}
		var task *east.TaskCheckBox
		if isParagraph(first) {
			if task, _ = first.FirstChild().(*east.TaskCheckBox); task != nil {
				marker = markTask(marker, l.IsOrdered(), task.IsChecked)
			}
		}
		indent := 0.6 + 0.45*float64(len([]rune(marker)))
		if task != nil {
			indent += 0.35
		}
		w.open("section", style(w.theme.FlatItem, fmt.Sprintf("padding-left:%.2fem", indent), fmt.Sprintf("text-indent:-%.2fem", indent)))
		w.open("span", style("display:inline-block", fmt.Sprintf("width:%.2fem", indent), "text-indent:0", w.theme.Marker))
		w.text(marker)
		w.close("span")
		if isParagraph(first) {
			w.flatLine(first, task)
		}
		w.close("section")
		if !isParagraph(first) || first.NextSibling() != nil {
			w.open("section", fmt.Sprintf("padding-left:%.2fem", indent))
			w.blocksAfter(item, paragraphOrNil(first))
			w.close("section")
		}
	}
	w.close("section")
}

// flatLine writes the inlines of an item without the task box, which is its marker already.
func (w *writer) flatLine(first ast.Node, task *east.TaskCheckBox) {
	w.skipTask = task
	w.inlines(first)
	w.skipTask = nil
}

func paragraphOrNil(n ast.Node) ast.Node {
	if isParagraph(n) {
		return n
	}
	return nil
}

func (w *writer) bullet() string {
	switch w.lists {
	case 1:
		return "•"
	case 2:
		return "◦"
	}
	return "▪"
}

func markTask(marker string, ordered, checked bool) string {
	if ordered {
		return marker + " " + box(checked)
	}
	return box(checked)
}

func hasTasks(l *ast.List) bool {
	for item := l.FirstChild(); item != nil; item = item.NextSibling() {
		if first := item.FirstChild(); isParagraph(first) {
			if _, ok := first.FirstChild().(*east.TaskCheckBox); ok {
				return true
			}
		}
	}
	return false
}

// blocksAfter writes the children of a container that follow one of them, or all for nil.
func (w *writer) blocksAfter(parent, after ast.Node) {
	if after == nil {
		w.blocksFrom(parent.FirstChild())
		return
	}
	w.blocksFrom(after.NextSibling())
}
