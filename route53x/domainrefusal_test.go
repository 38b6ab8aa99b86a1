package route53x_test

import (
	"fmt"
	"io/fs"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

func TestTransferRefusals(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		code string
		is   error
	}{
		"throttled":       {"ThrottlingException", route53x.ErrThrottled},
		"domains":         {"DomainLimitExceeded", route53x.ErrLimit},
		"operations":      {"OperationLimitExceeded", route53x.ErrLimit},
		"TLD":             {"UnsupportedTLD", route53x.ErrUnsupported},
		"rules":           {"TLDRulesViolation", route53x.ErrUnsupported},
		"maintenance":     {"TLDInMaintenance", route53x.ErrAskAgain},
		"input":           {"InvalidInput", route53x.ErrInvalid},
		"duplicate of ..": {"DuplicateRequest", route53x.ErrExists}, // without RequestId, and nothing on the list
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
			req := agreed(t, d, movable(reg))
			reg.FailNext(route53xtest.TransferDomain, tt.code)
			_, err := d.Transfer(t.Context(), req)
			require.ErrorIs(t, err, tt.is)
			assert.NotErrorIs(t, err, route53x.ErrUnknownOutcome)
			assert.Equal(t, 1, reg.Calls(route53xtest.TransferDomain))
			assert.Zero(t, reg.Orders(""))
		})
	}
}

func TestQuotas(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	req := agreed(t, d, movable(reg))
	for i := range route53x.MaxDomains {
		reg.AddDomain(route53x.DomainDetail{Domain: fmt.Sprintf("d%d.com", i)}, "x")
	}
	_, err := d.Transfer(t.Context(), req)
	require.ErrorIs(t, err, route53x.ErrLimit)
	require.ErrorContains(t, err, "DomainLimitExceeded")
	assert.Empty(t, reg.Charges())

	reg, d = newRegistrar(t, route53xtest.RegistrarOptions{MaxOperations: 1})
	req = agreed(t, d, movable(reg))
	reg.AddDomain(route53x.DomainDetail{Domain: "example.net"}, "x")
	_, err = d.LockTransfer(t.Context(), "example.net")
	require.NoError(t, err)
	_, err = d.Transfer(t.Context(), req)
	require.ErrorIs(t, err, route53x.ErrLimit)
	require.ErrorContains(t, err, "OperationLimitExceeded")
}

// The losing registrar keeps the domain, or says nothing for five days.
func TestLosingRegistrar(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	var requested time.Time
	reg.Hook(route53xtest.RegistrarHooks{Requested: func(_ string, at time.Time) { requested = at }})
	req := agreed(t, d, movable(reg))
	assert.False(t, reg.Approve("example.com"), "nothing was requested")
	op, err := d.Transfer(t.Context(), req)
	require.NoError(t, err)
	reg.Advance(2 * time.Hour)
	require.False(t, requested.IsZero())
	require.True(t, reg.Reject("example.com", "The domain name holder objects."))
	state, err := d.Poll(t.Context(), op)
	require.NoError(t, err)
	require.ErrorIs(t, state.Err(), route53x.ErrFailed)
	require.ErrorContains(t, state.Err(), "holder objects")
	assert.Zero(t, reg.Paid())

	op, err = d.Transfer(t.Context(), req)
	require.NoError(t, err)
	reg.Advance(2 * time.Hour)
	require.True(t, reg.Approve("example.com"))
	state, err = d.Poll(t.Context(), op)
	require.NoError(t, err)
	assert.Equal(t, route53x.OperationSuccessful, state.Status, "at once")
}

func TestFindTransfer(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{Listing: time.Minute})
	req := agreed(t, d, movable(reg))
	since := reg.Config().Clock.Now()
	_, err := d.FindTransfer(t.Context(), "example.com", since)
	require.ErrorIs(t, err, route53x.ErrNotFound)
	op, err := d.Transfer(t.Context(), req)
	require.NoError(t, err)
	_, err = d.FindTransfer(t.Context(), "example.com", since)
	require.ErrorIs(t, err, fs.ErrNotExist, "it may be missing for a while")
	reg.Advance(time.Minute)
	found, err := d.FindTransfer(t.Context(), "EXAMPLE.com.", since.Add(-time.Second))
	require.NoError(t, err)
	assert.Equal(t, op.ID, found.ID)
	assert.True(t, found.Resumed)
	_, err = d.FindTransfer(t.Context(), "example.com", since.Add(time.Hour))
	require.ErrorIs(t, err, route53x.ErrNotFound)
	_, err = d.FindTransfer(t.Context(), "example.net", since)
	require.ErrorIs(t, err, route53x.ErrNotFound)
}
