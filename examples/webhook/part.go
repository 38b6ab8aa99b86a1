package main

import (
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/kitroll/kitroll/wechat/callback"
)

// more is what a follower writes to read on.
const more = "继续"

const (
	moreNote   = "\n\n（回复“" + more + "”看下文）"
	notYetText = "还在写，请过几秒回复“" + more + "”。"
	cutText    = "（回答中断了，请再问一次。）"
)

// writing is an answer on its way, and how much of it a follower has seen.
type writing struct {
	mu    sync.Mutex
	text  strings.Builder
	given int
	err   error
	done  chan struct{} // closed after the last word
}

func (w *writing) add(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.WriteString(text)
}

func (w *writing) end(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
	close(w.done)
}

func (w *writing) ended() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// part is the next reply, and whether it is the last. It is as long as a reply may be, and ends at the end of a sentence
// if there is one.
func (w *writing) part() (text string, last bool) {
	ended := w.ended() // before the text is read, or its end might be missed
	w.mu.Lock()
	defer w.mu.Unlock()
	rest := w.text.String()[w.given:]
	if ended {
		note := ""
		if w.err != nil {
			note = "\n" + cutText
		}
		if whole := strings.TrimSpace(rest + note); len(whole) <= callback.MaxText {
			w.given += len(rest)
			if whole == "" {
				whole = cutText
			}
			return whole, true
		}
	}
	room := callback.MaxText - len(moreNote)
	end := sentence(rest, room)
	if end == 0 && len(rest) > room { // one endless sentence
		for end = room; !utf8.RuneStart(rest[end]); end-- {
		}
	}
	text = strings.TrimSpace(rest[:end])
	w.given += end
	if text == "" {
		return notYetText, false
	}
	return text + moreNote, false
}

// sentence is the length of the whole sentences in the first room bytes of text.
func sentence(text string, room int) int {
	head := text[:min(room, len(text))]
	end := 0
	for _, mark := range []string{"。", "！", "？", "\n", ". ", "! ", "? "} {
		if i := strings.LastIndex(head, mark); i >= 0 {
			end = max(end, i+len(mark))
		}
	}
	return end
}
