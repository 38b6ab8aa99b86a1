package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

// report runs the program with -json and reads what it says.
func (w *world) report(args ...string) Report {
	w.t.Helper()
	got := w.done(append(args, "-json")...)
	var r Report
	require.NoError(w.t, decode(strings.NewReader(got.out), &r), "%s", got.out)
	return r
}

// The first run makes and sends everything, once; the second asks, reads nothing, sends nothing and says so.
func TestTwoRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t).draw()
	first := w.report("-origin", page1)
	assert.True(t, first.Real && first.BucketMade && first.DomainConnected && first.CORSChanged, "%+v", first)
	assert.False(t, first.NothingNew || first.Planned)
	assert.Equal(t, 5, first.Uploaded)
	assert.Equal(t, 7, first.Read)
	assert.Empty(t, first.Warnings)
	require.Len(t, first.Pictures, 6)
	require.Len(t, first.Left, 1)
	assert.Equal(t, "notes.txt", first.Left[0].Name)
	assert.Equal(t, []string{"CreateBucket", "CreateDomain", "PutCORS"}, w.changes())
	w.once(5)

	total := int64(0)
	for _, o := range w.r2.Objects() {
		assert.Equal(t, r2.Immutable, o.CacheControl)
		assert.Empty(t, o.Metadata, "no name goes along")
		total += o.Size
		data, _ := w.r2.Bytes(o.Key)
		assert.NotContains(t, string(data), "A maker", "what the camera wrote")
	}
	assert.Equal(t, total, first.UploadedBytes)
	for _, l := range first.Pictures {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.URL, nil)
		require.NoError(t, err)
		req.Header.Set("Origin", page1)
		resp, err := w.r2.Client().Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, http.StatusOK, resp.StatusCode, l.Name)
		assert.Equal(t, l.Type, resp.Header.Get("Content-Type"))
		assert.Equal(t, page1, resp.Header.Get("Access-Control-Allow-Origin"))
	}

	before := files(t, w.out)
	asked := w.r2.Calls("public")
	puts, lists := w.r2.Calls("PutObject"), w.r2.Calls("ListObjectsV2")
	second := w.report("-origin", page1)
	assert.True(t, second.NothingNew)
	assert.Zero(t, second.Uploaded)
	assert.Zero(t, second.Read, "the manifest knows them")
	assert.Equal(t, first.Pictures, second.Pictures)
	assert.Equal(t, puts, w.r2.Calls("PutObject"))
	assert.Equal(t, lists+1, w.r2.Calls("ListObjectsV2"))
	assert.Zero(t, w.r2.Calls("HeadObject"))
	assert.Equal(t, asked, w.r2.Calls("public"), "there is nothing to prove")
	assert.Len(t, w.changes(), 3)
	assert.Equal(t, before, files(t, w.out), "not a byte is another")

	require.NoError(t, os.Remove(filepath.Join(w.out, "imagehost.json")), "it may be deleted")
	third := w.report("-origin", page1)
	assert.True(t, third.NothingNew)
	assert.Equal(t, 7, third.Read)
	w.once(5)
}

// files are the contents of a folder.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		out[path] = hashOf(data)
		return err
	}))
	return out
}

// Without an environment all of it happens on fakes, which remember.
func TestFakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env, w.folder, w.out = nil, filepath.Join(t.TempDir(), "none"), filepath.Join(t.TempDir(), "out")
	play := func(args ...string) result {
		var out, screen strings.Builder
		code := run(t.Context(), append([]string{"-out", w.out}, args...), Terminal{strings.NewReader(""), &out, &screen}, func(string) string { return "" }, brisk())
		return result{code, out.String(), screen.String()}
	}
	first := play()
	require.Equal(t, exitDone, first.code, "%s", first.screen)
	assert.Contains(t, first.screen, "a fake inside this process")
	assert.Contains(t, first.screen, "+ bucket pictures is made")
	assert.Contains(t, first.screen, "with the place where they were taken: 1; it is not uploaded")
	assert.Contains(t, first.screen, "notes.txt is left alone: it is no picture by its content")
	assert.Contains(t, first.screen, "the same as another file: 1")
	assert.Equal(t, 6, strings.Count(first.out, "\n"))
	assert.Equal(t, 6, strings.Count(first.out, "https://img.example.com/sha256/"))
	second := play()
	require.Equal(t, exitDone, second.code)
	assert.Contains(t, second.screen, "nothing was uploaded or changed")
	assert.Equal(t, first.out, second.out)
	chinese := play("-lang", "zh")
	require.Equal(t, exitDone, chinese.code)
	assert.Contains(t, chinese.screen, "没有上传或更改任何内容")
	page, err := os.ReadFile(filepath.Join(w.out, "gallery.html"))
	require.NoError(t, err)
	assert.True(t, strings.Contains(string(page), `<html lang="zh-CN">`)) //nolint:testifylint // it would print the page

	other := play("-prefix", "holiday/")
	assert.Equal(t, exitInput, other.code, "the manifest is of another prefix")
	assert.Contains(t, other.screen, "name another -out")
}

