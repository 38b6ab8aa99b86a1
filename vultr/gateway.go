package vultr

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/netip"
	"slices"
	"time"
)

// GatewayID names a storage gateway.
type GatewayID string

// nfs4 is the only type of gateway that is known.
const nfs4 = "nfs4"

// Gateway is a storage gateway: an NFSv4 server in front of file systems, for Bare Metal, which cannot attach them, and
// for whatever else of the region speaks NFS.
type Gateway struct {
	ID      GatewayID
	Label   string
	Type    string // "nfs4"
	Region  string
	Status  Status
	Health  string // as the platform writes it
	Tags    []string
	Exports []Export

	PublicIPv4, PublicIPv6 bool
	VPC                    string     // the VPC's ID, "" without one
	VPCAddress             netip.Addr // its address there; not valid while the platform does not say

	PendingChargesUSD float64
	Created           time.Time
}

// Public reports whether the gateway can be reached from the internet.
func (g Gateway) Public() bool { return g.PublicIPv4 || g.PublicIPv6 }

// GatewaySpec is a storage gateway to be bought.
type GatewaySpec struct {
	Label   string       // required
	Region  string       // required: that of the file systems
	Exports []ExportSpec // required, one or more
	Tags    []string

	// One of these is required. NFS without Kerberos is clear text and believes what its client says of its users: prefer a
	// VPC.
	VPC                    string
	PublicIPv4, PublicIPv6 bool

	// AllowAnyIP permits a public gateway whose exports are open to everybody: with AllowedIPs empty, or with a network that
	// is larger than an IPv4 /8 or an IPv6 /16. Without it such a gateway is refused before anything is sent.
	AllowAnyIP bool
}

func (s GatewaySpec) check() []string {
	var problems []string
	for _, field := range []struct{ name, value string }{{"Label", s.Label}, {"Region", s.Region}} {
		if field.value == "" {
			problems = append(problems, field.name+" is required")
		}
	}
	if s.VPC == "" && !s.PublicIPv4 && !s.PublicIPv6 {
		problems = append(problems, "VPC, PublicIPv4 or PublicIPv6 is required: nobody could reach it")
	}
	if len(s.Exports) == 0 {
		problems = append(problems, "Exports is empty")
	}
	open := (s.PublicIPv4 || s.PublicIPv6) && !s.AllowAnyIP
	for i, e := range s.Exports {
		for _, p := range e.check(open) {
			problems = append(problems, fmt.Sprintf("Exports[%d]: %s", i, p))
		}
		if slices.ContainsFunc(s.Exports[:i], func(before ExportSpec) bool { return before.path() == e.path() }) {
			problems = append(problems, fmt.Sprintf("Exports[%d]: Path %q is there twice", i, e.path()))
		}
	}
	return append(problems, checkLabel(s.Label)...)
}

type gatewayWire struct {
	ID      text
	Label   text
	Type    text
	Region  text
	Status  text
	Health  text
	Tags    few[text]
	Exports few[exportWire] `json:"export_config"`
	Others  few[exportWire] `json:"exports"`
	Network struct {
		Primary struct {
			IPv4 flag `json:"ipv4_public_enabled"`
			IPv6 flag `json:"ipv6_public_enabled"`
			VPC  struct {
				ID      text `json:"vpc_uuid"`
				Address text `json:"vpc_ip_address"`
			}
		}
	} `json:"network_config"`
	Charges amount `json:"pending_charges"`
	Created moment `json:"date_created"`
}

func readGateway(raw json.RawMessage) (Gateway, error) {
	var w gatewayWire
	if err := tolerant(raw, &w); err != nil {
		return Gateway{}, err
	}
	net := w.Network.Primary
	g := Gateway{
		ID: GatewayID(w.ID), Label: plain(w.Label), Type: plain(w.Type), Region: plain(w.Region), Status: Status(w.Status), Health: plain(w.Health),
		Tags: w.Tags.strings(plain), PublicIPv4: bool(net.IPv4), PublicIPv6: bool(net.IPv6), VPC: plain(net.VPC.ID),
		PendingChargesUSD: float64(w.Charges), Created: w.Created.Time,
	}
	g.VPCAddress, _ = netip.ParseAddr(plain(net.VPC.Address))
	exports := w.Exports
	if len(exports) == 0 {
		exports = w.Others
	}
	for _, e := range exports {
		if export := e.export(); export.FileSystem != "" || export.ID != "" { // {} stands in for none
			g.Exports = append(g.Exports, export)
		}
	}
	return g, nil
}

// Gateways is the storage gateways of the account.
//
// The platform's description of their answers contradicts itself, so they are read tolerantly: one export or an array of
// them, a list under a singular or plural key. What a write answers is not trusted: the gateway is read again after it.
//
// Source: Vultr API v2, /storage-gateways; docs.vultr.com/products/storage/storage-gateway/provisioning of 2026-05-26
// (read 2026-11).
type Gateways struct{ shelf *shelf[Gateway] }

// Gateway is the storage gateways of the account.
func (c *Client) Gateway() *Gateways {
	return &Gateways{&shelf[Gateway]{
		c: c, path: "/storage-gateways", op: "storage-gateway", listOp: "list-storage-gateways",
		keys: []string{"storage_gateway", "storage_gateways"}, listKeys: []string{"storage_gateway", "storage_gateways"},
		read: readGateway,
		head: func(g Gateway) head { return head{string(g.ID), g.Label, g.Status, g.Created} },
	}}
}

type vpcBody struct {
	ID string `json:"vpc_uuid"`
}

