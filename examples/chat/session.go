package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// session is one run of the program.
type session struct {
	flags    *flags
	t        Terminal
	screen   *Screen
	platform *Platform
	archive  *Archive
	keyboard *Keyboard
	model    string
	waiting  Attachments
	leaving  bool // a signal said to end, not only to stop
}

// errStopped is Ctrl-C while something is under way.
var errStopped = errors.New("stopped")

// busy runs f with a context that the first signal ends. A second one, while f is still ending, ends the process.
func (s *session) busy(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-done:
			return
		case sig := <-s.t.Signals:
			s.leaving = sig != os.Interrupt
			cancel(errStopped)
		}
		select {
		case <-done:
		case <-s.t.Signals:
			s.t.Die(exitInterrupted)
		}
	}()
	err := f(ctx)
	close(done)
	<-watched
	if context.Cause(ctx) == errStopped && err != nil { //nolint:errorlint // identity: the cause is what was put there
		return errStopped
	}
	return err
}

// once answers what comes through a pipe, and ends.
func (s *session) once(ctx context.Context) int {
	var text []byte
	err := s.busy(ctx, func(ctx context.Context) error {
		got := make(chan error, 1)
		go func() { // nothing interrupts a Read
			var err error
			text, err = io.ReadAll(io.LimitReader(s.t.In, maxText+1))
			got <- err
		}()
		select {
		case err := <-got:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	switch {
	case errors.Is(err, errStopped):
		return exitInterrupted
	case err != nil:
		s.screen.Problem(err, "nothing was sent")
		return exitInput
	case len(text) > maxText:
		s.screen.Problem(fmt.Errorf("the input has over %s", size(maxText)), "nothing was sent: cut out what matters")
		return exitInput
	}
	said := strings.TrimSpace(strings.ToValidUTF8(string(text), "\uFFFD"))
	if said == "" && s.waiting.Len() == 0 {
		s.screen.Problem(errors.New("there is nothing to answer: the input is empty"), "nothing was sent")
		return exitInput
	}
	s.greet()
	err = s.say(ctx, said)
	switch saved := s.save(); {
	case errors.Is(err, errStopped):
		return exitInterrupted
	case errors.Is(err, errPartial):
		return exitPartial
	case err != nil || !saved:
		return exitFailed
	}
	return exitDone
}

// talk answers what is typed until somebody has had enough.
func (s *session) talk(ctx context.Context) int {
	s.keyboard = NewKeyboard(s.t)
	s.greet()
	s.screen.Say("Type a message, or /help. Ctrl-C stops an answer, Ctrl-D ends.")
	for !s.leaving {
		text, err := s.keyboard.Message()
		switch {
		case errors.Is(err, errLongLine):
			s.screen.Problem(err, "")
			continue
		case errors.Is(err, errInterrupted):
			return s.end(exitInterrupted)
		case errors.Is(err, io.EOF):
			return s.end(exitDone)
		case err != nil:
			s.screen.Problem(err, "")
			return s.end(exitFailed)
		}
		if strings.TrimSpace(text) == "" {
			continue
		}
		if strings.HasPrefix(text, "/") {
			err = s.command(ctx, text)
		} else {
			err = s.say(ctx, strings.TrimSpace(text))
		}
		if errors.Is(err, errQuit) {
			return s.end(exitDone)
		}
	}
	return s.end(exitInterrupted)
}

// end saves what a failed save may have left, and returns the exit code.
func (s *session) end(code int) int {
	if !s.save() && code == exitDone {
		return exitFailed
	}
	return code
}

// greet says what is real. Whoever thinks that they talk to a model must not be on a fake, nor the other way round.
func (s *session) greet() {
	s.screen.Note("%s at %s", s.model, s.platform.Name)
	if s.platform.Fake {
		s.screen.Note("(-h names the variables that make it real)")
	}
	for _, path := range s.archive.gone {
		s.screen.Note("the picture %s is gone or was changed: the model is told so in its place", path)
	}
	if c := s.archive.Now(); len(c.Turns) > 0 {
		s.screen.Note("going on with %q, %s; /new begins another conversation, /history shows this one", c.Name(), count(len(c.Turns), "message"))
	}
}

// save writes the history, and says whether it is safe.
func (s *session) save() bool {
	moved, err := s.archive.Save()
	if moved != "" {
		s.screen.Note("the history file was changed by something else, and was left as that made it; this history is in %s from now on", moved)
	}
	if err != nil {
		s.screen.Problem(err, "the conversation goes on without; what is said since the last save is lost at the end")
	}
	return err == nil
}

func (s *session) attach(path string) error {
	what, err := s.waiting.Add(path)
	if err == nil {
		s.screen.Note("attached: %s", what)
	}
	return err
}
