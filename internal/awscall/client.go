package awscall

import (
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// sendFailure is the key of a context under which the failure to get an answer comes back past the SDK, which says no more
// than "canceled" when a context ends: neither why, nor whether anything was sent.
type sendFailure struct{}

// HTTPClient is what the SDK is to send with: that of cfg if it has one, else one of its own. It hides all but Read and Close
// of the SDK's request bodies: see [httpcall.PlainBody].
func HTTPClient(cfg aws.Config) aws.HTTPClient {
	var hc *http.Client
	switch own := cfg.HTTPClient.(type) {
	case *http.Client:
		hc = httpcall.Client(own, nil)
	case *awshttp.BuildableClient: // of config.LoadDefaultConfig
		hc = httpcall.Client(&http.Client{Transport: own.GetTransport(), Timeout: own.GetTimeout()}, nil)
	case nil:
		hc = httpcall.Client(nil, &http.Client{Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: time.Minute,
			IdleConnTimeout: 90 * time.Second, MaxIdleConnsPerHost: 16, ForceAttemptHTTP2: true,
		}})
	default: // it does not say what was sent: every failure is one that may have been
		return smithyhttp.ClientDoFunc(func(req *http.Request) (*http.Response, error) { return own.Do(httpcall.PlainBody(req)) })
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
