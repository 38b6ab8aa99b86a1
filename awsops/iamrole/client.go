package iamrole

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
	"github.com/kitroll/kitroll/internal/secret"
)

// Client is the IAM of one account. It is safe for concurrent use, starts no goroutine and needs no Close.
type Client struct {
	region string
	caller *awscall.Caller
	api    API
}

var _ Roles = (*Client)(nil)

// New checks cfg and makes a client. It does no I/O and reads neither the environment nor ~/.aws. Its error joins every
// problem found, each naming its field.
func New(cfg Config) (*Client, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("iamrole: config: %w", err)
	}
	c := &Client{region: cfg.AWS.Region, caller: awscall.New(cfg.MaxRetries, cfg.Logger, cfg.Clock), api: cfg.API}
	if c.api == nil {
		c.api = newCalls(cfg)
	}
	return c, nil
}

func (c *Client) partition() awsops.Partition { return awsops.PartitionOf(c.region) }

func (c *Client) safe() secret.Fields { return secret.Fields{"iamrole.Client", "Region", c.region} }

// String is the Region.
func (c *Client) String() string { return c.safe().String() }

// GoString is the Region.
func (c *Client) GoString() string { return c.safe().String() }

// Format prints the Region, for every verb.
func (c *Client) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue is the Region.
func (c *Client) LogValue() slog.Value { return c.safe().LogValue() }

// method is one call of the API.
type method[I, O any] func(context.Context, *I, ...func(*iam.Options)) (*O, error)

// once switches the SDK's retryer off, also where the client is one that the caller made: the package repeats calls itself.
func once(o *iam.Options) { o.Retryer = aws.NopRetryer{} }

// do makes a call that may be repeated: everything that the package does has a name or is a state, so that doing it twice is
// doing it once. What a repeat finds already done (EntityAlreadyExists) is looked at by the caller.
func do[I, O any](ctx context.Context, c *Client, op, resource string, m method[I, O], in *I) (*O, error) {
	out, err := awscall.Do(ctx, c.caller, op, awscall.Harmless, m, in, once)
	return out, fail(resource, err)
}

// calls are method values, and the SDK's client is kept in no field: were it reachable from an interface, the linker would
// keep every operation of IAM in every program.
type calls struct {
	getRole       method[iam.GetRoleInput, iam.GetRoleOutput]
	createRole    method[iam.CreateRoleInput, iam.CreateRoleOutput]
	deleteRole    method[iam.DeleteRoleInput, iam.DeleteRoleOutput]
	listAttached  method[iam.ListAttachedRolePoliciesInput, iam.ListAttachedRolePoliciesOutput]
	attach        method[iam.AttachRolePolicyInput, iam.AttachRolePolicyOutput]
	detach        method[iam.DetachRolePolicyInput, iam.DetachRolePolicyOutput]
	listInline    method[iam.ListRolePoliciesInput, iam.ListRolePoliciesOutput]
	getInline     method[iam.GetRolePolicyInput, iam.GetRolePolicyOutput]
	putInline     method[iam.PutRolePolicyInput, iam.PutRolePolicyOutput]
	deleteInline  method[iam.DeleteRolePolicyInput, iam.DeleteRolePolicyOutput]
	getProfile    method[iam.GetInstanceProfileInput, iam.GetInstanceProfileOutput]
	createProfile method[iam.CreateInstanceProfileInput, iam.CreateInstanceProfileOutput]
	deleteProfile method[iam.DeleteInstanceProfileInput, iam.DeleteInstanceProfileOutput]
	addRole       method[iam.AddRoleToInstanceProfileInput, iam.AddRoleToInstanceProfileOutput]
	removeRole    method[iam.RemoveRoleFromInstanceProfileInput, iam.RemoveRoleFromInstanceProfileOutput]
}

