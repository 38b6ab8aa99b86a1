package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2admin"
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

var (
	errInput        = errors.New("bad input")
	errNotConfirmed = errors.New("not confirmed")
)

// inputError is errInput without the words: the text of the error says all.
type inputError struct{ error }

func (e inputError) Unwrap() error { return e.error }

func (inputError) Is(kind error) bool { return kind == errInput }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once, which does no harm either
	code := run(ctx, os.Args[1:], Terminal{os.Stdin, os.Stdout, os.Stderr}, os.Getenv, Pace{})
	stop()
	os.Exit(code)
}

// Terminal is where a person sits, or nobody.
type Terminal struct {
	In       io.Reader
	Out, Err io.Writer
}

// run is main without the process: arguments and environment in, exit code out.
func run(ctx context.Context, args []string, t Terminal, getenv func(string) string, pace Pace) int {
	f, err := parseFlags(args, t.Err)
	if errors.Is(err, flag.ErrHelp) {
		return exitDone
	}
	if err == nil {
		err = f.do(ctx, t, getenv, pace)
	} else {
		err = inputError{err}
	}
	code := exitCode(ctx, err)
	switch code {
	case exitDone:
	case exitInterrupted:
		fmt.Fprintln(t.Err, f.lang.Say("interrupted: run the same command again, and it goes on from here", "已中断：再次运行同一命令即可继续"))
	case exitNotConfirmed:
		fmt.Fprintln(t.Err, f.lang.Say("not confirmed: nothing was changed", "未确认：没有做任何更改"))
	default:
		fmt.Fprintln(t.Err, f.lang.Say("error:", "错误："), printableLines(err.Error()))
		if advice := advise(code, err, f.lang); advice != "" {
			fmt.Fprintln(t.Err, "→ "+advice)
		}
	}
	return code
}

// job is one run whose plan is to be carried out.
type job struct {
	flags    *flags
	account  *Account
	manifest *Manifest
	folder   string
	lang     Lang
	w        io.Writer
	report   Report
}

func (j *job) note(en, zh string, args ...any) { fmt.Fprintln(j.w, j.lang.Sayf(en, zh, args...)) }

// did says that something was done.
func (j *job) did(mark, en, zh string, args ...any) {
	fmt.Fprintf(j.w, "  %s %s\n", mark, j.lang.Sayf(en, zh, args...))
}

func (j *job) warn(en, zh string, args ...any) {
	text := j.lang.Sayf(en, zh, args...)
	j.report.Warnings = append(j.report.Warnings, text)
	fmt.Fprintln(j.w, "! "+text)
}

// do is one run: look, plan, confirm, carry out, show.
func (f *flags) do(ctx context.Context, t Terminal, getenv func(string) string, pace Pace) error {
	s, err := readSettings(getenv)
	if err == nil {
		err = f.complete(s)
	}
	if err != nil {
		return inputError{err}
	}
	account, err := openAccount(ctx, f, s, pace)
	if err != nil {
		return inputError{err}
	}
	defer account.Close()
	shown := ""
	if f.serve != "" { // before anything is done: the address may be taken
		base, stop, err := listen(ctx, f.serve, outside(f.out))
		if err != nil {
			return inputError{fmt.Errorf("-serve: %w", err)}
		}
		defer stop()
		shown = base
	}
	j := &job{flags: f, account: account, folder: f.folder, lang: f.lang, w: t.Err}
	if j.manifest, err = openManifest(f.out, s.Account, s.Bucket, f.prefix); err != nil {
		return inputError{err}
	}
	if s.Real {
		j.note("account: the real one, bucket %s, domain %s", "账户：真实账户，存储桶 %s，域名 %s", printable(s.Bucket), printable(s.Domain))
	} else {
		j.note("account: a fake inside this process, kept in %s (-h names the variables that make it real)", "账户：本进程内的模拟服务，保存在 %s（-h 列出使用真实账户所需的环境变量）", printable(f.out))
	}
	folder, err := j.look(ctx, s)
	if err != nil {
		return err
	}
	plan, err := buildPlan(ctx, account, f, s, folder, j.manifest)
	if err != nil {
		return refused(err)
	}
	plan.show(t.Err, f.lang)
	j.report = newReport(s, plan)
	if f.planOnly {
		links, err := linksOf(folder.Pictures, f.prefix, account.Data.PublicURL)
		if err != nil {
			return err
		}
		j.report.planned(plan, f.prefix, links)
		return j.tell(t)
	}
	if plan.changes() && s.Real && !f.yes {
		if err := f.confirm(ctx, t, plan.word()); err != nil {
			return err
		}
	}
	if err := j.carryOut(ctx, plan); err != nil {
		return err
	}
	j.report.NothingNew = !plan.changes()
	if j.report.NothingNew {
		j.note("everything is there: nothing was uploaded or changed", "全部已就绪：没有上传或更改任何内容")
	}
	j.report.Page = filepath.Join(f.out, "gallery.html")
	j.note("page: %s", "页面：%s", printable(j.report.Page))
	if err := j.tell(t); err != nil || shown == "" {
		return err
	}
	j.note("the page is at %s/ and the pictures come from %s, until this is interrupted", "页面：%s/，图片来自 %s，按 Ctrl-C 结束", shown, account.Base)
	<-ctx.Done()
	return nil
}

