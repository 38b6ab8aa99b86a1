package acmx_test

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/acmx/acmxtest"
)

func TestPlanThenEnsure(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		failed := srv.Add(acmxtest.Seed{Names: spec().Names, Key: acmx.ECP256, Exportable: true, Status: acmx.StatusFailed, Age: time.Hour})
		s := spec()
		s.MaxCost = 0
		plan, err := c.Plan(t.Context(), s, nil)
		require.NoError(t, err)
		assert.Equal(t, acmx.Buy, plan.Action)
		assert.Equal(t, acmx.Dollars(86), plan.Due)
		assert.Equal(t, []string{failed}, plan.Failed)
		assert.Zero(t, srv.Calls("RequestCertificate"), "a plan changes nothing")
		text := plan.String()
		for _, want := range []string{"buy: certificate for example.com, *.example.com (EC_prime256v1, exportable)", "$86.00", "every 153 days", "Ensure will refuse", failed} {
			assert.Contains(t, text, want)
		}

		cert, err := plan.Ensure(t.Context(), srv.Solver(), nil)
		require.NoError(t, err, "whoever has seen the plan and calls Ensure agrees to its cost")
		assert.Equal(t, acmx.Dollars(86), srv.Spent())

		plan, err = c.Plan(t.Context(), spec(), nil)
		require.NoError(t, err)
		assert.Equal(t, acmx.Reuse, plan.Action)
		assert.Equal(t, cert.ARN(), plan.Certificate.ARN)
		assert.Zero(t, plan.Due)
		assert.Contains(t, plan.String(), "charges $86.00 each time")

		srv.Forget(cert.ARN())
		time.Sleep(2 * time.Hour)
		_, err = plan.Ensure(t.Context(), srv.Solver(), nil)
		require.ErrorIs(t, err, fs.ErrNotExist, "a plan to reuse never buys")
		assert.Equal(t, 1, srv.Calls("RequestCertificate"))
		assert.Len(t, srv.Bill(), 1)
	})
}

// For an hour ACM answers the same request with a certificate that was deleted: the error says so, and what to do.
func TestEnsureAfterADeletionWithinTheHour(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		cert, err := c.Ensure(t.Context(), spec(), srv.Solver(), nil)
		require.NoError(t, err)
		require.NoError(t, cert.Delete(t.Context()))
		time.Sleep(time.Minute)
		_, err = c.Ensure(t.Context(), spec(), srv.Solver(), nil)
		require.ErrorIs(t, err, fs.ErrNotExist)
		assert.ErrorContains(t, err, "deleted within the last hour")
		other := spec()
		other.Label = "again"
		_, err = c.Ensure(t.Context(), other, srv.Solver(), nil)
		require.NoError(t, err)
		time.Sleep(time.Hour)
		_, err = c.Ensure(t.Context(), spec(), srv.Solver(), nil)
		require.NoError(t, err)
		assert.Equal(t, 2, srv.Count())
	})
}

func TestPlanToResumePaysLater(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		srv.Add(acmxtest.Seed{Names: spec().Names, Key: acmx.ECP256, Exportable: true, Status: acmx.StatusPending, Age: time.Hour})
		plan, err := c.Plan(t.Context(), spec(), nil)
		require.NoError(t, err)
		assert.Equal(t, acmx.Resume, plan.Action)
		assert.Equal(t, acmx.Dollars(86), plan.Due)
		assert.True(t, strings.HasPrefix(plan.String(), "resume: "))
		_, err = plan.Ensure(t.Context(), srv.Solver(), nil)
		require.NoError(t, err)
		assert.Equal(t, acmx.Dollars(86), srv.Spent())
		assert.Zero(t, srv.Calls("RequestCertificate"))
	})
}

// Two that fit: the one that is ours and issued is taken, and the other is told of, since both are renewed and paid.
func TestPlanTellsOfASecondOne(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		tag := map[string]string{acmx.TagSpec: spec().Fingerprint()}
		srv.Add(acmxtest.Seed{Names: spec().Names, Key: acmx.ECP256, Exportable: true, Age: time.Hour})
		ours := srv.Add(acmxtest.Seed{Names: spec().Names, Key: acmx.ECP256, Exportable: true, Age: 100 * time.Hour, Tags: tag})
		srv.Add(acmxtest.Seed{Names: spec().Names, Key: acmx.ECP256, Exportable: true, Age: time.Hour, Tags: tag, Status: acmx.StatusPending})
		plan, err := c.Plan(t.Context(), spec(), nil)
		require.NoError(t, err)
		assert.Equal(t, ours, plan.Certificate.ARN)
		assert.Equal(t, 2, strings.Count(plan.String(), "would fit too"))
	})
}
