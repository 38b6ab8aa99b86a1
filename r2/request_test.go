package r2_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/pipehttp"
	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// sent is what a request says, without what is the SDK's alone and what differs with the time.
func sent(req *http.Request) map[string]string {
	q := req.URL.Query()
	q.Del("x-id")
	out := map[string]string{"": req.Method + " " + req.URL.EscapedPath() + "?" + q.Encode(), "length": http.StatusText(int(req.ContentLength))}
	if req.ContentLength > 0 {
		out["length"] = "some"
	}
	for name, values := range req.Header {
		if !strings.HasPrefix(strings.ToLower(name), "amz-sdk-") {
			out[http.CanonicalHeaderKey(name)] = strings.Join(values, "|")
		}
	}
	signed := regexp.MustCompile(`SignedHeaders=([^,]*),`).FindStringSubmatch(req.Header.Get("Authorization"))
	if len(signed) == 2 {
		out["signed"] = regexp.MustCompile(`amz-sdk-[a-z-]*;`).ReplaceAllString(signed[1], "")
	}
	for _, differs := range []string{"User-Agent", "Authorization", "X-Amz-Date", "Accept-Encoding"} {
		delete(out, differs)
	}
	out["signed"] = strings.ReplaceAll(out["signed"], "accept-encoding;", "")
	return out
}

// The requests that are made here are those that the SDK would make, but for what it says of itself.
func TestRequestsAreThoseOfTheSDK(t *testing.T) {
	t.Parallel()
	srv := r2test.NewServer()
	defer srv.Close()
	cfg := srv.Config()
	var ours, theirs wire
	ours.record(&cfg)
	cfg.SessionToken = "session" // both sign it; the fake knows of none and refuses, which does not matter here
	cfg.MaxRetries = new(0)
	c, err := r2.New(cfg)
	require.NoError(t, err)
	other := srv.Config()
	theirs.record(&other)
	sdk := s3.New(s3.Options{
		Region: "auto", BaseEndpoint: &other.Endpoint, UsePathStyle: true, HTTPClient: other.HTTPClient, Retryer: aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: other.AccessKeyID, SecretAccessKey: other.SecretAccessKey, SessionToken: "session"}, nil
		}),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	})
	ctx := t.Context()
	meta := map[string]string{"name": "é", "Other": "x"}
	for _, key := range []string{"a.txt", "a b+c%?#&=é中", "dir//x", "trail/", "(1)!*'~", "%2F"} {
		for name, both := range map[string]func(){
			"put": func() {
				_, _ = c.Put(ctx, key, streamed{strings.NewReader("hello")}, &r2.PutOptions{
					ContentType: "text/plain", CacheControl: "no-cache", ContentEncoding: "br", Metadata: meta, IfMatch: "abc",
				})
				_, _ = sdk.PutObject(ctx, &s3.PutObjectInput{
					Bucket: &cfg.Bucket, Key: &key, Body: strings.NewReader("hello"), ContentType: new("text/plain"), CacheControl: new("no-cache"),
					ContentEncoding: new("br"), IfMatch: new(`"abc"`), Metadata: map[string]string{"name": "=?utf-8?b?w6k=?=", "other": "x"},
					ContentMD5: new("XUFAKrxLKna5cZ2REBfFkg=="),
				})
			},
			"put absent and empty": func() {
				_, _ = c.Put(ctx, key, strings.NewReader(""), &r2.PutOptions{ContentType: "text/plain", IfAbsent: true, Verify: r2.VerifyNone})
				_, _ = sdk.PutObject(ctx, &s3.PutObjectInput{
					Bucket: &cfg.Bucket, Key: &key, Body: strings.NewReader(""), ContentType: new("text/plain"), IfNoneMatch: new("*"),
				})
			},
			"part": func() {
				_ = r2.SendPart(ctx, c, key, "id/+=", 7, []byte("hello"))
				_, _ = sdk.UploadPart(ctx, &s3.UploadPartInput{
					Bucket: &cfg.Bucket, Key: &key, UploadId: new("id/+="), PartNumber: new(int32(7)), Body: strings.NewReader("hello"),
					ContentMD5: new("XUFAKrxLKna5cZ2REBfFkg=="),
				})
			},
			"get": func() {
				_, _ = c.Get(ctx, key, &r2.GetOptions{Range: &r2.Range{Offset: 1, Length: 2}, IfMatch: "abc"})
				_, _ = sdk.GetObject(ctx, &s3.GetObjectInput{Bucket: &cfg.Bucket, Key: &key, Range: new("bytes=1-2"), IfMatch: new(`"abc"`)})
			},
			"head": func() {
				_, _ = c.Head(ctx, key)
				_, _ = sdk.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &cfg.Bucket, Key: &key})
			},
			"delete": func() {
				_ = c.Delete(ctx, key)
				_, _ = sdk.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &cfg.Bucket, Key: &key})
			},
		} {
			before, than := len(ours.all()), len(theirs.all())
			both()
			require.Len(t, ours.all(), before+1, "%s %s", name, key)
			require.Len(t, theirs.all(), than+1, "%s %s", name, key)
			want, got := sent(theirs.all()[than]), sent(ours.all()[before])
			assert.Equal(t, want, got, "%s %s", name, key)
			assert.Contains(t, got["signed"], "x-amz-security-token", "%s %s", name, key)
		}
	}
}

