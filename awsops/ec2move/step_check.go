package ec2move

import "context"

// owner: plan
func stepCheck() step {
	return step{id: StepCheck, do: func(context.Context, *move) (turn, error) { return turn{done: true}, nil }}
}
