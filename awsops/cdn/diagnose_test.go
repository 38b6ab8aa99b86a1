package cdn_test

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/cdn"
	"github.com/kitroll/kitroll/awsops/cdntest"
)

// Every kind of origin, configured by somebody who did not look: what a viewer sees through a real edge, and the cause.
func TestDiagnoseExplains(t *testing.T) {
	t.Parallel()
	table := &rows{}
	table.print(t, "origin | configured | a viewer sees | diagnosis")
	for name, s := range scenarios(t) {
		if s.by == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, cdntest.Options{})
			s.setup(w)
			id := w.Add(byHand(cmp.Or(s.host, origin), s.by, s.sends, s.aliases...))
			d, err := w.c.Get(t.Context(), id)
			require.NoError(t, err)
			for _, a := range s.aliases {
				w.Internet.SetCNAME(a, d.Domain)
			}
			got, err := w.c.Diagnose(t.Context(), id, &cdn.DiagnoseOptions{Timeout: 20 * patience, Origin: &cdn.ProbeOptions{Timeout: patience}})
			require.NoError(t, err)
			require.NotEmpty(t, got.Views)
			v := got.Views[0]
			assert.Equal(t, s.status, v.Status, got)
			assert.True(t, v.CDN, got)
			cause, fix := cdn.CauseCode(""), ""
			if len(got.Causes) > 0 {
				cause, fix = got.Causes[0].Code, got.Causes[0].What+" → "+got.Causes[0].Fix
			}
			if s.cause == "" {
				assert.True(t, got.Healthy(), got)
				assert.NotContains(t, got.String(), "unknown")
			} else {
				assert.False(t, got.Healthy(), got)
				assert.Equal(t, s.cause, cause, got)
				assert.Contains(t, got.Causes[0].Fix, s.fix)
			}
			by := string(s.by)
			if s.sends {
				by += ", Host forwarded"
			}
			table.add("%-46s | %-26s | %d, %s, Server: %s | %s: %s", name, by, v.Status, v.XCache, v.Server, cmp.Or(cause, "healthy"), strings.TrimSpace(fix))
		})
	}
}

