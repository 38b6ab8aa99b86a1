package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kitroll/kitroll/aliyun"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func corscheck(ctx context.Context, args ...string) (code int, out, errOut string) {
	var o, e bytes.Buffer
	code = run(ctx, args, &o, &e)
	return code, o.String(), e.String()
}

func TestDemo(t *testing.T) {
	t.Parallel()
	for lang, advice := range map[string]string{"en": "delete the second rule", "zh": "请删除重复规则"} {
		code, out, errOut := corscheck(t.Context(), "-lang", lang)
		require.Equal(t, exitFine, code, "%s", errOut)
		assert.Equal(t, 1, strings.Count(out, "✗ duplicated"), "%s", out)
		assert.Contains(t, out, advice)
		assert.Contains(t, out, "~ Access-Control-Allow-Origin: https://www.example.com,https://app.example.com (the one that matches)")
		assert.NotContains(t, out, "X-Frame-Options", "it is not CORS's")
		before, after, found := strings.Cut(out, "active on the nodes")
		require.True(t, found)
		assert.Contains(t, before, "may read it: NO")
		assert.Contains(t, after, "may read it: yes, may send to it: yes")
		assert.Contains(t, after, "✓ nothing to mend")
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	site := func(headers map[string]string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for k, v := range headers {
				w.Header().Set(k, v)
			}
		}))
		t.Cleanup(s.Close)
		return s.URL + "/x?token=secret"
	}
	fine := site(map[string]string{"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "content-type"})
	wrong := site(nil)
	gone := httptest.NewServer(nil)
	gone.Close()
	const origin = "https://www.example.com"
	for name, tt := range map[string]struct {
		args []string
		want int
		text string
	}{
		"fine":              {[]string{"-origin", origin, fine}, exitFine, "✓ nothing to mend"},
		"a finding":         {[]string{"-origin", origin, wrong}, exitFindings, "✗ missing"},
		"one of two":        {[]string{"-origin", origin, fine, wrong}, exitFindings, "✓ nothing to mend"},
		"cookies":           {[]string{"-origin", origin, "-credentials", fine}, exitFindings, "no credentials"},
		"another header":    {[]string{"-origin", origin, "-header", "X-Token", fine}, exitFindings, "x-token is not in"},
		"no answer":         {[]string{"-origin", origin, gone.URL}, exitNoAnswer, "GET with origin"},
		"no answer, others": {[]string{"-origin", origin, gone.URL, fine}, exitNoAnswer, "✓ nothing to mend"},
		"no origin":         {[]string{fine}, exitInput, "-origin is needed"},
		"bad origin":        {[]string{"-origin", "www.example.com", fine}, exitInput, "is no origin"},
		"bad URL":           {[]string{"-origin", origin, "img.example.com"}, exitInput, "is no http or https URL"},
		"bad language":      {[]string{"-lang", "fr"}, exitInput, "must be en or zh"},
		"bad flag":          {[]string{"-nothing"}, exitInput, "not defined"},
		"behind two":        {[]string{"-origin", origin, "-behind", fine, fine, wrong}, exitInput, "one URL"},
		"behind":            {[]string{"-origin", origin, "-behind", fine, fine}, exitFindings, "origin sends"},
		"help":              {[]string{"-h"}, exitFine, "corscheck [flags]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, errOut := corscheck(t.Context(), tt.args...)
			assert.Equal(t, tt.want, code, "%s%s", out, errOut)
			assert.Contains(t, out+errOut, tt.text)
			assert.NotContains(t, out+errOut, "secret")
		})
	}
	code, out, _ := corscheck(t.Context(), "-origin", origin, "-json", wrong)
	assert.Equal(t, exitFindings, code)
	var r aliyun.ProbeReport
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	assert.True(t, r.Has(aliyun.CORSMissing))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	code, _, _ = corscheck(ctx, "-origin", origin, fine)
	assert.Equal(t, exitInterrupted, code)
}

// Every kind of finding has advice in both languages.
func TestEveryFindingHasAdvice(t *testing.T) {
	t.Parallel()
	for _, kind := range []aliyun.FindingKind{
		aliyun.CORSMissing, aliyun.CORSDuplicated, aliyun.CORSList, aliyun.CORSOtherOrigin, aliyun.CORSStarCredentials, aliyun.CORSNoCredentials,
		aliyun.CORSAnyOrigin, aliyun.CORSNoVary, aliyun.CORSPreflightRefused, aliyun.CORSMethodMissing, aliyun.CORSHeadersMissing,
		aliyun.CORSLostOnStatus, aliyun.CORSOriginSends, aliyun.CORSRedirected,
	} {
		en, zh := kind.Hint()
		assert.NotEmpty(t, en, kind)
		assert.NotEmpty(t, zh, kind)
	}
}
