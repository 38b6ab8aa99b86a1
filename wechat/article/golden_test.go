package article_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat/article"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file, which -update writes anew.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	assert.Equal(t, string(read(t, path)), got)
}

// A full article, element by element: whoever changes a theme or a rule sees here what becomes of it.
func TestGoldenArticle(t *testing.T) {
	t.Parallel()
	md := read(t, "testdata/full.md")
	d, err := article.Parse(md)
	require.NoError(t, err)
	require.NoError(t, d.Check())
	out, err := d.Render(article.RenderOptions{Pictures: urls(d), Math: article.TeXSource})
	require.NoError(t, err)

	golden(t, "full.html", strings.ReplaceAll(out.HTML, "><", ">\n<")+"\n")
	golden(t, "full.notes.txt", strings.Join(out.Notes, "\n")+"\n")
}
