//go:build browser

package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/devtools"
	"github.com/kitroll/kitroll/llm/llmtest"
)

// hostile is an answer that tries everything, in every tense that Markdown has.
const hostile = `# An answer

Before. <script>window.pwned = 1; alert(1)</script> <img src=x onerror="window.pwned = 2; alert(2)">

<script>
window.pwned = 3

</script>

<iframe srcdoc="<script>parent.pwned = 4</script>"></iframe> <svg onload="window.pwned = 5"><a href="javascript:window.pwned=6">x</a></svg>

[one](javascript:window.pwned=7) [two](data:text/html,<script>opener.pwned=8</script>) [three](java&#x73;cript:window.pwned=9) [four](/chat) <javascript:window.pwned=10>

![beacon](https://127.0.0.1:9/?secret) ![inline](data:image/svg+xml,<svg/onload=parent.pwned=11>)

<style>body { display: none }</style> <base href="https://evil.example/"> <form action="https://evil.example/"><input name=x></form>

- a list
- with **two** items

` + "```go\nif a < b && c > d { return \"</code><script>window.pwned = 12</script>\" }\n```\n" + `
| left | right |
|:-----|------:|
| 1    | 2     |

A [good link](https://example.com/a?b=c&d) and the end.
`

// The page in a real browser: it shows an answer as it comes, lets nothing in it run, stops, remembers, and when its tab is
// closed the provider is told at once.
func TestBrowser(t *testing.T) {
	t.Parallel()
	shots := os.Getenv("KITROLL_CHATWEB_SHOTS")
	if shots == "" {
		shots = t.TempDir()
	}
	w := newWorld(t, func(s *server) {
		s.platform.Model, s.platform.Fake, s.platform.Name = "deepseek-reasoner", true, "a fake inside this process"
	})
	w.says(
		llmtest.Answer{Reasoning: strings.Repeat("Let me think about it. ", 12), Text: hostile, Runes: 12, Delay: 3 * time.Millisecond},
		endless(),
		llmtest.Answer{Text: "short"},
		endless(),
		endless(),
		endless(),
	)
	b := devtools.Open(t)
	page := open(t, b, w.url)

	// As it comes, and then rendered.
	page.say("Show me\neverything")
	lengths := map[any]bool{}
	for page.Eval("document.querySelectorAll('article.assistant').length === 1 && !document.querySelector('.busy')") != true {
		lengths[page.Eval("document.querySelector('main').textContent.length")] = true
	}
	assert.Greater(t, len(lengths), 3, "it was seen to grow")
	assert.Equal(t, "Show me\neverything", page.Eval("document.querySelector('article.user').textContent"))
	for selector, n := range map[string]int{
		"h1": 1, "pre code": 1, "td": 2, "li": 2, "strong": 1, "details:not([open])": 1, "a": 2,
		"script, iframe, svg, img, style, base, form, input, [onerror], [onload], [style]": 0,
	} {
		assert.EqualValues(t, n, page.Eval(fmt.Sprintf("document.querySelectorAll('article.assistant %s').length", strings.ReplaceAll(selector, ", ", ", article.assistant "))), selector)
	}
	assert.Contains(t, page.Eval("document.querySelector('article.assistant').textContent"), "<script>window.pwned = 1; alert(1)</script>", "it is shown as the text that it is")
	assert.Equal(t, true, page.Eval("[...document.querySelectorAll('article.assistant a')].every(a => a.protocol === 'https:' && a.rel.includes('noopener') && a.target === '_blank')"))
	page.Scheme("light")
	page.Shoot(shots, "light")
	page.Scheme("dark")
	page.Shoot(shots, "dark")

	// The policy holds even where something got through.
	page.Eval("(() => { const x = document.createElement('div'); x.innerHTML = rendered.createHTML('<img src=x onerror=\"window.pwned = 13\"><a href=\"javascript:window.pwned=14\" id=slipped>x</a>'); document.body.append(x); document.getElementById('slipped').click(); x.remove(); })()")
	time.Sleep(100 * time.Millisecond)
	assert.Nil(t, page.Eval("window.pwned"), "nothing ran")
	assert.Equal(t, true, page.Eval("(() => { try { document.createElement('div').innerHTML = '<b>x</b>'; return false } catch { return true } })()"), "text is not HTML by accident")
	assert.Empty(t, b.Events("Page.javascriptDialogOpening"))

	// Stop.
	page.say("go on for ever")
	page.Until("document.querySelector('.busy .raw')?.textContent.length > 20")
	asked := time.Now()
	page.Eval("document.getElementById('stop').click()")
	t.Logf("upstream ended %d ms after Stop", w.endOf(2).Sub(asked).Milliseconds())
	page.Until("document.querySelector('article:last-child .note')?.textContent === 'stopped'")
	assert.Contains(t, page.Eval("document.querySelector('article:last-child .raw').textContent"), "word word")

	// The tab remembers, over a reload too, and another tab knows nothing.
	page.Call(page.Session, "Page.reload", nil, nil)
	page.Until("document.querySelectorAll('article').length === 4")
	other := open(t, b, w.url)
	assert.EqualValues(t, 0, other.Eval("document.querySelectorAll('article').length"))
	page.say("and now?")
	page.Until("document.querySelectorAll('article').length === 6 && !document.querySelector('.busy')")
	last := string(w.llm.Requests()[len(w.llm.Requests())-1].Body)
	for _, said := range []string{"Show me\\neverything", "A [good link]", "word word", "and now?"} {
		assert.Contains(t, last, said)
	}
	assert.NotContains(t, last, "Let me think about it")

	// A tab that closes in the middle ends the call.
	other.say("go on for ever")
	other.Until("document.querySelector('.busy .raw')?.textContent.length > 20")
	require.Equal(t, 1, w.calls())
	asked = time.Now()
	b.Call("", "Target.closeTarget", devtools.Params{"targetId": other.Target}, nil)
	t.Logf("upstream ended %d ms after the tab closed", w.endOf(2).Sub(asked).Milliseconds())
	assert.Zero(t, w.calls())

	// Another conversation begins in the middle of an answer, and nothing of the old one comes into it.
	page.say("go on for ever")
	page.Until("document.querySelector('.busy .raw')?.textContent.length > 20")
	page.Eval("document.getElementById('new').click()")
	w.endOf(1)
	page.Until("!document.getElementById('send').hidden")
	assert.EqualValues(t, 0, page.Eval("document.querySelectorAll('article').length"))

	// The program ends in the middle of one.
	page.say("go on for ever")
	page.Until("document.querySelector('.busy .raw')?.textContent.length > 20")
	w.page.CloseClientConnections()
	page.Until("document.querySelector('article:last-child .error')?.textContent.includes('broke off')")
	assert.Contains(t, page.Eval("document.querySelector('article:last-child .raw').textContent"), "word word", "what came is kept")
	for _, exception := range b.Events("Runtime.exceptionThrown") {
		assert.Contains(t, exception, "Content Security Policy", "an error in the page")
	}
}

// endOf waits for the end of a number of calls to the provider, and says when the last of them was.
func (w *world) endOf(calls int) (at time.Time) {
	w.t.Helper()
	for range calls {
		select {
		case e := <-w.ended:
			at = e.at
		case <-time.After(30 * time.Second):
			require.Fail(w.t, "the call to the provider did not end")
		}
	}
	return at
}
