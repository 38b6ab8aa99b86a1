package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestReportDrawsBarsOnATerminalAlone(t *testing.T) {
	t.Parallel()
	draw := func(terminal bool) string {
		var b bytes.Buffer
		r := NewReport(&b, terminal, English)
		for i := range 3 {
			r.Progress("upload", i, 2)
		}
		r.Waiting("publish", "publishing")
		r.Waiting("publish", "publishing")
		r.Done("publish", values{"address": "https://x"})
		return b.String()
	}
	assert.Equal(t, "  upload pictures 0/2\n  upload pictures 1/2\n  upload pictures 2/2\n  publish: publishing\n+ publish: done (https://x)\n", draw(false))
	assert.Equal(t, "\r\x1b[K  upload pictures ░░░░░░░░░░░░░░░░░░░░░░░░ 0/2"+
		"\r\x1b[K  upload pictures ████████████░░░░░░░░░░░░ 1/2"+
		"\r\x1b[K  upload pictures ████████████████████████ 2/2\n"+
		"\r\x1b[K  publish: publishing\r\x1b[K  publish: publishing\n+ publish: done (https://x)\n", draw(true))
}

// A model's text must not drive the terminal.
func TestReportDropsControlCharacters(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	r := NewReport(&b, true, English)
	r.Delta("a\x1b[2Jb\r\n\tc\u009b31m中")
	r.EndDelta()
	assert.Equal(t, "a[2Jb\n\tc31m中\n", b.String())
}

func TestUnfenced(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ in, want string }{
		"plain":        {"# T\n\nx", "# T\n\nx\n"},
		"fenced":       {"```markdown\n# T\n\nx\n```\n", "# T\n\nx\n"},
		"code at ends": {"```go\nx\n```", "```go\nx\n```\n"},
		"cut fence":    {"```md\n# T", "```md\n# T\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, unfenced(tt.in))
		})
	}
}

func TestSlug(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"HTTP/3 in one page": "http-3-in-one-page", "../../etc": "etc", "微信 发布": "微信-发布", "???": "article", "..": "article",
	} {
		assert.Equal(t, want, slug(in))
	}
}
