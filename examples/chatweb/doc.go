// Command chatweb is a chat with a model in the browser: one page, and a server that relays the stream of each answer to
// it.
//
//	go run ./examples/chatweb                     # without keys: a fake in this process
//	go run ./examples/chatweb -addr 127.0.0.1:0   # at a free port; the page's address is printed
//
// A model is real when LLM_BASE_URL and LLM_MODEL are in the environment, with LLM_KEY unless it is a local server's. The
// page says what it talks to.
//
// # The stream
//
// The page asks with POST /chat, whose body is the conversation as its tab has it: {"messages":[{"role":"user","text":"…"}]}.
// The answer is a stream of server-sent events: reasoning and text as they come, {"text":"…"}; blocks when some of the
// text is whole and rendered, {"html":"…","rest":"…"}; and in the end finish, {"html":"…","cut":"…","usage":{…}}, or error,
// {"html":"…","message":"…","advice":"…"}, with what came before it. A comment keeps a silent line open, every 15 seconds.
//
// Whoever goes ends the call: the context of the request is that of the call to the provider, so Stop, a closed tab and a
// lost connection stop what is being paid for. A browser that is there and does not read, as one on a laptop that was
// shut, is taken for gone when a write has waited for 20 seconds. At most -streams answers are under way at once.
//
// # Markdown
//
// A model is a stranger, and so is whoever wrote what it has read. Its Markdown is rendered on the server by goldmark,
// without HTML: tags are shown as the text that they are. Links lead to http, https and mailto, with what they would have
// been shown where they do not; pictures are links, since one that loads by itself tells its server what stands in its
// address. Should something get through all the same, the page's policy lets nothing run but its own script and load
// nothing from elsewhere, and trusted types leave one place in that script where text may become HTML.
//
// # Who may ask
//
// The server listens on 127.0.0.1. It answers under the names of this machine only, and those given with -host, so that a
// page elsewhere cannot have its own name lead here, and refuses questions that come from other origins. There is no login:
// an address that others can reach needs -host, and a proxy with a login in front. Questions are bounded in size, number of
// messages and time to arrive. The key is in this process and goes nowhere but to the provider.
//
// The conversation lives in the tab (sessionStorage, which survives a reload and ends with the tab), and the server keeps
// none.
//
// # Limits
//
// An answer above 128 KiB, or with brackets and nested quotations beyond any that is meant to be read, is shown as plain
// text. Blocks are rendered one by one while an answer comes, so a list with blank lines between its items may look
// otherwise until the end. There are no attachments; examples/chat has them.
//
// # Where things are
//
// main.go reads flags and serves; server.go takes questions, answer.go answers them, relay.go is the stream to one browser,
// markdown.go what makes HTML; page/ is the page; platform.go the provider. The test in browser_test.go drives Chromium, and
// so has a tag of its own: .ci/chatweb runs it.
//
// # Exit codes
//
// 0 ended by Ctrl-C, 1 failed, 2 bad input.
package main
