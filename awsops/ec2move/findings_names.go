package ec2move

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// lookAtNames: is there something under the move's names already: its own from an earlier run, which goes on with it, or
// somebody else's, which would be in its way?
func (p *planner) lookAtNames() {
	var own []string
	taken := func(resource, why string) {
		p.found(Stop, "name-taken", "remove it, or give the move another ID", "%s has a name of this move: %s", resource, why)
	}
	names := p.imageNames()
	for _, i := range slices.Concat(p.held.images, p.held.copies) {
		id, name, ours := aws.ToString(i.ImageId), aws.ToString(i.Name), p.spec.ours(i.Tags)
		switch {
		case names[name] && ours:
			own = append(own, id)
		case names[name]:
			taken(id+" ("+name+")", "it lacks the tag "+TagMove)
		case ours:
			p.found(Stop, "id-used", "choose another ID", "%s (%s) has the ID of this move and is of another one", id, name)
		}
	}
	for _, i := range p.held.instances {
		if i.State == nil || i.State.Name != types.InstanceStateNameTerminated && i.State.Name != types.InstanceStateNameShuttingDown {
			own = append(own, aws.ToString(i.InstanceId))
		}
	}
	if pair := p.held.pair; pair != nil && p.spec.To.KeyPair == "" && p.plan.Source.PublicKey != "" {
		if sameKey(aws.ToString(pair.PublicKey), p.plan.Source.PublicKey) {
			own = append(own, aws.ToString(pair.KeyName))
		} else {
			taken("key pair "+aws.ToString(pair.KeyName), "it holds another key")
		}
	}
	for _, from := range slices.Sorted(maps.Keys(p.held.groups)) {
		g := p.held.groups[from]
		if p.spec.ours(g.Tags) {
			own = append(own, aws.ToString(g.GroupId))
		} else {
			taken("security group "+aws.ToString(g.GroupId), "it lacks the tag "+TagMove)
		}
	}
	if len(own) > 0 {
		slices.Sort(own)
		p.found(Note, "already-begun", "", "an earlier run of this move has made %s: this one goes on with them", strings.Join(own, ", "))
	}
}

// imageNames are the names that the move gives to images.
func (p *planner) imageNames() map[string]bool {
	out := map[string]bool{}
	for _, step := range []StepID{StepImage, StepCopy, StepHotImage, StepHotCopy} {
		for attempt := range 10 {
			out[p.spec.name(step, "", attempt)] = true
		}
	}
	return out
}
