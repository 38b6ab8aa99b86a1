package main

import (
	"bufio"
	"context"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/atomicfile"
	"github.com/kitroll/kitroll/internal/fault"
)

// Bad input is found before anything is asked or made.
func TestBadInput(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args []string
		env  func(env map[string]string)
		says string
	}{
		"no such flag":           {args: []string{"-nothing"}, says: "not defined"},
		"two folders":            {args: []string{"a"}, says: "one folder at a time"},
		"another language":       {args: []string{"-lang", "fr"}, says: "neither en nor zh"},
		"a prefix without slash": {args: []string{"-prefix", "a"}, says: "want name/"},
		"a prefix that climbs":   {args: []string{"-prefix", "../"}, says: "want name/"},
		"a prefix of slashes":    {args: []string{"-prefix", "a//"}, says: "want name/"},
		"negative deletions":     {args: []string{"-max-delete", "-1"}, says: "is negative"},
		"none at a time":         {args: []string{"-parallel", "0"}, says: "not in 1 to 32"},
		"no time to wait":        {args: []string{"-wait", "0s"}, says: "is no time"},
		"serve everybody":        {args: []string{"-serve", "0.0.0.0:80"}, says: "no loopback address"},
		"serve a plan":           {args: []string{"-serve", "127.0.0.1:0", "-plan"}, says: "exclude each other"},
		"an origin with a slash": {args: []string{"-origin", page1 + "/"}, says: "it would never match"},
		"an origin that is none": {args: []string{"-origin", "www.example.com"}, says: "want scheme://host"},
		"a variable is missing":  {env: func(env map[string]string) { delete(env, "CLOUDFLARE_API_TOKEN") }, says: "but not CLOUDFLARE_API_TOKEN"},
		"only an optional one": {env: func(env map[string]string) {
			maps.DeleteFunc(env, func(name, _ string) bool { return name != "R2_ENDPOINT" })
		}, says: "the environment has R2_ENDPOINT but not"},
		"a public base with a path":  {env: func(env map[string]string) { env["R2_PUBLIC_BASE"] += "/pictures" }, says: "R2_PUBLIC_BASE: want https:// and the custom domain"},
		"a public base in the clear": {env: func(env map[string]string) { env["R2_PUBLIC_BASE"] = "http://img.example.com" }, says: "R2_PUBLIC_BASE: want"},
		"a public base with a word":  {env: func(env map[string]string) { env["R2_PUBLIC_BASE"] = "https://u:" + r2Secret + "@img.example.com" }, says: "R2_PUBLIC_BASE: want"},
		"r2.dev":                     {env: func(env map[string]string) { env["R2_PUBLIC_BASE"] = "https://pub-1.r2.dev" }, says: "want a custom domain"},
		"an account that is none":    {env: func(env map[string]string) { env["R2_ACCOUNT_ID"] = "x" }, says: "AccountID: want 32"},
		"a bucket that is none":      {env: func(env map[string]string) { env["R2_BUCKET"] = "A_B" }, says: "no name of a bucket"},
		"a jurisdiction of nowhere":  {env: func(env map[string]string) { env["R2_JURISDICTION"] = "mars" }, says: "neither"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t).draw()
			if tt.env != nil {
				tt.env(w.env)
			}
			got := w.run(tt.args...)
			assert.Equal(t, exitInput, got.code, "%s", got.screen)
			assert.Contains(t, got.screen, tt.says)
			assert.Contains(t, got.screen, "nothing was changed")
			assert.Empty(t, w.changes())
			assert.Zero(t, w.r2.Calls(""))
			assert.Empty(t, got.out)
		})
	}
	w := newWorld(t)
	got := w.runWith(t.Context(), "", "-h")
	assert.Equal(t, exitDone, got.code)
	for _, name := range append(requiredVariables(), optionalVariables()...) {
		assert.Contains(t, got.screen, name)
	}
}