// What goes wrong, and that the next run makes it good.
func TestFailures(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args    []string
		prepare func(w *world)
		code    int
		says    []string
		puts    int // objects after the run that failed; -1: some
		mend    func(w *world)
		next    int // the code of the run after; when it is exitDone, every object is there, written once
	}{
		"the zone is absent": {
			prepare: func(w *world) { w.env["R2_PUBLIC_BASE"] = "https://img.example.org" },
			code:    exitFailed, says: []string{"no zone", "must be in one account"},
			mend: func(w *world) {
				assert.Empty(w.t, w.changes(), "nothing was made")
				w.cloud.AddZone(r2test.Zone{ID: "1" + zoneID[1:], Name: "example.org"})
			},
		},
		"the zone is another account's": {
			prepare: func(w *world) {
				w.env["R2_PUBLIC_BASE"] = "https://img.example.org"
				w.cloud.AddZone(r2test.Zone{ID: "1" + zoneID[1:], Name: "example.org", AccountID: strings.Repeat("f", 32)})
			},
			code: exitFailed, says: []string{"zone example.org is in another account"}, next: exitFailed,
		},
		"the domain is blocked": {
			prepare: func(w *world) {
				w.cloud.SetFate("img.example.com", r2test.DomainFate{Looks: -1, Ownership: "blocked"})
			},
			code: exitFailed, says: []string{"release the hold", "waiting does not help"}, puts: 5, next: exitFailed,
			mend: func(w *world) { w.change("lighthouse.gif") }, // which is not uploaded any more
		},
		"the domain takes too long": {
			prepare: func(w *world) { w.cloud.SetFate("img.example.com", r2test.DomainFate{Looks: 1 << 20}) },
			args:    []string{"-wait", "50ms"},
			code:    exitFailed, says: []string{"longer than -wait 50ms"}, puts: 5,
			mend: func(w *world) { w.cloud.SetFate("img.example.com", r2test.DomainFate{Looks: 1}) },
		},
		"another bucket has the domain": {
			prepare: func(w *world) {
				c := w.control()
				_, err := c.EnsureBucket(w.t.Context(), "elsewhere", nil)
				require.NoError(w.t, err)
				_, err = c.EnsureDomain(w.t.Context(), "elsewhere", "img.example.com", nil)
				require.NoError(w.t, err)
			},
			code: exitFailed, says: []string{"already connected"}, next: exitFailed,
		},
		"the bucket is there, and half of the pictures": {
			prepare: func(w *world) {
				_, err := w.control().EnsureBucket(w.t.Context(), "pictures", nil)
				require.NoError(w.t, err)
				c, err := r2.New(w.r2.Config())
				require.NoError(w.t, err)
				_, err = c.PutImage(w.t.Context(), "x", bytes.NewReader(demo(w.t, "dunes.png")), nil)
				require.NoError(w.t, err)
			},
			puts: 5,
		},
		"the answer of an upload is lost":       {prepare: func(w *world) { w.r2.LoseNext("PutObject") }, puts: 5},
		"the answer of the bucket is lost":      {prepare: func(w *world) { w.cloud.LoseNext("CreateBucket") }, puts: 5},
		"the answer of the domain is lost":      {prepare: func(w *world) { w.cloud.LoseNext("CreateDomain") }, puts: 5},
		"the answer of the CORS rules is lost":  {prepare: func(w *world) { w.cloud.LoseNext("PutCORS") }, puts: 5},
		"an upload is dropped before it begins": {prepare: func(w *world) { w.r2.DropNext("PutObject") }, puts: 5},
		"nobody knows what became of an upload": {
			prepare: func(w *world) {
				w.r2.LoseNext("PutObject")
				w.r2.AnswerNext("HeadObject", http.StatusForbidden, nil, "")
			},
			args: []string{"-parallel", "1"}, code: exitUnknown, says: []string{"its outcome is unknown", "sends nothing twice"}, puts: 1,
		},
		"nobody knows what became of the domain": {
			prepare: func(w *world) {
				w.cloud.LoseNext("CreateDomain")
				w.atCall(w.cloud.Script, "CreateDomain", func() { w.cloud.AnswerNext("GetDomain", http.StatusForbidden, nil, "{}") })
			},
			code: exitUnknown, says: []string{"its outcome is unknown"},
		},
		"an upload is refused": {
			prepare: func(w *world) {
				w.r2.AnswerNext("PutObject", http.StatusForbidden, nil, "<Error><Code>AccessDenied</Code></Error>")
			},
			args: []string{"-parallel", "1"}, code: exitFailed, says: []string{"Object Read & Write", "uploaded: 0, not yet: 5"},
		},
		"the API token is wrong": {
			prepare: func(w *world) { w.env["CLOUDFLARE_API_TOKEN"] = "cfut_" + strings.Repeat("0", 40) },
			code:    exitFailed, says: []string{"Admin Read & Write"},
			mend: func(w *world) { w.env["CLOUDFLARE_API_TOKEN"] = apiToken },
		},
		"the keys are wrong": {
			prepare: func(w *world) { w.env["R2_SECRET_ACCESS_KEY"] = strings.Repeat("0", 64) },
			code:    exitFailed, says: []string{"SignatureDoesNotMatch"},
			mend: func(w *world) { w.env["R2_SECRET_ACCESS_KEY"] = r2Secret },
		},
		"a picture changes after the plan": {
			prepare: func(w *world) {
				w.atCall(w.cloud.Script, "CreateBucket", func() {
					data, err := os.ReadFile(filepath.Join(w.folder, "dunes.png"))
					require.NoError(w.t, err)
					w.file("copies/dunes again.png", append(data, "behind the end"...))
				})
			},
			args: []string{"-parallel", "1"}, code: exitFailed, says: []string{"has changed since the plan was made"}, puts: -1,
		},
		"a picture goes away after the plan": {
			prepare: func(w *world) {
				w.atCall(w.cloud.Script, "CreateBucket", func() { require.NoError(w.t, os.Remove(filepath.Join(w.folder, "lighthouse.gif"))) })
			},
			args: []string{"-parallel", "1"}, code: exitFailed, says: []string{"cannot be read any more"}, puts: -1,
			mend: func(w *world) {
				w.file("lighthouse.gif", demo(w.t, "lighthouse.gif"))
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t).draw()
			tt.prepare(w)
			got := w.run(append(tt.args, "-origin", page1)...)
			require.Equal(t, tt.code, got.code, "%s", got.screen)
			for _, text := range tt.says {
				assert.Contains(t, got.screen, text)
			}
			if tt.puts >= 0 {
				w.once(tt.puts)
			}
			if tt.mend != nil {
				tt.mend(w)
			}
			if got = w.run("-origin", page1); tt.next != exitDone {
				assert.Equal(t, tt.next, got.code, "%s", got.screen)
				w.once(tt.puts)
				return
			}
			require.Equal(t, exitDone, got.code, "%s", got.screen)
			w.once(5)
			if tt.code == exitDone {
				assert.Contains(t, got.screen, "nothing was uploaded or changed")
			}
		})
	}
}

