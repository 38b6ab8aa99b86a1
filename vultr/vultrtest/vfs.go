package vultrtest

import (
	"crypto/rand"
	"encoding/binary"
	"net/http"
	"slices"

	"github.com/kitroll/kitroll/vultr"
)

// vfsUSD is what a GB of a file system costs in the fake (unverified).
const vfsUSD = 0.10

func (s *Server) showVFS(f *fileSystem) map[string]any {
	tags := f.Tags
	if tags == nil {
		tags = []string{}
	}
	return map[string]any{ // not wrapped
		"id": f.ID, "region": f.Region, "label": f.Label, "status": s.status(f.Created), "disk_type": f.DiskType, "tags": tags,
		"storage_size": map[string]any{"gb": f.SizeGB, "bytes": int64(f.SizeGB) << 30}, "storage_used": map[string]any{"gb": 0, "bytes": 4096},
		"billing": map[string]any{"charges": 0.01, "monthly": vfsUSD * float64(f.SizeGB)}, "date_created": date(f.Created),
	}
}

func (s *Server) listVFS(r request) (answer, error) {
	var all []map[string]any
	for _, f := range s.state.VFS {
		if s.visible(f.Created) {
			all = append(all, s.showVFS(f))
		}
	}
	return s.page(r, "vfs", all)
}

type vfsSize struct {
	GB int `json:"gb"`
}

func (s *Server) createVFS(r request) (answer, error) {
	var in struct {
		Region   string   `json:"region"`
		Label    string   `json:"label"`
		Size     vfsSize  `json:"storage_size"`
		DiskType string   `json:"disk_type"`
		Tags     []string `json:"tags"`
	}
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	if err := s.region(in.Region); err != nil {
		return answer{}, err
	}
	switch {
	case in.DiskType != "nvme":
		return answer{}, bad("Invalid disk_type.")
	case in.Size.GB < 10:
		return answer{}, bad("Invalid storage_size, must be at least 10 GB.")
	}
	f := &fileSystem{
		ID: newID(), Region: in.Region, Label: in.Label, SizeGB: in.Size.GB, DiskType: in.DiskType, Tags: in.Tags, Created: s.clock(),
	}
	s.state.VFS = append(s.state.VFS, f)
	s.buy(vultr.KindFile)
	return answer{http.StatusAccepted, s.showVFS(f)}, nil
}

func (s *Server) vfs(id string) (*fileSystem, error) {
	i := slices.IndexFunc(s.state.VFS, func(f *fileSystem) bool { return f.ID == id && s.visible(f.Created) })
	if i < 0 {
		return nil, notFound("VFS ID")
	}
	f := s.state.VFS[i]
	now := s.clock()
	f.Attachments = slices.DeleteFunc(f.Attachments, func(a *attachment) bool { return a.Leaving && !now.Before(a.Since) })
	return f, nil
}

func (s *Server) getVFS(r request) (answer, error) {
	f, err := s.vfs(r.PathValue("id"))
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, s.showVFS(f)}, nil
}

// updateVFS sets both fields: a rename without a size asks for 0 GB.
func (s *Server) updateVFS(r request) (answer, error) {
	f, err := s.vfs(r.PathValue("id"))
	if err != nil {
		return answer{}, err
	}
	var in struct {
		Label string  `json:"label"`
		Size  vfsSize `json:"storage_size"`
	}
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	if in.Size.GB < f.SizeGB {
		return answer{}, bad("Storage size cannot be decreased.")
	}
	f.Label, f.SizeGB = in.Label, in.Size.GB
	return answer{http.StatusOK, s.showVFS(f)}, nil
}

// deleteVFS refuses a file system that a gateway exports; that follows from the order of deletion, its words do not.
func (s *Server) deleteVFS(r request) (answer, error) {
	f, err := s.vfs(r.PathValue("id"))
	if err != nil {
		return answer{}, err
	}
	if len(f.Attachments) > 0 {
		return answer{}, bad("VFS has attachments.")
	}
	for _, g := range s.state.Gateways {
		if slices.ContainsFunc(g.Exports, func(e export) bool { return e.VFS == f.ID }) {
			return answer{}, bad("VFS is exported by a storage gateway.")
		}
	}
	s.state.VFS = slices.DeleteFunc(s.state.VFS, func(other *fileSystem) bool { return other == f })
	return answer{status: http.StatusNoContent}, nil
}

// showAttachment has the states' words from nowhere but the fake.
func (s *Server) showAttachment(f *fileSystem, a *attachment) map[string]any {
	out := map[string]any{"vfs_id": f.ID, "target_id": a.Instance, "state": "ATTACHED", "mount_tag": a.Tag}
	switch {
	case a.Leaving:
		out["state"] = "DETACHING"
	case s.clock().Before(a.Since):
		out["state"], out["mount_tag"] = "PENDING", nil
	}
	return out
}

func (s *Server) listAttachments(r request) (answer, error) {
	f, err := s.vfs(r.PathValue("id"))
	if err != nil {
		return answer{}, err
	}
	all := []map[string]any{}
	for _, a := range f.Attachments {
		all = append(all, s.showAttachment(f, a))
	}
	return answer{http.StatusOK, map[string]any{"attachments": all}}, nil
}

func (s *Server) attachment(r request) (*fileSystem, *attachment, error) {
	f, err := s.vfs(r.PathValue("id"))
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(f.Attachments, func(a *attachment) bool { return a.Instance == r.PathValue("instance") })
	if i < 0 {
		return f, nil, notFound("attachment")
	}
	return f, f.Attachments[i], nil
}

func (s *Server) getAttachment(r request) (answer, error) {
	f, a, err := s.attachment(r)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, s.showAttachment(f, a)}, nil
}

func (s *Server) attachVFS(r request) (answer, error) {
	f, a, err := s.attachment(r)
	if f == nil {
		return answer{}, err
	}
	to, known := s.instance(r.PathValue("instance"))
	switch {
	case !known:
		return answer{}, notFound("instance ID")
	case to.BareMetal:
		return answer{}, bad("VFS cannot be attached to Bare Metal.")
	case to.Region != f.Region:
		return answer{}, bad("Instance and VFS must be in the same region.")
	case s.status(f.Created) != vultr.Active:
		return answer{}, bad("VFS is not active.")
	case a != nil && a.Leaving:
		return answer{}, bad("VFS is being detached from this instance.")
	}
	if a == nil {
		var tag [4]byte
		_, _ = rand.Read(tag[:]) // never fails
		a = &attachment{Instance: to.ID, Tag: 1 + binary.BigEndian.Uint32(tag[:])/2, Since: s.clock().Add(s.opts.AttachAfter)}
		f.Attachments = append(f.Attachments, a)
	}
	return answer{http.StatusOK, s.showAttachment(f, a)}, nil
}

func (s *Server) detachVFS(r request) (answer, error) {
	_, a, err := s.attachment(r)
	if err != nil {
		return answer{}, err
	}
	if !a.Leaving {
		a.Leaving, a.Since = true, s.clock().Add(s.opts.AttachAfter)
	}
	return answer{status: http.StatusNoContent}, nil
}
