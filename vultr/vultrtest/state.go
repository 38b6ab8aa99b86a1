package vultrtest

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/kitroll/kitroll/internal/atomicfile"
	"github.com/kitroll/kitroll/vultr"
)

// state is what survives a restart.
type state struct {
	Blocks   []*block                  `json:"blocks"`
	Objects  []*objectStorage          `json:"objects"`
	VFS      []*fileSystem             `json:"vfs"`
	Gateways []*gateway                `json:"gateways"`
	Bought   map[vultr.StorageKind]int `json:"bought"`
	Exports  int                       `json:"exports"` // the last number of an export
}

type block struct {
	ID      string    `json:"id"`
	Region  string    `json:"region"`
	SizeGB  int       `json:"size_gb"`
	Label   string    `json:"label"`
	Type    string    `json:"type"`
	MountID string    `json:"mount_id"`
	Created time.Time `json:"created"`

	// Instance is what it is attached to from Since on, or, with Leaving, until Since.
	Instance string    `json:"instance,omitempty"`
	Since    time.Time `json:"since,omitzero"`
	Leaving  bool      `json:"leaving,omitempty"`
}

// attached is the instance that the volume is attached to at this time.
func (b *block) attached(now time.Time) string {
	if b.Leaving == now.Before(b.Since) {
		return b.Instance
	}
	return ""
}

type objectStorage struct {
	ID      string    `json:"id"`
	Cluster string    `json:"cluster"`
	Tier    string    `json:"tier"`
	Label   string    `json:"label"`
	Access  string    `json:"access"`
	Secret  string    `json:"secret"`
	Buckets []bucket  `json:"buckets"`
	Created time.Time `json:"created"`
}

type bucket struct {
	Name       string `json:"name"`
	Versioning bool   `json:"enable_bucket_versioning"`
	Lock       bool   `json:"enable_object_lock"`
}

type fileSystem struct {
	ID          string        `json:"id"`
	Region      string        `json:"region"`
	Label       string        `json:"label"`
	SizeGB      int           `json:"size_gb"`
	DiskType    string        `json:"disk_type"`
	Tags        []string      `json:"tags"`
	Created     time.Time     `json:"created"`
	Attachments []*attachment `json:"attachments"`
}

type attachment struct {
	Instance string    `json:"instance"`
	Tag      uint32    `json:"tag"`
	Since    time.Time `json:"since"`             // ready from then on,
	Leaving  bool      `json:"leaving,omitempty"` // or gone
}

type gateway struct {
	ID      string    `json:"id"`
	Label   string    `json:"label"`
	Region  string    `json:"region"`
	Tags    []string  `json:"tags"`
	IPv4    bool      `json:"ipv4"`
	IPv6    bool      `json:"ipv6"`
	VPC     string    `json:"vpc"`
	Exports []export  `json:"exports"`
	Created time.Time `json:"created"`
}

type export struct {
	ID    int      `json:"id,omitempty"`
	Label string   `json:"label"`
	VFS   string   `json:"vfs_uuid"`
	Path  string   `json:"pseudo_root_path"`
	IPs   []string `json:"allowed_ips"`
}

// save writes the state down before an answer leaves. The lock is held.
func (s *Server) save() {
	if s.opts.StateFile == "" {
		return
	}
	if err := atomicfile.WriteJSON(s.opts.StateFile, s.state); err != nil {
		panic(fmt.Sprintf("vultrtest: Options.StateFile: %v", err)) // net/http ends the connection: an answer that is lost
	}
}

func (s *Server) status(created time.Time) vultr.Status {
	if s.clock().Before(created.Add(s.opts.ActiveAfter)) {
		return vultr.Pending
	}
	return vultr.Active
}

// visible tells whether a thing is to be seen yet.
func (s *Server) visible(created time.Time) bool { return !s.clock().Before(created.Add(s.opts.Lag)) }

func newID() string {
	b := random(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // a random UUID's
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func newHex(n int) string { return hex.EncodeToString(random(n)) }

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05+00:00") }
