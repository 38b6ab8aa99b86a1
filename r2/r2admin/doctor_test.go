package r2admin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

func TestDoctor(t *testing.T) {
	t.Parallel()
	const other = "ffffffffffffffffffffffffffffffff"
	for name, tt := range map[string]struct {
		server               r2test.Options
		change               func(*r2.Config)
		write                bool
		scope                r2admin.Scope
		list, read, mayWrite r2admin.Answer
		cause                r2admin.Cause
		missing, fix         string
	}{
		"object token": {write: true, scope: "object", list: "yes", read: "yes", mayWrite: "yes"},
		"not asked":    {scope: "object", list: "yes", read: "yes", mayWrite: "unknown"},
		"admin token": {
			server: r2test.Options{Scope: r2test.ScopeAdmin}, write: true, scope: "admin", list: "yes", read: "yes", mayWrite: "yes",
		},
		"wrong secret": {
			change: func(c *r2.Config) { c.SecretAccessKey = strings.Repeat("0badc0de", 8) },
			scope:  "none", list: "unknown", read: "unknown", mayWrite: "unknown", cause: r2admin.CauseSecret, fix: "hex SHA-256",
		},
		"wrong key ID": {
			change: func(c *r2.Config) { c.AccessKeyID = other },
			scope:  "none", list: "unknown", read: "unknown", mayWrite: "unknown", cause: r2admin.CauseKeyID, fix: "ID of the API token",
		},
		"clock": {
			server: r2test.Options{ClockSkew: time.Hour},
			scope:  "none", list: "unknown", read: "unknown", mayWrite: "unknown", cause: r2admin.CauseClock, fix: "set the clock",
		},
		"another bucket": { // cause D
			change: func(c *r2.Config) { c.Bucket = "others" }, write: true,
			scope: "none", list: "no", read: "no", mayWrite: "no", cause: r2admin.CausePermission,
			missing: "Workers R2 Storage Bucket Item Write", fix: "another bucket",
		},
		"another jurisdiction": { // cause D too
			server: r2test.Options{Jurisdiction: r2.JurisdictionEU}, change: func(c *r2.Config) { c.Jurisdiction, c.Endpoint = "", "" },
			scope: "unknown", list: "unknown", read: "unknown", mayWrite: "unknown", cause: r2admin.CauseJurisdiction, fix: "Config.Jurisdiction to eu",
		},
		"no such bucket": {
			server: r2test.Options{Scope: r2test.ScopeAdmin}, change: func(c *r2.Config) { c.Bucket = "nowhere" },
			scope: "unknown", list: "unknown", read: "unknown", mayWrite: "unknown", cause: r2admin.CauseNoBucket, fix: "check the name",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, err := r2test.Open(tt.server)
			require.NoError(t, err)
			defer srv.Close()
			cfg := srv.Config()
			if tt.change != nil {
				tt.change(&cfg)
			}
			d, err := r2admin.Doctor(t.Context(), cfg, &r2admin.DoctorOptions{Write: tt.write})
			require.NoError(t, err)
			assert.Equal(t, tt.scope, d.Scope, d.String())
			assert.Equal(t, []r2admin.Answer{tt.list, tt.read, tt.mayWrite}, []r2admin.Answer{d.List, d.Read, d.Write})
			assert.Equal(t, tt.cause, d.Cause)
			assert.Contains(t, d.Missing, tt.missing)
			assert.Equal(t, tt.missing == "", d.Missing == "")
			assert.Contains(t, d.Fix, tt.fix)
			assert.Equal(t, tt.cause == r2admin.CauseNone, d.Healthy())
			assert.Empty(t, srv.Objects())
			data, err := json.Marshal(d)
			require.NoError(t, err)
			for _, text := range []string{d.String(), string(data), fmt.Sprintf("%+v", d)} {
				assert.NotContains(t, text, cfg.SecretAccessKey)
			}
			assert.Zero(t, srv.Calls("CreateBucket"))
			if !tt.write {
				assert.Zero(t, srv.Calls("PutObject"))
			}
		})
	}
}

