package llm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Kinds of errors of [Run].
var (
	ErrSteps   = errors.New("no final answer within the steps allowed") // RunOptions.MaxSteps was reached
	ErrTimeout = errors.New("no final answer within the time allowed")  // RunOptions.Timeout has passed
	// ErrStop ends the loop when a [Function] returns an error that wraps it. Run then fails with that error.
	ErrStop = errors.New("a tool ended the loop")
)

const opRun = "run"

// Function is a tool with what carries it out. Package llm/schema makes one from a function of typed arguments.
type Function struct {
	Tool
	// Call carries out a call: arguments is a JSON object as the model wrote it, not yet held against the schema. What it
	// returns is the result that the model sees. An error is shown to the model as well, as "error: …" with its full text,
	// so that it can mend its arguments or do without: no secret may stand in it. See [ErrStop] for the other kind.
	//
	// Call runs on a goroutine of its own, and must return when ctx ends: [Run] waits for it.
	Call func(ctx context.Context, arguments string) (string, error)
}

// RunOptions changes [Run]. The zero value has the defaults. The callbacks run on Run's goroutine, one at a time.
type RunOptions struct {
	MaxSteps    int           // requests to the model; 0 = 8
	Timeout     time.Duration // of the whole loop; 0 = 10 min, negative = none
	CallTimeout time.Duration // of each call of a tool; 0 = none but Timeout
	Parallel    int           // calls of one answer that run at a time; 0 = 1
	// OnStep is told before each request, with its number from 1. Events of a step that failed do not count: a step that is
	// asked again shows its text anew.
	OnStep func(step int)
	// OnEvent is given what the model says, as it comes.
	OnEvent func(Event)
	// Confirm is asked before each call of a tool that exists, for tools that cost money or cannot be undone. After false
	// the call is not carried out and the model is told that it was declined; an error ends the loop.
	Confirm func(context.Context, ToolCall) (bool, error)
	// OnCall is told what became of each call, in the order of the calls.
	OnCall func(CallResult)
}

// RunResult is what a loop came to, or how far it has come.
type RunResult struct {
	// Response is that of the last step: the final answer if there is no error. Nil = there was none.
	Response *Response
	// Messages belong behind those of the request, also after an error: every call in them has its result. What the model
	// said in a step that failed is not among them.
	Messages []Message
	Calls    []CallResult // all calls, in the order in which the model asked for them
	Steps    int          // requests made
	Usage    Usage        // of all steps, failed ones included, as far as the server said
}

// Run talks to the model and carries out the tools that it calls, until it answers without a call. functions are the
// tools; r.Tools must be empty, r.N at most 1, and r is not changed. The result is never nil.
//
// Tools run when the whole answer is there, never from one that was cut off, also if the calls in it look whole. Their
// results go back in the order of the calls. A name that no tool has and an error of a tool are results too, "error: …".
// A call that is not JSON ([ErrToolCall]) is the model's slip: the step is asked again, and counts.
//
// A ToolChoice that forces a call holds until the first answer has come; then the model is free, or it could never end.
//
// When ctx ends, no further call begins, and Run waits for those that run. CallResult.Outcome then says which were
// carried out, which were not, and of which it is not known; Messages tell the model the same. Run repeats none of them.
// After [ErrSteps] the calls of the last step have been carried out: append Messages and Run again to go on.
//
// Errors: those of [Client.Stream], which end the loop after the client's own repeats; [ErrSteps]; [ErrTimeout];
// [ErrStop]; [*PanicError]; what Confirm returned; [ErrTruncated] if an answer ended with finish_reason length or
// content_filter behind its calls; ctx's own end.
func Run(ctx context.Context, s Streamer, r *Request, functions []Function, opts *RunOptions) (*RunResult, error) {
	l := &loop{result: &RunResult{}, streamer: s}
	if opts != nil {
		l.opts = *opts
	}
	if err := l.prepare(r, functions); err != nil {
		return l.result, &Error{Op: opRun, Message: "request: " + err.Error(), Kind: ErrInvalid, Err: err}
	}
	if l.opts.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, l.opts.Timeout, ErrTimeout)
		defer cancel()
	}
	err := l.run(ctx)
	switch _, ours := errors.AsType[*Error](err); {
	case err == nil:
		return l.result, nil
	case errors.Is(context.Cause(ctx), ErrTimeout) && errors.Is(err, context.DeadlineExceeded):
		return l.result, &Error{Op: opRun, Message: fmt.Sprintf("%v (RunOptions.Timeout, %v)", ErrTimeout, l.opts.Timeout), Kind: ErrTimeout, Err: err}
	case ours:
		return l.result, err
	}
	return l.result, &Error{Op: opRun, Err: err}
}

