//go:build browser

package aliyun_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
)

const corsPage = `<!doctype html><script>
const ask = (url, options) => fetch(url, {cache: "no-store", ...options}).then(r => r.ok || r.status === 204, () => false)
addEventListener("load", async () => {
	const out = {}
	for (const c of await (await fetch("/cases")).json()) {
		const credentials = c.credentials ? "include" : "omit"
		out[c.name] = {
			readable: await ask(c.url, {credentials}),
			sendable: await ask(c.url, {credentials, method: c.method, headers: {"Content-Type": "application/json"}, body: "{}"}),
		}
	}
	await fetch("/verdict", {method: "POST", body: JSON.stringify(out)})
})
</script>`

// A real browser agrees with what the probe says of each planted fault: whether a script may read, and whether it may send.
func TestBrowserAgrees(t *testing.T) {
	t.Parallel()
	type verdict struct{ Readable, Sendable bool }
	mux := http.NewServeMux()
	cdn := httptest.NewServer(mux)
	t.Cleanup(cdn.Close)
	got := make(chan map[string]verdict, 1)
	var list []map[string]any
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/cases":
			assert.NoError(t, json.NewEncoder(w).Encode(list))
		case "/verdict":
			var v map[string]verdict
			assert.NoError(t, json.NewDecoder(r.Body).Decode(&v))
			got <- v
		default:
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte(corsPage))
		}
	}))
	t.Cleanup(site.Close)
	want := map[string]verdict{}
	cases := corsCases(site.URL)
	for i, name := range slices.Sorted(maps.Keys(cases)) {
		c := cases[name]
		path := fmt.Sprintf("/%d/", i)
		mux.Handle(path, http.StripPrefix(path[:len(path)-1], c.open(t)))
		url := cdn.URL + path + "file.png"
		r, err := aliyun.ProbeCORS(t.Context(), nil, url, site.URL, &c.probe)
		require.NoError(t, err)
		want[name] = verdict{r.Readable, r.Sendable}
		method := c.probe.Method
		if method == "" {
			method = http.MethodPost
		}
		list = append(list, map[string]any{"name": name, "url": url, "method": method, "credentials": c.probe.Credentials})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	profile, err := os.MkdirTemp("", "cors") //nolint:usetesting // a child of the browser may outlive it and still write into it
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	browser := exec.CommandContext(ctx, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--user-data-dir="+profile, "--remote-debugging-port=0", site.URL)
	browser.WaitDelay = 5 * time.Second
	require.NoError(t, browser.Start(), "Chromium is needed: apt-get install chromium")
	select {
	case v := <-got:
		assert.Equal(t, want, v)
		t.Logf("%d cases, %d verdicts", len(v), 2*len(v))
	case <-ctx.Done():
		t.Error("the browser said nothing")
	}
	cancel()
	_ = browser.Wait() // killed
}
