package article

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// piece is one thing of an article that can be lost: an element, or the text of a block.
type piece struct {
	tag   string // "" for a text
	key   string // what makes it the same one in both articles
	value string // the address of a picture or a link, the text
	style string
	empty bool // style=""
	line  int
}

// pieces takes HTML apart. lines are the Markdown lines of its elements, in order, or nil.
func pieces(source string, lines []int) []piece {
	var out []piece
	var block strings.Builder
	line, textLine := 0, 0
	flush := func() {
		text := strings.Join(strings.Fields(strings.ReplaceAll(block.String(), "\u00a0", " ")), " ")
		block.Reset()
		if text != "" {
			out = append(out, piece{key: "text " + squeeze(text), value: text, line: textLine})
		}
	}
	z := html.NewTokenizer(strings.NewReader(source))
	for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
		t := z.Token()
		_, isBlock, _ := rawElement(t.Data)
		switch kind {
		case html.TextToken:
			if strings.TrimSpace(block.String()) == "" {
				textLine = line
			}
			block.WriteString(t.Data)
		case html.EndTagToken:
			if isBlock {
				flush()
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			if isBlock || t.Data == "br" {
				flush()
			}
			if len(lines) > 0 {
				line, lines = lines[0], lines[1:]
			}
			p := pieceOf(t)
			p.line = line
			out = append(out, p)
		}
	}
	flush()
	return out
}

func pieceOf(t html.Token) piece {
	p := piece{tag: t.Data, key: "<" + t.Data}
	for _, a := range t.Attr {
		if a.Key == "style" {
			p.style = strings.Trim(a.Val, "; \n\t")
			p.empty = p.style == ""
		}
	}
	switch t.Data {
	case "img":
		if p.value = attribute(t, "data-src"); p.value == "" {
			p.value = attribute(t, "src")
		}
		p.key += " " + imageKey(p.value)
	case "a":
		p.value = attribute(t, "href")
		p.key += " " + linkKey(p.value)
	}
	return p
}

// linkKey is what stays the same of a link to an article: WeChat adds where the reader comes from.
func linkKey(href string) string {
	u, err := url.Parse(href)
	if err != nil || classify(href) != linkArticle {
		return href
	}
	q := u.Query()
	return strings.Join([]string{u.Host, u.Path, q.Get("__biz"), q.Get("mid"), q.Get("idx"), q.Get("sn")}, " ")
}

// pair is a piece of what was sent beside one of what is stored; -1 stands for none.
type pair struct{ sent, stored int }

// maxEdits is how many pieces may differ before two articles are not laid side by side any more.
const maxEdits = 1500

// align lays two articles side by side with as few differences as there can be, and pairs what differs at the same
// place. It gives up on articles that have little in common.
// Source: E. W. Myers, An O(ND) Difference Algorithm and Its Variations, 1986.
func align(sent, stored []piece) ([]pair, bool) {
	n, m := len(sent), len(stored)
	limit := min(n+m, maxEdits)
	reach := make([]int32, 2*limit+3) // by diagonal: how far in sent
	mid := limit + 1
	var trace [][]int32
	for d := 0; d <= limit; d++ {
		trace = append(trace, slices.Clone(reach[mid-d-1:mid+d+2]))
		for k := -d; k <= d; k += 2 {
			x := reach[mid+k-1] + 1
			if k == -d || k != d && reach[mid+k-1] < reach[mid+k+1] {
				x = reach[mid+k+1]
			}
			for int(x) < n && int(x)-k < m && sent[x].key == stored[int(x)-k].key {
				x++
			}
			reach[mid+k] = x
			if int(x) >= n && int(x)-k >= m {
				return paired(walkBack(trace, n, m)), true
			}
		}
	}
	return nil, false
}

// walkBack follows the trace from the end to the beginning.
func walkBack(trace [][]int32, x, y int) []pair {
	var out []pair
	for d, reach := range slices.Backward(trace) {
		mid := d + 1
		k := x - y
		from := k - 1
		if k == -d || k != d && reach[mid+k-1] < reach[mid+k+1] {
			from = k + 1
		}
		fromX := 0
		if d > 0 {
			fromX = int(reach[mid+from])
		}
		fromY := fromX - from
		if d == 0 {
			fromY = 0
		}
		for x > fromX && y > fromY {
			x, y = x-1, y-1
			out = append(out, pair{x, y})
		}
		switch {
		case d == 0:
		case from == k+1:
			y--
			out = append(out, pair{-1, y})
		default:
			x--
			out = append(out, pair{x, -1})
		}
	}
	slices.Reverse(out)
	return out
}

// paired puts what is missing and what is new between two matches beside each other, in order.
func paired(in []pair) []pair {
	var out []pair
	var gone, come []int
	flush := func() {
		for i := range max(len(gone), len(come)) {
			p := pair{-1, -1}
			if i < len(gone) {
				p.sent = gone[i]
			}
			if i < len(come) {
				p.stored = come[i]
			}
			out = append(out, p)
		}
		gone, come = nil, nil
	}
	for _, p := range in {
		switch {
		case p.stored < 0:
			gone = append(gone, p.sent)
		case p.sent < 0:
			come = append(come, p.stored)
		default:
			flush()
			out = append(out, p)
		}
	}
	flush()
	return out
}
