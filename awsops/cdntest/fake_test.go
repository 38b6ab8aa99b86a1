package cdntest_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kitroll/kitroll/awsops/cdntest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, opts cdntest.Options) *cdntest.Fake {
	t.Helper()
	f, err := cdntest.New(opts)
	require.NoError(t, err)
	t.Cleanup(f.Close)
	f.AddCertificate(arn, "www.example.com", "*.shop.example.com")
	return f
}

const arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"

// minimal is the least that CloudFront takes.
func minimal(ref string) *types.DistributionConfig {
	return &types.DistributionConfig{
		CallerReference: &ref, Comment: new(""), Enabled: new(true),
		Origins: &types.Origins{Quantity: new(int32(1)), Items: []types.Origin{{
			Id: new("o"), DomainName: new("origin.example.com"),
			CustomOriginConfig: &types.CustomOriginConfig{HTTPPort: new(int32(80)), HTTPSPort: new(int32(443)), OriginProtocolPolicy: types.OriginProtocolPolicyHttpOnly},
		}}},
		DefaultCacheBehavior: &types.DefaultCacheBehavior{
			TargetOriginId: new("o"), ViewerProtocolPolicy: types.ViewerProtocolPolicyAllowAll, CachePolicyId: new("4135ea2d-6df8-44a3-9df3-4b5a84be39ad"),
		},
	}
}

func create(ctx context.Context, f *cdntest.Fake, cfg *types.DistributionConfig, tags ...types.Tag) (*cloudfront.CreateDistributionWithTagsOutput, error) {
	return f.CreateDistributionWithTags(ctx, &cloudfront.CreateDistributionWithTagsInput{
		DistributionConfigWithTags: &types.DistributionConfigWithTags{DistributionConfig: cfg, Tags: &types.Tags{Items: tags}},
	})
}

func codeOf(err error) string {
	if refusal, ok := errors.AsType[smithy.APIError](err); ok {
		return refusal.ErrorCode()
	}
	return fmt.Sprint(err)
}

