package awscall_test

import (
	"errors"
	"io"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/awscall"
)

// A call whose answer is lost for good is told from one that was refused, also where it may be repeated.
func TestLost(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err           error
		again         awscall.Repeat
		lost, unknown bool
	}{
		"no answer, harmless":       {err: &smithyhttp.RequestSendError{Err: io.ErrUnexpectedEOF}, again: awscall.Harmless, lost: true},
		"no answer, not to repeat":  {err: &smithyhttp.RequestSendError{Err: io.ErrUnexpectedEOF}, again: awscall.OnlyRefused, lost: true, unknown: true},
		"a failure inside":          {err: &smithy.GenericAPIError{Code: "InternalError"}, again: awscall.Harmless, lost: true},
		"refused":                   {err: &smithy.GenericAPIError{Code: "AccessDenied"}, again: awscall.Harmless},
		"throttled":                 {err: &smithy.GenericAPIError{Code: "Throttling"}, again: awscall.OnlyRefused},
		"wrong before it was sent":  {err: errors.New("no region"), again: awscall.OnlyRefused},
		"refused, not to be redone": {err: &smithy.GenericAPIError{Code: "InvalidArgument"}, again: awscall.OnlyRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := awscall.New(new(0), nil, nil)
			_, err := awscall.Do(t.Context(), c, "Op", tt.again, failing(tt.err), &in{}, once)
			f, ok := errors.AsType[*awscall.Failure](err)
			require.True(t, ok)
			assert.Equal(t, tt.lost, f.Lost)
			assert.Equal(t, tt.unknown, f.Unknown)
		})
	}
}
