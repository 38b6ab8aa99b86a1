package route53x

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/route53domains"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// domainCall is a call of the API, without its client.
type domainCall[I, O any] func(context.Context, *I, ...func(*route53domains.Options)) (*O, error)

// domainRead makes a call that changes nothing, and repeats it when it failed for a reason that passes by.
func domainRead[I, O any](
	ctx context.Context, d *Domains, op, subject string, call domainCall[I, O], in *I, secrets ...string,
) (*O, error) {
	for n := 0; ; n++ {
		out, err := domainOnce(ctx, d, op, subject, false, call, in, secrets)
		e, ours := errors.AsType[*Error](err)
		passes := ours && transient(ctx, err) && !errors.Is(err, ErrAskAgain) && e.RetryAfter <= longestRetryAfter
		if err == nil || !passes || n >= d.retries {
			return out, err
		}
		d.log.WarnContext(ctx, "route53domains call is repeated", "op", op, "domain", subject, "error", err)
		pause := rand.N(min(500*time.Millisecond<<min(n, 10), 8*time.Second)) + 1
		if serr := d.clock.Sleep(ctx, max(pause, e.RetryAfter)); serr != nil {
			return nil, &Error{Op: op, Subject: subject, Err: serr}
		}
	}
}

const longestRetryAfter = time.Minute

// domainWrite makes a call that changes something, once: the API knows no token by which it would recognise a repetition.
func domainWrite[I, O any](
	ctx context.Context, d *Domains, op, subject string, call domainCall[I, O], in *I, secrets ...string,
) (*O, error) {
	return domainOnce(ctx, d, op, subject, true, call, in, secrets)
}

func domainOnce[I, O any](
	ctx context.Context, d *Domains, op, subject string, write bool, call domainCall[I, O], in *I, secrets []string,
) (*O, error) {
	if cause := context.Cause(ctx); cause != nil {
		return nil, &Error{Op: op, Subject: subject, Err: cause}
	}
	once := func(o *route53domains.Options) { o.Retryer = aws.NopRetryer{} }
	began := d.clock.Now()
	var failure *httpcall.Error
	out, raw := call(context.WithValue(ctx, domainSendFailure{}, &failure), in, once)
	if raw != nil && failure != nil {
		raw = failure // the SDK says no more than "canceled" when a context ends: neither why, nor whether it was sent
	}
	err := failDomain(op, subject, raw, write, secrets...)
	d.log.DebugContext(ctx, "route53domains call", "op", op, "domain", subject, "took", d.clock.Now().Sub(began), "error", err)
	if raw == nil && out == nil {
		return nil, &Error{Op: op, Subject: subject, Err: errNotDomains} // a fake or middleware of the caller's
	}
	return out, err
}

// domainSendFailure is the key of a context under which the failure to get an answer comes back past the SDK.
type domainSendFailure struct{}

// domainsHTTP is the HTTP client of a configuration as one that tells whether a request that failed may have left.
func domainsHTTP(hc aws.HTTPClient) aws.HTTPClient {
	var plain *http.Client
	switch c := hc.(type) {
	case nil:
		b := awshttp.NewBuildableClient()
		plain = &http.Client{Transport: b.GetTransport()}
	case *awshttp.BuildableClient:
		plain = &http.Client{Transport: c.GetTransport(), Timeout: c.GetTimeout()}
	case *http.Client:
		plain = c
	default:
		return hc
	}
	plain = httpcall.Client(plain, nil)
	return smithyhttp.ClientDoFunc(func(req *http.Request) (*http.Response, error) {
		back, _ := req.Context().Value(domainSendFailure{}).(**httpcall.Error)
		// DoBody hides the WriteTo of the SDK's body. That one says EOF once the SDK has closed it, as it does as soon as there
		// is an answer, which breaks the connection when the answer was quicker than net/http's look behind the body's end.
		resp, err := httpcall.DoBody(plain, req)
		if back != nil {
			*back = nil                                   // an attempt before this one is no longer what failed
			if failure, ok := err.(*httpcall.Error); ok { //nolint:errorlint // Do returns no other
				*back = failure
			}
		}
		return resp, err
	})
}

// timeOfAnswer is the server's clock, for a Retry-After that is a date.
func timeOfAnswer(h http.Header) time.Time {
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return time.Now()
	}
	return at
}
