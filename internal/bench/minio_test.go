package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

const mib = 1 << 20

// bucket is a fake of R2 with two clients: ours and one that others wrote. That minio-go works on it shows that the fake is
// faithful to more than our own reading of S3, and that each reads what the other wrote shows that ours is.
type bucket struct {
	srv   *r2test.Server
	ours  *r2.Client
	minio *minio.Client
}

func openBucket(t *testing.T, opts r2test.Options) bucket {
	t.Helper()
	srv, err := r2test.Open(opts)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	cfg := srv.Config()
	ours, err := r2.New(cfg)
	require.NoError(t, err)
	u, err := url.Parse(cfg.Endpoint)
	require.NoError(t, err)
	theirs, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(cfg.AccessKeyID, cfg.SecretAccessKey, ""), Secure: true,
		Transport: cfg.HTTPClient.Transport, Region: "auto", BucketLookup: minio.BucketLookupPath,
	})
	require.NoError(t, err)
	return bucket{srv: srv, ours: ours, minio: theirs}
}

// large is a file whose every MiB begins with 4 KiB of noise; the rest is a hole, so that it takes no time to make.
func large(t *testing.T, size int64) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "large"))
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, f.Truncate(size))
	noise := rand.NewChaCha8([32]byte{byte(size)})
	buf := make([]byte, 4096)
	for off := int64(0); off < size; off += mib {
		_, _ = noise.Read(buf)
		_, err := f.WriteAt(buf[:min(int64(len(buf)), size-off)], off)
		require.NoError(t, err)
	}
	return f.Name()
}

// equals compares what comes with a file, and says where they differ.
func equals(t *testing.T, path string, got io.Reader) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	a, b := make([]byte, mib), make([]byte, mib)
	for off := 0; ; off += mib {
		n, errA := io.ReadFull(f, a)
		m, errB := io.ReadFull(got, b)
		if errB != nil && !errors.Is(errB, io.EOF) && !errors.Is(errB, io.ErrUnexpectedEOF) {
			require.NoError(t, errB)
		}
		require.True(t, bytes.Equal(a[:n], b[:m]), "they differ in the MiB from %d, of which %d bytes came and %d were sent", off, m, n)
		if errA != nil {
			return
		}
	}
}

// Both ways, at every size at which something changes: nothing, one request, the least part, the parts of both, and a GiB.
func TestMinioReadsWhatWeWriteAndTheOtherWay(t *testing.T) {
	t.Parallel()
	const part = 16 * mib // of both
	sizes := []int64{0, 1, 5*mib - 1, 5 * mib, 5*mib + 1, part - 1, part, part + 1, 4*part - 1, 4 * part, 4*part + 1, 1 << 30}
	for _, size := range sizes {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			b := openBucket(t, r2test.Options{Spool: t.TempDir()})
			ctx, path := t.Context(), large(t, size)
			cfg := b.srv.Config()

			sent, err := b.ours.PutFile(ctx, "ours", path, nil)
			require.NoError(t, err)
			o, err := b.minio.GetObject(ctx, cfg.Bucket, "ours", minio.GetObjectOptions{})
			require.NoError(t, err)
			equals(t, path, o)
			require.NoError(t, o.Close())
			stat, err := b.minio.StatObject(ctx, cfg.Bucket, "ours", minio.StatObjectOptions{})
			require.NoError(t, err)
			assert.Equal(t, size, stat.Size)
			assert.Equal(t, sent.ETag, stat.ETag)

			theirs, err := b.minio.FPutObject(ctx, cfg.Bucket, "theirs", path, minio.PutObjectOptions{ContentType: "film/odd"})
			require.NoError(t, err)
			back := filepath.Join(filepath.Dir(path), "back")
			got, err := b.ours.GetFile(ctx, "theirs", back, nil)
			require.NoError(t, err)
			assert.Equal(t, theirs.ETag, got.ETag)
			assert.Equal(t, "film/odd", got.ContentType)
			f, err := os.Open(back)
			require.NoError(t, err)
			defer f.Close()
			equals(t, path, f)
			if size == 4*part+1 {
				assert.Equal(t, sent.ETag, theirs.ETag, "the same parts")
			}
			assert.Equal(t, size > 4*part, strings.Contains(sent.ETag, "-"), "ours goes in parts above 64 MiB")
			assert.Equal(t, size > part, strings.Contains(theirs.ETag, "-"), "minio-go above 16 MiB")
		})
	}
}

