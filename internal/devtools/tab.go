package devtools

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Tab is one tab of a browser.
type Tab struct {
	*Browser
	Target, Session string // of the protocol
}

// Tab opens a tab at an address, and returns when the page and what it names are loaded.
func (b *Browser) Tab(url string) *Tab {
	b.t.Helper()
	t := &Tab{Browser: b}
	var target struct {
		ID string `json:"targetId"`
	}
	b.Call("", "Target.createTarget", Params{"url": "about:blank"}, &target)
	var session struct {
		ID string `json:"sessionId"`
	}
	b.Call("", "Target.attachToTarget", Params{"targetId": target.ID, "flatten": true}, &session)
	t.Target, t.Session = target.ID, session.ID
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.Call(t.Session, domain+".enable", nil, nil)
	}
	t.Visit(url)
	return t
}

// Visit goes to another address.
func (t *Tab) Visit(url string) {
	t.t.Helper()
	var got struct {
		Text string `json:"errorText"`
	}
	t.Call(t.Session, "Page.navigate", Params{"url": url}, &got)
	if got.Text != "" {
		t.t.Fatalf("the page did not load: %s", got.Text)
	}
	t.Until("document.readyState === 'complete' && location.href !== 'about:blank'")
}

// Eval is the value of an expression in the page; of a promise, what it comes to.
func (t *Tab) Eval(expression string) any {
	t.t.Helper()
	var got struct {
		Result struct {
			Value any `json:"value"`
		} `json:"result"`
		Exception *struct {
			Text      string `json:"text"`
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	t.Call(t.Session, "Runtime.evaluate", Params{"expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": true}, &got)
	if got.Exception != nil {
		t.t.Fatalf("%s: %s %s", expression, got.Exception.Text, got.Exception.Exception.Description)
	}
	return got.Result.Value
}

// Until waits until an expression is true.
func (t *Tab) Until(expression string) {
	t.t.Helper()
	for end := time.Now().Add(patience); t.Eval(expression) != true; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.t.Fatalf("it did not become true: %s", expression)
		}
	}
}

// Resize makes the page as wide as a phone, or as a desk.
func (t *Tab) Resize(width, height int) {
	t.t.Helper()
	t.Call(t.Session, "Emulation.setDeviceMetricsOverride", Params{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
}

// Scheme is what the person likes: light or dark.
func (t *Tab) Scheme(scheme string) {
	t.t.Helper()
	t.Call(t.Session, "Emulation.setEmulatedMedia", Params{"features": []Params{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
	t.Eval("new Promise(end => requestAnimationFrame(() => requestAnimationFrame(() => end(true))))")
}

// Shoot puts a screenshot of the whole page into a folder, which is made, as name.png.
func (t *Tab) Shoot(dir, name string) {
	t.t.Helper()
	var shot struct {
		Data string `json:"data"`
	}
	t.Call(t.Session, "Page.captureScreenshot", Params{"captureBeyondViewport": true}, &shot)
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	if err == nil {
		err = os.MkdirAll(dir, 0o755) //nolint:gosec // they are to be looked at
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), data, 0o600)
	}
	if err != nil || !strings.HasPrefix(string(data), "\x89PNG") {
		t.t.Fatalf("the screenshot %s: %v", name, err)
	}
}
