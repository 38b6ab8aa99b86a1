package r2_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
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

// everything does each operation once, the multipart ones too, beginning with a new key at the root.
func everything(t *testing.T, c *r2.Client) {
	t.Helper()
	ctx := t.Context()
	_, err := c.Put(ctx, "new-at-the-root.txt", strings.NewReader("hello"), nil)
	require.NoError(t, err)
	_, err = c.Put(ctx, "dir/large", bytes.NewReader(random(3*mib)), &r2.PutOptions{Metadata: map[string]string{"a": "b"}})
	require.NoError(t, err)
	_, err = c.Put(ctx, "parts", streamed{bytes.NewReader(random(5 * kib))}, &r2.PutOptions{PartSize: 2 * kib})
	require.NoError(t, err)
	_, err = c.Put(ctx, r2.ContentKey("", []byte("x")), strings.NewReader("x"), &r2.PutOptions{IfAbsent: true})
	require.NoError(t, err)
	obj, err := c.Get(ctx, "new-at-the-root.txt", nil)
	require.NoError(t, err)
	defer obj.Close()
	_, err = io.Copy(io.Discard, obj)
	require.NoError(t, err)
	_, err = c.Head(ctx, "parts")
	require.NoError(t, err)
	for _, err := range c.List(ctx, "", nil) {
		require.NoError(t, err)
	}
	require.NoError(t, c.Delete(ctx, "parts"))
	_, err = c.Put(ctx, "aborted", streamed{io.MultiReader(bytes.NewReader(random(5*kib)), failing{})}, &r2.PutOptions{PartSize: 2 * kib})
	require.ErrorIs(t, err, errBroken)
	p, err := c.PresignPut(ctx, "presigned.png", time.Minute, nil)
	require.NoError(t, err)
	assert.NotContains(t, strings.ToLower(p.URL), "checksum")
	theRest(t, c)
}

// theRest is what is made of those.
func theRest(t *testing.T, c *r2.Client) {
	t.Helper()
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "file.bin")
	require.NoError(t, os.WriteFile(path, random(5*kib), 0o600))
	_, err := c.PutFile(ctx, "root-file.bin", path, &r2.PutFileOptions{PutOptions: r2.PutOptions{PartSize: 2 * kib}, Journal: path + ".journal"})
	require.NoError(t, err)
	_, err = c.PutImage(ctx, "x", bytes.NewReader(pictures(t)["gif"]), &r2.ImageOptions{Strip: true})
	require.NoError(t, err)
	_, err = c.GetFile(ctx, "root-file.bin", path, &r2.GetFileOptions{PartSize: 2 * kib})
	require.NoError(t, err)
	_, err = c.Copy(ctx, "root-copy.bin", "root-file.bin", nil)
	require.NoError(t, err)
	plan, err := c.PlanSync(ctx, mapFS(map[string]string{"a": "1", "b": "2"}), &r2.SyncOptions{Prefix: "site/", Delete: true})
	require.NoError(t, err)
	_, err = c.Apply(ctx, plan, nil)
	require.NoError(t, err)
	_, err = fs.ReadDir(c.FS(ctx), "site")
	require.NoError(t, err)
	for _, err := range c.DeleteAll(ctx, slices.Values([]string{"site/a", "site/b"})) {
		require.NoError(t, err)
	}
	for _, err := range c.AbortStale(ctx, "", time.Hour) {
		require.NoError(t, err)
	}
}

