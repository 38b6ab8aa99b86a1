package acmx_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
)

// webServer is what a server does with the files: it reads them by their names when it is told to, and refuses a pair that
// is none.
type webServer struct {
	dir    string
	layout acmx.Layout
	loaded string // the serial that it serves
	calls  int
	refuse string // it fails on this serial, after it has taken it
}

func (s *webServer) reload(context.Context) error {
	s.calls++
	chain, key := "fullchain.pem", "privkey.pem"
	if s.layout == acmx.LayoutHAProxy {
		chain, key = "haproxy.pem", "haproxy.pem"
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(s.dir, chain), filepath.Join(s.dir, key))
	if err != nil {
		return err
	}
	s.loaded = hex.EncodeToString(pair.Leaf.SerialNumber.Bytes())
	if s.loaded == s.refuse {
		return errors.New("the server does not like it")
	}
	return nil
}

func (s *webServer) options() *acmx.WriteOptions {
	return &acmx.WriteOptions{Layout: s.layout, Reload: s.reload}
}

// ls is the names in a folder.
func ls(tb testing.TB, dir ...string) []string {
	tb.Helper()
	entries, err := os.ReadDir(filepath.Join(dir...))
	require.NoError(tb, err)
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func installed(tb testing.TB, dir string) string {
	tb.Helper()
	b, err := acmx.ReadDir(dir)
	require.NoError(tb, err)
	return b.Serial()
}

// twoBundles are a certificate and its renewal.
func twoBundles(tb testing.TB) (before, after *acmx.Bundle) {
	tb.Helper()
	return newChain(tb, ecKey(tb), "www.example.com").open(tb), newChain(tb, ecKey(tb), "www.example.com").open(tb)
}

func TestWriteDirLayouts(t *testing.T) {
	t.Parallel()
	c := newChain(t, ecKey(t), "www.example.com")
	b := c.open(t)
	key, err := b.KeyPEM()
	require.NoError(t, err)
	chain, leaf := string(b.FullChainPEM()), string(b.LeafPEM())
	type want = map[string]struct {
		data string
		mode fs.FileMode
	}
	for layout, files := range map[acmx.Layout]want{
		"":                 {"fullchain.pem": {chain, 0o644}, "privkey.pem": {string(key), 0o600}},
		acmx.LayoutNginx:   {"fullchain.pem": {chain, 0o644}, "privkey.pem": {string(key), 0o600}},
		acmx.LayoutApache:  {"fullchain.pem": {chain, 0o644}, "privkey.pem": {string(key), 0o600}, "cert.pem": {leaf, 0o644}, "chain.pem": {string(b.ChainPEM()), 0o644}},
		acmx.LayoutHAProxy: {"haproxy.pem": {chain + string(key), 0o600}},
	} {
		t.Run(string(layout), func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "etc", "ssl", "www.example.com")
			changed, err := b.WriteDir(t.Context(), dir, &acmx.WriteOptions{Layout: layout})
			require.NoError(t, err)
			assert.True(t, changed)
			names := []string{".lock", "current", "versions"}
			for name, f := range files {
				names = append(names, name)
				path := filepath.Join(dir, name)
				data, err := os.ReadFile(path)
				require.NoError(t, err)
				assert.Equal(t, f.data, string(data), name)
				info, err := os.Stat(path)
				require.NoError(t, err)
				assert.Equal(t, f.mode, info.Mode(), name)
			}
			assert.ElementsMatch(t, names, ls(t, dir))
			got, err := acmx.ReadDir(dir)
			require.NoError(t, err)
			assert.Equal(t, b.Serial(), got.Serial())
			assert.Equal(t, b.FullChainPEM(), got.FullChainPEM())
			sameKey(t, c.key, got.Key())

			// Equal serial: changed=false.
			changed, err = b.WriteDir(t.Context(), dir, &acmx.WriteOptions{Layout: layout})
			require.NoError(t, err)
			assert.False(t, changed)
			assert.Len(t, ls(t, dir, "versions"), 1)
		})
	}
	t.Run("Apache, no intermediates", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		key := ecKey(t)
		leaf := issue(t, newAuthority(t, nil, "CA"), "x", key, nil)
		b, err := acmx.OpenBundle(certPEM(leaf), nil, sealing{rounds: 1}.pem(t, key), []byte(passphrase))
		require.NoError(t, err)
		_, err = b.WriteDir(t.Context(), dir, &acmx.WriteOptions{Layout: acmx.LayoutApache})
		require.NoError(t, err)
		assert.Equal(t, []string{".lock", "cert.pem", "current", "fullchain.pem", "privkey.pem", "versions"}, ls(t, dir), "no empty chain.pem")
	})
}

