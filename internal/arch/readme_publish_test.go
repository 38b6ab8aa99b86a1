package arch_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	variable  = regexp.MustCompile(`\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b`)
	codeRow   = regexp.MustCompile(`(?m)^\| (\d+) \|`)
	codeInUse = regexp.MustCompile(`\b(\d+) [a-z]`)
	flagRow   = regexp.MustCompile(`(?m)^  -(\w+)`)
	flagUsed  = regexp.MustCompile("(?:^|[ `])-([a-z]+)\\b")
)

// What the READMEs say of the main job is what the program says of itself: its environment, its exit codes, its flags.
func TestReadmesKnowTheMainJob(t *testing.T) {
	t.Parallel()
	help := exec.CommandContext(t.Context(), "go", "run", "./examples/publish", "-h")
	help.Dir = root
	out, err := help.CombinedOutput()
	require.NoError(t, err, string(out))
	usage := string(out)
	var required, optional []string
	for line := range strings.Lines(usage) {
		if names := variable.FindAllString(line, -1); strings.Contains(line, "optional:") {
			optional = append(optional, names...)
		} else if len(names) > 1 { // the notes name one at most
			required = append(required, names...)
		}
	}
	_, exits, _ := strings.Cut(usage, "Exit codes:")
	flags := append(submatches(flagRow, usage), "h")
	require.NotEmpty(t, required)
	require.NotEmpty(t, optional)
	require.NotEmpty(t, exits)
	require.Greater(t, len(flags), 1)

	pages, err := filepath.Glob(filepath.Join(root, "README*.md"))
	require.NoError(t, err)
	for _, page := range pages {
		name := filepath.Base(page)
		text := string(read(t, name))
		var must, may []string
		for row := range strings.Lines(rows([]byte(text))) {
			if cells := strings.Split(row, "|"); len(cells) == 5 && variable.MatchString(row) { // platform, required, optional
				must = append(must, variable.FindAllString(cells[2], -1)...)
				may = append(may, variable.FindAllString(cells[3], -1)...)
			}
		}
		assert.Equal(t, required, must, "%s: required variables", name)
		assert.Equal(t, optional, may, "%s: optional variables", name)
		assert.Equal(t, submatches(codeInUse, exits), submatches(codeRow, text), "%s: exit codes", name)
		for line := range strings.Lines(text) {
			if strings.Contains(line, "examples/publish ") || strings.Contains(line, "`-") {
				line, _, _ = strings.Cut(line, " # ")
				for _, f := range submatches(flagUsed, line) {
					assert.True(t, slices.Contains(flags, f), "%s: the main job has no flag -%s: %s", name, f, line)
				}
			}
		}
	}
}

func submatches(re *regexp.Regexp, text string) []string {
	var out []string
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}
