package acmx_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/acmx/acmxtest"
)

// spec is an exportable certificate of $86.
func spec() acmx.Spec {
	return acmx.Spec{Names: []string{"example.com", "*.example.com"}, Key: acmx.ECP256, Exportable: true, MaxCost: acmx.Dollars(86)}
}

// ahead is a clock in November 2026 that runs with time.Now: bubbles begin in the year 2000, before there were prices.
func ahead() func() time.Time {
	shift := time.Until(time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC))
	return func() time.Time { return time.Now().Add(shift).UTC() }
}

// fake is a server and a client on it.
func fake(tb testing.TB, opts acmxtest.Options, edit ...func(*acmx.Config)) (*acmxtest.Server, *acmx.Client) {
	tb.Helper()
	srv, err := acmxtest.Open(opts)
	require.NoError(tb, err)
	tb.Cleanup(srv.Close)
	cfg := srv.Config()
	for _, f := range edit {
		f(&cfg)
	}
	c, err := acmx.New(cfg)
	require.NoError(tb, err)
	return srv, c
}

// virtual is a test in a bubble of virtual time.
type virtual struct{ *testing.T }

// bubble runs f in virtual time, on a fake with the platform's delays.
func bubble(t *testing.T, f func(t virtual, srv *acmxtest.Server, c *acmx.Client), edit ...func(*acmxtest.Options)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		opts := acmxtest.Realistic()
		opts.Now = ahead()
		for _, e := range edit {
			e(&opts)
		}
		srv, c := fake(t, opts)
		f(virtual{t}, srv, c)
	})
}

// asError is the *Error in err.
func asError(tb testing.TB, err error) *acmx.Error {
	tb.Helper()
	e, ok := errors.AsType[*acmx.Error](err)
	require.True(tb, ok, "%v is no *acmx.Error", err)
	return e
}
