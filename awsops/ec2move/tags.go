package ec2move

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// tags are those of what the step at work makes: the move's own, and above them what is carried over. of is what it stands for
// where a step makes several, or "". EC2 takes 50 tags; the move's own come first.
func (m *move) tags(of string, carried map[string]string) []types.Tag {
	step := string(m.step)
	if of != "" {
		step += " " + of
	}
	out := []types.Tag{{Key: aws.String(TagMove), Value: &m.spec.ID}, {Key: aws.String(TagStep), Value: &step}}
	for _, key := range slices.Sorted(maps.Keys(carried)) {
		if len(out) == maxTags {
			break
		}
		if !strings.HasPrefix(key, ownTags) && !reserved(key) { // nor what an earlier move has left
			out = append(out, types.Tag{Key: aws.String(key), Value: aws.String(carried[key])})
		}
	}
	return out
}

// specify is tags for a call that creates things of these types.
func specify(tags []types.Tag, of ...types.ResourceType) []types.TagSpecification {
	out := make([]types.TagSpecification, len(of))
	for i, kind := range of {
		out[i] = types.TagSpecification{ResourceType: kind, Tags: tags}
	}
	return out
}

// ours tells by its tags whether this move made something. It is the leave to remove it, and never proof that nothing is there.
func (s Spec) ours(tags []types.Tag) bool { return tagMap(tags)[TagMove] == s.ID }

// tagMap is tags as a map, without AWS's own, which nobody can set.
func tagMap(tags []types.Tag) map[string]string {
	out := make(map[string]string, len(tags))
	for _, tag := range tags {
		if key := aws.ToString(tag.Key); !reserved(key) {
			out[key] = aws.ToString(tag.Value)
		}
	}
	return out
}

func reserved(key string) bool { return strings.HasPrefix(strings.ToLower(key), "aws:") }

const ownTags = "awsops:" // TagMove and its like

const maxTags = 50 // of a resource, without AWS's own

// filter is one filter of a Describe call.
func filter(name string, values ...string) types.Filter {
	return types.Filter{Name: &name, Values: values}
}
