package main

import (
	"context"
	"encoding/base64"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/fault"
)

// Without a key and without a network, in both languages; and once more.
func TestDemo(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "zh"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, dir: t.TempDir()}
			got := w.run("-lang", lang)
			require.Equal(t, exitDone, got.code, got.screen)
			assert.Regexp(t, `^https://mp\.weixin\.qq\.com/s\S+\n$`, got.out)
			assert.Contains(t, got.screen, "llm, r2, wechat, aliyun")
			first := w.left()
			assert.NotContains(t, first["preview.html"], "missing\"", "every picture is in the preview")
			assert.Equal(t, 3, strings.Count(first["preview.html"], `src="data:image/`))
			assert.Equal(t, 3, strings.Count(first["portable.md"], "](https://img."))

			again := w.run("-lang", lang)
			require.Equal(t, exitDone, again.code, again.screen)
			assert.Equal(t, got.out, again.out)
			assert.Contains(t, again.screen, map[string]string{"en": "nothing was repeated", "zh": "没有重复任何操作"}[lang])
			assert.Equal(t, first, w.left(), "no file has changed, those of the fakes included")
		})
	}
}

// An article with everything in it, published.
func TestOwnArticle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, os.Mkdir(filepath.Join(w.dir, "pics"), 0o700))
	big := pngOf(t, 700, 600, 3)
	require.Greater(t, len(big), 1<<20)
	w.file("pics/big.png", big)
	w.file("pics/moving.gif", gifOf(t, 120, 40))
	webp, err := demo.ReadFile("demo/chart.webp")
	require.NoError(t, err)
	w.file("pics/chart.webp", webp)
	data := "data:image/png;base64," + base64.StdEncoding.EncodeToString(pngOf(t, 20, 20, 4))
	text, err := os.ReadFile("testdata/everything.md")
	require.NoError(t, err)
	got := w.run("-article", w.file("x.md", []byte(strings.ReplaceAll(string(text), "DATA-URI", data))), "-publish")
	require.Equal(t, exitDone, got.code, got.screen)

	published := w.wechat.Published()
	require.Len(t, published, 1)
	html := published[0].Articles[0].Content
	for _, never := range []string{"<style", "class=", `style=""`, "<script", "id=", "data-src"} {
		assert.NotContains(t, html, never)
	}
	images := regexp.MustCompile(`<img[^>]*>`).FindAllString(html, -1)
	assert.Len(t, images, 4)
	for _, img := range images {
		assert.Regexp(t, `src="https?://mmbiz\.qpic\.cn/`, img)
	}
	assert.Equal(t, published[0].Articles[0].URL, strings.Replace(strings.TrimSpace(got.out), "https:", "http:", 1))
	preview := w.left()["preview.html"]
	assert.Equal(t, 4, strings.Count(preview, `src="data:image/`))
	assert.NotContains(t, preview, `src="http`)
	if folder := os.Getenv("KITROLL_PREVIEW"); folder != "" { // for whoever wants to look at it
		require.NoError(t, os.WriteFile(filepath.Join(folder, "everything.html"), []byte(preview), 0o600))
	}
	assert.Len(t, w.r2.Objects(), 4)
	assert.Equal(t, 1, w.told("published"))
}

func TestMassSendIsShownAndConfirmed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, keys := range []string{"", "\n", "y\n", "yes\n", "Send it\n"} {
		got := w.typing(keys, "-article", w.article(), "-mass", "all")
		require.Equal(t, exitNotConfirmed, got.code, got.screen)
		for _, shown := range []string{"everyone", "receivers:       8", "A title", "API calls left:  100 of 100", "clientmsgid:     ", "mass sends left:"} {
			assert.Contains(t, got.screen, shown)
		}
		assert.Empty(t, got.out)
	}
	assert.Zero(t, w.wechat.Calls("message/mass/sendall"))
	assert.Empty(t, w.aliyun.Messages(), "whoever said no knows")

	got := w.typing("send\n", "-article", w.article(), "-mass", "all")
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Len(t, w.wechat.MassJobs(), 1)
	got = w.run("-article", w.article(), "-mass", "读者", "-yes")
	assert.Equal(t, exitInput, got.code, "the draft is used up")
	assert.Contains(t, got.screen, `a mass send to "all"`)
	got = w.run("-article", w.article(), "-publish")
	assert.Equal(t, exitInput, got.code)
	assert.Contains(t, got.screen, "uses it up")

	w = newWorld(t)
	got = w.run("-article", w.article(), "-mass", "读者", "-yes")
	require.Equal(t, exitDone, got.code, got.screen)
	require.Len(t, w.wechat.MassJobs(), 1)
	assert.Equal(t, 101, w.wechat.MassJobs()[0].Tag)
	w = newWorld(t)
	got = w.run("-article", w.article(), "-mass", "nobody", "-yes")
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.screen, `no tag "nobody"`)
}

