package r2admin_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

func TestTokenOptionsReportAllProblems(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	later := time.Now().Add(time.Hour)
	for name, tt := range map[string]struct {
		opts  *r2admin.TokenOptions
		words []string
	}{
		"nothing":            {nil, []string{"Name is required", "Access is required"}},
		"blank name":         {&r2admin.TokenOptions{Name: " \t", Access: r2admin.AccessAdminRead}, []string{"Name is required"}},
		"name with a break":  {&r2admin.TokenOptions{Name: "a\nb", Access: r2admin.AccessAdminRead}, []string{"Name: it has"}},
		"long name":          {&r2admin.TokenOptions{Name: strings.Repeat("é", 121), Access: r2admin.AccessAdminRead}, []string{"more than 120"}},
		"no buckets":         {&r2admin.TokenOptions{Name: "a", Access: r2admin.AccessObjectRead}, []string{"Buckets is required"}},
		"buckets for admin":  {&r2admin.TokenOptions{Name: "a", Access: r2admin.AccessAdminRead, Buckets: []string{"images"}}, []string{"not limited to buckets"}},
		"wider by its name":  {&r2admin.TokenOptions{Name: "a", Access: r2admin.AccessObjectRead, Buckets: []string{"images_x"}}, []string{`"images_x" is no name`}},
		"twice":              {&r2admin.TokenOptions{Name: "a", Access: r2admin.AccessObjectRead, Buckets: []string{"images", "images"}}, []string{"twice"}},
		"no zone":            {&r2admin.TokenOptions{Name: "a", Access: r2admin.AccessControlPlane}, []string{"Zone"}},
		"zone for objects":   {&r2admin.TokenOptions{Name: "a", Access: r2admin.AccessObjectRead, Buckets: []string{"images"}, Zone: "z"}, []string{"has no zone"}},
		"two ends":           {&r2admin.TokenOptions{Name: "a", Access: r2admin.AccessAdminRead, TTL: time.Hour, Expires: later}, []string{"TTL and Expires"}},
		"half a second":      {&r2admin.TokenOptions{Name: "a", Access: r2admin.AccessAdminRead, TTL: time.Second / 2}, []string{"whole seconds"}},
		"below none":         {&r2admin.TokenOptions{Name: "a", Access: r2admin.AccessAdminRead, TTL: -time.Second}, []string{"TTL"}},
		"over":               {&r2admin.TokenOptions{Name: "a", Access: r2admin.AccessAdminRead, Expires: time.Now().Add(-time.Hour)}, []string{"is over"}},
		"ends before":        {&r2admin.TokenOptions{Name: "a", Access: r2admin.AccessAdminRead, Expires: later, NotBefore: later}, []string{"not after NotBefore"}},
		"address with bits":  {&r2admin.TokenOptions{Name: "a", Access: r2admin.AccessAdminRead, AllowIPs: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24")}}, []string{"AllowIPs"}},
		"no address":         {&r2admin.TokenOptions{Name: "a", Access: r2admin.AccessAdminRead, DenyIPs: []netip.Prefix{{}}}, []string{"DenyIPs"}},
		"access and owner":   {&r2admin.TokenOptions{Name: "a", Access: "root", Owner: "me"}, []string{"Access", "Owner"}},
		"several at a time":  {&r2admin.TokenOptions{Access: "root", Buckets: []string{"X"}, Zone: "z"}, []string{"Name is", "Access", "Buckets", "Zone"}},
		"temporary for ever": {&r2admin.TokenOptions{Name: "a", Access: r2admin.AccessAdminRead, TTL: time.Second + 1}, []string{"whole seconds"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.CreateToken(t.Context(), tt.opts)
			require.ErrorIs(t, err, r2admin.ErrInput)
			for _, word := range tt.words {
				require.ErrorContains(t, err, word)
			}
		})
	}
	t.Cleanup(func() { assert.Zero(t, api.Calls("")) })
}

func TestTokenPlanIsWhatIsMade(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	api.AddZone(r2test.Zone{ID: "z1", Name: "example.com"})
	p, err := c.PlanToken(t.Context(), &r2admin.TokenOptions{
		Name: "deploy", Access: r2admin.AccessControlPlane, Zone: "z1", Expires: time.Date(2099, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600)),
		AllowIPs: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}, DenyIPs: []netip.Prefix{netip.MustParsePrefix("203.0.113.9/32")},
	})
	require.NoError(t, err)
	assert.Zero(t, api.Calls("CreateToken"))
	assert.Equal(t, `token "deploy" of the account
  allow Workers R2 Storage Write
    on com.cloudflare.api.account.`+account+`
  allow Zone Read
  allow Cache Purge
    on com.cloudflare.api.account.zone.z1
  until 2099-01-02T02:04:05Z
  only from 203.0.113.0/24
  not from 203.0.113.9/32
! it may delete every bucket of the account, and every object
`, p.String())

	// A plan is plain JSON, and the token of one that was stored is the same.
	data, err := json.Marshal(p)
	require.NoError(t, err)
	var stored r2admin.TokenPlan
	require.NoError(t, json.Unmarshal(data, &stored))
	assert.Equal(t, p, stored)
	tok, err := c.ApplyToken(t.Context(), stored)
	require.NoError(t, err)
	var listed []r2admin.Token
	for one, err := range c.ListTokens(t.Context(), nil) {
		require.NoError(t, err)
		listed = append(listed, one)
	}
	require.Len(t, listed, 1)
	assert.Equal(t, []string{tok.ID, "deploy"}, []string{listed[0].ID, listed[0].Name})
	assert.True(t, p.Expires.Equal(listed[0].Expires))
	assert.Equal(t, p.AllowIPs, listed[0].AllowIPs)
	assert.Equal(t, p.DenyIPs, listed[0].DenyIPs)
	require.Len(t, listed[0].Policies, 2)
	for i, line := range listed[0].Policies {
		assert.Equal(t, p.Policies[i].Resources, line.Resources)
		require.Len(t, line.Groups, len(p.Policies[i].Groups))
		for j, g := range line.Groups {
			assert.Equal(t, []string{p.Policies[i].Groups[j].ID, p.Policies[i].Groups[j].Name}, []string{g.ID, g.Name})
		}
	}

	for name, change := range map[string]func(*r2admin.TokenPlan){
		"another account": func(p *r2admin.TokenPlan) { p.Account = strings.Repeat("f", 32) },
		"over":            func(p *r2admin.TokenPlan) { p.Expires = time.Now().Add(-time.Minute) },
		"no policy":       func(p *r2admin.TokenPlan) { p.Policies = nil },
		"no group": func(p *r2admin.TokenPlan) {
			p.Policies = []r2admin.TokenPolicy{{Effect: "allow", Resources: []string{"x"}}}
		},
		"no name": func(p *r2admin.TokenPlan) { p.Name = "" },
	} {
		other := stored
		change(&other)
		_, err := c.ApplyToken(t.Context(), other)
		require.ErrorIs(t, err, r2admin.ErrInput, name)
	}
	assert.Equal(t, 1, api.Calls("CreateToken"))
}

