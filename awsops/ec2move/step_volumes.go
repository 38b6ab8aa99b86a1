package ec2move

import "context"

func stepVolumes() step {
	return step{id: StepVolumes, do: func(context.Context, *move) (turn, error) { return turn{done: true}, nil }}
}
