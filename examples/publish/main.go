package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/term"
)

// The exit codes.
const (
	exitDone = iota
	exitFailed
	exitInput
	exitUnknown
	exitNotConfirmed
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once; the journal stands that too
	code := run(ctx, os.Args[1:], Terminal{os.Stdin, os.Stdout, os.Stderr}, os.Getenv, DefaultTiming(), Pace{})
	stop()
	os.Exit(code)
}

// Terminal is where a person sits, or nobody.
type Terminal struct {
	In       io.Reader
	Out, Err io.Writer
}

// interactive reports whether Err is a terminal, where lines can be drawn again.
func (t Terminal) interactive() bool {
	f, ok := t.Err.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// errInput is bad input: nothing was sent.
var errInput = errors.New("bad input")

// inputError is errInput without the words: the text of Err says all.
type inputError struct{ error }

func (e inputError) Unwrap() error { return e.error }

func (inputError) Is(kind error) bool { return kind == errInput }

// run is main without the process: arguments and environment in, exit code out.
func run(ctx context.Context, args []string, t Terminal, getenv func(string) string, timing Timing, pace Pace) int {
	f, err := parseFlags(args, t.Err)
	if errors.Is(err, flag.ErrHelp) {
		return exitDone
	}
	if err != nil {
		fmt.Fprintln(t.Err, f.lang.Say("error: ", "错误："), err)
		return exitInput
	}
	res, err := f.publish(ctx, t, getenv, timing, pace)
	code := exitCode(ctx, err)
	if res.Outcome != "" { // also when nobody could be told
		fmt.Fprintf(t.Err, "%s: %s\n", res.Title, res.Outcome)
	}
	if err != nil {
		explain(t.Err, f.lang, err, code)
	}
	if res.Outcome == "" {
		return code
	}
	if _, err := os.Stat(res.Preview); err == nil {
		fmt.Fprintln(t.Err, f.lang.Say("preview:", "预览："), res.Preview)
	}
	if res.Address != "" {
		fmt.Fprintln(t.Out, res.Address)
	}
	return code
}

// publish does the job of one set of flags.
func (f *flags) publish(ctx context.Context, t Terminal, getenv func(string) string, timing Timing, pace Pace) (Result, error) {
	settings, err := readSettings(getenv)
	if err != nil {
		return Result{}, inputError{err}
	}
	job, source, loader, err := f.job(settings)
	if err != nil {
		return Result{}, inputError{err}
	}
	journal, err := OpenJournal(f.journal, source, hash(append([]byte(job.Topic+"\x00"), job.Markdown...)))
	if err != nil {
		return Result{}, inputError{err}
	}
	defer journal.Close() //nolint:errcheck // only the lock is left in it
	platforms, closing, err := openPlatforms(settings, loader, job, pace)
	if err != nil {
		return Result{}, inputError{err}
	}
	defer closing()
	report := NewReport(t.Err, t.interactive(), f.lang)
	greet(report, platforms.Accounts, f)
	p := &Pipeline{
		Platforms: platforms, Job: job, Journal: journal, Report: report, Again: f.again, Timing: timing,
		Confirm: func(plan BroadcastPlan) (bool, error) { return f.confirm(ctx, t, plan) },
	}
	res, err := p.Run(ctx)
	if err == nil && report.NothingNew() {
		report.Note(f.lang.Say("everything had been done before: nothing was repeated", "所有步骤此前均已完成：没有重复任何操作"))
	}
	return res, err
}

// greet says what is real. Whoever thinks that they publish must not be on a fake, nor the other way round.
func greet(r *Report, accounts []Account, f *flags) {
	var fake []string
	for _, a := range accounts {
		if a.Fake {
			fake = append(fake, a.Platform)
		} else {
			r.Note(f.lang.Sayf("real: %s (%s)", "真实平台：%s（%s）", a.Platform, a.Name))
		}
	}
	if len(fake) > 0 {
		r.Note(f.lang.Sayf("fakes inside this process: %s (-h names the variables that make them real)", "本进程内的模拟服务：%s（-h 列出使其变为真实平台的环境变量）", strings.Join(fake, ", ")))
	}
	r.Note(f.lang.Sayf("journal: %s", "日志：%s", f.journal))
}

// confirm shows the plan of a mass send. Nothing but the typed word agrees.
func (f *flags) confirm(ctx context.Context, t Terminal, plan BroadcastPlan) (bool, error) {
	fmt.Fprintln(t.Err, plan.Summary)
	if f.yes {
		return true, nil
	}
	fmt.Fprint(t.Err, f.lang.Say("A mass send cannot be taken back. Type send to send it: ", "群发无法撤回。输入 send 确认发送："))
	typed := make(chan string, 1)
	go func() { // nothing interrupts a Read of a terminal
		line, _ := bufio.NewReader(t.In).ReadString('\n')
		typed <- line
	}()
	select {
	case line := <-typed:
		if !strings.HasSuffix(line, "\n") {
			fmt.Fprintln(t.Err)
		}
		return strings.TrimSpace(line) == "send", nil
	case <-ctx.Done():
		fmt.Fprintln(t.Err)
		return false, context.Cause(ctx)
	}
}

func exitCode(ctx context.Context, err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errInput):
		return exitInput
	case errors.Is(err, errNotConfirmed):
		return exitNotConfirmed
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.Is(err, ErrUnknown):
		return exitUnknown
	}
	return exitFailed
}

// explain says what went wrong and what a person can do.
func explain(w io.Writer, lang Lang, err error, code int) {
	text := err.Error()
	switch code {
	case exitInterrupted:
		fmt.Fprintln(w, lang.Say("interrupted: run the same command again, and it goes on from here", "已中断：再次运行同一命令即可继续"))
		return
	case exitInput:
		fmt.Fprintln(w, lang.Say("error: ", "错误：")+text)
		fmt.Fprintln(w, lang.Say("nothing was sent", "没有发送任何内容"))
		return
	case exitNotConfirmed:
		fmt.Fprintln(w, lang.Say("not confirmed: nothing was sent; the draft stays", "未确认：没有群发，草稿保留"))
		return
	}
	fmt.Fprintln(w, lang.Say("error: ", "错误：")+text)
	if h := hint(err, lang); h != "" && code == exitFailed && !strings.Contains(text, h) {
		fmt.Fprintln(w, "→ "+h)
	}
}
