package acmx_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
)

// killed is what ends a run where the test wants it to: nothing of it happens afterwards, as after kill -9.
type killed struct{}

var errDisk = errors.New("no space left on device")

// story is one installation that is ended before each of its changes to the disk in turn.
type story struct {
	layout  acmx.Layout
	prepare func(t *testing.T, s *webServer) // what is there before
	first   []string                         // the serials that a reader may see before and while it runs; "" is nothing
	run     *acmx.Bundle                     // what is being installed
	refuse  string                           // the serial that the server refuses
	after   *acmx.Bundle                     // what is installed by the run that comes after; default run
	want    string                           // the serial that is there in the end
	fails   bool                             // the run after fails too
	edit    func(opts *acmx.WriteOptions)    // of the run that is ended and of the one after
	extra   func(t *testing.T, s *webServer) // more to be true in the end
}

func stories(t *testing.T) map[string]story {
	t.Helper()
	before, after := twoBundles(t)
	later := newChain(t, ecKey(t), "www.example.com").open(t)
	old, renewed := before.Serial(), after.Serial()
	install := func(b *acmx.Bundle) func(*testing.T, *webServer) {
		return func(t *testing.T, s *webServer) {
			t.Helper()
			_, err := b.WriteDir(t.Context(), s.dir, s.options())
			require.NoError(t, err)
		}
	}
	plain := func(t *testing.T, s *webServer) {
		t.Helper()
		key, err := before.KeyPEM()
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(s.dir, "fullchain.pem"), before.FullChainPEM(), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(s.dir, "privkey.pem"), key, 0o600))
		require.NoError(t, s.reload(t.Context()))
	}
	return map[string]story{
		"first":             {first: []string{""}, run: after, want: renewed},
		"first, refused":    {first: []string{""}, run: after, refuse: renewed, fails: true},
		"renewal":           {prepare: install(before), first: []string{old}, run: after, want: renewed},
		"renewal, refused":  {prepare: install(before), first: []string{old}, run: after, refuse: renewed, want: old, fails: true},
		"and back":          {prepare: install(before), first: []string{old}, run: after, after: before, want: old},
		"refused, and back": {prepare: install(before), first: []string{old}, run: after, refuse: renewed, after: before, want: old},
		"and a later one":   {prepare: install(before), first: []string{old}, run: after, after: later, want: later.Serial()},
		"refused, and a later one": {
			prepare: install(before), first: []string{old}, run: after, refuse: renewed, after: later, want: later.Serial(),
		},
		"later one refused": {prepare: install(before), first: []string{old}, run: after, after: later, refuse: later.Serial(), want: old, fails: true},
		"plain files":       {prepare: plain, first: []string{old}, run: after, want: renewed},
		"plain, refused":    {prepare: plain, first: []string{old}, run: after, refuse: renewed, want: old, fails: true},
		"another layout": {
			prepare: install(before), first: []string{old}, run: after, want: renewed,
			edit:  func(o *acmx.WriteOptions) { o.Layout = acmx.LayoutApache },
			extra: func(t *testing.T, s *webServer) { t.Helper(); assert.Contains(t, ls(t, s.dir), "chain.pem") },
		},
		"a layout less": {
			prepare: func(t *testing.T, s *webServer) {
				t.Helper()
				opts := s.options()
				opts.Layout = acmx.LayoutApache
				_, err := before.WriteDir(t.Context(), s.dir, opts)
				require.NoError(t, err)
			},
			first: []string{old}, run: after, want: renewed,
			extra: func(t *testing.T, s *webServer) {
				t.Helper()
				assert.Equal(t, []string{".lock", "current", "fullchain.pem", "privkey.pem", "versions"}, ls(t, s.dir))
			},
		},
		"pruning": {
			prepare: install(before), first: []string{old}, run: after, want: renewed,
			edit:  func(o *acmx.WriteOptions) { o.Keep = new(0) },
			extra: func(t *testing.T, s *webServer) { t.Helper(); assert.Len(t, ls(t, s.dir, "versions"), 1) },
		},
	}
}

// end runs WriteDir and ends it before its k-th change to the disk, by death or by an error of the disk. It returns what
// the change was, or "" when there were not so many.
func end(t *testing.T, b *acmx.Bundle, s *webServer, opts *acmx.WriteOptions, k int, death bool) (ended string) {
	t.Helper()
	n := 0
	opts.Before(func(op string) error {
		if n++; n-1 != k {
			return nil
		}
		ended = op
		if death {
			panic(killed{})
		}
		return errDisk
	})
	defer func() {
		if p := recover(); p != nil && p != (killed{}) {
			panic(p)
		}
	}()
	_, err := b.WriteDir(t.Context(), s.dir, opts)
	if ended != "" {
		assert.ErrorIs(t, err, errDisk, ended)
	}
	return ended
}

