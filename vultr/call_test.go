package vultr_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/vultr"
	"github.com/kitroll/kitroll/vultr/vultrtest"
)

// Trap 28: application/json; charset=utf-8 is read; an HTML 504 is a typed error with its status; {"error":…} becomes the
// message.
func TestAnswersByTheirBytesAndStatus(t *testing.T) {
	t.Parallel()
	const good = `{"block":{"id":"b-1","status":"active","size_gb":10,"region":"ewr"}}`
	for name, tt := range map[string]struct {
		status     int
		kind, body string
		want       error
		says       string
	}{
		"plain":          {status: 200, kind: "application/json", body: good},
		"charset":        {status: 200, kind: "application/json; charset=utf-8", body: good},
		"upper case":     {status: 200, kind: "Application/JSON;charset=UTF-8", body: good},
		"no type":        {status: 200, body: good},
		"html 504":       {status: 504, kind: "text/html", body: "<h1>We are currently conducting some software upgrades</h1>", want: vultr.ErrTemporary, says: "HTTP 504 with 59 bytes of text/html is no answer of the API: <h1>We are currently"},
		"error":          {status: 400, kind: "application/json", body: `{"error":"Nothing to change","status":400}`, want: vultr.ErrInput, says: "vultr: get-block: Nothing to change (HTTP 400)"},
		"error, charset": {status: 422, kind: "application/json; charset=utf-8", body: `{"error":"bad region","status":422}`, want: vultr.ErrInput, says: "bad region"},
		"not found":      {status: 404, kind: "application/json", body: `{"error":"Invalid block.","status":404}`, want: fs.ErrNotExist, says: "Invalid block."},
		"conflict":       {status: 409, kind: "application/json", body: `{"error":"busy"}`, want: vultr.ErrConflict, says: "busy"},
		"a proxy's time": {status: 408, want: vultr.ErrTemporary, says: "HTTP 408"},
		"throttled":      {status: 429, kind: "application/json", body: `{"error":"slow down"}`, want: vultr.ErrThrottled, says: "slow down"},
		"server error":   {status: 500, kind: "application/json", body: `{"error":"oops"}`, want: vultr.ErrTemporary, says: "oops"},
		"empty 503":      {status: 503, want: vultr.ErrTemporary, says: "HTTP 503 with 0 bytes of nothing declared"},
		"html 200":       {status: 200, kind: "text/html", body: "<h1>hello</h1>", want: vultr.ErrTemporary, says: "is no answer of the API"},
		"redirect":       {status: 302, kind: "text/html", body: "moved", want: vultr.ErrTemporary, says: "HTTP 302"},
		"message":        {status: 400, kind: "application/json", body: `{"message":"other words","code":"E7"}`, want: vultr.ErrInput, says: "other words (E7, HTTP 400)"},
		"key":            {status: 401, kind: "application/json", body: `{"error":"Invalid API token ` + apiKey + `"}`, want: fs.ErrPermission, says: "access list"},
		"permission":     {status: 403, kind: "application/json", body: `{"error":"Forbidden"}`, want: fs.ErrPermission, says: "storage.block.Read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := mocked(t, func(*http.Request) (*http.Response, error) { return answer(tt.status, tt.kind, tt.body), nil })
			b, err := c.Block().Get(t.Context(), "b-1")
			if tt.want == nil {
				require.NoError(t, err)
				assert.Equal(t, vultr.Block{ID: "b-1", Status: vultr.Active, SizeGB: 10, Region: "ewr"}, b)
				return
			}
			require.ErrorIs(t, err, tt.want)
			require.ErrorContains(t, err, tt.says)
			require.NotErrorIs(t, err, vultr.ErrUnknownOutcome, "it only reads")
			e := asError(t, err)
			assert.Equal(t, tt.status, e.Status)
			assert.True(t, e.Sent)
			assert.NotContains(t, err.Error(), apiKey)
		})
	}
}

func TestPermissionsInHints(t *testing.T) {
	t.Parallel()
	c := mocked(t, func(*http.Request) (*http.Response, error) {
		return answer(403, "application/json", `{"error":"no"}`), nil
	})
	ctx := t.Context()
	for want, call := range map[string]func() error{
		"storage.block.Create": func() error { _, err := c.Block().Create(ctx, volume(), nil); return err },
		"storage.block.List":   func() error { _, err := c.Block().Ensure(ctx, volume(), nil); return err },
		"storage.vfs.Read":     func() error { _, err := c.VFS().Get(ctx, "x"); return err },
		"storage.vfs.Update":   func() error { return c.VFS().Detach(ctx, "x", "y") },
		"storage.object.List": func() error {
			for _, err := range c.Object().List(ctx, nil) {
				return err
			}
			return nil
		},
		"may not do this": func() error { _, err := c.Gateway().Get(ctx, "x"); return err },
	} {
		require.ErrorContains(t, call(), want)
	}
}

