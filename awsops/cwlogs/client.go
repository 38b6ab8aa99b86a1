package cwlogs

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/kitroll/kitroll/internal/awscall"
	"github.com/kitroll/kitroll/internal/secret"
)

// Client is CloudWatch Logs in one account and Region. It is safe for concurrent use, starts no goroutine and needs no
// Close.
type Client struct {
	region string
	api    calls
	caller *awscall.Caller
}

// New checks cfg and makes a client. It does no I/O and reads neither the environment nor ~/.aws. Its error joins every
// problem found, each naming its field.
func New(cfg Config) (*Client, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("cwlogs: config: %w", err)
	}
	return &Client{region: cfg.AWS.Region, api: newCalls(cfg), caller: awscall.New(cfg.MaxRetries, cfg.Logger, cfg.Clock)}, nil
}

// once switches the SDK's retryer off, also where the client is one that the caller made: the package repeats calls itself.
func once(o *cloudwatchlogs.Options) { o.Retryer = aws.NopRetryer{} }

// calls is the calls that the package makes. They are method values, and the SDK's client is kept in no field: were it
// reachable from an interface, the linker would keep every operation of CloudWatch Logs in every program.
type calls struct {
	filter    func(context.Context, *cloudwatchlogs.FilterLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error)
	events    func(context.Context, *cloudwatchlogs.GetLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error)
	groups    func(context.Context, *cloudwatchlogs.DescribeLogGroupsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeLogGroupsOutput, error)
	streams   func(context.Context, *cloudwatchlogs.DescribeLogStreamsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeLogStreamsOutput, error)
	live      func(context.Context, *cloudwatchlogs.StartLiveTailInput, ...func(*cloudwatchlogs.Options)) (*LiveSession, error)
	query     func(context.Context, *cloudwatchlogs.StartQueryInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.StartQueryOutput, error)
	results   func(context.Context, *cloudwatchlogs.GetQueryResultsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetQueryResultsOutput, error)
	stop      func(context.Context, *cloudwatchlogs.StopQueryInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.StopQueryOutput, error)
	create    func(context.Context, *cloudwatchlogs.CreateLogGroupInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogGroupOutput, error)
	retain    func(context.Context, *cloudwatchlogs.PutRetentionPolicyInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutRetentionPolicyOutput, error)
	retainAll func(context.Context, *cloudwatchlogs.DeleteRetentionPolicyInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DeleteRetentionPolicyOutput, error)
}

func newCalls(cfg Config) calls {
	if o := cfg.API; o != nil {
		return calls{
			filter: o.FilterLogEvents, events: o.GetLogEvents, groups: o.DescribeLogGroups, streams: o.DescribeLogStreams,
			live: o.StartLiveTail, query: o.StartQuery, results: o.GetQueryResults, stop: o.StopQuery,
			create: o.CreateLogGroup, retain: o.PutRetentionPolicy, retainAll: o.DeleteRetentionPolicy,
		}
	}
	sdk := cloudwatchlogs.NewFromConfig(cfg.AWS, append([]func(*cloudwatchlogs.Options){func(o *cloudwatchlogs.Options) {
		o.HTTPClient = awscall.HTTPClient(cfg.AWS)
		o.APIOptions = append(o.APIOptions, awscall.WithoutTraceHeader)
	}}, cfg.Options...)...)
	return calls{
		filter: sdk.FilterLogEvents, events: sdk.GetLogEvents, groups: sdk.DescribeLogGroups, streams: sdk.DescribeLogStreams,
		live: liveCall(sdk.StartLiveTail, cfg.SameHost), query: sdk.StartQuery, results: sdk.GetQueryResults, stop: sdk.StopQuery,
		create: sdk.CreateLogGroup, retain: sdk.PutRetentionPolicy, retainAll: sdk.DeleteRetentionPolicy,
	}
}

func (c *Client) safe() secret.Fields { return secret.Fields{"cwlogs.Client", "Region", c.region} }

// String is the Region.
func (c *Client) String() string { return c.safe().String() }

// GoString is the Region.
func (c *Client) GoString() string { return c.safe().String() }

// Format prints the Region, for every verb.
func (c *Client) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue is the Region.
func (c *Client) LogValue() slog.Value { return c.safe().LogValue() }
