package r2test_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

const acc = "0123456789abcdef0123456789abcdef"

// ask sends a request of the JSON API as this token.
func ask(t *testing.T, api *r2test.ControlPlane, token, method, path, body string) (status, code int, result json.RawMessage) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, api.URL+"/"+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := api.Client().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	var out struct {
		Result json.RawMessage
		Errors []struct{ Code int }
	}
	require.NoError(t, json.Unmarshal(data, &out))
	if len(out.Errors) > 0 {
		code = out.Errors[0].Code
	}
	return resp.StatusCode, code, out.Result
}

// groups is the permission groups of the account by name.
func groups(t *testing.T, api *r2test.ControlPlane) map[string]string {
	t.Helper()
	_, _, result := ask(t, api, api.Token, http.MethodGet, "accounts/"+acc+"/tokens/permission_groups", "")
	var list []struct{ ID, Name string }
	require.NoError(t, json.Unmarshal(result, &list))
	out := map[string]string{}
	for _, g := range list {
		out[g.Name] = g.ID
	}
	return out
}

// The API takes what it documents, for this account, and nothing else.
func TestControlPlaneIsStrictAboutTokens(t *testing.T) {
	t.Parallel()
	srv := open(t, r2test.Options{})
	api := srv.ControlPlane()
	t.Cleanup(api.Close)
	api.AddZone(r2test.Zone{ID: "z1", Name: "example.com"})
	api.AddZone(r2test.Zone{ID: "z2", Name: "example.org", AccountID: strings.Repeat("e", 32)})
	ids := groups(t, api)
	policy := func(group, resources string) string {
		return fmt.Sprintf(`{"effect":"allow","permission_groups":[{"id":"%s"}],"resources":%s}`, group, resources)
	}
	item, read, zone := ids["Workers R2 Storage Bucket Item Write"], ids["Workers R2 Storage Read"], ids["Zone Read"]
	const bucket = `{"com.cloudflare.edge.r2.bucket.` + acc + `_default_images":"*"}`
	body := func(rest string, policies ...string) string {
		return `{"name":"t","policies":[` + strings.Join(policies, ",") + `]` + rest + `}`
	}
	for name, tt := range map[string]struct {
		body string
		ok   bool
	}{
		"bucket":                    {body("", policy(item, bucket)), true},
		"all buckets":               {body("", policy(item, `{"com.cloudflare.api.account.`+acc+`":{"com.cloudflare.edge.r2.bucket.*":"*"}}`)), true},
		"account":                   {body("", policy(read, `{"com.cloudflare.api.account.`+acc+`":"*"}`)), true},
		"zone":                      {body("", policy(zone, `{"com.cloudflare.api.account.zone.z1":"*"}`)), true},
		"condition":                 {body(`,"condition":{"request_ip":{"in":["203.0.113.0/24"]}}`, policy(item, bucket)), true},
		"no name":                   {`{"policies":[` + policy(item, bucket) + `]}`, false},
		"blank name":                {`{"name":" ","policies":[` + policy(item, bucket) + `]}`, false},
		"no policy":                 {body(""), false},
		"unknown field":             {body(`,"scope":"all"`, policy(item, bucket)), false},
		"group of the platform":     {body("", policy("2efd5506f9c8494dacb1fa10a3e7d5b6", bucket)), false},
		"group by name":             {body("", policy("Workers R2 Storage Bucket Item Write", bucket)), false},
		"no group":                  {body("", `{"effect":"allow","permission_groups":[],"resources":`+bucket+`}`), false},
		"no effect":                 {body("", `{"permission_groups":[{"id":"`+item+`"}],"resources":`+bucket+`}`), false},
		"no resource":               {body("", policy(item, `{}`)), false},
		"resource as a list":        {body("", policy(item, `["com.cloudflare.edge.r2.bucket.`+acc+`_default_images"]`)), false},
		"value is not a star":       {body("", policy(item, `{"com.cloudflare.edge.r2.bucket.`+acc+`_default_images":"read"}`)), false},
		"no jurisdiction":           {body("", policy(item, `{"com.cloudflare.edge.r2.bucket.`+acc+`_images":"*"}`)), false},
		"unknown jurisdiction":      {body("", policy(item, `{"com.cloudflare.edge.r2.bucket.`+acc+`_mars_images":"*"}`)), false},
		"bucket of another place":   {body("", policy(item, `{"com.cloudflare.edge.r2.bucket.`+acc+`_eu_images":"*"}`)), false},
		"bucket of another account": {body("", policy(item, `{"com.cloudflare.edge.r2.bucket.`+strings.Repeat("e", 32)+`_default_images":"*"}`)), false},
		"bucket with a star":        {body("", policy(item, `{"com.cloudflare.edge.r2.bucket.*":"*"}`)), false},
		"account group on a bucket": {body("", policy(read, bucket)), false},
		"bucket group on accounts":  {body("", policy(item, `{"com.cloudflare.api.account.`+acc+`":"*"}`)), false},
		"account without an ID":     {body("", policy(read, `{"com.cloudflare.api.account":"*"}`)), false},
		"zone group on accounts":    {body("", policy(zone, `{"com.cloudflare.api.account.`+acc+`":"*"}`)), false},
		"zone of another account":   {body("", policy(zone, `{"com.cloudflare.api.account.zone.z2":"*"}`)), false},
		"over":                      {body(`,"expires_on":"2020-01-01T00:00:00Z"`, policy(item, bucket)), false},
		"ends before it begins":     {body(`,"expires_on":"2098-01-01T00:00:00Z","not_before":"2099-01-01T00:00:00Z"`, policy(item, bucket)), false},
		"no network":                {body(`,"condition":{"request_ip":{"in":["everywhere"]}}`, policy(item, bucket)), false},
		"no time":                   {body(`,"expires_on":"tomorrow"`, policy(item, bucket)), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, code, result := ask(t, api, api.Token, http.MethodPost, "accounts/"+acc+"/tokens", tt.body)
			if !tt.ok {
				assert.Equal(t, []int{400, 1001}, []int{status, code}, "%s", result)
				return
			}
			require.Equal(t, 200, status)
			var made struct{ ID, Value, Status string }
			require.NoError(t, json.Unmarshal(result, &made))
			assert.Len(t, made.ID, 32)
			assert.Equal(t, "active", made.Status)
			status, _, result = ask(t, api, api.Token, http.MethodGet, "accounts/"+acc+"/tokens/"+made.ID, "")
			assert.Equal(t, 200, status)
			again := strings.Contains(string(result), made.Value)
			assert.False(t, again, "the value is told once")
		})
	}
}