// GET and DELETE are retried on 429 and 5xx, with Retry-After; nothing else is.
func TestRetries(t *testing.T) {
	t.Parallel()
	bubble(t, vultrtest.Options{}, func(w world) {
		t, srv, c := w.t, w.srv, w.c
		b, err := c.Block().Create(t.Context(), volume(), nil)
		require.NoError(t, err)

		began := time.Now()
		srv.ThrottleNext(vultrtest.GetBlock, 7*time.Second)
		_, err = c.Block().Get(t.Context(), b.ID)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, time.Since(began), 7*time.Second, "Retry-After")
		assert.Less(t, time.Since(began), 17*time.Second)

		for range 3 {
			srv.HTMLNext(vultrtest.GetBlock, 502)
		}
		_, err = c.Block().Get(t.Context(), b.ID)
		require.NoError(t, err, "the fourth attempt")
		for range 4 {
			srv.HTMLNext(vultrtest.GetBlock, 502)
		}
		_, err = c.Block().Get(t.Context(), b.ID)
		require.ErrorIs(t, err, vultr.ErrTemporary)

		srv.HTMLNext(vultrtest.UpdateBlock, 502)
		_, err = c.Block().Resize(t.Context(), b.ID, 50)
		require.ErrorIs(t, err, vultr.ErrUnknownOutcome)
		assert.Equal(t, 1, srv.Calls(vultrtest.UpdateBlock), "a PATCH is sent once")
		srv.FailNext(vultrtest.AttachBlock, 500, "no")
		require.ErrorIs(t, c.Block().Attach(t.Context(), b.ID, vultrtest.DemoInstance, nil), vultr.ErrUnknownOutcome)
		assert.Equal(t, 1, srv.Calls(vultrtest.AttachBlock), "a POST is sent once")

		srv.LoseNext(vultrtest.DeleteBlock)
		require.NoError(t, c.Block().Delete(t.Context(), b.ID, nil), "the repeated DELETE finds nothing, which is success")
		assert.Equal(t, 2, srv.Calls(vultrtest.DeleteBlock))
		assert.Empty(t, srv.Blocks())
	})
}

func TestRetriesCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	srv, c := open(t, vultrtest.Options{}, func(cfg *vultr.Config) { cfg.MaxRetries = new(0) })
	srv.FailNext(vultrtest.ListBlocks, 503, "later")
	_, err := c.Block().Ensure(t.Context(), volume(), nil)
	require.ErrorIs(t, err, vultr.ErrTemporary)
	assert.Equal(t, 1, srv.Calls(""))
}

func TestHungPlatform(t *testing.T) {
	t.Parallel()
	bubble(t, vultrtest.Options{}, func(w world) {
		t, srv, c := w.t, w.srv, w.c
		began := time.Now()
		srv.HangNext(vultrtest.CreateBlock)
		_, err := c.Block().Create(t.Context(), volume(), nil)
		require.ErrorIs(t, err, vultr.ErrUnknownOutcome)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 30*time.Second, time.Since(began))

		cause := errors.New("gone home")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 3*time.Second, cause)
		defer cancel()
		srv.HangNext(vultrtest.CreateBlock)
		_, err = c.Block().Create(ctx, volume(), &vultr.CreateOptions{FindByLabel: true})
		require.ErrorIs(t, err, vultr.ErrUnknownOutcome)
		require.ErrorIs(t, err, cause)
		require.NotErrorIs(t, err, vultr.ErrTemporary, "the caller gave up, not the platform")
		assert.Zero(t, srv.Bought(vultr.KindBlock))

		calls := srv.Calls("")
		_, err = c.Block().Create(ctx, volume(), nil)
		require.ErrorIs(t, err, cause)
		assert.False(t, asError(t, err).Sent)
		assert.Equal(t, calls, srv.Calls(""), "nothing is sent with a context that has ended")
	})
}

