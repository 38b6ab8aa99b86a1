package ec2move

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
)

// stepCheck holds the source against what was planned, so that nothing is made of a plan that is no longer true. Once the
// step is done it is not asked again: what the move itself does to its source is no surprise.
func stepCheck() step {
	return step{id: StepCheck, do: func(ctx context.Context, m *move) (turn, error) {
		now, err := m.describe(ctx)
		if err != nil {
			return turn{}, err
		}
		switch types.InstanceStateName(now.State) {
		case types.InstanceStateNameShuttingDown, types.InstanceStateNameTerminated:
			return turn{}, &Error{Resource: m.spec.From.ID, Reason: "the source is " + now.State, Err: awsops.ErrGone}
		}
		if m.st.Source.Hash == "" { // a state that was made by hand
			m.st.Source = now
			return turn{done: true}, nil
		}
		if changes := m.st.Source.changed(now); len(changes) > 0 {
			return turn{}, &Error{
				Resource: m.spec.From.ID, Err: awsops.ErrConflict, Reason: "changed since it was planned: " + strings.Join(changes, ", "),
				Hint: "plan again, and look whether the move is still what you want",
			}
		}
		return turn{done: true}, nil
	}}
}
