package call

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/httpcall"
)

// Repeat says when a failed call may be made again.
type Repeat bool

const (
	// Harmless are reads, and writes that AWS does once however often they are sent: those with a client token, a caller
	// reference, or a state as their content.
	Harmless Repeat = true
	// OnlyRefused are the other writes: again only when AWS or the network proves that nothing was done.
	OnlyRefused Repeat = false
)

// Caller makes calls.
type Caller struct {
	Retry httpcall.Retry
	Log   *slog.Logger
	Clock awsops.Clock
}

// New makes a Caller. nil options: 4 repeats, no log, the machine's clock.
func New(maxRetries *int, log *slog.Logger, clock awsops.Clock) *Caller {
	c := &Caller{
		Retry: httpcall.Retry{Max: *cmp.Or(maxRetries, new(4)), Cap: 20 * time.Second},
		Log:   cmp.Or(log, slog.New(slog.DiscardHandler)),
		Clock: clock,
	}
	if clock == nil {
		c.Clock = awsops.MachineClock()
	} else {
		c.Retry.Sleep = clock.Sleep
	}
	return c
}

// Failure is a call that failed. The packages make their own *Error of it.
type Failure struct {
	Op         string // "CopyImage"
	Code       string // "InvalidAMIName.Duplicate"; empty when AWS said nothing
	Message    string // AWS's words, at most 1,024 bytes
	Status     int    // 0 when no answer came
	RequestID  string
	RetryAfter time.Duration
	Lost       bool  // whatever was asked for may have been done: no answer came, or one that says nothing
	Unknown    bool  // the same of a write that must not be repeated blindly
	Err        error // the cause when there is no code; redacted
}

