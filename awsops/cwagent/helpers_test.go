package cwagent_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/cwagent"
	"github.com/kitroll/kitroll/awsops/cwagent/agentconf"
	"github.com/kitroll/kitroll/awsops/cwagenttest"
)

const (
	id    = "i-0123456789abcdef0"
	param = "AmazonCloudWatch-awsops-" + id
)

func server(t *testing.T, i cwagenttest.Instance) (*cwagenttest.Server, *cwagent.Client) {
	t.Helper()
	srv := cwagenttest.NewServer(nil)
	i.ID = id
	srv.AddInstance(i)
	return srv, client(t, srv)
}

func client(t *testing.T, srv *cwagenttest.Server) *cwagent.Client {
	t.Helper()
	c, err := cwagent.New(srv.Config())
	require.NoError(t, err)
	return c
}

// full are the options of an installation that does and proves everything.
func full(srv *cwagenttest.Server) *cwagent.InstallOptions {
	return &cwagent.InstallOptions{Roles: srv, Profile: "web", Arrival: srv}
}

// install runs to the end and gives the ends of the steps: "online: done Ubuntu 24.04".
func install(ctx context.Context, c *cwagent.Client, conf agentconf.Config, opts *cwagent.InstallOptions) (done []string, err error) {
	for e, err := range c.Install(ctx, id, conf, opts) {
		if err != nil {
			return done, err
		}
		switch e.Phase {
		case "done", "there already", "not checked", "no metrics are configured":
			done = append(done, e.Step+": "+e.Phase+" "+e.Resource)
		}
	}
	return done, nil
}

func short(lines []string) (out []string) {
	for _, l := range lines {
		doc, comment, _ := strings.Cut(l, ": ")
		out = append(out, doc+" "+strings.Fields(comment)[3]) // awsops cwagent run step
	}
	return out
}
