package ec2move

import "context"

func stepReady() step {
	return step{id: StepReady, do: func(context.Context, *move) (turn, error) { return turn{done: true}, nil }}
}
