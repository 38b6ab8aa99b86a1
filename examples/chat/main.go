package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
)

// The exit codes.
const (
	exitDone = iota
	exitFailed
	exitInput
	exitPartial
	exitInterrupted = 130
)

func main() {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	t := Terminal{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Signals: signals, Die: os.Exit}
	in, out, screen := int(os.Stdin.Fd()), int(os.Stdout.Fd()), int(os.Stderr.Fd())
	if term.IsTerminal(in) && term.IsTerminal(screen) {
		t.Interactive = true
		t.Raw = func() (func(), error) {
			before, err := term.MakeRaw(in)
			return func() { _ = term.Restore(in, before) }, err
		}
		t.Size = func() (int, int, error) { return term.GetSize(screen) }
	}
	t.Colour = term.IsTerminal(out) && term.IsTerminal(screen) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	os.Exit(run(context.Background(), os.Args[1:], t, os.Getenv))
}

// Terminal is where a person sits, or the two ends of a pipe.
type Terminal struct {
	In          io.Reader
	Out, Err    io.Writer // answers; everything else
	Interactive bool      // somebody types at In and reads Err: prompts, commands, line editing
	Colour      bool      // escape sequences for dimmed text
	Raw         func() (restore func(), err error)
	Size        func() (width, height int, err error)
	Signals     <-chan os.Signal
	Die         func(code int) // ends the process at once
}

// run is main without the process: arguments and environment in, exit code out.
func run(ctx context.Context, args []string, t Terminal, getenv func(string) string) int {
	screen := NewScreen(t.Out, t.Err, t.Colour)
	f, err := parseFlags(args, t.Err)
	if errors.Is(err, flag.ErrHelp) {
		return exitDone
	}
	if err != nil {
		screen.Problem(err, "")
		return exitInput
	}
	platform, err := openPlatform(f, getenv)
	if err != nil {
		screen.Problem(err, "nothing was sent")
		return exitInput
	}
	defer platform.Close()
	archive, err := OpenArchive(f.history)
	if err != nil {
		screen.Problem(err, "nothing was sent, and the file was left as it is: mend it, move it away, or name another -history")
		return exitInput
	}
	s := &session{flags: f, t: t, screen: screen, platform: platform, archive: archive, model: platform.Model}
	for _, path := range f.attach {
		if err := s.attach(path); err != nil {
			screen.Problem(err, "nothing was sent")
			return exitInput
		}
	}
	if !t.Interactive {
		return s.once(ctx)
	}
	return s.talk(ctx)
}

// flags are what the command line says.
type flags struct {
	history, model, system, out string
	attach                      []string
	yes, verbose                bool
}

func parseFlags(args []string, w io.Writer) (*flags, error) {
	f := &flags{}
	set := flag.NewFlagSet("chat", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&f.history, "history", "", "keep the conversations in this `file`, and go on with the last one (default: keep nothing)")
	set.StringVar(&f.model, "model", "", "talk to this `model` (default: LLM_MODEL)")
	set.StringVar(&f.system, "system", "", "the instruction that stands before every conversation, as a `text`")
	set.StringVar(&f.out, "out", ".", "the `folder` for pictures that /image makes")
	set.Func("attach", "send this `file` with the first message; may be given again", func(path string) error {
		f.attach = append(f.attach, path)
		return nil
	})
	set.BoolVar(&f.yes, "yes", false, "do not ask before /image makes what costs money")
	set.BoolVar(&f.verbose, "v", false, "show the tokens used, the model's own name and the request ID")
	err := set.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		usage(w, set)
		return f, err
	}
	if err == nil && set.NArg() > 0 {
		err = fmt.Errorf("%q is not a flag: what is to be said is typed, or comes through a pipe", set.Arg(0))
	}
	return f, err
}

func usage(w io.Writer, set *flag.FlagSet) {
	fmt.Fprint(w, "chat: talk to a model in the terminal, or once through a pipe\n\nFlags:\n")
	set.SetOutput(w)
	set.PrintDefaults()
	fmt.Fprint(w, "\nThe model is real when its variables are in the environment, else a fake in this process:\n"+
		"  LLM_BASE_URL LLM_MODEL\n    optional: LLM_KEY LLM_IMAGE_MODEL\n"+
		"    any OpenAI-style API; a local server needs no key; LLM_IMAGE_MODEL is for /image\n\nCommands:\n"+commands+
		"\nExit codes: 0 done, 1 failed, 2 bad input (nothing sent), 3 a pipe's answer came in part only, 130 interrupted\n")
}
