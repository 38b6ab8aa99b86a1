package ec2move

import "context"

func stepImage() step {
	return step{id: StepImage, do: func(context.Context, *move) (turn, error) { return turn{done: true}, nil }}
}
