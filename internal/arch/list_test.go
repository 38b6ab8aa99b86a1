package arch_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/kitroll/kitroll"

// root is the folder of go.mod, seen from this test.
var root = filepath.Join("..", "..")

// pkg is what go list says of a package.
type pkg struct {
	ImportPath  string
	Standard    bool
	Module      *struct{ Path string }
	GoFiles     []string
	Imports     []string // of the package itself, without tests
	Deps        []string // the same, with all that stands behind them
	TestGoFiles []string // the tests in the package itself
}

// path is the folder below the root, such as "wechat/article", or "" for a package of others.
func (p pkg) path() string {
	if rest, ok := strings.CutPrefix(p.ImportPath, module+"/"); ok {
		return rest
	}
	return ""
}

// top is the first folder of a path: the platform.
func top(path string) string {
	first, _, _ := strings.Cut(path, "/")
	return first
}

// isFake tells the fakes by their name, as users do.
func isFake(path string) bool { return strings.HasSuffix(path, "test") }

// list is every package of the module and all that they need, by import path, ours in order of their path.
var list = sync.OnceValues(func() (ours []pkg, err error) {
	byPath, err := all()
	if err != nil {
		return nil, err
	}
	for _, p := range byPath {
		if p.path() != "" {
			ours = append(ours, p)
		}
	}
	return ours, nil
})

var all = sync.OnceValues(func() (map[string]pkg, error) {
	out, err := run("list", "-deps", "-json=ImportPath,Standard,Module,GoFiles,Imports,Deps,TestGoFiles", "./...")
	if err != nil {
		return nil, err
	}
	pkgs := map[string]pkg{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs, nil
		} else if err != nil {
			return nil, err
		}
		pkgs[p.ImportPath] = p
	}
})

// run is the go command at the root, without a network.
func run(args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off", "GOFLAGS=-mod=readonly")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, errors.Join(err, errors.New(stderr.String()))
	}
	return out, nil
}

func ours(t *testing.T) []pkg {
	t.Helper()
	pkgs, err := list()
	require.NoError(t, err)
	require.NotEmpty(t, pkgs)
	return pkgs
}
