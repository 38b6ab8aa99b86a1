package ec2move

import "context"

func stepPrefixLists() step {
	return step{id: StepPrefixLists, do: func(context.Context, *move) (turn, error) { return turn{done: true}, nil }}
}
