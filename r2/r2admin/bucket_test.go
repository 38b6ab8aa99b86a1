package r2admin_test

import (
	"fmt"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

func TestEnsureBucket(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	opts := &r2admin.BucketOptions{LocationHint: "apac", StorageClass: "InfrequentAccess"}
	b, err := c.EnsureBucket(t.Context(), "new", opts)
	require.NoError(t, err)
	assert.False(t, b.Existed)
	assert.Empty(t, b.Differences)
	assert.Equal(t, "apac", b.Location)
	assert.False(t, b.Created.IsZero())

	b, err = c.EnsureBucket(t.Context(), "new", opts)
	require.NoError(t, err)
	assert.True(t, b.Existed)
	assert.Empty(t, b.Differences)
	b, err = c.EnsureBucket(t.Context(), "new", &r2admin.BucketOptions{LocationHint: "enam", StorageClass: "Standard"})
	require.NoError(t, err)
	assert.Equal(t, []r2admin.Difference{{Field: "LocationHint", Want: "enam", Got: "apac"}, {Field: "StorageClass", Want: "Standard", Got: "InfrequentAccess"}}, b.Differences)
	assert.Equal(t, 1, api.Calls("CreateBucket"))

	_, err = c.EnsureBucket(t.Context(), "No", &r2admin.BucketOptions{LocationHint: "moon", StorageClass: "GLACIER"})
	require.ErrorIs(t, err, r2admin.ErrInput)
	for _, word := range []string{"bucket:", "LocationHint", "StorageClass"} {
		require.ErrorContains(t, err, word)
	}
}

// Trap 25: 409 is not retried on create (cloudflare-go's default retries it twice).
func TestConflictIsNotRetried(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	const conflict = `{"success":false,"errors":[{"code":10073,"message":"taken"}],"messages":[],"result":null}`
	api.AnswerNext("CreateBucket", 409, nil, conflict)
	_, err := c.EnsureBucket(t.Context(), "taken", nil)
	require.ErrorIs(t, err, fs.ErrExist)
	assert.Equal(t, 1, api.Calls("CreateBucket"))
}

func TestCreateBucketIsNotRepeated(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	api.LoseNext("CreateBucket") // made, the answer lost: it is found
	b, err := c.EnsureBucket(t.Context(), "lost", nil)
	require.NoError(t, err)
	assert.Equal(t, "lost", b.Name)
	assert.Equal(t, 1, api.Calls("CreateBucket"))

	api.DropNext("CreateBucket") // not made: nobody can know
	_, err = c.EnsureBucket(t.Context(), "dropped", nil)
	require.ErrorIs(t, err, r2admin.ErrUnknownOutcome)
	api.AnswerNext("CreateBucket", 502, nil, "<html>")
	_, err = c.EnsureBucket(t.Context(), "gateway", nil)
	require.ErrorIs(t, err, r2admin.ErrUnknownOutcome)
	assert.Equal(t, 3, api.Calls("CreateBucket"))
}

// Trap 29: ListBuckets pages with StartAfter: the typed response has no cursor.
func TestListBucketsPagesWithStartAfter(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	want := []string{}
	for i := range 7 {
		name := fmt.Sprintf("bucket-%d", i)
		_, err := c.EnsureBucket(t.Context(), name, nil)
		require.NoError(t, err)
		want = append(want, name)
	}
	want = append(want, "images")
	list := c.ListBuckets(t.Context(), &r2admin.ListBucketsOptions{PageSize: 3})
	for range 2 { // a second range starts anew
		got := []string{}
		for b, err := range list {
			require.NoError(t, err)
			got = append(got, b.Name)
		}
		assert.Equal(t, want, got)
	}
	assert.Equal(t, 8, api.Calls("ListBuckets"), "three pages and an empty one, twice")
	for b, err := range c.ListBuckets(t.Context(), &r2admin.ListBucketsOptions{NameContains: "mag"}) {
		require.NoError(t, err)
		assert.Equal(t, "images", b.Name)
	}

	// A server that does not know start_after must not be listed for ever.
	body := `{"success":true,"errors":[],"messages":[],"result":{"buckets":[{"name":"a"}]}}`
	api.AnswerNext("ListBuckets", 200, nil, body)
	api.AnswerNext("ListBuckets", 200, nil, body)
	var last error
	for _, err := range list {
		last = err
	}
	require.ErrorContains(t, last, "never end")
}

func TestDeleteBucketIsGuarded(t *testing.T) {
	t.Parallel()
	c, api, srv := open(t, r2test.Options{})
	require.NoError(t, srv.Put("a.png", []byte("x")))
	require.ErrorIs(t, c.DeleteBucket(t.Context(), "images", nil), r2admin.ErrInput)
	require.ErrorIs(t, c.DeleteBucket(t.Context(), "images", &r2admin.DeleteBucketOptions{Confirm: "image"}), r2admin.ErrInput)
	assert.Zero(t, api.Calls(""))
	require.ErrorIs(t, c.DeleteBucket(t.Context(), "images", &r2admin.DeleteBucketOptions{Confirm: "images"}), r2admin.ErrNotEmpty)

	_, err := c.EnsureBucket(t.Context(), "empty", nil)
	require.NoError(t, err)
	api.LoseNext("DeleteBucket") // the repeat finds nothing: it was ours
	require.NoError(t, c.DeleteBucket(t.Context(), "empty", &r2admin.DeleteBucketOptions{Confirm: "empty"}))
	require.ErrorIs(t, c.DeleteBucket(t.Context(), "empty", &r2admin.DeleteBucketOptions{Confirm: "empty"}), fs.ErrNotExist)
}
