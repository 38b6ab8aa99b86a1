package cwagent

import (
	"context"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/cwagent/agentconf"
)

// Event is [awsops.Event]. Its Step is one of "role", "online", "package", "parameter", "configure", "running", "arrival".
type Event = awsops.Event

// CommandAPI sends commands and follows them. *ssm.Client satisfies it, and so does the interface below.
type CommandAPI interface {
	DescribeInstanceInformation(context.Context, *ssm.DescribeInstanceInformationInput, ...func(*ssm.Options)) (*ssm.DescribeInstanceInformationOutput, error)
	SendCommand(context.Context, *ssm.SendCommandInput, ...func(*ssm.Options)) (*ssm.SendCommandOutput, error)
	GetCommandInvocation(context.Context, *ssm.GetCommandInvocationInput, ...func(*ssm.Options)) (*ssm.GetCommandInvocationOutput, error)
	ListCommands(context.Context, *ssm.ListCommandsInput, ...func(*ssm.Options)) (*ssm.ListCommandsOutput, error)
	ListCommandInvocations(context.Context, *ssm.ListCommandInvocationsInput, ...func(*ssm.Options)) (*ssm.ListCommandInvocationsOutput, error)
}

// ParameterAPI keeps the configuration in Parameter Store.
type ParameterAPI interface {
	GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
	PutParameter(context.Context, *ssm.PutParameterInput, ...func(*ssm.Options)) (*ssm.PutParameterOutput, error)
	DeleteParameter(context.Context, *ssm.DeleteParameterInput, ...func(*ssm.Options)) (*ssm.DeleteParameterOutput, error)
	ListTagsForResource(context.Context, *ssm.ListTagsForResourceInput, ...func(*ssm.Options)) (*ssm.ListTagsForResourceOutput, error)
}

// API is all of Systems Manager that the package uses.
type API interface {
	CommandAPI
	ParameterAPI
}

// ProfileAttacher gives an instance its instance profile. ec2move.Profiles satisfies it.
type ProfileAttacher interface {
	// AttachProfile gives the profile to the instance, or finds that it has it; another one is an error. That EC2 does not know a
	// new profile yet is its affair.
	AttachProfile(ctx context.Context, instance, profile string) error
}

// ArrivalChecker looks for data points of exactly this metric that are not older than since. The client of cwmetrics satisfies
// it. It asks for the metric itself (GetMetricData), for a list of metrics shows a new one up to 15 minutes late.
type ArrivalChecker interface {
	Arrived(ctx context.Context, namespace, name string, dimensions map[string]string, since time.Time) (at time.Time, arrived bool, err error)
}

// Installer is the main use of the package, for programs that want to put something of their own in its place. *[Client]
// satisfies it.
type Installer interface {
	Install(ctx context.Context, instance string, conf agentconf.Config, opts *InstallOptions) iter.Seq2[Event, error]
	Status(ctx context.Context, instance string) (Status, error)
	Restart(ctx context.Context, instance string) error
	Log(ctx context.Context, instance string, lines int) (string, error)
}
