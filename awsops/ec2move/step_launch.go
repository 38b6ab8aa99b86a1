package ec2move

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// What Progress.IDs of StepLaunch says beside the groups' IDs.
const (
	inSubnet  = "subnet"  // where the launch is tried, or was done
	refusedIn = "refused" // the subnet that had no room, until it is proved that nothing runs there
)

// profileLag is how long a new instance profile may be unknown to EC2: about two minutes.
const profileLag = 2 * time.Minute

// stepLaunch runs the copy. RunInstances has a client token, but one that counts within a zone: the same token in another zone
// launches a second instance. So the subnet is chosen and kept before the call, each subnet has a token of its own, and a
// subnet without room is left for the next one only when EC2 shows no instance of this move's tokens (trap 5).
func stepLaunch() step { return step{id: StepLaunch, do: launch, undo: terminate, find: findCopy} }

func launch(ctx context.Context, m *move) (turn, error) {
	subnets, err := m.places(ctx)
	if err != nil {
		return turn{}, err
	}
	found, err := m.launched(ctx, subnets)
	if err != nil {
		return turn{}, err
	}
	if found != nil {
		return m.takeOver(*found)
	}
	p := m.progress()
	switch at := p.IDs[inSubnet]; {
	case !m.settled(): // another process may have launched, in whatever subnet
		return turn{after: lookAgain}, nil
	case p.IDs[refusedIn] != "":
		return m.nextPlace(subnets)
	case at == "":
		m.tryIn(aws.ToString(subnets[0].SubnetId))
		return turn{}, nil // to be kept before the call
	default:
		return m.run(ctx, at, subnets)
	}
}

// places are the subnets that the copy may go to, whose zones offer the type, in order of their IDs. Those on an Outpost are
// not among them, as images are not copied there.
func (m *move) places(ctx context.Context) ([]types.Subnet, error) {
	subnets, err := m.targetSubnets(ctx)
	if err != nil {
		return nil, err
	}
	zones, err := m.offered(ctx)
	if err != nil {
		return nil, err
	}
	all := len(subnets)
	subnets = slices.DeleteFunc(subnets, func(s types.Subnet) bool {
		return aws.ToString(s.OutpostArn) != "" || !slices.Contains(zones, aws.ToString(s.AvailabilityZone))
	})
	if len(subnets) == 0 {
		return nil, &Error{
			Op: "DescribeInstanceTypeOfferings", Code: "Unsupported", Resource: m.targetType(), Err: awsops.ErrInvalid,
			Reason: fmt.Sprintf("%s offers this type in %s, and none of the %d subnets is there", m.spec.To.Region, orNone(strings.Join(zones, ", ")), all),
			Hint:   "choose another subnet, VPC or type in Target",
		}
	}
	return subnets, nil
}

// tryIn sets the subnet of the next RunInstances.
func (m *move) tryIn(subnet string) {
	m.set(func(p *Progress) {
		p.Phase, p.Since, p.Note = Intent, time.Time{}, "to be launched in "+subnet
		p.IDs = map[string]string{inSubnet: subnet}
	})
}

// nextPlace leaves a subnet that had no room.
func (m *move) nextPlace(subnets []types.Subnet) (turn, error) {
	refused := m.progress().IDs[refusedIn]
	i := slices.IndexFunc(subnets, func(s types.Subnet) bool { return aws.ToString(s.SubnetId) > refused })
	if i < 0 {
		m.set(func(p *Progress) { *p = Progress{Attempt: p.Attempt} }) // the next call begins with the first one again
		return turn{}, &Error{
			Op: "RunInstances", Code: "InsufficientInstanceCapacity", Resource: m.targetType(), Err: awsops.ErrCapacity,
			Reason: fmt.Sprintf("none of the %d subnets has room for it now, last %s", len(subnets), refused),
			Hint:   "go on later, or with another type or VPC in Target",
		}
	}
	m.tryIn(aws.ToString(subnets[i].SubnetId))
	return turn{}, nil
}

// run launches.
func (m *move) run(ctx context.Context, subnet string, subnets []types.Subnet) (turn, error) {
	i := slices.IndexFunc(subnets, func(s types.Subnet) bool { return aws.ToString(s.SubnetId) == subnet })
	if i < 0 { // deleted since, or the target was changed: nothing runs there, as was just seen
		m.set(func(p *Progress) { *p = Progress{Attempt: p.Attempt} })
		return turn{after: lookAgain}, nil
	}
	in, err := m.runInput(ctx, subnets[i])
	if err != nil {
		return turn{}, err
	}
	out, err := mutate(ctx, m, "RunInstances", *in.ClientToken, awscall.Harmless, m.dst.runInstances, in)
	if err != nil {
		return m.runRefused(err, subnet)
	}
	if len(out.Instances) == 0 || aws.ToString(out.Instances[0].InstanceId) == "" {
		return turn{after: lookAgain}, nil // found by its token then
	}
	m.set(func(p *Progress) { p.Phase, p.ID, p.Note = Begun, *out.Instances[0].InstanceId, "" })
	return turn{done: true}, nil
}

// runRefused is what becomes of a launch that EC2 has refused.
func (m *move) runRefused(err error, subnet string) (turn, error) {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return turn{}, err
	}
	young := func(window time.Duration) bool { return m.now().Sub(m.progress().Since) < window }
	switch {
	case errors.Is(e, awsops.ErrCapacity), e.Code == "InsufficientFreeAddressesInSubnet":
		if m.spec.To.SubnetID != "" {
			e.Hint = "go on later, or with another subnet or type in Target"
			return turn{}, e
		}
		m.set(func(p *Progress) { p.IDs[refusedIn], p.Note = subnet, e.Reason })
		return turn{after: lookAgain}, nil
	case profileUnknown(e): // trap 23: of InvalidParameterValue these two messages, and no other
		if young(profileLag) {
			return turn{after: lookAgain}, nil
		}
		e.Hint = "the instance profile " + m.st.Source.Profile + " has no role, or does not exist"
	case e.Code == "InvalidAMIID.NotFound", e.Code == "InvalidAMIID.Unavailable", e.Code == "InvalidGroup.NotFound", e.Code == "InvalidKeyPair.NotFound":
		if young(settle) { // made a moment ago
			return turn{after: lookAgain}, nil
		}
		if e.Code == "InvalidAMIID.NotFound" {
			e.Hint = "the account's Allowed AMIs settings may exclude the copy, which EC2 reports the same way (ImageAllowed)"
		}
	case e.Code == "IdempotentParameterMismatch":
		e.Hint = "it was launched with other parameters before: the target or the source changed since; look for the client token " + e.Resource
	case e.Code == "IdempotentInstanceTerminated":
		e.Hint = "the instance that was launched is gone: go on with State.Retry for another, or choose another ID"
		m.set(func(p *Progress) { p.Phase, p.Note = Failed, e.Reason })
	case e.Code == "OptInRequired":
		e.Hint = "the image has product codes of the AWS Marketplace: subscribe to them, in this account"
	}
	return turn{}, e
}

// profileUnknown tells whether EC2 has not heard yet of an instance profile, or of the role in it.
func profileUnknown(e *Error) bool {
	return e.Code == "InvalidParameterValue" &&
		(strings.Contains(e.Reason, "Invalid IAM Instance Profile") || strings.Contains(e.Reason, "has no associated IAM Roles"))
}
