package cdn_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/cdn"
	"github.com/kitroll/kitroll/awsops/cdntest"
)

// Every range begins anew, and an error comes once and last.
func TestList(t *testing.T) {
	t.Parallel()
	w := ready(t, cdntest.Options{PageSize: 2})
	for range 4 {
		w.Add(byHand(origin, cdn.HTTPSOnly, false))
	}
	r, err := w.c.Ensure(t.Context(), distribution())
	require.NoError(t, err)
	list := w.c.List(t.Context())
	for range 2 {
		var ids []string
		ours := 0
		for s, err := range list {
			require.NoError(t, err)
			ids = append(ids, s.ID)
			if s.For == "shop" {
				ours++
				assert.Equal(t, r.ID, s.ID)
				assert.Equal(t, []cdn.OriginInfo{{ID: "server", Domain: origin, Protocol: cdn.HTTPOnly}}, s.Origins)
				assert.True(t, s.Enabled)
			}
		}
		assert.Len(t, ids, 5)
		assert.Equal(t, 1, ours)
	}
	calls := w.Calls("ListDistributions")
	for _, err := range list {
		require.NoError(t, err)
		break
	}
	assert.Equal(t, calls+1, w.Calls("ListDistributions"), "no page is asked for before it is needed")
	for range 5 {
		w.FailNext("ListDistributions", "AccessDenied", "no")
	}
	n := 0
	for s, err := range list {
		n++
		require.ErrorIs(t, err, awsops.ErrDenied)
		assert.Empty(t, s.ID)
	}
	assert.Equal(t, 1, n)
}
