package cwagenttest

import (
	"context"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/kitroll/kitroll/awsops/awsopstest"
)

type parameter struct {
	value   string
	tier    types.ParameterTier
	tags    []types.Tag
	version int64
}

var parameterForm = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)

// AddParameter is one that somebody else has made.
func (s *Server) AddParameter(name, value string, advanced bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &parameter{value: value, tier: types.ParameterTierStandard, version: 1}
	if advanced {
		p.tier = types.ParameterTierAdvanced
	}
	s.parameters[name] = p
}

// GetParameter gives its value.
func (s *Server) GetParameter(ctx context.Context, in *ssm.GetParameterInput, _ ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	return locked(ctx, s, "GetParameter", func() (*ssm.GetParameterOutput, error) {
		p := s.parameters[aws.ToString(in.Name)]
		if p == nil {
			return nil, awsopstest.Refuse("ParameterNotFound", "Parameter %s not found.", aws.ToString(in.Name))
		}
		return &ssm.GetParameterOutput{Parameter: &types.Parameter{Name: in.Name, Value: &p.value, Type: types.ParameterTypeString, Version: p.version}}, nil
	})
}

// PutParameter keeps to the tiers, and to what excludes each other.
func (s *Server) PutParameter(ctx context.Context, in *ssm.PutParameterInput, _ ...func(*ssm.Options)) (*ssm.PutParameterOutput, error) {
	return locked(ctx, s, "PutParameter", func() (*ssm.PutParameterOutput, error) {
		name, value, overwrite := aws.ToString(in.Name), aws.ToString(in.Value), aws.ToBool(in.Overwrite)
		lower := strings.ToLower(name)
		there := s.parameters[name]
		tier := in.Tier
		if tier == "" {
			tier = types.ParameterTierStandard
		}
		refuse := func(format string, args ...any) (*ssm.PutParameterOutput, error) {
			return nil, awsopstest.Refuse("ValidationException", format, args...)
		}
		switch {
		case !parameterForm.MatchString(name) || strings.HasPrefix(lower, "aws") || strings.HasPrefix(lower, "ssm") || len(name) > 1011:
			return refuse("Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive), and can include only the following symbols and letters a-zA-Z0-9_.-")
		case value == "":
			return refuse("Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1")
		case strings.Contains(value, "{{"):
			return refuse("Parameter value can't nest another parameter. Do not use \"{{}}\" in the value.")
		case overwrite && len(in.Tags) > 0:
			return refuse("Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag.")
		case !overwrite && there != nil:
			return nil, awsopstest.Refuse("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
		case there == nil && in.Type == "":
			return refuse("A parameter type is required when you create a parameter.")
		case there != nil && there.tier == types.ParameterTierAdvanced && tier == types.ParameterTierStandard:
			return refuse("This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier.")
		case tier == types.ParameterTierStandard && len(value) > 4096:
			return refuse("Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier.")
		case len(value) > 8192:
			return refuse("Advanced tier parameters support a maximum parameter value of 8192 characters.")
		}
		if there == nil {
			there = &parameter{tags: in.Tags}
			s.parameters[name] = there
		}
		there.value, there.tier = value, tier
		there.version++
		return &ssm.PutParameterOutput{Tier: tier, Version: there.version}, nil
	})
}

// DeleteParameter removes it.
func (s *Server) DeleteParameter(ctx context.Context, in *ssm.DeleteParameterInput, _ ...func(*ssm.Options)) (*ssm.DeleteParameterOutput, error) {
	return locked(ctx, s, "DeleteParameter", func() (*ssm.DeleteParameterOutput, error) {
		if s.parameters[aws.ToString(in.Name)] == nil {
			return nil, awsopstest.Refuse("ParameterNotFound", "")
		}
		delete(s.parameters, *in.Name)
		return &ssm.DeleteParameterOutput{}, nil
	})
}

// ListTagsForResource gives the tags of a parameter.
func (s *Server) ListTagsForResource(ctx context.Context, in *ssm.ListTagsForResourceInput, _ ...func(*ssm.Options)) (*ssm.ListTagsForResourceOutput, error) {
	return locked(ctx, s, "ListTagsForResource", func() (*ssm.ListTagsForResourceOutput, error) {
		p := s.parameters[aws.ToString(in.ResourceId)]
		if p == nil || in.ResourceType != types.ResourceTypeForTaggingParameter {
			return nil, awsopstest.Refuse("InvalidResourceId", "The resource ID isn't valid.")
		}
		return &ssm.ListTagsForResourceOutput{TagList: p.tags}, nil
	})
}