func (f *Failure) Error() string {
	what := cmp.Or(f.Message, f.Code, fmt.Sprintf("HTTP %d", f.Status))
	if f.Err != nil {
		what = f.Err.Error()
	}
	return f.Op + ": " + what
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Do makes a call, and repeats it where that is allowed. An error is a *[Failure].
func Do[I, O, Opt any](ctx context.Context, c *Caller, op string, again Repeat, do func(context.Context, *I, ...func(*Opt)) (*O, error), in *I) (*O, error) {
	var out *O
	err := c.Retry.Do(ctx, func(ctx context.Context) error {
		if cause := context.Cause(ctx); cause != nil {
			return &Failure{Op: op, Err: cause}
		}
		began := c.Clock.Now()
		var sent *httpcall.Error
		v, err := do(context.WithValue(ctx, sendFailure{}, &sent), in)
		if err == nil && v == nil {
			err = errors.New("an empty answer")
		}
		if err != nil && sent != nil {
			err = sent
		}
		out, err = v, explain(ctx, op, err)
		c.Log.DebugContext(ctx, "aws call", "op", op, "took", c.Clock.Now().Sub(began), "error", err)
		return err
	}, func(err error) httpcall.Verdict {
		v := verdict(err, again)
		if v.Again {
			c.Log.WarnContext(ctx, "aws call is repeated", "op", op, "error", err)
		}
		return v
	})
	if err == nil {
		return out, nil
	}
	f, ok := errors.AsType[*Failure](err)
	if !ok {
		f = &Failure{Op: op, Err: err}
	}
	if lost(f) {
		own := *f
		own.Lost, own.Unknown = true, again == OnlyRefused
		f = &own
	}
	return nil, f
}

// verdict: a throttled call did nothing; one that failed at AWS or on the way may have.
func verdict(err error, again Repeat) httpcall.Verdict {
	f, ok := errors.AsType[*Failure](err)
	if !ok {
		return httpcall.Verdict{}
	}
	v := httpcall.Verdict{After: f.RetryAfter}
	switch {
	case errors.Is(awsops.KindOf(f.Code, f.Status), awsops.ErrThrottled):
		v.Again = true
	case lost(f):
		v.Again = again == Harmless
	case f.Status == 0 && f.Code == "":
		sent, ok := errors.AsType[*httpcall.Error](err)
		v.Again = ok && !sent.Sent
	}
	return v
}

// lost tells whether a call may have taken effect although it failed: nothing came back, or an error of the server.
func lost(f *Failure) bool {
	switch {
	case f.Code != "" && errors.Is(awsops.KindOf(f.Code, f.Status), awsops.ErrThrottled):
		return false
	case f.Status >= http.StatusInternalServerError, serverFault(f.Code), f.Status > 0 && f.Status < http.StatusBadRequest:
		return true
	case f.Code != "" || f.Status > 0:
		return false
	}
	if sent, ok := errors.AsType[*httpcall.Error](f); ok {
		return sent.Sent
	}
	return errors.Is(f.Err, errNoAnswer)
}

// serverFault tells of codes of failures inside AWS, which say nothing of what was done.
func serverFault(code string) bool {
	switch code {
	case "InternalError", "InternalFailure", "InternalServerError", "ServiceUnavailable", "Unavailable":
		return true
	}
	return false
}

var errNoAnswer = errors.New("no answer")

// explain makes a Failure of what the SDK returned.
func explain(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	f := &Failure{Op: op}
	if sent, ok := errors.AsType[*httpcall.Error](err); ok {
		f.Err = sent
		return f
	}
	if resp, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && resp.Response != nil && resp.Response.Response != nil {
		f.Status = resp.Response.StatusCode
		f.RetryAfter = httpcall.RetryAfter(resp.Response.Header, time.Now())
		f.RequestID = resp.Response.Header.Get("X-Amzn-Requestid")
	}
	if resp, ok := errors.AsType[*awshttp.ResponseError](err); ok && resp.ServiceRequestID() != "" {
		f.RequestID = resp.ServiceRequestID()
	}
	_, noAnswer := errors.AsType[*smithyhttp.RequestSendError](err)
	switch refusal, ok := errors.AsType[smithy.APIError](err); {
	case ok && refusal.ErrorCode() != "UnknownError":
		f.Code, f.Message = refusal.ErrorCode(), httpcall.Head([]byte(refusal.ErrorMessage()), 1024)
	case f.Status == 0 && noAnswer: // of an HTTP client that is not net/http's, or of a fake
		f.Err = fmt.Errorf("%w: %w", errNoAnswer, httpcall.Redact(err))
	case f.Status == 0 || f.Status < http.StatusBadRequest:
		f.Err = httpcall.Redact(err)
	} // else a proxy's page: its text says nothing that the status does not
	if cause := context.Cause(ctx); cause != nil && f.Code == "" && !errors.Is(f.Err, cause) {
		if f.Err == nil {
			f.Err = cause
		} else {
			f.Err = fmt.Errorf("%w: %w", cause, f.Err)
		}
	}
	return f
}

// sendFailure is the key of a context under which the failure to get an answer comes back past the SDK, which says no more
// than "canceled" when a context ends: neither why, nor whether anything was sent.
type sendFailure struct{}

// HTTPClient is what the SDK is to send with: that of cfg if it has one, else one of its own.
func HTTPClient(cfg aws.Config) aws.HTTPClient {
	var hc *http.Client
	switch own, ok := cfg.HTTPClient.(*http.Client); {
	case ok:
		hc = httpcall.Client(own, nil)
	case cfg.HTTPClient != nil:
		return cfg.HTTPClient // it does not say what was sent: every failure is one that may have been
	default:
		hc = httpcall.Client(nil, &http.Client{Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: time.Minute,
			IdleConnTimeout: 90 * time.Second, MaxIdleConnsPerHost: 16, ForceAttemptHTTP2: true,
		}})
	}
	return smithyhttp.ClientDoFunc(func(req *http.Request) (*http.Response, error) {
		resp, err := httpcall.DoBody(hc, req)
		if failure, ok := errors.AsType[*httpcall.Error](err); ok {
			if back, ok := req.Context().Value(sendFailure{}).(**httpcall.Error); ok {
				*back = failure
			}
		}
		return resp, err
	})
}

// WithoutTraceHeader removes the part of the SDK that reads AWS Lambda's environment to add a header of its own.
func WithoutTraceHeader(stack *middleware.Stack) error {
	if _, ok := stack.Build.Get("RecursionDetection"); ok {
		_, err := stack.Build.Remove("RecursionDetection")
		return err
	}
	return nil
}