// The Access Denied story: the keys are right, and the tool is what has to be set.
func TestDoctorNamesTheToolSettings(t *testing.T) {
	t.Parallel()
	srv := r2test.NewServer()
	defer srv.Close()
	d, err := r2admin.Doctor(t.Context(), srv.Config(), &r2admin.DoctorOptions{Write: true})
	require.NoError(t, err)
	assert.True(t, d.Healthy())
	text := d.String()
	for cause, words := range map[string][]string{
		"A": {"rclone", "CreateBucket first", "no_check_bucket"},
		"B": {"wrangler", "Admin Read & Write"},
		"C": {"ListBuckets first", "type the name of the bucket"},
	} {
		for _, word := range words {
			assert.Contains(t, text, word, "cause %s", cause)
		}
	}
	var names []string
	for _, p := range d.Probes {
		names = append(names, p.Name)
	}
	assert.Equal(t, []string{"ListObjectsV2", "GetObject", "PutObject", "DeleteObject", "PutObject", "DeleteObject", "ListBuckets"}, names)
}

func TestDoctorKnowsReadOnlyKeys(t *testing.T) {
	t.Parallel()
	srv := r2test.NewServer()
	defer srv.Close()
	cfg := srv.Config()
	c, err := r2.New(cfg)
	require.NoError(t, err)
	keys, err := c.TempCredentials(r2.TempOptions{TTL: time.Hour})
	require.NoError(t, err)
	cfg.AccessKeyID, cfg.SecretAccessKey, cfg.SessionToken = keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken
	d, err := r2admin.Doctor(t.Context(), cfg, &r2admin.DoctorOptions{Write: true})
	require.NoError(t, err)
	assert.Equal(t, r2admin.ScopeObject, d.Scope)
	assert.Equal(t, []r2admin.Answer{"yes", "yes", "no"}, []r2admin.Answer{d.List, d.Read, d.Write})
	assert.Equal(t, r2admin.CausePermission, d.Cause)
	assert.Contains(t, d.Missing, "Workers R2 Storage Bucket Item Write")
	assert.Zero(t, srv.Calls("DeleteObject"))
	assert.NotContains(t, d.String()+fmt.Sprintf("%+v", d), keys.SessionToken)
}

func TestDoctorTellsTheClock(t *testing.T) {
	t.Parallel()
	srv := r2test.NewServer()
	defer srv.Close()
	hc := srv.Client()
	next := hc.Transport
	hc.Transport = roundTrip(func(req *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err == nil {
			resp.Header.Set("Date", time.Now().Add(-10*time.Minute).UTC().Format(http.TimeFormat))
		}
		return resp, err
	})
	cfg := srv.Config()
	cfg.HTTPClient = hc
	d, err := r2admin.Doctor(t.Context(), cfg, nil)
	require.NoError(t, err)
	assert.InDelta(t, 10*time.Minute, d.ClockSkew, float64(30*time.Second))
	assert.Contains(t, d.String(), "clock: 10m")
	assert.True(t, d.Healthy(), "it works still")
}

func TestDoctorOfABadConfig(t *testing.T) {
	t.Parallel()
	_, err := r2admin.Doctor(t.Context(), r2.Config{AccountID: account, Bucket: "images"}, nil)
	require.ErrorIs(t, err, r2admin.ErrInput)
	require.ErrorContains(t, err, "AccessKeyID is required")

	srv := r2test.NewServer()
	cfg := srv.Config()
	cfg.MaxRetries = new(0)
	srv.Close()
	d, err := r2admin.Doctor(t.Context(), cfg, nil)
	require.NoError(t, err)
	assert.Equal(t, r2admin.CauseNoAnswer, d.Cause)
}

func ExampleDoctor() {
	srv := r2test.NewServer() // real code: the configuration that fails
	defer srv.Close()
	d, err := r2admin.Doctor(context.Background(), srv.Config(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Healthy(), d.Scope)
	for _, tool := range d.Tools[:1] {
		fmt.Println(tool.Symptom)
		fmt.Println(tool.Setting)
	}
	// Output:
	// true object
	// AccessDenied on a single new file, in the root or in a folder: it sends CreateBucket first
	// no_check_bucket = true in its configuration, or --s3-no-check-bucket
}
