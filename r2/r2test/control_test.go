package r2test_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// told is an answer of the JSON API.
type told struct {
	Status  int  `json:"-"`
	Success bool `json:"success"`
	Errors  []struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"errors"`
	Result json.RawMessage `json:"result"`
}

func (a told) code() int {
	if len(a.Errors) == 0 {
		return 0
	}
	return a.Errors[0].Code
}

// tell sends a request below the account, with the headers that are given in pairs.
func tell(t *testing.T, api *r2test.ControlPlane, method, path, body string, headers ...string) told {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, api.URL+"/accounts/"+api.AccountID+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+api.Token)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := api.Client().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	out := told{Status: resp.StatusCode}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&out))
	require.Equal(t, resp.StatusCode == http.StatusOK, out.Success)
	require.NotEmpty(t, resp.Header.Get("Cf-Ray"))
	return out
}

// What a call needs, whatever it asks for: a token, the jurisdiction of the bucket, a path that there is.
func TestControlPlaneIsStrict(t *testing.T) {
	t.Parallel()
	srv := open(t, r2test.Options{Jurisdiction: r2.JurisdictionEU})
	api := srv.ControlPlane()
	t.Cleanup(api.Close)
	for _, path := range []string{"", "/cors", "/lifecycle", "/lock"} {
		path = "/r2/buckets/images" + path
		for name, tt := range map[string]struct {
			headers []string
			status  int
			code    int
		}{
			"no token":             {[]string{"Authorization", "", "Cf-R2-Jurisdiction", "eu"}, 403, 10000},
			"another token":        {[]string{"Authorization", "Bearer x", "Cf-R2-Jurisdiction", "eu"}, 403, 10000},
			"no jurisdiction":      {nil, 404, 10006},
			"another jurisdiction": {[]string{"Cf-R2-Jurisdiction", "fedramp"}, 404, 10006},
			"odd jurisdiction":     {[]string{"Cf-R2-Jurisdiction", "moon"}, 400, 10021},
		} {
			a := tell(t, api, http.MethodGet, path, "", tt.headers...)
			assert.Equal(t, []int{tt.status, tt.code}, []int{a.Status, a.code()}, "%s: %s", path, name)
		}
	}
	assert.Equal(t, 200, tell(t, api, http.MethodGet, "/r2/metrics", "").Status, "the numbers of the account are of no jurisdiction")
	for _, path := range []string{"/r2/metric", "/r2/metrics/x", "/r2/buckets/images/locks", "/event_notifications/r2/images", "/event_notifications/r2//configuration"} {
		a := tell(t, api, http.MethodGet, path, "", "Cf-R2-Jurisdiction", "eu")
		assert.Equal(t, []int{404, 7000}, []int{a.Status, a.code()}, path)
	}
	assert.Equal(t, 404, tell(t, api, http.MethodPut, "/r2/metrics", "{}").Status)
}

func TestControlPlaneRefusesWhatIsNotDocumented(t *testing.T) {
	t.Parallel()
	api := open(t, r2test.Options{}).ControlPlane()
	t.Cleanup(api.Close)
	api.AddQueue(r2test.Queue{ID: "q", Name: "events"})
	for path, body := range map[string]string{
		"/r2/buckets/images/cors":                               `{"rules":[{"AllowedOrigins":["*"],"AllowedMethods":["GET"]}]}`,
		"/r2/buckets/images/lifecycle":                          `{"rules":[{"id":"a","enabled":true,"conditions":{"prefix":""},"expiration":{"days":1}}]}`,
		"/r2/buckets/images/lock":                               `{"rules":[{"id":"a","enabled":true,"condition":{"type":"Indefinite","days":1}}]}`,
		"/event_notifications/r2/images/configuration/queues/q": `{"rules":[{"actions":["PutObject"],"events":["s3:ObjectCreated:*"]}]}`,
	} {
		for _, bad := range []string{body, `{"rules":`, `[]`} {
			a := tell(t, api, http.MethodPut, path, bad)
			assert.Equal(t, []int{400, 10040}, []int{a.Status, a.code()}, "%s: %s", path, bad)
		}
	}
	var many []string
	for i := range 101 {
		many = append(many, fmt.Sprintf(`{"actions":["PutObject"],"prefix":"%03d/"}`, i))
	}
	put := func(rules []string) int {
		return tell(t, api, http.MethodPut, "/event_notifications/r2/images/configuration/queues/q", `{"rules":[`+strings.Join(rules, ",")+`]}`).Status
	}
	assert.Equal(t, 400, put(many), "a hundred to a bucket")
	assert.Equal(t, 200, put(many[:60]))
	assert.Equal(t, 400, put(many[60:]))
	assert.Equal(t, 200, put(many[60:100]))
}

// The class is that of the object, and of the bucket where the object says nothing.
func TestStorageClasses(t *testing.T) {
	t.Parallel()
	srv := open(t, r2test.Options{})
	api := srv.ControlPlane()
	t.Cleanup(api.Close)
	for key, class := range map[string]string{"own": "STANDARD_IA", "plain": "STANDARD", "none": ""} {
		header := http.Header{}
		if class != "" {
			header.Set("X-Amz-Storage-Class", class)
		}
		assert.Equal(t, 200, call{method: http.MethodPut, path: "/images/" + key, header: header, body: key}.do(t, srv).status)
	}
	list := call{method: http.MethodGet, path: "/images?list-type=2"}.do(t, srv).body
	assert.Equal(t, 1, strings.Count(list, "<StorageClass>STANDARD_IA</StorageClass>"))
	assert.Equal(t, 2, strings.Count(list, "<StorageClass>STANDARD</StorageClass>"))
	var m struct {
		Standard, InfrequentAccess struct {
			Published struct{ Objects, PayloadSize int }
		}
	}
	require.NoError(t, json.Unmarshal(tell(t, api, http.MethodGet, "/r2/metrics", "").Result, &m))
	assert.Equal(t, []int{2, len("plain" + "none")}, []int{m.Standard.Published.Objects, m.Standard.Published.PayloadSize})
	assert.Equal(t, []int{1, len("own")}, []int{m.InfrequentAccess.Published.Objects, m.InfrequentAccess.Published.PayloadSize})
}
