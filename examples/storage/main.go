package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/kitroll/kitroll/vultr"
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
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once; the labels and the intent stand that too
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
		fmt.Fprintln(t.Err, "interrupted: run the same command again, and it goes on from here")
	case exitNotConfirmed:
		fmt.Fprintln(t.Err, "not confirmed: nothing was bought or attached")
	default:
		fmt.Fprintln(t.Err, "error:", err)
		if advice := advise(code, err); advice != "" {
			fmt.Fprintln(t.Err, "→ "+advice)
		}
	}
	return code
}

// do is one run: choose, plan, confirm, buy.
func (f *flags) do(ctx context.Context, t Terminal, getenv func(string) string, pace Pace) error {
	keys := newKeyboard(t.In)
	if err := f.ask(ctx, keys, t.Err); err != nil {
		return err
	}
	choice := vultr.Choose(f.need)
	showChoice(t.Err, choice)
	if choice.Kind == "" {
		return inputError{errors.New("no storage fits: " + strings.Join(choice.Reasons, "; "))}
	}
	account, err := openAccount(ctx, f, getenv, pace)
	if err != nil {
		return err
	}
	defer account.Close()
	fmt.Fprintln(t.Err, account.Greeting)
	plan, err := account.plan(ctx, f, choice)
	if err != nil {
		return refused(err)
	}
	plan.show(t.Err)
	if f.planOnly {
		return nil
	}
	if plan.changes() && !f.yes {
		if err := keys.confirm(ctx, t.Err, plan.word()); err != nil {
			return err
		}
	}
	return account.carryOut(ctx, f, plan, t)
}

// refused makes bad input of what the platform, or the package in its place, has refused before anything was bought.
func refused(err error) error {
	if errors.Is(err, vultr.ErrInput) {
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
	case errors.Is(err, vultr.ErrUnknownOutcome):
		return exitUnknown
	}
	return exitFailed
}

// advise says what a person can do, beyond what the error says itself.
func advise(code int, err error) string {
	switch {
	case code == exitInput:
		return "nothing was bought"
	case code == exitUnknown:
		return "run the same command again in a minute: what was bought is found by its label, and nothing is bought twice"
	case errors.Is(err, vultr.ErrConflict):
		return "change what is there, or choose another -label"
	case errors.Is(err, fs.ErrPermission):
		return "nothing can be bought with this key from this machine"
	case errors.Is(err, vultr.ErrTemporary), errors.Is(err, vultr.ErrThrottled):
		return "run the same command again later, and it goes on from here"
	}
	return ""
}
