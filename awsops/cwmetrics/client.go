package cwmetrics

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"github.com/kitroll/kitroll/internal/awscall"
	"github.com/kitroll/kitroll/internal/secret"
)

// Client is CloudWatch in one account and Region. It is safe for concurrent use, starts no goroutine and needs no Close.
type Client struct {
	region string
	api    calls
	caller *awscall.Caller
}

// New checks cfg and makes a client. It does no I/O and reads neither the environment nor ~/.aws. Its error joins every
// problem found, each naming its field.
func New(cfg Config) (*Client, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("cwmetrics: config: %w", err)
	}
	return &Client{region: cfg.AWS.Region, api: newCalls(cfg), caller: awscall.New(cfg.MaxRetries, cfg.Logger, cfg.Clock)}, nil
}

// once switches the SDK's retryer off, also where the client is one that the caller made: the package repeats calls itself.
func once(o *cloudwatch.Options) { o.Retryer = aws.NopRetryer{} }

// calls is the calls that the package makes, as method values: were the SDK's client reachable from an interface, the linker
// would keep every operation of CloudWatch in every program.
type calls struct {
	data func(context.Context, *cloudwatch.GetMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error)
	list func(context.Context, *cloudwatch.ListMetricsInput, ...func(*cloudwatch.Options)) (*cloudwatch.ListMetricsOutput, error)
}

func newCalls(cfg Config) calls {
	if o := cfg.API; o != nil {
		return calls{data: o.GetMetricData, list: o.ListMetrics}
	}
	sdk := cloudwatch.NewFromConfig(cfg.AWS, append([]func(*cloudwatch.Options){func(o *cloudwatch.Options) {
		o.HTTPClient = awscall.HTTPClient(cfg.AWS)
		o.APIOptions = append(o.APIOptions, awscall.WithoutTraceHeader)
	}}, cfg.Options...)...)
	return calls{data: sdk.GetMetricData, list: sdk.ListMetrics}
}

func (c *Client) safe() secret.Fields { return secret.Fields{"cwmetrics.Client", "Region", c.region} }

// String is the Region.
func (c *Client) String() string { return c.safe().String() }

// GoString is the Region.
func (c *Client) GoString() string { return c.safe().String() }

// Format prints the Region, for every verb.
func (c *Client) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue is the Region.
func (c *Client) LogValue() slog.Value { return c.safe().LogValue() }
