package ec2move_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/kitroll/kitroll/awsops/ec2move"
)

// Names are client tokens (64 characters of ASCII), names of images (3 to 128 of a few), groups and key pairs at once, and the
// same in every process.
func TestNames(t *testing.T) {
	t.Parallel()
	spec := ec2move.Spec{
		ID: strings.Repeat("x", 40), From: ec2move.Instance{Region: "eu-central-1", ID: "i-0123456789abcdef0"}, To: ec2move.Target{Region: "us-east-1"},
	}
	assert.Equal(t, "m-"+spec.ID+"-image-c70be886", spec.Name(ec2move.StepImage, "", 0), "a change of this makes every move under way a new one")
	seen := map[string]bool{}
	for _, step := range []ec2move.StepID{ec2move.StepHotImage, ec2move.StepImage, ec2move.StepPrefixLists, ec2move.StepLaunch} {
		for _, of := range []string{"", "sg-1", "sg-2"} {
			for attempt := range 3 {
				name := spec.Name(step, of, attempt)
				assert.Regexp(t, `^[a-z0-9-]{3,64}$`, name)
				assert.False(t, seen[name], name)
				seen[name] = true
			}
		}
	}
	other := spec
	other.From.ID = "i-0123456789abcdef1"
	assert.NotEqual(t, spec.Name(ec2move.StepImage, "", 0), other.Name(ec2move.StepImage, "", 0))
	retargeted := spec
	retargeted.To.SubnetID, retargeted.Within = "subnet-1", 3600
	assert.Equal(t, spec.Name(ec2move.StepImage, "", 0), retargeted.Name(ec2move.StepImage, "", 0), "only what is moved where makes a move another")
}
