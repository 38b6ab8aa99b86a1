package r2admin_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

func TestNewReportsAllProblems(t *testing.T) {
	t.Parallel()
	_, err := r2admin.New(r2admin.Config{
		AccountID: "x", APIToken: "to ken", Jurisdiction: "mars", MaxRetries: new(-1), BaseURL: "http://api.example/?q",
	})
	for _, field := range []string{"AccountID", "APIToken", "Jurisdiction", "MaxRetries", "BaseURL"} {
		require.ErrorContains(t, err, field)
	}
	require.NotContains(t, err.Error(), "to ken")
	_, err = r2admin.New(r2admin.Config{})
	require.ErrorContains(t, err, "AccountID is required")
	require.ErrorContains(t, err, "APIToken is required")
	_, err = r2admin.New(r2admin.Config{AccountID: account, APIToken: "t", BaseURL: "http://api.example"})
	require.ErrorContains(t, err, "in the clear")
}

// Trap 28: a service of cloudflare-go made without a base URL: ours always passes one, and the environment is never read.
func TestEnvironmentIsNotRead(t *testing.T) {
	t.Setenv("CLOUDFLARE_BASE_URL", "http://127.0.0.1:1")
	t.Setenv("CLOUDFLARE_API_TOKEN", "of-the-environment")
	t.Setenv("CLOUDFLARE_API_KEY", "of-the-environment")
	t.Setenv("CLOUDFLARE_EMAIL", "someone@example.com")
	var seen []string
	hc := &http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		seen = append(seen, req.URL.String(), req.Header.Get("Authorization"), req.Header.Get("X-Auth-Key"))
		return nil, errors.New("no network here")
	})}
	c, err := r2admin.New(r2admin.Config{AccountID: account, APIToken: "mine", HTTPClient: hc, MaxRetries: new(0)})
	require.NoError(t, err)
	_, err = c.Bucket(t.Context(), "images")
	require.Error(t, err)
	assert.Equal(t, []string{r2admin.ProductionURL + "/accounts/" + account + "/r2/buckets/images", "Bearer mine", ""}, seen)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// Trap 26: the jurisdiction header is on every control-plane call.
