package aliyun

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
)

const (
	batchOp        = "SendBatchSms"
	maxBatchPhones = 100 // of one SendBatchSms

	defaultBatchWorkers = 8
	defaultBatchWindow  = 10_000
)

// BatchOptions are the options of [SMS.SendMany]. nil is all defaults.
type BatchOptions struct {
	Workers    int  // requests at a time; 0 = 8
	Window     int  // messages held back to find others that go into the same request; 0 = 10,000
	ParamLimit *int // overrides [SMSOptions].ParamLimit
}

// SendState is what is known of messages that were to be sent.
type SendState string

// The states of a message.
const (
	Accepted    SendState = "accepted" // the platform has taken it; phones may still not have it
	Refused     SendState = "refused"  // bad input, or the platform's no: it was not sent and not billed
	NotSent     SendState = "not sent" // it never left, and can be sent as it stands
	SendUnknown SendState = "unknown"  // it may have been sent: ask [SMS.Resolve], do not send again
)

// BatchResult is what became of the messages of one request, or of one message that got into none.
type BatchResult struct {
	Index   []int // their places in the input, from 0, ascending
	State   SendState
	Receipt Receipt // its OutID, At and Phones are there whatever the State, unless the message was bad input
}

// SendMany sends any number of messages in as few requests as there can be, several at a time, and yields what became of
// them as it becomes known. Messages of one sign, template and parameters go together, up to 1000 phones; others of one
// template go together too, up to 100 phones. Codes only go with their equals, because the platform may delay a batch.
// A message with an OutID of its own only goes with others that have the same; the rest get one for each request.
//
// Every message that was taken from ms is in exactly one result, and the error beside it is that of its request: what
// fails leaves the others alone. A message that is bad input or that the Guard refuses gets a result of its own. One
// number that the platform refuses takes its whole request along: those are all [Refused], and can be given again without
// the one. What is said at [SMS.Send] on repeating holds here too.
//
// Once ctx has ended nothing more is taken from ms; requests under way end as they may ([SendUnknown] among others), and
// what was held back is [NotSent]. A loop that breaks stops likewise, and returns when the requests under way have ended,
// but gets no word of them: to stop and know, cancel ctx and let the loop end. ms is ranged over on the caller's
// goroutine. Ranging over the result again sends again.
//
// Source: SendSms and SendBatchSms, API dysmsapi 2017-05-25 (read 2026-11).
func (s *SMS) SendMany(ctx context.Context, ms iter.Seq[Message], opts *BatchOptions) iter.Seq2[BatchResult, error] {
	var o BatchOptions
	if opts != nil {
		o = *opts
	}
	return func(yield func(BatchResult, error) bool) {
		b := &batch{
			ctx: ctx, sms: s, limit: s.opts.ParamLimit, window: orDefault(o.Window, defaultBatchWindow), yield: yield,
			jobs: make(chan *chunk), results: make(chan chunkResult),
		}
		if o.ParamLimit != nil {
			b.limit = o.ParamLimit
		}
		var workers sync.WaitGroup
		for range orDefault(o.Workers, defaultBatchWorkers) {
			workers.Go(func() {
				for c := range b.jobs {
					for _, r := range s.sendChunk(ctx, c) {
						b.results <- r
					}
				}
			})
		}
		b.run(ms)
		close(b.jobs)
		go func() { workers.Wait(); close(b.results) }()
		for r := range b.results {
			b.say(r)
		}
	}
}

// batch is one run of SendMany.
type batch struct {
	ctx     context.Context //nolint:containedctx // it lives as long as one call
	sms     *SMS
	limit   *int
	window  int
	yield   func(BatchResult, error) bool
	over    bool // the loop has been left
	jobs    chan *chunk
	results chan chunkResult
}

type chunkResult struct {
	BatchResult

	err error
}

// say gives a result to the loop, unless it has been left.
func (b *batch) say(r chunkResult) {
	b.over = b.over || !b.yield(r.BatchResult, r.err)
}