// What a token may do, a token that was made may not go beyond; a denial counts more than a permission.
func TestTokensAreHeldToTheirPolicies(t *testing.T) {
	t.Parallel()
	srv := open(t, r2test.Options{})
	api := srv.ControlPlane()
	t.Cleanup(api.Close)
	ids := groups(t, api)
	const all, one = `{"com.cloudflare.api.account.` + acc + `":{"com.cloudflare.edge.r2.bucket.*":"*"}}`, `{"com.cloudflare.edge.r2.bucket.` + acc + `_default_secret":"*"}`
	_, _, _ = ask(t, api, api.Token, http.MethodPost, "accounts/"+acc+"/r2/buckets", `{"name":"secret"}`)
	status, _, result := ask(t, api, api.Token, http.MethodPost, "accounts/"+acc+"/tokens", fmt.Sprintf(
		`{"name":"most","policies":[{"effect":"allow","permission_groups":[{"id":%q}],"resources":%s},{"effect":"deny","permission_groups":[{"id":%q}],"resources":%s}]}`,
		ids["Workers R2 Storage Bucket Item Write"], all, ids["Workers R2 Storage Bucket Item Write"], one))
	require.Equal(t, 200, status)
	var made struct{ ID, Value string }
	require.NoError(t, json.Unmarshal(result, &made))
	keys := r2.DeriveKeys(made.ID, made.Value)
	put := func(path string) string {
		a := call{method: http.MethodPut, path: path, body: "x", key: keys.AccessKeyID, secret: keys.SecretAccessKey}.do(t, srv)
		return fmt.Sprint(a.status, " ", a.code)
	}
	assert.Equal(t, "200 ", put("/images/a"))
	assert.Equal(t, "403 AccessDenied", put("/secret/a"))
	assert.Equal(t, "403 AccessDenied", put("/another"), "CreateBucket")
	a := call{method: http.MethodPut, path: "/images/b", key: keys.AccessKeyID, secret: keys.SecretAccessKey, header: http.Header{"X-Amz-Copy-Source": {"/secret/a"}}}.do(t, srv)
	assert.Equal(t, 403, a.status, "nor is it read by a copy")
	for path, want := range map[string]int{"r2/buckets": 403, "tokens": 403, "tokens/" + made.ID: 403, "tokens/verify": 200, "nothing": 404} {
		status, _, _ := ask(t, api, made.Value, http.MethodGet, "accounts/"+acc+"/"+path, "")
		assert.Equal(t, want, status, path)
	}
	status, code, _ := ask(t, api, made.Value, http.MethodGet, "user/tokens/verify", "")
	assert.Equal(t, []int{401, 1000}, []int{status, code}, "it is none of a user")
	status, code, _ = ask(t, api, "cfat_unknown", http.MethodGet, "accounts/"+acc+"/r2/buckets", "")
	assert.Equal(t, []int{403, 10000}, []int{status, code})
	status, code, _ = ask(t, api, "", http.MethodGet, "accounts/"+acc+"/r2/buckets", "")
	assert.Equal(t, []int{403, 10000}, []int{status, code})
}