// Folders and files that cannot be used.
func TestBadFolders(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		prepare func(w *world)
		says    string
	}{
		"no such folder":           {func(w *world) { w.folder = filepath.Join(w.folder, "none") }, "the folder of pictures"},
		"a file for a folder":      {func(w *world) { w.folder = filepath.Join(w.folder, "dunes.png") }, "the folder of pictures"},
		"an empty one":             {func(w *world) { w.folder = w.t.TempDir() }, "no picture to host"},
		"none is named":            {func(w *world) { w.folder = "" }, "name the folder"},
		"a manifest that is no":    {func(w *world) { w.write("imagehost.json", "{") }, "delete it"},
		"another program's":        {func(w *world) { w.write("imagehost.json", `{"kind":"x"}`) }, "not of this program"},
		"another bucket's":         {func(w *world) { w.write("imagehost.json", `{"kind":"kitroll imagehost","version":1,"bucket":"b"}`) }, "name another -out"},
		"an address that is taken": {func(w *world) { w.extra = []string{"-serve", strings.TrimPrefix(w.env["R2_ENDPOINT"], "http://")} }, "-serve"},
		"in use": {func(w *world) {
			require.NoError(w.t, os.MkdirAll(w.out, 0o755))
			unlock, err := atomicfile.TryLock(filepath.Join(w.out, "lock"))
			require.NoError(w.t, err)
			w.t.Cleanup(func() { _ = unlock() })
		}, "in use by another process"},
		"a file for -out": {func(w *world) { require.NoError(w.t, os.WriteFile(w.out, nil, 0o600)) }, "-out"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t).draw()
			tt.prepare(w)
			args := append([]string{"-yes", "-out", w.out}, w.extra...)
			if w.folder != "" {
				args = append(args, w.folder)
			}
			var screen strings.Builder
			code := run(t.Context(), args, Terminal{strings.NewReader(""), io.Discard, &screen}, func(name string) string { return w.env[name] }, brisk())
			assert.Equal(t, exitInput, code, "%s", screen.String())
			assert.Contains(t, screen.String(), tt.says)
			assert.Zero(t, w.cloud.Calls(""))
			assert.Zero(t, w.r2.Calls(""))
		})
	}
}

// The fake, which keeps all in one file, takes so much and no more.
func TestFakeIsSmall(t *testing.T) {
	t.Parallel()
	folder, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "large.png"), append(demo(t, "dunes.png"), make([]byte, mostOnFake)...), 0o600))
	for args, want := range map[string]int{"-keep-metadata": exitInput, "-plan": exitDone} { // what stands behind the end goes with the metadata
		var screen strings.Builder
		code := run(t.Context(), []string{"-out", out, args, folder}, Terminal{strings.NewReader(""), io.Discard, &screen}, func(string) string { return "" }, brisk())
		assert.Equal(t, want, code, "%s", screen.String())
		assert.Equal(t, want == exitInput, strings.Contains(screen.String(), "the fake takes 16.8 MB"))
	}
}

func (w *world) write(name, text string) {
	w.t.Helper()
	require.NoError(w.t, os.MkdirAll(w.out, 0o755))
	require.NoError(w.t, os.WriteFile(filepath.Join(w.out, name), []byte(text), 0o600))
}

// For real it asks, and only the word agrees.
func TestConfirmation(t *testing.T) {
	t.Parallel()
	w := newWorld(t).draw()
	for _, answer := range []string{"", "\n", "y\n", "yes\n", "HOST\n", "delete 0\n"} {
		got := w.runWith(t.Context(), answer)
		assert.Equal(t, exitNotConfirmed, got.code, "%q", answer)
		assert.Contains(t, got.screen, "Type host to go on")
		assert.Contains(t, got.screen, "nothing was changed")
	}
	assert.Empty(t, w.changes())
	got := w.runWith(t.Context(), " host \n")
	require.Equal(t, exitDone, got.code, "%s", got.screen)
	got = w.runWith(t.Context(), "")
	assert.Equal(t, exitDone, got.code, "there is nothing to ask about: %s", got.screen)
	w.once(5)
}