// control is somebody else at the same account.
func (w *world) control() *r2admin.Client {
	w.t.Helper()
	c, err := r2admin.New(r2admin.Config{AccountID: w.env["R2_ACCOUNT_ID"], APIToken: apiToken, BaseURL: w.cloud.URL, HTTPClient: w.cloud.Client()})
	require.NoError(w.t, err)
	return c
}

// atCall does something once, just before an operation takes effect for the first time.
func (w *world) atCall(s *fault.Script, op string, do func()) {
	var once sync.Once
	s.Observe(func(e fault.Event) {
		if e.Op == op && e.When == fault.Before {
			once.Do(do)
		}
	})
}

// Somebody else changes the CORS rules between the plan and its execution: theirs stand, and the next plan keeps them.
func TestCORSChangesMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t).draw()
	theirs := r2admin.CORSRule{ID: "theirs", Origins: []string{"https://app.example.org"}, Methods: []string{"PUT"}, Headers: []string{"content-type"}}
	w.atCall(w.cloud.Script, "CreateDomain", func() {
		c := w.control()
		plan, err := c.PlanCORS(context.WithoutCancel(t.Context()), "pictures", []r2admin.CORSRule{theirs})
		assert.NoError(t, err)
		assert.NoError(t, c.ApplyCORS(context.WithoutCancel(t.Context()), plan))
	})
	got := w.run("-origin", page1)
	require.Equal(t, exitFailed, got.code, "%s", got.screen)
	assert.Contains(t, got.screen, "somebody else has changed the CORS rules")
	rules, err := w.control().CORS(t.Context(), "pictures")
	require.NoError(t, err)
	require.Len(t, rules, 1)

	w.done("-origin", page1)
	for _, origin := range []string{page1, "https://new.example.com"} {
		got = w.done("-origin", origin)
		rules, err = w.control().CORS(t.Context(), "pictures")
		require.NoError(t, err)
		require.Len(t, rules, 2, "ours has replaced ours")
		assert.Equal(t, "theirs", rules[0].ID)
		assert.Equal(t, []string{origin}, rules[1].Origins)
	}
	assert.Contains(t, got.screen, `- {"id":"kitroll-imagehost"`)
	assert.NotContains(t, got.screen, `- {"id":"theirs"`)
	calls := w.cloud.Calls("PutCORS")
	got = w.done()
	assert.Contains(t, got.screen, "CORS rules are not looked at")
	assert.Equal(t, calls, w.cloud.Calls("PutCORS"))
	w.once(5)
}

