//go:build browser

package main

import (
	"testing"

	"github.com/kitroll/kitroll/internal/devtools"
)

// tab is one tab of a browser, with the page in it.
type tab struct{ *devtools.Tab }

func open(t *testing.T, b *devtools.Browser, url string) *tab {
	t.Helper()
	page := &tab{b.Tab(url)}
	page.Until("!!document.getElementById('input')")
	return page
}

// say types a message and Enter.
func (t *tab) say(text string) {
	t.Eval("document.getElementById('input').focus()")
	t.Call(t.Session, "Input.insertText", devtools.Params{"text": text}, nil)
	for _, kind := range []string{"keyDown", "keyUp"} {
		t.Call(t.Session, "Input.dispatchKeyEvent", devtools.Params{"type": kind, "key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13}, nil)
	}
}