// sees is the serial that a reader sees who opens the files by their names, "" when nothing is there, and fails on a pair
// that is none.
func sees(t *testing.T, s *webServer) string {
	t.Helper()
	probe := webServer{dir: s.dir, layout: s.layout}
	if err := probe.reload(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		require.NoError(t, err, "a pair that is none")
	}
	return probe.loaded
}

// Whatever the run is ended before: a reader sees the old pair or the new one, and the run after comes to the right end,
// with a server that has what is on the disk, and nothing left over.
func TestWriteDirEndedAnywhere(t *testing.T) {
	t.Parallel()
	for name, st := range stories(t) {
		for how, death := range map[string]bool{"killed": true, "disk full": false} {
			if !death && !slices.Contains([]string{"first", "renewal", "plain files"}, name) {
				continue // what is on the disk is the same as after a death
			}
			t.Run(name+"/"+how, func(t *testing.T) {
				t.Parallel()
				k := 0
				for ; ; k++ {
					if ended := st.endAt(t, k, death); ended == "" {
						break
					}
				}
				assert.Greater(t, k, 10, "changes to the disk")
			})
		}
	}
}

func (st story) endAt(t *testing.T, k int, death bool) (ended string) {
	t.Helper()
	s := &webServer{dir: t.TempDir(), layout: st.layout}
	if st.prepare != nil {
		st.prepare(t, s)
	}
	options := func() *acmx.WriteOptions {
		opts := s.options()
		if st.edit != nil {
			st.edit(opts)
		}
		return opts
	}
	if st.run.Serial() == st.refuse || st.after == nil || st.after.Serial() == st.refuse {
		s.refuse = st.refuse
	}
	ended = end(t, st.run, s, options(), k, death)
	at := fmt.Sprintf("ended at %d, before %s", k, ended)
	require.Contains(t, append([]string{st.run.Serial()}, st.first...), sees(t, s), at)

	after := st.run
	if st.after != nil {
		after = st.after
	}
	want := st.want
	if _, err := os.Lstat(filepath.Join(s.dir, "reload-owed")); st.fails && st.after != nil && err != nil && sees(t, s) == st.run.Serial() {
		want = st.run.Serial() // its reload was confirmed: this is what there is to go back to
	}
	_, err := after.WriteDir(t.Context(), s.dir, options())
	if st.fails {
		require.ErrorIs(t, err, acmx.ErrReload, at)
	} else {
		require.NoError(t, err, at)
	}
	require.Equal(t, want, sees(t, s), at)
	if want != "" {
		require.Equal(t, want, installed(t, s.dir), at)
		require.Equal(t, want, s.loaded, "the server has what is on the disk: %s", at)
	}
	for _, name := range append(ls(t, s.dir), ls(t, s.dir, "versions")...) {
		require.False(t, name == "reload-owed" || name != ".lock" && strings.HasPrefix(name, "."), "%s is left over: %s", name, at)
	}
	if st.extra != nil {
		st.extra(t, s)
	}
	if !st.fails {
		calls := s.calls
		changed, err := after.WriteDir(t.Context(), s.dir, options())
		require.NoError(t, err, at)
		require.False(t, changed, at)
		require.Equal(t, calls, s.calls, at)
	}
	return ended
}

// A run that ends between the switch and the answer of Reload owes a reload: the next one gives it, although the serial is
// equal by then.
func TestWriteDirGivesTheReloadThatIsOwed(t *testing.T) {
	t.Parallel()
	before, after := twoBundles(t)
	s := &webServer{dir: t.TempDir()}
	_, err := before.WriteDir(t.Context(), s.dir, s.options())
	require.NoError(t, err)
	func() {
		defer func() { require.Equal(t, killed{}, recover()) }()
		_, _ = after.WriteDir(t.Context(), s.dir, &acmx.WriteOptions{Reload: func(context.Context) error { panic(killed{}) }})
	}()
	require.Equal(t, after.Serial(), installed(t, s.dir))
	require.Equal(t, before.Serial(), s.loaded)

	changed, err := after.WriteDir(t.Context(), s.dir, nil)
	require.NoError(t, err)
	require.False(t, changed, "without a hook there is nothing to give")

	changed, err = after.WriteDir(t.Context(), s.dir, s.options())
	require.NoError(t, err)
	assert.True(t, changed)
	assert.Equal(t, after.Serial(), s.loaded)
	changed, err = after.WriteDir(t.Context(), s.dir, s.options())
	require.NoError(t, err)
	assert.False(t, changed)
}

