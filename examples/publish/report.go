package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode"
)

// Report tells a person how the job goes: bars that redraw themselves on a terminal, plain lines anywhere else. It counts
// what was skipped, so that a second run can say that it repeated nothing.
type Report struct {
	mu       sync.Mutex
	w        io.Writer
	lang     Lang
	terminal bool
	bar      bool // a bar or a deltas line stands unfinished on the last line
	last     string
	did      int
	skipped  int
}

// NewReport writes to w, which is a terminal or not.
func NewReport(w io.Writer, terminal bool, lang Lang) *Report {
	return &Report{w: w, terminal: terminal, lang: lang}
}

// Skip says that a step had been done by an earlier run.
func (r *Report) Skip(step string, v values) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skipped++
	r.line("= ", r.name(step), r.lang.Say(": done before, not repeated", "：之前已完成，不再重复"), detail(v))
}

// SkipAll says of every step of a finished job that it had been done, in the order of their doing.
func (r *Report) SkipAll(j *Journal) {
	for _, name := range j.Done() {
		if kind(name) != "end" && r.lang.stepName(kind(name)) != kind(name) {
			r.Skip(name, j.Step(name).Values)
		}
	}
}

// Begin says that a call is about to leave.
func (r *Report) Begin(step string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line("> ", r.name(step), " …")
}

// Done says that a step is done now.
func (r *Report) Done(step string, v values) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.did++
	done := r.lang.Say(": done", "：完成")
	if (step == "publish" && v["address"] == "") || (step == "mass" && v["result"] == "") {
		done = r.lang.Say(": accepted, under way", "：已受理，处理中")
	}
	r.line("+ ", r.name(step), done, detail(v))
}

// LookUp says that an answer was lost and the platform is being asked what became of the request.
func (r *Report) LookUp(step string, begun time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line("? ", r.name(step), r.lang.Sayf(": the answer to a request of %s was lost; looking up what became of it", "：%s 的请求没有收到答复，正在查询结果", begun.Local().Format("15:04:05")))
}

// Note says something by the way.
func (r *Report) Note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line("  ", text)
}

// Progress draws how many of a number of things are done.
func (r *Report) Progress(step string, done, total int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if total == 0 {
		return
	}
	if !r.terminal {
		if text := fmt.Sprintf("  %s %d/%d", r.name(step), done, total); text != r.last {
			r.last = text
			r.line(text)
		}
		return
	}
	const width = 24
	full := width * done / total
	fmt.Fprintf(r.w, "\r\x1b[K  %s %s%s %d/%d", r.name(step), strings.Repeat("█", full), strings.Repeat("░", width-full), done, total)
	r.bar = true
	if done == total {
		r.end()
	}
}

// Waiting shows what the platform says of a job that takes its time.
func (r *Report) Waiting(step, state string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := fmt.Sprintf("  %s: %s", r.name(step), state)
	if !r.terminal {
		if text != r.last {
			r.last = text
			r.line(text)
		}
		return
	}
	fmt.Fprintf(r.w, "\r\x1b[K%s", text)
	r.bar = true
}

// Delta shows a piece of the article as the model writes it.
func (r *Report) Delta(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprint(r.w, strings.Map(printable, text))
	r.bar = true
}

// printable drops control characters: a model's text must not be able to drive the terminal.
func printable(r rune) rune {
	if unicode.IsControl(r) && r != '\n' && r != '\t' {
		return -1
	}
	return r
}

// EndDelta ends the line of the last piece.
func (r *Report) EndDelta() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end()
}

// NothingNew reports whether this run found everything done.
func (r *Report) NothingNew() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.did == 0 && r.skipped > 0
}

func (r *Report) line(parts ...string) {
	r.end()
	fmt.Fprintln(r.w, strings.Join(parts, ""))
}

func (r *Report) end() {
	if r.bar {
		fmt.Fprintln(r.w)
		r.bar = false
	}
}

func (r *Report) name(step string) string {
	return r.lang.stepName(kind(step))
}

// detail is what of a step a person wants to see: where the thing is now.
func detail(v values) string {
	if at := cmp.Or(v["address"], v["id"], v["publication"]); at != "" {
		return " (" + at + ")"
	}
	return ""
}
