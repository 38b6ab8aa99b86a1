package vultrtest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/kitroll/kitroll/vultr"
)

// showGateway has either shape of export_config, since the platform's description has both.
func (s *Server) showGateway(g *gateway) map[string]any {
	var exports any = append([]export{}, g.Exports...)
	if s.opts.ExportObject && len(g.Exports) == 1 {
		exports = g.Exports[0]
	}
	primary := map[string]any{"ipv4_public_enabled": g.IPv4, "ipv6_public_enabled": g.IPv6}
	if g.VPC != "" {
		vpc := map[string]any{"vpc_uuid": g.VPC}
		if s.status(g.Created) == vultr.Active {
			vpc["vpc_ip_address"] = "10.1.96.4"
		}
		primary["vpc"] = vpc
	}
	health := "pending"
	if s.status(g.Created) == vultr.Active {
		health = "healthy"
	}
	return map[string]any{
		"id": g.ID, "label": g.Label, "type": "nfs4", "region": g.Region, "status": s.status(g.Created), "health": health,
		"tags": append([]string{}, g.Tags...), "pending_charges": 0.01, "date_created": date(g.Created),
		"network_config": map[string]any{"primary": primary}, "export_config": exports,
	}
}

func (s *Server) listGateways(r request) (answer, error) {
	var all []map[string]any
	for _, g := range s.state.Gateways {
		if s.visible(g.Created) {
			all = append(all, s.showGateway(g))
		}
	}
	key := "storage_gateway"
	if s.opts.PluralGatewayKey {
		key = "storage_gateways"
	}
	return s.page(r, key, all)
}

type exportRequest struct {
	Label string   `json:"label"`
	VFS   string   `json:"vfs_uuid"`
	Path  string   `json:"pseudo_root_path"`
	IPs   []string `json:"allowed_ips"`
}

func (s *Server) makeExport(in exportRequest, region string, others []export) (export, error) {
	f, err := s.vfs(in.VFS)
	switch {
	case err != nil || f.Region != region:
		return export{}, bad("Invalid vfs_uuid.")
	case in.Path == "" || in.Path[0] != '/':
		return export{}, bad("Invalid pseudo_root_path.")
	case slices.ContainsFunc(others, func(e export) bool { return e.Path == in.Path }):
		return export{}, bad("pseudo_root_path is in use.")
	}
	s.state.Exports++
	return export{ID: 1000 + s.state.Exports, Label: in.Label, VFS: in.VFS, Path: in.Path, IPs: append([]string{}, in.IPs...)}, nil
}

func (s *Server) createGateway(r request) (answer, error) {
	var in struct {
		Label   string          `json:"label"`
		Type    string          `json:"type"`
		Region  string          `json:"region"`
		Exports json.RawMessage `json:"export_config"`
		Network struct {
			Primary struct {
				IPv4 bool `json:"ipv4_public_enabled"`
				IPv6 bool `json:"ipv6_public_enabled"`
				VPC  *struct {
					ID string `json:"vpc_uuid"`
				} `json:"vpc"`
			} `json:"primary"`
		} `json:"network_config"`
		Tags []string `json:"tags"`
	}
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	if err := s.region(in.Region); err != nil {
		return answer{}, err
	}
	var exports []exportRequest
	d := json.NewDecoder(bytes.NewReader(in.Exports))
	d.DisallowUnknownFields()
	if err := d.Decode(&exports); err != nil || len(exports) == 0 {
		return answer{}, bad("export_config must be an array.")
	}
	net := in.Network.Primary
	switch {
	case in.Label == "":
		return answer{}, bad("Invalid label.")
	case in.Type != "nfs4":
		return answer{}, bad("Invalid type.")
	case net.VPC == nil && !net.IPv4 && !net.IPv6, net.VPC != nil && net.VPC.ID == "":
		return answer{}, bad("Invalid network_config.")
	}
	g := &gateway{ID: newID(), Label: in.Label, Region: in.Region, Tags: in.Tags, IPv4: net.IPv4, IPv6: net.IPv6, Created: s.clock()}
	if net.VPC != nil {
		g.VPC = net.VPC.ID
	}
	for _, e := range exports {
		made, err := s.makeExport(e, in.Region, g.Exports)
		if err != nil {
			return answer{}, err
		}
		g.Exports = append(g.Exports, made)
	}
	s.state.Gateways = append(s.state.Gateways, g)
	s.buy(vultr.KindGateway)
	return answer{http.StatusAccepted, map[string]any{"storage_gateway": s.showGateway(g)}}, nil
}

func (s *Server) gateway(r request) (*gateway, error) {
	i := slices.IndexFunc(s.state.Gateways, func(g *gateway) bool { return g.ID == r.PathValue("id") && s.visible(g.Created) })
	if i < 0 {
		return nil, notFound("storage gateway ID")
	}
	return s.state.Gateways[i], nil
}

func (s *Server) getGateway(r request) (answer, error) {
	g, err := s.gateway(r)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, map[string]any{"storage_gateway": s.showGateway(g)}}, nil
}

func (s *Server) updateGateway(r request) (answer, error) {
	g, err := s.gateway(r)
	if err != nil {
		return answer{}, err
	}
	var in struct {
		Label string `json:"label"`
	}
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	g.Label = in.Label
	return answer{http.StatusOK, map[string]any{"storage_gateway": s.showGateway(g)}}, nil
}

// deleteGateway refuses a gateway with exports; that follows from the order of deletion, its words do not.
func (s *Server) deleteGateway(r request) (answer, error) {
	g, err := s.gateway(r)
	if err != nil {
		return answer{}, err
	}
	if len(g.Exports) > 0 {
		return answer{}, bad("Storage gateway has exports.")
	}
	s.state.Gateways = slices.DeleteFunc(s.state.Gateways, func(other *gateway) bool { return other == g })
	return answer{status: http.StatusNoContent}, nil
}

// addExport answers under "vpc", as the platform's description has it.
func (s *Server) addExport(r request) (answer, error) {
	g, err := s.gateway(r)
	if err != nil {
		return answer{}, err
	}
	var in exportRequest
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	made, err := s.makeExport(in, g.Region, g.Exports)
	if err != nil {
		return answer{}, err
	}
	g.Exports = append(g.Exports, made)
	return answer{http.StatusCreated, map[string]any{"vpc": made}}, nil
}

func (s *Server) deleteExport(r request) (answer, error) {
	g, err := s.gateway(r)
	if err != nil {
		return answer{}, err
	}
	i := slices.IndexFunc(g.Exports, func(e export) bool { return strconv.Itoa(e.ID) == r.PathValue("export") })
	if i < 0 {
		return answer{}, notFound("export")
	}
	g.Exports = slices.Delete(g.Exports, i, i+1)
	return answer{status: http.StatusNoContent}, nil
}
