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

	"github.com/kitroll/kitroll/awsops"
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

// errDeclined is a person who did not type the word, errStops a plan that says that the move would fail.
var (
	errDeclined = errors.New("not confirmed: nothing was done")
	errStops    = errors.New("the plan says what has to be mended first")
)

// run is main without the process: arguments and environment in, exit code out.
func run(ctx context.Context, args []string, t Terminal, getenv func(string) string) int {
	f, err := parseFlags(args, t.Err)
	if errors.Is(err, flag.ErrHelp) {
		return exitDone
	}
	switch {
	case err != nil:
		err = inputError{err}
	case f.serve != "":
		err = serveWorld(ctx, f.serve, t.Err)
	default:
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
	case errors.Is(err, errInput):
		return exitInput
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.Is(err, awsops.ErrUnknownOutcome):
		return exitUnknown
	case errors.Is(err, errDeclined), errors.Is(err, errStops):
		return exitDecide
	}
	return exitFailed
}

// explain says what went wrong and what a person can do.
func explain(w io.Writer, err error, code int) {
	fmt.Fprintln(w, "error: "+printable(err.Error()))
	switch code {
	case exitInput, exitDecide:
		fmt.Fprintln(w, "nothing was changed")
	case exitUnknown:
		fmt.Fprintln(w, "look at what is named above before anything else is done")
	case exitFailed:
		fmt.Fprintln(w, "run the same command again: what is done is not repeated; -rollback takes it back")
	}
}

// typed reads a line that a person types.
func typed(ctx context.Context, t Terminal, prompt string) (string, error) {
	fmt.Fprint(t.Err, prompt+" ")
	line := make(chan string, 1)
	go func() { // nothing interrupts a Read of a terminal
		s, _ := bufio.NewReader(t.In).ReadString('\n')
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
