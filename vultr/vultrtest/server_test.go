package vultrtest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kitroll/kitroll/vultr"
	"github.com/kitroll/kitroll/vultr/vultrtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wire speaks to a fake without the client, as another program would.
type wire struct {
	t   *testing.T
	srv *vultrtest.Server
}

func open(t *testing.T, opts vultrtest.Options) wire {
	t.Helper()
	srv, err := vultrtest.Open(opts)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	return wire{t, srv}
}

func (w wire) call(method, path, body string, edit ...func(*http.Request)) (int, map[string]any, http.Header) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, "http://vultr.fake/v2"+path, strings.NewReader(body))
	require.NoError(w.t, err)
	req.Header.Set("Authorization", "Bearer "+vultrtest.DemoKey)
	req.Header.Set("Content-Type", "application/json")
	for _, f := range edit {
		f(req)
	}
	resp, err := w.srv.Client().Do(req)
	require.NoError(w.t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(w.t, err)
	var out map[string]any
	if len(data) > 0 {
		require.NoError(w.t, json.Unmarshal(data, &out), string(data))
	}
	return resp.StatusCode, out, resp.Header
}

// block buys a volume and gives its ID.
func (w wire) block() string {
	w.t.Helper()
	status, out, _ := w.call("POST", "/blocks", `{"region":"ewr","size_gb":20,"label":"x","block_type":"high_perf"}`)
	require.Equal(w.t, 202, status, out)
	return id(w.t, out, "block")
}

func (w wire) vfs() string {
	w.t.Helper()
	status, out, _ := w.call("POST", "/vfs", `{"region":"ewr","label":"x","storage_size":{"gb":20},"disk_type":"nvme"}`)
	require.Equal(w.t, 202, status, out)
	return id(w.t, map[string]any{"vfs": out}, "vfs") // not wrapped
}

func id(t *testing.T, out map[string]any, key string) string {
	t.Helper()
	thing, ok := out[key].(map[string]any)
	require.True(t, ok, out)
	id, ok := thing["id"].(string)
	require.True(t, ok, out)
	return id
}

