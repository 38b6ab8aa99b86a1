package aliyun_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/kitroll/kitroll/aliyun"
)

// Trap 18.
func TestSegments(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		sign, text string
		intl       bool
		want       aliyun.Segmentation
	}{
		"nothing":               {want: aliyun.Segmentation{Encoding: aliyun.UCS2}},
		"70":                    {text: strings.Repeat("字", 70), want: aliyun.Segmentation{Units: 70, Segments: 1, Encoding: aliyun.UCS2}},
		"71":                    {text: strings.Repeat("字", 71), want: aliyun.Segmentation{Units: 71, Segments: 2, Encoding: aliyun.UCS2}},
		"134":                   {text: strings.Repeat("字", 134), want: aliyun.Segmentation{Units: 134, Segments: 2, Encoding: aliyun.UCS2}},
		"135":                   {text: strings.Repeat("字", 135), want: aliyun.Segmentation{Units: 135, Segments: 3, Encoding: aliyun.UCS2}},
		"160":                   {text: strings.Repeat("a", 160), want: aliyun.Segmentation{Units: 160, Segments: 3, Encoding: aliyun.UCS2}},
		"sign counts":           {sign: "签名", text: strings.Repeat("字", 67), want: aliyun.Segmentation{Units: 71, Segments: 2, Encoding: aliyun.UCS2}},
		"english sign":          {sign: "Kit", text: "ok", want: aliyun.Segmentation{Units: 7, Segments: 1, Encoding: aliyun.UCS2}},
		"emoji is two":          {text: strings.Repeat("字", 69) + "😀", want: aliyun.Segmentation{Units: 71, Segments: 2, Encoding: aliyun.UCS2}},
		"cap":                   {text: strings.Repeat("字", 500), want: aliyun.Segmentation{Units: 500, Segments: 8, Encoding: aliyun.UCS2}},
		"over the cap":          {text: strings.Repeat("字", 501), want: aliyun.Segmentation{Units: 501, Segments: 8, Encoding: aliyun.UCS2, TooLong: true}},
		"gsm 160":               {intl: true, text: strings.Repeat("a", 160), want: aliyun.Segmentation{Units: 160, Segments: 1, Encoding: aliyun.GSM7}},
		"gsm 161":               {intl: true, text: strings.Repeat("a", 161), want: aliyun.Segmentation{Units: 161, Segments: 2, Encoding: aliyun.GSM7}},
		"gsm 307":               {intl: true, text: strings.Repeat("é", 307), want: aliyun.Segmentation{Units: 307, Segments: 3, Encoding: aliyun.GSM7}},
		"gsm extension":         {intl: true, text: `|^€{}[]~\`, want: aliyun.Segmentation{Units: 18, Segments: 1, Encoding: aliyun.GSM7}},
		"gsm sign":              {intl: true, sign: "Kit", text: "ok", want: aliyun.Segmentation{Units: 9, Segments: 1, Encoding: aliyun.GSM7}},
		"one other character":   {intl: true, text: strings.Repeat("a", 70) + "字", want: aliyun.Segmentation{Units: 71, Segments: 2, Encoding: aliyun.UCS2}},
		"a chinese sign abroad": {intl: true, sign: "签", text: "ok", want: aliyun.Segmentation{Units: 5, Segments: 1, Encoding: aliyun.UCS2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, aliyun.Segments(tt.sign, tt.text, tt.intl))
		})
	}
}
