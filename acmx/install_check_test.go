package acmx_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
)

func keySEC1(t *testing.T, key any) []byte {
	t.Helper()
	ec, ok := key.(*ecdsa.PrivateKey)
	require.True(t, ok)
	der, err := x509.MarshalECPrivateKey(ec)
	require.NoError(t, err)
	return der
}

// everything is the tree below a folder, with modes and contents.
func everything(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		content := info.Mode().String()
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content += " " + string(data)
		}
		out[strings.TrimPrefix(path, dir)] = content
		return nil
	}))
	return out
}

// Mistakes are reported before anything is changed, and all at once.
func TestWriteDirReportsMistakesFirst(t *testing.T) {
	t.Parallel()
	b, other := twoBundles(t)
	write := func(name, data string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600))
		}
	}
	for name, tt := range map[string]struct {
		prepare func(t *testing.T, dir string)
		below   string // the folder is this one below
		opts    acmx.WriteOptions
		want    []string
		kind    error
	}{
		"options that make no sense": {
			opts: acmx.WriteOptions{Layout: "iis", KeyMode: 0o644, Keep: new(-1), GID: new(-2)},
			want: []string{`Layout: "iis" is none of nginx, apache, haproxy`, "KeyMode: 0644 is none of", "Keep: -1", "GID: -2 is no group"},
		},
		"a group that is not named": {opts: acmx.WriteOptions{KeyMode: 0o640}, want: []string{"KeyMode: 0640 lets a group read the key: GID must say which"}},
		"everybody may write": {
			prepare: func(t *testing.T, dir string) { t.Helper(); require.NoError(t, os.Chmod(dir, 0o777)) },
			want:    []string{"everybody may write to it (mode 0777), and so replace the key: chmod o-w"}, kind: fs.ErrPermission,
		},
		"a file in place of the folder": {below: "x", prepare: write("x", ""), want: []string{"it is not a folder"}},
		"a file in place of a parent":   {below: "x/y/z", prepare: write("x", ""), want: []string{"not a directory"}},
		"a link that leads nowhere": {below: "x", prepare: func(t *testing.T, dir string) {
			t.Helper()
			require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, "x")))
		}, want: []string{"it is a link that leads nowhere"}},
		"versions is a file": {prepare: write("versions", ""), want: []string{"versions in it is not a folder"}},
		"current is a file":  {prepare: write("current", ""), want: []string{"current is not a link: move it away"}},
		"current leads elsewhere": {prepare: func(t *testing.T, dir string) {
			t.Helper()
			require.NoError(t, os.Symlink("/etc", filepath.Join(dir, "current")))
		}, want: []string{`current leads to "/etc", which is not of this package`}},
		"current leads out of versions": {prepare: func(t *testing.T, dir string) {
			t.Helper()
			require.NoError(t, os.Symlink("versions/../..", filepath.Join(dir, "current")))
		}, want: []string{"which is not of this package"}},
		"links of certbot, and a folder": {
			prepare: func(t *testing.T, dir string) {
				t.Helper()
				require.NoError(t, os.Symlink("../../archive/x/fullchain1.pem", filepath.Join(dir, "fullchain.pem")))
				require.NoError(t, os.Mkdir(filepath.Join(dir, "privkey.pem"), 0o700))
			},
			want: []string{`fullchain.pem is a link to "../../archive/x/fullchain1.pem", which somebody else keeps`, "privkey.pem is not a file"},
		},
		"a file put over a link": {
			prepare: func(t *testing.T, dir string) {
				t.Helper()
				_, err := other.WriteDir(t.Context(), dir, nil)
				require.NoError(t, err)
				require.NoError(t, os.Remove(filepath.Join(dir, "privkey.pem")))
				write("privkey.pem", "x")(t, dir)
			},
			want: []string{"privkey.pem is a file that somebody else has put there: move it away"},
		},
		"no folder named": {below: "-", want: []string{"no folder is named"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			top := t.TempDir()
			if tt.prepare != nil {
				tt.prepare(t, top)
			}
			dir := filepath.Join(top, tt.below)
			if tt.below == "-" {
				dir = ""
			}
			was := everything(t, top)
			changed, err := b.WriteDir(t.Context(), dir, &tt.opts)
			require.Error(t, err)
			assert.False(t, changed)
			for _, w := range tt.want {
				require.ErrorContains(t, err, w)
			}
			if tt.kind != nil {
				require.ErrorIs(t, err, tt.kind)
			}
			assert.Equal(t, was, everything(t, top), "nothing is changed")
		})
	}
	_, err := (&acmx.Bundle{}).WriteDir(t.Context(), t.TempDir(), nil)
	require.ErrorIs(t, err, acmx.ErrMalformed)
}

