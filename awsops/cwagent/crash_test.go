package cwagent_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/cwagent"
	"github.com/kitroll/kitroll/awsops/cwagent/agentconf"
	"github.com/kitroll/kitroll/awsops/cwagenttest"
)

var errKilled = errors.New("killed")

// The matrix of Install: a process that dies before or after any call, and one that comes back at once or later, ends with the
// agent running on one configuration, one parameter, the other's configuration untouched, and a data point.
func TestInstallKilledAtEveryCall(t *testing.T) {
	t.Parallel()
	others := map[string]string{"file_other.json": `{"logs":{"logs_collected":{"files":{"collect_list":[{"file_path":"/a"}]}}}}`}
	for name, tt := range map[string]struct {
		away   time.Duration
		method cwagent.Method
	}{"at once": {}, "after ten minutes": {away: 10 * time.Minute}, "by script": {method: cwagent.ByScript}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			moments := 1
			for at := 1; at <= moments; at++ {
				srv, c := server(t, cwagenttest.Instance{OnlineAfter: 15 * time.Second, Configs: others})
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
				opts := full(srv)
				opts.Method = tt.method
				if _, err := install(ctx, c, agentconf.Host(nil), opts); err != nil {
					require.ErrorIs(t, err, errKilled, where)
				}
				armed, moments = false, max(moments, seen+1)
				srv.Clock.Advance(tt.away)
				done, err := install(t.Context(), client(t, srv), agentconf.Host(nil), opts)
				require.NoError(t, err, where)
				assert.Contains(t, done[len(done)-1], "arrival: done", where)
				assert.Len(t, srv.Configs(id), 2, where)
				assert.Contains(t, srv.Configs(id), "file_other.json", where)
				assert.Equal(t, []string{param + " (Standard)"}, srv.Parameters(), where)
				installs := slices.DeleteFunc(short(srv.Sent()), func(s string) bool { return !strings.HasSuffix(s, " package") })
				assert.LessOrEqual(t, len(installs), 1, "%s: the package is under way or there: %v", where, srv.Sent())
				kill(nil)
				require.Less(t, at, 500, "it does not end")
			}
			assert.Greater(t, moments, 50)
		})
	}
}

// Every answer lost, every request dropped, in every call, within one run.
func TestInstallWithEveryFault(t *testing.T) {
	t.Parallel()
	ops := []string{
		"DescribeInstanceInformation", "SendCommand", "GetCommandInvocation", "ListCommands", "ListCommandInvocations", "GetParameter", "PutParameter",
		"AssociateIamInstanceProfile",
	}
	for name, spoil := range map[string]func(*cwagenttest.Server, string){
		"dropped":   func(s *cwagenttest.Server, op string) { s.DropNext(op) },
		"lost":      func(s *cwagenttest.Server, op string) { s.LoseNext(op) },
		"throttled": func(s *cwagenttest.Server, op string) { s.FailNext(op, "ThrottlingException", "Rate exceeded") },
		"internal":  func(s *cwagenttest.Server, op string) { s.FailNext(op, "InternalServerError", "try again") },
	} {
		for _, op := range ops {
			t.Run(name+" "+op, func(t *testing.T) {
				t.Parallel()
				srv, c := server(t, cwagenttest.Instance{})
				spoil(srv, op)
				_, err := install(t.Context(), c, agentconf.Host(nil), full(srv))
				if op == "AssociateIamInstanceProfile" {
					require.ErrorContains(t, err, "the profile web", "the attacher's own affair")
					_, err = install(t.Context(), c, agentconf.Host(nil), full(srv))
				}
				require.NoError(t, err)
				assert.Len(t, srv.Configs(id), 1)
				assert.Equal(t, []string{param + " (Standard)"}, srv.Parameters())
			})
		}
	}
}

// SendCommand has no token. A command whose answer was lost is found by its comment, and is not sent again; one that was never
// sent is.
func TestALostCommandIsFoundByItsComment(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil func(*cwagenttest.Server)
		sent  int
	}{
		"lost":    {func(s *cwagenttest.Server) { s.LoseNext("SendCommand") }, 4},
		"dropped": {func(s *cwagenttest.Server) { s.DropNext("SendCommand") }, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := cwagenttest.NewServer(&cwagenttest.Options{Lag: 10 * time.Second})
			srv.AddInstance(cwagenttest.Instance{ID: id})
			tt.spoil(srv)
			_, err := install(t.Context(), client(t, srv), agentconf.Host(nil), full(srv))
			require.NoError(t, err)
			assert.Len(t, srv.Sent(), tt.sent, "%v", srv.Sent())
		})
	}
	srv, c := server(t, cwagenttest.Instance{Profile: "web"})
	for range 3 {
		srv.DropNext("SendCommand")
	}
	_, err := install(t.Context(), c, agentconf.Host(nil), nil)
	require.ErrorIs(t, err, awsops.ErrUnknownOutcome)
	assert.Equal(t, 3, srv.Calls("SendCommand"))
}

// Two at once: the second joins the command of the first.
func TestACommandUnderWayIsJoined(t *testing.T) {
	t.Parallel()
	srv, c := server(t, cwagenttest.Instance{})
	for e, err := range c.Install(t.Context(), id, agentconf.Host(nil), full(srv)) {
		require.NoError(t, err)
		if e.Step == "package" && e.Phase == "In Progress" {
			break
		}
	}
	_, err := install(t.Context(), client(t, srv), agentconf.Host(nil), full(srv))
	require.NoError(t, err)
	n := 0
	for _, s := range srv.Sent() {
		if strings.HasPrefix(s, "AWS-ConfigureAWSPackage") {
			n++
		}
	}
	assert.Equal(t, 1, n, "%v", srv.Sent())
}