// What the control plane needs, and what is not of its zone.
func TestControlPlaneToken(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	api.AddZone(r2test.Zone{ID: "z1", Name: "example.com"})
	api.AddZone(r2test.Zone{ID: "z2", Name: "example.org"})
	opts := &r2admin.TokenOptions{Name: "deploy", Access: r2admin.AccessControlPlane, Zone: "z1"}
	tok, err := c.CreateToken(t.Context(), opts)
	require.NoError(t, err)
	cfg := config(api, r2test.Options{})
	cfg.APIToken = tok.Value
	own, err := r2admin.New(cfg)
	require.NoError(t, err)
	_, err = own.EnsureBucket(t.Context(), "pictures", nil)
	require.NoError(t, err)
	_, err = own.EnsureDomain(t.Context(), "pictures", "img.example.com", nil)
	require.NoError(t, err)
	require.NoError(t, own.Purge(t.Context(), "z1", []string{"https://img.example.com/a.png"}))
	require.ErrorIs(t, own.Purge(t.Context(), "z2", []string{"https://img.example.org/a.png"}), fs.ErrPermission)
	_, err = own.EnsureDomain(t.Context(), "pictures", "img.example.org", nil)
	require.ErrorIs(t, err, r2admin.ErrZone)

	// A token that may make tokens gives no permission for a zone that it has not itself.
	api.Restrict("Account API Tokens Write")
	opts.Name = "another"
	_, err = c.CreateToken(t.Context(), opts)
	require.ErrorContains(t, err, "must have it for that zone itself")
	_, err = c.CreateToken(t.Context(), &r2admin.TokenOptions{Name: "objects", Access: r2admin.AccessObjectRead, Buckets: []string{"images"}})
	require.NoError(t, err)
	_, err = c.CreateToken(t.Context(), &r2admin.TokenOptions{Name: "mine", Access: r2admin.AccessAdminRead, Owner: r2admin.OwnerUser})
	require.ErrorIs(t, err, fs.ErrPermission)
}

