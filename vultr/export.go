package vultr

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"unicode"
)

// ExportID names an export of a gateway; the platform writes a number.
type ExportID string

// Export is a file system as a gateway shows it.
type Export struct {
	ID         ExportID
	Label      string
	FileSystem FileSystemID
	Path       string   // below which clients find it, "/data"
	AllowedIPs []string // addresses and networks that may mount it; empty = all
}

// ExportSpec is an export to be made.
type ExportSpec struct {
	FileSystem FileSystemID // required
	Label      string
	Path       string   // "" = "/"
	AllowedIPs []string // "203.0.113.7", "10.1.0.0/16", "2001:db8::/64"; see GatewaySpec.AllowAnyIP for none
}

// ExportOptions are those of [Gateways.AddExport]. nil is the defaults.
type ExportOptions struct {
	AllowAnyIP bool // as in [GatewaySpec]
}

func (s ExportSpec) path() string { return cmp.Or(s.Path, "/") }

// is tells whether an export is what was asked for.
func (s ExportSpec) is(e Export) bool {
	return e.FileSystem == s.FileSystem && cmp.Or(e.Path, "/") == s.path()
}

// check finds what is wrong with an export. public says that the internet reaches it and nobody has permitted that.
func (s ExportSpec) check(public bool) []string {
	var problems []string
	if s.FileSystem == "" {
		problems = append(problems, "FileSystem is required")
	}
	if p := s.path(); !strings.HasPrefix(p, "/") || strings.ContainsFunc(p, unicode.IsControl) || slices.Contains(strings.Split(p, "/"), "..") {
		problems = append(problems, fmt.Sprintf("Path %q must be absolute, without .. and control characters", p))
	}
	if public && len(s.AllowedIPs) == 0 {
		problems = append(problems, "AllowedIPs is empty on a public gateway: an open NFS server (AllowAnyIP permits it)")
	}
	for _, raw := range s.AllowedIPs {
		network, err := parseNetwork(raw)
		switch {
		case err != nil:
			problems = append(problems, fmt.Sprintf("AllowedIPs: %q is neither an address nor a network", raw))
		case public && vast(network):
			problems = append(problems, fmt.Sprintf("AllowedIPs: %s on a public gateway is as good as everybody: an open NFS server (AllowAnyIP permits it)", raw))
		}
	}
	return problems
}

func parseNetwork(raw string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(raw); err == nil {
		if addr.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("%q has a zone", raw)
		}
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	return netip.ParsePrefix(raw)
}

// vast tells networks that are no list of clients: larger than an IPv4 /8 or an IPv6 /16, the IPv4 ones in IPv6 dress
// included, and 0.0.0.0 itself, which many servers read as everybody. Two halves of the internet are no way round.
func vast(n netip.Prefix) bool {
	addr, bits := n.Addr(), n.Bits()
	if addr.Is4In6() && bits >= 96 {
		addr, bits = addr.Unmap(), bits-96
	}
	switch {
	case addr.IsUnspecified():
		return true
	case addr.Is4():
		return bits < 8
	}
	return bits < 16
}

type exportWire struct {
	ID         text
	Label      text
	FileSystem text      `json:"vfs_uuid"`
	Path       text      `json:"pseudo_root_path"`
	AllowedIPs few[text] `json:"allowed_ips"`
}

func (w exportWire) export() Export {
	return Export{ExportID(w.ID), plain(w.Label), FileSystemID(w.FileSystem), plain(w.Path), w.AllowedIPs.strings(plain)}
}

type exportBody struct {
	Label      string       `json:"label,omitempty"`
	FileSystem FileSystemID `json:"vfs_uuid"`
	Path       string       `json:"pseudo_root_path"`
	AllowedIPs []string     `json:"allowed_ips"`
}

func (s ExportSpec) body() exportBody {
	return exportBody{s.Label, s.FileSystem, s.path(), append([]string{}, s.AllowedIPs...)} // [] and never null
}

// AddExport makes a gateway export a file system and returns the export as the gateway shows it afterwards. One that is
// there already, by file system and path, is returned without a request; with other AllowedIPs it is [ErrConflict]. The
// gateway is read first, since a public one is not opened to everybody without ExportOptions.AllowAnyIP. The request is
// sent once; after a lost answer the gateway is looked at, and the error is [ErrUnknownOutcome] if the export is not
// there.
func (g *Gateways) AddExport(ctx context.Context, id GatewayID, spec ExportSpec, opts *ExportOptions) (Export, error) {
	const op = "add-storage-gateway-export"
	if problems := spec.check(false); len(problems) > 0 {
		return Export{}, refuse(op, problems...)
	}
	now, err := g.Get(ctx, id)
	if err != nil {
		return Export{}, err
	}
	// Without a word on its network it may well be public.
	public := now.Public() || now.VPC == ""
	if problems := spec.check(public && (opts == nil || !opts.AllowAnyIP)); len(problems) > 0 {
		return Export{}, refuse(op, problems...)
	}
	if i := slices.IndexFunc(now.Exports, spec.is); i >= 0 {
		there := now.Exports[i]
		if !slices.Equal(slices.Sorted(slices.Values(there.AllowedIPs)), slices.Sorted(slices.Values(spec.AllowedIPs))) {
			return there, conflict(op, "the export is there and lets in others", "delete it and add it again")
		}
		return there, nil
	}
	err = g.shelf.c.do(ctx, call{
		op: op, method: http.MethodPost, path: g.shelf.at(string(id), "exports"), body: spec.body(),
		hint: "get the gateway to see whether it has the export",
	})
	var made Export
	look := func(ctx context.Context) (bool, error) {
		now, err := g.Get(ctx, id)
		if err != nil {
			return false, err
		}
		i := slices.IndexFunc(now.Exports, spec.is)
		if i >= 0 {
			made = now.Exports[i]
		}
		return i >= 0, nil
	}
	if err == nil {
		there, lookErr := look(ctx)
		switch {
		case lookErr != nil:
			return Export{}, lookErr
		case !there: // accepted, and not to be seen yet: it has no ID
			made = Export{Label: spec.Label, FileSystem: spec.FileSystem, Path: spec.path(), AllowedIPs: slices.Clone(spec.AllowedIPs)}
		}
		return made, nil
	}
	return made, settled(ctx, err, look)
}

// DeleteExport ends an export. Clients that have it mounted hang: unmount first. One that is not there is a success.
func (g *Gateways) DeleteExport(ctx context.Context, id GatewayID, export ExportID) error {
	const op = "delete-storage-gateway-export"
	if err := checkID(op, string(id), string(export)); err != nil {
		return err
	}
	err := g.shelf.c.do(ctx, call{
		op: op, method: http.MethodDelete, path: g.shelf.at(string(id), "exports", string(export)),
		hint: "delete it again: what is gone already is a success",
	})
	if gone(err) {
		return nil
	}
	return err
}
