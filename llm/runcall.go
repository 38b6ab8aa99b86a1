package llm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// CallOutcome is what became of a tool call.
type CallOutcome int

// The outcomes.
const (
	CallDone     CallOutcome = iota + 1 // carried out
	CallFailed                          // the tool returned an error, or there is none of that name
	CallDeclined                        // Confirm said no: it was not carried out
	CallSkipped                         // the loop ended before it began: it was not carried out
	CallUnknown                         // it was running when its time or ctx ended, or it panicked: it may have taken effect
)

// String names the outcome.
func (o CallOutcome) String() string {
	switch o {
	case CallDone:
		return "done"
	case CallFailed:
		return "failed"
	case CallDeclined:
		return "declined"
	case CallSkipped:
		return "skipped"
	case CallUnknown:
		return "unknown"
	default:
		return "none"
	}
}

// CallResult is a tool call and what became of it.
type CallResult struct {
	Step    int // of the answer that asked for it, from 1
	Call    ToolCall
	Outcome CallOutcome
	Text    string // what the model is told
	Err     error  // of the tool; nil = none
	Took    time.Duration
}

// PanicError is the panic of a tool, or the end of its goroutine. It ends the loop.
type PanicError struct {
	Tool  string
	Value any    // of the panic; nil = runtime.Goexit
	Stack []byte // of the goroutine
}

// Error names the tool and the value.
func (e *PanicError) Error() string {
	if e.Value == nil {
		return "tool " + e.Tool + ": did not return (runtime.Goexit)"
	}
	return fmt.Sprintf("tool %s: panic: %v", e.Tool, e.Value)
}

// Unwrap is the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

const effectUnknown = "; it may have taken effect all the same"

// carryOut does the calls of one answer. There is a result for each, also with an error, which ends the loop.
func (l *loop) carryOut(ctx context.Context, calls []ToolCall) ([]CallResult, error) {
	results, done := make([]CallResult, len(calls)), make([]chan struct{}, len(calls))
	for i, c := range calls {
		results[i] = CallResult{Step: l.result.Steps, Call: c, Outcome: CallSkipped, Text: "error: not carried out: the conversation was interrupted"}
		done[i] = make(chan struct{})
	}
	var end error
	told := 0
	tell := func() {
		if l.opts.OnCall != nil {
			l.opts.OnCall(results[told])
		}
		told++
	}
	slots := make(chan struct{}, l.opts.Parallel)
	for i := range calls {
		slots <- struct{}{} // it is given back behind done
		for _, j := range finished(done[:i]) {
			if err := results[j].ending(); end == nil {
				end = err
			}
			if j == told {
				tell()
			}
		}
		var f *Function
		if end == nil && ctx.Err() == nil {
			f, end = l.admit(ctx, &results[i])
		}
		if f == nil {
			close(done[i])
			<-slots
			continue
		}
		go func() {
			defer func() { close(done[i]); <-slots }()
			l.call(ctx, f, &results[i])
		}()
	}
	for i := range calls {
		<-done[i]
		if i == told {
			tell()
		}
		if err := results[i].ending(); end == nil {
			end = err
		}
	}
	if end == nil && ctx.Err() != nil {
		end = because(ctx)
	}
	return results, end
}

// finished are the indexes of the channels that are closed.
func finished(done []chan struct{}) (at []int) {
	for i, c := range done {
		select {
		case <-c:
			at = append(at, i)
		default:
		}
	}
	return at
}

// admit finds the tool, and asks whether it may run. Without one the result says why.
func (l *loop) admit(ctx context.Context, res *CallResult) (*Function, error) {
	i := slices.IndexFunc(l.functions, func(f Function) bool { return f.Name == res.Call.Name })
	if i < 0 {
		var names []string
		for _, f := range l.functions {
			names = append(names, f.Name)
		}
		res.Outcome = CallFailed
		res.Err = fmt.Errorf("there is no tool %q; there are: %s", res.Call.Name, cmp.Or(strings.Join(names, ", "), "none"))
		res.Text = "error: " + res.Err.Error()
		return nil, nil
	}
	if l.opts.Confirm != nil {
		ok, err := l.opts.Confirm(ctx, res.Call)
		if err != nil {
			return nil, fmt.Errorf("confirm the call of %s: %w", res.Call.Name, err)
		}
		if !ok {
			res.Outcome, res.Text = CallDeclined, "error: the user declined this call: it was not carried out"
			return nil, nil
		}
		if ctx.Err() != nil { // the answer took too long
			return nil, because(ctx)
		}
	}
	return &l.functions[i], nil
}

// call carries one out.
func (l *loop) call(ctx context.Context, f *Function, res *CallResult) {
	began, returned := time.Now(), false
	defer func() {
		res.Took = time.Since(began)
		if !returned {
			res.Err = &PanicError{Tool: f.Name, Value: recover(), Stack: debug.Stack()}
			res.Outcome, res.Text = CallUnknown, "error: the tool broke down"+effectUnknown // the panic's words are not for the model
		}
	}()
	if l.opts.CallTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, l.opts.CallTimeout)
		defer cancel()
	}
	text, err := f.Call(ctx, res.Call.Arguments)
	returned = true
	res.Err = err
	switch {
	case err == nil:
		res.Outcome, res.Text = CallDone, text
	case errors.Is(err, ErrStop):
		res.Outcome, res.Text = CallDone, cmp.Or(text, err.Error())
	case ctx.Err() != nil:
		res.Outcome, res.Text = CallUnknown, "error: "+err.Error()+effectUnknown
	default:
		res.Outcome, res.Text = CallFailed, "error: "+err.Error()
	}
}

// ending is the error that ends the loop, if the call has one.
func (r *CallResult) ending() error {
	if _, ok := errors.AsType[*PanicError](r.Err); ok && r.Outcome == CallUnknown {
		return r.Err
	}
	if errors.Is(r.Err, ErrStop) {
		return fmt.Errorf("tool %s: %w", r.Call.Name, r.Err)
	}
	return nil
}