type networkBody struct {
	Primary struct {
		IPv4 bool     `json:"ipv4_public_enabled"`
		IPv6 bool     `json:"ipv6_public_enabled"`
		VPC  *vpcBody `json:"vpc,omitempty"`
	} `json:"primary"`
}

func (s GatewaySpec) order() order[Gateway] {
	var network networkBody
	network.Primary.IPv4, network.Primary.IPv6 = s.PublicIPv4, s.PublicIPv6
	if s.VPC != "" {
		network.Primary.VPC = &vpcBody{s.VPC}
	}
	exports := make([]exportBody, len(s.Exports))
	for i, e := range s.Exports {
		exports[i] = e.body()
	}
	sits := func(g Gateway) bool { return g.Label == s.Label && g.Region == s.Region }
	missing := func(g Gateway) string {
		for _, e := range s.Exports {
			if !slices.ContainsFunc(g.Exports, e.is) {
				return fmt.Sprintf("does not export %s as %q (AddExport)", e.FileSystem, e.path())
			}
		}
		return ""
	}
	return order[Gateway]{
		body: struct {
			Label   string       `json:"label"`
			Type    string       `json:"type"`
			Region  string       `json:"region"`
			Exports []exportBody `json:"export_config"`
			Network networkBody  `json:"network_config"`
			Tags    []string     `json:"tags,omitempty"`
		}{s.Label, nfs4, s.Region, exports, network, slices.Clone(s.Tags)},
		label: s.Label, place: s.Region, sits: sits,
		same: func(g Gateway) bool { return sits(g) && cmp.Or(g.Type, nfs4) == nfs4 },
		fits: func(g Gateway) string {
			if g.Public() && s.VPC != "" && !s.PublicIPv4 && !s.PublicIPv6 {
				return "is public"
			}
			return missing(g)
		},
	}
}

// Create buys a gateway. It is billed from then on. See [Blocks.Create] for lost answers. What it returns is read after
// the creation. It is Pending; see Wait.
func (g *Gateways) Create(ctx context.Context, spec GatewaySpec, opts *CreateOptions) (Gateway, error) {
	if problems := spec.check(); len(problems) > 0 {
		return Gateway{}, refuse("create-storage-gateway", problems...)
	}
	made, err := g.shelf.create(ctx, spec.order(), opts)
	if err != nil {
		return made, err
	}
	return g.again(ctx, made), nil
}

// again reads a gateway after a write. When that fails, as it may for a while after a creation, what the write answered
// has to do: the gateway has been bought, and its ID must not get lost.
func (g *Gateways) again(ctx context.Context, made Gateway) Gateway {
	if now, err := g.Get(ctx, made.ID); err == nil {
		return now
	}
	return made
}

// Ensure returns the gateway of this label and region, or buys it. One that lacks an export, or is public though only a
// VPC was asked for, is returned with [ErrConflict]; exports beyond those asked for are left alone. Otherwise as
// [Blocks.Ensure].
func (g *Gateways) Ensure(ctx context.Context, spec GatewaySpec, _ *CreateOptions) (Gateway, error) {
	if problems := spec.check(); len(problems) > 0 {
		return Gateway{}, refuse("create-storage-gateway", problems...)
	}
	made, err := g.shelf.ensure(ctx, spec.order())
	if err != nil {
		return made, err
	}
	return g.again(ctx, made), nil
}

// Get returns a gateway; fs.ErrNotExist if there is none, as there may seem to be for a while after its creation.
func (g *Gateways) Get(ctx context.Context, id GatewayID) (Gateway, error) {
	return g.shelf.get(ctx, string(id))
}

// List ranges over the gateways of the account, as [Blocks.List].
func (g *Gateways) List(ctx context.Context, opts *ListOptions) iter.Seq2[Gateway, error] {
	return g.shelf.list(ctx, opts)
}

// Wait looks until the gateway is active, as [Blocks.Wait]. Its health is reported and not waited for: what it says is not
// documented.
func (g *Gateways) Wait(ctx context.Context, id GatewayID, opts *WaitOptions) (Gateway, error) {
	return g.shelf.wait(ctx, string(id), opts, func(g Gateway) string { return g.Health })
}

// Rename changes the label. The label that it has is a success without a change.
func (g *Gateways) Rename(ctx context.Context, id GatewayID, label string) (Gateway, error) {
	if err := checkRename("update-storage-gateway", label); err != nil {
		return Gateway{}, err
	}
	now, err := g.Get(ctx, id)
	if err != nil || now.Label == label {
		return now, err
	}
	err = g.shelf.change(ctx, http.MethodPut, string(id), struct {
		Label string `json:"label"`
	}{label})
	return changed(ctx, err, func(ctx context.Context) (Gateway, error) { return g.Get(ctx, id) }, func(now Gateway) bool { return now.Label == label })
}

// Delete ends the gateway; the file systems stay. While it exports something it is [ErrConflict], unless
// DeleteOptions.Force deletes the exports first. One that is not there is a success. The whole order is: unmount, exports,
// gateway, attachments of the file system, file system.
func (g *Gateways) Delete(ctx context.Context, id GatewayID, opts *DeleteOptions) error {
	now, err := g.Get(ctx, id)
	switch {
	case gone(err):
	case err != nil:
		return err
	case len(now.Exports) > 0 && !force(opts):
		return conflict("delete-storage-gateway", fmt.Sprintf("%s exports %d file systems", id, len(now.Exports)), "unmount them and delete the exports, or use Force")
	default:
		for _, e := range now.Exports {
			if e.ID == "" { // without a name it cannot be deleted by itself
				continue
			}
			if err := g.DeleteExport(ctx, id, e.ID); err != nil {
				return err
			}
		}
	}
	return g.shelf.remove(ctx, string(id))
}
