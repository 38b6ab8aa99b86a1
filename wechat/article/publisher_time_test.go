package article_test

import (
	"fmt"
	"image/color"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/article"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

// An article with twenty pictures takes five latencies of an upload and no more than a tenth above, over HTTP and with
// everything else that Draft does. A cover that is not in the library yet is one upload more, after the pictures: it
// counts against the library, and is not sent for an article whose pictures fail.
func TestDraftTime(t *testing.T) {
	t.Parallel()
	const latency = time.Second
	files := fstest.MapFS{}
	var md strings.Builder
	md.WriteString("---\ntitle: 二十张图\n---\n\n")
	for i := range 20 {
		name := fmt.Sprintf("%d.png", i)
		files[name] = &fstest.MapFile{Data: pngOf(t, flat(4, 4, color.NRGBA{uint8(i), 9, 9, 255}))}
		fmt.Fprintf(&md, "![图](%s)\n\n", name)
	}
	for name, tt := range map[string]struct {
		hasCover bool
		uploads  int
	}{"cover in the library": {hasCover: true, uploads: 5}, "new cover": {uploads: 6}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := wechattest.NewServer()
				defer srv.Close()
				c, err := wechat.New(srv.Config())
				require.NoError(t, err)
				opts := &article.DraftOptions{}
				if tt.hasCover {
					m, err := c.UploadMaterial(t.Context(), wechat.ImageMaterial, wechat.FileBytes("c.png", files["0.png"].Data), nil)
					require.NoError(t, err)
					opts.CoverID = m.ID
				}
				for range 20 {
					srv.SlowNext("media/uploadimg", latency)
				}
				srv.SlowNext("material/add_material", latency)
				p, err := article.New(article.Config{Client: c, Loader: article.Loader{FS: files}})
				require.NoError(t, err)
				began := time.Now()
				_, report, err := p.Draft(t.Context(), []byte(md.String()), opts)
				require.NoError(t, err)
				took := time.Since(began)
				assert.Len(t, report.Pictures, 20)
				assert.Len(t, srv.ArticleImages(), 20)
				least := time.Duration(tt.uploads) * latency
				assert.GreaterOrEqual(t, took, least, "each upload was slow")
				assert.LessOrEqual(t, took, least+least/10)
				t.Logf("%s: 20 pictures of %s each in %s", name, latency, took)
			})
		})
	}
}
