package cwagent_test

import (
	"context"
	"fmt"
	"time"

	"github.com/kitroll/kitroll/awsops/cwagent"
	"github.com/kitroll/kitroll/awsops/cwagent/agentconf"
	"github.com/kitroll/kitroll/awsops/cwagenttest"
)

func ExampleClient_Install() {
	srv := cwagenttest.NewServer(nil) // real code: cwagent.Config{AWS: aws.Config{Region: …, Credentials: …}}
	srv.AddInstance(cwagenttest.Instance{ID: "i-0123456789abcdef0"})
	c, err := cwagent.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, last := context.Background(), ""
	for event, err := range c.Install(ctx, "i-0123456789abcdef0", agentconf.Host(nil), &cwagent.InstallOptions{
		Roles: srv, Profile: "web", // real code: what knows EC2
		Arrival: srv, // real code: the client of cwmetrics
	}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if line := event.Step + ": " + event.Phase; line != last { // one event for every look
			fmt.Println(line)
			last = line
		}
	}
	// Output:
	// role: done
	// online: not registered
	// online: done
	// package: Pending
	// package: In Progress
	// package: done
	// parameter: done
	// configure: Pending
	// configure: In Progress
	// configure: done
	// running: done
	// arrival: waiting
	// arrival: done
}

func ExampleClient_Install_offline() {
	srv := cwagenttest.NewServer(nil)
	srv.AddInstance(cwagenttest.Instance{ID: "i-0123456789abcdef0", Profile: "web", Unreachable: true})
	c, err := cwagent.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, err := range c.Install(context.Background(), "i-0123456789abcdef0", agentconf.Host(nil), &cwagent.InstallOptions{Roles: srv, Profile: "web", OnlineWithin: 10 * time.Minute}) {
		if err != nil {
			fmt.Println(err)
		}
	}
	// Output: cwagent: online i-0123456789abcdef0: Systems Manager does not reach the instance: its profile web lacks AmazonSSMManagedInstanceCore, or was attached minutes ago and the ssm-agent has not noticed (restart it, or the instance); or no ssm-agent runs on it, or one that is too old; or it has no way out to ssm, ssmmessages and ec2messages: neither the internet nor VPC endpoints; or instance metadata is switched off, or its hop limit keeps a container from it (never registered)
}

func ExampleClient_Status() {
	srv := cwagenttest.NewServer(nil)
	srv.AddInstance(cwagenttest.Instance{ID: "i-0123456789abcdef0", Profile: "web", Installed: cwagenttest.Newest})
	srv.Clock.Advance(time.Minute)
	c, err := cwagent.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	status, err := c.Status(context.Background(), "i-0123456789abcdef0")
	fmt.Println(status, status.Version, err)
	fmt.Println(c.Restart(context.Background(), "i-0123456789abcdef0"))
	// Output:
	// stopped, not configured 1.300064.0b1337 <nil>
	// cwagent: restart AWS-RunShellScript i-0123456789abcdef0: AWS gave up: the agent is not configured: to start it would apply its default configuration (Failed, exit code 8)
}
