package route53x

import (
	"context"
	"errors"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53domains"
	"github.com/aws/aws-sdk-go-v2/service/route53domains/types"

	"github.com/kitroll/kitroll/internal/awscall"
	"github.com/kitroll/kitroll/internal/httpcall"
)

// domainCall is a call of the API, without its client.
type domainCall[I, O any] func(context.Context, *I, ...func(*route53domains.Options)) (*O, error)

// domainRead makes a call that changes nothing, and repeats it when it failed for a reason that passes by.
func domainRead[I, O any](
	ctx context.Context, d *Domains, op, subject string, call domainCall[I, O], in *I, secrets ...string,
) (*O, error) {
	return domainDo(ctx, *d.caller, op, subject, awscall.Harmless, call, in, secrets)
}

// domainWrite makes a call that changes something, once: the API knows no token by which it would recognise a repetition.
func domainWrite[I, O any](
	ctx context.Context, d *Domains, op, subject string, call domainCall[I, O], in *I, secrets ...string,
) (*O, error) {
	once := *d.caller
	once.Retry = httpcall.Retry{}
	return domainDo(ctx, once, op, subject, awscall.OnlyRefused, call, in, secrets)
}

func domainDo[I, O any](
	ctx context.Context, caller awscall.Caller, op, subject string, again awscall.Repeat, call domainCall[I, O], in *I, secrets []string,
) (*O, error) {
	var running []string // the ID that a DuplicateRequest has with it
	caller.Log = caller.Log.With("domain", subject)
	caller.Failed = func(f *awscall.Failure, err error) {
		f.Message = hideContacts(f.Message, secrets...)
		if f.Status != 0 && f.Code == "" && f.Status < http.StatusInternalServerError {
			f.Err = errNotDomains // what the SDK says of it may quote what is in it
		}
		running = nil
		if dup, ok := errors.AsType[*types.DuplicateRequest](err); ok && aws.ToString(dup.RequestId) != "" {
			running = []string{*dup.RequestId}
		}
	}
	out, err := awscall.Do(ctx, &caller, op, again, call, in, func(o *route53domains.Options) { o.Retryer = aws.NopRetryer{} })
	err = fail(subject, err, domainKind)
	if e, ok := errors.AsType[*Error](err); ok {
		e.IDs = running
	}
	return out, err
}