// Trap 1: WhenRequired in every layer, asserted on the wire: no aws-chunked, no x-amz-trailer, no checksum in presigned URLs.
// Trap 7: no ACL, tag, SSE, grant or object-lock header is ever sent.
func TestNothingUnwantedOnTheWire(t *testing.T) {
	t.Parallel()
	var w wire
	_, c := smallParts(t, w.record)
	everything(t, c)
	require.NotEmpty(t, w.all())
	for _, req := range w.all() {
		assert.Empty(t, req.Header.Get("Accept-Encoding"), req.URL)
		assert.Empty(t, req.Header.Get("Expect"), req.URL)
		assert.Equal(t, "https", req.URL.Scheme)
		if req.Method == http.MethodPut && req.Header.Get("X-Amz-Copy-Source") == "" {
			assert.Equal(t, "UNSIGNED-PAYLOAD", req.Header.Get("X-Amz-Content-Sha256"), req.URL)
			assert.Positive(t, req.ContentLength, req.URL)
			fromFile := strings.Contains(req.URL.Path, "root-file.bin") || strings.Contains(req.URL.Path, "/site/")
			assert.Equal(t, !fromFile, req.Header.Get("Content-Md5") != "", "what is in memory has it: %s", req.URL)
		}
		for name, values := range req.Header {
			v := strings.Join(values, ",")
			assert.NotContains(t, v, "aws-chunked", name)
			assert.NotContains(t, v, "STREAMING-", name)
			assert.NotContains(t, strings.ToLower(v), "accept-encoding", "signed")
			lower := strings.ToLower(name)
			for _, no := range []string{
				"x-amz-checksum", "x-amz-sdk-checksum", "x-amz-trailer", "x-amz-decoded", "x-amz-acl", "x-amz-grant", "x-amz-tagging",
				"x-amz-server-side", "x-amz-object-lock", "x-amz-request-payer", "x-amz-expected-bucket-owner", "x-amzn-trace-id",
			} {
				assert.NotContains(t, lower, no)
			}
		}
	}
}

// Trap 4: a server that answers 403 to every bucket-level operation: every data operation works, on a new root key too; no
// CreateBucket, HeadBucket, ListBuckets. An Object Read & Write token is refused all of them.
func TestNoBucketLevelCall(t *testing.T) {
	t.Parallel()
	srv, c := smallParts(t)
	everything(t, c)
	for _, op := range []string{"CreateBucket", "HeadBucket", "ListBuckets", "DeleteBucket", "BucketConfiguration", "ListObjects"} {
		assert.Zero(t, srv.Calls(op), op)
	}
	for _, op := range []string{
		"PutObject", "GetObject", "HeadObject", "DeleteObject", "ListObjectsV2", "CreateMultipartUpload", "UploadPart",
		"CompleteMultipartUpload", "AbortMultipartUpload", "CopyObject", "DeleteObjects", "ListMultipartUploads",
	} {
		assert.Positive(t, srv.Calls(op), op)
	}
	assert.Zero(t, srv.Uploads(), "the one that failed was aborted")
}

// "Access Denied" on uploading to the root is not about the root: other tools send CreateBucket before a single new file. Ours
// asks for nothing but the key, even where the bucket itself may not so much as be listed.
func TestNewFileAtTheRootOfABucketThatMayNotBeTouched(t *testing.T) {
	t.Parallel()
	_, c := smallParts(t, through(func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		if strings.Trim(req.URL.Path, "/") == "images" {
			assert.Fail(t, "a call on the bucket", "%s %s", req.Method, req.URL)
			return &http.Response{StatusCode: http.StatusForbidden, Body: http.NoBody, Header: http.Header{}, Request: req}, nil
		}
		return next.RoundTrip(req)
	}))
	path := filepath.Join(t.TempDir(), "new.png")
	data := pictures(t)["png"]
	require.NoError(t, os.WriteFile(path, data, 0o600))
	_, err := c.Put(t.Context(), "new1.png", bytes.NewReader(data), nil)
	require.NoError(t, err)
	_, err = c.PutFile(t.Context(), "new2.png", path, nil)
	require.NoError(t, err)
	_, err = c.PutFile(t.Context(), "new3.png", path, &r2.PutFileOptions{PutOptions: r2.PutOptions{PartSize: kib}, Journal: path + ".journal"})
	require.NoError(t, err)
	_, err = c.PutImage(t.Context(), "new4.png", bytes.NewReader(data), nil)
	require.NoError(t, err)
	_, err = c.Copy(t.Context(), "new5.png", "new1.png", nil)
	require.NoError(t, err)
	_, err = c.GetFile(t.Context(), "new5.png", path, nil)
	require.NoError(t, err)
}

