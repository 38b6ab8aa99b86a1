package r2_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// Trap 13: DeleteAll of 1,001 keys = 2 calls; errors per key surface.
func TestDeleteAllOf1001Keys(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{LockedPrefix: "kept/"})
	keys := []string{"a&<b>\"' é中/%20+", "kept/1", "a\r", "../x"}
	for n := range 999 {
		keys = append(keys, fmt.Sprintf("key/%04d", n))
	}
	for _, key := range keys {
		require.NoError(t, srv.Put(key, []byte("x")))
	}
	failed := map[string]error{}
	var order []string
	for key, err := range c.DeleteAll(t.Context(), slices.Values(keys)) {
		order = append(order, key)
		if err != nil {
			failed[key] = err
		}
	}
	assert.Equal(t, keys, order)
	assert.Equal(t, 2, srv.Calls("DeleteObjects"))
	require.Len(t, failed, 3)
	require.ErrorIs(t, failed["kept/1"], fs.ErrPermission)
	assert.ErrorContains(t, failed["kept/1"], "images/kept/1")
	require.ErrorIs(t, failed["a\r"], r2.ErrInput, "XML would make a line feed of it")
	require.ErrorIs(t, failed["../x"], r2.ErrInput)
	assert.Len(t, srv.Objects(), 3)
}

func TestDeleteAllSendsAgainWhatFailedForTheMoment(t *testing.T) {
	t.Parallel()
	inBubble(t, r2test.Options{}, func(t *testing.T, srv *r2test.Server, c *r2.Client) {
		t.Helper()
		keys := []string{"a", "b", "c"}
		for _, key := range keys {
			require.NoError(t, srv.Put(key, []byte("x")))
		}
		srv.FailDelete("b", "InternalError")
		srv.LoseNext("DeleteObjects")
		for key, err := range c.DeleteAll(t.Context(), slices.Values(keys)) {
			require.NoError(t, err, key)
		}
		assert.Equal(t, 2, srv.Calls("DeleteObjects"), "the lost one had deleted a and c, and used up the failure of b")
		assert.Empty(t, srv.Objects())

		require.NoError(t, srv.Put("b", []byte("x")))
		srv.FailDelete("b", "AccessDenied")
		for _, err := range c.DeleteAll(t.Context(), slices.Values(keys)) {
			if err != nil {
				require.ErrorIs(t, err, fs.ErrPermission)
			}
		}
		assert.Equal(t, 3, srv.Calls("DeleteObjects"), "that is not for the moment")
		srv.FailDelete("b", "InternalError")
		for key, err := range c.DeleteAll(t.Context(), slices.Values(keys)) {
			require.NoError(t, err, key)
		}
		assert.Equal(t, 5, srv.Calls("DeleteObjects"))
	})
}

// A request that is refused is the error of its keys, and the next one is made.
func TestDeleteAllOfARefusedBatch(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	var keys []string
	for n := range 1500 {
		keys = append(keys, fmt.Sprintf("%04d", n))
		require.NoError(t, srv.Put(keys[n], nil))
	}
	srv.AnswerNext("DeleteObjects", 403, nil, "")
	bad := 0
	for key, err := range c.DeleteAll(t.Context(), slices.Values(keys)) {
		if err != nil {
			bad++
			require.ErrorIs(t, err, fs.ErrPermission)
			require.ErrorContains(t, err, key)
		}
	}
	assert.Equal(t, 1000, bad)
	assert.Len(t, srv.Objects(), 1000)
	for _, err := range c.DeleteAll(t.Context(), slices.Values(keys)) {
		require.NoError(t, err)
		break
	}
	assert.Empty(t, srv.Objects(), "those of the first request are gone")
	for key, err := range c.DeleteAll(t.Context(), slices.Values[[]string](nil)) {
		require.Fail(t, "no keys", "%s %v", key, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range c.DeleteAll(ctx, slices.Values([]string{"a"})) {
		require.ErrorIs(t, err, context.Canceled)
	}
}

// DeleteAll carries Content-MD5 and no checksum of another kind, over http too.
func TestDeleteAllOnTheWire(t *testing.T) {
	t.Parallel()
	w := &wire{}
	_, c := opened(t, r2test.Options{}, w.record)
	for _, err := range c.DeleteAll(t.Context(), slices.Values([]string{"a"})) {
		require.NoError(t, err)
	}
	require.Len(t, w.all(), 1)
	for name := range w.all()[0].Header {
		assert.NotContains(t, strings.ToLower(name), "checksum")
	}
	assert.NotEmpty(t, w.all()[0].Header.Get("Content-Md5"))
}

func TestCopy(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int64{"one request": 100 * kib, "parts": 4 * kib} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := smallParts(t)
			r2.SetCopyLimits(c, size, 3*kib)
			data := random(10 * kib)
			_, err := c.Put(t.Context(), "a b+é/%.png", bytes.NewReader(data), &r2.PutOptions{
				CacheControl: "no-store", Metadata: map[string]string{"who": "é"}, ContentEncoding: "br",
			})
			require.NoError(t, err)
			info, err := c.Copy(t.Context(), "to.bin", "a b+é/%.png", nil)
			require.NoError(t, err)
			assert.Equal(t, data, content(t, srv, "to.bin"))
			found, err := c.Head(t.Context(), "to.bin")
			require.NoError(t, err)
			found.LastModified, info.LastModified = time.Time{}, time.Time{}
			assert.Equal(t, found, info)
			assert.Equal(t, "image/png,no-store,é,br", strings.Join([]string{info.ContentType, info.CacheControl, info.Metadata["who"], info.ContentEncoding}, ","))

			info, err = c.Copy(t.Context(), "to.webp", "to.bin", &r2.CopyOptions{Replace: true, Metadata: map[string]string{"b": "1"}, IfMatch: found.ETag})
			require.NoError(t, err)
			found, err = c.Head(t.Context(), "to.webp")
			require.NoError(t, err)
			found.LastModified, info.LastModified = time.Time{}, time.Time{}
			assert.Equal(t, found, info)
			assert.Equal(t, "image/webp,,1", strings.Join([]string{info.ContentType, info.CacheControl, info.Metadata["b"]}, ","))
			assert.Zero(t, srv.Uploads())

			_, err = c.Copy(t.Context(), "x", "none", nil)
			require.ErrorIs(t, err, fs.ErrNotExist)
			_, err = c.Copy(t.Context(), "x", "to.bin", &r2.CopyOptions{IfMatch: "other"})
			require.ErrorIs(t, err, r2.ErrPrecondition)
			require.NotErrorIs(t, err, fs.ErrExist)
		})
	}
}