// A stream whose length nobody knows goes in parts of 16 MiB here and there, and comes to the same object.
func TestMinioStreams(t *testing.T) {
	t.Parallel()
	b := openBucket(t, r2test.Options{Spool: t.TempDir()})
	path := large(t, 33*mib+1)
	stream := func() io.Reader {
		f, err := os.Open(path)
		require.NoError(t, err)
		t.Cleanup(func() { _ = f.Close() })
		return struct{ io.Reader }{f}
	}
	ours, err := b.ours.Put(t.Context(), "ours", stream(), nil)
	require.NoError(t, err)
	theirs, err := b.minio.PutObject(t.Context(), b.srv.Config().Bucket, "theirs", stream(), -1, minio.PutObjectOptions{PartSize: 16 * mib})
	require.NoError(t, err)
	assert.Equal(t, ours.ETag, theirs.ETag)
	assert.True(t, strings.HasSuffix(ours.ETag, "-3"), ours.ETag)
	plan, err := b.ours.PlanSync(t.Context(), os.DirFS(filepath.Dir(path)), &r2.SyncOptions{Prefix: "x/"})
	require.NoError(t, err)
	assert.Len(t, plan.Puts, 1)
}

// odd is keys that each of the two has to escape.
func odd() []string {
	return []string{"a b+c%?#&=é中", "dir//x", "dir/a'()!*", "dir/sub/y", "plain.png", "trail/"}
}

// List, metadata, ranges, conditions, copies and removals: what the one does, the other sees.
func TestMinioObjects(t *testing.T) {
	t.Parallel()
	b := openBucket(t, r2test.Options{})
	ctx, name := t.Context(), b.srv.Config().Bucket
	for _, key := range odd() {
		_, err := b.minio.PutObject(ctx, name, "m/"+key, strings.NewReader("0123456789"), 10, minio.PutObjectOptions{
			ContentType: "text/odd", CacheControl: "no-cache", UserMetadata: map[string]string{"Colour": "blau"},
		})
		require.NoError(t, err, key)
		info, err := b.ours.Head(ctx, "m/"+key)
		require.NoError(t, err, key)
		assert.Equal(t, "text/odd", info.ContentType)
		assert.Equal(t, "no-cache", info.CacheControl)
		assert.Equal(t, map[string]string{"colour": "blau"}, info.Metadata)

		_, err = b.ours.Put(ctx, "o/"+key, strings.NewReader("0123456789"), &r2.PutOptions{Metadata: map[string]string{"colour": "bleu"}})
		require.NoError(t, err, key)
		stat, err := b.minio.StatObject(ctx, name, "o/"+key, minio.StatObjectOptions{})
		require.NoError(t, err, key)
		assert.Equal(t, minio.StringMap{"Colour": "bleu"}, stat.UserMetadata)
		var part minio.GetObjectOptions
		require.NoError(t, part.SetRange(3, 6))
		o, err := b.minio.GetObject(ctx, name, "o/"+key, part)
		require.NoError(t, err)
		data, err := io.ReadAll(o)
		require.NoError(t, err)
		assert.Equal(t, "3456", string(data))
		require.NoError(t, o.Close())
	}
	assert.Equal(t, listMinio(ctx, t, b, "m/"), listOurs(ctx, t, b, "m/"))
	assert.Equal(t, odd(), trimmed(listMinio(ctx, t, b, "o/"), "o/"))

	_, err := b.minio.CopyObject(ctx, minio.CopyDestOptions{Bucket: name, Object: "copy"}, minio.CopySrcOptions{Bucket: name, Object: "o/" + odd()[0]})
	require.NoError(t, err)
	info, err := b.ours.Head(ctx, "copy")
	require.NoError(t, err)
	assert.Equal(t, "bleu", info.Metadata["colour"])
	_, err = b.ours.Copy(ctx, "copy again", "m/"+odd()[0], nil)
	require.NoError(t, err)
	stat, err := b.minio.StatObject(ctx, name, "copy again", minio.StatObjectOptions{})
	require.NoError(t, err)
	assert.Equal(t, "text/odd", stat.ContentType)

	var absent minio.PutObjectOptions
	absent.SetMatchETagExcept("*")
	_, err = b.minio.PutObject(ctx, name, "copy", strings.NewReader("x"), 1, absent)
	require.Equal(t, "PreconditionFailed", minio.ToErrorResponse(err).Code)
	_, err = b.minio.PutObject(ctx, name, "new", strings.NewReader("x"), 1, absent)
	require.NoError(t, err)
	_, err = b.ours.Put(ctx, "new", strings.NewReader("y"), &r2.PutOptions{IfAbsent: true})
	require.ErrorIs(t, err, fs.ErrExist)

	require.NoError(t, b.minio.RemoveObject(ctx, name, "new", minio.RemoveObjectOptions{}))
	_, err = b.ours.Head(ctx, "new")
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = b.minio.StatObject(ctx, name, "new", minio.StatObjectOptions{})
	assert.Equal(t, http.StatusNotFound, minio.ToErrorResponse(err).StatusCode)
}

