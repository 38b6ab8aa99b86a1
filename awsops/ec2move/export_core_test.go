package ec2move

// What the tests see inside.
var (
	Percentage = percentage
	Expected   = expected
	CopyKey    = copyKey
)

// Name is Spec.name.
func (s Spec) Name(step StepID, of string, attempt int) string { return s.name(step, of, attempt) }
