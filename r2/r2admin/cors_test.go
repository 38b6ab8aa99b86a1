package r2admin_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

func upload() r2admin.CORSRule {
	return r2admin.CORSRule{
		Origins: []string{"https://www.example.com", "https://*.example.org"}, Methods: []string{"PUT", "GET"},
		Headers: []string{"Content-Type"}, ExposeHeaders: []string{"ETag"}, MaxAge: time.Hour,
	}
}

// Trap 20: the CORS diff is idempotent; an origin with a trailing slash is refused; OPTIONS as a method is refused.
func TestCORSIsIdempotent(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	ctx := t.Context()
	plan, err := c.PlanCORS(ctx, "images", []r2admin.CORSRule{upload()})
	require.NoError(t, err)
	assert.False(t, plan.Empty())
	assert.Empty(t, plan.Warnings)
	assert.Contains(t, plan.String(), `+ {"allowed":{"origins":["https://*.example.org","https://www.example.com"]`)

	data, err := json.Marshal(plan) // reviewed, and applied later
	require.NoError(t, err)
	var stored r2admin.CORSPlan
	require.NoError(t, json.Unmarshal(data, &stored))
	assert.Equal(t, plan, stored)
	require.NoError(t, c.ApplyCORS(ctx, stored))
	require.NoError(t, c.ApplyCORS(ctx, stored), "what is there already is not an error")
	assert.Equal(t, 1, api.Calls("PutCORS"))

	same := upload()
	same.Origins[0], same.Origins[1] = same.Origins[1], same.Origins[0]
	same.Methods, same.Headers = []string{"get", "put"}, []string{"content-type"}
	plan, err = c.PlanCORS(ctx, "images", []r2admin.CORSRule{same})
	require.NoError(t, err)
	assert.True(t, plan.Empty(), plan.String())
	assert.Equal(t, "cors images: no changes\n", plan.String())
	require.NoError(t, c.ApplyCORS(ctx, plan))
	assert.Equal(t, 1, api.Calls("PutCORS"))

	other := upload()
	other.MaxAge = time.Minute
	plan, err = c.PlanCORS(ctx, "images", []r2admin.CORSRule{other})
	require.NoError(t, err)
	assert.Contains(t, plan.String(), "\n- {")
	assert.Contains(t, plan.String(), "\n+ {")
	gone, err := c.PlanCORS(ctx, "images", nil)
	require.NoError(t, err)
	require.NoError(t, c.ApplyCORS(ctx, plan))
	require.ErrorIs(t, c.ApplyCORS(ctx, gone), r2admin.ErrChanged)
	gone, err = c.PlanCORS(ctx, "images", nil)
	require.NoError(t, err)
	require.NoError(t, c.ApplyCORS(ctx, gone))
	rules, err := c.CORS(ctx, "images")
	require.NoError(t, err)
	assert.Empty(t, rules)
}

func TestCORSOrderOfRulesCounts(t *testing.T) {
	t.Parallel()
	c, _, _ := open(t, r2test.Options{})
	a, b := upload(), upload()
	b.Origins = []string{"https://b.example"}
	plan, err := c.PlanCORS(t.Context(), "images", []r2admin.CORSRule{a, b})
	require.NoError(t, err)
	require.NoError(t, c.ApplyCORS(t.Context(), plan))
	plan, err = c.PlanCORS(t.Context(), "images", []r2admin.CORSRule{b, a})
	require.NoError(t, err)
	assert.False(t, plan.Empty())
	assert.Contains(t, plan.String(), "the order of the rules changes")
}

func TestCORSIsCheckedHere(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	for name, tt := range map[string]struct {
		change func(*r2admin.CORSRule)
		text   string
	}{
		"trailing slash": {func(r *r2admin.CORSRule) { r.Origins = []string{"https://a.example/"} }, "a slash at the end"},
		"path":           {func(r *r2admin.CORSRule) { r.Origins = []string{"https://a.example/x"} }, "without path"},
		"no scheme":      {func(r *r2admin.CORSRule) { r.Origins = []string{"a.example"} }, "want scheme://"},
		"port star":      {func(r *r2admin.CORSRule) { r.Origins = []string{"http://localhost:*"} }, "for the port"},
		"two stars":      {func(r *r2admin.CORSRule) { r.Origins = []string{"https://*.*.example"} }, "more than one *"},
		"no origin":      {func(r *r2admin.CORSRule) { r.Origins = nil }, "Origins: at least one"},
		"OPTIONS":        {func(r *r2admin.CORSRule) { r.Methods = []string{"OPTIONS"} }, "OPTIONS is answered by itself"},
		"PATCH":          {func(r *r2admin.CORSRule) { r.Methods = []string{"PATCH"} }, "PATCH"},
		"no method":      {func(r *r2admin.CORSRule) { r.Methods = nil }, "Methods: at least one"},
		"header":         {func(r *r2admin.CORSRule) { r.Headers = []string{"a b"} }, "Headers"},
		"age":            {func(r *r2admin.CORSRule) { r.MaxAge = 25 * time.Hour }, "MaxAge"},
	} {
		rule := upload()
		tt.change(&rule)
		_, err := c.PlanCORS(t.Context(), "images", []r2admin.CORSRule{rule})
		require.ErrorIs(t, err, r2admin.ErrInput, name)
		require.ErrorContains(t, err, tt.text, name)
	}
	assert.Zero(t, api.Calls(""))
}

// An age beyond what a Duration holds is not another age.
func TestCORSAgeThatCannotBeHeld(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	for _, age := range []string{"1e300", "-1"} {
		rules := `{"rules":[{"allowed":{"origins":["*"],"methods":["GET"]},"maxAgeSeconds":` + age + `}]}`
		api.AnswerNext("GetCORS", 200, nil, `{"success":true,"errors":[],"messages":[],"result":`+rules+`}`)
		_, err := c.CORS(t.Context(), "images")
		require.ErrorContains(t, err, "maxAgeSeconds")
		require.ErrorContains(t, json.Unmarshal([]byte(rules), &struct{ Rules []r2admin.CORSRule }{}), "maxAgeSeconds")
	}
}

func TestCORSWarns(t *testing.T) {
	t.Parallel()
	c, _, _ := open(t, r2test.Options{})
	star, bare := upload(), upload()
	star.Headers, bare.Headers = []string{"*"}, nil
	plan, err := c.PlanCORS(t.Context(), "images", []r2admin.CORSRule{star, bare})
	require.NoError(t, err)
	require.Len(t, plan.Warnings, 2)
	assert.Contains(t, plan.Warnings[0], "rule 1")
	assert.Contains(t, plan.Warnings[1], "rule 2: a presigned PUT from a browser needs content-type")
}

// The fake is as strict as the API: the shape of S3 is refused with 10040.
func TestTheShapeOfS3IsRefused(t *testing.T) {
	t.Parallel()
	_, api, _ := open(t, r2test.Options{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, api.URL+"/accounts/"+account+"/r2/buckets/images/cors",
		strings.NewReader(`{"rules":[{"AllowedOrigins":["*"],"AllowedMethods":["GET"]}]}`))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+api.Token)
	resp, err := api.Client().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	var out struct{ Errors []struct{ Code int } }
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&out))
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
	assert.Equal(t, 10040, out.Errors[0].Code)
}