func TestJurisdictionOnEveryCall(t *testing.T) {
	t.Parallel()
	for want, j := range map[string]r2.Jurisdiction{"default": "", "eu": r2.JurisdictionEU} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			c, api, _ := open(t, r2test.Options{Jurisdiction: j})
			api.AddZone(r2test.Zone{ID: "z1", Name: "example.com"})
			ctx := t.Context()
			b, err := c.EnsureBucket(ctx, "more", nil)
			require.NoError(t, err)
			assert.Equal(t, j, b.Jurisdiction)
			for _, err := range c.ListBuckets(ctx, nil) {
				require.NoError(t, err)
			}
			for _, rules := range [][]r2admin.CORSRule{{{Origins: []string{"https://a.example"}, Methods: []string{"GET"}}}, nil} {
				plan, err := c.PlanCORS(ctx, "more", rules)
				require.NoError(t, err)
				require.NoError(t, c.ApplyCORS(ctx, plan))
			}
			for _, tls := range []string{"", "1.2"} {
				_, err = c.EnsureDomain(ctx, "more", "img.example.com", &r2admin.DomainOptions{MinTLS: tls})
				require.NoError(t, err)
			}
			_, err = c.SetDevURL(ctx, "more", true)
			require.NoError(t, err)
			require.NoError(t, c.SetLifecycle(ctx, "more", []r2admin.LifecycleRule{{ID: "logs", DeleteAfter: day}}))
			locks, err := c.PlanLocks(ctx, "more", []r2admin.LockRule{{ID: "kept", For: day}})
			require.NoError(t, err)
			require.NoError(t, c.ApplyLocks(ctx, locks))
			api.AddQueue(r2test.Queue{ID: queue, Name: "events"})
			for _, rules := range [][]r2admin.EventRule{{{QueueID: queue, Actions: []string{"PutObject"}}}, nil} {
				plan, err := c.PlanEvents(ctx, "more", rules, &r2admin.EventOptions{Exact: true})
				require.NoError(t, err)
				require.NoError(t, c.ApplyEvents(ctx, plan))
			}
			_, err = c.Metrics(ctx)
			require.NoError(t, err)
			require.NoError(t, c.DeleteBucket(ctx, "more", &r2admin.DeleteBucketOptions{Confirm: "more"}))
			seen := map[string]bool{}
			for _, call := range api.Requests() {
				seen[call.Op] = true
				if call.Op != "ListZones" { // that is no call on a bucket
					assert.Equal(t, want, call.Jurisdiction, call.Op)
				}
			}
			for _, op := range []string{
				"GetBucket", "CreateBucket", "ListBuckets", "DeleteBucket", "GetCORS", "PutCORS", "DeleteCORS", "GetDomain", "CreateDomain",
				"UpdateDomain", "SetDevURL", "GetLifecycle", "PutLifecycle", "GetLocks", "PutLocks", "ListEventRules", "CreateEventRule",
				"DeleteEventRule", "GetMetrics",
			} {
				assert.True(t, seen[op], op)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		body   string
		kind   error
		text   string
	}{
		"no bucket":     {404, `{"success":false,"errors":[{"code":10006,"message":"no such"}]}`, fs.ErrNotExist, "Config.Jurisdiction"},
		"forbidden":     {403, `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}`, fs.ErrPermission, "Workers R2 Storage Write"},
		"conflict":      {409, `{"success":false,"errors":[{"code":10073,"message":"taken"}]}`, fs.ErrExist, "code 10073"},
		"html":          {404, `<html>lost</html>`, fs.ErrNotExist, "<html>lost</html>"},
		"limited":       {429, `{"success":false,"errors":[{"code":10058,"message":"slow"}]}`, r2admin.ErrRateLimited, "slow"},
		"false success": {200, `{"success":false,"errors":[{"code":7003,"message":"odd"}]}`, nil, "code 7003, HTTP 200"},
		"unsupported":   {501, ``, errors.ErrUnsupported, "not implemented"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, api, srv := open(t, r2test.Options{})
			cfg := config(api, r2test.Options{})
			cfg.MaxRetries = new(0)
			c, err := r2admin.New(cfg)
			require.NoError(t, err)
			_ = srv
			api.AnswerNext("GetBucket", tt.status, nil, tt.body)
			_, err = c.Bucket(t.Context(), "images")
			require.ErrorContains(t, err, tt.text)
			if tt.kind != nil {
				require.ErrorIs(t, err, tt.kind)
			}
			for _, other := range []error{fs.ErrNotExist, fs.ErrExist, fs.ErrPermission, r2admin.ErrRateLimited, r2admin.ErrNotEmpty} {
				assert.Equal(t, errors.Is(tt.kind, other), errors.Is(err, other), "%v", other)
			}
			e, ok := errors.AsType[*r2admin.Error](err)
			require.True(t, ok)
			assert.Equal(t, tt.status, e.HTTPStatus)
			assert.NotEmpty(t, e.RequestID)
		})
	}
}

func TestRetryAfterIsObeyed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, api, srv := open(t, r2test.Options{})
		api.AnswerNext("GetBucket", 429, http.Header{"Retry-After": {"7"}}, `{"success":false,"errors":[{"code":10058,"message":"slow"}]}`)
		start := time.Now()
		_, err := c.Bucket(t.Context(), "images")
		require.NoError(t, err)
		assert.GreaterOrEqual(t, time.Since(start), 7*time.Second)
		assert.Equal(t, 2, api.Calls("GetBucket"))
		api.Close()
		srv.Close()
	})
}

func TestTokenIsNeverShown(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	cfg := config(api, r2test.Options{})
	api.AnswerNext("GetBucket", 400, nil, `{"success":false,"errors":[{"code":1,"message":"bad token `+api.Token+`"}]}`)
	_, err := c.Bucket(t.Context(), "images")
	require.ErrorContains(t, err, "bad token")
	data, jsonErr := json.Marshal(cfg)
	require.NoError(t, jsonErr)
	text := fmt.Sprintf("%v %+v %#v %s %v %+v %#v %v %v", cfg, cfg, cfg, data, c, c, c, err, cfg.LogValue())
	assert.NotContains(t, text, api.Token)
	assert.NotContains(t, text, api.Token[5:])
}