func TestControlPlaneIsStrictAboutTempCredentials(t *testing.T) {
	t.Parallel()
	srv := open(t, r2test.Options{})
	api := srv.ControlPlane()
	t.Cleanup(api.Close)
	parent := srv.Config().AccessKeyID
	for name, tt := range map[string]struct {
		body string
		want int
	}{
		"good":             {`{"bucket":"images","parentAccessKeyId":"` + parent + `","permission":"object-read-write","ttlSeconds":604800}`, 200},
		"too long":         {`{"bucket":"images","parentAccessKeyId":"` + parent + `","permission":"object-read-write","ttlSeconds":604801}`, 400},
		"no time":          {`{"bucket":"images","parentAccessKeyId":"` + parent + `","permission":"object-read-write"}`, 400},
		"half a second":    {`{"bucket":"images","parentAccessKeyId":"` + parent + `","permission":"object-read-write","ttlSeconds":1.5}`, 400},
		"no permission":    {`{"bucket":"images","parentAccessKeyId":"` + parent + `","ttlSeconds":60}`, 400},
		"actions":          {`{"bucket":"images","parentAccessKeyId":"` + parent + `","permission":"object-read-only","ttlSeconds":60,"actions":["GetObject"]}`, 400},
		"empty prefix":     {`{"bucket":"images","parentAccessKeyId":"` + parent + `","permission":"object-read-only","ttlSeconds":60,"prefixes":[""]}`, 400},
		"unknown parent":   {`{"bucket":"images","parentAccessKeyId":"aa","permission":"object-read-only","ttlSeconds":60}`, 400},
		"no bucket":        {`{"bucket":"none","parentAccessKeyId":"` + parent + `","permission":"object-read-only","ttlSeconds":60}`, 404},
		"more than parent": {`{"bucket":"images","parentAccessKeyId":"` + parent + `","permission":"admin-read-only","ttlSeconds":60}`, 403},
	} {
		status, _, _ := ask(t, api, api.Token, http.MethodPost, "accounts/"+acc+"/r2/temp-access-credentials", tt.body)
		assert.Equal(t, tt.want, status, name)
	}
	assert.Equal(t, 10, api.Calls("TempCredentials"))
}

// Temporary credentials are of one bucket, even those of the keys of an administrator.
func TestTempCredentialsOfAnAdministratorAreOfOneBucket(t *testing.T) {
	t.Parallel()
	srv := open(t, r2test.Options{Scope: r2test.ScopeAdmin})
	api := srv.ControlPlane()
	t.Cleanup(api.Close)
	_, _, _ = ask(t, api, api.Token, http.MethodPost, "accounts/"+acc+"/r2/buckets", `{"name":"more"}`)
	c, err := r2.New(srv.Config())
	require.NoError(t, err)
	keys, err := c.TempCredentials(r2.TempOptions{Scope: r2.ScopeObjectReadWrite, TTL: time.Hour})
	require.NoError(t, err)
	put := func(path string) int {
		return call{
			method: http.MethodPut, path: path, key: keys.AccessKeyID, secret: keys.SecretAccessKey,
			header: http.Header{"X-Amz-Security-Token": {keys.SessionToken}},
		}.do(t, srv).status
	}
	assert.Equal(t, 200, put("/images/a"))
	assert.Equal(t, 403, put("/more/a"))
	assert.Equal(t, 403, put("/another"))
}

// A session token that names another parent than the one whose secret signed it is none, nor is one of another account, for
// another host, from the future or over.
func TestSessionTokensAreReadStrictly(t *testing.T) {
	t.Parallel()
	srv := open(t, r2test.Options{})
	cfg := srv.Config()
	now := time.Now().Unix()
	for name, tt := range map[string]struct {
		change func(map[string]any)
		want   int
	}{
		"good":            {func(map[string]any) {}, 404},
		"another parent":  {func(c map[string]any) { c["iss"] = strings.Repeat("a", 32) }, 401},
		"another account": {func(c map[string]any) { c["sub"] = strings.Repeat("e", 32) }, 401},
		"another host":    {func(c map[string]any) { c["aud"] = acc + ".eu.r2.cloudflarestorage.com" }, 401},
		"no bucket":       {func(c map[string]any) { delete(c, "bucket") }, 401},
		"future":          {func(c map[string]any) { c["iat"] = now + 3600 }, 401},
		"over":            {func(c map[string]any) { c["exp"] = now - 1 }, 401},
		"another bucket":  {func(c map[string]any) { c["bucket"] = "more" }, 403},
		"no scope":        {func(c map[string]any) { delete(c, "scope") }, 403},
	} {
		claims := map[string]any{
			"bucket": "images", "scope": "object-read-only", "sub": acc, "iss": cfg.AccessKeyID, "aud": acc + ".r2.cloudflarestorage.com", "iat": now, "exp": now + 60,
		}
		tt.change(claims)
		body, err := json.Marshal(claims)
		require.NoError(t, err)
		jwt := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(body)
		mac := hmac.New(sha256.New, []byte(cfg.SecretAccessKey))
		mac.Write([]byte(jwt))
		jwt += "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
		sum := sha256.Sum256([]byte(jwt))
		got := call{
			method: http.MethodGet, path: "/images/absent", secret: hex.EncodeToString(sum[:]),
			header: http.Header{"X-Amz-Security-Token": {base64.StdEncoding.EncodeToString([]byte("jwt/" + jwt))}},
		}.do(t, srv)
		assert.Equal(t, tt.want, got.status, name)
	}
}