// What only another user can get wrong is tried as another user would: root may do everything, so the tests say whom they
// run as.
func TestWriteDirChecksOwners(t *testing.T) {
	t.Parallel()
	b, _ := twoBundles(t)
	if os.Geteuid() == 0 {
		dir := t.TempDir()
		require.NoError(t, os.Chown(dir, 12345, -1))
		_, err := b.WriteDir(t.Context(), dir, nil)
		require.ErrorIs(t, err, fs.ErrPermission)
		require.ErrorContains(t, err, "it belongs to the user 12345, and this process is the user 0")
		require.Empty(t, ls(t, dir))

		dir = t.TempDir()
		_, err = b.WriteDir(t.Context(), dir, &acmx.WriteOptions{GID: new(12345), KeyMode: 0o640})
		require.NoError(t, err)
		changed, err := b.WriteDir(t.Context(), dir, &acmx.WriteOptions{GID: new(12345), KeyMode: 0o640})
		require.NoError(t, err)
		assert.False(t, changed)
		changed, err = b.WriteDir(t.Context(), dir, &acmx.WriteOptions{GID: new(12346), KeyMode: 0o640})
		require.NoError(t, err)
		assert.True(t, changed, "another group")
		return
	}
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o500))
	_, err := b.WriteDir(t.Context(), dir, nil)
	require.ErrorIs(t, err, fs.ErrPermission)
	require.ErrorContains(t, err, "it is not writable")
	_, err = b.WriteDir(t.Context(), filepath.Join(dir, "new"), nil)
	require.ErrorIs(t, err, fs.ErrPermission)
	require.ErrorContains(t, err, "the folder cannot be made")
	require.NoError(t, os.Chmod(dir, 0o700))
	_, err = b.WriteDir(t.Context(), dir, &acmx.WriteOptions{GID: new(0)})
	require.ErrorIs(t, err, fs.ErrPermission)
	require.ErrorContains(t, err, "not in the group 0")
	require.Empty(t, ls(t, dir))
}

// A second writer does not wait for the first one, whose reload may take its time: it says so.
func TestWriteDirIsLocked(t *testing.T) {
	t.Parallel()
	before, after := twoBundles(t)
	dir := t.TempDir()
	_, err := before.WriteDir(t.Context(), dir, &acmx.WriteOptions{Reload: func(ctx context.Context) error {
		_, err := after.WriteDir(ctx, dir, nil)
		assert.ErrorContains(t, err, "locked by another process")
		return nil
	}})
	require.NoError(t, err)
	assert.Equal(t, before.Serial(), installed(t, dir))
}

func TestReadDirRefuses(t *testing.T) {
	t.Parallel()
	b, other := twoBundles(t)
	otherKey, err := other.KeyPEM()
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		name, data string
		kind       error
		want       string
	}{
		"another's key":         {"privkey.pem", string(otherKey), acmx.ErrMismatch, "the key is not that of"},
		"no key":                {"privkey.pem", "x", acmx.ErrMalformed, "no key that is not encrypted"},
		"a damaged key":         {"privkey.pem", string(pemOf("PRIVATE KEY", []byte("x"))), acmx.ErrMalformed, "the key cannot be read"},
		"no certificate":        {"fullchain.pem", "x", acmx.ErrMalformed, "no certificate"},
		"a damaged one":         {"fullchain.pem", string(pemOf("CERTIFICATE", []byte("x"))), acmx.ErrMalformed, "x509"},
		"more than can be read": {"fullchain.pem", strings.Repeat("x", 1<<20+1), acmx.ErrMalformed, "more than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			_, err := b.WriteDir(t.Context(), dir, nil)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, tt.name), []byte(tt.data), 0o600))
			_, err = acmx.ReadDir(dir)
			require.ErrorIs(t, err, tt.kind)
			require.ErrorContains(t, err, tt.want)
		})
	}
	_, err = acmx.ReadDir(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = acmx.ReadDir(t.TempDir())
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "no certificate is installed")
}

func FuzzReadPair(f *testing.F) {
	c := newChain(f, ecKey(f), "www.example.com")
	chain, key := certPEM(c.leaf, c.sub.cert, c.top.cert), pemOf("PRIVATE KEY", keyDER(f, c.key))
	f.Add(chain, key)
	f.Add(append(chain, key...), append(chain, key...))
	f.Add([]byte("x"), pemOf("EC PRIVATE KEY", []byte{0x30}))
	f.Fuzz(func(t *testing.T, chain, key []byte) {
		b, err := acmx.ReadPair(chain, key)
		if err != nil {
			require.Nil(t, b)
			require.True(t, errors.Is(err, acmx.ErrMalformed) || errors.Is(err, acmx.ErrMismatch), err)
			return
		}
		require.Equal(t, b.Leaf.PublicKey, b.Key().Public())
	})
}
