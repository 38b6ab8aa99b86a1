package acmx_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/acmx/acmxtest"
)

// Trap 45: Ensure called twice pays once.
func TestEnsureTwicePaysOnce(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, srv *acmxtest.Server, c *acmx.Client) {
		first, err := c.Ensure(t.Context(), spec(), srv.Solver(), nil)
		require.NoError(t, err)
		time.Sleep(26 * time.Hour) // the token is forgotten by now
		again := spec()
		again.Names = []string{"*.Example.com.", "example.com"}
		second, err := c.Ensure(t.Context(), again, srv.Solver(), nil)
		require.NoError(t, err)
		assert.Equal(t, first.ARN(), second.ARN())
		require.Len(t, srv.Bill(), 1)
		assert.Equal(t, acmx.Dollars(86), srv.Spent())
		assert.Equal(t, 1, srv.Calls("RequestCertificate"))
		assert.Len(t, srv.Zone(), 1, "one CNAME covers a domain's apex and wildcard")
		b, err := c.Export(t.Context(), first.ARN(), nil)
		require.NoError(t, err)
		require.NoError(t, b.Verify(srv.Roots(), ahead()(), "www.example.com"))
	})
}
