package cdn_test

import (
	"encoding/json"
	"errors"
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

// ready is a world whose origin answers on port 80.
func ready(t *testing.T, opts cdntest.Options, edit ...func(*cdn.Config)) *world {
	t.Helper()
	w := newWorld(t, opts, edit...)
	w.named(origin)
	w.serve(80, nil, ok)
	return w
}

func TestEnsureMakesWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cdntest.Options{})
	w.named(origin)
	w.serve(443, showing(good(alias)), ok)
	d := distribution(alias)
	d.Comment, d.Tags, d.PriceClass, d.DefaultRoot = "the shop", map[string]string{"team": "web"}, "PriceClass_100", "index.html"
	d.Origin.Path, d.Origin.Headers, d.Origin.ReadTimeout = "/app", cdn.Headers{"X-Origin-Secret": "s3cr3t-value"}, 60*time.Second
	r, err := w.c.Ensure(t.Context(), d)
	require.NoError(t, err)
	assert.True(t, r.Created)
	assert.Equal(t, "shop", r.For)
	assert.Equal(t, "InProgress", r.Status)

	cfg := w.Read(r.ID)
	assert.Equal(t, "[awsops:cdn shop] the shop", *cfg.Comment)
	assert.LessOrEqual(t, len(*cfg.CallerReference), 64)
	assert.Equal(t, types.HttpVersionHttp2and3, cfg.HttpVersion)
	assert.Equal(t, types.PriceClassPriceClass100, cfg.PriceClass)
	assert.True(t, *cfg.IsIPV6Enabled)
	assert.False(t, *cfg.Logging.Enabled)
	assert.Equal(t, "index.html", *cfg.DefaultRootObject)
	assert.Equal(t, []string{alias}, cfg.Aliases.Items)
	assert.Equal(t, acmARN, *cfg.ViewerCertificate.ACMCertificateArn)
	assert.Equal(t, types.SSLSupportMethodSniOnly, cfg.ViewerCertificate.SSLSupportMethod)
	assert.Equal(t, types.MinimumProtocolVersionTLSv122021, cfg.ViewerCertificate.MinimumProtocolVersion)
	o := cfg.Origins.Items[0]
	assert.Equal(t, "/app", *o.OriginPath)
	assert.Equal(t, types.OriginProtocolPolicyHttpsOnly, o.CustomOriginConfig.OriginProtocolPolicy)
	assert.Equal(t, []types.SslProtocol{types.SslProtocolTLSv12}, o.CustomOriginConfig.OriginSslProtocols.Items, "TLS 1.2 alone")
	assert.Equal(t, int32(60), *o.CustomOriginConfig.OriginReadTimeout)
	assert.Equal(t, "216adef6-5c7f-47e4-b989-5492eafa07d3", *cfg.DefaultCacheBehavior.OriginRequestPolicyId, "AllViewer")
	assert.Equal(t, "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", *cfg.DefaultCacheBehavior.CachePolicyId, "CachingDisabled")
	assert.Len(t, cfg.DefaultCacheBehavior.AllowedMethods.Items, 7)
	assert.Contains(t, strings.Join(r.Notes, "\n"), "an A and an AAAA alias record", "IPv6 needs its own alias record")

	var events []awsops.Event
	require.NoError(t, w.c.Wait(t.Context(), r.ID, &cdn.WaitOptions{Interval: 30 * time.Second, Progress: func(e awsops.Event) { events = append(events, e) }}))
	assert.Greater(t, len(events), 5)
	assert.Equal(t, "Deployed", events[len(events)-1].Phase)

	again, err := w.c.Ensure(t.Context(), d)
	require.NoError(t, err)
	assert.Equal(t, r.ID, again.ID)
	assert.False(t, again.Created)
	assert.Empty(t, again.Differs)
	assert.Empty(t, again.Changed)
	assert.Equal(t, 1, w.Count())
	assert.Equal(t, 1, w.Calls("CreateDistributionWithTags"))
	assert.Zero(t, w.Calls("UpdateDistribution"))

	for _, text := range []string{fmt.Sprintf("%v %+v %#v", d, d, d), fmt.Sprint(r.Probe), jsonOf(t, d), jsonOf(t, r)} {
		assert.NotContains(t, text, "s3cr3t-value", "headers are secrets")
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return string(data)
}