// A platform may refuse before it has read the body. What it says is heard.
func TestEarlyRefusal(t *testing.T) {
	t.Parallel()
	srv := pipehttp.NewServer("bucket.fake", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "<Error><Code>AccessDenied</Code><Message>not yours</Message></Error>"+strings.Repeat(" ", 10*kib))
	}))
	defer srv.Close()
	_, c := opened(t, r2test.Options{}, func(cfg *r2.Config) { cfg.HTTPClient = srv.HTTPSClient() })
	for range 20 {
		_, err := c.Put(t.Context(), "key", seekable{bytes.NewReader(random(mib))}, nil)
		e, ok := errors.AsType[*r2.Error](err)
		require.True(t, ok)
		require.Equal(t, "AccessDenied", e.Code, err)
		require.Equal(t, "not yours", e.Message)
		require.ErrorIs(t, err, fs.ErrPermission)
	}
}

// Over plain http a body is read for its hash before anything is sent. Where that fails, nothing is, not even again.
func TestBodyThatFailsBeforeItIsSigned(t *testing.T) {
	t.Parallel()
	var w wire
	_, c := opened(t, r2test.Options{}, func(cfg *r2.Config) { cfg.Endpoint = "http://localhost" + r2.MiniflarePath }, w.record)
	_, err := c.Put(t.Context(), "key.bin", shrinking{bytes.NewReader(random(kib)), 100}, &r2.PutOptions{ContentType: "x/y"})
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.ErrorContains(t, err, "r2: PutObject images/key.bin: body: it ended after 100 of 1024 bytes")
	assert.Empty(t, w.all())
}

// What does not come from an S3 has a status and no code, and its text is not passed on.
func TestRefusalByAnother(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status      int
		body        string
		code, words string
	}{
		"page of a proxy": {status: 403, body: "<!DOCTYPE html><html><p>Sorry<br></html>", words: "forbidden"},
		"text":            {status: 400, body: "secret text", code: "BadRequest", words: "Bad Request"},
		"nothing":         {status: 404, code: "NotFound", words: "Not Found"},
		"other XML":       {status: 409, body: "<a><b>c</b></a>", code: "Conflict", words: "Conflict"},
		"endless":         {status: 403, body: "<Error><Code>AccessDenied</Code>" + strings.Repeat(" ", 70*kib) + "</Error>", words: "forbidden"},
		"code alone":      {status: 403, body: "<Error><Code>AccessDenied</Code></Error>", code: "AccessDenied", words: "forbidden"},
		"redirect":        {status: 302, body: "<p>moved<br>", words: "not that of an S3"},
		"redirect of S3":  {status: 301, body: "<Error><Code>PermanentRedirect</Code><Message>there</Message></Error>", code: "PermanentRedirect", words: "there"},
	} {
		for op, do := range map[string]func(*r2.Client) error{
			"GetObject":    func(c *r2.Client) error { _, err := c.Get(t.Context(), "key", nil); return err },
			"DeleteObject": func(c *r2.Client) error { return c.Delete(t.Context(), "key") },
			"PutObject": func(c *r2.Client) error {
				_, err := c.Put(t.Context(), "key", strings.NewReader("hello"), nil)
				return err
			},
		} {
			t.Run(name+" "+op, func(t *testing.T) {
				t.Parallel()
				srv, c := opened(t, r2test.Options{}, func(cfg *r2.Config) { cfg.MaxRetries = new(0) })
				srv.AnswerNext(op, tt.status, http.Header{"Location": {"https://elsewhere.fake/"}}, tt.body)
				err := do(c)
				e, ok := errors.AsType[*r2.Error](err)
				require.True(t, ok, "%v", err)
				assert.Equal(t, tt.status, e.Status)
				assert.Equal(t, tt.code, e.Code)
				require.ErrorContains(t, err, tt.words)
				assert.NotContains(t, err.Error(), "secret")
			})
		}
	}
}

