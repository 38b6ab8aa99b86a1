package arch_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rows are the lines of the tables of a page.
func rows(page []byte) string {
	var b strings.Builder
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(strings.TrimSpace(line), "|") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// names tells whether the path stands in the text as a word of its own: "wechat" is not in "wechat/article".
func names(text, path string) bool {
	return regexp.MustCompile(`(^|[^\w/.-])(\./)?` + regexp.QuoteMeta(path) + `/?($|[^\w/-])`).MatchString(text)
}

// Every README at the root, in whatever language, has each package of the library and each example in a table.
func TestReadmesNameEveryPackage(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob(filepath.Join(root, "README*.md"))
	require.NoError(t, err)
	require.Contains(t, pages, filepath.Join(root, "README.md"))
	for _, page := range pages {
		text := rows(read(t, filepath.Base(page)))
		for _, p := range ours(t) {
			if !strings.Contains("/"+p.path(), "/internal/") {
				assert.True(t, names(text, p.path()), "%s: no table names %s", filepath.Base(page), p.path())
			}
		}
	}
}

func TestInternalReadmeNamesEveryFolder(t *testing.T) {
	t.Parallel()
	text := rows(read(t, "internal/README.md"))
	for _, p := range ours(t) {
		if folder, ok := strings.CutPrefix(p.path(), "internal/"); ok {
			assert.True(t, names(text, top(folder)), "internal/README.md: no table names %s", folder)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text, path string
		want       bool
	}{
		"code":           {"| `wechat` | x |", "wechat", true},
		"link":           {"| [wechat](wechat) |", "wechat", true},
		"folder":         {"| [it](./wechat/) |", "wechat", true},
		"only a part":    {"| `wechat/article` |", "wechat", false},
		"only an end":    {"| `x/article` |", "article", false},
		"another's head": {"| `wechattest` |", "wechat", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, names(tt.text, tt.path))
		})
	}
}