// What CloudFront refuses, the fake refuses, with its code.
func TestRefusals(t *testing.T) {
	t.Parallel()
	aliased := func(c *types.DistributionConfig, names ...string) {
		c.Aliases = &types.Aliases{Quantity: new(int32(len(names))), Items: names}
		c.ViewerCertificate = &types.ViewerCertificate{ACMCertificateArn: new(arn), SSLSupportMethod: types.SSLSupportMethodSniOnly, MinimumProtocolVersion: types.MinimumProtocolVersionTLSv122021}
	}
	for name, tt := range map[string]struct {
		region string
		edit   func(f *cdntest.Fake, c *types.DistributionConfig)
		code   string
	}{
		"as it should be": {edit: func(*cdntest.Fake, *types.DistributionConfig) {}},
		"with an alias": {edit: func(_ *cdntest.Fake, c *types.DistributionConfig) {
			aliased(c, "www.example.com", "a.shop.example.com")
		}},
		"no reference":      {edit: func(_ *cdntest.Fake, c *types.DistributionConfig) { c.CallerReference = nil }, code: "InvalidArgument"},
		"no comment":        {edit: func(_ *cdntest.Fake, c *types.DistributionConfig) { c.Comment = nil }, code: "InvalidArgument"},
		"a long comment":    {edit: func(_ *cdntest.Fake, c *types.DistributionConfig) { c.Comment = new(strings.Repeat("x", 129)) }, code: "InvalidArgument"},
		"a quantity":        {edit: func(_ *cdntest.Fake, c *types.DistributionConfig) { c.Origins.Quantity = new(int32(2)) }, code: "InconsistentQuantities"},
		"another target":    {edit: func(_ *cdntest.Fake, c *types.DistributionConfig) { c.DefaultCacheBehavior.TargetOriginId = new("x") }, code: "NoSuchOrigin"},
		"an IP address":     {edit: func(_ *cdntest.Fake, c *types.DistributionConfig) { c.Origins.Items[0].DomainName = new("203.0.113.1") }, code: "InvalidArgument"},
		"no kind of origin": {edit: func(_ *cdntest.Fake, c *types.DistributionConfig) { c.Origins.Items[0].CustomOriginConfig = nil }, code: "InvalidOrigin"},
		"a port": {edit: func(_ *cdntest.Fake, c *types.DistributionConfig) {
			c.Origins.Items[0].CustomOriginConfig.HTTPPort = new(int32(81))
		}, code: "InvalidArgument"},
		"a read timeout": {edit: func(_ *cdntest.Fake, c *types.DistributionConfig) {
			c.Origins.Items[0].CustomOriginConfig.OriginReadTimeout = new(int32(121))
		}, code: "InvalidOriginReadTimeout"},
		"a keep-alive": {edit: func(_ *cdntest.Fake, c *types.DistributionConfig) {
			c.Origins.Items[0].CustomOriginConfig.OriginKeepaliveTimeout = new(int32(0))
		}, code: "InvalidOriginKeepaliveTimeout"},
		"no protocol": {edit: func(_ *cdntest.Fake, c *types.DistributionConfig) {
			c.Origins.Items[0].CustomOriginConfig.OriginProtocolPolicy = ""
		}, code: "InvalidRequiredProtocol"},
		"no cache policy":   {edit: func(_ *cdntest.Fake, c *types.DistributionConfig) { c.DefaultCacheBehavior.CachePolicyId = nil }, code: "InvalidArgument"},
		"an unknown policy": {edit: func(_ *cdntest.Fake, c *types.DistributionConfig) { c.DefaultCacheBehavior.CachePolicyId = new("x") }, code: "NoSuchCachePolicy"},
		"an unknown request": {edit: func(_ *cdntest.Fake, c *types.DistributionConfig) {
			c.DefaultCacheBehavior.OriginRequestPolicyId = new("x")
		}, code: "NoSuchOriginRequestPolicy"},
		"a root with /": {edit: func(_ *cdntest.Fake, c *types.DistributionConfig) { c.DefaultRootObject = new("/i.html") }, code: "InvalidDefaultRootObject"},
		"an alias alone": {edit: func(_ *cdntest.Fake, c *types.DistributionConfig) {
			aliased(c, "www.example.com")
			c.ViewerCertificate = nil
		}, code: "InvalidViewerCertificate"},
		"a name not in it": {edit: func(_ *cdntest.Fake, c *types.DistributionConfig) { aliased(c, "x.example.com") }, code: "InvalidViewerCertificate"},
		"two labels":       {edit: func(_ *cdntest.Fake, c *types.DistributionConfig) { aliased(c, "a.b.shop.example.com") }, code: "InvalidViewerCertificate"},
		"another Region":   {edit: func(f *cdntest.Fake, c *types.DistributionConfig) { aliased(c, "www.example.com"); elsewhere(f, c) }, code: "InvalidViewerCertificate"},
		"SSL 3": {edit: func(_ *cdntest.Fake, c *types.DistributionConfig) {
			aliased(c, "www.example.com")
			c.ViewerCertificate.MinimumProtocolVersion = "SSLv3"
		}, code: "InvalidMinimumProtocolVersion"},
		"ACM in China": {region: "cn-north-1", edit: func(_ *cdntest.Fake, c *types.DistributionConfig) { aliased(c, "www.example.com") }, code: "InvalidViewerCertificate"},
		"somebody else's alias": {edit: func(f *cdntest.Fake, c *types.DistributionConfig) {
			f.Elsewhere("www.example.com")
			aliased(c, "www.example.com")
		}, code: "CNAMEAlreadyExists"},
		"too many aliases": {edit: func(_ *cdntest.Fake, c *types.DistributionConfig) {
			aliased(c, "1.shop.example.com", "2.shop.example.com", "3.shop.example.com")
		}, code: "TooManyDistributionCNAMEs"},
		"a VPC origin": {edit: func(_ *cdntest.Fake, c *types.DistributionConfig) {
			c.Origins.Items[0].CustomOriginConfig = nil
			c.Origins.Items[0].VpcOriginConfig = &types.VpcOriginConfig{VpcOriginId: new("vo_x")}
		}, code: "EntityNotFound"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, cdntest.Options{Region: tt.region, MaxAliases: 2})
			cfg := minimal("r")
			tt.edit(f, cfg)
			_, err := create(t.Context(), f, cfg)
			if tt.code == "" {
				require.NoError(t, err)
				return
			}
			assert.Equal(t, tt.code, codeOf(err))
			assert.Zero(t, f.Count())
		})
	}
}

