package route53x_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

// The matrix: the process is killed before and after every call of Transfer, or the answer or the request
// is lost, with a list of operations that is up to date or far behind. A second run, which has lost everything,
// ends in the same state: one order, one charge.
func TestTransferOrdersOnceWhateverHappens(t *testing.T) {
	t.Parallel()
	killed := errors.New("killed")
	calls := []string{route53xtest.ListOperations, route53xtest.ListPrices, route53xtest.TransferDomain, route53xtest.GetOperationDetail}
	lags := []time.Duration{0, 20 * time.Second, 24 * time.Hour}
	runs, resumed, unknown := 0, 0, 0
	for _, call := range calls {
		for _, fail := range []string{"killed before", "killed after", "lost", "dropped"} {
			for _, lag := range lags {
				for _, running := range []bool{false, true} { // by another process, so that DuplicateRequest comes into it
					name := fmt.Sprintf("%s %s, list %v behind, running %v", call, fail, lag, running)
					reg, d := newRegistrar(t, route53xtest.RegistrarOptions{Listing: lag})
					reg.Hook(route53xtest.RegistrarHooks{Requested: func(domain string, _ time.Time) { reg.Approve(domain) }})
					req := agreed(t, d, movable(reg))
					if running {
						_, err := d.Transfer(t.Context(), req)
						require.NoError(t, err, name)
					}
					ctx, kill := context.WithCancelCause(t.Context())
					before := reg.Calls(call)
					reg.Observe(func(e fault.Event) {
						if e.Op == call && e.N == before+1 && (fail == "killed before" && e.When == fault.Before || fail == "killed after" && e.When == fault.After) {
							kill(killed)
						}
					})
					switch fail {
					case "lost":
						reg.LoseNext(call)
					case "dropped":
						reg.DropNext(call)
					}
					op, err := d.Transfer(ctx, req)
					switch {
					case errors.Is(err, route53x.ErrUnknownOutcome):
						unknown++
					case err != nil:
						require.True(t, errors.Is(err, killed) || errors.Is(err, route53x.ErrExists), "%s: %v", name, err)
					}
					kill(nil)

					second, err := d.Transfer(t.Context(), req) // a new process: no ID, no memory
					if errors.Is(err, route53x.ErrUnknownOutcome) {
						unknown++
						second, err = d.Transfer(t.Context(), req)
					}
					require.NoError(t, err, name)
					if op.ID != "" {
						require.Equal(t, op.ID, second.ID, name)
					}
					if second.Resumed {
						resumed++
					}
					last, err := lastState(t.Context(), d, second)
					require.NoError(t, err, name)
					require.Equal(t, route53x.OperationSuccessful, last.Status, name)
					require.Equal(t, 1, reg.Orders(""), name)
					require.Len(t, reg.Charges(), 1, name)
					require.Equal(t, int64(1500), reg.Paid(), name)
					require.LessOrEqual(t, reg.Calls(route53xtest.TransferDomain), 3, name)
					runs++
				}
			}
		}
	}
	t.Logf("%d runs, each with one order and one charge: %d found the order of the first, %d answers stayed unknown until then", runs, resumed, unknown)
	assert.Equal(t, len(calls)*4*len(lags)*2, runs)
	assert.Positive(t, resumed)
	assert.Positive(t, unknown)
}

// The answer is lost: the order is found on the list, without another call of TransferDomain.
func TestLostAnswerIsLookedUp(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		lag   time.Duration
		fault func(*route53xtest.Registrar)
		is    error
		calls int
	}{
		"at once":           {fault: func(r *route53xtest.Registrar) { r.LoseNext(route53xtest.TransferDomain) }},
		"after a while":     {lag: 40 * time.Second, fault: func(r *route53xtest.Registrar) { r.LoseNext(route53xtest.TransferDomain) }},
		"the list is late":  {lag: time.Hour, fault: func(r *route53xtest.Registrar) { r.LoseNext(route53xtest.TransferDomain) }, is: route53x.ErrUnknownOutcome},
		"it never arrived":  {fault: func(r *route53xtest.Registrar) { r.DropNext(route53xtest.TransferDomain) }, is: route53x.ErrUnknownOutcome},
		"a gateway's 502":   {fault: func(r *route53xtest.Registrar) { r.AnswerNext(route53xtest.TransferDomain, 502, nil, "<html>") }, is: route53x.ErrUnknownOutcome},
		"a page with a 200": {fault: func(r *route53xtest.Registrar) { r.AnswerNext(route53xtest.TransferDomain, 200, nil, "<html>") }, is: route53x.ErrUnknownOutcome},
		"a 200 of nothing":  {fault: func(r *route53xtest.Registrar) { r.AnswerNext(route53xtest.TransferDomain, 200, nil, "{}") }, is: route53x.ErrUnknownOutcome},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reg, d := newRegistrar(t, route53xtest.RegistrarOptions{Listing: tt.lag})
			req := agreed(t, d, movable(reg))
			tt.fault(reg)
			began := reg.Config().Clock.Now()
			op, err := d.Transfer(t.Context(), req)
			require.ErrorIs(t, err, tt.is)
			assert.Equal(t, 1, reg.Calls(route53xtest.TransferDomain), "never repeated")
			assert.Less(t, reg.Config().Clock.Now().Sub(began), 2*time.Minute)
			if tt.is == nil {
				assert.True(t, op.Resumed)
				assert.NotEmpty(t, op.ID)
				return
			}
			assert.Empty(t, op.ID)
			assert.LessOrEqual(t, reg.Orders(""), 1)
		})
	}
}

// An order of before that has failed is not mistaken for the one whose answer was lost.
func TestOldOrderIsNotMistaken(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	req := agreed(t, d, movable(reg))
	wrong := req
	wrong.AuthCode = "not-the-code"
	old, err := d.Transfer(t.Context(), wrong)
	require.NoError(t, err)
	_, err = lastState(t.Context(), d, old)
	require.ErrorIs(t, err, route53x.ErrFailed)

	reg.DropNext(route53xtest.TransferDomain)
	_, err = d.Transfer(t.Context(), req)
	require.ErrorIs(t, err, route53x.ErrUnknownOutcome)
	reg.LoseNext(route53xtest.TransferDomain)
	op, err := d.Transfer(t.Context(), req)
	require.NoError(t, err)
	assert.NotEqual(t, old.ID, op.ID)
	assert.Equal(t, 2, reg.Orders(""))
}

// A connection that was never made is no unknown outcome.
func TestUnreachableIsNotUnknown(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	req := agreed(t, d, movable(reg))
	reg.Observe(func(e fault.Event) {
		if e.Op == route53xtest.ListPrices && e.When == fault.After {
			go reg.Close()
		}
	})
	require.Eventually(t, func() bool {
		_, err := d.Transfer(t.Context(), req)
		require.Error(t, err)
		return !errors.Is(err, route53x.ErrUnknownOutcome)
	}, 5*time.Second, time.Millisecond)
	assert.Zero(t, reg.Orders(""))
}