// Trap 15: CallerReference is not listable: a second Ensure finds the distribution through Comment and tags, and where
// somebody has changed the comment, by asking each one.
func TestASecondEnsureFindsTheDistribution(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts cdntest.Options
		edit func(*types.DistributionConfig)
	}{
		"in the list":                          {},
		"on the last page of the list":         {opts: cdntest.Options{PageSize: 2}},
		"not in the list yet":                  {opts: cdntest.Options{ListLag: 3}},
		"not for long, and no word of its ID":  {opts: cdntest.Options{ListLag: 10, HideID: true}},
		"its comment was changed":              {edit: func(c *types.DistributionConfig) { c.Comment = new("mine") }},
		"its comment was changed, and no word": {opts: cdntest.Options{HideID: true}, edit: func(c *types.DistributionConfig) { c.Comment = new("mine") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := ready(t, tt.opts)
			for i := range 5 {
				cfg := byHand(fmt.Sprintf("o%d.example.net", i), cdn.HTTPOnly, false)
				cfg.CallerReference = new(fmt.Sprint("by hand ", i))
				if i == 3 {
					cfg.Comment = new("[awsops:cdn shop] a copy for staging, with another reference")
				}
				w.Add(cfg)
			}
			r, err := w.c.Ensure(t.Context(), distribution())
			require.NoError(t, err)
			if tt.edit != nil {
				w.Edit(r.ID, tt.edit)
			}
			again, err := w.c.Ensure(t.Context(), distribution())
			require.NoError(t, err)
			assert.Equal(t, r.ID, again.ID)
			assert.False(t, again.Created)
			assert.Equal(t, 6, w.Count())
			if tt.edit != nil {
				assert.Equal(t, "comment", again.Differs[0].Setting)
			}
		})
	}
}

// CloudFront remembers the reference of what was deleted.
func TestTheIDOfADeletedDistributionIsUsedUp(t *testing.T) {
	t.Parallel()
	for _, hide := range []bool{false, true} {
		w := ready(t, cdntest.Options{HideID: hide})
		r, err := w.c.Ensure(t.Context(), distribution())
		require.NoError(t, err)
		require.NoError(t, w.c.Delete(t.Context(), r.ID, nil))
		_, err = w.c.Ensure(t.Context(), distribution())
		require.ErrorIs(t, err, awsops.ErrConflict)
		require.ErrorContains(t, err, "choose another ID")
		assert.Zero(t, w.Count())
	}
}

func TestEnsureAndWhatDiffers(t *testing.T) {
	t.Parallel()
	w := ready(t, cdntest.Options{})
	r, err := w.c.Ensure(t.Context(), distribution())
	require.NoError(t, err)
	d := distribution(alias)
	d.PriceClass, d.NoIPv6, d.Viewers, d.CachePolicy, d.HTTPVersion, d.DefaultRoot, d.Disabled, d.Methods = "PriceClass_200", true, cdn.AllowAll, "CachingOptimized", "http2", "x.html", true, []string{"GET", "HEAD"}
	d.Origin.KeepAlive, d.Origin.Path, d.Origin.Headers = 60*time.Second, "/x", cdn.Headers{"X-Key": "hush-hush"}
	d.Comment = "other"

	// Without Update they are told.
	got, err := w.c.Ensure(t.Context(), d)
	require.NoError(t, err)
	assert.Empty(t, got.Changed)
	var names []string
	for _, c := range got.Differs {
		names = append(names, c.Setting)
		assert.NotContains(t, c.String(), "hush")
	}
	assert.ElementsMatch(t, []string{
		"origin path", "origin headers", "origin connection", "viewers", "methods", "cache policy", "aliases", "certificate",
		"HTTP version", "IPv6", "price class", "default root", "comment", "enabled",
	}, names)
	assert.Zero(t, w.Calls("UpdateDistribution"))

	// The plan shows them and changes nothing.
	d.Update = true
	plan, err := w.c.Plan(t.Context(), d)
	require.NoError(t, err)
	assert.Equal(t, cdn.Update, plan.Action)
	assert.Contains(t, plan.String(), `price class: "PriceClass_All" → "PriceClass_200"`)
	assert.Contains(t, plan.String(), `cache policy: "CachingDisabled (4135ea2d-6df8-44a3-9df3-4b5a84be39ad)"`)
	assert.NotContains(t, plan.String()+jsonOf(t, plan), "hush")
	assert.Zero(t, w.Calls("UpdateDistribution"))

	// With it they are changed, in one call; then nothing differs.
	got, err = plan.Ensure(t.Context())
	require.NoError(t, err)
	assert.Len(t, got.Changed, len(names)+1, "Host is forwarded now, since there is an alias")
	assert.Empty(t, got.Differs)
	assert.Equal(t, 1, w.Calls("UpdateDistribution"))
	got, err = w.c.Ensure(t.Context(), d)
	require.NoError(t, err)
	assert.Empty(t, got.Changed)
	assert.Equal(t, r.ID, got.ID)
	assert.Equal(t, "hush-hush", *w.Read(r.ID).Origins.Items[0].CustomHeaders.Items[0].HeaderValue)
}