// Each step fails once. The error says which, why, under which request and what to do; the operator is told; the next run
// goes on and finishes.
func TestEachStepFailsOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args []string
		fail func(w *world)
		want []string
		told string
	}{
		"write": {
			args: []string{"-topic", "HTTP/3"},
			fail: func(w *world) {
				w.llm.AnswerNext("chat", 401, map[string][]string{"X-Request-Id": {"req-77"}, "Content-Type": {"application/json"}}, `{"error":{"message":"Incorrect API key","code":"invalid_api_key"}}`)
			},
			want: []string{"write: ", "Incorrect API key", "req-77", "check LLM_KEY"}, told: "failed: write the article",
		},
		"paint": {
			args: []string{"-topic", "HTTP/3"},
			fail: func(w *world) {
				w.llm.AnswerNext("images", 400, map[string][]string{"X-Request-Id": {"req-78"}, "Content-Type": {"application/json"}}, `{"error":{"message":"quota","code":"insufficient_quota"}}`)
			},
			want: []string{"paint: ", "insufficient_quota", "req-78", "top it up"}, told: "failed: paint the cover",
		},
		"host": {
			fail: func(w *world) {
				w.r2.AnswerNext("PutObject", 403, map[string][]string{"Cf-Ray": {"ray-79"}}, `<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`)
			},
			want: []string{"host: ", "AccessDenied", "ray-79", "token"}, told: "failed: host pictures",
		},
		"upload": {
			fail: func(w *world) { w.wechat.FailNext("media/uploadimg", 45009) },
			want: []string{"upload: ", "45009", "rid ", "00:00"}, told: "failed: upload pictures",
		},
		"cover": {
			fail: func(w *world) { // the first material is the GIF
				w.wechat.Observe(func(e fault.Event) {
					if e.Op == "material/add_material" && e.N == 1 && e.When == fault.After {
						w.wechat.FailNext("material/add_material", 40164)
					}
				})
			},
			want: []string{"cover: ", "40164", "rid ", "whitelist"}, told: "failed: upload the cover",
		},
		"draft": {
			fail: func(w *world) { w.wechat.FailNext("draft/add", 45003) },
			want: []string{"draft: ", "45003", "rid "}, told: "failed: create the draft",
		},
		"proof": {
			fail: func(w *world) { w.wechat.FailNext("draft/get", 48001) },
			want: []string{"proof: ", "48001", "rid "}, told: "failed: read the draft back",
		},
		"publish": {
			args: []string{"-publish"},
			fail: func(w *world) { w.wechat.FailNext("freepublish/submit", 48001) },
			want: []string{"publish: ", "48001", "rid "}, told: "failed: publish",
		},
		"mass": {
			args: []string{"-mass", "all", "-yes"},
			fail: func(w *world) { w.wechat.FailNext("message/mass/sendall", 45028) },
			want: []string{"mass: ", "45028", "rid "}, told: "failed: mass send",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			args := tt.args
			if !slices.Contains(args, "-topic") {
				args = append([]string{"-article", w.article()}, args...)
			}
			tt.fail(w)
			got := w.run(args...)
			require.Equal(t, exitFailed, got.code, got.screen)
			for _, want := range tt.want {
				assert.Contains(t, got.screen, want)
			}
			assert.Empty(t, got.out)
			messages := w.aliyun.Messages()
			require.Len(t, messages, 1, "the operator is told")
			assert.Equal(t, tt.told, messages[0].Params["result"])

			got = w.run(args...)
			require.Equal(t, exitDone, got.code, got.screen)
			assert.Len(t, w.aliyun.Messages(), 2)
		})
	}
}

