package aliyun_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

// corsCase is a CDN with its rules in front of an origin with its own, and what a probe has to find.
type corsCase struct {
	rules  []aliyun.HeaderRule
	origin http.Header // CORS headers of the origin itself
	answer int         // what the origin answers to OPTIONS; 0 = 204
	node   aliyuntest.NodeOptions
	probe  aliyun.ProbeOptions

	want               []aliyun.FindingKind
	readable, sendable bool
}

func rule(key, value string) aliyun.HeaderRule { return aliyun.HeaderRule{Key: key, Value: value} }

// corsCases are faults planted one by one. asker is the origin of the scripts: a browser has its own.
func corsCases(asker string) map[string]corsCase {
	checked := aliyun.HeaderRule{Key: "Access-Control-Allow-Origin", Value: asker + "," + siteB, CheckOrigin: true}
	vary := aliyun.HeaderRule{Key: "Vary", Value: "Origin", Duplicate: true}
	headers, methods := rule("Access-Control-Allow-Headers", "Content-Type"), rule("Access-Control-Allow-Methods", "GET,PUT")
	cookies := rule("Access-Control-Allow-Credentials", "true")
	star := rule("Access-Control-Allow-Origin", "*")
	put := aliyun.ProbeOptions{Method: http.MethodPut}
	withCookies := aliyun.ProbeOptions{Method: http.MethodPut, Credentials: true}
	return map[string]corsCase{
		"right":                  {rules: []aliyun.HeaderRule{checked, vary, headers, methods}, probe: put, readable: true, sendable: true},
		"right with a star":      {rules: []aliyun.HeaderRule{star, headers, methods}, probe: put, readable: true, sendable: true},
		"right with cookies":     {rules: []aliyun.HeaderRule{checked, vary, headers, methods, cookies}, probe: withCookies, readable: true, sendable: true},
		"right for one origin":   {rules: []aliyun.HeaderRule{rule("Access-Control-Allow-Origin", asker), headers, methods}, probe: put, readable: true, sendable: true},
		"right, by the origin":   {origin: http.Header{"Access-Control-Allow-Origin": {"*"}, "Access-Control-Allow-Headers": {"*"}, "Access-Control-Allow-Methods": {"*"}}, probe: put, readable: true, sendable: true},
		"the origin is replaced": {rules: []aliyun.HeaderRule{star, headers, methods}, origin: http.Header{"Access-Control-Allow-Origin": {"https://old.example"}}, probe: put, readable: true, sendable: true},

		"missing":             {rules: []aliyun.HeaderRule{headers, methods}, probe: put, want: []aliyun.FindingKind{aliyun.CORSMissing}},
		"doubled":             {rules: []aliyun.HeaderRule{{Key: "Access-Control-Allow-Origin", Value: "*", Duplicate: true}, headers, methods}, origin: http.Header{"Access-Control-Allow-Origin": {"*"}}, probe: put, want: []aliyun.FindingKind{aliyun.CORSDuplicated}},
		"comma list":          {rules: []aliyun.HeaderRule{rule("Access-Control-Allow-Origin", asker+","+siteB), headers, methods}, probe: put, want: []aliyun.FindingKind{aliyun.CORSList}},
		"other origin":        {rules: []aliyun.HeaderRule{rule("Access-Control-Allow-Origin", siteB), headers, methods}, probe: put, want: []aliyun.FindingKind{aliyun.CORSOtherOrigin}},
		"star with cookies":   {rules: []aliyun.HeaderRule{star, headers, methods, cookies}, probe: withCookies, want: []aliyun.FindingKind{aliyun.CORSStarCredentials}},
		"cookies not allowed": {rules: []aliyun.HeaderRule{checked, vary, headers, methods}, probe: withCookies, want: []aliyun.FindingKind{aliyun.CORSNoCredentials}},
		"no vary":             {rules: []aliyun.HeaderRule{checked, headers, methods}, probe: put, want: []aliyun.FindingKind{aliyun.CORSNoVary}, readable: true, sendable: true},
		"preflight 403":       {rules: []aliyun.HeaderRule{checked, vary, headers, methods}, node: aliyuntest.NodeOptions{RefuseOptions: true}, probe: put, want: []aliyun.FindingKind{aliyun.CORSPreflightRefused}, readable: true},
		"preflight 405":       {rules: []aliyun.HeaderRule{checked, vary, headers, methods}, answer: http.StatusMethodNotAllowed, probe: put, want: []aliyun.FindingKind{aliyun.CORSPreflightRefused}, readable: true},
		"method missing":      {rules: []aliyun.HeaderRule{checked, vary, headers, rule("Access-Control-Allow-Methods", "GET,POST")}, probe: put, want: []aliyun.FindingKind{aliyun.CORSMethodMissing}, readable: true},
		"headers missing":     {rules: []aliyun.HeaderRule{checked, vary, methods}, probe: put, want: []aliyun.FindingKind{aliyun.CORSHeadersMissing}, readable: true},
		"headers for POST":    {rules: []aliyun.HeaderRule{checked, vary}, want: []aliyun.FindingKind{aliyun.CORSHeadersMissing}, readable: true},
		"lost on 304 and 404": {rules: []aliyun.HeaderRule{checked, vary, headers, methods}, node: aliyuntest.NodeOptions{OnlyOn200: true}, answer: http.StatusOK, probe: put, want: []aliyun.FindingKind{aliyun.CORSLostOnStatus, aliyun.CORSLostOnStatus}, readable: true, sendable: true},
		"any origin":          {rules: []aliyun.HeaderRule{headers, methods, cookies}, origin: http.Header{"Access-Control-Allow-Origin": {"(asker)"}, "Vary": {"Origin"}}, node: aliyuntest.NodeOptions{NoCache: true}, probe: withCookies, want: []aliyun.FindingKind{aliyun.CORSAnyOrigin}, readable: true, sendable: true},
	}
}

