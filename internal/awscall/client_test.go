package awscall_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/awscall"
)

// noRoute is a dial that fails in its own way, as that of a tunnel does.
func noRoute(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no route") }

// A request that never left is told by what the client did, and not by the type of its error.
func TestHTTPClientSaysWhatNeverLeft(t *testing.T) {
	t.Parallel()
	for name, own := range map[string]aws.HTTPClient{
		"net/http's": &http.Client{Transport: &http.Transport{DialContext: noRoute}},
		"the SDK's":  awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.DialContext = noRoute }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hc, waits := awscall.HTTPClient(aws.Config{HTTPClient: own}), new(clock)
			_, err := awscall.Do(t.Context(), awscall.New(nil, nil, waits), "X", awscall.OnlyRefused, post(hc, "http://example.com/"), &in{}, once)
			f, _ := errors.AsType[*awscall.Failure](err)
			require.NotNil(t, f)
			require.ErrorContains(t, err, "no route")
			assert.False(t, f.Unknown)
			assert.Len(t, waits.slept, 4, "it may be repeated")
		})
	}
}

// The client tells a request that may have been done from one that cannot have been, also where it is made from that of
// config.LoadDefaultConfig, or there is none.
func TestHTTPClientSaysWhatWasSent(t *testing.T) {
	t.Parallel()
	for name, own := range map[string]aws.HTTPClient{
		"net/http's": &http.Client{Transport: new(http.Transport)}, "the SDK's": awshttp.NewBuildableClient(), "none": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var arrived atomic.Int32
			srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				arrived.Add(1)
				_, _ = io.Copy(io.Discard, r.Body)
				panic(http.ErrAbortHandler)
			}))
			t.Cleanup(srv.Close)
			hc := awscall.HTTPClient(aws.Config{HTTPClient: own})
			c := awscall.New(new(0), nil, nil)
			_, err := awscall.Do(t.Context(), c, "X", awscall.OnlyRefused, post(hc, srv.URL+"/?secret=hidden"), &in{}, once)
			f, _ := errors.AsType[*awscall.Failure](err)
			require.NotNil(t, f)
			assert.True(t, f.Unknown, "%v", err)
			assert.NotContains(t, err.Error(), "hidden")
			assert.EqualValues(t, 1, arrived.Load(), "exactly one request")

			_, err = awscall.Do(t.Context(), c, "X", awscall.OnlyRefused, post(hc, "http://127.0.0.1:1/"), &in{}, once)
			f, _ = errors.AsType[*awscall.Failure](err)
			require.NotNil(t, f)
			assert.False(t, f.Unknown, "nobody listens: %v", err)
		})
	}
}

// post is a call as the SDK makes it.
func post(hc aws.HTTPClient, url string) func(context.Context, *in, ...func(*opt)) (*out, error) {
	return func(ctx context.Context, _ *in, _ ...func(*opt)) (*out, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("Action=AllocateAddress"))
		if err != nil {
			return nil, err
		}
		resp, err := hc.Do(req)
		if err != nil {
			return nil, &smithy.OperationError{OperationName: "X", Err: &smithyhttp.RequestSendError{Err: err}}
		}
		resp.Body.Close()
		return &out{}, nil
	}
}

// Of a client of the caller's own nobody knows what it sent: each failure is one that may have been. Its requests have bodies
// that net/http can close before they are read.
func TestHTTPClientOfTheCaller(t *testing.T) {
	t.Parallel()
	own := smithyhttp.ClientDoFunc(func(req *http.Request) (*http.Response, error) {
		_, writes := req.Body.(io.WriterTo)
		assert.False(t, writes, "a body with a WriteTo says EOF once it is closed")
		return nil, errors.New("no idea")
	})
	hc := awscall.HTTPClient(aws.Config{HTTPClient: own})
	_, err := awscall.Do(t.Context(), awscall.New(new(0), nil, nil), "X", awscall.OnlyRefused, post(hc, "http://127.0.0.1:1/"), &in{}, once)
	f, _ := errors.AsType[*awscall.Failure](err)
	require.NotNil(t, f)
	assert.True(t, f.Unknown, "%v", err)
}

// The part of the SDK that reads the environment is taken out where there is one.
func TestWithoutTraceHeader(t *testing.T) {
	t.Parallel()
	stack := middleware.NewStack("X", smithyhttp.NewStackRequest)
	require.NoError(t, awscall.WithoutTraceHeader(stack), "there is none")
	require.NoError(t, stack.Build.Add(middleware.BuildMiddlewareFunc("RecursionDetection", nil), middleware.After))
	require.NoError(t, stack.Build.Add(middleware.BuildMiddlewareFunc("Other", nil), middleware.After))
	require.NoError(t, awscall.WithoutTraceHeader(stack))
	assert.Equal(t, []string{"Other"}, stack.Build.List())
}
