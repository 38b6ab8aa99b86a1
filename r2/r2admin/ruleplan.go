package r2admin

import "context"

// rulePlan is what the plans for the rules of a bucket have in common: CORS, lifecycle, locks.
type rulePlan[R any] struct {
	op, bucket    string
	before, after []R
	equal         func(a, b []R) bool
	read          func(ctx context.Context, bucket string) ([]R, error)
	write         func(ctx context.Context, bucket string, rules []R) error // harmless to repeat: the rules are a state
}

// apply writes the rules, unless they are what they should be already, or somebody has changed them since the plan was made.
func (p rulePlan[R]) apply(ctx context.Context, problem error) error {
	if problem != nil {
		return invalid(p.op, p.bucket, problem)
	}
	if p.equal(p.before, p.after) {
		return nil
	}
	now, err := p.read(ctx, p.bucket)
	switch {
	case err != nil:
		return err
	case p.equal(now, p.after):
		return nil
	case !p.equal(now, p.before):
		return &Error{Op: p.op, Resource: p.bucket, Err: ErrChanged}
	}
	return p.write(ctx, p.bucket, p.after)
}
