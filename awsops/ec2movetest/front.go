package ec2movetest

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/internal/pipehttp"
)

const (
	apiVersion = "2016-11-15"
	maxRequest = 1 << 20
)

// Front is the account behind HTTP, in the query protocol of EC2, so that what the SDK really sends can be seen. It is an
// http.Handler for a listener of one's own, and with [Cloud.Serve] reached in memory. The embedded Script makes the way to it
// fail: a proxy's page, a hang; faults of EC2 itself are those of the Cloud. A fault that loses a connection does so here.
//
// The Region of a request is that of its signature's scope. The signature itself is not verified.
type Front struct {
	fault.Script

	cloud   *Cloud
	actions map[string]action
	pipe    *pipehttp.Server

	mu  sync.Mutex
	log []Request
}

// Request is a request that has arrived.
type Request struct {
	Region, Action string
	Form           url.Values
}

// Handler is the account as an http.Handler, for a listener on loopback that other processes can reach.
func (c *Cloud) Handler() *Front { return &Front{cloud: c, actions: actions()} }

// Serve is Handler behind a server in memory, until Close.
func (c *Cloud) Serve() *Front {
	f := c.Handler()
	f.pipe = pipehttp.NewServer("ec2.fake", f)
	return f
}

// Close ends every connection of Serve.
func (f *Front) Close() {
	if f.pipe != nil {
		f.pipe.Close()
	}
}

// AWS is a configuration of the SDK that reaches the account of Serve.
func (f *Front) AWS() aws.Config {
	hc := f.pipe.HTTPSClient()
	hc.Transport = plainBodies{hc.Transport}
	return aws.Config{
		Region: "us-east-1", HTTPClient: hc,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIA" + "FAKEEC2FAKEEC2FA", SecretAccessKey: "not-a-secret"}, nil
		}),
	}
}

// plainBodies hides all but Read and Close of the SDK's request bodies. Their WriteTo says EOF once they are closed (smithy-go
// v1.28.9), upon which net/http drops the connection of an answer that came quickly, and the answer is cut.
type plainBodies struct{ next http.RoundTripper }

func (p plainBodies) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return p.next.RoundTrip(req)
	}
	plain := req.Clone(req.Context())
	plain.Body = struct{ io.ReadCloser }{req.Body}
	return p.next.RoundTrip(plain)
}

// Config is a configuration that goes through the SDK to the account of Serve, on its clock.
func (f *Front) Config() ec2move.Config { return ec2move.Config{AWS: f.AWS(), Clock: f.cloud.clock} }

// Requests are those that have arrived, those of an action or with "" all.
func (f *Front) Requests(action string) []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []Request
	for _, r := range f.log {
		if action == "" || r.Action == action {
			out = append(out, Request{r.Region, r.Action, maps.Clone(r.Form)})
		}
	}
	return slices.Clip(out)
}

// ServeHTTP answers one request.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	var form url.Values
	if err == nil {
		form, err = url.ParseQuery(string(body))
	}
	if err != nil || r.Method != http.MethodPost {
		answerError(w, http.StatusBadRequest, "MalformedQueryString", "The request is no form, or not posted.")
		return
	}
	req := Request{Action: form.Get("Action"), Form: form}
	scope := scopeOf(r.Header.Get("Authorization"))
	if len(scope) != 5 || scope[3] != "ec2" || scope[4] != "aws4_request" {
		answerError(w, http.StatusForbidden, "AuthFailure", "AWS was not able to validate the provided access credentials")
		return
	}
	req.Region = scope[2]
	f.mu.Lock()
	f.log = append(f.log, req)
	f.mu.Unlock()
	f.Serve(w, r, req.Action, func(w http.ResponseWriter, r *http.Request) { f.answer(r.Context(), w, req) })
}

// scopeOf is the scope of a signature of version 4: key, date, Region, service, and the end.
func scopeOf(authorization string) []string {
	_, rest, _ := strings.Cut(authorization, "Credential=")
	rest, _, _ = strings.Cut(rest, ",")
	return strings.Split(strings.TrimSpace(rest), "/")
}

func (f *Front) answer(ctx context.Context, w http.ResponseWriter, req Request) {
	do, ok := f.actions[req.Action]
	switch {
	case req.Form.Get("Version") != apiVersion:
		answerError(w, http.StatusBadRequest, "NoSuchVersion", "The requested version ("+req.Form.Get("Version")+") is not valid")
		return
	case !ok:
		answerError(w, http.StatusBadRequest, "InvalidAction", "The action "+req.Action+" is not valid for this web service.")
		return
	}
	in, err := do.read(req.Form)
	var out any
	if err == nil {
		out, err = do.run(ctx, f.cloud.Region(req.Region), in)
	}
	if err == nil {
		answerXML(w, http.StatusOK, encode(req.Action+"Response", requestID(req), out))
		return
	}
	if _, broken := errors.AsType[*smithyhttp.RequestSendError](err); broken {
		panic(http.ErrAbortHandler) // the connection ends
	}
	code, message := "InternalError", "An internal error has occurred"
	if refusal, ok := errors.AsType[smithy.APIError](err); ok {
		code, message = refusal.ErrorCode(), refusal.ErrorMessage()
	}
	answerError(w, statusOf(code), code, message)
}

// statusOf is the HTTP status that a code comes with.
func statusOf(code string) int {
	switch code {
	case "InternalError", "InternalFailure":
		return http.StatusInternalServerError
	case "RequestLimitExceeded", "ServiceUnavailable", "Unavailable":
		return http.StatusServiceUnavailable
	case "UnauthorizedOperation", "AuthFailure":
		return http.StatusForbidden
	case "InsufficientInstanceCapacity":
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

func requestID(req Request) string { return uuid(hexOf(req.Form.Encode(), 0)) }