// The SDK makes 1,670 allocations for a Put. It is its price, half a millisecond, that is saved.
func TestPutAllocatesLittle(t *testing.T) { //nolint:paralleltest // it counts those of the process
	srv := r2test.NewServer()
	defer srv.Close()
	cfg := srv.Config()
	cfg.HTTPClient = &http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		req.Header = http.Header{"X-Want": {`"5d41402abc4b2a76b9719d911017c592"`}}
		return discarding(req)
	})}
	c, err := r2.New(cfg)
	require.NoError(t, err)
	n := 0
	allocs := testing.AllocsPerRun(100, func() {
		n++
		if _, err := c.Put(t.Context(), url.PathEscape(string(rune('a'+n))), strings.NewReader("hello"), nil); err != nil {
			t.Error(err)
		}
	})
	assert.Less(t, allocs, 250.0)
	assert.Greater(t, allocs, 10.0, "something was sent")
}

func FuzzParseError(f *testing.F) {
	f.Add([]byte("<Error><Code>NoSuchKey</Code><Message>m</Message></Error>"), 404)
	f.Add([]byte(""), 403)
	f.Add([]byte("<html>"), 502)
	f.Fuzz(func(t *testing.T, text []byte, status int) {
		code, message, err := r2.ParseError(text, status)
		if err != nil && code+message != "" {
			t.Fatalf("%q, %q with an error", code, message)
		}
	})
}

// What the headers of an answer say arrives, of a GET as of a HEAD.
func TestInfoOfAnAnswer(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	_, err := c.Put(t.Context(), "key.txt", strings.NewReader("hello"), &r2.PutOptions{
		CacheControl: "no-cache", ContentEncoding: "br", Metadata: map[string]string{"Name": "é", "other": "x"},
	})
	require.NoError(t, err)
	stored := time.Now()
	head, err := c.Head(t.Context(), "key.txt")
	require.NoError(t, err)
	assert.WithinDuration(t, stored, head.LastModified, time.Minute)
	head.LastModified = head.LastModified.UTC()
	assert.Equal(t, r2.Info{
		Key: "key.txt", Size: 5, ETag: "5d41402abc4b2a76b9719d911017c592", ContentType: "text/plain; charset=utf-8", CacheControl: "no-cache",
		ContentEncoding: "br", LastModified: head.LastModified, Metadata: map[string]string{"name": "é", "other": "x"},
	}, head)
	obj, err := c.Get(t.Context(), "key.txt", nil)
	require.NoError(t, err)
	defer obj.Close()
	obj.LastModified = obj.LastModified.UTC()
	assert.Equal(t, head, obj.Info)

	srv.AnswerNext("HeadObject", http.StatusOK, http.Header{"Last-Modified": {"yesterday"}, "Etag": {`W/"abc"`}}, "")
	head, err = c.Head(t.Context(), "key.txt")
	require.NoError(t, err, "what cannot be read is not known")
	assert.Zero(t, head.LastModified)
	assert.Equal(t, "abc", head.ETag)
	assert.Nil(t, head.Metadata)
}

// Half of a body counts while the other half is on its way.
func TestProgressInTheMiddle(t *testing.T) {
	t.Parallel()
	half := make(chan struct{})
	_, c := opened(t, r2test.Options{}, through(func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		head := make([]byte, 5*kib)
		if _, err := io.ReadFull(req.Body, head); err != nil {
			return nil, err
		}
		select {
		case <-half:
		case <-time.After(30 * time.Second):
			return nil, errors.New("nobody was told")
		}
		whole := req.Clone(req.Context())
		whole.Body = io.NopCloser(io.MultiReader(bytes.NewReader(head), req.Body))
		return next.RoundTrip(whole)
	}), func(cfg *r2.Config) { cfg.MaxRetries = new(0) })
	told := false
	_, err := c.Put(t.Context(), "key", bytes.NewReader(random(10*kib)), &r2.PutOptions{Progress: func(p r2.Progress) {
		if p.Sent == 5*kib && !told {
			told = true
			close(half)
		}
	}})
	require.NoError(t, err)
	assert.True(t, told)
}