// The message fails as well: the first cause is the one that is reported first, and the exit code is its own.
func TestFirstCauseIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	args := []string{"-article", w.article()}
	w.wechat.FailNext("draft/add", 45003)
	w.aliyun.FailNext("SendSms", "isv.AMOUNT_NOT_ENOUGH")
	got := w.run(args...)
	assert.Equal(t, exitFailed, got.code)
	draft, sms := strings.Index(got.screen, "45003"), strings.Index(got.screen, "isv.AMOUNT_NOT_ENOUGH")
	assert.Positive(t, draft, got.screen)
	assert.Greater(t, sms, draft, got.screen)

	w.wechat.FailNext("draft/add", 45003)
	w.aliyun.LoseNext("SendSms")
	got = w.run(args...)
	assert.Equal(t, exitFailed, got.code, "that of the first cause: %s", got.screen)
	for range 3 { // the same failure is told once
		w.wechat.FailNext("draft/add", 45003)
		assert.Equal(t, exitFailed, w.run(args...).code)
	}
	assert.Equal(t, 1, w.told("failed: create the draft"))
	require.Equal(t, exitDone, w.run(args...).code)
}

// The article is out and nobody could be told: its address is printed all the same.
func TestDoneAndUntold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	args := []string{"-article", w.article(), "-publish"}
	w.aliyun.FailNext("SendSms", "isv.AMOUNT_NOT_ENOUGH")
	got := w.run(args...)
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.screen, "A title: published")
	assert.Contains(t, got.screen, "error: sms: ")
	assert.Regexp(t, `^https://mp\.weixin\.qq\.com/\S+\n$`, got.out)
	again := w.run(args...)
	assert.Equal(t, exitDone, again.code, again.screen)
	assert.Equal(t, got.out, again.out)
	assert.Len(t, w.wechat.PublishJobs(), 1)
}

// A theme is part of what a draft is made from: another one does not go on with it.
func TestTheme(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	args := []string{"-article", w.article()}
	w.wechat.FailNext("draft/get", 45009)
	got := w.run(append(args, "-theme", "Ink")...)
	require.Equal(t, exitFailed, got.code, got.screen)
	assert.Contains(t, w.wechat.Drafts()[0].Articles[0].Content, "text-indent:2em")
	got = w.run(args...)
	assert.Equal(t, exitInput, got.code)
	assert.Contains(t, got.screen, "the -theme is not the one")
	got = w.run(append(args, "-theme", "ink")...)
	assert.Equal(t, exitDone, got.code, got.screen)
	assert.Len(t, w.wechat.Drafts(), 1)
}

