package ec2move

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// stepStop stops the source and waits until it is stopped: from here to the switch of its records nothing answers. A rollback
// starts it again, if it ran when the move was planned. Without an Elastic IP it then has another public address and another
// public DNS name than before (trap 13).
func stepStop() step {
	return step{
		id:   StepStop,
		skip: func(m *move) bool { return m.spec.Capture != StopFirst && m.spec.Capture != TwoPass },
		do:   func(ctx context.Context, m *move) (turn, error) { return m.stop(ctx) },
		undo: func(ctx context.Context, m *move) (turn, error) { return m.start(ctx) },
	}
}

func (m *move) stop(ctx context.Context) (turn, error) {
	source, err := m.sourceNow(ctx)
	if err != nil {
		return turn{}, err
	}
	id := m.spec.From.ID
	switch stateOf(*source) {
	case types.InstanceStateNameStopped:
		m.set(func(p *Progress) { p.ID = id })
		return turn{done: true}, nil
	case types.InstanceStateNameShuttingDown, types.InstanceStateNameTerminated:
		return turn{}, &Error{Resource: id, Reason: "the source is " + string(stateOf(*source)), Err: awsops.ErrGone}
	case types.InstanceStateNameRunning:
		if m.progress().Phase == Waiting { // so that a rollback knows that it was us
			m.set(func(p *Progress) { p.Phase, p.ID = Begun, id })
			return turn{}, nil
		}
		_, err := mutate(ctx, m, "StopInstances", id, awscall.Harmless, m.src.stopInstances, &ec2.StopInstancesInput{InstanceIds: []string{id}})
		if hasCode(err, "IncorrectInstanceState") { // it has stopped in between, or is pending once more
			return turn{after: lookAgain}, nil
		}
		if e, ok := errors.AsType[*Error](err); ok && e.Code == "OperationNotPermitted" {
			e.Hint = "stop protection is on: turn it off, or capture the source without stopping it"
		}
		return turn{after: lookAgain}, err
	}
	return turn{after: lookAgain}, nil // pending, stopping
}

// start is the rollback of stop. A source that did not run when the move was planned stays as it is. Should the state be lost
// and the plan with it, a source that is stopped is started: that it serves is what a rollback is for.
func (m *move) start(ctx context.Context) (turn, error) {
	kept := m.st.Found.IsZero()
	planned := kept || m.st.Source.At.Before(m.st.Found)
	if kept && m.progress().Phase == Waiting || planned && m.st.Source.State != string(types.InstanceStateNameRunning) {
		return turn{done: true}, nil
	}
	source, err := m.sourceNow(ctx)
	if err != nil {
		return turn{}, err
	}
	id := m.spec.From.ID
	switch stateOf(*source) {
	case types.InstanceStateNameRunning:
		return turn{done: true}, nil
	case types.InstanceStateNameShuttingDown, types.InstanceStateNameTerminated:
		return turn{}, &Error{Resource: id, Reason: "the source is " + string(stateOf(*source)), Err: awsops.ErrGone, Hint: "there is nothing to go back to: keep the copy"}
	case types.InstanceStateNameStopped:
		_, err := mutate(ctx, m, "StartInstances", id, awscall.Harmless, m.src.startInstances, &ec2.StartInstancesInput{InstanceIds: []string{id}})
		if hasCode(err, "IncorrectInstanceState") {
			err = nil
		}
		return turn{after: lookAgain}, err
	}
	return turn{after: lookAgain}, nil
}

// sourceNow is the source, and an *Error of kind awsops.ErrGone if EC2 knows none.
func (m *move) sourceNow(ctx context.Context) (*types.Instance, error) {
	found, err := m.listInstances(ctx, m.src, ec2.DescribeInstancesInput{InstanceIds: []string{m.spec.From.ID}})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, &Error{Op: "DescribeInstances", Resource: m.spec.From.ID, Reason: "no such instance in " + m.spec.From.Region, Err: awsops.ErrGone}
	}
	return &found[0], nil
}

func stateOf(i types.Instance) types.InstanceStateName {
	if i.State == nil {
		return ""
	}
	return i.State.Name
}

// reasonOf is why EC2 changed an instance's state, "" if it does not say.
func reasonOf(i types.Instance) (code, text string) {
	if r := i.StateReason; r != nil {
		return aws.ToString(r.Code), aws.ToString(r.Message)
	}
	return "", aws.ToString(i.StateTransitionReason)
}