// Trap 16: ETag races: re-read and re-apply, the other writer's change survives. So does what this package knows nothing of.
func TestEnsureAmongOtherWriters(t *testing.T) {
	t.Parallel()
	w := ready(t, cdntest.Options{})
	r, err := w.c.Ensure(t.Context(), distribution())
	require.NoError(t, err)
	w.Edit(r.ID, func(c *types.DistributionConfig) {
		c.CustomErrorResponses = &types.CustomErrorResponses{Quantity: new(int32(1)), Items: []types.CustomErrorResponse{{ErrorCode: new(int32(404)), ErrorCachingMinTTL: new(int64(1))}}}
		c.DefaultCacheBehavior.ResponseHeadersPolicyId = new("67f7725c-6f97-4210-82d7-5512b31e9d03")
	})
	races := 0
	w.Observe(raceBefore("UpdateDistribution", 3, &races, func() {
		w.Edit(r.ID, func(c *types.DistributionConfig) { c.WebACLId = new(fmt.Sprint("acl ", races)) })
	}))
	d := distribution()
	d.Update, d.PriceClass = true, "PriceClass_100"
	got, err := w.c.Ensure(t.Context(), d)
	require.NoError(t, err)
	assert.Equal(t, 4, w.Calls("UpdateDistribution"))
	cfg := w.Read(r.ID)
	assert.Equal(t, types.PriceClassPriceClass100, cfg.PriceClass)
	assert.Equal(t, "acl 3", *cfg.WebACLId)
	assert.Len(t, cfg.CustomErrorResponses.Items, 1)
	assert.NotNil(t, cfg.DefaultCacheBehavior.ResponseHeadersPolicyId)
	assert.Len(t, got.Changed, 1)

	// Against a writer that never rests it gives up.
	w.Observe(raceBefore("UpdateDistribution", 1000, &races, func() { w.Edit(r.ID, func(*types.DistributionConfig) {}) }))
	d.PriceClass = "PriceClass_200"
	_, err = w.c.Ensure(t.Context(), d)
	require.ErrorIs(t, err, awsops.ErrConflict)
	require.ErrorContains(t, err, "another writer was faster")
}