func elsewhere(f *cdntest.Fake, c *types.DistributionConfig) {
	other := strings.Replace(arn, "us-east-1", "eu-west-1", 1)
	f.AddCertificate(other, "www.example.com")
	c.ViewerCertificate.ACMCertificateArn = &other
}

// A change takes its time, ETags are of the day, and what was read has to be written back whole.
func TestLifecycle(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	f := open(t, cdntest.Options{MaxDistributions: 1, DeployTime: time.Minute})
	out, err := create(ctx, f, minimal("r"))
	require.NoError(t, err)
	id := out.Distribution.Id
	assert.Equal(t, "InProgress", *out.Distribution.Status)
	_, err = create(ctx, f, minimal("r"))
	assert.Equal(t, "DistributionAlreadyExists", codeOf(err))
	require.ErrorContains(t, err, *id)
	_, err = create(ctx, f, minimal("r2"))
	assert.Equal(t, "TooManyDistributions", codeOf(err))
	_, err = create(ctx, f, minimal("r3"), types.Tag{Key: new("aws:x"), Value: new("")})
	assert.Equal(t, "InvalidTagging", codeOf(err))

	got, err := f.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: id})
	require.NoError(t, err)
	update := func(cfg *types.DistributionConfig, etag *string) error {
		_, err := f.UpdateDistribution(ctx, &cloudfront.UpdateDistributionInput{Id: id, IfMatch: etag, DistributionConfig: cfg})
		return err
	}
	remove := func(etag *string) error {
		_, err := f.DeleteDistribution(ctx, &cloudfront.DeleteDistributionInput{Id: id, IfMatch: etag})
		return err
	}
	assert.Equal(t, "InvalidIfMatchVersion", codeOf(update(got.DistributionConfig, nil)))
	assert.Equal(t, "PreconditionFailed", codeOf(update(got.DistributionConfig, new("old"))))
	assert.Equal(t, "IllegalUpdate", codeOf(update(minimal("r"), got.ETag)), "an update that was not made of what is there drops things")
	other := *got.DistributionConfig
	other.CallerReference = new("x")
	assert.Equal(t, "IllegalUpdate", codeOf(update(&other, got.ETag)))
	assert.Equal(t, "DistributionNotDisabled", codeOf(remove(got.ETag)))
	got.DistributionConfig.Enabled = new(false)
	require.NoError(t, update(got.DistributionConfig, got.ETag))
	assert.Equal(t, "PreconditionFailed", codeOf(remove(got.ETag)))
	got, err = f.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: id})
	require.NoError(t, err)
	assert.Equal(t, "DistributionNotDisabled", codeOf(remove(got.ETag)), "disabled, and not deployed")
	f.Clock.Advance(time.Minute)
	require.NoError(t, remove(got.ETag))
	assert.Equal(t, "NoSuchDistribution", codeOf(remove(got.ETag)))
	_, err = create(ctx, f, minimal("r"))
	assert.Equal(t, "DistributionAlreadyExists", codeOf(err), "references are remembered")
	_, err = f.ListTagsForResource(ctx, &cloudfront.ListTagsForResourceInput{Resource: out.Distribution.ARN})
	assert.Equal(t, "NoSuchResource", codeOf(err))
}

