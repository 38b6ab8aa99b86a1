package r2admin_test

import (
	"io/fs"
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

// Credentials that the API made do what those that were signed locally do: their scope, their keys, their time.
func TestTempCredentials(t *testing.T) {
	t.Parallel()
	const write, read = r2admin.AccessObjectWrite, r2admin.AccessObjectRead
	for name, tt := range map[string]struct {
		access   r2admin.Access
		prefixes []string
		objects  []string
		inside   string // up/a.png
		outside  string // other.png
	}{
		"read":        {inside: "get list", outside: "get list"},
		"write":       {access: write, inside: "put get list delete", outside: "put get list delete"},
		"prefix":      {access: write, prefixes: []string{"up/"}, inside: "put get delete"},
		"object":      {access: write, objects: []string{"up/a.png"}, inside: "put get delete"},
		"either":      {access: read, prefixes: []string{"up/"}, objects: []string{"other.png"}, inside: "get", outside: "get"},
		"admin read":  {access: r2admin.AccessAdminRead, inside: "get list", outside: "get list"},
		"admin write": {access: r2admin.AccessAdminWrite, inside: "put get list delete", outside: "put get list delete"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _, srv := open(t, r2test.Options{})
			_, err := c.EnsureBucket(t.Context(), "more", nil)
			require.NoError(t, err)
			parent, err := c.CreateToken(t.Context(), &r2admin.TokenOptions{Name: "parent", Access: r2admin.AccessAdminWrite})
			require.NoError(t, err)
			keys, err := c.TempCredentials(t.Context(), r2admin.TempOptions{
				Bucket: "images", ParentAccessKeyID: parent.ID, Permission: tt.access, TTL: time.Hour, Prefixes: tt.prefixes, Objects: tt.objects,
			})
			require.NoError(t, err)
			assert.Equal(t, parent.ID, keys.AccessKeyID)
			assert.NotEqual(t, parent.Credentials().SecretAccessKey, keys.SecretAccessKey)
			assert.Equal(t, tt.inside, try(t, srv, "images", "up/a.png", keys))
			assert.Equal(t, tt.outside, try(t, srv, "images", "other.png", keys))
			assert.Empty(t, try(t, srv, "more", "up/a.png", keys), "they are of one bucket, whatever the parent may do")
			without := keys
			without.SessionToken = ""
			assert.Empty(t, try(t, srv, "images", "up/a.png", without), "the secret is worth nothing without its token")

			// Those that were signed here, with the parent's secret, may do exactly the same.
			if tt.access == "" || tt.access == read || tt.access == write {
				own, err := r2.New(with(srv, "images", parent.Credentials()))
				require.NoError(t, err)
				local, err := own.TempCredentials(r2.TempOptions{Scope: string(tt.access), Prefixes: tt.prefixes, Objects: tt.objects, TTL: time.Hour})
				require.NoError(t, err)
				assert.Equal(t, tt.inside, try(t, srv, "images", "up/a.png", local))
				assert.Equal(t, tt.outside, try(t, srv, "images", "other.png", local))
				assert.Empty(t, try(t, srv, "more", "up/a.png", local))
			}

			require.NoError(t, c.DeleteToken(t.Context(), parent.ID, nil))
			assert.Empty(t, try(t, srv, "images", "up/a.png", keys), "revoking the parent ends all of them")
		})
	}
}

func TestTempCredentialsEnd(t *testing.T) {
	t.Parallel()
	var clk clock
	c, _, srv := open(t, r2test.Options{Now: clk.now})
	parent, err := c.CreateToken(t.Context(), &r2admin.TokenOptions{Name: "parent", Access: r2admin.AccessObjectWrite, Buckets: []string{"images"}})
	require.NoError(t, err)
	keys, err := c.TempCredentials(t.Context(), r2admin.TempOptions{
		Bucket: "images", ParentAccessKeyID: parent.ID, Permission: r2admin.AccessObjectWrite, TTL: time.Hour,
	})
	require.NoError(t, err)
	clk.advance(59 * time.Minute)
	assert.Equal(t, "put get list delete", try(t, srv, "images", "a", keys))
	clk.advance(2 * time.Minute)
	assert.Empty(t, try(t, srv, "images", "a", keys))
	assert.Equal(t, "put get list delete", try(t, srv, "images", "a", parent.Credentials()))
}

