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

	"github.com/kitroll/kitroll/route53x/transfer"
)

// The exit codes.
const (
	exitDone = iota
	exitFailed
	exitInput
	exitUnknown
	exitDecide
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once; the state stands that too
	code := run(ctx, os.Args[1:], Terminal{os.Stdin, os.Stdout, os.Stderr}, os.Getenv)
	stop()
	os.Exit(code)
}

// Terminal is where a person sits, or nobody.
type Terminal struct {
	In       io.Reader
	Out, Err io.Writer
}

// errInput is bad input: nothing was changed.
var errInput = errors.New("bad input")

// inputError is errInput without the words.
type inputError struct{ error }

func (e inputError) Unwrap() error    { return e.error }
func (inputError) Is(kind error) bool { return kind == errInput }

// errDeclined is a person who did not type the word.
var errDeclined = errors.New("not confirmed: nothing was done")

// run is main without the process: arguments and environment in, exit code out.
func run(ctx context.Context, args []string, t Terminal, getenv func(string) string) int {
	f, err := parseFlags(args, t.Err)
	if errors.Is(err, flag.ErrHelp) {
		return exitDone
	}
	if err != nil {
		fmt.Fprintln(t.Err, "error:", err)
		return exitInput
	}
	if f.world != "" {
		err = serveWorld(ctx, f.world, t.Err)
	} else {
		err = f.move(ctx, t, getenv)
	}
	code := exitCode(ctx, err)
	switch {
	case code == exitInterrupted:
		fmt.Fprintln(t.Err, "interrupted: run the same command again, and it goes on from here")
	case err != nil:
		explain(t.Err, err, code)
	}
	return code
}

func exitCode(ctx context.Context, err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errInput), errors.Is(err, transfer.ErrInUse), errors.Is(err, transfer.ErrOtherMove), errors.Is(err, transfer.ErrInvalid):
		return exitInput
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.Is(err, transfer.ErrAmbiguous):
		return exitUnknown
	case errors.Is(err, errDeclined), errors.Is(err, transfer.ErrNeedsConsent), errors.Is(err, transfer.ErrNeedsStatement), errors.Is(err, transfer.ErrUnacknowledged):
		return exitDecide
	}
	return exitFailed
}

// connect finds the platforms: real ones, fakes that somebody serves, or fakes of this process.
func (f *flags) connect(ctx context.Context, getenv func(string) string) (p platforms, closing func(), err error) {
	closing = func() {}
	p, isReal, err := realPlatforms(getenv)
	switch {
	case err != nil:
		return p, closing, err
	case isReal && f.at != "":
		return p, closing, errors.New("-at: the environment names real platforms")
	case isReal:
		return p, closing, nil
	case f.at != "":
		p, err = dialWorld(ctx, f.at)
		return p, closing, err
	}
	w, err := newWorld(0)
	if err != nil {
		return p, closing, err
	}
	return w.platforms(), w.close, nil
}

// move does the job of one set of flags.
func (f *flags) move(ctx context.Context, t Terminal, getenv func(string) string) error {
	p, closing, err := f.connect(ctx, getenv)
	if err != nil {
		return inputError{err}
	}
	defer closing()
	if err := f.complete(p.fake); err != nil {
		return inputError{err}
	}
	cfg, err := p.config(f.domain)
	if err != nil {
		return inputError{err}
	}
	f.decide(&cfg, p.fake)
	journal, err := transfer.OpenFile(f.state)
	if err != nil {
		return err
	}
	defer journal.Close() //nolint:errcheck // only the lock is left in it
	cfg.Journal = journal
	r, err := transfer.New(cfg)
	if err != nil {
		return err
	}
	j := &job{flags: f, t: t, p: p, runner: r, screen: &screen{w: t.Err}}
	if p.clock != nil {
		j.sleep = p.clock.Sleep
	}
	j.greet()
	if f.undo != "" {
		return j.back(ctx)
	}
	return j.forth(ctx)
}

// typed reads a line that a person types.
func typed(ctx context.Context, t Terminal, in *bufio.Reader, prompt string) (string, error) {
	fmt.Fprint(t.Err, prompt+" ")
	line := make(chan string, 1)
	go func() { // nothing interrupts a Read of a terminal
		s, _ := in.ReadString('\n')
		line <- s
	}()
	select {
	case s := <-line:
		if !strings.HasSuffix(s, "\n") {
			fmt.Fprintln(t.Err)
		}
		return strings.TrimSpace(s), nil
	case <-ctx.Done():
		fmt.Fprintln(t.Err)
		return "", context.Cause(ctx)
	}
}
