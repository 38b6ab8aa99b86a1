package ec2move

import "context"

// stepHotImage is the first pass of TwoPass: an image of the running source, as after a power cut. Nothing is launched from
// it; its copy is what makes the second copy a small one, since EC2 copies only what has changed since the last complete one.
func stepHotImage() step {
	return step{
		id:   StepHotImage,
		skip: func(m *move) bool { return m.spec.Capture != TwoPass },
		do:   func(ctx context.Context, m *move) (turn, error) { return m.capture(ctx, true) },
		undo: func(ctx context.Context, m *move) (turn, error) { return m.removeImages(ctx, m.src, StepHotImage) },
		find: func(ctx context.Context, m *move) error { return m.findImage(ctx, m.src, m.notOfSource) },
	}
}