// Lists lag: after a creation, a change and a deletion.
func TestListsLag(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	f := open(t, cdntest.Options{ListLag: 2})
	seen := func() (out []string) {
		l, err := f.ListDistributions(ctx, &cloudfront.ListDistributionsInput{})
		require.NoError(t, err)
		for _, s := range l.DistributionList.Items {
			out = append(out, *s.Comment)
		}
		return out
	}
	made, err := create(ctx, f, minimal("r"))
	require.NoError(t, err)
	assert.Equal(t, [][]string{nil, nil, {""}}, [][]string{seen(), seen(), seen()})
	f.Edit(*made.Distribution.Id, func(c *types.DistributionConfig) { c.Comment, c.Enabled = new("new"), new(false) })
	assert.Equal(t, [][]string{{""}, {""}, {"new"}}, [][]string{seen(), seen(), seen()})
	f.Clock.Advance(time.Hour)
	got, err := f.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: made.Distribution.Id})
	require.NoError(t, err)
	_, err = f.DeleteDistribution(ctx, &cloudfront.DeleteDistributionInput{Id: made.Distribution.Id, IfMatch: got.ETag})
	require.NoError(t, err)
	assert.Equal(t, [][]string{{"new"}, {"new"}, nil}, [][]string{seen(), seen(), seen()})
}

// The edge serves what is deployed, and no sooner.
func TestEdge(t *testing.T) {
	t.Parallel()
	f := open(t, cdntest.Options{})
	f.Internet.SetName("origin.example.com", "203.0.113.10")
	l := f.Internet.Listen("203.0.113.10:80")
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Server", "nginx")
			_, _ = fmt.Fprintf(w, "%s %s", r.Host, r.URL.RequestURI())
		}))
	}()
	out, err := create(t.Context(), f, minimal("r"))
	require.NoError(t, err)
	domain := *out.Distribution.DomainName
	_, err = f.Internet.Lookup(t.Context(), domain)
	_, ok := errors.AsType[*net.DNSError](err)
	require.True(t, ok, "its name is not known yet")
	f.Clock.Advance(time.Hour)
	addrs, err := f.Internet.Lookup(t.Context(), domain)
	require.NoError(t, err)
	assert.Equal(t, cdntest.EdgeAddress, addrs[0].String())

	ask := func(host string) (int, http.Header, string) {
		c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return f.Internet.Dial(ctx, network, cdntest.EdgeAddress+":80")
		}}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+"/a?b=c", http.NoBody)
		require.NoError(t, err)
		resp, err := c.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		body := make([]byte, 1000)
		n, _ := resp.Body.Read(body)
		return resp.StatusCode, resp.Header, string(body[:n])
	}
	status, h, body := ask(domain)
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "origin.example.com /a?b=c", body, "the Host is the origin's own name")
	assert.Equal(t, []string{"Miss from cloudfront", "nginx"}, []string{h.Get("X-Cache"), h.Get("Server")})
	assert.Contains(t, h.Get("Via"), "(CloudFront)")
	status, h, body = ask("nobody.example.com")
	assert.Equal(t, http.StatusForbidden, status)
	assert.Equal(t, []string{"Error from cloudfront", "CloudFront"}, []string{h.Get("X-Cache"), h.Get("Server")})
	assert.Contains(t, body, "Generated by cloudfront")

	f.Edit(*out.Distribution.Id, func(c *types.DistributionConfig) { c.Origins.Items[0].OriginPath = new("/new") })
	_, _, body = ask(domain)
	assert.Equal(t, "origin.example.com /a?b=c", body, "InProgress: the old one is served")
	f.Clock.Advance(time.Hour)
	_, _, body = ask(domain)
	assert.Equal(t, "origin.example.com /new/a?b=c", body)
	require.NoError(t, l.Close())
	status, h, _ = ask(domain)
	assert.Equal(t, http.StatusBadGateway, status)
	assert.Equal(t, "CloudFront", h.Get("Server"))
}

// After Close nobody is left.
func TestClose(t *testing.T) {
	t.Parallel()
	f, err := cdntest.New(cdntest.Options{})
	require.NoError(t, err)
	f.Close()
	f.Close()
	_, err = f.Internet.Dial(t.Context(), "tcp", cdntest.EdgeAddress+":443")
	require.Error(t, err)
	f.Internet.Drop("192.0.2.1:1", true)
	_, err = f.Internet.Dial(t.Context(), "tcp", "192.0.2.1:1")
	require.Error(t, err)
}
