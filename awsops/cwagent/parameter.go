package cwagent

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/cwagent/agentconf"
	"github.com/kitroll/kitroll/internal/awscall"
)

// TagParameter is the tag by which this package knows its parameters. Its value is "cwagent".
const TagParameter = "awsops:parameter"

// parameter brings the configuration into Parameter Store. The name is unique and the value a state, so that a repeat finds
// itself.
func (in *installation) parameter(ctx context.Context) error {
	name := in.o.Parameter
	there, err := in.c.value(ctx, name)
	switch {
	case errors.Is(err, awsops.ErrGone):
		err = in.put(ctx, false)
		if codeOf(err) == "ParameterAlreadyExists" { // of a first try whose answer was lost, or of somebody who was quicker
			if there, err = in.c.value(ctx, name); err == nil && there != in.text {
				err = in.overwrite(ctx)
			}
		}
	case err == nil && there == in.text:
		return in.tell("parameter", "there already", name)
	case err == nil:
		err = in.overwrite(ctx)
	}
	if err != nil {
		return err
	}
	return in.tell("parameter", "done", name)
}

func (c *Client) value(ctx context.Context, name string) (string, error) {
	out, err := do(ctx, c, "GetParameter", name, awscall.Harmless, c.api.GetParameter, &ssm.GetParameterInput{Name: &name})
	if err != nil {
		return "", err
	}
	if out.Parameter == nil {
		return "", &Error{Op: "GetParameter", Resource: name, Reason: "the answer holds no parameter", Err: awsops.ErrFailed}
	}
	return aws.ToString(out.Parameter.Value), nil
}

func (in *installation) put(ctx context.Context, overwrite bool) error {
	put := &ssm.PutParameterInput{
		Name: &in.o.Parameter, Value: &in.text, Type: types.ParameterTypeString, Tier: types.ParameterTierStandard, Overwrite: &overwrite,
		Description: new("configuration of the CloudWatch agent"),
	}
	if len(in.text) > agentconf.StandardParameter {
		put.Tier = types.ParameterTierAdvanced
	}
	if !overwrite { // tags and overwriting exclude each other
		put.Tags = []types.Tag{{Key: new(TagParameter), Value: new("cwagent")}}
	}
	_, err := do(ctx, in.c, "PutParameter", in.o.Parameter, awscall.Harmless, in.c.api.PutParameter, put)
	if overwrite && put.Tier == types.ParameterTierStandard && codeOf(err) == "ValidationException" && in.o.AllowAdvanced {
		put.Tier = types.ParameterTierAdvanced // it is one already, and there is no way back
		_, err = do(ctx, in.c, "PutParameter", in.o.Parameter, awscall.Harmless, in.c.api.PutParameter, put)
	}
	return err
}

// overwrite puts the configuration over another one that is ours.
func (in *installation) overwrite(ctx context.Context) error {
	if !in.o.OverwriteParameter {
		mine, err := in.c.owns(ctx, in.o.Parameter)
		if err != nil {
			return err
		}
		if !mine {
			return &Error{
				Resource: in.o.Parameter, Err: awsops.ErrConflict,
				Reason: "the parameter is there, holds something else, and does not carry the tag " + TagParameter + ": choose another name, or set OverwriteParameter",
			}
		}
	}
	err := in.put(ctx, true)
	if e, ok := errors.AsType[*Error](err); ok && e.Code == "ValidationException" && strings.Contains(strings.ToLower(e.Reason), "tier") {
		own := *e
		own.Reason += "; AllowAdvanced permits the tier that is charged for"
		err = &own
	}
	return err
}

// owns tells whether a parameter carries our tag.
func (c *Client) owns(ctx context.Context, name string) (bool, error) {
	out, err := do(ctx, c, "ListTagsForResource", name, awscall.Harmless, c.api.ListTagsForResource,
		&ssm.ListTagsForResourceInput{ResourceId: &name, ResourceType: types.ResourceTypeForTaggingParameter})
	if err != nil {
		return false, err
	}
	for _, t := range out.TagList {
		if aws.ToString(t.Key) == TagParameter {
			return true, nil
		}
	}
	return false, nil
}
