package vultrtest

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/kitroll/kitroll/internal/atomicfile"
	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/internal/pipehttp"
	"github.com/kitroll/kitroll/vultr"
)

// The instances that every Server has from the start, unless its Options say otherwise. All are in region "ewr".
const (
	DemoInstance  = "cb676a46-66fd-4dfb-b839-443f2e6c0b60"
	DemoInstance2 = "5d0ac5cb-7a2f-4c11-9a2f-2d9a9c9f4f10"
	DemoBareMetal = "f1b2c3d4-0a1b-4c2d-8e3f-405162738495"
)

// DemoKey is the key that is accepted unless Options say otherwise.
const DemoKey = "VULTRFAKEKEY0123456789ABCDEFGHIJKLMN"

// Instance is a machine that storage can be attached to.
type Instance struct {
	ID, Region, Label string
	IP                netip.Addr
	BareMetal         bool
}

// Options are the beginnings of a Server. The zero value is the fake of [NewServer].
type Options struct {
	APIKey    string           // "" = DemoKey
	Now       func() time.Time // nil = time.Now; see [Server.Advance]
	Regions   []string         // nil = ewr, ams, sgp, sjc
	Instances []Instance       // nil = the three demo instances
	Clusters  []vultr.Cluster  // nil = four, in the regions above
	Tiers     []vultr.Tier     // nil = four, with the prices of 2025-09-15 and limits of the fake's own

	Lag         time.Duration // how long a new thing answers 404 and is in no list; 0 = not at all
	ActiveAfter time.Duration // how long it is pending; 0 = not at all
	AttachAfter time.Duration // how long an attachment or detachment takes; 0 = no time
	PerSecond   int           // requests a second before a 429; 0 = 30, negative = no limit

	ContentType      string // of JSON; "" = "application/json"
	ExportObject     bool   // gateways answer a single export as an object and not as an array
	PluralGatewayKey bool   // the list of gateways is under "storage_gateways" and not "storage_gateway"
	RepeatCursor     bool   // every page names the same next one: a defect of the platform

	// StateFile, if set, is where things are read from on Open and written to after every change, before the answer leaves,
	// so that a program can be killed, run again and meet the platform's memory.
	StateFile string
}

// Server is the fake. It is an http.Handler, so it can also be mounted on a port of loopback: then set BaseURL of the
// Config to it, with "/v2" behind, and HTTPClient to nil.
type Server struct {
	*fault.Script

	pipe *pipehttp.Server
	mux  *http.ServeMux

	mu      sync.Mutex
	opts    Options
	offset  time.Duration
	recent  []time.Time // of the requests of the last second
	fail    map[string][]refusal
	reboots map[string]int
	most    int // requests at the same time
	now     int
	state   state
}

// NewServer starts a fake with all defaults. It cannot fail.
func NewServer() *Server {
	s, err := Open(Options{})
	if err != nil {
		panic("vultrtest: " + err.Error()) // no file, so nothing that can fail
	}
	return s
}

// Open starts a fake. The error is that of a StateFile that cannot be read.
func Open(opts Options) (*Server, error) {
	opts.defaults()
	s := &Server{Script: &fault.Script{}, opts: opts, fail: map[string][]refusal{}, reboots: map[string]int{}}
	if opts.StateFile != "" {
		if err := atomicfile.ReadJSON(opts.StateFile, &s.state); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("vultrtest: Options.StateFile: %w", err)
		}
	}
	if s.state.Bought == nil {
		s.state.Bought = map[vultr.StorageKind]int{}
	}
	s.mux = http.NewServeMux()
	s.routes()
	s.pipe = pipehttp.NewServer("vultr.fake", s)
	return s, nil
}

