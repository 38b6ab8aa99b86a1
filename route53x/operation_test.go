package route53x_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

// Trap 32: the unread mail (PENDING_AUTHORIZATION) surfaces as an event with the resend action.
func TestUnreadMailSurfaces(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{Reading: -1})
	reg.Hook(route53xtest.RegistrarHooks{Requested: func(domain string, _ time.Time) { reg.Approve(domain) }})
	op, err := d.Transfer(t.Context(), agreed(t, d, movable(reg)))
	require.NoError(t, err)
	err = d.ResendAuthorization(t.Context(), op)
	require.ErrorIs(t, err, route53x.ErrInvalid, "it does not wait for it yet")

	var last route53x.OperationState
	for s, err := range d.Wait(t.Context(), op, nil) {
		require.NoError(t, err)
		last = s
		if s.Flag == route53x.PendingAuthorization {
			assert.Contains(t, s.Action(), "ResendAuthorization")
			require.NoError(t, d.ResendAuthorization(t.Context(), s.Operation))
			require.True(t, reg.Authorize("example.com"))
		} else {
			assert.Empty(t, s.Action())
		}
	}
	assert.Equal(t, route53x.OperationSuccessful, last.Status)
	assert.Equal(t, 2, reg.Mails("example.com"))
}

func TestMailThatIsNeverRead(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{Reading: -1})
	op, err := d.Transfer(t.Context(), agreed(t, d, movable(reg)))
	require.NoError(t, err)
	last, err := lastState(t.Context(), d, op)
	require.ErrorIs(t, err, route53x.ErrFailed)
	require.ErrorContains(t, err, "not answered in time")
	assert.Equal(t, op.ID, last.ID, "the state comes with the error")
	assert.Zero(t, reg.Paid())
}

func TestEveryFlagHasAnAction(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	op, err := d.Transfer(t.Context(), agreed(t, d, movable(reg)))
	require.NoError(t, err)
	for flag, words := range map[route53x.StatusFlag]string{
		route53x.PendingAcceptance:          "accept",
		route53x.PendingCustomerAction:      "holder must act",
		route53x.PendingPaymentVerification: "payment",
		route53x.PendingSupportCase:         "support",
		"PENDING_SOMETHING_NEW":             "PENDING_SOMETHING_NEW",
	} {
		require.True(t, reg.Hold("example.com", flag, "ask "+testMail+" or "+testPhone))
		s, err := d.Poll(t.Context(), op)
		require.NoError(t, err)
		assert.Equal(t, flag, s.Flag)
		assert.Contains(t, s.Action(), words)
		assert.Equal(t, "ask [redacted] or [redacted]", s.Message, "the service's words hold no address of mail")
		require.True(t, reg.Release("example.com"))
	}
	s, err := d.Poll(t.Context(), op)
	require.NoError(t, err)
	assert.Empty(t, s.Flag)
	assert.False(t, reg.Release("example.com"))

	require.True(t, reg.Hold("example.com", route53x.PendingPaymentVerification, ""))
	reg.Advance(30 * 24 * time.Hour)
	s, err = d.Poll(t.Context(), op)
	require.NoError(t, err)
	assert.False(t, s.Done(), "what is held does not go on")
}

func TestWaitSaysWhatDiffersAndEndsWithBreak(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	reg.Hook(route53xtest.RegistrarHooks{Requested: func(domain string, _ time.Time) { reg.Approve(domain) }})
	op, err := d.Transfer(t.Context(), agreed(t, d, movable(reg)))
	require.NoError(t, err)
	wait := d.Wait(t.Context(), route53x.Operation{ID: op.ID}, nil) // as after a restart
	n := 0
	for s, err := range wait {
		require.NoError(t, err)
		assert.Equal(t, "example.com", s.Domain)
		n++
		break
	}
	calls := reg.Calls(route53xtest.GetOperationDetail)
	assert.Equal(t, 1, calls)
	for _, err := range wait {
		require.NoError(t, err)
		n++
	}
	assert.Equal(t, 4, n, "SUBMITTED again, PENDING_AUTHORIZATION, SUCCESSFUL")
	assert.Greater(t, reg.Calls(route53xtest.GetOperationDetail), calls+5)
}