// The source is overwritten while it is copied.
func TestCopyOfASourceThatChanges(t *testing.T) {
	t.Parallel()
	for name, op := range map[string]string{"one request": "CopyObject", "parts": "UploadPartCopy"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := smallParts(t)
			if op == "UploadPartCopy" {
				r2.SetCopyLimits(c, kib, 3*kib)
			}
			require.NoError(t, srv.Put("from", random(10*kib)))
			srv.Observe(func(e fault.Event) {
				if e.Op == op && e.N == 1 && e.When == fault.Before {
					assert.NoError(t, srv.Put("from", make([]byte, 10*kib)))
				}
			})
			_, err := c.Copy(t.Context(), "to", "from", nil)
			require.ErrorIs(t, err, r2.ErrPrecondition)
			_, there := srv.Bytes("to")
			assert.False(t, there)
			assert.Zero(t, srv.Uploads())
		})
	}
}

func TestCopyIfAbsent(t *testing.T) {
	t.Parallel()
	inBubble(t, r2test.Options{}, func(t *testing.T, srv *r2test.Server, c *r2.Client) {
		t.Helper()
		require.NoError(t, srv.Put("from", []byte("new")))
		require.NoError(t, srv.Put("there", []byte("old")))
		_, err := c.Copy(t.Context(), "there", "from", &r2.CopyOptions{IfAbsent: true})
		require.ErrorIs(t, err, fs.ErrExist)
		require.ErrorIs(t, err, r2.ErrPrecondition)
		assert.Equal(t, "old", string(content(t, srv, "there")))
		_, err = c.Copy(t.Context(), "free", "from", &r2.CopyOptions{IfAbsent: true})
		require.NoError(t, err)
		assert.Equal(t, "new", string(content(t, srv, "free")))
		srv.LoseNext("CopyObject")
		_, err = c.Copy(t.Context(), "lost", "from", &r2.CopyOptions{IfAbsent: true})
		require.ErrorIs(t, err, r2.ErrUnknownOutcome, "its repetition would meet its own write")
		srv.LoseNext("CopyObject")
		_, err = c.Copy(t.Context(), "lost", "from", nil)
		require.NoError(t, err)
	})
}

func TestCopyIsRefusedLocally(t *testing.T) {
	t.Parallel()
	srv, c := smallParts(t)
	for name, tt := range map[string]struct {
		dst, src string
		opts     r2.CopyOptions
		foreign  bool
		text     string
	}{
		"onto itself":           {dst: "a", src: "a", text: "set Replace"},
		"headers not replaced":  {dst: "b", src: "a", opts: r2.CopyOptions{CacheControl: "x"}, text: "only with Replace"},
		"bad source":            {dst: "b", src: "../a", text: "segment"},
		"no target":             {src: "a", text: "key is empty"},
		"if absent, another S3": {dst: "b", src: "a", opts: r2.CopyOptions{IfAbsent: true}, foreign: true, text: "only R2"},
	} {
		c := c
		if tt.foreign {
			c = client(t, srv, func(cfg *r2.Config) { cfg.AccountID = "" })
		}
		_, err := c.Copy(t.Context(), tt.dst, tt.src, &tt.opts)
		require.ErrorIs(t, err, r2.ErrInput, name)
		require.ErrorContains(t, err, tt.text, name)
	}
	assert.Zero(t, srv.Calls(""))
	require.NoError(t, srv.Put("big", random(2*kib)))
	r2.SetCopyLimits(c, kib, kib)
	_, err := c.Copy(t.Context(), "to", "big", &r2.CopyOptions{IfAbsent: true})
	require.ErrorIs(t, err, r2.ErrInput)
}

func TestPresignHeadAndDelete(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	require.NoError(t, srv.Put("a b", []byte("hello")))
	send := func(p r2.Presigned, err error) int {
		t.Helper()
		require.NoError(t, err)
		assert.Empty(t, p.Header)
		req, err := http.NewRequestWithContext(t.Context(), p.Method, p.URL, http.NoBody)
		require.NoError(t, err)
		resp, err := srv.Client().Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	assert.Equal(t, 200, send(c.PresignHead(t.Context(), "a b", time.Minute, nil)))
	assert.Equal(t, 204, send(c.PresignDelete(t.Context(), "a b", time.Minute, nil)))
	assert.Empty(t, srv.Objects())
	_, err := c.PresignDelete(t.Context(), "a", time.Minute, &r2.PresignOptions{IfAbsent: true})
	require.ErrorIs(t, err, r2.ErrInput)
	_, err = c.PresignHead(t.Context(), "a", 8*24*time.Hour, nil)
	require.ErrorIs(t, err, r2.ErrInput)
}