// The version to go back to may be gone by then: the files stay, whatever the reload says.
func TestWriteDirDoesNotGoBackToNothing(t *testing.T) {
	t.Parallel()
	before, after := twoBundles(t)
	for name, meddle := range map[string]func(dir string) error{
		"the version is gone": func(dir string) error { return os.RemoveAll(filepath.Join(dir, "versions", "000001-"+before.Serial())) },
		"the note is not ours": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "reload-owed"), []byte("../../etc\n"), 0o600)
		},
	} {
		s := &webServer{dir: t.TempDir()}
		_, err := before.WriteDir(t.Context(), s.dir, s.options())
		require.NoError(t, err, name)
		func() {
			defer func() { require.Equal(t, killed{}, recover()) }()
			_, _ = after.WriteDir(t.Context(), s.dir, &acmx.WriteOptions{Reload: func(context.Context) error { panic(killed{}) }})
		}()
		require.NoError(t, meddle(s.dir), name)
		s.refuse = after.Serial()
		_, err = after.WriteDir(t.Context(), s.dir, s.options())
		require.ErrorIs(t, err, acmx.ErrReload, name)
		assert.Equal(t, after.Serial(), installed(t, s.dir), name)
	}
}

// What the order of the changes must be for a machine that loses its power: contents are flushed before the rename that
// gives them their name, and a name is flushed before the next step builds on it.
func TestWriteDirFlushesInOrder(t *testing.T) {
	t.Parallel()
	before, after := twoBundles(t)
	s := &webServer{dir: t.TempDir()}
	_, err := before.WriteDir(t.Context(), s.dir, s.options())
	require.NoError(t, err)
	var ops []string
	opts := s.options()
	opts.Keep = new(0)
	opts.Before(func(op string) error { ops = append(ops, op); return nil })
	opts.Reload = func(ctx context.Context) error { ops = append(ops, "reload"); return s.reload(ctx) }
	_, err = after.WriteDir(t.Context(), s.dir, opts)
	require.NoError(t, err)
	name := "000002-" + after.Serial()
	assert.Equal(t, []string{
		"mkdir .",
		"mkdir versions/.new",
		"create versions/.new/privkey.pem", "write versions/.new/privkey.pem", "sync versions/.new/privkey.pem",
		"create versions/.new/fullchain.pem", "write versions/.new/fullchain.pem", "sync versions/.new/fullchain.pem",
		"sync versions/.new",
		"rename versions/.new versions/" + name,
		"sync versions",
		"create .reload-owed", "write .reload-owed", "sync .reload-owed", "rename .reload-owed reload-owed", "sync .",
		"symlink .current", "rename .current current", "sync .",
		"reload",
		"remove reload-owed", "sync .",
		"remove versions/000001-" + before.Serial(),
	}, ops)
}

// A folder that cannot have links is left as it was.
func TestWriteDirNeedsLinks(t *testing.T) {
	t.Parallel()
	b, _ := twoBundles(t)
	dir := t.TempDir()
	opts := &acmx.WriteOptions{}
	opts.Before(func(op string) error {
		if strings.HasPrefix(op, "symlink") {
			return fs.ErrPermission
		}
		return nil
	})
	_, err := b.WriteDir(t.Context(), dir, opts)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorContains(t, err, "symbolic links, which this needs")
	assert.Equal(t, []string{".lock"}, ls(t, dir))
}

// The pair that a server gets by its names loads with crypto/tls too, whatever the layout.
func TestWriteDirPairs(t *testing.T) {
	t.Parallel()
	for kind, key := range keyKinds(t) {
		b := newChain(t, key, "www.example.com").open(t)
		dir := t.TempDir()
		_, err := b.WriteDir(t.Context(), dir, &acmx.WriteOptions{Layout: acmx.LayoutHAProxy})
		require.NoError(t, err, kind)
		pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "haproxy.pem"), filepath.Join(dir, "haproxy.pem"))
		require.NoError(t, err, kind)
		assert.Len(t, pair.Certificate, 3, kind)
	}
}

// While a reload is owed, the version to go back to stays, however few are to be kept.
func TestWriteDirKeepsWhatItMayGoBackTo(t *testing.T) {
	t.Parallel()
	before, after := twoBundles(t)
	later := newChain(t, ecKey(t), "www.example.com").open(t)
	s := &webServer{dir: t.TempDir()}
	_, err := before.WriteDir(t.Context(), s.dir, s.options())
	require.NoError(t, err)
	func() {
		defer func() { require.Equal(t, killed{}, recover()) }()
		_, _ = after.WriteDir(t.Context(), s.dir, &acmx.WriteOptions{Reload: func(context.Context) error { panic(killed{}) }})
	}()
	_, err = later.WriteDir(t.Context(), s.dir, &acmx.WriteOptions{Keep: new(0)})
	require.NoError(t, err)
	s.refuse = later.Serial()
	_, err = later.WriteDir(t.Context(), s.dir, s.options())
	require.ErrorIs(t, err, acmx.ErrReload)
	assert.Equal(t, before.Serial(), installed(t, s.dir))
	assert.Equal(t, before.Serial(), s.loaded)
}
