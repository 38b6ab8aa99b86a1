package llm

import (
	"context"
	"errors"
	"iter"
	"sync"
)

// Stream is an answer on its way. [Client.Stream] makes one; nothing is sent, and nothing is open, before the first turn
// of a loop over [Stream.Events] or [Stream.Text].
//
// A Stream is for one goroutine, save for Close.
type Stream struct {
	call
	ctx    context.Context //nolint:containedctx // of the loop to come: a range has no parameter for it
	err    error           // what is wrong with the request
	stream bool            // ask for events; false = for one answer
	whole  bool            // nobody sees the events
	answer answer
	given  bool // an event has reached the caller: no more repeats
	left   bool // the caller has left the loop

	mu     sync.Mutex
	used   bool
	closed bool
	cancel context.CancelCauseFunc
}

var (
	errUsed   = errors.New("the stream has been read before; call Client.Stream again")
	errClosed = errors.New("the stream has been closed")
)

// Stream asks for r as a stream of events. It never fails by itself: whatever goes wrong is the last pair of the loop.
//
//	s := client.Stream(ctx, &llm.Request{Model: "deepseek-chat", Messages: []llm.Message{llm.User("Hello")}})
//	for text, err := range s.Text() {
//		if err != nil {
//			return err // s.Response() has what came before
//		}
//		fmt.Print(text)
//	}
//
// Until the first event has reached the caller, failures that may pass are repeated as [Config.Retry] says; after it,
// never. An answer is complete when its finish_reason has come: a stream that ends before is [ErrTruncated], whether the
// connection broke or the server ended it in peace. Silence is [ErrIdle] (see [Timeouts]). An error in the middle of the
// stream, in whatever shape, is an [*Error] with the provider's words, and so is one that comes with status 200 in place
// of the stream. A server that answers with one whole completion in place of a stream has it delivered as events.
//
// Source: the providers' API references on chat completions, and their behaviour (read 2026-11).
func (c *Client) Stream(ctx context.Context, r *Request) *Stream {
	return c.newStream(ctx, r, true)
}

func (c *Client) newStream(ctx context.Context, r *Request, stream bool) *Stream {
	s := &Stream{ctx: ctx, stream: stream, call: call{c: c, op: c.op(), accept: acceptStream}}
	if !stream {
		s.accept = acceptJSON
	}
	s.body, s.err = c.body(r, stream)
	return s
}

// Events sends the request and ranges over what comes: pieces of reasoning and text as they arrive, then, once the answer
// is complete, a finish for each choice and the usage, if the server counts it. An error is the last pair. The loop closes
// everything behind it, also when it is left early. It can be run once.
func (s *Stream) Events() iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if err := s.run(func(ev Event) bool { return yield(ev, nil) }); err != nil {
			yield(Event{}, err)
		}
	}
}

// Text is [Stream.Events] for those who want the answer only: the text of choice 0.
func (s *Stream) Text() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for ev, err := range s.Events() {
			if err == nil && (ev.Kind != KindText || ev.Choice != 0) {
				continue
			}
			if !yield(ev.Text, err) {
				return
			}
		}
	}
}

// Response is what has come so far: during the loop, after it, and also after an error. It is never nil.
func (s *Stream) Response() *Response { return s.answer.response() }

// Close ends the stream, from any goroutine: a loop that is waiting ends with an error. It need not be called after a
// loop.
func (s *Stream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.cancel != nil {
		s.cancel(errClosed)
	}
	return nil
}

// run does it all. emit returns false when the caller has left the loop; run then returns nil.
func (s *Stream) run(emit func(Event) bool) error {
	ctx, cancel := context.WithCancelCause(s.ctx)
	defer cancel(nil)
	s.mu.Lock()
	used, closed := s.used, s.closed
	s.used, s.cancel = true, cancel
	s.mu.Unlock()
	switch {
	case closed:
		return &Error{Op: s.op, Err: errClosed}
	case used:
		return &Error{Op: s.op, Err: errUsed}
	case s.err != nil:
		return s.err
	}
	err := s.retry(ctx, func(ctx context.Context) error { return s.attempt(ctx, emit) }, func(e *Error) bool {
		return !s.given && e.passing()
	})
	if s.left || err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Error](err); !ok {
		return &Error{Op: s.op, Err: err}
	}
	return err
}

// attempt sends the request once and reads the answer to its end.
func (s *Stream) attempt(ctx context.Context, emit func(Event) bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	limits := s.c.cfg.Timeouts
	if !s.stream { // the whole answer has a limit of its own
		limits = Timeouts{FirstByte: -1, Idle: -1, NoEvent: -1}
	}
	w := newWatch(limits, cancel)
	defer w.disarm()
	w.arm(limits.FirstByte, &silence{"no byte of the answer", limits.FirstByte, "Timeouts.FirstByte"})
	resp, err := s.send(ctx) //nolint:bodyclose // the watched body closes it
	if err != nil {
		return err
	}
	body := w.watch(resp)
	defer func() { _ = body.Close() }() // the answer has been read, or is not wanted
	s.answer = answer{tags: s.c.dialect.ThinkTags, resp: Response{RequestID: requestID(resp.Header), Limits: rateLimits(resp.Header)}}
	r := &reception{s: s, ctx: ctx, resp: resp, body: body, emit: emit}
	return r.read()
}

// Chat asks for r and returns the whole answer. Failures that may pass are repeated as [Config.Retry] says: a completion
// changes nothing at the provider, a lost one costs tokens. After an error that came in the middle of the answer the
// Response is not nil and has what came.
//
// Errors: those of [Client.Stream]; [ErrIdle] after Timeouts.Answer for the whole call.
func (c *Client) Chat(ctx context.Context, r *Request) (*Response, error) {
	ctx, cancel := c.answerTimeout(ctx)
	defer cancel()
	s := c.newStream(ctx, r, c.dialect.ChatStreams)
	s.whole = true
	err := s.run(func(Event) bool { return true }) //nolint:contextcheck // the stream has it
	if err != nil && len(s.answer.choices) == 0 {
		return nil, err
	}
	return s.Response(), err
}

func (c *Client) answerTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	d := c.cfg.Timeouts.Answer
	if d < 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, d, &silence{"no whole answer", d, "Timeouts.Answer"})
}
