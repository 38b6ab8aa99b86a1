package ec2move

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
)

// maxFilterTokens is how many tokens one look asks for; EC2 takes 200 values in a filter.
const maxFilterTokens = 150

// token is the client token of a launch in a subnet.
func (m *move) token(subnet string, attempt int) string {
	return m.spec.name(StepLaunch, subnet, attempt)
}

// launched is the instance of this move that was launched in whichever of the subnets, nil if EC2 shows none. It looks by client
// token, which EC2 holds itself, and by tag as well: that finds one in a subnet that is no longer among them, and proves nothing
// if it finds none.
func (m *move) launched(ctx context.Context, subnets []types.Subnet) (*types.Instance, error) {
	attempt := m.of(StepLaunch).Attempt
	older := map[string]bool{}
	var tokens []string
	for _, s := range subnets {
		for n := range attempt {
			older[m.token(aws.ToString(s.SubnetId), n)] = true
		}
		tokens = append(tokens, m.token(aws.ToString(s.SubnetId), attempt))
	}
	var found []types.Instance
	for part := range slices.Chunk(tokens, maxFilterTokens) {
		some, err := m.listInstances(ctx, m.dst, ec2.DescribeInstancesInput{Filters: []types.Filter{filter("client-token", part...)}})
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	tagged, err := m.listInstances(ctx, m.dst, ec2.DescribeInstancesInput{Filters: m.made(StepLaunch, "")})
	if err != nil {
		return nil, err
	}
	for _, i := range tagged {
		if !older[aws.ToString(i.ClientToken)] || alive(i) { // what an older attempt left dead is no concern of this one
			found = append(found, i)
		}
	}
	slices.SortStableFunc(found, func(a, b types.Instance) int { // the living first
		switch {
		case alive(a) == alive(b):
			return 0
		case alive(a):
			return -1
		}
		return 1
	})
	if len(found) == 0 {
		return nil, nil
	}
	return &found[0], nil
}

func alive(i types.Instance) bool {
	s := stateOf(i)
	return s != types.InstanceStateNameShuttingDown && s != types.InstanceStateNameTerminated
}

// takeOver takes an instance that was launched before for the copy, unless it is dead or not where the move wants it.
func (m *move) takeOver(i types.Instance) (turn, error) {
	id := aws.ToString(i.InstanceId)
	switch err := m.elsewhere(i); {
	case !m.spec.ours(i.Tags):
		return turn{}, &Error{Resource: id, Reason: "has the client token of this move, but not its tag " + TagMove, Err: awsops.ErrConflict, Hint: "choose another ID for the move"}
	case !alive(i):
		return turn{}, m.died(i)
	case err != nil:
		return turn{}, err
	}
	m.set(func(p *Progress) {
		p.Phase, p.ID, p.Note, p.IDs = Begun, id, "", map[string]string{inSubnet: aws.ToString(i.SubnetId)}
	})
	return turn{done: true}, nil
}

// elsewhere is the error of a copy that runs in another subnet than the one that the target names by now.
func (m *move) elsewhere(i types.Instance) error {
	subnet := aws.ToString(i.SubnetId)
	if m.spec.To.SubnetID == "" || m.spec.To.SubnetID == subnet {
		return nil
	}
	return &Error{
		Resource: aws.ToString(i.InstanceId), Err: awsops.ErrConflict,
		Reason: fmt.Sprintf("this move has launched it in %s, before its target was changed to %s", subnet, m.spec.To.SubnetID),
		Hint:   "go on with that subnet, or roll back and choose another ID",
	}
}

// died is the error of a copy that has ended: EC2 ends one itself when a volume cannot be made, as with a key that may not be used.
func (m *move) died(i types.Instance) error {
	code, text := reasonOf(i)
	e := &Error{
		Resource: aws.ToString(i.InstanceId), Code: code, Err: awsops.ErrFailed, Reason: "is " + string(stateOf(i)),
		Hint: "mend the cause and go on with State.Retry, which launches another, or roll back",
	}
	if text != "" {
		e.Reason += ": " + text
	}
	p := m.st.Steps[StepLaunch]
	p.Phase, p.Note, p.ID = Failed, e.Reason, ""
	m.st.Steps[StepLaunch] = p
	delete(m.st.Steps, StepAttach) // what was attached is to be attached to the next one
	return e
}

// copyNow is the copy as EC2 shows it; seen is false for one that it does not show, or not yet.
func (m *move) copyNow(ctx context.Context) (i types.Instance, seen bool, err error) {
	launch := m.of(StepLaunch)
	if launch.ID == "" {
		return i, false, &Error{Reason: "the state does not say which instance is the copy", Err: awsops.ErrInvalid}
	}
	found, err := m.listInstances(ctx, m.dst, ec2.DescribeInstancesInput{InstanceIds: []string{launch.ID}})
	if err != nil && !hasCode(err, "InvalidInstanceID.NotFound") {
		return i, false, err
	}
	if len(found) > 0 {
		return found[0], true, nil
	}
	if m.now().Sub(launch.Since) < settle {
		return i, false, nil
	}
	return i, false, &Error{Op: "DescribeInstances", Code: "InvalidInstanceID.NotFound", Resource: launch.ID, Reason: "EC2 knows no such instance", Err: awsops.ErrGone}
}
