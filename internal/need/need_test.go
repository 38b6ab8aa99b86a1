package need_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/kitroll/kitroll/internal/need"
)

type said struct{ fatal, skip string }

func (*said) Helper() {}
func (s *said) Fatalf(format string, args ...any) {
	if s.fatal == "" && s.skip == "" { // a real one does not return
		s.fatal = fmt.Sprintf(format, args...)
	}
}

func (s *said) Skipf(format string, args ...any) {
	if s.fatal == "" && s.skip == "" {
		s.skip = fmt.Sprintf(format, args...)
	}
}

func TestProgram(t *testing.T) {
	const missing = "the program no-such-program is missing: apt-get install something"
	var s said
	assert.True(t, filepath.IsAbs(need.Program(&s, "go", "golang")))
	assert.Zero(t, s)
	t.Setenv("CI", "true")
	need.Program(&s, "no-such-program", "something")
	assert.Equal(t, said{fatal: missing}, s)
	t.Setenv("CI", "")
	s = said{}
	need.Program(&s, "no-such-program", "something")
	assert.Equal(t, said{skip: missing}, s)
}
