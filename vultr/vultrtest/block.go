package vultrtest

import (
	"net/http"
	"slices"

	"github.com/kitroll/kitroll/vultr"
)

// What a GB of block storage costs in the fake, where the platform's present prices are not known for certain.
const (
	nvmeUSD = 0.10
	hddUSD  = 0.025
)

func (s *Server) show(b *block) map[string]any {
	price := nvmeUSD
	if b.Type == string(vultr.StorageOpt) {
		price = hddUSD
	}
	at, _ := s.instance(b.attached(s.clock()))
	ip := ""
	if at.IP.IsValid() {
		ip = at.IP.String()
	}
	return map[string]any{
		"id": b.ID, "status": s.status(b.Created), "size_gb": b.SizeGB, "region": b.Region, "label": b.Label, "mount_id": b.MountID,
		"block_type": b.Type, "cost": price * float64(b.SizeGB), "pending_charges": 0.01, "date_created": date(b.Created), "bootable": false,
		"attached_to_instance": at.ID, "attached_to_instance_ip": ip, "attached_to_instance_label": at.Label,
	}
}

func (s *Server) listBlocks(r request) (answer, error) {
	var all []map[string]any
	for _, b := range s.state.Blocks {
		if s.visible(b.Created) {
			all = append(all, s.show(b))
		}
	}
	return s.page(r, "blocks", all)
}

func (s *Server) createBlock(r request) (answer, error) {
	var in struct {
		Region   string `json:"region"`
		SizeGB   int    `json:"size_gb"`
		Label    string `json:"label"`
		Type     string `json:"block_type"`
		Snapshot string `json:"snapshot_id"`
		OS       int    `json:"os_id"`
		Bootable bool   `json:"bootable"`
	}
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	if err := s.region(in.Region); err != nil {
		return answer{}, err
	}
	least := map[string]int{"": 10, string(vultr.HighPerf): 10, string(vultr.StorageOpt): 40}
	if _, known := least[in.Type]; !known {
		return answer{}, bad("Invalid block_type.")
	}
	if in.SizeGB < least[in.Type] {
		return answer{}, bad("Invalid size_gb, must be at least %d.", least[in.Type])
	}
	if in.Type == "" {
		in.Type = string(vultr.HighPerf)
	}
	b := &block{
		ID: newID(), Region: in.Region, SizeGB: in.SizeGB, Label: in.Label, Type: in.Type,
		MountID: in.Region + "-" + newHex(16), Created: s.clock(),
	}
	s.state.Blocks = append(s.state.Blocks, b)
	s.buy(vultr.KindBlock)
	return answer{http.StatusAccepted, map[string]any{"block": s.show(b)}}, nil
}

func (s *Server) block(r request) (*block, error) {
	i := slices.IndexFunc(s.state.Blocks, func(b *block) bool { return b.ID == r.PathValue("id") && s.visible(b.Created) })
	if i < 0 {
		return nil, notFound("block storage ID")
	}
	return s.state.Blocks[i], nil
}

func (s *Server) getBlock(r request) (answer, error) {
	b, err := s.block(r)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, map[string]any{"block": s.show(b)}}, nil
}

func (s *Server) updateBlock(r request) (answer, error) {
	b, err := s.block(r)
	if err != nil {
		return answer{}, err
	}
	var in struct {
		SizeGB *int    `json:"size_gb"`
		Label  *string `json:"label"`
	}
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	sized, named := in.SizeGB != nil && *in.SizeGB != b.SizeGB, in.Label != nil && *in.Label != b.Label
	switch {
	case !sized && !named:
		return answer{}, bad("Nothing to change")
	case sized && *in.SizeGB < b.SizeGB:
		return answer{}, bad("Block storage cannot be shrunk.")
	}
	if sized {
		b.SizeGB = *in.SizeGB
	}
	if named {
		b.Label = *in.Label
	}
	return answer{status: http.StatusNoContent}, nil
}

// deleteBlock refuses a volume that is attached; what the platform does is unverified.
func (s *Server) deleteBlock(r request) (answer, error) {
	b, err := s.block(r)
	if err != nil {
		return answer{}, err
	}
	if b.attached(s.clock()) != "" {
		return answer{}, bad("Block storage is attached to an instance.")
	}
	s.state.Blocks = slices.DeleteFunc(s.state.Blocks, func(other *block) bool { return other == b })
	return answer{status: http.StatusNoContent}, nil
}

func (s *Server) attachBlock(r request) (answer, error) {
	b, err := s.block(r)
	if err != nil {
		return answer{}, err
	}
	var in struct {
		Instance string `json:"instance_id"`
		Live     bool   `json:"live"` // without it the platform reboots
	}
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	to, known := s.instance(in.Instance)
	now := s.clock()
	switch {
	case !known:
		return answer{}, bad("Invalid instance_id.")
	case to.BareMetal:
		return answer{}, bad("Block storage cannot be attached to Bare Metal.")
	case to.Region != b.Region:
		return answer{}, bad("Instance and block storage must be in the same region.")
	case s.status(b.Created) != vultr.Active:
		return answer{}, bad("Block storage is not active.")
	case b.Instance != "" && (!b.Leaving || now.Before(b.Since)):
		return answer{}, bad("Block storage is already attached to an instance.")
	}
	if !in.Live {
		s.reboots[to.ID]++
	}
	b.Instance, b.Leaving, b.Since = to.ID, false, now.Add(s.opts.AttachAfter)
	return answer{status: http.StatusNoContent}, nil
}

func (s *Server) detachBlock(r request) (answer, error) {
	b, err := s.block(r)
	if err != nil {
		return answer{}, err
	}
	var in struct {
		Live bool `json:"live"`
	}
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	now := s.clock()
	if b.Leaving || b.attached(now) == "" {
		return answer{}, bad("Unable to detach block storage")
	}
	if !in.Live {
		s.reboots[b.Instance]++
	}
	b.Leaving, b.Since = true, now.Add(s.opts.AttachAfter)
	return answer{status: http.StatusNoContent}, nil
}