// What is wrong before CloudFront gets to the origin.
func TestDiagnoseTheWayToCloudFront(t *testing.T) {
	t.Parallel()
	other := func(w *world) { // somebody's web server, which is not CloudFront
		cert, err := w.Authority().Issue(alias)
		require.NoError(w.t, err)
		l := tls.NewListener(w.Internet.Listen("192.0.2.50:443"), showing(cert))
		go func() { _ = http.Serve(l, http.HandlerFunc(ok)) }()
	}
	for name, tt := range map[string]struct {
		setup  func(w *world, id, domain string)
		opts   cdn.DiagnoseOptions
		cause  cdn.CauseCode
		what   string
		fix    string
		causes int
	}{
		"disabled": {
			setup: func(w *world, id, _ string) {
				w.Edit(id, func(c *types.DistributionConfig) { c.Enabled = new(false) })
				w.Clock.Advance(time.Hour)
			},
			cause: cdn.Disabled, what: "disabled", fix: "enable it",
		},
		"not deployed yet": {
			setup: func(w *world, id, _ string) { w.Edit(id, func(*types.DistributionConfig) {}) },
			cause: cdn.NotDeployed, what: "InProgress", fix: "wait",
		},
		"the alias has no record": {
			setup: func(w *world, _, _ string) { w.Internet.SetName(alias) },
			cause: cdn.AliasNoName, what: alias + " has no record", fix: "CNAME to d",
		},
		"the alias leads elsewhere": {
			setup: func(w *world, _, _ string) { w.Internet.SetName(alias, "192.0.2.50"); other(w) },
			cause: cdn.AliasElsewhere, what: "192.0.2.50, which is not CloudFront", fix: "turn its record to d",
		},
		"the alias leads to nothing": {
			setup: func(w *world, _, _ string) { w.Internet.SetName(alias, "192.0.2.51") },
			cause: cdn.AliasElsewhere, what: "192.0.2.51", fix: "turn its record",
		},
		"a name that is no alias": {
			setup: func(w *world, _, domain string) { w.Internet.SetCNAME("new.example.com", domain) },
			opts:  cdn.DiagnoseOptions{Names: []string{"new.example.com"}},
			cause: cdn.AliasNotAttached, what: "no alias of this distribution", fix: "add it to the aliases",
		},
		"an alias that is just being attached": {
			setup: func(w *world, id, domain string) {
				w.Internet.SetCNAME("a.shop.example.com", domain)
				w.Edit(id, func(c *types.DistributionConfig) {
					c.Aliases = &types.Aliases{Quantity: new(int32(2)), Items: []string{alias, "a.shop.example.com"}}
				})
			},
			cause: cdn.NotDeployed, what: "InProgress", fix: "wait", causes: 2,
		},
		"a firewall at CloudFront": {
			setup: func(w *world, id, _ string) {
				w.Edit(id, func(c *types.DistributionConfig) {
					c.WebACLId = new("arn:aws:wafv2:us-east-1:123456789012:global/webacl/x/y")
				})
				w.Clock.Advance(time.Hour)
				w.Block(id, true)
			},
			cause: cdn.Blocked, what: "the web ACL arn:aws:wafv2", fix: "fakeRequestID",
		},
		"a firewall that nobody knows of": {
			setup: func(w *world, id, _ string) { w.Block(id, true) },
			cause: cdn.Blocked, what: "not in this configuration", fix: "fakeRequestID",
		},
		"the origin answers everybody but CloudFront": {
			setup: func(w *world, _, _ string) { w.Internet.Drop(address+":80", true) },
			opts: cdn.DiagnoseOptions{Origin: &cdn.ProbeOptions{Timeout: patience, Network: cdn.Network{Dial: func(ctx context.Context, _, at string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "tcp", strings.Replace(at, address, "127.0.0.1", 1))
			}}}},
			cause: cdn.OriginFirewall, what: "and not CloudFront", fix: "com.amazonaws.global.cloudfront.origin-facing",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, cdntest.Options{})
			w.named(origin)
			w.serve(80, nil, ok)
			cfg := byHand(origin, cdn.HTTPOnly, true, alias)
			if tt.cause == cdn.OriginFirewall { // the server is where our own network leads
				l, err := net.Listen("tcp", "127.0.0.1:0")
				require.NoError(t, err)
				t.Cleanup(func() { _ = l.Close() })
				go func() { _ = http.Serve(l, http.HandlerFunc(ok)) }()
				_, port, err := net.SplitHostPort(l.Addr().String())
				require.NoError(t, err)
				n, err := strconv.Atoi(port)
				require.NoError(t, err)
				cfg.Origins.Items[0].CustomOriginConfig.HTTPPort = new(int32(n))
				w.Internet.Drop(address+":"+port, true)
			}
			id := w.Add(cfg)
			d, err := w.c.Get(t.Context(), id)
			require.NoError(t, err)
			w.Internet.SetCNAME(alias, d.Domain)
			tt.setup(w, id, d.Domain)
			opts := tt.opts
			opts.Timeout = 20 * patience
			if opts.Origin == nil {
				opts.Origin = &cdn.ProbeOptions{Timeout: patience}
			}
			got, err := w.c.Diagnose(t.Context(), id, &opts)
			require.NoError(t, err)
			require.NotEmpty(t, got.Causes, got)
			assert.False(t, got.Healthy())
			assert.Equal(t, tt.cause, got.Causes[0].Code, got)
			assert.Contains(t, got.Causes[0].What, tt.what)
			assert.Contains(t, got.Causes[0].Fix, tt.fix)
			if tt.causes > 0 {
				assert.Len(t, got.Causes, tt.causes, got)
			}
			var back cdn.Diagnosis
			data, err := json.Marshal(got)
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(data, &back))
			assert.Equal(t, got.Causes, back.Causes)
			t.Log(got)
		})
	}
}

