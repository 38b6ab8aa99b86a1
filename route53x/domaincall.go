package route53x

import (
	"context"
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

// domainRead makes a call that changes nothing. The SDK repeats it, by the retryer of the configuration.
func domainRead[I, O any](ctx context.Context, d *Domains, op, subject string, call domainCall[I, O], in *I, secrets ...string) (*O, error) {
	return domainDo(ctx, d, op, subject, false, func(ctx context.Context) (*O, error) { return call(ctx, in) }, secrets)
}

// domainWrite makes a call that changes something, once: the API knows no token by which it would recognise a repetition.
func domainWrite[I, O any](ctx context.Context, d *Domains, op, subject string, call domainCall[I, O], in *I, secrets ...string) (*O, error) {
	once := func(o *route53domains.Options) { o.Retryer = aws.NopRetryer{} }
	return domainDo(ctx, d, op, subject, true, func(ctx context.Context) (*O, error) { return call(ctx, in, once) }, secrets)
}

func domainDo[O any](ctx context.Context, d *Domains, op, subject string, write bool, do func(context.Context) (*O, error), secrets []string) (*O, error) {
	if cause := context.Cause(ctx); cause != nil {
		return nil, &Error{Op: op, Subject: subject, Err: cause}
	}
	began := d.clock.Now()
	var failure *httpcall.Error
	out, err := do(context.WithValue(ctx, domainSendFailure{}, &failure))
	if err != nil && failure != nil {
		err = failure // the SDK says no more than "canceled" when a context ends: neither why, nor whether it was sent
	}
	raw := err
	err = failDomain(op, subject, err, write, secrets...)
	d.log.DebugContext(ctx, "route53domains call", "op", op, "domain", subject, "took", d.clock.Now().Sub(began), "error", err)
	if id, duplicate := runningOperation(raw); duplicate {
		if e, ok := err.(*Error); ok && id != "" { //nolint:errorlint // failDomain made it
			e.IDs = []string{id}
		}
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
		resp, err := httpcall.Do(plain, req)
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