// run takes messages and hands out chunks.
func (b *batch) run(ms iter.Seq[Message]) {
	groups := newGroups()
	i := 0
	if b.ctx.Err() == nil {
		for m := range ms {
			entry, err := b.entry(i, m)
			if err != nil {
				b.say(chunkResult{BatchResult{Index: []int{i}, State: Refused}, err})
			} else {
				b.submit(groups.add(entry))
			}
			i++
			if groups.held >= b.window {
				b.submit(groups.flush()...)
			}
			if b.over || b.ctx.Err() != nil {
				break
			}
		}
	}
	b.submit(groups.flush()...)
}

// entry is a message that may be sent.
func (b *batch) entry(i int, m Message) (entry, error) {
	if m.Sign == "" {
		m.Sign = b.sms.opts.Sign
	}
	template, known := b.sms.loaded(m.Template)
	c, err := m.check(b.limit, template, known)
	return entry{c, i, m}, err
}

// submit waits for a worker, and hears of results meanwhile. What the end of ctx overtakes is not sent.
func (b *batch) submit(chunks ...*chunk) {
	for _, c := range chunks {
		for handed := c == nil; !handed; {
			if b.over || b.ctx.Err() != nil {
				b.say(chunkResult{c.result(NotSent, Receipt{}), notSent(b.ctx)})
				break
			}
			select {
			case b.jobs <- c:
				handed = true
			case r := <-b.results:
				b.say(r)
			case <-b.ctx.Done():
			}
		}
	}
}

func notSent(ctx context.Context) error {
	return &Error{Product: SMSProduct, Op: sendOp, Message: "not sent", Err: context.Cause(ctx)}
}

// sendChunk makes the request of a chunk, without the messages that the Guard refuses.
func (s *SMS) sendChunk(ctx context.Context, c *chunk) (out []chunkResult) {
	if ctx.Err() != nil {
		return []chunkResult{{c.result(NotSent, Receipt{}), notSent(ctx)}}
	}
	at := s.now()
	var undo []func()
	allowed := &chunk{}
	for _, e := range c.entries {
		back, err := s.reserve(e.phones, e.m, e.kind, at)
		if err != nil {
			out = append(out, chunkResult{BatchResult{Index: []int{e.i}, State: Refused}, err})
			continue
		}
		undo = append(undo, back)
		allowed.add(e)
	}
	if len(allowed.entries) == 0 {
		return out
	}
	receipt, err := s.request(ctx, allowed, at)
	state := stateOf(err)
	if state == Refused || state == NotSent {
		for _, back := range undo {
			back()
		}
	}
	return append(out, chunkResult{allowed.result(state, receipt), err})
}

// stateOf is what an error of a send says of the message.
func stateOf(err error) SendState {
	e, ok := errors.AsType[*Error](err)
	switch {
	case err == nil:
		return Accepted
	case errors.Is(err, ErrUnknownOutcome):
		return SendUnknown
	case ok && (e.Sent || e.Is(ErrInput)):
		return Refused
	}
	return NotSent
}

// params are the parameters of the chunk's request: SendSms where all is equal, SendBatchSms where not.
func (c *chunk) params() (op string, params map[string]string) {
	first := c.entries[0]
	if c.equal() {
		var phones []string
		for _, e := range c.entries {
			phones = append(phones, e.wire())
		}
		return sendOp, map[string]string{
			"PhoneNumbers": strings.Join(phones, ","), "SignName": first.m.Sign, "TemplateCode": first.m.Template,
			"TemplateParam": first.params, "SmsUpExtendCode": first.m.ExtendCode,
		}
	}
	var phones, signs, extends []string
	var values []json.RawMessage
	for _, e := range c.entries {
		for _, p := range e.phones {
			phones = append(phones, p.digits)
			signs = append(signs, e.m.Sign)
			extends = append(extends, e.m.ExtendCode)
			values = append(values, json.RawMessage(orDefault(e.params, "{}")))
		}
	}
	params = map[string]string{
		"PhoneNumberJson": encode(phones), "SignNameJson": encode(signs), "TemplateCode": first.m.Template,
		"TemplateParamJson": encode(values),
	}
	if slices.ContainsFunc(extends, func(s string) bool { return s != "" }) {
		params["SmsUpExtendCodeJson"] = encode(extends)
	}
	return batchOp, params
}

// encode writes JSON as it would be written by hand: & and < as they are.
func encode(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // strings and objects of strings always encode
	return strings.TrimSuffix(b.String(), "\n")
}