// What the platform refuses, the fake refuses.
func TestRefusals(t *testing.T) {
	t.Parallel()
	w := open(t, vultrtest.Options{})
	b, f := w.block(), w.vfs()
	gw := `{"label":"g","type":"nfs4","region":"ewr","export_config":%s,"network_config":{"primary":{"ipv4_public_enabled":true}}}`
	for name, tt := range map[string]struct {
		method, path, body string
		status             int
		says               string
	}{
		"no such path":        {"GET", "/tapes", "", 404, "endpoint"},
		"no such volume":      {"GET", "/blocks/none", "", 404, "block storage ID"},
		"unknown field":       {"POST", "/blocks", `{"region":"ewr","size":20}`, 400, `unknown field "size"`},
		"no JSON":             {"POST", "/blocks", `size=20`, 400, "Invalid request body"},
		"region":              {"POST", "/blocks", `{"region":"moon","size_gb":20}`, 400, "region"},
		"type":                {"POST", "/blocks", `{"region":"ewr","size_gb":20,"block_type":"tape"}`, 400, "block_type"},
		"small":               {"POST", "/blocks", `{"region":"ewr","size_gb":9}`, 400, "at least 10"},
		"small HDD":           {"POST", "/blocks", `{"region":"ewr","size_gb":39,"block_type":"storage_opt"}`, 400, "at least 40"},
		"nothing to change":   {"PATCH", "/blocks/" + b, `{"size_gb":20}`, 400, "Nothing to change"},
		"nothing at all":      {"PATCH", "/blocks/" + b, `{}`, 400, "Nothing to change"},
		"shrink":              {"PATCH", "/blocks/" + b, `{"size_gb":19}`, 400, "shrunk"},
		"detach what is free": {"POST", "/blocks/" + b + "/detach", `{"live":true}`, 400, "Unable to detach block storage"},
		"attach to nobody":    {"POST", "/blocks/" + b + "/attach", `{"instance_id":"x","live":true}`, 400, "instance_id"},
		"attach to metal":     {"POST", "/blocks/" + b + "/attach", `{"instance_id":"` + vultrtest.DemoBareMetal + `","live":true}`, 400, "Bare Metal"},
		"cluster":             {"POST", "/object-storage", `{"cluster_id":77,"tier_id":1}`, 400, "cluster_id"},
		"tier":                {"POST", "/object-storage", `{"cluster_id":2,"tier_id":77}`, 400, "tier_id"},
		"tiers of no cluster": {"GET", "/object-storage/clusters/77/tiers", "", 404, "cluster"},
		"vfs disk":            {"POST", "/vfs", `{"region":"ewr","storage_size":{"gb":20},"disk_type":"tape"}`, 400, "disk_type"},
		"vfs small":           {"POST", "/vfs", `{"region":"ewr","storage_size":{"gb":9},"disk_type":"nvme"}`, 400, "storage_size"},
		"vfs rename alone":    {"PUT", "/vfs/" + f, `{"label":"y"}`, 400, "decreased"},
		"vfs to metal":        {"PUT", "/vfs/" + f + "/attachments/" + vultrtest.DemoBareMetal, "", 400, "Bare Metal"},
		"vfs to nobody":       {"PUT", "/vfs/" + f + "/attachments/x", "", 404, "instance"},
		"no attachment":       {"GET", "/vfs/" + f + "/attachments/" + vultrtest.DemoInstance, "", 404, "attachment"},
		"export as an object": {"POST", "/storage-gateways", fmt.Sprintf(gw, `{"vfs_uuid":"`+f+`","pseudo_root_path":"/"}`), 400, "array"},
		"no export":           {"POST", "/storage-gateways", fmt.Sprintf(gw, `[]`), 400, "array"},
		"export of nothing":   {"POST", "/storage-gateways", fmt.Sprintf(gw, `[{"vfs_uuid":"x","pseudo_root_path":"/"}]`), 400, "vfs_uuid"},
		"export below":        {"POST", "/storage-gateways", fmt.Sprintf(gw, `[{"vfs_uuid":"`+f+`","pseudo_root_path":"x"}]`), 400, "pseudo_root_path"},
		"no network":          {"POST", "/storage-gateways", `{"label":"g","type":"nfs4","region":"ewr","export_config":[{"vfs_uuid":"x"}],"network_config":{"primary":{}}}`, 400, "network_config"},
		"per_page":            {"GET", "/blocks?per_page=501", "", 400, "per_page"},
		"cursor":              {"GET", "/blocks?cursor=abc", "", 400, "cursor"},
	} {
		w.srv.Advance(time.Second) // not too many in one
		status, out, _ := w.call(tt.method, tt.path, tt.body)
		assert.Equal(t, tt.status, status, "%s: %v", name, out)
		assert.Contains(t, out["error"], tt.says, name)
		assert.InDelta(t, tt.status, out["status"], 0, name)
	}
	assert.Equal(t, 1, w.srv.Bought(vultr.KindBlock))
	assert.Equal(t, 1, w.srv.Bought(vultr.KindFile))
	assert.Zero(t, w.srv.Bought(vultr.KindGateway)+w.srv.Bought(vultr.KindObject))
}