// The group is looked up by name and by kind of resource: never by what its name begins with, and never by a remembered ID.
func TestPermissionGroupsAreLookedUp(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	opts := &r2admin.TokenOptions{Name: "a", Access: r2admin.AccessAdminWrite}
	list := c.ListPermissionGroups(t.Context(), &r2admin.ListPermissionGroupsOptions{Scope: r2admin.ScopeOfBucket})
	for range 2 {
		var got []string
		for g, err := range list {
			require.NoError(t, err)
			got = append(got, g.Name)
		}
		assert.ElementsMatch(t, []string{"Workers R2 Storage Bucket Item Read", "Workers R2 Storage Bucket Item Write"}, got)
	}
	answer := func(groups string) {
		api.AnswerNext("ListPermissionGroups", http.StatusOK, nil, `{"success":true,"errors":[],"messages":[],"result":[`+groups+`]}`)
	}
	const there = `{"id":"aa","name":"Workers R2 Storage Write","scopes":["com.cloudflare.api.account"]}`
	for want, groups := range map[string]string{
		"is R2 enabled":                  `{"id":"aa","name":"Workers R2 Storage Write Beta","scopes":["com.cloudflare.api.account"]}`,
		"for com.cloudflare.api.account": `{"id":"aa","name":"Workers R2 Storage Write","scopes":["com.cloudflare.api.account.zone"]}`,
		"2 permission groups":            there + "," + there,
		"has no ID":                      `{"name":"Workers R2 Storage Write","scopes":["com.cloudflare.api.account"]}`,
	} {
		answer(groups)
		_, err := c.CreateToken(t.Context(), opts)
		require.ErrorContains(t, err, want)
	}
	answer(strings.Replace(there, "aa", "00112233445566778899aabbccddeeff", 1))
	p, err := c.PlanToken(t.Context(), opts)
	require.NoError(t, err)
	assert.Equal(t, "00112233445566778899aabbccddeeff", p.Policies[0].Groups[0].ID)
	_, err = c.ApplyToken(t.Context(), p) // which the platform does not know
	require.ErrorContains(t, err, "not found")
	answer(there)
	for _, err := range list {
		require.NoError(t, err)
		break // leaving early is fine
	}
}

// A bucket is named with its jurisdiction, and one of another jurisdiction is not there.
func TestTokenOfAJurisdiction(t *testing.T) {
	t.Parallel()
	c, api, srv := open(t, r2test.Options{Jurisdiction: r2.JurisdictionEU})
	tok, err := c.CreateToken(t.Context(), &r2admin.TokenOptions{Name: "eu", Access: r2admin.AccessObjectWrite, Buckets: []string{"images"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"com.cloudflare.edge.r2.bucket." + account + "_eu_images"}, tok.Policies[0].Resources)
	assert.Equal(t, "put get list delete", try(t, srv, "images", "a.png", tok.Credentials()))
	cfg := config(api, r2test.Options{})
	other, err := r2admin.New(cfg)
	require.NoError(t, err)
	_, err = other.CreateToken(t.Context(), &r2admin.TokenOptions{Name: "none", Access: r2admin.AccessObjectWrite, Buckets: []string{"images"}})
	require.ErrorContains(t, err, "no such bucket")
}

// Trap 28: a service of cloudflare-go made without a base URL: ours always passes one, and the environment is never read. So it is
// for tokens of both owners and for temporary credentials.
func TestTokensDoNotReadTheEnvironment(t *testing.T) {
	t.Setenv("CLOUDFLARE_BASE_URL", "http://127.0.0.1:1")
	t.Setenv("CLOUDFLARE_API_TOKEN", "of-the-environment")
	t.Setenv("CLOUDFLARE_API_KEY", "of-the-environment")
	t.Setenv("CLOUDFLARE_EMAIL", "someone@example.com")
	var seen []string
	hc := &http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		seen = append(seen, req.URL.String()+" "+req.Header.Get("Authorization")+req.Header.Get("X-Auth-Key"))
		return nil, errors.New("no network here")
	})}
	c, err := r2admin.New(r2admin.Config{AccountID: account, APIToken: "mine", HTTPClient: hc, MaxRetries: new(0)})
	require.NoError(t, err)
	id := strings.Repeat("a", 32)
	_, err = c.TempCredentials(t.Context(), r2admin.TempOptions{Bucket: "images", ParentAccessKeyID: id, TTL: time.Hour})
	require.Error(t, err)
	require.Error(t, c.DeleteToken(t.Context(), id, &r2admin.DeleteTokenOptions{Owner: r2admin.OwnerUser}))
	_, err = c.VerifyToken(t.Context(), &r2admin.VerifyTokenOptions{Value: "another", Owner: r2admin.OwnerAccount})
	require.Error(t, err)
	assert.Equal(t, []string{
		r2admin.ProductionURL + "/accounts/" + account + "/r2/temp-access-credentials Bearer mine",
		r2admin.ProductionURL + "/user/tokens/" + id + " Bearer mine",
		r2admin.ProductionURL + "/accounts/" + account + "/tokens/verify Bearer another",
	}, seen)
}
