package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode"
)

// Report tells a person how the job goes, in plain lines, and keeps all of it for the page that -report asks for.
type Report struct {
	mu      sync.Mutex
	w       io.Writer
	lang    Lang
	last    string
	did     int
	skipped int
	page    Page
}

// Page is what the HTML report shows.
type Page struct {
	Lang     Lang
	Title    string
	Accounts []Account
	Plan     Plan
	Done     []PageLine // what happened, in its order
	Undo     []Undo
	Outcome  string
	Failed   bool
	At       time.Time
}

// PageLine is one thing that happened.
type PageLine struct{ Mark, Step, What string }

// NewReport writes to w.
func NewReport(w io.Writer, lang Lang, accounts []Account) *Report {
	return &Report{w: w, lang: lang, page: Page{Lang: lang, Accounts: accounts}}
}

// Plan shows the plan.
func (r *Report) Plan(p Plan) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.page.Plan, r.page.Title = p, strings.Join(p.Names, ", ")
	r.line(r.lang.Sayf("plan for %s", "计划：%s", r.page.Title))
	for i, l := range p.Lines {
		r.line(fmt.Sprintf("  %d. %s: %s", i+1, l.Step, l.What))
		if l.Cost != r.lang.Say("free", "免费") {
			r.line("     " + l.Cost)
		}
	}
	for _, n := range p.Notes {
		r.line("  " + r.lang.Say("note: ", "注意：") + n)
	}
	due := p.Quote.Due
	if due == "" {
		due = r.lang.Say("nothing", "无")
	}
	if len(r.page.Accounts) > 0 && r.page.Accounts[0].Fake && p.Quote.Due != "" {
		due += r.lang.Say(" (a fake, where money is not money)", "（模拟服务，不产生真实费用）")
	}
	r.line(r.lang.Sayf("  to be paid now: %s", "  现在需支付：%s", due))
}

// Skip says that a step had been done by an earlier run.
func (r *Report) Skip(step, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skipped++
	r.event("=", step, r.lang.Sayf("done before, not repeated (%s)", "之前已完成，不再重复（%s）", what))
}

// Begin says that a step is about to happen.
func (r *Report) Begin(step string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line("> " + r.lang.stepName(step) + " …")
}

// Done says that a step is done now.
func (r *Report) Done(step, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.did++
	r.event("+", step, r.lang.Sayf("done (%s)", "完成（%s）", what))
}

// Record says that a record is there.
func (r *Report) Record(rec Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.event("+", stepRecord, r.lang.Sayf("%s CNAME %s is there", "%s CNAME %s 已存在", rec.Name, rec.Target))
}

// Chain says what the certificate is and what was joined to it.
func (r *Report) Chain(f Facts, chain, notes []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.event("+", stepChain, r.lang.Sayf("%s, valid until %s, below %s", "%s，有效期至 %s，签发链 %s", strings.Join(f.Names, ", "), day(f.Until), strings.Join(chain, " < ")))
	for _, n := range notes {
		r.event(" ", stepChain, n)
	}
}

// Installed says what the installation changed.
func (r *Report) Installed(changed bool, where string, at Installed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !changed {
		r.skipped++
		r.event("=", stepInstall, r.lang.Sayf("%s has it already (%s)", "%s 已是该证书（%s）", where, at.Version))
		return
	}
	r.did++
	r.event("+", stepInstall, r.lang.Sayf("done (%s, version %s)", "完成（%s，版本 %s）", where, at.Version))
}

// Waiting shows what the platform says of what takes its time.
func (r *Report) Waiting(step, state string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if text := "  " + r.lang.stepName(step) + ": " + state; text != r.last {
		r.line(text)
		r.last = text
	}
}

// Note says something by the way.
func (r *Report) Note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line("  " + text)
}

// End says how to take it all back.
func (r *Report) End(undo []Undo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.page.Undo = undo
	if r.did == 0 && r.skipped > 0 {
		r.line("  " + r.lang.Say("everything had been done before: nothing was bought, nothing was installed", "所有步骤此前均已完成：没有购买，也没有安装"))
	}
	r.line(r.lang.Say("to undo:", "撤销方法："))
	for _, u := range undo {
		r.line("  # " + u.What)
		r.line("  " + u.Command)
	}
}

// Page is what there is to show by now.
func (r *Report) Page(outcome string, failed bool) Page {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.page
	p.Outcome, p.Failed, p.At = outcome, failed, time.Now()
	return p
}

func (r *Report) event(mark, step, what string) {
	r.page.Done = append(r.page.Done, PageLine{mark, r.lang.stepName(step), what})
	r.line(mark + " " + r.lang.stepName(step) + r.lang.Say(": ", "：") + what)
}

// line writes a line without control characters: names and notes come from outside, and must not drive the terminal.
func (r *Report) line(text string) {
	r.last = ""
	fmt.Fprintln(r.w, strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return -1
		}
		return c
	}, text))
}
