package cdn_test

import (
	"cmp"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/cdn"
	"github.com/kitroll/kitroll/awsops/cdntest"
)

// Everything that is wrong with a distribution is told at once, before anything is sent.
func TestADistributionIsCheckedFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cdntest.Options{})
	long := strings.Repeat("x", 130)
	_, err := w.c.Plan(t.Context(), cdn.Distribution{
		ID: "X_", Aliases: []string{"1.2.3.4", "d1.cloudfront.net", "nodot"}, Viewers: "some", HTTPVersion: "http9", PriceClass: "None", Methods: []string{"GET"},
		DefaultRoot: "/index.html", Comment: long, Tags: map[string]string{"aws:x": "y"}, Unprobed: true,
		Origin: cdn.Origin{
			Domain: "203.0.113.7", HTTPPort: 81, HTTPSPort: 700, Path: "app/", Addresses: "ipv5", ReadTimeout: 1500 * time.Millisecond, KeepAlive: 3 * time.Minute,
			Headers: cdn.Headers{"Host": "x", "a b": "hush-hush"},
		},
	})
	require.ErrorIs(t, err, awsops.ErrInvalid)
	for _, want := range []string{
		"ID:", "Origin.Domain: \"203.0.113.7\" is an IP address", "Origin.HTTPPort: 81", "Origin.HTTPSPort: 700", "Origin.Path", "Origin.Addresses", "Origin.ReadTimeout: 1.5s",
		"Origin.KeepAlive: 3m0s", `Origin.Headers: "Host"`, `Origin.Headers: "a b"`, `Aliases: "1.2.3.4"`, `"d1.cloudfront.net" is CloudFront's own`, `"nodot"`, "Certificate: aliases need one",
		"Origin.Protocol: needed with Unprobed", "Viewers:", "HTTPVersion:", "PriceClass:", "Methods:", "DefaultRoot:", "Comment:", `Tags: "aws:x"`,
	} {
		assert.ErrorContains(t, err, want)
	}
	assert.NotContains(t, err.Error(), "hush")
	assert.Zero(t, w.Calls(""))

	d := distribution()
	d.Certificate.ACM = acmARN
	_, err = w.c.Plan(t.Context(), d)
	require.ErrorContains(t, err, "has no use without Aliases")
	d = distribution(origin)
	_, err = w.c.Plan(t.Context(), d)
	require.ErrorContains(t, err, "CloudFront would ask itself")
	d = distribution()
	d.Origin.VPC, d.Origin.Protocol = "vo_1", cdn.HTTPOnly
	_, err = w.c.Plan(t.Context(), d)
	require.ErrorContains(t, err, "that of a VPC origin is its own")
}

// Ensure carries out what the probe decided, and refuses what is doomed; a plan costs nothing.
func TestPlanFollowsTheProbe(t *testing.T) {
	t.Parallel()
	for name, s := range scenarios(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, cdntest.Options{}, func(c *cdn.Config) {
				c.Network.Dial = impatient(c.Network.Dial)
			})
			s.setup(w)
			d := distribution(s.aliases...)
			d.Origin.Domain = cmp.Or(s.host, origin)
			plan, err := w.c.Plan(t.Context(), d)
			require.NoError(t, err)
			require.NotNil(t, plan.Probe)
			assert.Zero(t, w.Calls("CreateDistributionWithTags")+w.Calls("UpdateDistribution"))
			_, err = plan.Ensure(t.Context())
			if s.protocol == "" {
				assert.Equal(t, cdn.Refuse, plan.Action)
				assert.Contains(t, plan.String(), "refused: ")
				require.ErrorIs(t, err, cdn.ErrOrigin)
				assert.Zero(t, w.Count(), "nothing was made")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, cdn.Create, plan.Action)
			assert.Equal(t, s.protocol, plan.Protocol)
			assert.Equal(t, s.forward, plan.ForwardHost)
			assert.Equal(t, 1, w.Count())
		})
	}
}

