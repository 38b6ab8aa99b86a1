package aliyun

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"
)

const smsVersion = "2017-05-25"

// SMSOptions are the habits of an [SMS]. nil is all defaults.
type SMSOptions struct {
	Sign       string           // of messages that name none, without its brackets
	ParamLimit *int             // longest template parameter in characters; nil = 35, new(0) = no limit
	Now        func() time.Time // nil = time.Now
	Guard      Guard            // keeps sends from running into the flow control; nil = none

	// PricePerSegment is what one message of up to 70 characters costs by the package that was bought, for [SMS.Quote].
	PricePerSegment float64

	// How patiently [SMS.Resolve] looks for a message. Records appear seconds to minutes after the send (unverified).
	ResolvePolls    int           // how many looks; 0 = 6
	ResolveInterval time.Duration // pause after the first look, doubled each time up to 30 s; 0 = 3 s
}

// SMSSender is the part of [SMS] that callers swap.
type SMSSender interface {
	Send(ctx context.Context, m Message, opts *SendOptions) (Receipt, error)
}

var _ SMSSender = (*SMS)(nil)

// SMS sends text messages and finds out what became of them. It is safe for concurrent use.
type SMS struct {
	client *Client
	opts   SMSOptions

	mu        sync.RWMutex
	templates map[string]Template // see LoadTemplates
}

// SMS is the text message side of the client. Templates loaded into one SMS are not known to another.
func (c *Client) SMS(opts *SMSOptions) *SMS {
	s := &SMS{client: c, templates: map[string]Template{}}
	if opts != nil {
		s.opts = *opts
	}
	if s.opts.ParamLimit != nil {
		s.opts.ParamLimit = new(*s.opts.ParamLimit)
	}
	return s
}

func (s *SMS) now() time.Time {
	if s.opts.Now != nil {
		return s.opts.Now()
	}
	return time.Now()
}

// NewOutID makes an ID for [Message].OutID. A program that journals before it sends makes the ID itself, writes it down,
// and can ask [SMS.Resolve] after a crash.
func NewOutID() string { return rand.Text() }

// SendOptions are the options of one [SMS.Send]. nil is all defaults.
type SendOptions struct {
	ParamLimit *int // overrides [SMSOptions].ParamLimit
}

// Receipt is a message that the platform has accepted, or, beside an error, what is known of one. It does not mean that
// a phone has received it: see [SMS.Details].
type Receipt struct {
	BizID     string // one for all numbers of the call
	RequestID string
	OutID     string // the one given, or the one made
	Phones    int
	At        time.Time // when the send began. With OutID it is what [SMS.Resolve] asks for
}

// Send sends one message to up to 1000 phones in one request, and it costs money for each. It is sent at most once: no
// answer, an answer cut off or a 5xx is [ErrUnknownOutcome], with the OutID for [SMS.Resolve] in the error and in the
// Receipt beside it, and is not retried. Retried are only a refusal by the gateway for too many calls a second, and a
// request that provably never left.
//
// Bad input is [ErrInput] with every problem at once, before anything is sent: phones that are none, or twice, or of the
// mainland and abroad in one call; parameters that are empty, too long, or hold a URL, an address or 【】; and, once
// [SMS.LoadTemplates] has loaded the template, parameters missing or too many. A loaded template that is not approved is
// [ErrConfig].
//
// The platform's refusals are an [*Error] with its code: [ErrRateLimited] when a number has had its share (with Level,
// Permits and RetryAfter; one number refuses the whole call), [ErrConfig] for signs and templates, [ErrQuota] for the
// balance, [ErrContent] for words, [ErrAuth] for keys and permissions.
//
// A Guard is asked after all that and before the request: its refusal is ErrRateLimited too, with Sent false. What was
// accepted stays counted, and what may have been.
//
// Source: SendSms, API dysmsapi 2017-05-25, and help.aliyun.com/document_detail/44335 (read 2026-11).
func (s *SMS) Send(ctx context.Context, m Message, opts *SendOptions) (Receipt, error) {
	m.Sign = cmp.Or(m.Sign, s.opts.Sign)
	template, known := s.loaded(m.Template)
	limit := s.opts.ParamLimit
	if opts != nil && opts.ParamLimit != nil {
		limit = opts.ParamLimit
	}
	checked, err := m.check(limit, template, known)
	if err != nil {
		return Receipt{}, err
	}
	at := s.now()
	undo, err := s.reserve(checked.phones, m, checked.kind, at)
	if err != nil {
		return Receipt{}, err
	}
	receipt, err := s.request(ctx, &chunk{entries: []entry{{m: m, checked: checked}}, size: len(checked.phones)}, at)
	if err != nil && !errors.Is(err, ErrUnknownOutcome) { // what may have been sent stays counted
		undo()
	}
	return receipt, err
}

// request sends a chunk. The Receipt beside an error says what to look for.
func (s *SMS) request(ctx context.Context, c *chunk, at time.Time) (Receipt, error) {
	receipt := Receipt{OutID: cmp.Or(c.entries[0].m.OutID, NewOutID()), Phones: c.size, At: at}
	op, params := c.params()
	params["OutId"] = receipt.OutID
	resp, err := s.call(ctx, op, params, false)
	if err != nil {
		if e, ok := errors.AsType[*Error](err); ok {
			e.OutID, e.At = receipt.OutID, at
			receipt.RequestID = e.RequestID
			if e.Is(ErrUnknownOutcome) {
				e.Hint, e.HintZH = resolveHint, resolveHintZH
			}
		}
		return receipt, err
	}
	receipt.RequestID = resp.RequestID
	var a struct{ BizID text }
	if err := resp.Decode(&a); err == nil { // it said OK: a BizId that cannot be read does not make it a failure
		receipt.BizID = string(a.BizID)
	}
	return receipt, nil
}

const (
	sendOp        = "SendSms"
	resolveHint   = "do not send it again: ask SMS.Resolve for this OutID and day"
	resolveHintZH = "请勿直接重发：先用 OutId 和日期查询发送结果"
)

// call is [Client.Call] for this product, on the clock of s.
func (s *SMS) call(ctx context.Context, action string, params map[string]string, read bool) (*Response, error) {
	resp, err := s.client.Call(ctx, Request{
		Product: SMSProduct, Version: smsVersion, Action: action, Params: params, Idempotent: read,
	})
	if e, ok := errors.AsType[*Error](err); ok && e.Is(ErrRateLimited) {
		e.RetryAfter = e.Level.until(s.now())
	}
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// String names the sign that messages have by default.
func (s *SMS) String() string { return fmt.Sprintf("aliyun.SMS{Sign:%s}", s.opts.Sign) }
