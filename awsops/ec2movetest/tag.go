package ec2movetest

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

const maxTags = 50

// tagsFor reads the TagSpecifications of a call that makes resources of these types, and gives the tags of each.
func tagsFor(specs []types.TagSpecification, allowed ...types.ResourceType) (map[types.ResourceType]map[string]string, error) {
	out := map[types.ResourceType]map[string]string{}
	for _, spec := range specs {
		if !slices.Contains(allowed, spec.ResourceType) {
			return nil, refuse("InvalidParameterValue", "'%s' is not a valid taggable resource type for this operation.", spec.ResourceType)
		}
		if _, twice := out[spec.ResourceType]; twice {
			return nil, refuse("InvalidParameterValue", "Resource type '%s' is specified more than once.", spec.ResourceType)
		}
		tags, err := newTags(spec.Tags, nil)
		if err != nil {
			return nil, err
		}
		out[spec.ResourceType] = tags
	}
	return out, nil
}

// newTags is what a resource with these tags has after some more.
func newTags(list []types.Tag, had map[string]string) (map[string]string, error) {
	out := maps.Clone(had)
	if out == nil {
		out = map[string]string{}
	}
	seen := map[string]bool{}
	for _, t := range list {
		key, value := aws.ToString(t.Key), aws.ToString(t.Value)
		switch n := utf8.RuneCountInString(key); {
		case n == 0:
			return nil, refuse("InvalidParameterValue", "Tag key cannot be empty")
		case n > 127:
			return nil, refuse("InvalidParameterValue", "Tag key exceeds the maximum length of 127 characters")
		case utf8.RuneCountInString(value) > 255:
			return nil, refuse("InvalidParameterValue", "Tag value exceeds the maximum length of 255 characters")
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return nil, refuse("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
		case seen[key]:
			return nil, refuse("InvalidParameterValue", "Duplicate tag key '%s' specified.", key)
		}
		seen[key] = true
		out[key] = value
	}
	if len(userTags(out)) > maxTags {
		return nil, refuse("TagLimitExceeded", "More than %d tags specified", maxTags)
	}
	return out, nil
}

// userTags are those without the tags of AWS.
func userTags(tags map[string]string) map[string]string {
	out := maps.Clone(tags)
	maps.DeleteFunc(out, func(key, _ string) bool { return strings.HasPrefix(key, "aws:") })
	return out
}

func tagList(tags map[string]string) []types.Tag {
	var out []types.Tag
	for _, key := range sortedKeys(tags) {
		out = append(out, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
