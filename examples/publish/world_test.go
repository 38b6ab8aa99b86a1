package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun/aliyuntest"
	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/llm/llmtest"
	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

// childVariable makes this test's own binary the program, so that a test can kill it.
const childVariable = "KITROLL_PUBLISH_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(run(context.Background(), os.Args[1:], Terminal{os.Stdin, os.Stdout, os.Stderr}, os.Getenv, briskTiming(), briskPace()))
	}
	code := m.Run()
	if childFolder != "" {
		_ = os.RemoveAll(childFolder)
	}
	os.Exit(code)
}

var childFolder string

// childBinary is this test's binary, built without the race detector: that one makes a process which lives for a tenth
// of a second live for seconds, hundreds of times. What it would find it finds in the tests without processes.
var childBinary = sync.OnceValues(func() (string, error) {
	if !raceEnabled {
		return os.Args[0], nil
	}
	var err error
	if childFolder, err = os.MkdirTemp("", "publish"); err != nil {
		return "", err
	}
	path := filepath.Join(childFolder, "publish.test.exe")
	out, err := exec.Command("go", "test", "-c", "-o", path, ".").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return path, err
})

// speed is how much faster time goes by at the WeChat of these tests: its minute between two sends is 200 ms.
const speed = 300

func briskTiming() Timing {
	return Timing{MassPause: 61 * time.Second / speed, PublishSettle: 200 * time.Millisecond, LookEvery: 10 * time.Millisecond, LookFor: 2 * time.Second, NoteSettle: 100 * time.Millisecond}
}

func briskPace() Pace { return Pace{Jobs: 5 * time.Millisecond, Records: 2 * time.Millisecond} }

// The secrets of a run. None of them may show anywhere.
const (
	llmKey       = "sk-publish-0123456789abcdef"
	r2Secret     = "5f3d0c9b8a7e6d5c4b3a29181706f5e4d3c2b1a09f8e7d6c5b4a392817060504"
	wechatSecret = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
	aliyunSecret = "kJ8hG5fD3sA1qW2eR4tY6uI7oP9zXc"
	phone        = "13986427531"
)

// world is the four platforms on loopback, the environment that names them, and a folder to work in.
type world struct {
	t      *testing.T
	llm    *llmtest.Server
	r2     *r2test.Server
	wechat *wechattest.Server
	aliyun *aliyuntest.Server
	env    map[string]string
	dir    string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	var err error
	w.llm, err = llmtest.Open(llmtest.Options{Key: llmKey})
	require.NoError(t, err)
	w.llm.OnChat(func(llmtest.ChatRequest) llmtest.Answer { return llmtest.Answer{Text: "# On topic\n\nA text.\n"} })
	picture := pngOf(t, 120, 80, 9) // a small one: hundreds of runs make a cover of it
	w.llm.OnImage(func(llmtest.ImageRequest) llmtest.ImageAnswer { return llmtest.ImageAnswer{Data: picture} })
	w.r2, err = r2test.Open(r2test.Options{SecretAccessKey: r2Secret})
	require.NoError(t, err)
	began := time.Now()
	w.wechat, err = wechattest.Open(wechattest.Options{
		Secret: wechatSecret,
		Now:    func() time.Time { return began.Add(time.Since(began) * speed) },
	})
	require.NoError(t, err)
	w.aliyun, err = aliyuntest.Open(aliyuntest.Options{AccessKeyID: "LTAI5tPublishTest000", AccessKeySecret: aliyunSecret})
	require.NoError(t, err)
	t.Cleanup(func() { w.llm.Close(); w.r2.Close(); w.wechat.Close(); w.aliyun.Close() })
	mount := func(h http.Handler) string {
		srv := httptest.NewServer(h)
		t.Cleanup(srv.Close)
		return srv.URL
	}
	bucket := w.r2.Config()
	at := mount(w.r2)
	w.env = map[string]string{
		"LLM_BASE_URL": mount(w.llm) + "/v1", "LLM_KEY": llmKey, "LLM_MODEL": "gpt-4o-mini", "LLM_IMAGE_MODEL": "gpt-image-1",
		"R2_ACCOUNT_ID": bucket.AccountID, "R2_BUCKET": bucket.Bucket, "R2_ACCESS_KEY_ID": bucket.AccessKeyID, "R2_SECRET_ACCESS_KEY": r2Secret,
		"R2_ENDPOINT": at + r2.MiniflarePath, "R2_PUBLIC_BASE": "https://img.example.com",
		"WECHAT_APPID": w.wechat.Config().AppID, "WECHAT_SECRET": wechatSecret, "WECHAT_BASE_URL": mount(w.wechat),
		"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI5tPublishTest000", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": aliyunSecret,
		"SMS_SIGN": aliyuntest.DemoSign, "SMS_TEMPLATE": aliyuntest.DemoTemplate, "SMS_PHONE": phone, "SMS_ENDPOINT": mount(w.aliyun),
	}
	return w
}

