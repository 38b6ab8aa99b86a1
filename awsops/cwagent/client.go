package cwagent

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/kitroll/kitroll/internal/awscall"
	"github.com/kitroll/kitroll/internal/secret"
)

// Client is Systems Manager in one account and Region. It is safe for concurrent use, starts no goroutine and needs no Close.
type Client struct {
	region string
	caller *awscall.Caller
	api    API
}

var _ Installer = (*Client)(nil)

// New checks cfg and makes a client. It does no I/O and reads neither the environment nor ~/.aws. Its error joins every
// problem found, each naming its field.
func New(cfg Config) (*Client, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("cwagent: config: %w", err)
	}
	c := &Client{region: cfg.AWS.Region, caller: awscall.New(cfg.MaxRetries, cfg.Logger, cfg.Clock), api: cfg.API}
	if c.api == nil {
		c.api = newCalls(cfg)
	}
	return c, nil
}

func (c *Client) safe() secret.Fields { return secret.Fields{"cwagent.Client", "Region", c.region} }

// String is the Region.
func (c *Client) String() string { return c.safe().String() }

// GoString is the Region.
func (c *Client) GoString() string { return c.safe().String() }

// Format prints the Region, for every verb.
func (c *Client) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue is the Region.
func (c *Client) LogValue() slog.Value { return c.safe().LogValue() }

// method is one call of the API.
type method[I, O any] func(context.Context, *I, ...func(*ssm.Options)) (*O, error)

// once switches the SDK's retryer off, also where the client is one that the caller made: the package repeats calls itself.
func once(o *ssm.Options) { o.Retryer = aws.NopRetryer{} }

// do makes a call. SendCommand and the deletion of a parameter are repeated only when AWS proves that nothing was done.
func do[I, O any](ctx context.Context, c *Client, op, resource string, again awscall.Repeat, m method[I, O], in *I) (*O, error) {
	out, err := awscall.Do(ctx, c.caller, op, again, m, in, once)
	return out, fail(resource, err)
}

// calls are method values, and the SDK's client is kept in no field: were it reachable from an interface, the linker would
// keep every operation of Systems Manager in every program.
type calls struct {
	describe     method[ssm.DescribeInstanceInformationInput, ssm.DescribeInstanceInformationOutput]
	send         method[ssm.SendCommandInput, ssm.SendCommandOutput]
	invocation   method[ssm.GetCommandInvocationInput, ssm.GetCommandInvocationOutput]
	commands     method[ssm.ListCommandsInput, ssm.ListCommandsOutput]
	invocations  method[ssm.ListCommandInvocationsInput, ssm.ListCommandInvocationsOutput]
	getParameter method[ssm.GetParameterInput, ssm.GetParameterOutput]
	putParameter method[ssm.PutParameterInput, ssm.PutParameterOutput]
	delParameter method[ssm.DeleteParameterInput, ssm.DeleteParameterOutput]
	tags         method[ssm.ListTagsForResourceInput, ssm.ListTagsForResourceOutput]
}

func newCalls(cfg Config) calls {
	sdk := ssm.NewFromConfig(cfg.AWS, append([]func(*ssm.Options){func(o *ssm.Options) {
		o.HTTPClient = awscall.HTTPClient(cfg.AWS)
		o.APIOptions = append(o.APIOptions, awscall.WithoutTraceHeader)
	}}, slices.Clone(cfg.Options)...)...)
	return calls{
		describe: sdk.DescribeInstanceInformation, send: sdk.SendCommand, invocation: sdk.GetCommandInvocation,
		commands: sdk.ListCommands, invocations: sdk.ListCommandInvocations,
		getParameter: sdk.GetParameter, putParameter: sdk.PutParameter, delParameter: sdk.DeleteParameter, tags: sdk.ListTagsForResource,
	}
}

func (c calls) DescribeInstanceInformation(ctx context.Context, in *ssm.DescribeInstanceInformationInput, o ...func(*ssm.Options)) (*ssm.DescribeInstanceInformationOutput, error) {
	return c.describe(ctx, in, o...)
}

func (c calls) SendCommand(ctx context.Context, in *ssm.SendCommandInput, o ...func(*ssm.Options)) (*ssm.SendCommandOutput, error) {
	return c.send(ctx, in, o...)
}

func (c calls) GetCommandInvocation(ctx context.Context, in *ssm.GetCommandInvocationInput, o ...func(*ssm.Options)) (*ssm.GetCommandInvocationOutput, error) {
	return c.invocation(ctx, in, o...)
}

func (c calls) ListCommands(ctx context.Context, in *ssm.ListCommandsInput, o ...func(*ssm.Options)) (*ssm.ListCommandsOutput, error) {
	return c.commands(ctx, in, o...)
}

func (c calls) ListCommandInvocations(ctx context.Context, in *ssm.ListCommandInvocationsInput, o ...func(*ssm.Options)) (*ssm.ListCommandInvocationsOutput, error) {
	return c.invocations(ctx, in, o...)
}

func (c calls) GetParameter(ctx context.Context, in *ssm.GetParameterInput, o ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	return c.getParameter(ctx, in, o...)
}

func (c calls) PutParameter(ctx context.Context, in *ssm.PutParameterInput, o ...func(*ssm.Options)) (*ssm.PutParameterOutput, error) {
	return c.putParameter(ctx, in, o...)
}

func (c calls) DeleteParameter(ctx context.Context, in *ssm.DeleteParameterInput, o ...func(*ssm.Options)) (*ssm.DeleteParameterOutput, error) {
	return c.delParameter(ctx, in, o...)
}

func (c calls) ListTagsForResource(ctx context.Context, in *ssm.ListTagsForResourceInput, o ...func(*ssm.Options)) (*ssm.ListTagsForResourceOutput, error) {
	return c.tags(ctx, in, o...)
}
