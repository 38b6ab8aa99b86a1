package llm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/llm/sse"
)

// reception reads one answer with status 2xx, whatever it turns out to be.
type reception struct {
	s    *Stream
	ctx  context.Context //nolint:containedctx // of the attempt that this is a part of
	resp *http.Response
	body *watched
	emit func(Event) bool

	dec     decoder
	last    *choiceText // of the chunk before
	head    []byte      // the beginning of the body, for messages
	events  int         // SSE events with data
	chunks  int         // of them, those that were chunks
	skipped bool        // one event that was not JSON has been let pass
	done    bool        // nothing more is to be read
}

// read looks at the first byte that is not white space rather than at Content-Type: proxies and gateways send errors,
// pages and whole completions under any type, and some send whitespace for minutes before them to keep the line open.
func (r *reception) read() error {
	first, err := r.sniff()
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return r.broken(err)
	case first == '{' || first == '[':
		return r.whole()
	case first == '<':
		return r.notStream("an HTML page in place of an answer")
	case first == 0:
		return r.ended()
	}
	return r.stream(io.MultiReader(bytes.NewReader(r.head), r.body))
}

// sniff reads up to the first byte that is not white space; 0 = there is none.
func (r *reception) sniff() (byte, error) {
	for {
		r.head = slices.Grow(r.head, 2<<10)
		n, err := r.body.Read(r.head[len(r.head):cap(r.head)])
		r.head = r.head[:len(r.head)+n]
		if rest := bytes.TrimLeft(bytes.TrimPrefix(r.head, []byte("\uFEFF")), " \t\r\n"); len(rest) > 0 {
			return rest[0], nil // an error comes again with the next read
		}
		if err != nil {
			return 0, err
		}
		if len(r.head) > r.s.c.cfg.Limits.Line {
			return 0, &sse.LimitError{Limit: r.s.c.cfg.Limits.Line}
		}
	}
}

// whole reads an answer that is one JSON document: a completion, or an error.
func (r *reception) whole() error {
	limit := r.s.c.cfg.Limits.Body
	data, err := httpcall.Read(io.NopCloser(io.MultiReader(bytes.NewReader(r.head), r.body)), limit)
	if errors.Is(err, httpcall.ErrTooLarge) {
		return r.tooLarge(err)
	}
	if err != nil {
		return r.broken(err)
	}
	data = bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\uFEFF")))
	r.head = data
	c, ok := r.dec.decode(data)
	switch {
	case !ok && cutJSON(data):
		return r.error(ErrTruncated, "", nil)
	case !ok:
		return r.notStream("an answer that is not JSON")
	case !c.isObject || r.isError(c, ""):
		return r.s.reported(r.resp, data)
	case r.s.c.dialect.API == APIResponses:
		return r.responsesDocument(data)
	case len(c.choices) == 0:
		return r.notStream("an answer without choices")
	}
	if err := r.chunk(c); err != nil || r.done {
		return err
	}
	return r.complete() // a whole document is a whole answer, finish_reason or not
}

func cutJSON(data []byte) bool {
	var raw json.RawMessage
	return errors.Is(json.NewDecoder(bytes.NewReader(data)).Decode(&raw), io.ErrUnexpectedEOF)
}

func (r *reception) stream(src io.Reader) error {
	events := sse.NewReader(src, &sse.Config{MaxLine: r.s.c.cfg.Limits.Line, Raw: true})
	for {
		ev, err := events.Next()
		if errors.Is(err, io.EOF) {
			return r.eof(events)
		}
		if err != nil {
			return r.broken(err)
		}
		if err := r.event(ev.Type, ev.Data, ev.Lines); err != nil || r.done {
			return err
		}
	}
}

// eof delivers a last event that is complete but for its blank line: some servers forget it, and the standard would
// discard the finish_reason in it.
func (r *reception) eof(events *sse.Reader) error {
	if ev, ok := events.Pending(); ok {
		data := bytes.TrimSpace(ev.Data)
		if _, ok := r.dec.decode(data); ok || string(data) == doneMark || allJSON(&r.dec, data) {
			if err := r.event(ev.Type, ev.Data, ev.Lines); err != nil || r.done {
				return err
			}
		}
	}
	return r.ended()
}

const doneMark = "[DONE]"

