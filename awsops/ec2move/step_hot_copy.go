package ec2move

import "context"

// stepHotCopy copies the image of the first pass: all of it, while the source works on. It is kept to the end, since the second
// copy is incremental only as long as this one is there, under the same key.
func stepHotCopy() step {
	return step{
		id:   StepHotCopy,
		skip: func(m *move) bool { return m.spec.Capture != TwoPass },
		do:   func(ctx context.Context, m *move) (turn, error) { return m.copyImage(ctx, m.of(StepHotImage).ID) },
		undo: func(ctx context.Context, m *move) (turn, error) { return m.removeImages(ctx, m.dst, StepHotCopy) },
		find: func(ctx context.Context, m *move) error {
			return m.findImage(ctx, m.dst, m.notCopyOf(m.of(StepHotImage).ID))
		},
	}
}