func newCalls(cfg Config) calls {
	sdk := iam.NewFromConfig(cfg.AWS, append([]func(*iam.Options){func(o *iam.Options) {
		o.HTTPClient = awscall.HTTPClient(cfg.AWS)
		o.APIOptions = append(o.APIOptions, awscall.WithoutTraceHeader)
	}}, slices.Clone(cfg.Options)...)...)
	return calls{
		getRole: sdk.GetRole, createRole: sdk.CreateRole, deleteRole: sdk.DeleteRole,
		listAttached: sdk.ListAttachedRolePolicies, attach: sdk.AttachRolePolicy, detach: sdk.DetachRolePolicy,
		listInline: sdk.ListRolePolicies, getInline: sdk.GetRolePolicy, putInline: sdk.PutRolePolicy, deleteInline: sdk.DeleteRolePolicy,
		getProfile: sdk.GetInstanceProfile, createProfile: sdk.CreateInstanceProfile, deleteProfile: sdk.DeleteInstanceProfile,
		addRole: sdk.AddRoleToInstanceProfile, removeRole: sdk.RemoveRoleFromInstanceProfile,
	}
}

func (c calls) GetRole(ctx context.Context, in *iam.GetRoleInput, o ...func(*iam.Options)) (*iam.GetRoleOutput, error) {
	return c.getRole(ctx, in, o...)
}

func (c calls) CreateRole(ctx context.Context, in *iam.CreateRoleInput, o ...func(*iam.Options)) (*iam.CreateRoleOutput, error) {
	return c.createRole(ctx, in, o...)
}

func (c calls) DeleteRole(ctx context.Context, in *iam.DeleteRoleInput, o ...func(*iam.Options)) (*iam.DeleteRoleOutput, error) {
	return c.deleteRole(ctx, in, o...)
}

func (c calls) ListAttachedRolePolicies(ctx context.Context, in *iam.ListAttachedRolePoliciesInput, o ...func(*iam.Options)) (*iam.ListAttachedRolePoliciesOutput, error) {
	return c.listAttached(ctx, in, o...)
}

func (c calls) AttachRolePolicy(ctx context.Context, in *iam.AttachRolePolicyInput, o ...func(*iam.Options)) (*iam.AttachRolePolicyOutput, error) {
	return c.attach(ctx, in, o...)
}

func (c calls) DetachRolePolicy(ctx context.Context, in *iam.DetachRolePolicyInput, o ...func(*iam.Options)) (*iam.DetachRolePolicyOutput, error) {
	return c.detach(ctx, in, o...)
}

func (c calls) ListRolePolicies(ctx context.Context, in *iam.ListRolePoliciesInput, o ...func(*iam.Options)) (*iam.ListRolePoliciesOutput, error) {
	return c.listInline(ctx, in, o...)
}

func (c calls) GetRolePolicy(ctx context.Context, in *iam.GetRolePolicyInput, o ...func(*iam.Options)) (*iam.GetRolePolicyOutput, error) {
	return c.getInline(ctx, in, o...)
}

func (c calls) PutRolePolicy(ctx context.Context, in *iam.PutRolePolicyInput, o ...func(*iam.Options)) (*iam.PutRolePolicyOutput, error) {
	return c.putInline(ctx, in, o...)
}

func (c calls) DeleteRolePolicy(ctx context.Context, in *iam.DeleteRolePolicyInput, o ...func(*iam.Options)) (*iam.DeleteRolePolicyOutput, error) {
	return c.deleteInline(ctx, in, o...)
}

func (c calls) GetInstanceProfile(ctx context.Context, in *iam.GetInstanceProfileInput, o ...func(*iam.Options)) (*iam.GetInstanceProfileOutput, error) {
	return c.getProfile(ctx, in, o...)
}

func (c calls) CreateInstanceProfile(ctx context.Context, in *iam.CreateInstanceProfileInput, o ...func(*iam.Options)) (*iam.CreateInstanceProfileOutput, error) {
	return c.createProfile(ctx, in, o...)
}

func (c calls) DeleteInstanceProfile(ctx context.Context, in *iam.DeleteInstanceProfileInput, o ...func(*iam.Options)) (*iam.DeleteInstanceProfileOutput, error) {
	return c.deleteProfile(ctx, in, o...)
}

func (c calls) AddRoleToInstanceProfile(ctx context.Context, in *iam.AddRoleToInstanceProfileInput, o ...func(*iam.Options)) (*iam.AddRoleToInstanceProfileOutput, error) {
	return c.addRole(ctx, in, o...)
}

func (c calls) RemoveRoleFromInstanceProfile(ctx context.Context, in *iam.RemoveRoleFromInstanceProfileInput, o ...func(*iam.Options)) (*iam.RemoveRoleFromInstanceProfileOutput, error) {
	return c.removeRole(ctx, in, o...)
}