// event takes one SSE event.
func (r *reception) event(typ string, data []byte, lines int) error {
	if r.dec.fast(data) {
		r.events++
		r.again()
		return nil
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	r.events++
	if isDone(data) {
		if r.s.c.dialect.DoneEnds && len(r.s.answer.choices) > 0 {
			return r.complete()
		}
		return r.ended()
	}
	if r.s.c.dialect.API == APIResponses {
		return r.responsesEvent(typ, data)
	}
	c, ok := r.dec.decode(data)
	switch {
	case !ok && lines > 1 && allJSON(&r.dec, data): // a server that forgets blank lines
		for line := range bytes.SplitSeq(bytes.Clone(data), []byte{'\n'}) {
			if err := r.event(typ, line, 1); err != nil || r.done {
				return err
			}
		}
		return nil
	case ok && r.isError(c, typ), !ok && typ == "error":
		return r.s.reported(r.resp, data)
	case ok && data[0] == '[': // Gemini's errors (unverified)
		return r.s.reported(r.resp, data)
	case !ok || !c.isObject:
		return r.foreign(data)
	}
	return r.chunk(c)
}

func isDone(data []byte) bool {
	return bytes.HasPrefix(data, []byte(doneMark)) && len(bytes.TrimSpace(data)) == len(doneMark)
}

// allJSON reports whether data is several lines of which each is a document, [DONE] or empty.
func allJSON(dec *decoder, data []byte) bool {
	n := 0
	for line := range bytes.SplitSeq(data, []byte{'\n'}) {
		if len(bytes.TrimSpace(line)) == 0 || isDone(line) {
			continue
		}
		if _, ok := dec.decode(line); !ok {
			return false
		}
		n++
	}
	return n > 1
}

// isError knows an error in whatever place of a stream. "error":null is none, and an error without that member is one.
func (r *reception) isError(c *chunk, typ string) bool {
	return c.hasError || !c.hasChoices && (c.objectError || typ == "error" || c.complaint && c.usage == Usage{})
}

// foreign is an event that is not a JSON object. Before the first chunk one is let pass: some servers greet with "ping".
func (r *reception) foreign(data []byte) error {
	if r.chunks == 0 && !r.skipped && data[0] != '{' {
		r.skipped = true
		r.s.c.logger.WarnContext(r.ctx, "llm: skipped an event that is not JSON", "bytes", len(data))
		return nil
	}
	e := r.s.fromHeader(r.resp)
	e.Kind = ErrServer
	e.Message = "an event that is not JSON: " + httpcall.Head(data, 500)
	e.Body = bytes.Clone(data[:min(len(data), 512)])
	return r.s.finish(e)
}

// chunk takes one chunk that is no error. A chunk that says nothing, such as {} or an empty delta, is no progress.
func (r *reception) chunk(c *chunk) error {
	a := &r.s.answer
	a.header(c)
	r.chunks++
	if c.usage != (Usage{}) {
		r.body.progress()
	}
	for i := range c.choices {
		d := &c.choices[i]
		if !r.delta(a.choice(d.index), d, c) {
			return nil
		}
	}
	r.body.tail = a.finished()
	return nil
}

// delta takes one choice of a chunk; false = the caller has left.
func (r *reception) delta(ch *choiceText, d *delta, c *chunk) bool {
	if d.finish != "" {
		ch.finish = d.finish
		r.body.progress()
	}
	if p := d.reasoning(); len(p) > 0 {
		if ch.field == "" {
			ch.field = d.field()
		}
		if !r.give(Event{Kind: KindReasoning, Choice: d.index, Text: grow(&ch.reasoning, p)}) {
			return false
		}
	}
	if len(d.text) > 0 && !r.text(ch, d.text) {
		return false
	}
	if len(d.refuse) > 0 && !r.give(Event{Kind: KindRefusal, Choice: d.index, Text: grow(&ch.refusal, d.refuse)}) {
		return false
	}
	if len(d.logs) > 0 {
		ch.logs.add(d.logs)
	}
	if d.extras.to > d.extras.from {
		keep(&ch.extra, c.extras[d.extras.from:d.extras.to])
	}
	for i := d.calls.from; i < d.calls.to; i++ {
		if piece := &c.calls[i]; !r.call(ch, piece, c.extras[piece.extras.from:piece.extras.to], i-d.calls.from, d.whole) {
			return false
		}
	}
	return true
}

// text takes a piece of the answer, which may hold reasoning between tags.
func (r *reception) text(ch *choiceText, piece []byte) bool {
	if ch.tags.ways == ThinkPlain {
		return r.give(Event{Kind: KindText, Choice: ch.index, Text: grow(&ch.text, piece)})
	}
	return ch.tags.split(piece, r.tagged(ch), ch.retract)
}

func (r *reception) tagged(ch *choiceText) func(reasoning bool, p []byte) bool {
	return func(reasoning bool, p []byte) bool {
		if reasoning {
			return r.give(Event{Kind: KindReasoning, Choice: ch.index, Text: grow(&ch.reasoning, p)})
		}
		return r.give(Event{Kind: KindText, Choice: ch.index, Text: grow(&ch.text, p)})
	}
}

// retract makes reasoning of the text so far: a closing tag has come without an opening one.
func (c *choiceText) retract() {
	c.reasoning.WriteString(c.text.String())
	c.text.Reset()
}

// call takes a piece of a tool call. Those of a whole message need no index: they stand in order.
func (r *reception) call(ch *choiceText, piece *callDelta, extras []rawMember, place int, whole bool) bool {
	if whole && piece.index < 0 {
		piece.index = place
	}
	k := ch.callOf(piece)
	begun, args := k.add(piece, extras)
	if begun && !r.give(Event{Kind: KindCallStart, Choice: ch.index, Call: k.told}) {
		return false
	}
	return args == "" || r.give(Event{Kind: KindCallDelta, Choice: ch.index, Call: k.told, Text: args})
}

// again takes a chunk that differs from the one before in its one text alone: nothing but that text has to be looked at.
func (r *reception) again() {
	r.chunks++
	d := &r.dec.chunk.choices[0]
	if r.last == nil || r.last.index != d.index {
		r.last = r.s.answer.choice(d.index)
	}
	r.delta(r.last, d, &r.dec.chunk)
}

func (r *reception) give(ev Event) bool {
	r.body.progress()
	r.s.given = r.s.given || !r.s.whole // Chat hands out nothing before the end
	if !r.emit(ev) {
		r.s.left, r.done = true, true
		return false
	}
	return true
}

// ended is the end of the answer in peace: [DONE], or the end of the body.
func (r *reception) ended() error {
	if r.s.answer.finished() {
		return r.complete()
	}
	if r.events == 0 && len(bytes.TrimSpace(r.head)) > 0 && !strings.HasPrefix(r.resp.Header.Get("Content-Type"), acceptStream) {
		return r.notStream("an answer that is neither events nor JSON")
	}
	what := ": the stream ended before a finish_reason"
	if r.chunks == 0 {
		what = ": the stream ended before the first chunk"
	}
	return r.error(ErrTruncated, ErrTruncated.Error()+what, nil)
}

// complete hands out what stands at the end of an answer.
func (r *reception) complete() error {
	r.done, r.body.tail = true, true
	a := &r.s.answer
	a.sort()
	for _, ch := range a.choices {
		if !ch.tags.rest(r.tagged(ch)) {
			return nil
		}
		if ch.finish.Normal() == FinishError {
			e := r.s.fromHeader(r.resp)
			e.Kind = ErrServer
			if ch.finish == "insufficient_system_resource" {
				e.Kind = ErrOverloaded
			}
			e.Message = "the server ended the answer with finish_reason " + string(ch.finish)
			return r.s.finish(e)
		}
	}
	if err := r.endCalls(); err != nil || r.s.left {
		return err
	}
	for _, ch := range a.choices {
		if ch.finish != "" && !r.give(Event{Kind: KindFinish, Choice: ch.index, Finish: ch.finish}) {
			return nil
		}
	}
	if a.resp.Usage != nil {
		r.give(Event{Kind: KindUsage, Usage: new(*a.resp.Usage)})
	}
	return nil
}

// endCalls hands out the tool calls as finished. One that is not whole fails the answer, and then none is handed out.
func (r *reception) endCalls() error {
	for _, ch := range r.s.answer.choices {
		for _, k := range ch.calls {
			if kind := k.end(); kind != nil {
				what := "the call of " + k.name + " ended with finish_reason " + strconv.Quote(string(ch.finish)) + " within its arguments"
				return r.error(kind, kind.Error()+": "+what, nil)
			}
		}
	}
	for _, ch := range r.s.answer.choices {
		for _, k := range ch.calls {
			k.ended = true
			if f := ch.finish.Normal(); f == FinishStop || f == FinishToolCalls {
				ch.finish = FinishToolCalls // some say stop, or function_call
			}
		}
	}
	for _, ch := range r.s.answer.choices {
		for _, k := range ch.calls {
			if !r.give(Event{Kind: KindCallEnd, Choice: ch.index, Call: new(k.call())}) {
				return nil
			}
		}
	}
	return nil
}

// broken is the end of the answer by an error of the body. After the finish_reason it costs at most the usage.
func (r *reception) broken(err error) error {
	if _, ok := errors.AsType[*sse.LimitError](err); ok {
		return r.tooLarge(err)
	}
	e := r.s.failed(r.ctx, err)
	if isKind(e.Kind, ErrIdle, ErrTruncated) && r.s.answer.finished() {
		r.s.c.logger.WarnContext(r.ctx, "llm: the stream broke after its finish_reason", "kind", e.Kind)
		return r.complete()
	}
	e.Status, e.RequestID = r.resp.StatusCode, requestID(r.resp.Header)
	return e
}

func (r *reception) tooLarge(err error) error { return r.error(ErrTooLarge, "", err) }

func (r *reception) notStream(what string) error {
	return r.error(ErrNotStream, what+": "+plain(bytes.TrimSpace(r.head[:min(len(r.head), 512)])), nil)
}

func (r *reception) error(kind error, message string, cause error) error {
	e := r.s.fromHeader(r.resp)
	e.Kind, e.Message, e.Err = kind, message, cause
	e.Body = bytes.Clone(r.head[:min(len(r.head), 512)])
	return r.s.finish(e)
}
