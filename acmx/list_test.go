package acmx_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/acmx/acmxtest"
)

// newZone is a zone as CheckRecords asks it.
type newZone map[string]string

func (z newZone) LookupCNAME(_ context.Context, name string) (string, error) { return z[name], nil }

// All pages and all kinds of key; asked plainly, ACM shows RSA of up to 2048 bits only.
func TestListShowsEverything(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, acmxtest.Options{})
	want := map[string]bool{}
	for i := range 23 {
		want[srv.Add(acmxtest.Seed{Names: []string{fmt.Sprintf("n%d.example", i)}, Key: []acmx.KeyAlgorithm{acmx.ECP256, acmx.ECP384}[i%2], Status: acmx.StatusPending})] = true
	}
	seq := c.List(t.Context(), &acmx.ListOptions{PageSize: 5, Statuses: []acmx.Status{acmx.StatusPending}})
	for range 2 { // every range begins anew
		got := map[string]bool{}
		for s, err := range seq {
			require.NoError(t, err)
			got[s.ARN] = true
		}
		assert.Equal(t, want, got)
	}
	assert.Equal(t, 10, srv.Calls("ListCertificates"))
	for _, err := range c.List(t.Context(), &acmx.ListOptions{PageSize: 5}) {
		require.NoError(t, err)
		break
	}
	assert.Equal(t, 11, srv.Calls("ListCertificates"), "no page is asked for before it is needed")
}

func TestListTellsItsErrorOnceAndLast(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, acmxtest.Options{})
	for i := range 7 {
		srv.Add(acmxtest.Seed{Names: []string{fmt.Sprintf("n%d.example", i)}, Key: acmx.ECP256, Status: acmx.StatusPending})
	}
	var errs []error
	n := 0
	for _, err := range c.List(t.Context(), &acmx.ListOptions{PageSize: 5}) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if n++; n == 5 {
			srv.FailNext("ListCertificates", "AccessDeniedException")
		}
	}
	assert.Equal(t, 5, n)
	require.Len(t, errs, 1)
	assert.Equal(t, "AccessDeniedException", asError(t, errs[0]).Code)
}

// failing is a solver that cannot.
type failing struct{ err error }

func (f failing) PresentCNAME(context.Context, string, string) error { return f.err }
