package ec2move

import "context"

func stepStop() step {
	return step{id: StepStop, do: func(context.Context, *move) (turn, error) { return turn{done: true}, nil }}
}
