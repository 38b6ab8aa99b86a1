package callback

import (
	"strconv"
	"strings"
)

// Bounds on what is parsed: a push has some twenty elements, three levels deep; one of a mass send has up to eight
// articles with nine each.
const (
	maxDepth    = 16
	maxElements = 4096
)

// element is an element of an XML push or a member of a JSON one.
type element struct {
	name  string
	text  string // of one without children
	first int32  // the first child and the next sibling; 0 = none, since 0 is the root
	next  int32
}

// tree is a push in the order of its text; the root comes first. Arrays of JSON are elements with the same name, as XML
// writes them.
type tree []element

// add appends an element below parent, behind last (0 = none yet), and returns its index.
func (t *tree) add(parent, last int32, name string) int32 {
	i := int32(len(*t))
	*t = append(*t, element{name: name})
	switch {
	case i == 0:
	case last == 0:
		(*t)[parent].first = i
	default:
		(*t)[last].next = i
	}
	return i
}

// find returns the first child with this name, whatever its case, which differs: MsgId and MsgID.
func (t tree) find(parent int32, name string) (int32, bool) {
	for i := t[parent].first; i != 0; i = t[i].next {
		if t[i].name == name || (len(t[i].name) == len(name) && strings.EqualFold(t[i].name, name)) {
			return i, true
		}
	}
	return 0, false
}

// at follows a path from the root.
func (t tree) at(path ...string) (i int32, ok bool) {
	if len(t) == 0 {
		return 0, false
	}
	for _, name := range path {
		if i, ok = t.find(i, name); !ok {
			return 0, false
		}
	}
	return i, true
}

// text of the element at path; "" without one.
func (t tree) get(path ...string) string {
	if i, ok := t.at(path...); ok {
		return t[i].text
	}
	return ""
}

// all are the indexes of the children of parent with this name.
func (t tree) all(parent int32, name string) (out []int32) {
	for i := t[parent].first; i != 0; i = t[i].next {
		if strings.EqualFold(t[i].name, name) {
			out = append(out, i)
		}
	}
	return out
}

// items are the item elements of the list at path. Where JSON has the array without them, its elements are the items. A
// list may be empty or white space.
func (t tree) items(path ...string) []int32 {
	parent, ok := t.at(path[:len(path)-1]...)
	if !ok {
		return nil
	}
	var out []int32
	for _, list := range t.all(parent, path[len(path)-1]) {
		if inner := t.all(list, "item"); len(inner) > 0 {
			out = append(out, inner...)
		} else if t[list].first != 0 {
			out = append(out, list)
		}
	}
	return out
}

// below is the text of a child of parent.
func (t tree) below(parent int32, name string) string {
	if i, ok := t.find(parent, name); ok {
		return t[i].text
	}
	return ""
}

// whole reads a whole number; what is none is 0.
func whole(text string) int {
	n, _ := strconv.Atoi(strings.TrimSpace(text))
	return n
}

// decimal reads a number with a point; what is none is 0.
func decimal(text string) float64 {
	f, _ := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return f
}
