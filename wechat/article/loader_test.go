package article_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat/article"
)

func TestLoadLocal(t *testing.T) {
	t.Parallel()
	data := pngOf(t, noise(4, 3, false))
	root := fstest.MapFS{
		"a.png": {Data: data}, "img/b c.JPG": {Data: data}, "100%.png": {Data: data}, "dir/x.png": {Data: data},
		"big.png": {Data: make([]byte, article.MaxPictureBytes+1)},
	}
	for name, tt := range map[string]struct {
		ref, name string
		kind      error
	}{
		"plain":         {ref: "a.png", name: "a.png"},
		"dot":           {ref: "./img/../a.png", name: "a.png"},
		"escaped space": {ref: "img/b%20c.JPG", name: "b c.png"},
		"a real %":      {ref: "100%.png", name: "100%.png"},
		"missing":       {ref: "none.png", kind: fs.ErrNotExist},
		"up":            {ref: "../a.png", kind: fs.ErrPermission},
		"up, escaped":   {ref: "%2e%2e/a.png", kind: fs.ErrPermission},
		"absolute":      {ref: "/etc/passwd", kind: fs.ErrPermission},
		"backslash":     {ref: `img\b.png`, kind: fs.ErrPermission},
		"file address":  {ref: "file:///etc/passwd", kind: fs.ErrPermission},
		"drive":         {ref: "c:/a.png", kind: fs.ErrPermission},
		"empty":         {ref: "", kind: fs.ErrPermission},
		"too big":       {ref: "big.png", kind: article.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := article.Loader{FS: root}.Load(t.Context(), tt.ref)
			if tt.kind != nil {
				require.ErrorIs(t, err, tt.kind)
				_, ok := errorAs[*article.PictureError](err)
				require.True(t, ok)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.name, p.Name)
			assert.Equal(t, tt.ref, p.Ref)
			assert.Equal(t, [3]any{"image/png", 4, 3}, [3]any{p.Type, p.Width, p.Height})
			assert.Equal(t, data, p.Data)
			assert.Len(t, p.SHA256, 64)
		})
	}
	_, err := article.Loader{FS: root}.Load(t.Context(), "dir")
	require.ErrorContains(t, err, "not a regular file")
	_, err = article.Loader{}.Load(t.Context(), "a.png")
	require.ErrorContains(t, err, "Loader.FS")
}

func TestLoadStaysInItsRoot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "in"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret.png"), pngOf(t, noise(2, 2, false)), 0o600))
	require.NoError(t, os.Symlink("../secret.png", filepath.Join(dir, "in", "link.png")))
	root, err := os.OpenRoot(filepath.Join(dir, "in"))
	require.NoError(t, err)
	defer root.Close()
	_, err = article.Loader{FS: root.FS()}.Load(t.Context(), "link.png")
	require.Error(t, err)
}

func TestLoadData(t *testing.T) {
	t.Parallel()
	data := pngOf(t, noise(4, 3, false))
	b64 := base64.StdEncoding.EncodeToString(data)
	for name, ref := range map[string]string{
		"base64":       "data:image/png;base64," + b64,
		"without pad":  "data:image/png;base64," + base64.RawStdEncoding.EncodeToString(data),
		"url alphabet": "data:;base64," + base64.URLEncoding.EncodeToString(data),
		"wrong type":   "DATA:image/jpeg;BASE64," + b64,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := article.Loader{}.Load(t.Context(), ref)
			require.NoError(t, err)
			assert.Equal(t, data, p.Data)
			assert.Equal(t, "picture.png", p.Name)
		})
	}
	for name, ref := range map[string]string{"no comma": "data:image/png", "no base64": "data:image/png;base64,!!!", "bad escape": "data:image/svg+xml,%zz"} {
		_, err := article.Loader{}.Load(t.Context(), ref)
		require.Error(t, err, name)
	}
}

func TestLoadRemote(t *testing.T) {
	t.Parallel()
	data := pngOf(t, noise(4, 3, false))
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("GET", "https://e.com/dir/a.webp", httpmock.NewBytesResponder(200, data))
	mock.RegisterResponder("GET", "https://e.com/gone.png", httpmock.NewStringResponder(404, "no"))
	mock.RegisterResponder("GET", "https://e.com/down.png", httpmock.NewStringResponder(503, "no"))
	mock.RegisterResponder("GET", "https://e.com/big.png", httpmock.NewBytesResponder(200, make([]byte, article.MaxPictureBytes+1)))
	mock.RegisterResponder("GET", "https://e.com/fails.png", httpmock.NewErrorResponder(errors.New("connection reset")))
	l := article.Loader{HTTPClient: &http.Client{Transport: mock}}

	p, err := l.Load(t.Context(), "https://e.com/dir/a.webp?w=1&sig=SECRET")
	require.NoError(t, err)
	assert.Equal(t, [2]string{"a.png", "image/png"}, [2]string{p.Name, p.Type}, "the bytes decide, not the name")

	for ref, want := range map[string]struct {
		kind error
		says string
	}{
		"https://e.com/gone.png?sig=SECRET":  {kind: fs.ErrNotExist},
		"https://e.com/down.png?sig=SECRET":  {says: "503"},
		"https://e.com/big.png?sig=SECRET":   {kind: article.ErrTooLarge},
		"https://e.com/fails.png?sig=SECRET": {says: "connection reset"},
	} {
		_, err := l.Load(t.Context(), ref)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "SECRET")
		require.ErrorContains(t, err, "https://e.com/")
		if want.kind != nil {
			require.ErrorIs(t, err, want.kind)
		}
		require.ErrorContains(t, err, want.says)
	}

	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("operator said stop")
	cancel(stop)
	_, err = l.Load(ctx, "https://e.com/dir/a.webp")
	require.ErrorIs(t, err, stop)
}

// The guard looks at the address of the connection: neither a name that resolves to a private address nor a redirect
// gets past it.
func TestLoadGuard(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var hits int
	srv := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits++ })}
	go func() { _ = srv.Serve(listener) }()
	defer srv.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	for _, host := range []string{
		"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254",
		"100.64.0.1", "[fd00::1]", "[fe80::1]", "[64:ff9b::a01:203]", "[2002:a01:203::1]", "198.18.0.1", "224.0.0.1", "255.255.255.255",
	} {
		_, err := article.Loader{}.Load(t.Context(), "http://"+host+":"+port+"/a.png?sig=SECRET")
		require.ErrorIs(t, err, fs.ErrPermission, host)
		require.NotContains(t, err.Error(), "SECRET")
	}
	assert.Zero(t, hits)
}

func FuzzLoadData(f *testing.F) {
	f.Add([]byte("data:image/png;base64,AAAA"))
	f.Add([]byte("data:,%20"))
	f.Fuzz(func(t *testing.T, ref []byte) {
		if !bytes.HasPrefix(ref, []byte("data:")) {
			return
		}
		p, err := article.Loader{}.Load(t.Context(), string(ref))
		if err == nil {
			_, _ = article.Fit(p)
		}
	})
}
