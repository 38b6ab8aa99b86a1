package awscall_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/awscall"
)

type (
	in  struct{}
	out struct{}
	opt struct{}
)

// What is repeated and what is unknown, by how a call failed.
func TestDo(t *testing.T) {
	t.Parallel()
	send := &smithy.OperationError{OperationName: "X", Err: &smithyhttp.RequestSendError{Err: io.ErrUnexpectedEOF}}
	status := func(n int, err error) error {
		return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: n, Header: http.Header{}}}, Err: err}
	}
	for name, tt := range map[string]struct {
		err               error
		harmless, refused int // attempts
		unknown           bool
	}{
		"throttled":               {refuse("RequestLimitExceeded", "slow down"), 5, 5, false},
		"throttled as 503":        {status(503, refuse("Throttling", "slow down")), 5, 5, false},
		"refused":                 {status(400, refuse("InvalidParameterValue", "no")), 1, 1, false},
		"quota":                   {refuse("ResourceLimitExceeded", "20"), 1, 1, false},
		"the answer lost":         {send, 5, 1, true},
		"an error of AWS":         {status(500, refuse("InternalError", "sorry")), 5, 1, true},
		"InternalError by a fake": {refuse("InternalError", "sorry"), 5, 1, true},
		"a proxy's page":          {status(502, errors.New("invalid character '<'")), 5, 1, true},
		"an answer cut off":       {status(200, io.ErrUnexpectedEOF), 5, 1, true},
		"never sent":              {&smithy.SerializationError{Err: errors.New("bad input")}, 1, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for again, attempts := range map[awscall.Repeat]int{awscall.Harmless: tt.harmless, awscall.OnlyRefused: tt.refused} {
				n := 0
				c := awscall.New(nil, nil, new(clock))
				_, err := awscall.Do(t.Context(), c, "X", again, func(context.Context, *in, ...func(*opt)) (*out, error) {
					n++
					return nil, tt.err
				}, &in{}, once)
				f, ok := errors.AsType[*awscall.Failure](err)
				require.True(t, ok, "%v", err)
				assert.Equal(t, attempts, n, "harmless: %v", again)
				assert.Equal(t, tt.unknown && again == awscall.OnlyRefused, f.Unknown, "harmless: %v", again)
			}
		})
	}
}

func TestDoSucceedsInTheEnd(t *testing.T) {
	t.Parallel()
	n, waits := 0, new(clock)
	got, err := awscall.Do(t.Context(), awscall.New(nil, nil, waits), "X", awscall.OnlyRefused, func(context.Context, *in, ...func(*opt)) (*out, error) {
		if n++; n < 4 {
			return nil, refuse("Throttling", "slow down")
		}
		return &out{}, nil
	}, &in{}, once)
	require.NoError(t, err)
	assert.NotNil(t, got)
	assert.Len(t, waits.slept, 3, "it waited on the client's clock")
}

// A context that ended is named with its cause, and nothing is sent.
func TestDoNamesTheCause(t *testing.T) {
	t.Parallel()
	why := errors.New("the operator went home")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	_, err := awscall.Do(ctx, awscall.New(nil, nil, nil), "X", awscall.OnlyRefused, func(context.Context, *in, ...func(*opt)) (*out, error) {
		assert.Fail(t, "it was sent")
		return nil, nil
	}, &in{}, once)
	require.ErrorIs(t, err, why)
	f, _ := errors.AsType[*awscall.Failure](err)
	assert.False(t, f.Unknown)
}

// A Retry-After that is a date is counted from the date of the answer: the machine's clock may be wrong.
func TestRetryAfterByTheServersClock(t *testing.T) {
	t.Parallel()
	head := http.Header{"Date": {"Mon, 02 Nov 2020 09:00:00 GMT"}, "Retry-After": {"Mon, 02 Nov 2020 09:00:30 GMT"}}
	slow := &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusBadRequest, Header: head}}, Err: refuse("Throttling", "slow down"),
	}
	waits := new(clock)
	_, err := awscall.Do(t.Context(), awscall.New(new(1), nil, waits), "X", awscall.Harmless, failing(slow), &in{}, once)
	f, _ := errors.AsType[*awscall.Failure](err)
	require.NotNil(t, f)
	assert.Equal(t, 30*time.Second, f.RetryAfter)
	assert.Equal(t, []time.Duration{30 * time.Second}, waits.slept)
}