// Ctrl-C at the question, and in the middle of the uploads.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	w := newWorld(t).draw()
	ctx, cancel := context.WithCancel(t.Context())
	silent, typing := io.Pipe()
	t.Cleanup(func() { typing.Close() })
	w.atCall(w.cloud.Script, "GetBucket", cancel)
	args := []string{"-out", w.out, w.folder}
	env := func(name string) string { return w.env[name] }
	assert.Equal(t, exitInterrupted, run(ctx, args, Terminal{silent, io.Discard, io.Discard}, env, brisk()))
	assert.Empty(t, w.changes())

	ctx, cancel = context.WithCancel(t.Context())
	w.atCall(w.r2.Script, "PutObject", cancel)
	got := w.runWith(ctx, "", "-yes", "-parallel", "1")
	assert.Equal(t, exitInterrupted, got.code, "%s", got.screen)
	assert.Contains(t, got.screen, "it goes on from here")
	assert.Less(t, len(w.r2.Objects()), 5)
	w.done()
	w.once(5)
}

// The process is killed at every moment of the uploads and of what comes before them: the next run sends what is missing, and
// knows what the dead one has made.
func TestKilled(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		op   string
		n    int
		when fault.When
	}{
		"before the bucket":       {"CreateBucket", 1, fault.Before},
		"after the bucket":        {"CreateBucket", 1, fault.After},
		"after the domain":        {"CreateDomain", 1, fault.After},
		"after the rules":         {"PutCORS", 1, fault.After},
		"before the first upload": {"PutObject", 1, fault.Before},
		"after the third upload":  {"PutObject", 3, fault.After},
		"while the domain waits":  {"GetDomain", 2, fault.After},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t).draw()
			kill := make(chan struct{})
			var done atomic.Bool
			var under atomic.Int64 // calls under way
			watch := func(e fault.Event) {
				if e.When == fault.Before {
					under.Add(1)
				} else {
					under.Add(-1)
				}
				if e.Op == tt.op && e.N == tt.n && e.When == tt.when && !done.Swap(true) {
					close(kill)
				}
			}
			w.cloud.Observe(watch)
			w.r2.Observe(watch)
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-yes", "-parallel", "2", "-origin", page1, "-out", w.out, w.folder)
			cmd.Env = append(os.Environ(), childVariable+"=1")
			for name, value := range w.env {
				cmd.Env = append(cmd.Env, name+"="+value)
			}
			said, err := cmd.StderrPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_, _ = bufio.NewReader(said).WriteTo(io.Discard)
			}()
			select {
			case <-kill:
				require.NoError(t, cmd.Process.Kill())
			case <-ended:
				require.Fail(t, "it ended by itself")
			}
			<-ended
			require.Error(t, cmd.Wait())
			require.Eventually(t, func() bool { return under.Load() == 0 }, time.Minute, time.Millisecond, "what it had sent takes effect")

			w.done("-origin", page1)
			w.once(5)
			assert.True(t, w.report("-origin", page1).NothingNew)
			for _, op := range []string{"CreateBucket", "CreateDomain", "PutCORS"} {
				assert.LessOrEqual(t, len(slices.DeleteFunc(w.changes(), func(o string) bool { return o != op })), 2, op)
			}
			if tt.op == "PutObject" { // a later -prune knows what the dead one has put
				for _, name := range []string{"dunes.png", "copies/dunes again.png", "lighthouse.gif", `<b>quotes" & ticks'.png`} {
					require.NoError(t, os.Remove(filepath.Join(w.folder, filepath.FromSlash(fileName(name)))))
				}
				assert.Len(t, w.report("-prune", "-origin", page1).Deleted, 3)
			}
		})
	}
}