// A protocol or policies that were chosen by hand are held to the same probe.
func TestDoomedChoicesAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		cert   []string // names at port 443; none = closed
		edit   func(d *cdn.Distribution)
		refuse string
		by     cdn.Protocol
		host   bool
	}{
		"https-only, closed":             {edit: func(d *cdn.Distribution) { d.Origin.Protocol = cdn.HTTPSOnly }, refuse: "port 443: refused"},
		"https-only, wrong name":         {cert: []string{"x.example.net"}, edit: func(d *cdn.Distribution) { d.Origin.Protocol = cdn.HTTPSOnly }, refuse: "the certificate is for x.example.net"},
		"match-viewer needs both":        {edit: func(d *cdn.Distribution) { d.Origin.Protocol = cdn.MatchViewer }, refuse: "port 443"},
		"match-viewer, both work":        {cert: []string{alias}, edit: func(d *cdn.Distribution) { d.Origin.Protocol = cdn.MatchViewer }, by: cdn.MatchViewer, host: true},
		"http-only although https works": {cert: []string{alias}, edit: func(d *cdn.Distribution) { d.Origin.Protocol = cdn.HTTPOnly }, by: cdn.HTTPOnly, host: true},
		"Host withheld, cert for the alias": {cert: []string{alias}, edit: func(d *cdn.Distribution) {
			d.Origin.Protocol = cdn.HTTPSOnly
			d.RequestPolicy = "AllViewerExceptHostHeader"
		}, refuse: "not for origin.example.com"},
		"Host withheld, falls back to http":  {cert: []string{alias}, edit: func(d *cdn.Distribution) { d.RequestPolicy = "AllViewerExceptHostHeader" }, by: cdn.HTTPOnly},
		"Host withheld, cert for the origin": {cert: []string{origin}, edit: func(d *cdn.Distribution) { d.RequestPolicy = "b689b0a8-53d0-40ab-baf2-68738e2966ac" }, by: cdn.HTTPSOnly},
		"the cache policy forwards Host": {cert: []string{"only.example.net"}, edit: func(d *cdn.Distribution) {
			d.Origin.Protocol = cdn.HTTPSOnly
			d.CachePolicy = "UseOriginCacheControlHeaders"
		}, refuse: "https-only + AllViewer:"},
		"the cache policy forwards Host, ok": {cert: []string{alias}, edit: func(d *cdn.Distribution) { d.CachePolicy = "UseOriginCacheControlHeaders-QueryStrings" }, by: cdn.HTTPSOnly, host: true},
		"the cache policy forwards Host, and there is no alias": {cert: []string{origin}, edit: func(d *cdn.Distribution) {
			d.Aliases, d.Certificate, d.Origin.Protocol, d.CachePolicy = nil, cdn.Certificate{}, cdn.HTTPSOnly, "UseOriginCacheControlHeaders"
		}, refuse: "an alias is needed"},
		"one's own cache policy has Host":     {cert: []string{alias}, edit: func(d *cdn.Distribution) { d.CachePolicy = "with-host" }, by: cdn.HTTPSOnly, host: true},
		"one's own request policy withholds":  {cert: []string{alias}, edit: func(d *cdn.Distribution) { d.RequestPolicy = "no-host" }, by: cdn.HTTPOnly},
		"one's own request policy has Host":   {cert: []string{alias}, edit: func(d *cdn.Distribution) { d.RequestPolicy = "only-host" }, by: cdn.HTTPSOnly, host: true},
		"the other name for a managed policy": {cert: []string{alias}, edit: func(d *cdn.Distribution) { d.CachePolicy = "Managed-CachingOptimized" }, by: cdn.HTTPSOnly, host: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := ready(t, cdntest.Options{PageSize: 2})
			if tt.cert != nil {
				w.serve(443, showing(good(tt.cert...)), ok)
			}
			w.AddCachePolicy("plain")
			w.AddCachePolicy("with-host", "Host")
			w.AddRequestPolicy("none", types.OriginRequestPolicyHeaderBehaviorNone)
			w.AddRequestPolicy("no-host", types.OriginRequestPolicyHeaderBehaviorAllExcept, "host")
			w.AddRequestPolicy("only-host", types.OriginRequestPolicyHeaderBehaviorWhitelist, "Host")
			d := distribution(alias)
			tt.edit(&d)
			plan, err := w.c.Plan(t.Context(), d)
			require.NoError(t, err)
			if tt.refuse != "" {
				require.Equal(t, cdn.Refuse, plan.Action, plan)
				assert.Contains(t, strings.Join(plan.Refused, "\n"), tt.refuse)
				return
			}
			require.Equal(t, cdn.Create, plan.Action, plan)
			assert.Equal(t, tt.by, plan.Protocol)
			assert.Equal(t, tt.host, plan.ForwardHost)
			r, err := plan.Ensure(t.Context())
			require.NoError(t, err)
			require.NoError(t, w.c.Wait(t.Context(), r.ID, nil))
			w.Internet.SetCNAME(alias, r.Domain)
			got, err := w.c.Diagnose(t.Context(), r.ID, nil)
			require.NoError(t, err)
			assert.True(t, got.Healthy(), "what the plan accepts is served: %s", got)
		})
	}
	w := ready(t, cdntest.Options{})
	d := distribution()
	d.CachePolicy = "nowhere"
	_, err := w.c.Plan(t.Context(), d)
	require.ErrorIs(t, err, awsops.ErrGone)
	d = distribution()
	d.RequestPolicy = "nowhere"
	_, err = w.c.Plan(t.Context(), d)
	require.ErrorIs(t, err, awsops.ErrGone)
}

// An origin that is down for a moment is no reason to fail when nothing is to be changed.
func TestEnsureOfWhatIsThereNeedsNoOrigin(t *testing.T) {
	t.Parallel()
	w := ready(t, cdntest.Options{})
	r, err := w.c.Ensure(t.Context(), distribution())
	require.NoError(t, err)
	w.named(origin, "203.0.113.99")
	again, err := w.c.Ensure(t.Context(), distribution())
	require.NoError(t, err)
	assert.Equal(t, r.ID, again.ID)
	assert.Empty(t, again.Differs)
	assert.Nil(t, again.Probe)
	d := distribution()
	d.Update = true
	_, err = w.c.Ensure(t.Context(), d)
	require.ErrorIs(t, err, cdn.ErrOrigin)
}

func TestPlanPrints(t *testing.T) {
	t.Parallel()
	w := ready(t, cdntest.Options{})
	plan, err := w.c.Plan(t.Context(), distribution(alias))
	require.NoError(t, err)
	assert.Equal(t, `create: distribution shop
  www.example.com → origin.example.com by http-only, the viewer's Host is forwarded
  cache policy CachingDisabled, viewers redirect-to-https, http2and3, PriceClass_All
  note: not https-only + AllViewer: port 443: refused: nothing listens there
  note: not https-only + AllViewerExceptHostHeader: port 443: refused: nothing listens there
  note: www.example.com needs an A and an AAAA alias record (or a CNAME) that lead to CloudFront
`, plan.String())
	assert.Contains(t, jsonOf(t, plan), `"action":"create"`)
	for i := range 3 {
		w.Elsewhere(fmt.Sprintf("%d.shop.example.com", i))
	}
	_, err = w.c.Ensure(t.Context(), distribution("1.shop.example.com"))
	require.ErrorIs(t, err, awsops.ErrConflict)
	require.ErrorContains(t, err, "detach it there first")
}
