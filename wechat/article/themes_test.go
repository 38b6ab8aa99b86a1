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

var themesTo = flag.String("themes", "", "write a page of each theme, light and dark, into this folder")

// Each theme on a text with every element, as a page that is light and one that is dark. With -themes they are left for
// .ci/themes to look at.
func TestThemePages(t *testing.T) {
	t.Parallel()
	d, err := article.Parse(read(t, "testdata/themes.md"))
	require.NoError(t, err)
	pictures, addresses := map[string][]byte{}, urls(d)
	root := folder(t)
	for ref, src := range addresses {
		if file := root[ref]; file != nil {
			pictures[src] = file.Data
		} else {
			pictures[src] = pngOf(t, scene(640, 360))
		}
	}
	for _, theme := range article.Themes() {
		out, err := d.Render(article.RenderOptions{Theme: theme, Pictures: addresses, Math: article.TeXSource, Highlight: keywords})
		require.NoError(t, err)
		page := string(article.Preview(out.HTML, d.Title, d.Author, pictures))
		assert.Contains(t, page, `data-dark="0"`)
		for _, scheme := range []string{"light", "dark"} {
			chosen := strings.NewReplacer(`id="auto" checked`, `id="auto"`, `id="`+scheme+`"`, `id="`+scheme+`" checked`).Replace(page)
			assert.Equal(t, 1, strings.Count(chosen, `" checked`))
			if *themesTo != "" {
				require.NoError(t, os.WriteFile(filepath.Join(*themesTo, theme.Name+"-"+scheme+".html"), []byte(chosen), 0o600))
			}
		}
	}
}
