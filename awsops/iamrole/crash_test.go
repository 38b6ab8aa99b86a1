package iamrole_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/iamrole"
	"github.com/kitroll/kitroll/awsops/iamroletest"
)

var errKilled = errors.New("killed")

// The matrix of EnsureInstanceRole: a process that dies before or after any call, and one that comes back at once or after
// IAM has settled, ends with one role, one profile and each policy once.
func TestEnsureKilledAtEveryCall(t *testing.T) {
	t.Parallel()
	role := iamrole.Role{Name: "web", Inline: map[string]string{"bucket": inline}}
	want := []string{"profile web: web", "role web: " + ssm + " " + cw + " bucket"}
	for name, away := range map[string]time.Duration{"at once": 0, "after a minute": time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			moments := 1
			for at := 1; at <= moments; at++ {
				srv := iamroletest.NewServer(nil)
				ctx, kill := context.WithCancelCause(t.Context())
				seen, armed := 0, true
				var where string
				srv.Observe(func(e awsopstest.Event) {
					if !armed {
						return
					}
					if seen++; seen == at {
						where = fmt.Sprintf("%d: %s %s", at, e.When, e.Op)
						kill(errKilled)
					}
				})
				_, err := client(t, srv).EnsureInstanceRole(ctx, role)
				if err != nil {
					require.ErrorIs(t, err, errKilled, where)
				}
				armed, moments = false, max(moments, seen+1)
				srv.Clock.Advance(away)
				_, err = client(t, srv).EnsureInstanceRole(t.Context(), role)
				require.NoError(t, err, where)
				assert.Equal(t, want, srv.Snapshot(), where)
				kill(nil)
				require.Less(t, at, 500, "it does not end")
			}
			assert.Greater(t, moments, 20, "twice each of the reads and the six changes")
		})
	}
}

// Every answer lost, every request dropped, every call throttled: one of each in the end, within the same run.
func TestEnsureWithEveryFault(t *testing.T) {
	t.Parallel()
	ops := []string{
		"GetRole", "CreateRole", "ListAttachedRolePolicies", "AttachRolePolicy", "GetRolePolicy", "PutRolePolicy", "GetInstanceProfile", "CreateInstanceProfile",
		"AddRoleToInstanceProfile",
	}
	for name, spoil := range map[string]func(*iamroletest.Server, string){
		"dropped":   func(s *iamroletest.Server, op string) { s.DropNext(op) },
		"lost":      func(s *iamroletest.Server, op string) { s.LoseNext(op) },
		"lost four": func(s *iamroletest.Server, op string) { s.LoseNext(op); s.LoseNext(op); s.LoseNext(op); s.LoseNext(op) },
		"throttled": func(s *iamroletest.Server, op string) { s.FailNext(op, "Throttling", "Rate exceeded") },
		"internal":  func(s *iamroletest.Server, op string) { s.FailNext(op, "ServiceUnavailable", "try again") },
		"busy":      func(s *iamroletest.Server, op string) { s.FailNext(op, "ConcurrentModification", "try again") },
	} {
		for _, op := range ops {
			t.Run(name+" "+op, func(t *testing.T) {
				t.Parallel()
				srv := iamroletest.NewServer(nil)
				spoil(srv, op)
				p, err := client(t, srv).EnsureInstanceRole(t.Context(), iamrole.Role{Name: "web", Inline: map[string]string{"bucket": inline}})
				if name == "busy" && slices.Contains([]string{"GetRole", "ListAttachedRolePolicies", "GetRolePolicy", "GetInstanceProfile"}, op) {
					require.Error(t, err, "no read says that")
					return
				}
				require.NoError(t, err)
				assert.Equal(t, "web", p.Name)
				assert.Equal(t, []string{"profile web: web", "role web: " + ssm + " " + cw + " bucket"}, srv.Snapshot())
			})
		}
	}
}

// Trap 4: a lookup is no proof of absence. The role that a first process made is not shown yet; the second does not make
// another under another name, nor gives up: the name that is taken says that it is there.
func TestTrap4ALookupIsNoProofOfAbsence(t *testing.T) {
	t.Parallel()
	srv := iamroletest.NewServer(&iamroletest.Options{Lag: 20 * time.Second})
	ctx, kill := context.WithCancelCause(t.Context())
	srv.Observe(func(e awsopstest.Event) {
		if e.Op == "CreateRole" && e.When == awsopstest.After {
			kill(errKilled)
		}
	})
	_, err := client(t, srv).EnsureInstanceRole(ctx, iamrole.Role{Name: "web"})
	require.ErrorIs(t, err, errKilled)
	plan, err := client(t, srv).Plan(t.Context(), iamrole.Role{Name: "web"})
	require.NoError(t, err)
	assert.Equal(t, "CreateRole web", plan.Steps[0].String(), "it is not shown")

	p, err := client(t, srv).EnsureInstanceRole(t.Context(), iamrole.Role{Name: "web"})
	require.NoError(t, err)
	assert.NotContains(t, p.Created, "CreateRole web", "and is found to be there")
	assert.Equal(t, []string{"profile web: web", "role web: " + ssm + " " + cw}, srv.Snapshot())
}

// Two processes at once: one of each.
func TestEnsureFromTwoAtOnce(t *testing.T) {
	t.Parallel()
	srv := iamroletest.NewServer(nil)
	other, busy := client(t, srv), false
	srv.Observe(func(e awsopstest.Event) {
		if e.Op == "CreateRole" && e.When == awsopstest.Before && !busy {
			busy = true
			_, err := other.EnsureInstanceRole(context.Background(), iamrole.Role{Name: "web"})
			assert.NoError(t, err)
		}
	})
	p, err := client(t, srv).EnsureInstanceRole(t.Context(), iamrole.Role{Name: "web"})
	require.NoError(t, err)
	assert.Empty(t, p.Created, "the other was quicker")
	assert.Equal(t, []string{"profile web: web", "role web: " + ssm + " " + cw}, srv.Snapshot())
}

// Many at once, as when every server of a fleet starts: one of each.
func TestEnsureFromManyAtOnce(t *testing.T) {
	t.Parallel()
	srv := iamroletest.NewServer(nil)
	c := client(t, srv)
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			p, err := c.EnsureInstanceRole(t.Context(), iamrole.Role{Name: "web"})
			assert.NoError(t, err)
			assert.Equal(t, "web", p.Name)
		})
	}
	wg.Wait()
	assert.Equal(t, []string{"profile web: web", "role web: " + ssm + " " + cw}, srv.Snapshot())
}