func TestWaitPassesOverWhatPassesBy(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{SkipsTheMail: true})
	reg.Hook(route53xtest.RegistrarHooks{Requested: func(domain string, _ time.Time) { reg.Approve(domain) }})
	op, err := d.Transfer(t.Context(), agreed(t, d, movable(reg)))
	require.NoError(t, err)
	for range 12 { // more than a read repeats, less than ten looks
		reg.FailNext(route53xtest.GetOperationDetail, "ThrottlingException")
	}
	last, err := lastState(t.Context(), d, op)
	require.NoError(t, err)
	assert.Equal(t, route53x.OperationSuccessful, last.Status)

	for range 100 {
		reg.FailNext(route53xtest.GetOperationDetail, "ThrottlingException")
	}
	_, err = lastState(t.Context(), d, op)
	require.ErrorIs(t, err, route53x.ErrThrottled, "but not for ever")

	reg.FailNext(route53xtest.GetOperationDetail, "AccessDeniedException")
	for range 44 { // those that are left
		_, _ = d.Poll(t.Context(), op)
	}
	_, err = lastState(t.Context(), d, route53x.Operation{ID: "no-such-operation"})
	require.ErrorIs(t, err, route53x.ErrNotFound)
	_, err = lastState(t.Context(), d, route53x.Operation{})
	require.ErrorIs(t, err, route53x.ErrInvalid)
}

// Time is the bubble's, not the fake's own: a week passes, and a cancelled context stops the wait at once.
func TestWaitInRealTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reg := route53xtest.NewRegistrar()
		defer reg.Close()
		cfg := reg.Config()
		cfg.Clock = nil
		d, err := route53x.NewDomains(cfg)
		require.NoError(t, err)
		op, err := d.Transfer(t.Context(), agreed(t, d, movable(reg)))
		require.NoError(t, err)

		began := time.Now()
		why := errors.New("the shift is over")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(30*time.Hour, func() { cancel(why) })
		last, err := lastState(ctx, d, op)
		require.ErrorIs(t, err, why)
		require.ErrorContains(t, err, op.ID)
		require.ErrorContains(t, err, "IN_PROGRESS")
		assert.Zero(t, last)
		assert.Equal(t, 30*time.Hour, time.Since(began))

		last, err = lastState(t.Context(), d, op)
		require.NoError(t, err)
		assert.Equal(t, route53x.OperationSuccessful, last.Status)
		assert.InDelta(t, 121, time.Since(began).Hours(), 6, "an hour for the mail and five days for the registry")
	})
}

func TestOperationsPageAndFilter(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{MaxOperations: 1000})
	for i := range 45 {
		name := fmt.Sprintf("d%d.com", i)
		reg.AddDomain(route53x.DomainDetail{Domain: name}, "x")
		if i == 40 {
			reg.Advance(time.Hour)
		}
		_, err := d.LockTransfer(t.Context(), name)
		require.NoError(t, err)
	}
	before := reg.Calls(route53xtest.ListOperations)
	list := d.Operations(t.Context(), &route53x.OperationsOptions{PageSize: 20})
	for range 2 {
		var got []string
		for s, err := range list {
			require.NoError(t, err)
			got = append(got, s.Domain)
		}
		require.Len(t, got, 45)
		assert.Equal(t, []string{"d44.com", "d0.com"}, []string{got[0], got[44]}, "the latest first")
	}
	assert.Equal(t, 6, reg.Calls(route53xtest.ListOperations)-before)

	count := func(o route53x.OperationsOptions) (n int) {
		for _, err := range d.Operations(t.Context(), &o) {
			require.NoError(t, err)
			n++
		}
		return n
	}
	assert.Equal(t, 5, count(route53x.OperationsOptions{Since: reg.Config().Clock.Now().Add(-time.Minute)}))
	assert.Zero(t, count(route53x.OperationsOptions{Types: []route53x.OperationType{route53x.OpTransferIn}}))
	reg.Advance(time.Hour)
	assert.Equal(t, 45, count(route53x.OperationsOptions{Statuses: []route53x.OperationStatus{route53x.OperationSuccessful}}))
	for _, err := range d.Operations(t.Context(), &route53x.OperationsOptions{PageSize: 101}) {
		require.ErrorIs(t, err, route53x.ErrInvalid)
	}
}
