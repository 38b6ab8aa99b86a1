package arch_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const mostLines = 500

// walk visits every folder and file of the tree but what git keeps for itself and what the example writes.
func walk(t *testing.T, visit func(path string, d fs.DirEntry)) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() && (rel == ".git" || rel == "publish-out") {
			return fs.SkipDir
		}
		visit(rel, d)
		return nil
	}))
}

// goFiles are the paths of all Go files below the root, those of the inner modules too.
func goFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	walk(t, func(path string, d fs.DirEntry) {
		if !d.IsDir() && strings.HasSuffix(path, ".go") {
			files = append(files, path)
		}
	})
	require.NotEmpty(t, files)
	return files
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	require.NoError(t, err)
	return data
}

func parse(t *testing.T, path string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, read(t, path), parser.SkipObjectResolution|parser.ParseComments)
	require.NoError(t, err)
	return f
}

func TestFolders(t *testing.T) {
	t.Parallel()
	vague := []string{"util", "utils", "common", "types", "models", "helper", "helpers", "pkg", "misc", "shared"}
	walk(t, func(path string, d fs.DirEntry) {
		if d.IsDir() {
			assert.NotContains(t, vague, d.Name(), "%s: a name that says what is in there, please", path)
		}
	})
}

func TestFilesAreShort(t *testing.T) {
	t.Parallel()
	for _, path := range goFiles(t) {
		lines := bytes.Count(read(t, path), []byte("\n"))
		assert.LessOrEqual(t, lines, mostLines, "%s has %d lines: two nouns?", path, lines)
	}
}

func TestNoInit(t *testing.T) {
	t.Parallel()
	for _, path := range goFiles(t) {
		for _, d := range parse(t, path).Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				assert.NotEqual(t, "init", f.Name.Name, "%s: a package does nothing until it is called", path)
			}
		}
	}
}

func TestNoEnvironment(t *testing.T) {
	t.Parallel()
	readers := map[string][]string{
		"os":      {"Getenv", "LookupEnv", "Environ", "ExpandEnv"},
		"syscall": {"Getenv", "Environ"},
	}
	for _, path := range goFiles(t) {
		if isTest := strings.HasSuffix(path, "_test.go"); isTest || top(path) == "examples" || within(path, "internal/tools") || within(path, "internal/need") {
			continue
		}
		f := parse(t, path)
		names := map[string][]string{} // the readers of each package, under the name that it has in this file
		for _, imp := range f.Imports {
			from := strings.Trim(imp.Path.Value, `"`)
			name := from
			if imp.Name != nil {
				name = imp.Name.Name
			}
			if calls, ok := readers[from]; ok {
				assert.NotEqual(t, ".", name, "%s: dot import of %s", path, from)
				names[name] = calls
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && slices.Contains(names[x.Name], sel.Sel.Name) {
					assert.Fail(t, "reads the environment", "%s: %s.%s: examples do that, packages do not", path, x.Name, sel.Sel.Name)
				}
			}
			return true
		})
	}
}

// A test that skips proves nothing on the machine that skips it. Those that need a real server may, one to a file, where a
// script in CI sees to it that they run, and those that need a program of Debian's, by internal/need, which does not skip
// in CI.
func TestNoSkippedTests(t *testing.T) {
	t.Parallel()
	lifted := map[string]struct{ script, test string }{
		"llm/ollama_test.go": {".ci/ollama", "TestOllama"},
	}
	for path, l := range lifted {
		script := string(read(t, l.script))
		assert.Contains(t, script, "--- SKIP", "%s must fail when %s skips", l.script, l.test)
		assert.Contains(t, script, "'^"+l.test+"$'")
		assert.Equal(t, 1, bytes.Count(read(t, path), []byte(".Skip(")), path)
	}
	assert.Contains(t, string(read(t, ".ci/run")), "export CI=true", "else internal/need skips there too")
	for _, path := range goFiles(t) {
		if _, ok := lifted[path]; ok || path == "internal/need/need.go" {
			continue
		}
		ast.Inspect(parse(t, path), func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, sel.Sel.Name) {
				x, ok := sel.X.(*ast.Ident)
				assert.False(t, ok && slices.Contains([]string{"t", "b", "f", "tb"}, x.Name), "%s skips a test", path)
			}
			return true
		})
	}
}

// Every package opens with an essay in doc.go; the small ones of internal may have it above their only noun.
func TestEveryPackageIsDocumented(t *testing.T) {
	t.Parallel()
	for _, p := range ours(t) {
		if len(p.GoFiles) == 0 {
			continue
		}
		documented := false
		for _, name := range p.GoFiles {
			f := parse(t, p.path()+"/"+name)
			if f.Doc == nil {
				continue
			}
			documented = true
			if platform := top(p.path()); platform != "internal" && platform != "examples" {
				assert.Equal(t, "doc.go", name, "%s: the package comment belongs into doc.go", p.path())
			}
		}
		assert.True(t, documented, "%s has no package comment", p.path())
	}
}

// The steps of the composed job know no platform: main.go hands them what they need.
func TestPipelinesKnowNoPlatform(t *testing.T) {
	t.Parallel()
	for _, path := range goFiles(t) {
		if top(path) != "examples" || !strings.HasSuffix(path, "/pipeline.go") {
			continue
		}
		for _, imp := range parse(t, path).Imports {
			ours, ok := strings.CutPrefix(strings.Trim(imp.Path.Value, `"`), module+"/")
			assert.True(t, !ok || top(ours) == "internal", "%s imports %s", path, imp.Path.Value)
		}
	}
}