// An object under a key of ours with another content is somebody's, and no address of it is given out.
func TestObjectOfAnotherContent(t *testing.T) {
	t.Parallel()
	w := newWorld(t).draw()
	key := w.report().Pictures[0].Key
	require.NoError(t, w.r2.Put(key, []byte("something else")))
	got := w.run()
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.screen, "the object "+key+" is not the picture")
}

// The plan asks and changes nothing; its report has the shape of the other one.
func TestPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t).draw()
	r := w.report("-plan", "-origin", page1)
	assert.True(t, r.Planned && r.BucketMade && r.DomainConnected && r.CORSChanged)
	assert.Equal(t, 5, r.Uploaded)
	assert.Len(t, r.Pictures, 6)
	assert.Empty(t, w.changes())
	assert.Zero(t, w.r2.Calls(""))
	_, err := os.Stat(filepath.Join(w.out, "gallery.html"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	done := w.report("-origin", page1)
	assert.Equal(t, r.Pictures, done.Pictures)
	again := w.report("-plan", "-origin", page1)
	assert.True(t, again.NothingNew)

	var shape map[string]any
	got := w.done("-json")
	require.NoError(t, json.Unmarshal([]byte(got.out), &shape))
	for _, field := range []string{"deleted", "pictures", "left", "warnings"} {
		assert.IsType(t, []any{}, shape[field], "%s is a list, also when it is empty", field)
	}
}

// When all is done one picture is asked for, as a browser of each origin would. What it is told is said, and fails nothing.
func TestCheck(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args    []string
		prepare func(w *world)
		says    string
		warns   int
	}{
		"it works":       {says: "answers\n"},
		"for an origin":  {args: []string{"-origin", page1}, says: "answers, and scripts of " + page1 + " may read it"},
		"for everybody":  {args: []string{"-origin", "*"}, says: "answers, and scripts of * may read it"},
		"for a family":   {args: []string{"-origin", "https://*.example.com"}, says: "scripts of https://*.example.com may read it"},
		"with a prefix":  {args: []string{"-prefix", "a b/", "-origin", page1}, says: "https://img.example.com/a%20b/sha256/"},
		"it is not here": {prepare: func(w *world) { w.r2.AnswerNext("public", http.StatusNotFound, nil, "") }, says: "yet: 404 Not Found", warns: 1},
		"another page": {prepare: func(w *world) {
			w.r2.AnswerNext("public", http.StatusOK, http.Header{"Content-Type": {"text/html"}}, "")
		}, says: `its type is "text/html"`, warns: 1},
		"a redirect": {prepare: func(w *world) {
			w.public.CheckRedirect = publicClient().CheckRedirect
			w.r2.AnswerNext("public", http.StatusFound, http.Header{"Location": {"https://www.example.com/"}}, "")
		}, says: "yet: 302 Found", warns: 1},
		"rules that are not known yet": {args: []string{"-origin", page1, "-origin", "https://app.example.com"}, prepare: func(w *world) {
			w.r2.AnswerNext("public", http.StatusOK, http.Header{"Content-Type": {"image/png"}}, "")
		}, says: "scripts of https://app.example.com may not read it", warns: 1},
		"no network": {prepare: func(w *world) { w.public = brisk().Public }, says: "no network", warns: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.file("dunes.png", demo(t, "dunes.png"))
			if tt.prepare != nil {
				tt.prepare(w)
			}
			got := w.done(append(tt.args, "-json")...)
			assert.Contains(t, got.screen, tt.says)
			var r Report
			require.NoError(t, decode(strings.NewReader(got.out), &r))
			assert.Len(t, r.Warnings, tt.warns)
		})
	}
}