// Trap 14: https-only with an EC2 name is refused; Host forwarding works only through the alias, not the default domain.
func TestHostForwardingWorksOnlyThroughTheAlias(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cdntest.Options{})
	w.named(ec2Name)
	w.serve(443, showing(good(alias)), ok)
	d := distribution(alias)
	d.Origin.Domain = ec2Name
	r, err := w.c.Ensure(t.Context(), d)
	require.NoError(t, err)
	require.NoError(t, w.c.Wait(t.Context(), r.ID, nil))
	w.Internet.SetCNAME(alias, r.Domain)
	got, err := w.c.Diagnose(t.Context(), r.ID, nil)
	require.NoError(t, err)
	require.Len(t, got.Views, 2)
	assert.Equal(t, []int{200, 502}, []int{got.Views[0].Status, got.Views[1].Status}, got)
	assert.True(t, got.Healthy(), got)
	require.Len(t, got.Causes, 1)
	assert.Equal(t, cdn.HostForwarded, got.Causes[0].Code)

	// Without the alias the same origin is refused, by the probe and without it.
	bare := cdn.Distribution{ID: "bare", Origin: cdn.Origin{Domain: ec2Name, Protocol: cdn.HTTPSOnly}}
	calls := w.Calls("CreateDistributionWithTags")
	for _, request := range []string{"", "AllViewer"} {
		for _, unprobed := range []bool{false, true} {
			bare.RequestPolicy, bare.Unprobed = request, unprobed
			_, err = w.c.Ensure(t.Context(), bare)
			require.ErrorIs(t, err, cdn.ErrOrigin, "%s %t", request, unprobed)
		}
	}
	assert.Equal(t, calls, w.Calls("CreateDistributionWithTags"), "nothing was asked for")
}

// A VPC origin cannot be looked at; what can be said is said.
func TestDiagnoseAVPCOrigin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cdntest.Options{})
	v, err := w.c.EnsureVPCOrigin(t.Context(), cdn.VPCOrigin{ID: "shop", Endpoint: endpoint, Protocol: cdn.HTTPOnly})
	require.NoError(t, err)
	require.NoError(t, w.c.WaitVPCOrigin(t.Context(), v.ID, nil))
	d := cdn.Distribution{ID: "shop", Origin: cdn.Origin{Domain: "ip-10-0-0-5.eu-central-1.compute.internal", VPC: v.ID}}
	r, err := w.c.Ensure(t.Context(), d)
	require.NoError(t, err)
	require.NoError(t, w.c.Wait(t.Context(), r.ID, nil))
	got, err := w.c.Diagnose(t.Context(), r.ID, nil)
	require.NoError(t, err)
	require.NotEmpty(t, got.Causes)
	assert.Equal(t, 502, got.Views[0].Status)
	assert.Contains(t, got.Causes[0].Fix, "security group")

	w.ConnectVPC(endpoint, "10.0.0.5")
	l := w.Internet.Listen("10.0.0.5:80")
	go func() { _ = http.Serve(l, http.HandlerFunc(ok)) }()
	got, err = w.c.Diagnose(t.Context(), r.ID, nil)
	require.NoError(t, err)
	assert.True(t, got.Healthy(), got)
	assert.Nil(t, got.Probe)

	require.ErrorIs(t, w.c.DeleteVPCOrigin(t.Context(), v.ID), awsops.ErrConflict, "it is in use")
	require.NoError(t, w.c.Delete(t.Context(), r.ID, nil))
	require.NoError(t, w.c.DeleteVPCOrigin(t.Context(), v.ID))
	require.NoError(t, w.c.DeleteVPCOrigin(t.Context(), v.ID), "it can be repeated")
	assert.Zero(t, w.VPCCount())
}

func TestDiagnoseWhatIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cdntest.Options{})
	_, err := w.c.Diagnose(t.Context(), "ENONE", nil)
	require.ErrorIs(t, err, awsops.ErrGone)
	why := errors.New("why")
	ctx, cancel := context.WithCancelCause(t.Context())
	id := w.Add(byHand(origin, cdn.HTTPOnly, false))
	w.Observe(func(e awsopstest.Event) {
		if e.When == awsopstest.After {
			cancel(why)
		}
	})
	_, err = w.c.Diagnose(ctx, id, nil)
	require.ErrorIs(t, err, why)
}