// Trap 47: equal serial → changed=false, no reload. Something that is not equal is written anew, whatever the serial.
func TestWriteDirLeavesAloneWhatIsThere(t *testing.T) {
	t.Parallel()
	c := newChain(t, ecKey(t), "www.example.com")
	b := c.open(t)
	shorter, err := acmx.OpenBundle(certPEM(c.leaf), certPEM(c.sub.cert), sealing{rounds: 1}.pem(t, c.key), []byte(passphrase))
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		meddle func(t *testing.T, dir string)
		with   *acmx.Bundle
		edit   func(*acmx.WriteOptions)
		same   bool
	}{
		"nothing":                {same: true},
		"equal, opened anew":     {with: c.open(t), same: true},
		"another chain":          {with: shorter},
		"another mode asked for": {edit: func(o *acmx.WriteOptions) { o.KeyMode = 0o400 }},
		"another layout":         {edit: func(o *acmx.WriteOptions) { o.Layout = acmx.LayoutApache }},
		"a mode that was changed": {meddle: func(t *testing.T, dir string) {
			t.Helper()
			require.NoError(t, os.Chmod(filepath.Join(dir, "privkey.pem"), 0o644))
		}},
		"a file that was changed": {meddle: func(t *testing.T, dir string) {
			t.Helper()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "fullchain.pem"), []byte("x"), 0o600))
		}},
		"a file that was removed": {meddle: func(t *testing.T, dir string) {
			t.Helper()
			require.NoError(t, os.Remove(filepath.Join(dir, "current", "privkey.pem")))
		}},
		"a link that was removed": {meddle: func(t *testing.T, dir string) {
			t.Helper()
			require.NoError(t, os.Remove(filepath.Join(dir, "privkey.pem")))
		}},
		"a version that was removed": {meddle: func(t *testing.T, dir string) {
			t.Helper()
			require.NoError(t, os.RemoveAll(filepath.Join(dir, "versions")))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &webServer{dir: t.TempDir()}
			changed, err := b.WriteDir(t.Context(), s.dir, s.options())
			require.NoError(t, err)
			require.True(t, changed)
			require.Equal(t, 1, s.calls)
			if tt.meddle != nil {
				tt.meddle(t, s.dir)
			}
			with, opts := b, s.options()
			if tt.with != nil {
				with = tt.with
			}
			if tt.edit != nil {
				tt.edit(opts)
			}
			changed, err = with.WriteDir(t.Context(), s.dir, opts)
			require.NoError(t, err)
			assert.Equal(t, !tt.same, changed)
			assert.Equal(t, map[bool]int{true: 1, false: 2}[tt.same], s.calls)
			got, err := acmx.ReadDir(s.dir)
			require.NoError(t, err)
			assert.Equal(t, with.FullChainPEM(), got.FullChainPEM())
			changed, err = with.WriteDir(t.Context(), s.dir, opts)
			require.NoError(t, err)
			assert.False(t, changed, "and then it stays")
		})
	}
}

