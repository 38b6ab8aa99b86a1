package route53x

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/kitroll/kitroll/internal/awscall"
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

const longestPause = 8 * time.Second // before a repeat for which no more was asked

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
	caller := *c.caller
	caller.Log = caller.Log.With("subject", a.subject)
	caller.Before = func(ctx context.Context) error {
		if err := c.limiter.Wait(ctx, a.op, a.changes); err != nil {
			return fmt.Errorf("waiting for its turn: %w", err)
		}
		return nil
	}
	caller.Failed = func(f *awscall.Failure, err error) {
		if batch, ok := errors.AsType[*types.InvalidChangeBatch](err); ok && len(batch.Messages) > 0 {
			f.Message = strings.Join(batch.Messages, ", ")
		}
		// A zone that works on another change is no account that asks too often.
		if awscall.Throttled(f.Code, f.Status) && f.Code != "PriorRequestNotComplete" {
			c.limiter.Throttled(a.op, a.changes)
		}
	}
	out, err := awscall.Do(ctx, &caller, a.op, awscall.Repeat(a.harmless), do, in, once)
	return out, fail(a.subject, err, kindOf)
}

// once switches the SDK's retryer off, also where the client is one that the caller made: the package repeats calls itself,
// and its limiter has to know of each attempt.
func once(o *route53.Options) { o.Retryer = aws.NopRetryer{} }

// fail makes an [*Error] of a call that failed.
func fail(subject string, err error, kindOf func(code, message string) error) error {
	if err == nil {
		return nil
	}
	f := awscall.Of(err)
	e := &Error{
		Op: f.Op, Subject: subject, Code: f.Code, Message: f.Message, Status: f.Status,
		RequestID: f.RequestID, RetryAfter: f.RetryAfter, Err: f.Err,
	}
	switch {
	case awscall.Throttled(f.Code, f.Status):
		e.Kind = ErrThrottled
	case f.Unknown:
		e.Kind = ErrUnknownOutcome
	default:
		e.Kind = kindOf(f.Code, f.Message)
	}
	return e
}

// kindOf sorts the codes.
// Source: API Reference 2013-04-01 (read 2026-11).
func kindOf(code, message string) error {
	switch code {
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
