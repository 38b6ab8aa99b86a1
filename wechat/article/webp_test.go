package article_test

import (
	"bytes"
	"image/jpeg"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat/article"
)

// The chart is white, with one red column and one green.
func TestFitKeepsTheColoursOfWebP(t *testing.T) {
	t.Parallel()
	pic, err := article.Fit(article.NewPicture("chart.webp", "chart.webp", read(t, "testdata/chart.webp")))
	require.NoError(t, err)
	img, err := jpeg.Decode(bytes.NewReader(pic.Data))
	require.NoError(t, err)
	for name, at := range map[string]struct {
		x, y    int
		r, g, b int
	}{
		"paper": {5, 5, 255, 255, 255},
		"red":   {215, 260, 0xc0, 0x50, 0x4d},
		"green": {290, 310, 0x2b, 0x8a, 0x57},
	} {
		r, g, b, _ := img.At(at.x, at.y).RGBA()
		assert.InDelta(t, at.r, r>>8, 4, name)
		assert.InDelta(t, at.g, g>>8, 4, name)
		assert.InDelta(t, at.b, b>>8, 4, name)
	}
}