// look finds the pictures. A folder without any is refused: with -prune it would empty the bucket.
func (j *job) look(ctx context.Context, s Settings) (Folder, error) {
	if j.folder == "" {
		j.folder = filepath.Join(j.flags.out, "pictures")
		if err := drawPictures(j.folder); err != nil {
			return Folder{}, fmt.Errorf("draw the pictures of the demo: %w", err)
		}
	}
	out := j.flags.out
	folder, err := scan(ctx, j.folder, out, j.manifest.Files, !j.flags.keep, j.lang)
	if ctx.Err() != nil {
		return folder, err
	}
	if err != nil {
		return folder, inputError{fmt.Errorf("the folder of pictures: %w", err)}
	}
	if len(folder.Pictures) == 0 {
		for _, l := range folder.Left {
			j.did("!", "%s is left alone: %s", "%s 不处理：%s", printable(l.Name), l.Reason)
		}
		return folder, inputError{fmt.Errorf("there is no picture to host in %s", printable(j.folder))}
	}
	total := int64(0)
	for _, p := range folder.Pictures {
		total += p.Stored
	}
	if !s.Real && total > mostOnFake {
		return folder, inputError{fmt.Errorf("the fake takes %s, and the folder has %s: name a smaller one, or a real account", bytesOf(mostOnFake), bytesOf(total))}
	}
	return folder, nil
}

// tell writes the report to standard output.
func (j *job) tell(t Terminal) error {
	if j.flags.jsonReport {
		return j.report.writeJSON(t.Out)
	}
	if !j.flags.planOnly {
		j.report.writeLinks(t.Out)
	}
	return nil
}

// confirm wants the word typed. Nothing else agrees.
func (f *flags) confirm(ctx context.Context, t Terminal, word string) error {
	fmt.Fprint(t.Err, f.lang.Sayf("Type %s to go on: ", "输入 %s 继续：", word))
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
		if strings.TrimSpace(line) != word {
			return errNotConfirmed
		}
		return nil
	case <-ctx.Done():
		fmt.Fprintln(t.Err)
		return context.Cause(ctx)
	}
}

// refused makes bad input of what a package has refused before anything was sent.
func refused(err error) error {
	if errors.Is(err, r2admin.ErrInput) || errors.Is(err, r2.ErrInput) {
		return inputError{err}
	}
	return err
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
	case errors.Is(err, r2.ErrUnknownOutcome), errors.Is(err, r2admin.ErrUnknownOutcome):
		return exitUnknown
	}
	return exitFailed
}

// advise says what a person can do, beyond what the error says itself.
func advise(code int, err error, lang Lang) string {
	switch {
	case code == exitInput:
		return lang.Say("nothing was changed", "没有做任何更改")
	case code == exitUnknown:
		return lang.Say("run the same command again: it looks at what is there first, and sends nothing twice", "再次运行同一命令：它会先查看现状，不会重复发送")
	case errors.Is(err, r2admin.ErrChanged):
		return lang.Say("somebody else has changed the CORS rules meanwhile: run again, and look at the plan", "CORS 规则已被他人修改：请重新运行并查看计划")
	case errors.Is(err, r2admin.ErrZone):
		return lang.Say("the bucket and the zone of its domain must be in one account", "存储桶与其域名所在的区域必须属于同一账户")
	case errors.Is(err, r2admin.ErrDomain):
		return lang.Say("see the custom domains in the settings of the bucket; waiting does not help", "请查看存储桶设置中的自定义域；等待无济于事")
	case errors.Is(err, fs.ErrPermission):
		return ""
	case code == exitFailed:
		return lang.Say("run the same command again, and it goes on from here", "再次运行同一命令即可继续")
	}
	return ""
}