// Trap 44: key and certificate never appear swapped to a reader between two renames.
func TestWriteDirNeverShowsAMixedPair(t *testing.T) {
	t.Parallel()
	before, after := twoBundles(t)
	dir := t.TempDir()
	_, err := before.WriteDir(t.Context(), dir, nil)
	require.NoError(t, err)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	seen := [2]map[string]int{{}, {}}
	for i := range seen {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				b, err := acmx.ReadDir(dir)
				if !assert.NoError(t, err) {
					return
				}
				seen[i][b.Serial()]++
			}
		})
	}
	for i := range 60 {
		b := []*acmx.Bundle{after, before}[i%2]
		changed, err := b.WriteDir(t.Context(), dir, &acmx.WriteOptions{Keep: new(i % 2)})
		require.NoError(t, err)
		require.True(t, changed)
	}
	close(stop)
	wg.Wait()
	for _, s := range seen {
		assert.Positive(t, s[before.Serial()])
		assert.Positive(t, s[after.Serial()])
	}
}

// Trap 44, the other half: a failing reload rolls back.
func TestWriteDirRollsBack(t *testing.T) {
	t.Parallel()
	before, after := twoBundles(t)
	for layout := range map[acmx.Layout]bool{acmx.LayoutNginx: true, acmx.LayoutHAProxy: true} {
		t.Run(string(layout), func(t *testing.T) {
			t.Parallel()
			s := &webServer{dir: t.TempDir(), layout: layout}
			_, err := before.WriteDir(t.Context(), s.dir, s.options())
			require.NoError(t, err)
			was := ls(t, s.dir)
			s.refuse, s.calls = after.Serial(), 0
			changed, err := after.WriteDir(t.Context(), s.dir, s.options())
			require.ErrorIs(t, err, acmx.ErrReload)
			require.ErrorContains(t, err, "the server does not like it (000001-"+before.Serial()+" is back in place)")
			assert.False(t, changed)
			assert.Equal(t, before.Serial(), installed(t, s.dir))
			assert.Equal(t, before.Serial(), s.loaded, "and the server has it again")
			assert.Equal(t, 2, s.calls)
			assert.Equal(t, was, ls(t, s.dir))
			assert.Equal(t, []string{"000001-" + before.Serial()}, ls(t, s.dir, "versions"))

			s.refuse = ""
			changed, err = after.WriteDir(t.Context(), s.dir, s.options())
			require.NoError(t, err)
			assert.True(t, changed)
			assert.Equal(t, after.Serial(), s.loaded)
		})
	}
	t.Run("a first installation", func(t *testing.T) {
		t.Parallel()
		s := &webServer{dir: t.TempDir(), refuse: after.Serial()}
		changed, err := after.WriteDir(t.Context(), s.dir, s.options())
		require.ErrorIs(t, err, acmx.ErrReload)
		assert.False(t, changed)
		assert.Equal(t, 1, s.calls, "there is nothing to go back to")
		assert.Equal(t, []string{".lock", "versions"}, ls(t, s.dir))
		assert.Empty(t, ls(t, s.dir, "versions"))
		_, err = acmx.ReadDir(s.dir)
		require.ErrorIs(t, err, fs.ErrNotExist)
	})
	t.Run("another layout", func(t *testing.T) {
		t.Parallel()
		s := &webServer{dir: t.TempDir()}
		_, err := before.WriteDir(t.Context(), s.dir, s.options())
		require.NoError(t, err)
		s.refuse = after.Serial()
		opts := s.options()
		opts.Layout = acmx.LayoutApache
		_, err = after.WriteDir(t.Context(), s.dir, opts)
		require.ErrorIs(t, err, acmx.ErrReload)
		assert.Equal(t, []string{".lock", "current", "fullchain.pem", "privkey.pem", "versions"}, ls(t, s.dir), "no links that lead nowhere")
		assert.Equal(t, before.Serial(), s.loaded)
	})
	t.Run("the reload of the old fails too", func(t *testing.T) {
		t.Parallel()
		s := &webServer{dir: t.TempDir()}
		_, err := before.WriteDir(t.Context(), s.dir, s.options())
		require.NoError(t, err)
		calls := 0
		_, err = after.WriteDir(t.Context(), s.dir, &acmx.WriteOptions{Reload: func(context.Context) error {
			calls++
			return errors.New("no server")
		}})
		require.ErrorIs(t, err, acmx.ErrReload)
		require.ErrorContains(t, err, "the reload of that failed too")
		assert.Equal(t, 2, calls)
		assert.Equal(t, before.Serial(), installed(t, s.dir))
		// What the server has is not known: it is told when it can be.
		changed, err := before.WriteDir(t.Context(), s.dir, s.options())
		require.NoError(t, err)
		assert.True(t, changed)
		changed, err = before.WriteDir(t.Context(), s.dir, s.options())
		require.NoError(t, err)
		assert.False(t, changed)
	})
	t.Run("a context that has ended does not keep the old away", func(t *testing.T) {
		t.Parallel()
		s := &webServer{dir: t.TempDir()}
		_, err := before.WriteDir(t.Context(), s.dir, s.options())
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		var ended []bool
		_, err = after.WriteDir(ctx, s.dir, &acmx.WriteOptions{Reload: func(ctx context.Context) error {
			cancel()
			ended = append(ended, ctx.Err() != nil)
			return ctx.Err()
		}})
		require.ErrorIs(t, err, acmx.ErrReload)
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, []bool{true, false}, ended)
		assert.Equal(t, before.Serial(), installed(t, s.dir))
		_, err = after.WriteDir(ctx, s.dir, s.options())
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestWriteDirKeepsOldVersions(t *testing.T) {
	t.Parallel()
	c := newChain(t, ecKey(t), "www.example.com")
	renew := func() *acmx.Bundle {
		c.leaf = issue(t, c.sub, "www.example.com", c.key, forServer("www.example.com"))
		return c.open(t)
	}
	for name, tt := range map[string]struct {
		keep *int
		want int
	}{"by default": {nil, 3}, "none": {new(0), 1}, "one": {new(1), 2}, "many": {new(100), 5}} {
		dir := t.TempDir()
		var serials []string
		for range 5 {
			b := renew()
			serials = append(serials, b.Serial())
			_, err := b.WriteDir(t.Context(), dir, &acmx.WriteOptions{Keep: tt.keep})
			require.NoError(t, err)
		}
		versions := ls(t, dir, "versions")
		require.Len(t, versions, tt.want, name)
		for i, v := range versions {
			assert.True(t, strings.HasSuffix(v, "-"+serials[len(serials)-tt.want+i]), name)
		}
	}
}

// Plain files that were there from before are the first version: nobody ever sees the new key with the old chain.
func TestWriteDirAdoptsPlainFiles(t *testing.T) {
	t.Parallel()
	before, after := twoBundles(t)
	s := &webServer{dir: t.TempDir(), refuse: after.Serial()}
	key, err := before.KeyPEM()
	require.NoError(t, err)
	block, _ := pem.Decode(key)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	require.NoError(t, err)
	sec1 := pemOf("EC PRIVATE KEY", keySEC1(t, parsed))
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "fullchain.pem"), before.FullChainPEM(), 0o640))
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "privkey.pem"), sec1, 0o400))
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "unrelated.txt"), []byte("x"), 0o600))

	_, err = after.WriteDir(t.Context(), s.dir, s.options())
	require.ErrorIs(t, err, acmx.ErrReload)
	assert.Equal(t, before.Serial(), s.loaded)
	got, err := os.ReadFile(filepath.Join(s.dir, "privkey.pem"))
	require.NoError(t, err)
	assert.Equal(t, sec1, got)
	info, err := os.Stat(filepath.Join(s.dir, "privkey.pem"))
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o400), info.Mode(), "as it was")
	assert.Equal(t, before.Serial(), installed(t, s.dir), "and it can be read, in the form that it has")

	s.refuse = ""
	changed, err := after.WriteDir(t.Context(), s.dir, s.options())
	require.NoError(t, err)
	assert.True(t, changed)
	assert.Equal(t, after.Serial(), s.loaded)
	assert.Equal(t, []string{".lock", "current", "fullchain.pem", "privkey.pem", "unrelated.txt", "versions"}, ls(t, s.dir))
	assert.True(t, slices.Contains(ls(t, s.dir, "versions"), "000000-adopted"))
}