// outcome is what a run left on the terminal.
type outcome struct {
	code        int
	out, screen string
}

// run runs the program in this process.
func (w *world) run(args ...string) outcome { return w.typing("", args...) }

// typing is run with somebody at the keyboard.
func (w *world) typing(keys string, args ...string) outcome {
	w.t.Helper()
	return w.runCtx(w.t.Context(), keys, args...)
}

func (w *world) runCtx(ctx context.Context, keys string, args ...string) outcome {
	w.t.Helper()
	var out, screen bytes.Buffer
	if !slices.Contains(args, "-out") {
		args = append(args, "-out", filepath.Join(w.dir, "out"))
	}
	code := run(ctx, args, Terminal{strings.NewReader(keys), &out, &screen}, func(name string) string { return w.env[name] }, briskTiming(), briskPace())
	return outcome{code, out.String(), screen.String()}
}

// child runs the program in a process of its own, which a fake may kill.
type child struct {
	mu   sync.Mutex
	cmd  *exec.Cmd
	dead chan struct{}
}

// kill ends the process as the power does, and returns when it is gone.
func (c *child) kill() {
	c.mu.Lock()
	cmd, dead := c.cmd, c.dead
	c.mu.Unlock()
	if cmd != nil {
		_ = cmd.Process.Kill()
		<-dead
	}
}

func (c *child) run(w *world, args ...string) outcome {
	w.t.Helper()
	var out, screen bytes.Buffer
	binary, err := childBinary()
	require.NoError(w.t, err)
	cmd := exec.CommandContext(w.t.Context(), binary, append(args, "-out", filepath.Join(w.dir, "out"))...)
	cmd.Env = []string{childVariable + "=1"}
	for k, v := range w.env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	for _, name := range []string{"SYSTEMROOT", "TMP", "TEMP"} {
		if v, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	cmd.Stdout, cmd.Stderr = &out, &screen
	dead := make(chan struct{})
	c.mu.Lock()
	c.cmd, c.dead = cmd, dead
	err = cmd.Start()
	c.mu.Unlock()
	require.NoError(w.t, err)
	_ = cmd.Wait()
	close(dead)
	c.mu.Lock()
	c.cmd = nil
	c.mu.Unlock()
	return outcome{cmd.ProcessState.ExitCode(), out.String(), screen.String()}
}

// file writes a file of the article's folder and returns its path.
func (w *world) file(name string, data []byte) string {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	require.NoError(w.t, os.WriteFile(path, data, 0o600))
	return path
}

// article writes an article with a PNG under two names, and a GIF.
func (w *world) article() string {
	w.t.Helper()
	w.file("a.png", pngOf(w.t, 60, 40, 1))
	w.file("b.png", pngOf(w.t, 60, 40, 1))
	w.file("c.gif", gifOf(w.t, 40, 30))
	w.file("own.png", pngOf(w.t, 300, 200, 2))
	return w.file("post.md", []byte("# A title\n\nText.\n\n![one](a.png)\n\n![the same](b.png)\n\n![moving](c.gif)\n"))
}

// noise is what no encoder makes smaller.
func noise(w, h int, seed uint64) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(seed, seed))
	for i := range img.Pix {
		img.Pix[i] = byte(r.Uint32())
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	return img
}

func pngOf(t *testing.T, w, h int, seed uint64) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, noise(w, h, seed)))
	return b.Bytes()
}

func gifOf(t *testing.T, w, h int) []byte {
	t.Helper()
	g := &gif.GIF{}
	for i := range 2 {
		p := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.White, color.Black})
		p.SetColorIndex(i, i, 1)
		g.Image, g.Delay = append(g.Image, p), append(g.Delay, 10)
	}
	var b bytes.Buffer
	require.NoError(t, gif.EncodeAll(&b, g))
	return b.Bytes()
}

// script is the fault script of the platform that serves an operation.
func (w *world) script(op string) *fault.Script {
	switch op {
	case "images", "chat":
		return w.llm.Script
	case "PutObject":
		return w.r2.Script
	case "SendSms":
		return w.aliyun.Script
	}
	return w.wechat.Script
}

// told is how many messages the operator got that say this.
func (w *world) told(result string) (n int) {
	for _, m := range w.aliyun.Messages() {
		if strings.HasPrefix(m.Params["result"], result) {
			n++
		}
	}
	return n
}

// left is every file that the runs have left in the folder out, by name.
func (w *world) left() map[string]string {
	w.t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(filepath.Join(w.dir, "out"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		files[filepath.Base(path)] = string(data)
		return err
	})
	require.NoError(w.t, err)
	return files
}