// They can do no more than their parent, and are made only by the parent or by one who may do everything.
func TestTempCredentialsOfALesserParent(t *testing.T) {
	t.Parallel()
	c, api, srv := open(t, r2test.Options{})
	_, err := c.EnsureBucket(t.Context(), "more", nil)
	require.NoError(t, err)
	reader, err := c.CreateToken(t.Context(), &r2admin.TokenOptions{Name: "reader", Access: r2admin.AccessObjectRead, Buckets: []string{"images"}})
	require.NoError(t, err)
	writer, err := c.CreateToken(t.Context(), &r2admin.TokenOptions{Name: "writer", Access: r2admin.AccessObjectWrite, Buckets: []string{"images"}})
	require.NoError(t, err)
	cfg := config(api, r2test.Options{})
	cfg.APIToken = writer.Value
	own, err := r2admin.New(cfg)
	require.NoError(t, err)
	opts := r2admin.TempOptions{Bucket: "images", ParentAccessKeyID: reader.ID, TTL: time.Hour}
	for name, tt := range map[string]struct {
		client *r2admin.Client
		change func(*r2admin.TempOptions)
		kind   error
	}{
		"as much":          {client: c},
		"more":             {client: c, change: func(o *r2admin.TempOptions) { o.Permission = r2admin.AccessObjectWrite }, kind: fs.ErrPermission},
		"admin":            {client: c, change: func(o *r2admin.TempOptions) { o.Permission = r2admin.AccessAdminRead }, kind: fs.ErrPermission},
		"another bucket":   {client: c, change: func(o *r2admin.TempOptions) { o.Bucket = "more" }, kind: fs.ErrPermission},
		"no bucket":        {client: c, change: func(o *r2admin.TempOptions) { o.Bucket = "none" }, kind: fs.ErrNotExist},
		"of the parent":    {client: own, change: func(o *r2admin.TempOptions) { o.ParentAccessKeyID = writer.ID }},
		"of somebody else": {client: own, kind: fs.ErrPermission},
	} {
		o := opts
		if tt.change != nil {
			tt.change(&o)
		}
		_, err := tt.client.TempCredentials(t.Context(), o)
		if tt.kind == nil {
			require.NoError(t, err, name)
		} else {
			require.ErrorIs(t, err, tt.kind, name)
		}
	}
	opts.ParentAccessKeyID = strings.Repeat("0", 32)
	_, err = c.TempCredentials(t.Context(), opts)
	require.ErrorContains(t, err, "parentAccessKeyId")

	// A scope that goes beyond the parent's and was signed locally is not believed.
	local, err := r2.New(with(srv, "images", reader.Credentials()))
	require.NoError(t, err)
	keys, err := local.TempCredentials(r2.TempOptions{Scope: r2.ScopeObjectReadWrite, TTL: time.Hour})
	require.NoError(t, err)
	assert.Equal(t, "get list", try(t, srv, "images", "a", keys))
	elsewhere, err := r2.New(with(srv, "more", reader.Credentials()))
	require.NoError(t, err)
	keys, err = elsewhere.TempCredentials(r2.TempOptions{TTL: time.Hour})
	require.NoError(t, err)
	assert.Empty(t, try(t, srv, "more", "a", keys))
}

func TestTempCredentialsAreRefusedLocally(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	good := r2admin.TempOptions{Bucket: "images", ParentAccessKeyID: strings.Repeat("a", 32), TTL: time.Hour}
	for field, change := range map[string]func(*r2admin.TempOptions){
		"bucket":            func(o *r2admin.TempOptions) { o.Bucket = "" },
		"ParentAccessKeyID": func(o *r2admin.TempOptions) { o.ParentAccessKeyID = "cfat_s3cr3t" },
		"Permission":        func(o *r2admin.TempOptions) { o.Permission = r2admin.AccessControlPlane },
		"TTL: 0s":           func(o *r2admin.TempOptions) { o.TTL = 0 },
		"TTL: 168h0m1s":     func(o *r2admin.TempOptions) { o.TTL = 7*24*time.Hour + time.Second },
		"TTL: 1.5s":         func(o *r2admin.TempOptions) { o.TTL = 1500 * time.Millisecond },
		"Prefixes":          func(o *r2admin.TempOptions) { o.Prefixes = []string{"a", " "} },
		"Objects":           func(o *r2admin.TempOptions) { o.Objects = []string{strings.Repeat("k", 1025)} },
	} {
		o := good
		change(&o)
		_, err := c.TempCredentials(t.Context(), o)
		require.ErrorIs(t, err, r2admin.ErrInput, field)
		require.ErrorContains(t, err, field)
		assert.NotContains(t, err.Error(), "s3cr3t")
	}
	_, err := c.TempCredentials(t.Context(), r2admin.TempOptions{Permission: "root", TTL: -1})
	for _, field := range []string{"bucket", "ParentAccessKeyID", "Permission", "TTL"} {
		require.ErrorContains(t, err, field)
	}
	assert.Zero(t, api.Calls(""))
}

// Trap 26: the jurisdiction header is on every control-plane call.
func TestTempCredentialsOfAJurisdiction(t *testing.T) {
	t.Parallel()
	for want, j := range map[string]r2.Jurisdiction{"default": "", "eu": r2.JurisdictionEU} {
		c, api, srv := open(t, r2test.Options{Jurisdiction: j})
		parent, err := c.CreateToken(t.Context(), &r2admin.TokenOptions{Name: "parent", Access: r2admin.AccessObjectWrite, Buckets: []string{"images"}})
		require.NoError(t, err)
		keys, err := c.TempCredentials(t.Context(), r2admin.TempOptions{Bucket: "images", ParentAccessKeyID: parent.ID, TTL: time.Hour})
		require.NoError(t, err)
		assert.Equal(t, "get list", try(t, srv, "images", "a", keys))
		calls := api.Requests()
		assert.Equal(t, []string{"TempCredentials", want}, []string{calls[len(calls)-1].Op, calls[len(calls)-1].Jurisdiction})
	}
}

// A lost answer leaves nothing behind, and is asked for again; an answer that lacks something is none.
func TestTempCredentialsAreAskedForAgain(t *testing.T) {
	t.Parallel()
	c, api, srv := open(t, r2test.Options{})
	parent := srv.Config().AccessKeyID
	opts := r2admin.TempOptions{Bucket: "images", ParentAccessKeyID: parent, TTL: time.Hour}
	api.LoseNext("TempCredentials")
	keys, err := c.TempCredentials(t.Context(), opts)
	require.NoError(t, err)
	assert.Equal(t, 2, api.Calls("TempCredentials"))
	assert.Equal(t, "get list", try(t, srv, "images", "a", keys), "the keys of the server are a parent too")
	api.AnswerNext("TempCredentials", http.StatusOK, nil, `{"success":true,"errors":[],"messages":[],"result":{"accessKeyId":"a","secretAccessKey":"b"}}`)
	_, err = c.TempCredentials(t.Context(), opts)
	require.ErrorContains(t, err, "lacks")
}