func TestKeyAndContentType(t *testing.T) {
	t.Parallel()
	w := open(t, vultrtest.Options{APIKey: "another"})
	status, out, _ := w.call("GET", "/blocks", "")
	assert.Equal(t, 401, status)
	assert.Contains(t, out["error"], "Invalid API token")
	as := func(r *http.Request) { r.Header.Set("Authorization", "Bearer another") }
	status, _, _ = w.call("GET", "/blocks", "", as)
	assert.Equal(t, 200, status)
	status, _, _ = w.call("POST", "/blocks", `{"region":"ewr","size_gb":20}`, as, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") })
	assert.Equal(t, 400, status)
}

func TestThirtyRequestsASecond(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	w := open(t, vultrtest.Options{Now: func() time.Time { return now }})
	for range 30 {
		status, _, _ := w.call("GET", "/blocks", "")
		assert.Equal(t, 200, status)
	}
	status, out, header := w.call("GET", "/blocks", "")
	assert.Equal(t, 429, status)
	assert.NotEmpty(t, out["error"])
	assert.Equal(t, "1", header.Get("Retry-After"))
	assert.Equal(t, "Fri, 27 Nov 2026 12:00:00 GMT", header.Get("Date"))
	w.srv.Advance(999 * time.Millisecond)
	status, _, _ = w.call("GET", "/blocks", "")
	assert.Equal(t, 429, status)
	w.srv.Advance(time.Millisecond)
	status, _, _ = w.call("GET", "/blocks", "")
	assert.Equal(t, 200, status)
}

// The states of a volume go by the fake's clock: not there, pending, active, attached, detached.
func TestStatesGoByTheClock(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	w := open(t, vultrtest.Options{
		Now: func() time.Time { return now }, Lag: 5 * time.Second, ActiveAfter: 10 * time.Second, AttachAfter: 3 * time.Second, PerSecond: -1,
	})
	b := w.block()
	see := func() any {
		status, out, _ := w.call("GET", "/blocks/"+b, "")
		_, list, _ := w.call("GET", "/blocks", "")
		items, _ := list["blocks"].([]any)
		assert.Equal(t, status == 200, len(items) == 1, "the list knows as much as a GET")
		if status != 200 {
			return status
		}
		thing, _ := out["block"].(map[string]any)
		assert.Equal(t, "2026-11-27T12:00:00+00:00", thing["date_created"])
		return fmt.Sprint(thing["status"], " ", thing["attached_to_instance_label"])
	}
	attach := `{"instance_id":"` + vultrtest.DemoInstance + `","live":true}`
	assert.Equal(t, 404, see())
	w.srv.Advance(5 * time.Second)
	assert.Equal(t, "pending ", see())
	status, out, _ := w.call("POST", "/blocks/"+b+"/attach", attach)
	assert.Equal(t, 400, status, "not active: %v", out)
	w.srv.Advance(5 * time.Second)
	assert.Equal(t, "active ", see())
	status, _, _ = w.call("POST", "/blocks/"+b+"/attach", attach)
	assert.Equal(t, 204, status)
	assert.Equal(t, "active ", see())
	status, _, _ = w.call("POST", "/blocks/"+b+"/attach", attach)
	assert.Equal(t, 400, status, "already on its way")
	w.srv.Advance(3 * time.Second)
	assert.Equal(t, "active web-1", see())
	status, _, _ = w.call("DELETE", "/blocks/"+b, "")
	assert.Equal(t, 400, status)
	status, _, _ = w.call("POST", "/blocks/"+b+"/detach", `{"live":false}`)
	assert.Equal(t, 204, status)
	assert.Equal(t, 1, w.srv.Reboots(vultrtest.DemoInstance))
	assert.Equal(t, "active web-1", see())
	w.srv.Advance(3 * time.Second)
	assert.Equal(t, "active ", see())
	status, _, _ = w.call("DELETE", "/blocks/"+b, "")
	assert.Equal(t, 204, status)
	assert.Equal(t, 404, see())
	assert.Zero(t, w.srv.Count(vultr.KindBlock))
	assert.Equal(t, 1, w.srv.Bought(vultr.KindBlock))
}

func TestRegionsMustMatch(t *testing.T) {
	t.Parallel()
	w := open(t, vultrtest.Options{Instances: []vultrtest.Instance{{ID: "i-ams", Region: "ams"}}})
	status, out, _ := w.call("POST", "/blocks/"+w.block()+"/attach", `{"instance_id":"i-ams","live":true}`)
	assert.Equal(t, 400, status)
	assert.Contains(t, out["error"], "same region")
	status, _, _ = w.call("PUT", "/vfs/"+w.vfs()+"/attachments/i-ams", "")
	assert.Equal(t, 400, status)
}

// What was bought is in the file before the answer leaves, and a program that is run again meets it.
func TestStateFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "vultr.json")
	w := open(t, vultrtest.Options{StateFile: file})
	b, f := w.block(), w.vfs()
	status, _, _ := w.call("PUT", "/vfs/"+f+"/attachments/"+vultrtest.DemoInstance, "")
	require.Equal(t, 200, status)
	_, before, _ := w.call("GET", "/vfs/"+f+"/attachments", "")
	w.srv.Close()

	w = open(t, vultrtest.Options{StateFile: file})
	status, _, _ = w.call("GET", "/blocks/"+b, "")
	assert.Equal(t, 200, status)
	_, after, _ := w.call("GET", "/vfs/"+f+"/attachments", "")
	assert.Equal(t, before, after)
	assert.Equal(t, 1, w.srv.Bought(vultr.KindBlock))

	require.NoError(t, os.WriteFile(file, []byte("{"), 0o600))
	_, err := vultrtest.Open(vultrtest.Options{StateFile: file})
	assert.ErrorContains(t, err, "StateFile")
}

func TestFromManyGoroutines(t *testing.T) {
	t.Parallel()
	w := open(t, vultrtest.Options{PerSecond: -1})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			b := w.block()
			w.call("GET", "/blocks", "")
			w.call("DELETE", "/blocks/"+b, "")
			w.srv.Blocks()
			w.srv.FileSystems()
		})
	}
	wg.Wait()
	assert.Equal(t, 16, w.srv.Bought(vultr.KindBlock))
	assert.Zero(t, w.srv.Count(vultr.KindBlock))
}
