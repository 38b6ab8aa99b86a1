package vultr_test

import (
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/vultr"
	"github.com/kitroll/kitroll/vultr/vultrtest"
)

// Trap 35: gateway: array and object shapes, singular and plural list key, the "vpc" key of add-export.
func TestGatewayInEveryShape(t *testing.T) {
	t.Parallel()
	for name, fake := range map[string]vultrtest.Options{
		"array, singular":  {},
		"object, singular": {ExportObject: true},
		"array, plural":    {PluralGatewayKey: true},
		"object, plural":   {ExportObject: true, PluralGatewayKey: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake.ActiveAfter = 20 * time.Second
			bubble(t, fake, func(w world) {
				t, srv, c := w.t, w.srv, w.c
				ctx, gateways := t.Context(), c.Gateway()
				f := made(c.VFS().Create(ctx, tree(), nil))(t)
				g := made(gateways.Ensure(ctx, nfs(f.ID), nil))(t)
				require.Len(t, g.Exports, 1)
				assert.Equal(t, g.ID, made(gateways.Ensure(ctx, nfs(f.ID), nil))(t).ID)
				assert.Equal(t, 1, srv.Bought(vultr.KindGateway))
				assert.False(t, g.VPCAddress.IsValid())
				var healths []string
				g = made(gateways.Wait(ctx, g.ID, &vultr.WaitOptions{Progress: func(p vultr.Progress) { healths = append(healths, p.Health) }}))(t)
				assert.Equal(t, netip.MustParseAddr("10.1.96.4"), g.VPCAddress)
				assert.Equal(t, "pending", healths[0])
				assert.Equal(t, "healthy", g.Health)
				assert.Equal(t, "vpc-1", g.VPC)
				assert.False(t, g.Public())
				want := vultr.Export{ID: "1001", Label: "all", FileSystem: f.ID, Path: "/data", AllowedIPs: []string{"10.1.0.0/16"}}
				assert.Equal(t, want, g.Exports[0])

				more := vultr.ExportSpec{FileSystem: f.ID, Path: "/more", AllowedIPs: []string{"10.1.2.3"}}
				e := made(gateways.AddExport(ctx, g.ID, more, nil))(t)
				assert.Equal(t, vultr.ExportID("1002"), e.ID)
				assert.Equal(t, e, made(gateways.AddExport(ctx, g.ID, more, nil))(t), "again is a success")
				assert.Equal(t, 1, srv.Calls(vultrtest.AddExport))
				more.AllowedIPs = nil
				_, err := gateways.AddExport(ctx, g.ID, more, nil)
				require.ErrorIs(t, err, vultr.ErrConflict, "it lets in others")

				n := 0
				for listed, err := range gateways.List(ctx, nil) {
					require.NoError(t, err)
					assert.Len(t, listed.Exports, 2)
					n++
				}
				assert.Equal(t, 1, n)
				require.NoError(t, gateways.DeleteExport(ctx, g.ID, e.ID))
				require.NoError(t, gateways.DeleteExport(ctx, g.ID, e.ID))

				// The order of deletion: exports, gateway, file system.
				require.ErrorIs(t, gateways.Delete(ctx, g.ID, nil), vultr.ErrConflict)
				require.ErrorIs(t, c.VFS().Delete(ctx, f.ID, nil), vultr.ErrInput, "the platform refuses: it is exported")
				require.NoError(t, gateways.Delete(ctx, g.ID, &vultr.DeleteOptions{Force: true}))
				require.NoError(t, gateways.Delete(ctx, g.ID, nil))
				require.NoError(t, c.VFS().Delete(ctx, f.ID, nil))
				assert.Zero(t, srv.Count(vultr.KindGateway)+srv.Count(vultr.KindFile))
			})
		})
	}
}

func TestAddExportWithTheAnswerLost(t *testing.T) {
	t.Parallel()
	srv, c := open(t, vultrtest.Options{})
	ctx, gateways := t.Context(), c.Gateway()
	f := made(c.VFS().Create(ctx, tree(), nil))(t)
	g := made(gateways.Create(ctx, nfs(f.ID), nil))(t)
	spec := vultr.ExportSpec{FileSystem: f.ID, Path: "/x", AllowedIPs: []string{"10.1.0.1"}}
	srv.DropNext(vultrtest.AddExport)
	_, err := gateways.AddExport(ctx, g.ID, spec, nil)
	require.ErrorIs(t, err, vultr.ErrUnknownOutcome)
	srv.LoseNext(vultrtest.AddExport)
	assert.Equal(t, "/x", made(gateways.AddExport(ctx, g.ID, spec, nil))(t).Path)
	assert.Equal(t, 2, srv.Calls(vultrtest.AddExport))
	assert.Len(t, made(gateways.Get(ctx, g.ID))(t).Exports, 2)
}

