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
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/kitroll/kitroll/acmx"
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
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once; the next run goes on from there
	code := run(ctx, os.Args[1:], Terminal{os.Stdin, os.Stdout, os.Stderr}, os.Getenv, 0)
	stop()
	os.Exit(code)
}

// Terminal is where a person sits, or nobody.
type Terminal struct {
	In       io.Reader
	Out, Err io.Writer
}

// errInput is bad input: nothing was done.
var errInput = errors.New("bad input")

// inputError is errInput without the words: the text of Err says all.
type inputError struct{ error }

func (e inputError) Unwrap() error { return e.error }

func (inputError) Is(kind error) bool { return kind == errInput }

// run is main without the process: arguments and environment in, exit code out. every is the pause between looks while
// names are being validated; 0 is the default.
func run(ctx context.Context, args []string, t Terminal, getenv func(string) string, every time.Duration) int {
	f, err := parseFlags(args, t.Err)
	if errors.Is(err, flag.ErrHelp) {
		return exitDone
	}
	if err == nil {
		err = f.obtain(ctx, t, getenv, every)
	} else {
		err = inputError{err}
	}
	code := exitCode(ctx, err)
	if err != nil {
		explain(t.Err, f.lang, err, code)
	}
	return code
}

// obtain does the job of one set of flags.
func (f *flags) obtain(ctx context.Context, t Terminal, getenv func(string) string, every time.Duration) error {
	settings, err := readSettings(getenv)
	if err != nil {
		return inputError{err}
	}
	job, spec, err := f.resolve(settings)
	if err != nil {
		return inputError{err}
	}
	// The order of the names is no part of what a certificate is.
	names := slices.Sorted(slices.Values(spec.Names))
	journal, err := OpenJournal(f.journal, strings.Join(spec.Names, ", "), hash(strings.Join(names, ","), string(spec.Key), spec.Label))
	if err != nil {
		return inputError{err}
	}
	defer journal.Close() //nolint:errcheck // only the lock is left in it
	p, closing, err := f.open(settings, spec, t.Err, every)
	if err != nil {
		return inputError{err}
	}
	defer closing()
	p.Job, p.Journal, p.Reload = job, journal, command(job.Reload)
	p.Shelf = shelf{f.dir, acmx.Layout(f.layout), f.keep}
	p.Report = NewReport(t.Err, f.lang, p.Accounts)
	p.Confirm = func(due string) (bool, error) { return f.confirm(ctx, t, due) }
	greet(p.Report, p.Accounts, f)
	err = p.Run(ctx)
	if f.report != "" {
		if page := writePage(f.report, p.Report.Page(f.outcome(ctx, err), err != nil)); page != nil {
			return errors.Join(err, fmt.Errorf("-report: %w", page))
		}
		p.Report.Note(f.lang.Sayf("report: %s", "报告：%s", f.report))
	}
	if err == nil && !f.planOnly {
		fmt.Fprintln(t.Out, f.dir)
	}
	return err
}

// outcome is a run in one sentence.
func (f *flags) outcome(ctx context.Context, err error) string {
	switch {
	case err == nil && f.planOnly:
		return f.lang.Say("planned: nothing was done", "仅计划：未执行任何操作")
	case err == nil:
		return f.lang.Say("done", "完成")
	case errors.Is(err, errNotConfirmed):
		return f.lang.Say("not confirmed: nothing was bought", "未确认：没有购买")
	case ctx.Err() != nil:
		return f.lang.Say("interrupted: the next run goes on", "已中断：再次运行即可继续")
	}
	return f.lang.Say("failed: ", "失败：") + err.Error()
}

// greet says what is real. Whoever thinks that they buy must not be on a fake, nor the other way round.
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

// confirm asks. Nothing but the typed word agrees. On the fakes money is not money, and the question would only be in the
// way of who looks.
func (f *flags) confirm(ctx context.Context, t Terminal, due string) (bool, error) {
	if f.yes || f.free {
		return true, nil
	}
	fmt.Fprint(t.Err, f.lang.Sayf("This costs %s, which is not returned. Type buy to buy it: ", "将花费 %s，不可退还。输入 buy 确认购买：", due))
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
		return strings.TrimSpace(line) == "buy", nil
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
	switch code {
	case exitInterrupted:
		fmt.Fprintln(w, lang.Say("interrupted: run the same command again, and it goes on from here", "已中断：再次运行同一命令即可继续"))
		return
	case exitNotConfirmed:
		fmt.Fprintln(w, lang.Say("not confirmed: nothing was bought", "未确认：没有购买"))
		return
	}
	fmt.Fprintln(w, lang.Say("error: ", "错误：")+err.Error())
	switch code {
	case exitInput:
		fmt.Fprintln(w, lang.Say("nothing was done", "没有执行任何操作"))
	case exitUnknown:
		fmt.Fprintln(w, lang.Say("→ run the same command again: it looks for the certificate before it would buy one", "→ 再次运行同一命令：购买之前会先查找证书"))
	default:
		fmt.Fprintln(w, lang.Say("→ run the same command again when the cause is gone: what is done is not repeated", "→ 排除原因后再次运行同一命令：已完成的步骤不会重复"))
	}
}
