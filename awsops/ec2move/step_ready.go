package ec2move

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
)

// impairedFor is how long a status check may fail before the copy counts as broken: a first start can be slow.
const impairedFor = 15 * time.Minute

// stepReady waits until the copy runs and, unless Spec.SkipStatusChecks, EC2's status checks of the system and the instance
// have passed.
func stepReady() step { return step{id: StepReady, do: ready} }

func ready(ctx context.Context, m *move) (turn, error) {
	copied, seen, err := m.copyNow(ctx)
	if err != nil || !seen {
		return turn{after: lookAgain}, err
	}
	id := *copied.InstanceId
	switch state := stateOf(copied); {
	case !alive(copied):
		return turn{}, m.died(copied)
	case state == types.InstanceStateNameStopped:
		_, text := reasonOf(copied)
		return turn{}, &Error{Resource: id, Reason: "the copy has stopped: " + orNone(text), Err: awsops.ErrFailed, Hint: "look at its console output; start it and go on, or roll back"}
	case state != types.InstanceStateNameRunning:
		return turn{after: lookAgain}, nil
	}
	m.set(func(p *Progress) { p.Phase, p.ID = Begun, id })
	if m.spec.SkipStatusChecks {
		return turn{done: true}, nil
	}
	out, err := read(ctx, m, "DescribeInstanceStatus", m.dst.describeInstanceStatus, &ec2.DescribeInstanceStatusInput{InstanceIds: []string{id}})
	switch {
	case hasCode(err, "InvalidInstanceID.NotFound"):
		return turn{after: lookAgain}, nil
	case err != nil:
		return turn{}, err
	case len(out.InstanceStatuses) == 0:
		return turn{after: lookAgain}, nil
	}
	s := out.InstanceStatuses[0]
	system, instance := checkOf(s.SystemStatus), checkOf(s.InstanceStatus)
	m.set(func(p *Progress) { p.Note = "system " + string(system) + ", instance " + string(instance) })
	if system == types.SummaryStatusOk && instance == types.SummaryStatusOk {
		return turn{done: true}, nil
	}
	impaired := system == types.SummaryStatusImpaired || instance == types.SummaryStatusImpaired
	if impaired && m.now().Sub(m.progress().Since) >= impairedFor {
		return turn{}, &Error{
			Resource: id, Reason: "status checks fail: " + m.progress().Note, Err: awsops.ErrFailed,
			Hint: "the image may lack drivers for the type (ENA, NVMe), or its network settings may name the old Region; look at its console output",
		}
	}
	return turn{after: lookAgain}, nil
}

func checkOf(s *types.InstanceStatusSummary) types.SummaryStatus {
	if s == nil {
		return types.SummaryStatusInitializing
	}
	return s.Status
}