// Trap 35's other half: empty allowed_ips and 0.0.0.0/0 are refused without AllowAnyIP.
func TestOpenNFSServersAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ips     []string
		private bool
		want    string // "" = allowed
	}{
		"nobody named":        {want: "an open NFS server"},
		"everybody":           {ips: []string{"0.0.0.0/0"}, want: "an open NFS server"},
		"everybody, v6":       {ips: []string{"::/0"}, want: "an open NFS server"},
		"among others":        {ips: []string{"203.0.113.7", "0.0.0.0/0"}, want: "an open NFS server"},
		"in two halves":       {ips: []string{"0.0.0.0/1", "128.0.0.0/1"}, want: "an open NFS server"},
		"in IPv6 dress":       {ips: []string{"::ffff:0.0.0.0/96"}, want: "an open NFS server"},
		"a bit of IPv6":       {ips: []string{"2000::/3"}, want: "an open NFS server"},
		"host bits":           {ips: []string{"198.51.100.1/0"}, want: "an open NFS server"},
		"unspecified":         {ips: []string{"0.0.0.0"}, want: "an open NFS server"},
		"unspecified, v6":     {ips: []string{"::"}, want: "an open NFS server"},
		"one address":         {ips: []string{"203.0.113.7"}},
		"a network":           {ips: []string{"203.0.113.0/24", "2001:db8::/32"}},
		"ten":                 {ips: []string{"10.0.0.0/8"}},
		"mapped":              {ips: []string{"::ffff:203.0.113.7"}},
		"private, nobody":     {private: true},
		"private, everybody":  {private: true, ips: []string{"0.0.0.0/0"}},
		"a name":              {ips: []string{"example.com"}, want: "neither an address nor a network"},
		"a zone":              {ips: []string{"fe80::1%eth0"}, want: "neither an address nor a network"},
		"private, a bad mask": {private: true, ips: []string{"10.0.0.0/33"}, want: "neither an address nor a network"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := open(t, vultrtest.Options{})
			ctx, gateways := t.Context(), c.Gateway()
			f := made(c.VFS().Create(ctx, tree(), nil))(t)
			spec := nfs(f.ID)
			if !tt.private {
				spec.VPC, spec.PublicIPv4 = "", true
			}
			export := vultr.ExportSpec{FileSystem: f.ID, Path: "/other", AllowedIPs: tt.ips}
			safe := made(gateways.Create(ctx, spec, nil))(t)
			spec.Label, spec.Exports = "second", []vultr.ExportSpec{export}

			_, err := gateways.Create(ctx, spec, nil)
			_, added := gateways.AddExport(ctx, safe.ID, export, nil)
			if tt.want == "" {
				require.NoError(t, err)
				require.NoError(t, added)
				return
			}
			for _, err := range []error{err, added} {
				require.ErrorIs(t, err, vultr.ErrInput)
				require.ErrorContains(t, err, tt.want)
				assert.False(t, asError(t, err).Sent)
			}
			assert.Equal(t, 1, srv.Calls(vultrtest.CreateGateway))
			assert.Zero(t, srv.Calls(vultrtest.AddExport))
			spec.AllowAnyIP = true
			_, err = gateways.Create(ctx, spec, nil)
			_, added = gateways.AddExport(ctx, safe.ID, export, &vultr.ExportOptions{AllowAnyIP: true})
			meant := tt.want == "an open NFS server"
			assert.Equal(t, meant, err == nil, "%v", err)
			assert.Equal(t, meant, added == nil, "%v", added)
		})
	}
}

// A gateway that says nothing of its network may be public.
func TestAddExportToAGatewayOfUnknownNetwork(t *testing.T) {
	t.Parallel()
	c := mocked(t, func(r *http.Request) (*http.Response, error) {
		assert.Equal(t, http.MethodGet, r.Method)
		return answer(200, "application/json", `{"storage_gateway":{"id":"g"}}`), nil
	})
	_, err := c.Gateway().AddExport(t.Context(), "g", vultr.ExportSpec{FileSystem: "f"}, nil)
	require.ErrorContains(t, err, "an open NFS server")
}

func TestGatewaySpecs(t *testing.T) {
	t.Parallel()
	_, c := open(t, vultrtest.Options{})
	ctx := t.Context()
	for want, edit := range map[string]func(*vultr.GatewaySpec){
		"Exports[0]: FileSystem is required":      func(s *vultr.GatewaySpec) { s.Exports[0].FileSystem = "" },
		`Exports[0]: Path "data"`:                 func(s *vultr.GatewaySpec) { s.Exports[0].Path = "data" },
		`Exports[0]: Path "/a/../b"`:              func(s *vultr.GatewaySpec) { s.Exports[0].Path = "/a/../b" },
		`Exports[1]: Path "/data" is there twice`: func(s *vultr.GatewaySpec) { s.Exports = append(s.Exports, s.Exports[0]) },
	} {
		spec := nfs("f")
		edit(&spec)
		_, err := c.Gateway().Create(ctx, spec, nil)
		require.ErrorIs(t, err, vultr.ErrInput)
		require.ErrorContains(t, err, want)
	}
	f := made(c.VFS().Create(ctx, tree(), nil))(t)
	public := nfs(f.ID)
	public.PublicIPv4 = true
	made(c.Gateway().Create(ctx, public, nil))(t)
	_, err := c.Gateway().Ensure(ctx, nfs(f.ID), nil)
	require.ErrorIs(t, err, vultr.ErrConflict)
	require.ErrorContains(t, err, "is public")
	public.Exports[0].Path = "/elsewhere"
	_, err = c.Gateway().Ensure(ctx, public, nil)
	require.ErrorContains(t, err, `does not export`)
}

// What a creation answers is not trusted: the gateway is read again, and when it cannot be, its ID does not get lost.
func TestGatewayIsReadAgainAfterItsCreation(t *testing.T) {
	t.Parallel()
	for name, get := range map[string]string{"read": `{"storage_gateway":{"id":"g","label":"as it is"}}`, "not there yet": ``} {
		c := mocked(t, func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodGet {
				return answer(map[bool]int{true: 404, false: 200}[get == ""], "application/json", get), nil
			}
			return answer(202, "application/json", `{"storage_gateway":[{"id":"g","label":"as it says"}]}`), nil
		})
		g := made(c.Gateway().Create(t.Context(), nfs("f"), nil))(t)
		assert.Equal(t, vultr.GatewayID("g"), g.ID)
		assert.Equal(t, map[string]string{"read": "as it is", "not there yet": "as it says"}[name], g.Label)
	}
}
