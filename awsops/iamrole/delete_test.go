package iamrole_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/iamrole"
	"github.com/kitroll/kitroll/awsops/iamroletest"
)

// Deleting can be broken off at every call and run again.
func TestDeleteKilledAtEveryCall(t *testing.T) {
	t.Parallel()
	role := iamrole.Role{Name: "web", Managed: []string{iamrole.PolicySSM, iamrole.PolicyCWAgent, "CloudWatchLogsReadOnlyAccess"}, Inline: map[string]string{"a": inline, "b": inline, "c": inline}}
	moments := 1
	for at := 1; at <= moments; at++ {
		srv := iamroletest.NewServer(nil)
		_, err := client(t, srv).EnsureInstanceRole(t.Context(), role)
		require.NoError(t, err)
		srv.Clock.Advance(time.Minute)

		ctx, kill := context.WithCancelCause(t.Context())
		seen, armed, where := 0, true, ""
		srv.Observe(func(e awsopstest.Event) {
			if !armed {
				return
			}
			if seen++; seen == at {
				where = fmt.Sprintf("%d: %s %s", at, e.When, e.Op)
				kill(errKilled)
			}
		})
		if err := client(t, srv).Delete(ctx, role); err != nil {
			require.ErrorIs(t, err, errKilled, where)
		}
		armed, moments = false, max(moments, seen+1)
		require.NoError(t, client(t, srv).Delete(t.Context(), role), where)
		assert.Empty(t, srv.Snapshot(), where)
		kill(nil)
		require.Less(t, at, 500)
	}
	assert.Greater(t, moments, 20)
}

// Trap 29: nothing without our tag is ever deleted, and nothing is begun that cannot be ended.
func TestTrap29OnlyOursIsDeleted(t *testing.T) {
	t.Parallel()
	ours := map[string]string{iamrole.TagRole: "web"}
	for name, tt := range map[string]struct {
		tags, ptags map[string]string
		holds       string
		managed     []string
		why         string
	}{
		"somebody's role":    {ptags: ours, holds: "web", why: "role web does not carry our tag"},
		"somebody's profile": {tags: ours, ptags: map[string]string{}, holds: "web", why: "profile web does not carry our tag"},
		"another's ID":       {tags: map[string]string{iamrole.TagRole: "x"}, ptags: ours, why: "role web does not carry our tag"},
		"another role in it": {tags: ours, ptags: ours, holds: "db", why: "profile web holds the role db"},
		"a further policy":   {tags: ours, ptags: ours, holds: "web", managed: []string{ssm, readLogs}, why: "also has the policy " + readLogs},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := iamroletest.NewServer(nil)
			srv.AddRole("web", ec2Trust, tt.tags, tt.managed...)
			srv.AddRole("db", ec2Trust, nil)
			srv.AddProfile("web", tt.holds, tt.ptags)
			before := srv.Snapshot()
			err := client(t, srv).Delete(t.Context(), iamrole.Role{Name: "web"})
			require.ErrorIs(t, err, awsops.ErrConflict)
			require.ErrorContains(t, err, tt.why)
			assert.Equal(t, before, srv.Snapshot())
		})
	}
	srv := iamroletest.NewServer(nil)
	require.NoError(t, client(t, srv).Delete(t.Context(), iamrole.Role{Name: "web"}), "what is not there needs no deletion")
	assert.Empty(t, mutations(srv))
}

func TestDeleteWaitsForWhatItTookOff(t *testing.T) {
	t.Parallel()
	srv := iamroletest.NewServer(nil)
	c := client(t, srv)
	_, err := c.EnsureInstanceRole(t.Context(), iamrole.Role{Name: "web"})
	require.NoError(t, err)
	require.NoError(t, c.Delete(t.Context(), iamrole.Role{Name: "web"}))
	assert.Empty(t, srv.Snapshot())
	assert.Greater(t, srv.Calls("DeleteInstanceProfile"), 1, "IAM saw the role in it for a while")
	_, err = c.EnsureInstanceRole(t.Context(), iamrole.Role{Name: "web"})
	require.NoError(t, err, "and the name is free again")
}
