package ec2move

import "context"

func stepAddress() step {
	return step{id: StepAddress, do: func(context.Context, *move) (turn, error) { return turn{done: true}, nil }}
}
