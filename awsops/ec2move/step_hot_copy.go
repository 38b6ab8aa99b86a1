package ec2move

import "context"

func stepHotCopy() step {
	return step{id: StepHotCopy, do: func(context.Context, *move) (turn, error) { return turn{done: true}, nil }}
}