func TestAnAnswerWithoutEnd(t *testing.T) {
	t.Parallel()
	c := mocked(t, func(*http.Request) (*http.Response, error) {
		resp := answer(202, "application/json", "")
		resp.Body = io.NopCloser(io.LimitReader(zeros{}, 1<<40))
		return resp, nil
	})
	_, err := c.Block().Create(t.Context(), volume(), nil)
	require.ErrorIs(t, err, vultr.ErrUnknownOutcome)
	require.ErrorContains(t, err, "exceeds the limit")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestRedirectsDoNotTakeTheKeyAlong(t *testing.T) {
	t.Parallel()
	var hosts []string
	c := mocked(t, func(r *http.Request) (*http.Response, error) {
		hosts = append(hosts, r.URL.Host)
		resp := answer(307, "text/html", "")
		resp.Header.Set("Location", "https://evil.example.com/v2/blocks")
		return resp, nil
	})
	_, err := c.Block().Create(t.Context(), volume(), nil)
	require.ErrorIs(t, err, vultr.ErrUnknownOutcome)
	_, err = c.Block().Get(t.Context(), "x")
	require.Error(t, err)
	assert.Equal(t, []string{"api.vultr.com", "api.vultr.com"}, hosts)
}

// An ID that is none, or that leads elsewhere, asks for nothing.
func TestIDs(t *testing.T) {
	t.Parallel()
	var paths []string
	c := mocked(t, func(r *http.Request) (*http.Response, error) {
		paths = append(paths, r.URL.EscapedPath())
		return answer(404, "application/json", `{"error":"no"}`), nil
	})
	ctx := t.Context()
	for _, id := range []string{"", ".", "..", "a\nb"} {
		for _, err := range []error{
			func() error { _, err := c.Block().Get(ctx, vultr.BlockID(id)); return err }(),
			c.Block().Delete(ctx, vultr.BlockID(id), nil),
			c.Object().Delete(ctx, vultr.ObjectID(id), nil),
			c.VFS().Detach(ctx, "x", vultr.InstanceID(id)),
			c.VFS().Delete(ctx, vultr.FileSystemID(id), nil),
			c.Gateway().DeleteExport(ctx, "x", vultr.ExportID(id)),
			c.Object().DeleteBucket(ctx, "x", id),
			c.Block().Attach(ctx, "x", vultr.InstanceID(id), nil),
		} {
			require.ErrorIs(t, err, vultr.ErrInput)
		}
	}
	assert.Empty(t, paths)
	_, err := c.Block().Get(ctx, "../vfs/x?y#z")
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.Equal(t, []string{"/v2/blocks/..%2Fvfs%2Fx%3Fy%23z"}, paths)
}

func TestRequestOnTheWire(t *testing.T) {
	t.Parallel()
	var bodies []string
	c := mocked(t, func(r *http.Request) (*http.Response, error) {
		assert.Equal(t, "Bearer "+apiKey, r.Header.Get("Authorization"))
		if r.Body == nil {
			assert.Empty(t, r.Header.Get("Content-Type"))
			return answer(200, "application/json", `{"id":"x"}`), nil
		}
		assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
		data, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		bodies = append(bodies, r.Method+" "+r.URL.Path+" "+string(data))
		return answer(202, "application/json", `{"id":"x"}`), nil
	})
	ctx := t.Context()
	_, err := c.Block().Create(ctx, vultr.BlockSpec{Region: "ewr", SizeGB: 10}, nil)
	require.NoError(t, err)
	_, err = c.Object().Create(ctx, storage(), nil)
	require.NoError(t, err)
	_, err = c.Object().Create(ctx, vultr.ObjectSpec{Cluster: "ewr1", Tier: "007"}, nil)
	require.NoError(t, err)
	_, err = c.VFS().Create(ctx, tree(), nil)
	require.NoError(t, err)
	_, err = c.Gateway().Create(ctx, nfs("v"), nil)
	require.NoError(t, err)
	assert.Equal(t, []string{
		`POST /v2/blocks {"region":"ewr","size_gb":10,"block_type":"high_perf"}`,
		`POST /v2/object-storage {"cluster_id":3,"tier_id":1,"label":"backups"}`,
		`POST /v2/object-storage {"cluster_id":"ewr1","tier_id":"007"}`,
		`POST /v2/vfs {"region":"ewr","label":"shared","storage_size":{"gb":20},"disk_type":"nvme"}`,
		`POST /v2/storage-gateways {"label":"nfs","type":"nfs4","region":"ewr","export_config":[{"label":"all","vfs_uuid":"v","pseudo_root_path":"/data","allowed_ips":["10.1.0.0/16"]}],` +
			`"network_config":{"primary":{"ipv4_public_enabled":false,"ipv6_public_enabled":false,"vpc":{"vpc_uuid":"vpc-1"}}}}`,
	}, bodies)
}

func TestErrorsSayWhatTheyKnow(t *testing.T) {
	t.Parallel()
	c := mocked(t, func(*http.Request) (*http.Response, error) {
		resp := answer(503, "application/json", `{"error":"`+strings.Repeat("long ", 200)+`"}`)
		resp.Header.Set("X-Request-Id", "req-9")
		resp.Header.Set("Retry-After", "9")
		return resp, nil
	})
	_, err := c.Block().Create(t.Context(), volume(), nil)
	e := asError(t, err)
	assert.Equal(t, "create-block", e.Op)
	assert.Equal(t, "req-9", e.RequestID)
	assert.Equal(t, 9*time.Second, e.RetryAfter)
	assert.Less(t, len(err.Error()), 600)
	assert.Contains(t, err.Error(), `outcome unknown`)
	assert.Contains(t, err.Error(), `(HTTP 503, request req-9); look for "db" in ewr before you create it again`)
}