// originServer has /file.png, and its own idea of CORS. "(asker)" stands for whoever asks.
func (c corsCase) originServer() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for key, values := range c.origin {
			for _, v := range values {
				w.Header().Add(key, strings.Replace(v, "(asker)", r.Header.Get("Origin"), 1))
			}
		}
		switch {
		case r.Method == http.MethodOptions:
			status := c.answer
			if status == 0 {
				status = http.StatusNoContent
			}
			w.WriteHeader(status)
		case !strings.HasSuffix(r.URL.Path, "/file.png"):
			http.Error(w, "no such file", http.StatusNotFound)
		default:
			w.Header().Set("Etag", `"1"`)
			w.Header().Set("Cache-Control", "no-cache")
			_, _ = w.Write([]byte("picture"))
		}
	})
}

// open is the node of a case.
func (c corsCase) open(t *testing.T) http.Handler {
	t.Helper()
	srv, cdn := newCDN(t, aliyuntest.Options{})
	for _, r := range c.rules { // a list that is not checked and a header twice are refused by SetHeaders
		args := []string{"header_operation_type", "add", "key", r.Key, "value", r.Value, "duplicate", map[bool]string{true: "on", false: "off"}[r.Duplicate]}
		if r.CheckOrigin {
			args = append(args, "access_origin_control", "on")
		}
		srv.SetCDNRule(cdnDomain, "set_resp_header", "", args...)
	}
	_, err := cdn.Headers(t.Context(), cdnDomain)
	require.NoError(t, err)
	return srv.Node(cdnDomain, c.originServer(), &c.node)
}

func kinds(r aliyun.ProbeReport) (out []aliyun.FindingKind) {
	for _, f := range r.Findings {
		out = append(out, f.Kind)
	}
	return out
}

// Trap 27, and every other fault: each is found, and no other, against a CDN on loopback that merges the origin's headers.
func TestProbeCORS(t *testing.T) {
	t.Parallel()
	for name, tt := range corsCases(siteA) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			loop := httptest.NewServer(tt.open(t))
			t.Cleanup(loop.Close)
			report, err := aliyun.ProbeCORS(t.Context(), loop.Client(), loop.URL+"/file.png?token=secret", siteA, &tt.probe)
			require.NoError(t, err)
			assert.Equal(t, tt.want, kinds(report), "%s", report)
			assert.Equal(t, []bool{tt.readable, tt.sendable}, []bool{report.Readable, report.Sendable}, "%s", report)
			assert.NotContains(t, report.String(), "secret")
		})
	}
}

