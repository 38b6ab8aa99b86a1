package iamrole_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/iamrole"
	"github.com/kitroll/kitroll/awsops/iamroletest"
)

// Trap 23: after a profile was made, EC2 says two things that mean "not yet"; only these are retried, for about two minutes.
func TestTrap23OnlyTheTwoKnownMessagesAreRetried(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		refuse error
		again  bool
	}{
		"name":           {awsopstest.Refuse("InvalidParameterValue", "Value (web) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"), true},
		"no roles":       {awsopstest.Refuse("InvalidParameterValue", `IAM Instance Profile "arn:aws:iam::1:instance-profile/web" has no associated IAM Roles`), true},
		"another value":  {awsopstest.Refuse("InvalidParameterValue", "Value (x) for parameter subnetId is invalid"), false},
		"another code":   {awsopstest.Refuse("UnauthorizedOperation", "Invalid IAM Instance Profile name"), false},
		"state":          {awsopstest.Refuse("IncorrectState", "There is an existing association"), false},
		"no API's error": {errors.New("dial tcp: refused"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := iamroletest.NewServer(nil)
			began, calls := srv.Clock.Now(), 0
			var phases []string
			err := client(t, srv).Attach(t.Context(), iamrole.Profile{Name: "web"}, func(context.Context, string) error { calls++; return tt.refuse },
				&iamrole.AttachOptions{WaitOptions: awsops.WaitOptions{Progress: func(e awsops.Event) { phases = append(phases, e.Phase) }}})
			require.ErrorIs(t, err, tt.refuse)
			assert.Equal(t, tt.again, iamrole.Propagating(tt.refuse))
			if !tt.again {
				assert.Equal(t, 1, calls)
				assert.Empty(t, phases)
				return
			}
			assert.Greater(t, calls, 10)
			assert.InDelta(t, 2*time.Minute, srv.Clock.Now().Sub(began), float64(15*time.Second))
			assert.Contains(t, phases, "not known to EC2 yet")
		})
	}
	assert.False(t, iamrole.Propagating(nil))
}

func TestAttachRightAfterEnsure(t *testing.T) {
	t.Parallel()
	srv := iamroletest.NewServer(&iamroletest.Options{EC2Lag: 40 * time.Second})
	c := client(t, srv)
	p, err := c.EnsureInstanceRole(t.Context(), iamrole.Role{Name: "web"})
	require.NoError(t, err)
	err = c.Attach(t.Context(), p, func(ctx context.Context, name string) error { return srv.AttachProfile(ctx, "i-1", name) }, nil)
	require.NoError(t, err)
	assert.Greater(t, srv.Calls("AssociateIamInstanceProfile"), 2)
	name, err := srv.AttachedProfile(t.Context(), "i-1")
	require.NoError(t, err)
	assert.Equal(t, "web", name)

	other, err := c.EnsureInstanceRole(t.Context(), iamrole.Role{Name: "db"})
	require.NoError(t, err)
	err = c.Attach(t.Context(), other, func(ctx context.Context, name string) error { return srv.AttachProfile(ctx, "i-1", name) }, nil)
	require.ErrorContains(t, err, "existing association")
}

func TestAttachEndsWithItsContext(t *testing.T) {
	t.Parallel()
	srv := iamroletest.NewServer(nil)
	ctx, cancel := context.WithCancelCause(t.Context())
	refusal := awsopstest.Refuse("InvalidParameterValue", "Invalid IAM Instance Profile name")
	err := client(t, srv).Attach(ctx, iamrole.Profile{Name: "web"}, func(context.Context, string) error { cancel(errKilled); return refusal }, nil)
	require.ErrorIs(t, err, errKilled)
	require.ErrorContains(t, err, "Invalid IAM Instance Profile name", "and says what it waited for")
}
