package cwagent

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// Node is what Systems Manager knows of an instance.
type Node struct {
	Instance     string
	Ping         string // "Online", "ConnectionLost", "Inactive"; empty = it has never registered
	LastPing     time.Time
	Windows      bool
	Platform     string // "Ubuntu"
	Version      string // "24.04"
	AgentVersion string // of the ssm-agent
	AgentCurrent bool
}

// Online tells whether commands reach it.
func (n Node) Online() bool { return n.Ping == string(types.PingStatusOnline) }

// Node looks at an instance. One that has never registered is no error.
func (c *Client) Node(ctx context.Context, instance string) (Node, error) {
	in := &ssm.DescribeInstanceInformationInput{Filters: []types.InstanceInformationStringFilter{{Key: new("InstanceIds"), Values: []string{instance}}}}
	for {
		out, err := do(ctx, c, "DescribeInstanceInformation", instance, awscall.Harmless, c.api.DescribeInstanceInformation, in)
		if err != nil {
			return Node{}, err
		}
		for _, x := range out.InstanceInformationList {
			if aws.ToString(x.InstanceId) == instance {
				return Node{
					Instance: instance, Ping: string(x.PingStatus), LastPing: aws.ToTime(x.LastPingDateTime), Windows: x.PlatformType == types.PlatformTypeWindows,
					Platform: aws.ToString(x.PlatformName), Version: aws.ToString(x.PlatformVersion), AgentVersion: aws.ToString(x.AgentVersion),
					AgentCurrent: aws.ToBool(x.IsLatestVersion),
				}, nil
			}
		}
		if aws.ToString(out.NextToken) == "" {
			return Node{Instance: instance}, nil
		}
		next := *in
		next.NextToken = out.NextToken
		in = &next
	}
}

// reasons are why an instance may not be online, the likeliest first. profile is nil when nobody has said which it has.
func (n Node) reasons(profile *string) []string {
	var out []string
	if n.Ping == "" {
		if profile == nil {
			out = append(out, "it has no instance profile with AmazonSSMManagedInstanceCore")
		} else {
			out = append(out, fmt.Sprintf("its profile %s lacks AmazonSSMManagedInstanceCore, or was attached minutes ago and the ssm-agent has not noticed (restart it, or the instance)", *profile))
		}
		out = append(out, "no ssm-agent runs on it, or one that is too old")
	} else {
		out = append(out, fmt.Sprintf("it was last seen at %s: it is stopped, or its ssm-agent is", n.LastPing.UTC().Format(time.RFC3339)))
	}
	return append(out,
		"it has no way out to ssm, ssmmessages and ec2messages: neither the internet nor VPC endpoints",
		"instance metadata is switched off, or its hop limit keeps a container from it",
	)
}

// online looks at an instance and refuses one that commands do not reach.
func (c *Client) online(ctx context.Context, instance string) (Node, error) {
	n, err := c.Node(ctx, instance)
	if err == nil && !n.Online() {
		err = n.offline(nil, nil)
	}
	return n, err
}

func (n Node) offline(profile *string, cause error) error {
	err := ErrNotOnline
	if cause != nil {
		err = fmt.Errorf("%w: %w", ErrNotOnline, cause)
	}
	state := n.Ping
	if state == "" {
		state = "never registered"
	}
	return &Error{Resource: n.Instance, Status: state, Reason: strings.Join(n.reasons(profile), "; or "), Err: err}
}

// waitOnline waits until commands reach the instance.
func (in *installation) waitOnline(ctx context.Context) error {
	began := in.c.caller.Clock.Now()
	err := awsops.Poll(ctx, in.c.caller.Clock, in.o.Wait.Interval, func(ctx context.Context) (bool, error) {
		n, err := in.c.Node(ctx, in.instance)
		if err != nil {
			return false, err
		}
		in.node = n
		switch waited := in.c.caller.Clock.Now().Sub(began); {
		case n.Online():
			return true, in.tell("online", "done", n.Platform+" "+n.Version)
		case in.o.OnlineWithin > 0 && waited > in.o.OnlineWithin:
			return false, n.offline(in.profile, nil)
		case n.Ping == "":
			return false, in.tell("online", "not registered", in.instance)
		}
		return false, in.tell("online", n.Ping, in.instance)
	})
	if cause := context.Cause(ctx); err != nil && cause != nil && in.node.Instance != "" {
		return in.node.offline(in.profile, err)
	}
	return err
}
