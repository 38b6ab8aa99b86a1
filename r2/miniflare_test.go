//go:build miniflare

package r2_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// miniflare is a client of Cloudflare's own local R2, which .ci/miniflare has started.
func miniflare(t *testing.T, change ...func(*r2.Config)) *r2.Client {
	t.Helper()
	base := os.Getenv("KITROLL_MINIFLARE")
	require.NotEmpty(t, base, "it is run by .ci/miniflare")
	srv, err := r2test.Open(r2test.Options{})
	require.NoError(t, err)
	cfg := srv.Config()
	srv.Close()
	cfg.AccessKeyID, cfg.SecretAccessKey = os.Getenv("KITROLL_MINIFLARE_ID"), os.Getenv("KITROLL_MINIFLARE_SECRET")
	transport := &http.Transport{DisableCompression: true, DisableKeepAlives: true} // it closes idle ones just when they are needed
	t.Cleanup(transport.CloseIdleConnections)
	cfg.Endpoint, cfg.HTTPClient, cfg.PublicBase = base+r2.MiniflarePath, &http.Client{Transport: transport}, ""
	for _, f := range change {
		f(&cfg)
	}
	c, err := r2.New(cfg)
	require.NoError(t, err)
	return c
}

// TestMiniflareFiles: files of every size come back as they were sent, by one PUT and by parts.
func TestMiniflareFiles(t *testing.T) { //nolint:paralleltest // one after the other: it is slow enough
	c := miniflare(t)
	dir := t.TempDir()
	sizes := []int64{0, 1, 5*mib - 1, 5 * mib, 5*mib + 1, 16 * mib, 64*mib + 1}
	if os.Getenv("KITROLL_MINIFLARE_LARGE") != "" {
		sizes = append(sizes, 1<<30)
	}
	for _, size := range sizes { //nolint:paralleltest // the files are large
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			path := filepath.Join(dir, "sent")
			want := writeRandom(t, path, size)
			key := fmt.Sprintf("files/%d.bin", size)
			sent, err := c.PutFile(t.Context(), key, path, nil)
			require.NoError(t, err)
			require.Equal(t, size, sent.Size)
			require.NoError(t, os.Remove(path))

			back := filepath.Join(dir, "back")
			_, err = c.GetFile(t.Context(), key, back, nil)
			require.NoError(t, err)
			f, err := os.Open(back)
			require.NoError(t, err)
			require.Equal(t, want, sumOf(t, f))
			require.NoError(t, f.Close())
			require.NoError(t, os.Remove(back))

			if size > 64*mib {
				require.Contains(t, sent.ETag, "-", "not by parts")
				return // once is enough
			}
			o, err := c.Get(t.Context(), key, nil)
			require.NoError(t, err)
			require.Equal(t, want, sumOf(t, o))
			require.NoError(t, o.Close())
		})
	}
}

func writeRandom(t *testing.T, path string, size int64) string {
	t.Helper()
	f, err := os.Create(path)
	require.NoError(t, err)
	h := sha256.New()
	_, err = io.CopyBuffer(io.MultiWriter(f, h), io.LimitReader(rand.NewChaCha8([32]byte{7}), size), make([]byte, mib))
	require.NoError(t, err)
	require.NoError(t, f.Close())
	return fmt.Sprintf("%x", h.Sum(nil))
}

func sumOf(t *testing.T, r io.Reader) string {
	t.Helper()
	h := sha256.New()
	_, err := io.Copy(h, r)
	require.NoError(t, err)
	return fmt.Sprintf("%x", h.Sum(nil))
}

// Trap 31: a stream whose length nobody knows, over plain HTTP, where the SDK's own calls fail.
func TestMiniflareStreams(t *testing.T) { //nolint:paralleltest // one after the other: it is slow enough
	c := miniflare(t)
	for _, size := range []int{0, 1, 16 * mib, 33*mib + 1} {
		want := random(size)
		key := fmt.Sprintf("streams/%d", size)
		_, err := c.Put(t.Context(), key, streamed{bytes.NewReader(want)}, nil)
		require.NoError(t, err)
		o, err := c.Get(t.Context(), key, nil)
		require.NoError(t, err)
		got, err := io.ReadAll(o)
		require.NoError(t, err)
		require.NoError(t, o.Close())
		require.True(t, bytes.Equal(want, got), size)
	}
}

// TestMiniflareObjects: the rest of the data plane, with keys that need escaping.
func TestMiniflareObjects(t *testing.T) { //nolint:paralleltest // one after the other: it is slow enough
	c := miniflare(t)
	ctx := t.Context()
	keys := []string{"odd/a b+c%?#&é中", "odd/dir//x", "odd/plain.png", "odd/trail/"}
	for _, key := range keys {
		_, err := c.Put(ctx, key, strings.NewReader("0123456789"), &r2.PutOptions{IfAbsent: true, Metadata: map[string]string{"colour": "blau"}})
		require.NoError(t, err, key)
		_, err = c.Put(ctx, key, strings.NewReader("other"), &r2.PutOptions{IfAbsent: true})
		require.ErrorIs(t, err, fs.ErrExist, key)
		info, err := c.Head(ctx, key)
		require.NoError(t, err, key)
		assert.Equal(t, "blau", info.Metadata["colour"])
		part, err := c.GetRange(ctx, key, 3, 4)
		require.NoError(t, err, key)
		data, err := io.ReadAll(part)
		require.NoError(t, err)
		require.NoError(t, part.Close())
		assert.Equal(t, "3456", string(data))
		_, err = c.Copy(ctx, "copied/"+key, key, nil)
		require.NoError(t, err, key)
	}
	for _, prefix := range []string{"odd/", "copied/odd/"} {
		var got []string
		for e, err := range c.List(ctx, prefix, nil) {
			require.NoError(t, err)
			got = append(got, "odd/"+strings.TrimPrefix(e.Key, prefix))
		}
		slices.Sort(got)
		assert.Equal(t, keys, got)
	}
	for key, err := range c.DeleteAll(ctx, slices.Values(keys)) {
		require.NoError(t, err, key)
	}
	_, err := c.Head(ctx, keys[0])
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = c.Get(ctx, keys[0], nil)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// TestMiniflarePresign: what is signed here is taken there.
func TestMiniflarePresign(t *testing.T) { //nolint:paralleltest // one after the other: it is slow enough
	c := miniflare(t)
	put, err := c.PresignPut(t.Context(), "pre/a b.png", time.Minute, &r2.PresignOptions{ContentType: "image/png"})
	require.NoError(t, err)
	require.Equal(t, 200, sendSigned(t, put, "pixels"))
	get, err := c.PresignGet(t.Context(), "pre/a b.png", time.Minute, nil)
	require.NoError(t, err)
	require.Equal(t, 200, sendSigned(t, get, ""))
	put.Header.Set("Content-Type", "text/html")
	require.Equal(t, 403, sendSigned(t, put, "pixels"))
	remove, err := c.PresignDelete(t.Context(), "pre/a b.png", time.Minute, nil)
	require.NoError(t, err)
	require.Equal(t, 204, sendSigned(t, remove, ""))
	require.Equal(t, 404, sendSigned(t, get, ""))
}

func sendSigned(t *testing.T, p r2.Presigned, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), p.Method, p.URL, strings.NewReader(body))
	require.NoError(t, err)
	req.Header = p.Header.Clone()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}
