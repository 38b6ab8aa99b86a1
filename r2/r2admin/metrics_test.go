package r2admin_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

func TestMetricsCountsWhatIsStored(t *testing.T) {
	t.Parallel()
	c, api, srv := open(t, r2test.Options{})
	ctx := t.Context()
	empty, err := c.Metrics(ctx)
	require.NoError(t, err)
	assert.Zero(t, empty)
	assert.Equal(t, "nothing is stored\n", empty.String())

	require.NoError(t, srv.Put("a.txt", []byte("hello")))
	require.NoError(t, srv.Put("b/c.txt", []byte("hello world")))
	_, err = c.EnsureBucket(ctx, "cold", &r2admin.BucketOptions{StorageClass: "InfrequentAccess"})
	require.NoError(t, err)
	store, err := r2.New(func() r2.Config { cfg := srv.Config(); cfg.Bucket = "images"; return cfg }())
	require.NoError(t, err)
	_, err = store.Put(ctx, "d.txt", bytes.NewReader([]byte("x")), &r2.PutOptions{ContentType: "text/plain", Metadata: map[string]string{"who": "me"}})
	require.NoError(t, err)

	m, err := c.Metrics(ctx)
	require.NoError(t, err)
	assert.Equal(t, int64(3), m.Standard.Published.Objects)
	assert.Equal(t, int64(17), m.Standard.Published.PayloadBytes)
	assert.Equal(t, int64(len("a.txt"+"b/c.txt"+"d.txt"+"Content-Type"+"text/plain"+"who"+"me")), m.Standard.Published.MetadataBytes)
	assert.Zero(t, m.Standard.Uploaded)
	assert.Zero(t, m.InfrequentAccess)
	assert.Equal(t, m.Standard.Published, m.Total())
	assert.Equal(t, "Standard objects: 3, 17 bytes and 44 of metadata\n", m.String())

	api.HoldMetrics(true) // as the platform does for a while
	require.NoError(t, srv.Put("e.txt", []byte("later")))
	late, err := c.Metrics(ctx)
	require.NoError(t, err)
	assert.Equal(t, m, late)
	api.HoldMetrics(false)
	now, err := c.Metrics(ctx)
	require.NoError(t, err)
	assert.Equal(t, int64(4), now.Standard.Published.Objects)
}

func TestMetricsOfClassesAndUploads(t *testing.T) {
	t.Parallel()
	c, _, srv := open(t, r2test.Options{Scope: r2test.ScopeAdmin})
	ctx := t.Context()
	_, err := c.EnsureBucket(ctx, "cold", &r2admin.BucketOptions{StorageClass: "InfrequentAccess"})
	require.NoError(t, err)
	cfg := srv.Config()
	cfg.Bucket = "cold"
	store, err := r2.New(cfg)
	require.NoError(t, err)
	_, err = store.Put(ctx, "old.log", bytes.NewReader(make([]byte, 1000)), nil)
	require.NoError(t, err)

	// An upload that never ends: its parts are there, and it is neither completed nor aborted.
	for range 20 {
		srv.AnswerNext("CompleteMultipartUpload", 403, nil, `<Error><Code>AccessDenied</Code></Error>`)
		srv.AnswerNext("AbortMultipartUpload", 403, nil, `<Error><Code>AccessDenied</Code></Error>`)
	}
	stream := io.LimitReader(zeros{}, 6<<20)
	_, err = store.Put(ctx, "big", stream, &r2.PutOptions{PartSize: 5 << 20})
	require.ErrorIs(t, err, fs.ErrPermission)
	require.Equal(t, 1, srv.Uploads())

	m, err := c.Metrics(ctx)
	require.NoError(t, err)
	assert.Zero(t, m.Standard)
	assert.Equal(t, int64(1), m.InfrequentAccess.Published.Objects)
	assert.Equal(t, int64(1000), m.InfrequentAccess.Published.PayloadBytes)
	assert.Equal(t, int64(1), m.InfrequentAccess.Uploaded.Objects)
	assert.Equal(t, int64(6<<20), m.InfrequentAccess.Uploaded.PayloadBytes)
	assert.InDelta(t, float64(m.Total().Bytes())/1e9, m.Usage().InfrequentAccess.GBMonths, 1e-12)
	assert.Contains(t, m.String(), "Infrequent Access uploads in progress: 1, 6291456 bytes")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// The API calls every number optional: what is missing is 0, and an answer that cannot be meant is an error.
func TestMetricsAreReadTolerantly(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		result string
		want   r2admin.Stored
		text   string
	}{
		"all": {
			result: `{"standard":{"published":{"objects":3,"payloadSize":4.0,"metadataSize":5e1}}}`,
			want:   r2admin.Stored{Objects: 3, PayloadBytes: 4, MetadataBytes: 50},
		},
		"texts":         {result: `{"standard":{"published":{"objects":"3","payloadSize":"9007199254740993"}}}`, want: r2admin.Stored{Objects: 3, PayloadBytes: 9007199254740993}},
		"nulls":         {result: `{"standard":{"published":{"objects":null},"uploaded":null},"infrequentAccess":null}`},
		"nothing":       {result: `{}`},
		"no result":     {result: `null`},
		"more":          {result: `{"standard":{"published":{"objects":1,"buckets":[]},"frozen":{}},"glacier":{}}`, want: r2admin.Stored{Objects: 1}},
		"negative":      {result: `{"standard":{"published":{"objects":-1}}}`, text: "no count"},
		"negative text": {result: `{"standard":{"published":{"objects":"-1.5"}}}`, text: "no count"},
		"words":         {result: `{"standard":{"published":{"objects":"many"}}}`, text: "no count"},
		"list":          {result: `[1]`, text: "another shape"},
		"too many":      {result: `{"standard":{"published":{"objects":1e300}}}`, text: "no count"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, api, _ := open(t, r2test.Options{})
			api.AnswerNext("GetMetrics", 200, nil, `{"success":true,"errors":[],"messages":[],"result":`+tt.result+`}`)
			m, err := c.Metrics(t.Context())
			if tt.text != "" {
				require.ErrorContains(t, err, tt.text)
				assert.Zero(t, m)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, r2admin.Metrics{Standard: r2admin.ClassMetrics{Published: tt.want}}, m)
		})
	}
}

func TestMetricsErrors(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	api.DropNext("GetMetrics")
	api.AnswerNext("GetMetrics", 500, nil, "")
	_, err := c.Metrics(t.Context())
	require.NoError(t, err, "reading is repeated")
	api.AnswerNext("GetMetrics", 403, nil, `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}`)
	_, err = c.Metrics(t.Context())
	require.ErrorIs(t, err, fs.ErrPermission)
	require.ErrorContains(t, err, "GetMetrics")
}

// What is stored, and what it costs if it stays as it is for a month.
func ExampleClient_Metrics() {
	srv := r2test.NewServer()
	defer srv.Close()
	api := srv.ControlPlane() // real code: r2admin.Config{AccountID: …, APIToken: …}
	defer api.Close()
	c, err := r2admin.New(config(api, r2test.Options{}))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := srv.Put("chart.png", make([]byte, 20_000)); err != nil {
		fmt.Println(err)
		return
	}
	m, err := c.Metrics(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(m)
	fmt.Println(r2admin.EstimateCost(m.Usage(), nil).Total)
	// Output:
	// Standard objects: 1, 20000 bytes and 9 of metadata
	// $0.00
}