// loop is one Run.
type loop struct {
	opts      RunOptions
	streamer  Streamer
	request   Request // of the next step
	functions []Function
	result    *RunResult
}

func (l *loop) prepare(r *Request, functions []Function) error {
	if r == nil {
		return errors.New("nil")
	}
	var errs []error
	if len(r.Tools) > 0 {
		errs = append(errs, errors.New("Tools: must be empty: the functions are the tools"))
	}
	if r.N > 1 {
		errs = append(errs, fmt.Errorf("N: %d: a loop follows one answer", r.N))
	}
	if l.opts.MaxSteps < 0 || l.opts.Parallel < 0 || l.opts.CallTimeout < 0 {
		errs = append(errs, errors.New("RunOptions: MaxSteps, Parallel or CallTimeout is negative"))
	}
	l.functions, l.request = functions, *r
	l.request.Messages = slices.Clone(r.Messages)
	for i, f := range functions {
		if f.Call == nil {
			errs = append(errs, fmt.Errorf("functions[%d]: Call: missing", i))
		}
		l.request.Tools = append(l.request.Tools, f.Tool)
	}
	l.opts.MaxSteps = orDefault(l.opts.MaxSteps, 8)
	l.opts.Timeout = orDefault(l.opts.Timeout, 10*time.Minute)
	l.opts.Parallel = orDefault(l.opts.Parallel, 1)
	return errors.Join(append(errs, l.request.check())...)
}

func (l *loop) run(ctx context.Context) error {
	var slip error
	for l.result.Steps < l.opts.MaxSteps {
		resp, err := l.step(ctx)
		l.result.Response = resp
		if errors.Is(err, ErrToolCall) {
			slip = err
			continue
		}
		if err != nil {
			return err
		}
		slip = nil
		calls := resp.ToolCalls()
		if len(calls) == 0 {
			l.say(resp.Message())
			return nil
		}
		if f := resp.Finish().Normal(); f == FinishLength || f == FinishContentFilter {
			return &Error{Op: opRun, Kind: ErrTruncated, Message: fmt.Sprintf("%v: finish_reason %s behind %d tool calls: none was carried out", ErrTruncated, f, len(calls))}
		}
		results, err := l.carryOut(ctx, calls)
		l.say(resp.Message())
		for _, res := range results {
			l.say(ToolResult(res.Call.ID, res.Text))
		}
		l.result.Calls = append(l.result.Calls, results...)
		if err != nil {
			return err
		}
		if l.request.ToolChoice != ToolChoiceNone {
			l.request.ToolChoice = ""
		}
	}
	return &Error{Op: opRun, Kind: ErrSteps, Message: fmt.Sprintf("%v (RunOptions.MaxSteps, %d)", ErrSteps, l.opts.MaxSteps), Err: slip}
}

// step asks once.
func (l *loop) step(ctx context.Context) (*Response, error) {
	if err := ctx.Err(); err != nil {
		return l.result.Response, because(ctx)
	}
	l.result.Steps++
	if l.opts.OnStep != nil {
		l.opts.OnStep(l.result.Steps)
	}
	stream := l.streamer.Stream(ctx, &l.request)
	var failed error
	for ev, err := range stream.Events() { //nolint:contextcheck // the stream has it
		switch {
		case err != nil:
			failed = err
		case l.opts.OnEvent != nil:
			l.opts.OnEvent(ev)
		}
	}
	resp := stream.Response()
	l.result.Usage.Add(resp.Usage)
	return resp, failed
}

func (l *loop) say(m Message) {
	l.request.Messages = append(l.request.Messages, m)
	l.result.Messages = append(l.result.Messages, m)
}

// because is why ctx has ended.
func because(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == nil || errors.Is(cause, err) {
		return err
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// Add counts v too; nil is nothing.
func (u *Usage) Add(v *Usage) {
	if v == nil {
		return
	}
	u.Prompt += v.Prompt
	u.Completion += v.Completion
	u.Total += v.Total
	u.Cached += v.Cached
	u.Reasoning += v.Reasoning
}