// Trap 17: an ACM certificate outside us-east-1 is refused before the call. Trap 24: aws-cn ARNs; no ACM on its CloudFront.
func TestCertificatesAreCheckedBeforeTheCall(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		region string
		cert   cdn.Certificate
		want   string
	}{
		"another Region":       {cert: cdn.Certificate{ACM: strings.Replace(acmARN, "us-east-1", "eu-central-1", 1)}, want: "the certificate is in eu-central-1: CloudFront takes those of us-east-1 only"},
		"another partition":    {cert: cdn.Certificate{ACM: strings.Replace(acmARN, "arn:aws:", "arn:aws-cn:", 1)}, want: "of the partition aws-cn, and this is aws"},
		"no certificate":       {want: "aliases need one"},
		"no ARN":               {cert: cdn.Certificate{ACM: "11111111-2222"}, want: "no ARN of a certificate"},
		"of IAM by ARN":        {cert: cdn.Certificate{ACM: "arn:aws:iam::123456789012:server-certificate/x"}, want: "no ARN of a certificate of ACM"},
		"two":                  {cert: cdn.Certificate{ACM: acmARN, IAM: "ASCA"}, want: "not both"},
		"SSL":                  {cert: cdn.Certificate{ACM: acmARN, MinimumProtocol: "SSLv3"}, want: "none that goes with sni-only"},
		"ACM in China":         {region: "cn-north-1", cert: cdn.Certificate{ACM: strings.Replace(acmARN, "arn:aws:acm:us-east-1", "arn:aws-cn:acm:cn-north-1", 1)}, want: "no certificates of ACM"},
		"ACM of the world, cn": {region: "cn-northwest-1", cert: cdn.Certificate{ACM: acmARN}, want: "no certificates of ACM"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, cdntest.Options{Region: tt.region})
			d := distribution(alias)
			d.Certificate = tt.cert
			_, err := w.c.Ensure(t.Context(), d)
			require.ErrorIs(t, err, awsops.ErrInvalid)
			require.ErrorContains(t, err, tt.want)
			assert.Zero(t, w.Calls(""), "nothing was sent")
		})
	}
}

func TestTheNamesOfTheCertificate(t *testing.T) {
	t.Parallel()
	w := ready(t, cdntest.Options{})
	d := distribution("shop.example.com") // *.shop.example.com is not enough
	_, err := w.c.Ensure(t.Context(), d)
	require.ErrorIs(t, err, awsops.ErrInvalid)
	require.ErrorContains(t, err, "not for shop.example.com")
	assert.Zero(t, w.Calls("CreateDistributionWithTags"))

	d = distribution("*.shop.example.com", "WWW.Example.com.")
	r, err := w.c.Ensure(t.Context(), d)
	require.NoError(t, err)
	assert.Equal(t, []string{"*.shop.example.com", alias}, r.Aliases)

	d = distribution(alias)
	d.ID, d.Certificate.ACM = "gone", strings.Replace(acmARN, "1111", "9999", 1)
	_, err = w.c.Plan(t.Context(), d)
	require.ErrorContains(t, err, "the names of the certificate are not known")

	// Without anybody who knows, CloudFront itself refuses.
	w = ready(t, cdntest.Options{}, func(c *cdn.Config) { c.Certificates = nil })
	_, err = w.c.Ensure(t.Context(), distribution("elsewhere.example.com"))
	require.ErrorIs(t, err, awsops.ErrInvalid)
	e, ok := errors.AsType[*cdn.Error](err)
	require.True(t, ok)
	assert.Equal(t, "InvalidViewerCertificate", e.Code)
	assert.NotEmpty(t, e.Hint())
}

// In China: a certificate of IAM, an alias, a recordal.
func TestEnsureInChina(t *testing.T) {
	t.Parallel()
	w := ready(t, cdntest.Options{Region: "cn-north-1"})
	w.AddCertificate("ASCACHINA", alias)
	_, err := w.c.Ensure(t.Context(), distribution())
	require.ErrorContains(t, err, "in China the domain of CloudFront itself cannot be used")
	d := distribution(alias)
	d.Certificate = cdn.Certificate{IAM: "ASCACHINA"}
	r, err := w.c.Ensure(t.Context(), d)
	require.NoError(t, err)
	assert.Contains(t, r.ARN, "arn:aws-cn:cloudfront")
	assert.Contains(t, strings.Join(r.Notes, "\n"), "ICP recordal")
	require.NoError(t, w.c.Wait(t.Context(), r.ID, nil))
	w.Internet.SetCNAME(alias, r.Domain)
	got, err := w.c.Diagnose(t.Context(), r.ID, &cdn.DiagnoseOptions{Origin: &cdn.ProbeOptions{Timeout: patience}})
	require.NoError(t, err)
	assert.Equal(t, cdn.Recordal, got.Causes[0].Code, got)
	w.SetRecordal(alias, "APPROVED")
	info, err := w.c.Get(t.Context(), r.ID)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{alias: "APPROVED"}, info.Recordals)
}