func TestHelp(t *testing.T) {
	t.Parallel()
	w := &world{t: t, dir: t.TempDir()}
	for _, lang := range []string{"en", "zh"} {
		got := w.run("-lang", lang, "-h")
		assert.Equal(t, exitDone, got.code)
		for _, v := range allVariables() {
			for _, name := range slices.Concat(v.required, v.optional) {
				assert.Contains(t, got.screen, name)
			}
		}
	}
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("长", 200)
	for name, tt := range map[string]struct {
		files map[string]string
		args  []string
		env   map[string]string
		want  string
	}{
		"missing article":            {args: []string{"-article", "DIR/none.md"}, want: "-article: DIR/none.md does not exist"},
		"article is a folder":        {args: []string{"-article", "DIR"}, want: "is not a regular file"},
		"empty article":              {files: map[string]string{"x.md": ""}, args: []string{"-article", "DIR/x.md"}, want: "title: required and empty"},
		"no body":                    {files: map[string]string{"x.md": "# T\n"}, args: []string{"-article", "DIR/x.md"}, want: "body: required and empty"},
		"title":                      {files: map[string]string{"x.md": "# " + long + "\n\nb\n"}, args: []string{"-article", "DIR/x.md"}, want: "title: over the platform's limit: 200, the limit is 32"},
		"author":                     {files: map[string]string{"x.md": "---\nauthor: " + long + "\n---\n# T\n\nb\n"}, args: []string{"-article", "DIR/x.md"}, want: "author: over the platform's limit: 200, the limit is 16"},
		"digest":                     {files: map[string]string{"x.md": "---\ndigest: " + long + "\n---\n# T\n\nb\n"}, args: []string{"-article", "DIR/x.md"}, want: "digest: over the platform's limit: 200, the limit is 128"},
		"front matter":               {files: map[string]string{"x.md": "---\nno colon\n---\n# T\n\nb\n"}, args: []string{"-article", "DIR/x.md"}, want: "line 2"},
		"missing picture":            {files: map[string]string{"x.md": "# T\n\n![](none.png)\n"}, args: []string{"-article", "DIR/x.md"}, want: "none.png"},
		"unreadable picture":         {files: map[string]string{"x.md": "# T\n\n![](p.png)\n", "p.png": "\x89PNG\r\n\x1a\nbroken"}, args: []string{"-article", "DIR/x.md"}, want: "p.png"},
		"unsupported picture":        {files: map[string]string{"x.md": "# T\n\n![](p.svg)\n", "p.svg": `<svg xmlns="http://www.w3.org/2000/svg"/>`}, args: []string{"-article", "DIR/x.md"}, want: "p.svg"},
		"picture elsewhere":          {files: map[string]string{"x.md": "# T\n\n![](../secret.png)\n"}, args: []string{"-article", "DIR/x.md"}, want: "leaves the article's folder"},
		"picture by full path":       {files: map[string]string{"x.md": "# T\n\n![](/etc/passwd)\n"}, args: []string{"-article", "DIR/x.md"}, want: "begins in the article's folder"},
		"missing cover":              {args: []string{"-topic", "t", "-cover", "DIR/none.png"}, want: "-cover: picture DIR/none.png does not exist"},
		"broken cover":               {files: map[string]string{"c.png": "no picture"}, args: []string{"-topic", "t", "-cover", "DIR/c.png"}, want: "-cover: "},
		"two modes":                  {args: []string{"-publish", "-mass", "all"}, want: "-publish and -mass exclude each other"},
		"draft and publish":          {args: []string{"-draft", "-publish"}, want: "-draft and -publish exclude each other"},
		"two sources":                {args: []string{"-topic", "t", "-article", "x.md"}, want: "-topic and -article exclude each other"},
		"language":                   {args: []string{"-lang", "fr"}, want: `-lang: "fr" is neither en nor zh`},
		"theme":                      {args: []string{"-theme", "pink"}, want: `-theme: "pink" is none of default, ink, bold`},
		"drawing that would break":   {files: map[string]string{"x.md": "# T\n\nb\n\n<svg><use href=\"#a\"/></svg>\n"}, args: []string{"-article", "DIR/x.md"}, want: "line 5: <use> in an SVG does not survive at WeChat"},
		"again":                      {args: []string{"-again", "draft"}, want: `-again: "draft" is none of paint, publish, mass, sms`},
		"stray word":                 {args: []string{"x.md"}, want: `"x.md" is not a flag`},
		"unknown flag":               {args: []string{"-x"}, want: "-x"},
		"demo on a real account":     {want: "name your own"},
		"half a platform":            {env: map[string]string{"WECHAT_SECRET": ""}, want: "wechat: the environment has WECHAT_APPID, WECHAT_BASE_URL but not WECHAT_SECRET"},
		"fake text, real account":    {args: []string{"-topic", "t"}, env: map[string]string{"LLM_BASE_URL": "", "LLM_MODEL": "", "LLM_KEY": "", "LLM_IMAGE_MODEL": ""}, want: "set LLM_BASE_URL and LLM_MODEL"},
		"phone":                      {args: []string{"-topic", "t"}, env: map[string]string{"SMS_PHONE": "12"}, want: "SMS_PHONE"},
		"broken journal":             {files: map[string]string{"j.json": `{"kind":`}, args: []string{"-topic", "t", "-journal", "DIR/j.json"}, want: "j.json is broken"},
		"foreign journal":            {files: map[string]string{"j.json": `{"a":1}`}, args: []string{"-topic", "t", "-journal", "DIR/j.json"}, want: "is not a journal of this program"},
		"later journal":              {files: map[string]string{"j.json": `{"kind":"kitroll publish journal","version":9}`}, args: []string{"-topic", "t", "-journal", "DIR/j.json"}, want: "has version 9"},
		"journal of another":         {files: map[string]string{"j.json": `{"kind":"kitroll publish journal","version":1,"source":"y.md","identity":"x"}`}, args: []string{"-topic", "t", "-journal", "DIR/j.json"}, want: "belongs to another article"},
		"journal of another account": {files: map[string]string{"j.json": `{"kind":"kitroll publish journal","version":1,"source":"t","identity":"` + hash([]byte("t\x00")) + `","platforms":{"wechat":"wxother"}}`}, args: []string{"-topic", "t", "-journal", "DIR/j.json"}, want: `was begun with wechat "wxother"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for file, content := range tt.files {
				w.file(file, []byte(content))
			}
			maps.Copy(w.env, tt.env)
			var args []string
			for _, a := range tt.args {
				args = append(args, strings.Replace(a, "DIR", w.dir, 1))
			}
			got := w.run(args...)
			assert.Equal(t, exitInput, got.code, got.screen)
			assert.Contains(t, got.screen, strings.ReplaceAll(tt.want, "DIR", w.dir))
			assert.Empty(t, got.out)
			assert.Zero(t, w.calls(), "nothing was sent: %s", got.screen)
		})
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	args := []string{"-article", w.article()}
	var second outcome
	w.wechat.Observe(func(e fault.Event) {
		if e.Op == "draft/add" && e.When == fault.Before {
			second = (&child{}).run(w, args...)
		}
	})
	require.Equal(t, exitDone, w.run(args...).code)
	assert.Equal(t, exitInput, second.code, second.screen)
	assert.Contains(t, second.screen, "in use by another process")
	assert.Equal(t, 1, w.wechat.Calls("draft/add"))
}

// Ctrl-C at any call: the exit code says so, nobody is told, and the next run finishes the job with one of each.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"PutObject", "stable_token", "media/uploadimg", "draft/add", "draft/get", "freepublish/submit", "freepublish/get", "SendSms"} {
		for _, when := range []fault.When{fault.Before, fault.After} {
			t.Run(op+" "+string(when), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				args := []string{"-article", w.article(), "-publish"}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				w.script(op).Observe(func(e fault.Event) {
					if e.Op == op && e.When == when {
						cancel()
					}
				})
				got := w.runCtx(ctx, "", args...)
				if got.code != exitDone { // the answer may be faster than the cancellation
					assert.Equal(t, exitInterrupted, got.code, got.screen)
					assert.Contains(t, got.screen, "run the same command again")
				}
				for range 4 {
					if got = w.run(args...); got.code == exitDone {
						break
					}
				}
				require.Equal(t, exitDone, got.code, got.screen)
				assert.Len(t, w.wechat.Published(), 1)
				assert.Empty(t, w.wechat.Drafts())
				assert.Equal(t, 1, w.told("published"))
			})
		}
	}
}

// A run in which everything goes wrong once shows none of its secrets, on the screen or in any file.
func TestNoSecretShows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	args := []string{"-topic", "HTTP/3", "-publish"}
	var seen strings.Builder
	for _, fail := range []func(){
		func() {
			w.llm.AnswerNext("chat", 401, nil, "the key "+llmKey+" is wrong")
		},
		func() { w.llm.LoseNext("chat"); w.llm.LoseNext("chat"); w.llm.LoseNext("chat") },
		func() {
			w.llm.AnswerNext("images", 400, nil, "the key "+llmKey+" is wrong")
		},
		func() {
			w.r2.AnswerNext("PutObject", 403, nil, "<Error><Code>SignatureDoesNotMatch</Code><Message>"+r2Secret+"</Message></Error>")
		},
		func() { w.wechat.AnswerNext("stable_token", 502, nil, "secret="+wechatSecret) },
		func() { w.wechat.AnswerNext("material/add_material", 502, nil, "<html>"+wechatSecret) },
		func() { w.wechat.DropNext("draft/add"); w.wechat.DropNext("draft/batchget") },
		func() { w.wechat.FailNext("draft/add", 40001); w.wechat.FailNext("draft/add", 40001) },
		func() { w.wechat.FailNext("draft/get", 48001) },
		func() { w.wechat.LoseNext("freepublish/submit") },
		func() { w.aliyun.AnswerNext("SendSms", 502, nil, phone+aliyunSecret) },
		func() { w.aliyun.LoseNext("SendSms") },
		func() {},
	} {
		fail()
		got := w.run(args...)
		seen.WriteString(got.screen + got.out)
		for name, content := range w.left() {
			seen.WriteString(name + "\n" + content + "\n")
		}
	}
	secrets := append([]string{llmKey, r2Secret, wechatSecret, aliyunSecret, phone, phone[3:]}, w.wechat.Tokens()...)
	require.Greater(t, len(secrets), 6)
	for _, secret := range secrets {
		_, after, shows := strings.Cut(seen.String(), secret)
		assert.False(t, shows, "%q shows before %.200q", secret, after)
	}
	_, _, ended := strings.Cut(seen.String(), "nothing was repeated")
	assert.True(t, ended, "it came to its end")
}
