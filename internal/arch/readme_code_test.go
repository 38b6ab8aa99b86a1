package arch_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The READMEs of the root, the English one first.
func twins() []string { return []string{"README.md", "README.zh.md"} }

var (
	codeBlock = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")
	heading   = regexp.MustCompile(`(?m)^#+ `)
	inline    = regexp.MustCompile("`[^`\n]+`")
	link      = regexp.MustCompile(`\]\(([^)]+)\)`)
	selector  = regexp.MustCompile(`\b([a-z]\w*)\.[A-Z]`)
)

// The two say the same: headings, tables, code and links are the same in number and order, code to the letter.
func TestReadmesAreInStep(t *testing.T) {
	t.Parallel()
	shape := func(page string) (code, headings, links, tables []string) {
		text := string(read(t, page))
		code = codeBlock.FindAllString(text, -1)
		text = codeBlock.ReplaceAllString(text, "")
		headings = heading.FindAllString(text, -1)
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if !strings.HasPrefix(m[1], "README") {
				links = append(links, m[1])
			}
		}
		for row := range strings.Lines(rows([]byte(text))) {
			tables = append(tables, fmt.Sprint(strings.Count(row, "|"), inline.FindAllString(row, -1)))
		}
		return code, headings, links, tables
	}
	code, headings, links, tables := shape(twins()[0])
	assert.GreaterOrEqual(t, len(code), 6)
	for _, page := range twins()[1:] {
		c, h, l, ta := shape(page)
		assert.Equal(t, code, c, page)
		assert.Equal(t, headings, h, page)
		assert.Equal(t, links, l, page)
		assert.Equal(t, tables, ta, page)
	}
}

func TestLinksOfRootPagesLead(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob(filepath.Join(root, "*.md"))
	require.NoError(t, err)
	for _, page := range pages {
		text := codeBlock.ReplaceAllString(string(read(t, filepath.Base(page))), "")
		text = inline.ReplaceAllString(text, "code")
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if target, _, _ := strings.Cut(m[1], "#"); target != "" && !strings.Contains(target, "://") {
				_, err := os.Stat(filepath.Join(root, target))
				assert.NoError(t, err, "%s: %s", filepath.Base(page), m[1])
			}
		}
	}
}

// Every Go block of the README is a function body that compiles, and runs to its end without an error.
func TestReadmeCodeRuns(t *testing.T) {
	t.Parallel()
	packages := map[string]string{
		"bytes": "bytes", "errors": "errors", "fmt": "fmt", "fs": "io/fs", "http": "net/http", "os": "os", "time": "time",
	}
	for _, p := range ours(t) {
		if top(p.path()) != "internal" && top(p.path()) != "examples" {
			packages[filepath.Base(p.path())] = "github.com/kitroll/kitroll/" + p.path()
		}
	}
	imports := map[string]bool{"context": true, "fmt": true, "os": true, "net/http": true, "github.com/kitroll/kitroll/wechat": true, "github.com/kitroll/kitroll/wechat/wechattest": true}
	var functions strings.Builder
	n := 0
	for _, m := range codeBlock.FindAllStringSubmatch(string(read(t, "README.md")), -1) {
		if m[1] != "go" {
			continue
		}
		n++
		for _, s := range selector.FindAllStringSubmatch(m[2], -1) {
			if path, ok := packages[s[1]]; ok {
				imports[path] = true
			}
		}
		fmt.Fprintf(&functions, "func example%d(ctx context.Context, client *wechat.Client, data, markdown []byte, req *http.Request) error {\n{\n%s\nreturn err\n}\n}\n\n",
			n, m[2]) // a scope of its own: a block may have another client
	}
	require.Equal(t, 11, n)
	var main strings.Builder
	main.WriteString("package main\n\nimport (\n")
	for path := range imports {
		fmt.Fprintf(&main, "%q\n", path)
	}
	main.WriteString(`)

func main() {
	ctx := context.Background()
	srv := wechattest.NewServer()
	defer srv.Close()
	client, err := wechat.New(srv.Config())
	if err != nil {
		panic(err)
	}
	req, err := http.NewRequestWithContext(ctx, "GET", "data:", nil)
	if err != nil {
		panic(err)
	}
	http.DefaultClient = &http.Client{Transport: events{}}
	os.Mkdir("posts", 0o700)
	picture, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	os.WriteFile("posts/a.jpg", picture, 0o600)
	markdown := []byte("# T\n\n![](a.jpg)\n")
	for i, f := range []func(context.Context, *wechat.Client, []byte, []byte, *http.Request) error{`)
	for i := range n {
		fmt.Fprintf(&main, "example%d, ", i+1)
	}
	main.WriteString(`} {
		if err := f(ctx, client, picture, markdown, req); err != nil {
			fmt.Println("example", i+1, err)
			os.Exit(1)
		}
	}
}

type events struct{}

func (events) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{Body: io.NopCloser(strings.NewReader("data: one\n\n"))}, nil
}

`)
	source := strings.Replace(main.String()+functions.String(), "import (\n", "import (\n\"io\"\n\"strings\"\n", 1)
	dir := t.TempDir()
	file := filepath.Join(dir, "main.go")
	require.NoError(t, os.WriteFile(file, []byte(source), 0o600))
	// The program is laid over the module, where nothing has to be written.
	module, err := filepath.Abs(root)
	require.NoError(t, err)
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(module, "readme_program", "main.go"): file}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600))
	program := filepath.Join(dir, "readme.exe")
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, "./readme_program")
	build.Dir = module
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s\n%s", out, source)
	run := exec.CommandContext(t.Context(), program, filepath.Join(module, "examples", "publish", "demo", "cover.jpg"))
	run.Dir = dir
	out, err = run.CombinedOutput()
	require.NoError(t, err, string(out))
}
