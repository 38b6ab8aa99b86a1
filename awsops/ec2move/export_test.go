package ec2move

// CopySnapshot is seen here because no client of the package sends it beside the SDK's own.
var CopySnapshot = copySnapshot

// What the tests of the core see inside.
var (
	Percentage = percentage
	Expected   = expected
	CopyKey    = copyKey
)

// Name is Spec.name.
func (s Spec) Name(step StepID, of string, attempt int) string { return s.name(step, of, attempt) }