// What a plan makes, the probe finds right, once it is active.
func TestProbeAfterThePlan(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]aliyun.CORS{
		"everything": whole(),
		"star":       {Origins: []string{"*"}, Methods: []string{"PUT"}, Headers: []string{"Content-Type"}},
		"pattern":    {Origins: []string{"https://*.example.com"}, Check: true, Methods: []string{"PUT"}, Headers: []string{"Content-Type"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, cdn := newCDN(t, aliyuntest.Options{})
			for range 2 { // the hand-made rules of before
				srv.SetCDNRule(cdnDomain, "set_resp_header", "", "header_operation_type", "add", "key", "Access-Control-Allow-Origin", "value", siteA+","+siteB, "duplicate", "on")
			}
			c := corsCase{origin: http.Header{"Access-Control-Allow-Origin": {"https://old.example"}, "Vary": {"Accept-Encoding"}}}
			loop := httptest.NewServer(srv.Node(cdnDomain, c.originServer(), nil))
			t.Cleanup(loop.Close)
			origin := httptest.NewServer(c.originServer())
			t.Cleanup(origin.Close)
			probe := func(originURL string) aliyun.ProbeReport {
				r, err := aliyun.ProbeCORS(t.Context(), nil, loop.URL+"/file.png", siteA, &aliyun.ProbeOptions{Method: "PUT", Credentials: want.Credentials, OriginURL: originURL})
				require.NoError(t, err)
				return r
			}
			assert.True(t, probe("").Has(aliyun.CORSDuplicated))
			plan, err := cdn.PlanCORS(t.Context(), cdnDomain, want)
			require.NoError(t, err)
			require.NoError(t, cdn.Apply(t.Context(), plan))
			require.NoError(t, cdn.Wait(t.Context(), plan, fast()))
			r := probe("")
			assert.Empty(t, r.Findings, "%s", r)
			assert.True(t, r.Readable && r.Sendable)
			assert.Equal(t, []aliyun.FindingKind{aliyun.CORSOriginSends}, kinds(probe(origin.URL+"/file.png")))
		})
	}
}

func TestProbeErrors(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string][2]string{
		"no url": {"", siteA}, "path": {"/file.png", siteA}, "ftp": {"ftp://x/y", siteA}, "origin with a path": {"https://x/y", siteA + "/x"}, "pattern": {"https://x/y", "https://*.example.com"},
	} {
		_, err := aliyun.ProbeCORS(t.Context(), nil, bad[0], bad[1], nil)
		require.ErrorIs(t, err, aliyun.ErrInput, name)
	}
	loop := httptest.NewServer(http.NotFoundHandler())
	loop.Close()
	_, err := aliyun.ProbeCORS(t.Context(), nil, loop.URL+"/file.png?token=secret", siteA, nil)
	require.ErrorIs(t, err, aliyun.ErrTemporary)
	assert.NotContains(t, err.Error(), "secret")

	redirects := httptest.NewServer(http.RedirectHandler("https://elsewhere.example/x?token=secret", http.StatusFound))
	t.Cleanup(redirects.Close)
	r, err := aliyun.ProbeCORS(t.Context(), nil, redirects.URL, siteA, nil)
	require.NoError(t, err)
	assert.Equal(t, []aliyun.FindingKind{aliyun.CORSRedirected}, kinds(r))
	assert.NotContains(t, r.String(), "secret")

	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(slow.Close)
	_, err = aliyun.ProbeCORS(t.Context(), &http.Client{Timeout: 50 * time.Millisecond}, slow.URL, siteA, nil)
	require.ErrorIs(t, err, aliyun.ErrTemporary)
}

func TestCasesAreDifferent(t *testing.T) {
	t.Parallel()
	planted := map[aliyun.FindingKind]bool{}
	for _, c := range corsCases(siteA) {
		for _, k := range c.want {
			planted[k] = true
		}
	}
	all := []aliyun.FindingKind{
		aliyun.CORSMissing, aliyun.CORSDuplicated, aliyun.CORSList, aliyun.CORSOtherOrigin, aliyun.CORSStarCredentials, aliyun.CORSNoCredentials,
		aliyun.CORSAnyOrigin, aliyun.CORSNoVary, aliyun.CORSPreflightRefused, aliyun.CORSMethodMissing, aliyun.CORSHeadersMissing, aliyun.CORSLostOnStatus,
	}
	assert.False(t, slices.ContainsFunc(all, func(k aliyun.FindingKind) bool { return !planted[k] }))
}

// A cache that has the answer without an origin gives it to scripts as well: it too has to say what it varies by.
func TestProbeLooksAtTheAnswerWithoutAnOrigin(t *testing.T) {
	t.Parallel()
	for name, vary := range map[string]bool{"vary on one of them": true, "the same to whoever asks": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			loop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				origin := r.Header.Get("Origin")
				if origin == siteA || origin != "" && !vary {
					w.Header().Set("Access-Control-Allow-Origin", siteA)
				}
				if origin != "" && vary {
					w.Header().Set("Vary", "Origin")
				}
			}))
			t.Cleanup(loop.Close)
			r, err := aliyun.ProbeCORS(t.Context(), nil, loop.URL+"/file.png", siteA, &aliyun.ProbeOptions{Headers: []string{}})
			require.NoError(t, err)
			assert.Equal(t, []aliyun.FindingKind{aliyun.CORSNoVary}, kinds(r), "%s", r)
		})
	}
}
