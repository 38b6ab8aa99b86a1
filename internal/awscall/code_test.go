package awscall_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/kitroll/kitroll/internal/awscall"
)

// A rate passes by itself and a quota does not, though their codes look alike.
func TestThrottled(t *testing.T) {
	t.Parallel()
	for code, tt := range map[string]struct {
		status int
		want   bool
	}{
		"RequestLimitExceeded":     {503, true},
		"Throttling":               {400, true},
		"ThrottlingException":      {400, true},
		"Throttling.User":          {400, true},
		"PriorRequestNotComplete":  {400, true},
		"TooManyRequestsException": {429, true},
		"SomethingNew":             {429, true},
		"":                         {429, true},

		"LimitExceededException": {429, false}, // API Gateway's quota, and ACM's with 400
		"TooManyTagsException":   {400, false},
		"ServiceQuotaExceeded":   {402, false},
		"InternalError":          {500, false},
		"SlowDownSomewhereElse":  {0, false},
	} {
		assert.Equal(t, tt.want, awscall.Throttled(code, tt.status), "%q %d", code, tt.status)
	}
	assert.False(t, awscall.Throttled("", 503), "a gateway's, which may have passed the call on")
}
