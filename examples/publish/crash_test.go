package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/fault"
)

// The program is killed before and after every call that costs money, reaches somebody or leaves something behind, and
// run again; or the call or its answer is lost on the way. Whatever happened, at the end there is one of each.
func TestCrashMatrix(t *testing.T) {
	t.Parallel()
	type point struct {
		op string
		n  int
	}
	shared := []point{
		{"images", 1},
		{"PutObject", 1},
		{"PutObject", 2},
		{"PutObject", 3},
		{"media/uploadimg", 1},
		{"material/add_material", 1},
		{"material/add_material", 2},
		{"draft/add", 1},
	}
	modes := map[string][]point{
		"publish": append(slices.Clip(shared), point{"freepublish/submit", 1}, point{"SendSms", 1}),
		"mass":    append(slices.Clip(shared), point{"message/mass/sendall", 1}, point{"SendSms", 1}),
	}
	events := []string{"killed before", "killed after", "answer lost", "never arrived"}

	var mu sync.Mutex
	rows := map[string]string{}
	t.Cleanup(func() {
		t.Logf("%-8s %-28s %-14s %5s %6s %9s %8s %6s %7s %5s %4s  runs", "mode", "call", "event", "image", "hosted", "uploadimg", "material", "drafts", "publish", "mass", "SMS")
		for _, mode := range []string{"publish", "mass"} {
			for _, p := range modes[mode] {
				for _, event := range events {
					t.Log(rows[fmt.Sprint(mode, p, event)])
				}
			}
		}
		t.Logf("%d points; an uploadimg whose answer was lost is repeated: it is free and cannot be asked for", len(rows))
	})
	for mode, points := range modes {
		for _, p := range points {
			for _, event := range events {
				t.Run(fmt.Sprintf("%s/%s %d/%s", mode, p.op, p.n, event), func(t *testing.T) {
					t.Parallel()
					w := newWorld(t)
					args := []string{"-article", w.article(), "-cover", "new", "-yes", "-publish"}
					if mode == "mass" {
						args = append(args[:len(args)-1], "-mass", "all")
					}
					c := &child{}
					w.arrange(c, p.op, p.n, event)
					got := c.run(w, args...)
					if strings.HasPrefix(event, "killed") {
						require.Equal(t, -1, got.code, "the process was to be killed: %s", got.screen)
					}
					runs := 1
					for ; got.code != exitDone && runs < 5; runs++ {
						again := args
						if got.code == exitUnknown {
							again = decide(t, p.op, event, args, w, got.screen)
						}
						got = c.run(w, again...)
					}
					require.Equal(t, exitDone, got.code, got.screen)

					uploads := 1
					if p.op == "media/uploadimg" && (event == "killed after" || event == "answer lost") {
						uploads = 2
					}
					publications, sends, done := 1, 0, "published"
					if mode == "mass" {
						publications, sends, done = 0, 1, "sent"
					}
					assert.Equal(t, 1, w.llm.ImagesMade(), "images")
					assert.Len(t, w.r2.Objects(), 3, "distinct pictures hosted")
					for _, o := range w.r2.Objects() {
						assert.Equal(t, 1, o.Writes, o.Key)
					}
					assert.Len(t, w.wechat.ArticleImages(), uploads, "article pictures")
					assert.Len(t, w.wechat.Materials(), 2, "the GIF and the cover")
					assert.Empty(t, w.wechat.Drafts(), "the one draft is used up")
					assert.Len(t, w.wechat.PublishJobs(), publications, "publishing jobs")
					assert.Len(t, w.wechat.Published(), publications, "publications")
					assert.Len(t, w.wechat.MassJobs(), sends, "mass sends")
					assert.Equal(t, 1, w.told(done), "messages of the end")

					// Once more: nothing happens.
					before := w.calls()
					got = c.run(w, args...)
					require.Equal(t, exitDone, got.code, got.screen)
					assert.Contains(t, got.screen, "nothing was repeated")
					assert.Equal(t, before, w.calls())

					mu.Lock()
					defer mu.Unlock()
					rows[fmt.Sprint(mode, p, event)] = fmt.Sprintf("%-8s %-28s %-14s %5d %6d %9d %8d %6d %7d %5d %4d  %d",
						mode, fmt.Sprint(p.op, " ", p.n), event, w.llm.ImagesMade(), len(w.r2.Objects()), len(w.wechat.ArticleImages()), len(w.wechat.Materials()),
						len(w.wechat.PublishJobs())+len(w.wechat.MassJobs())+len(w.wechat.Drafts()), len(w.wechat.PublishJobs()), len(w.wechat.MassJobs()), w.told(done), runs)
				})
			}
		}
	}
}

// arrange makes the n-th call of op meet its event.
func (w *world) arrange(c *child, op string, n int, event string) {
	script := w.script(op)
	fails := map[string]func(string){"killed before": script.DropNext, "never arrived": script.DropNext, "answer lost": script.LoseNext}[event]
	if fails != nil && n == 1 {
		fails(op)
	}
	script.Observe(func(e fault.Event) {
		switch {
		case e.Op != op:
		case fails != nil && e.N == n-1 && e.When == fault.After:
			fails(op)
		case e.N != n:
		case event == "killed before" && e.When == fault.Before, event == "killed after" && e.When == fault.After:
			c.kill()
		}
	})
}

// decide is the person whom the program asks when an outcome stays unknown. Painting is the one thing that no platform
// can be asked about, so they look at the bill: a picture that was not charged is asked for again, one that was is
// replaced by one of their own.
func decide(t *testing.T, op, event string, args []string, w *world, screen string) []string {
	t.Helper()
	if op == "SendSms" {
		assert.Contains(t, screen, "a run after")
		time.Sleep(briskTiming().NoteSettle) // the person comes back when the program has said
		return args
	}
	require.Equal(t, "images", op, "only a painted picture needs a person: %s", screen)
	assert.Contains(t, screen, "-again paint")
	assert.Contains(t, screen, "-cover FILE")
	if event == "killed before" || event == "never arrived" {
		return append(slices.Clip(args), "-again", "paint")
	}
	own := append([]string{}, args...)
	for i, a := range own {
		if a == "-cover" {
			own[i+1] = w.dir + "/own.png"
		}
	}
	return own
}

// calls counts what arrived at the platforms.
func (w *world) calls() int {
	return w.llm.Calls("") + w.r2.Calls("") + w.wechat.Calls("") + w.aliyun.Calls("")
}
