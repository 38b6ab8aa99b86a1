package route53x

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// The actions, in Route 53's words.
const (
	opListZones  = "ListHostedZonesByName"
	opGetZone    = "GetHostedZone"
	opCreateZone = "CreateHostedZone"
	opDeleteZone = "DeleteHostedZone"
	opListSets   = "ListResourceRecordSets"
	opChange     = "ChangeResourceRecordSets"
	opGetChange  = "GetChange"
	opZoneLimit  = "GetHostedZoneLimit"
)

// action is one call that is about to be made.
type action struct {
	op, subject string
	changes     int // record changes in it
	// harmless: reads, and writes that do the same when they are done twice. Others are repeated only when they were
	// refused or never left; else the error is ErrUnknownOutcome.
	harmless bool
}

// call makes a call when the limiter lets it, and repeats it where that is allowed. Its errors are [*Error].
func call[I, O any](ctx context.Context, c *Client, a action, do func(context.Context, *I, ...func(*route53.Options)) (*O, error), in *I) (*O, error) {
	var out *O
	err := c.retry.Do(ctx, func(ctx context.Context) error {
		if err := c.limiter.Wait(ctx, a.op, a.changes); err != nil {
			return &Error{Op: a.op, Subject: a.subject, Err: fmt.Errorf("waiting for its turn: %w", err)}
		}
		began := c.clock.Now()
		var failure *httpcall.Error
		v, err := do(context.WithValue(ctx, sendFailure{}, &failure), in)
		if err != nil && failure != nil {
			err = failure
		}
		out, err = v, explain(a, err)
		c.log.DebugContext(ctx, "route 53 call", "op", a.op, "subject", a.subject, "took", c.clock.Now().Sub(began), "error", err)
		return err
	}, func(err error) httpcall.Verdict {
		v := verdict(err, a.harmless)
		if errors.Is(err, ErrThrottled) && !busy(err) {
			c.limiter.Throttled(a.op, a.changes)
		}
		if v.Again {
			c.log.WarnContext(ctx, "route 53 call is repeated", "op", a.op, "subject", a.subject, "error", err)
		}
		return v
	})
	if err != nil {
		return nil, unknown(err, a.harmless)
	}
	return out, nil
}

// sendFailure is the key of a context under which the failure to get an answer comes back past the SDK, which says no more
// than "canceled" when a context ends: neither why, nor whether anything was sent.
type sendFailure struct{}

// httpClient is what the SDK sends with.
func httpClient(cfg aws.Config) aws.HTTPClient {
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

// withoutTraceHeader removes the part of the SDK that reads AWS Lambda's environment to add a header of its own.
func withoutTraceHeader(stack *middleware.Stack) error {
	if _, ok := stack.Build.Get("RecursionDetection"); ok {
		_, err := stack.Build.Remove("RecursionDetection")
		return err
	}
	return nil
}

func verdict(err error, harmless bool) httpcall.Verdict {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return httpcall.Verdict{}
	}
	v := httpcall.Verdict{After: e.RetryAfter}
	switch {
	case errors.Is(e.Kind, ErrThrottled):
		v.Again = true // refused, so that nothing was done
	case e.Status >= http.StatusInternalServerError, e.Status > 0 && e.Status < http.StatusBadRequest: // the latter cut off
		v.Again = harmless
	case e.Status == 0:
		if sent, ok := errors.AsType[*httpcall.Error](err); ok {
			v.Again = harmless || !sent.Sent
		}
	}
	return v
}

// busy tells a zone that works on another change from an account that asks too often.
func busy(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == "PriorRequestNotComplete"
}

// unknown marks a write that may have been done.
func unknown(err error, harmless bool) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || harmless || e.Kind != nil {
		return err
	}
	lost := e.Status >= http.StatusInternalServerError || e.Status == http.StatusOK
	if e.Status == 0 {
		sent, fromNet := errors.AsType[*httpcall.Error](err)
		_, unsent := errors.AsType[*smithy.SerializationError](err)
		lost = fromNet && sent.Sent || !fromNet && !unsent && errors.Is(e.Err, errNoAnswer)
	}
	if lost {
		out := *e
		out.Kind = ErrUnknownOutcome
		return &out
	}
	return err
}

var errNoAnswer = errors.New("no answer")

// explain makes an [*Error] of what the SDK returned.
func explain(a action, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Op: a.op, Subject: a.subject}
	if sent, ok := errors.AsType[*httpcall.Error](err); ok {
		e.Err = sent // redacted, without what the SDK puts around it
		return e
	}
	if resp, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && resp.Response != nil && resp.Response.Response != nil {
		e.Status = resp.Response.StatusCode
		e.RetryAfter = httpcall.RetryAfter(resp.Response.Header, time.Now())
		e.RequestID = resp.Response.Header.Get("X-Amzn-Requestid")
	}
	if resp, ok := errors.AsType[*awshttp.ResponseError](err); ok && resp.ServiceRequestID() != "" {
		e.RequestID = resp.ServiceRequestID()
	}
	refusal, ok := errors.AsType[smithy.APIError](err)
	switch {
	case ok && refusal.ErrorCode() != "UnknownError":
		e.Code, e.Message = refusal.ErrorCode(), refusal.ErrorMessage()
		if batch, ok := errors.AsType[*types.InvalidChangeBatch](err); ok && len(batch.Messages) > 0 {
			e.Message = strings.Join(batch.Messages, ", ")
		}
		e.Kind = kindOf(e.Code, e.Message)
		e.Message = httpcall.Head([]byte(e.Message), mostMessage)
	case e.Status == 0 && sentByOther(err):
		e.Err = fmt.Errorf("%w: %w", errNoAnswer, httpcall.Redact(err))
	case e.Status == 0 || e.Status < http.StatusBadRequest:
		e.Err = httpcall.Redact(err)
	}
	return e // else a proxy's page: its text says nothing that the status does not
}

const mostMessage = 1024

// sentByOther: an HTTP client that is not net/http's failed.
func sentByOther(err error) bool {
	_, ok := errors.AsType[*smithyhttp.RequestSendError](err)
	return ok
}

// kindOf sorts the codes.
// Source: API Reference 2013-04-01 (read 2026-11).
func kindOf(code, message string) error {
	switch code {
	case "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException", "PriorRequestNotComplete":
		return ErrThrottled
	case "NoSuchHostedZone", "NoSuchChange", "NoSuchDelegationSet", "HostedZoneNotFound":
		return ErrNotFound
	case "HostedZoneAlreadyExists":
		return ErrExists
	case "HostedZoneNotEmpty":
		return ErrConflict
	case "TooManyHostedZones", "DelegationSetNotAvailable", "LimitsExceeded":
		return ErrLimit
	case "InvalidChangeBatch":
		if strings.Contains(message, "limit of") || strings.Contains(message, "xceeded limit") || strings.Contains(message, "Cannot have more than") {
			return ErrLimit
		}
		return ErrInvalid
	case "InvalidInput", "InvalidDomainName", "InvalidArgument", "InvalidVPCId", "MalformedInput", "ValidationException", "ConflictingDomainExists":
		return ErrInvalid
	}
	return nil
}
