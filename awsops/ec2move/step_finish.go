package ec2move

import "context"

func stepFinish() step {
	return step{id: StepFinish, do: func(context.Context, *move) (turn, error) { return turn{done: true}, nil }}
}
