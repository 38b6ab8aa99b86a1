package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/kitroll/kitroll/vultr"
)

// keyboard reads lines that somebody types, or that come through a pipe.
type keyboard struct{ in *bufio.Reader }

func newKeyboard(in io.Reader) *keyboard { return &keyboard{bufio.NewReader(in)} }

// errNobody is the end of the input in place of an answer.
var errNobody = errors.New("nobody answers")

// line waits for a line, or for the end of ctx: nothing interrupts a Read of a terminal.
func (k *keyboard) line(ctx context.Context) (string, error) {
	type typed struct {
		text string
		err  error
	}
	done := make(chan typed, 1)
	go func() {
		text, err := k.in.ReadString('\n')
		done <- typed{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case got := <-done:
		if got.err != nil && strings.TrimSpace(got.text) == "" {
			return "", errNobody
		}
		return strings.TrimSpace(got.text), nil
	}
}

// question is one thing to find out.
type question struct {
	flag, text string
	take       func(answer string) bool // an empty answer takes the default
	skip       func() bool              // it does not matter, as it turned out
}

// ask completes what the flags leave open. When -access is given there is nothing to ask.
func (f *flags) ask(ctx context.Context, keys *keyboard, w io.Writer) error {
	if f.need.Access != "" {
		return nil
	}
	questions := []question{
		{flag: "access", text: "How is the data used? block (a disk), file (a tree that several see), http (URLs, backups)", take: func(a string) bool {
			for _, access := range accesses() {
				if a != "" && strings.HasPrefix(string(access), strings.ToLower(a)) {
					f.need.Access = access
					return true
				}
			}
			return false
		}},
		{
			flag: "writers", text: "How many machines write at the same time? [1]", take: count(&f.need.Writers, 1),
			skip: func() bool { return f.need.Access == vultr.AccessHTTP },
		},
		{
			flag: "metal", text: "Is any of them Bare Metal? [no]", take: yesNo(&f.need.BareMetal),
			skip: func() bool { return f.need.Access == vultr.AccessHTTP },
		},
		{flag: "size", text: "How many GB? [the smallest]", take: count(&f.need.SizeGB, 0)},
		{flag: "iops", text: "How many operations a second? [not known]", take: count(&f.need.IOPS, 0)},
		{flag: "public", text: "Has it to be reached from the internet? [no]", take: yesNo(&f.need.Public)},
	}
	for _, q := range questions {
		if f.set[q.flag] || q.skip != nil && q.skip() {
			continue
		}
		for {
			fmt.Fprint(w, q.text+" ")
			answer, err := keys.line(ctx)
			if errors.Is(err, errNobody) {
				fmt.Fprintln(w)
				return inputError{fmt.Errorf("-%s is needed where nobody answers questions: see -h", q.flag)}
			}
			if err != nil {
				fmt.Fprintln(w)
				return err
			}
			if q.take(answer) {
				break
			}
			fmt.Fprintf(w, "%q is no answer to that\n", answer)
		}
	}
	return nil
}

func count(into *int, least int) func(string) bool {
	return func(a string) bool {
		if a == "" {
			return true
		}
		n, err := strconv.Atoi(a)
		if err != nil || n < least {
			return false
		}
		*into = n
		return true
	}
}

func yesNo(into *bool) func(string) bool {
	return func(a string) bool {
		switch strings.ToLower(a) {
		case "", "n", "no":
			*into = false
		case "y", "yes":
			*into = true
		default:
			return false
		}
		return true
	}
}

// confirm wants the word typed. Nothing else agrees.
func (k *keyboard) confirm(ctx context.Context, w io.Writer, word string) error {
	fmt.Fprintf(w, "Type %s to go on: ", word)
	answer, err := k.line(ctx)
	if errors.Is(err, errNobody) || err == nil && answer != word {
		fmt.Fprintln(w)
		return errNotConfirmed
	}
	if err != nil {
		fmt.Fprintln(w)
	}
	return err
}