func (o *Options) defaults() {
	if o.APIKey == "" {
		o.APIKey = DemoKey
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Regions == nil {
		o.Regions = []string{"ewr", "ams", "sgp", "sjc"}
	}
	if o.Instances == nil {
		o.Instances = []Instance{
			{ID: DemoInstance, Region: "ewr", Label: "web-1", IP: netip.MustParseAddr("192.0.2.11")},
			{ID: DemoInstance2, Region: "ewr", Label: "web-2", IP: netip.MustParseAddr("192.0.2.12")},
			{ID: DemoBareMetal, Region: "ewr", Label: "metal-1", IP: netip.MustParseAddr("192.0.2.21"), BareMetal: true},
		}
	}
	if o.Clusters == nil {
		for i, region := range []string{"sjc", "ewr", "ams", "sgp"} {
			o.Clusters = append(o.Clusters, vultr.Cluster{
				ID: vultr.ClusterID(strconv.Itoa(2 + i)), Region: region, Hostname: region + "1.vultrobjects.com", Deploy: true,
			})
		}
	}
	if o.Tiers == nil {
		o.Tiers = []vultr.Tier{
			{ID: "1", Name: "Standard", Slug: "standard", MonthlyUSD: 18, DiskGBUSD: 0.018, EgressUSD: 0.01, OpsPerSecond: 800, BytesPerSecond: 600 << 20, Default: true},
			{ID: "2", Name: "Premium", Slug: "premium", MonthlyUSD: 36, DiskGBUSD: 0.036, EgressUSD: 0.01, OpsPerSecond: 1000, BytesPerSecond: 800 << 20},
			{ID: "3", Name: "Performance", Slug: "performance", MonthlyUSD: 50, DiskGBUSD: 0.05, EgressUSD: 0.01, OpsPerSecond: 4000, BytesPerSecond: 1000 << 20},
			{ID: "4", Name: "Accelerated", Slug: "accelerated", MonthlyUSD: 100, DiskGBUSD: 0.1, EgressUSD: 0.01, OpsPerSecond: 10000, BytesPerSecond: 5000 << 20},
		}
	}
	if o.PerSecond == 0 {
		o.PerSecond = 30
	}
	if o.ContentType == "" {
		o.ContentType = "application/json"
	}
}

// Config is a ready Config of package vultr that reaches this fake and nothing else.
func (s *Server) Config() vultr.Config {
	return vultr.Config{
		APIKey: vultr.Secret(s.opts.APIKey), BaseURL: s.pipe.URL + "/v2", HTTPClient: s.pipe.Client(),
		AllowHTTP: true, // pipes: nothing leaves the process
	}
}

// Client is an HTTP client whose every connection ends in this fake.
func (s *Server) Client() *http.Client { return s.pipe.Client() }

// Close ends every connection. The state stays and can still be inspected.
func (s *Server) Close() { s.pipe.Close() }

// Advance turns the clock of the fake forward.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
}

// clock is the fake's time. The lock is held.
func (s *Server) clock() time.Time { return s.opts.Now().Add(s.offset).UTC() }

// FailNext refuses the next call of op with this status and message, before it has any effect. Several calls queue up.
func (s *Server) FailNext(op string, status int, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail[op] = append(s.fail[op], refusal{status, message})
}

// ThrottleNext answers the next call of op with a 429 that asks to wait for so many whole seconds.
func (s *Server) ThrottleNext(op string, after time.Duration) {
	seconds := int(after / time.Second)
	s.AnswerNext(op, http.StatusTooManyRequests, http.Header{
		"Content-Type": {"application/json"}, "Retry-After": {strconv.Itoa(seconds)},
	}, `{"error":"Rate limit reached, please try your request again later.","status":429}`)
}

// HTMLNext answers the next call of op with a page in place of any effect, as a proxy in front of the platform does.
func (s *Server) HTMLNext(op string, status int) {
	s.AnswerNext(op, status, http.Header{"Content-Type": {"text/html; charset=UTF-8"}},
		"<html><body><h1>Be right back</h1><p>We are currently conducting some software upgrades.</p></body></html>")
}

// Bought is how many things of a kind have been created, those that are deleted by now included.
func (s *Server) Bought(kind vultr.StorageKind) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.Bought[kind]
}

// Reboots is how often an attachment or detachment with live=false has rebooted an instance.
func (s *Server) Reboots(instance string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reboots[instance]
}

// MostAtATime is the greatest number of requests that were being served at the same moment.
func (s *Server) MostAtATime() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

// Blocks are the volumes that exist, oldest first, seen or not.
func (s *Server) Blocks() []vultr.Block {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]vultr.Block, 0, len(s.state.Blocks))
	for _, b := range s.state.Blocks {
		out = append(out, vultr.Block{
			ID: vultr.BlockID(b.ID), Status: s.status(b.Created), Region: b.Region, SizeGB: b.SizeGB, Type: vultr.BlockType(b.Type), Label: b.Label,
			MountID: b.MountID, AttachedTo: vultr.InstanceID(b.attached(s.clock())), Created: b.Created,
		})
	}
	return out
}

// FileSystems are the file systems that exist, oldest first, seen or not.
func (s *Server) FileSystems() []vultr.FileSystem {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]vultr.FileSystem, 0, len(s.state.VFS))
	for _, f := range s.state.VFS {
		out = append(out, vultr.FileSystem{
			ID: vultr.FileSystemID(f.ID), Region: f.Region, Label: f.Label, Status: s.status(f.Created), SizeGB: f.SizeGB,
			DiskType: f.DiskType, Tags: slices.Clone(f.Tags), Created: f.Created,
		})
	}
	return out
}

// Count is how many things of a kind exist, seen or not.
func (s *Server) Count(kind vultr.StorageKind) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch kind {
	case vultr.KindBlock:
		return len(s.state.Blocks)
	case vultr.KindObject:
		return len(s.state.Objects)
	case vultr.KindFile:
		return len(s.state.VFS)
	case vultr.KindGateway:
		return len(s.state.Gateways)
	}
	return 0
}
