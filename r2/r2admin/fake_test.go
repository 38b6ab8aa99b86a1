package r2admin_test

import (
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

const zoneOfExample = "0123456789abcdef0123456789abcdef"

// ask sends a request to the public side, as a page of another site would, and gives its status and the origin that it allows.
func ask(t *testing.T, srv *r2test.Server, url, origin string) (status int, allowed string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	req.Header.Set("Origin", origin)
	resp, err := srv.Client().Do(req)
	require.NoError(t, err)
	resp.Body.Close()
	return resp.StatusCode, resp.Header.Get("Access-Control-Allow-Origin")
}

// The whole way of a bucket: it is made, connected, and serves what was put into it from when its domain is active, to the
// pages that its rules name; and all of that is still there when the fake begins again.
func TestDomainServesByTheRulesOfTheBucket(t *testing.T) {
	t.Parallel()
	opts := r2test.Options{NoBucket: true, StateFile: filepath.Join(t.TempDir(), "r2.json")}
	c, api, srv := open(t, opts)
	api.AddZone(r2test.Zone{ID: zoneOfExample, Name: "example.com"})
	ctx := t.Context()
	data, err := r2.New(srv.Config())
	require.NoError(t, err)
	put := func() error {
		_, err := data.Put(ctx, "a.txt", strings.NewReader("a"), nil)
		return err
	}
	require.ErrorIs(t, put(), fs.ErrNotExist, "there is no bucket yet")
	assert.Empty(t, srv.Objects())
	assert.Zero(t, srv.Writes("a.txt"))

	bucket, err := c.EnsureBucket(ctx, "images", nil)
	require.NoError(t, err)
	assert.False(t, bucket.Existed)
	require.NoError(t, put())
	const url, page, other = "https://img.example.com/a.txt", "https://www.example.com", "https://evil.example"
	domain, err := c.EnsureDomain(ctx, "images", "img.example.com", nil)
	require.NoError(t, err)
	status, _ := ask(t, srv, url, page)
	assert.Equal(t, http.StatusNotFound, status, "nobody has seen it active")
	last, err := domain.Wait(ctx, &r2admin.WaitOptions{Interval: time.Millisecond})
	require.NoError(t, err)
	assert.True(t, last.Active())
	status, allowed := ask(t, srv, url, page)
	assert.Equal(t, http.StatusOK, status)
	assert.Empty(t, allowed, "no rule yet")

	rule := r2admin.CORSRule{Origins: []string{page}, Methods: []string{"GET"}}
	plan, err := c.PlanCORS(ctx, "images", []r2admin.CORSRule{rule})
	require.NoError(t, err)
	require.NoError(t, c.ApplyCORS(ctx, plan))
	_, allowed = ask(t, srv, url, page)
	assert.Equal(t, page, allowed)
	_, allowed = ask(t, srv, url, other)
	assert.Empty(t, allowed)

	c, _, srv = open(t, opts)
	again, err := c.EnsureBucket(ctx, "images", nil)
	require.NoError(t, err)
	assert.True(t, again.Existed)
	assert.Equal(t, bucket.Created, again.Created)
	now, err := c.Domain("images", "img.example.com").Poll(ctx)
	require.NoError(t, err)
	assert.True(t, now.Active(), "the looks of before count: %+v", now)
	plan, err = c.PlanCORS(ctx, "images", []r2admin.CORSRule{rule})
	require.NoError(t, err)
	assert.True(t, plan.Empty(), "%s", plan)
	status, allowed = ask(t, srv, url, page)
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, page, allowed)
	plan, err = c.PlanCORS(ctx, "images", nil)
	require.NoError(t, err)
	require.NoError(t, c.ApplyCORS(ctx, plan))
	_, allowed = ask(t, srv, url, page)
	assert.Empty(t, allowed)
	err = c.DeleteBucket(ctx, "images", &r2admin.DeleteBucketOptions{Confirm: "images"})
	require.ErrorIs(t, err, r2admin.ErrNotEmpty, "the object is still there")
}

// Rules that nobody has touched through the API are those of the options; after that they never come back.
func TestRulesOfTheAPIReplaceThoseOfTheOptions(t *testing.T) {
	t.Parallel()
	const page, other = "https://www.example.com", "https://other.example"
	c, _, srv := open(t, r2test.Options{CORSOrigins: []string{page}})
	require.NoError(t, srv.Put("a.txt", []byte("a")))
	_, allowed := ask(t, srv, srv.PublicURL+"/a.txt", page)
	assert.Equal(t, page, allowed)
	for _, want := range [][]r2admin.CORSRule{{{Origins: []string{other}, Methods: []string{"GET"}}}, nil} {
		plan, err := c.PlanCORS(t.Context(), "images", want)
		require.NoError(t, err)
		require.NoError(t, c.ApplyCORS(t.Context(), plan))
		_, allowed = ask(t, srv, srv.PublicURL+"/a.txt", page)
		assert.Empty(t, allowed)
	}
}

// Trap 19: the zone is looked for without a change, and one that is absent or in another account says so.
func TestZoneID(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	api.AddZone(r2test.Zone{ID: zoneOfExample, Name: "example.com"})
	api.AddZone(r2test.Zone{ID: "f" + zoneOfExample[1:], Name: "example.net", AccountID: "f" + account[1:]})
	id, err := c.ZoneID(t.Context(), "IMG.Example.com.")
	require.NoError(t, err)
	assert.Equal(t, zoneOfExample, id)
	_, err = c.ZoneID(t.Context(), "img.example.net")
	require.ErrorIs(t, err, r2admin.ErrZone)
	assert.ErrorContains(t, err, "another account")
	_, err = c.ZoneID(t.Context(), "img.example.org")
	require.ErrorIs(t, err, r2admin.ErrZone)
	_, err = c.ZoneID(t.Context(), "example")
	require.ErrorIs(t, err, r2admin.ErrInput)
	for _, call := range api.Requests() {
		assert.Equal(t, http.MethodGet, call.Method)
	}
}