// Trap 3: a proxy that rewrites Accept-Encoding: requests still verify.
func TestProxyRewritesAcceptEncoding(t *testing.T) {
	t.Parallel()
	_, c := smallParts(t, through(func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		req = req.Clone(req.Context())
		req.Header.Set("Accept-Encoding", "br")
		return next.RoundTrip(req)
	}))
	everything(t, c)
}

// Trap 31: plain http with a body that cannot seek works. What is signed is the hash of the body, which takes a second reading.
func TestPlainHTTP(t *testing.T) {
	t.Parallel()
	plainly := func(cfg *r2.Config) {
		cfg.Endpoint = "http://localhost" + r2.MiniflarePath
	}
	var w wire
	srv, c := smallParts(t, plainly, w.record)
	for name, body := range map[string]io.Reader{
		"stream":   streamed{strings.NewReader("hello")},
		"pipe":     piped("hello"),
		"seekable": strings.NewReader("hello"),
		"file":     seekable{strings.NewReader("hello")},
	} {
		info, err := c.Put(t.Context(), name, body, &r2.PutOptions{Verify: r2.VerifyETag})
		require.NoError(t, err, name)
		assert.EqualValues(t, 5, info.Size, name)
		assert.Equal(t, "hello", string(content(t, srv, name)), name)
	}
	_, err := c.Put(t.Context(), "long", streamed{bytes.NewReader(random(5 * kib))}, &r2.PutOptions{PartSize: 2 * kib})
	require.NoError(t, err)
	assert.Equal(t, random(5*kib), content(t, srv, "long"))
	for _, req := range w.all() {
		assert.NotEqual(t, "UNSIGNED-PAYLOAD", req.Header.Get("X-Amz-Content-Sha256"))
	}
	everything(t, c)
}

// With an endpoint alone it is a bucket of any S3: the same calls work, and R2's own rules are off.
func TestAnotherS3(t *testing.T) {
	t.Parallel()
	srv, c := smallParts(t, func(cfg *r2.Config) { cfg.AccountID = "" })
	everything(t, c)
	for range 3 { // no turn is waited for
		_, err := c.Put(t.Context(), "key", strings.NewReader("x"), nil)
		require.NoError(t, err)
	}
	long := strings.Repeat("v", 9000)
	_, err := c.Put(t.Context(), "key", strings.NewReader("x"), &r2.PutOptions{Metadata: map[string]string{"a": long}})
	require.NotErrorIs(t, err, r2.ErrInput)
	e, ok := errors.AsType[*r2.Error](err)
	require.True(t, ok)
	assert.Equal(t, "MetadataTooLarge", e.Code, "the platform has the say")
	assert.Zero(t, e.R2Code)
	assert.Equal(t, 3, srv.Writes("key"))
}

func piped(s string) io.Reader {
	r, w := io.Pipe()
	go func() {
		_, _ = io.WriteString(w, s)
		_ = w.Close()
	}()
	return r
}

// A server in front of the fake that speaks plain net/http has no say in the path.
func TestHandlerOnAnotherHost(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{}, func(cfg *r2.Config) {
		cfg.Endpoint = "http://127.0.0.1:8787" + r2.MiniflarePath
		cfg.PublicBase = "http://127.0.0.1:8787/cdn-cgi/local/r2/public/images"
	})
	_, err := c.Put(t.Context(), "a b/é.txt", strings.NewReader("hello"), nil)
	require.NoError(t, err)
	url, err := c.PublicURL("a b/é.txt")
	require.NoError(t, err)
	resp, err := srv.Client().Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(body))
}