// 1,100 objects are two calls to remove and two pages to list.
func TestMinioRemovesMany(t *testing.T) {
	t.Parallel()
	b := openBucket(t, r2test.Options{})
	for n := range 1100 {
		require.NoError(t, b.srv.Put(fmt.Sprintf("many/%04d", n), []byte("x")))
	}
	require.NoError(t, b.srv.Put("other", nil))
	assert.Len(t, listMinio(t.Context(), t, b, "many/"), 1100)
	doomed := b.minio.ListObjects(t.Context(), b.srv.Config().Bucket, minio.ListObjectsOptions{Prefix: "many/", Recursive: true})
	for failed := range b.minio.RemoveObjects(t.Context(), b.srv.Config().Bucket, doomed, minio.RemoveObjectsOptions{}) {
		require.NoError(t, failed.Err, failed.ObjectName)
	}
	assert.Len(t, b.srv.Objects(), 1)
	assert.Equal(t, 2, b.srv.Calls("DeleteObjects"))
}

// A presigned URL of the one is taken like that of the other, and is bound to its method and its key.
func TestMinioPresigned(t *testing.T) {
	t.Parallel()
	b := openBucket(t, r2test.Options{})
	ctx, name, key := t.Context(), b.srv.Config().Bucket, "dir/"+odd()[0]
	put, err := b.minio.PresignedPutObject(ctx, name, key, time.Minute)
	require.NoError(t, err)
	require.Equal(t, 200, b.use(t, http.MethodPut, put.String(), "pixels"))
	get, err := b.minio.PresignedGetObject(ctx, name, key, time.Minute, nil)
	require.NoError(t, err)
	assert.Equal(t, 200, b.use(t, http.MethodGet, get.String(), ""))
	assert.Equal(t, 403, b.use(t, http.MethodDelete, get.String(), ""))
	assert.Equal(t, 403, b.use(t, http.MethodGet, strings.Replace(get.String(), "/dir/", "/dis/", 1), ""))
	ours, err := b.ours.PresignGet(ctx, key, time.Minute, nil)
	require.NoError(t, err)
	assert.Equal(t, 200, b.use(t, http.MethodGet, ours.URL, ""))
}

func (b bucket) use(t *testing.T, method, address, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	require.NoError(t, err)
	resp, err := b.srv.Client().Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

func listMinio(ctx context.Context, t *testing.T, b bucket, prefix string) (keys []string) {
	t.Helper()
	for o := range b.minio.ListObjects(ctx, b.srv.Config().Bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		require.NoError(t, o.Err)
		keys = append(keys, o.Key)
	}
	return keys
}

func listOurs(ctx context.Context, t *testing.T, b bucket, prefix string) (keys []string) {
	t.Helper()
	for e, err := range b.ours.List(ctx, prefix, nil) {
		require.NoError(t, err)
		keys = append(keys, e.Key)
	}
	return keys
}

func trimmed(keys []string, prefix string) []string {
	keys = slices.Clone(keys)
	for i, key := range keys {
		keys[i] = strings.TrimPrefix(key, prefix)
	}
	return keys
}
