package main

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"image/png"
	"path/filepath"
	"strings"
	"time"

	"github.com/kitroll/kitroll/aliyun/aliyuntest"
	"github.com/kitroll/kitroll/llm/llmtest"
	"github.com/kitroll/kitroll/r2/r2test"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

// fakes are the platforms that are not real in this run. Each keeps its state in a file of dir, as a platform would keep
// it in its data centre: nothing that happened there is undone by a crash here.
type fakes struct {
	dir  string
	open []interface{ Close() }
}

func (f *fakes) close() {
	for _, s := range f.open {
		s.Close()
	}
}

// opened remembers a fake for close.
func opened[S interface{ Close() }](f *fakes, platform string, srv S, err error) (S, error) {
	if err != nil {
		return srv, fmt.Errorf("the fake of %s: %w", platform, err)
	}
	f.open = append(f.open, srv)
	return srv, nil
}

func (f *fakes) state(platform string) string { return filepath.Join(f.dir, platform+".json") }

func (f *fakes) llm(lang Lang) (*llmtest.Server, error) {
	srv, err := llmtest.Open(llmtest.Options{StateFile: f.state("llm")})
	if err == nil {
		srv.OnChat(func(r llmtest.ChatRequest) llmtest.Answer {
			topic := r.Messages[len(r.Messages)-1].Text
			return llmtest.Answer{Text: pretended(topic, lang), Runes: 6, Delay: 3 * time.Millisecond}
		})
		srv.OnImage(func(r llmtest.ImageRequest) llmtest.ImageAnswer { return llmtest.ImageAnswer{Data: painting(r.Prompt)} })
	}
	return opened(f, "llm", srv, err)
}

func (f *fakes) r2() (*r2test.Server, error) {
	srv, err := r2test.Open(r2test.Options{StateFile: f.state("r2")})
	return opened(f, "r2", srv, err)
}

func (f *fakes) wechat() (*wechattest.Server, error) {
	srv, err := wechattest.Open(wechattest.Options{StateFile: f.state("wechat"), PublishAfter: 500 * time.Millisecond})
	return opened(f, "wechat", srv, err)
}

func (f *fakes) aliyun() (*aliyuntest.Server, error) {
	srv, err := aliyuntest.Open(aliyuntest.Options{StateFile: f.state("aliyun")})
	return opened(f, "aliyun", srv, err)
}

// pretended is what the fake model writes: an article in form, that says of itself what it is.
func pretended(topic string, lang Lang) string {
	title := []rune(strings.Join(strings.Fields(topic), " "))
	if len(title) > 30 {
		title = append(title[:29], '…')
	}
	return lang.Sayf(
		"# %[1]s\n\nThis text was written by the fake of package llmtest, which runs inside of this program. It knows nothing about %[2]s.\n\n## What is real here\n\n- The text came as a stream, chunk by chunk, over HTTP.\n- It goes through the same steps as an article of a real model.\n\n## What to do next\n\nSet `LLM_BASE_URL`, `LLM_MODEL` and `LLM_KEY`, and the article is written by a model that knows more.\n",
		"# %[1]s\n\n本文由 llmtest 包的模拟服务生成，它就运行在本程序之内，对“%[2]s”一无所知。\n\n## 哪些是真的\n\n- 文本以流的形式经 HTTP 逐块到达。\n- 之后的每一步都与真实模型的文章相同。\n\n## 下一步\n\n设置 `LLM_BASE_URL`、`LLM_MODEL` 和 `LLM_KEY`，文章就由真正的模型来写。\n",
		string(title), topic)
}

// painting is what the fake model paints: two colours that depend on the prompt, running into each other.
func painting(prompt string) []byte {
	const w, h = 1024, 640
	f := fnv.New64a()
	_, _ = f.Write([]byte(prompt))
	n := f.Sum64()
	from := [3]int{int(n & 127), int(n >> 8 & 127), 128 + int(n>>16&127)}
	to := [3]int{128 + int(n>>24&127), int(n >> 32 & 127), int(n >> 40 & 127)}
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			mix := func(i int) uint8 { return uint8((from[i]*(w+h-x-y) + to[i]*(x+y)) / (w + h)) }
			img.SetRGBA(x, y, color.RGBA{mix(0), mix(1), mix(2), 255})
		}
	}
	var b bytes.Buffer
	_ = png.Encode(&b, img) // a buffer takes everything
	return b.Bytes()
}
