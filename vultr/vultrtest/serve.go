package vultrtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/kitroll/kitroll/vultr"
)

// The operations, for the methods of the Script and for [Server.FailNext], as an *vultr.Error names them.
const (
	ListBlocks  = "list-blocks"
	CreateBlock = "create-block"
	GetBlock    = "get-block"
	UpdateBlock = "update-block"
	DeleteBlock = "delete-block"
	AttachBlock = "attach-block"
	DetachBlock = "detach-block"

	ListObjects    = "list-object-storage"
	CreateObject   = "create-object-storage"
	GetObject      = "get-object-storage"
	UpdateObject   = "update-object-storage"
	DeleteObject   = "delete-object-storage"
	RegenerateKeys = "regenerate-object-storage-keys"
	ListClusters   = "list-object-storage-clusters"
	ListTiers      = "list-object-storage-tiers"
	ClusterTiers   = "list-object-storage-cluster-tiers"
	ListBuckets    = "list-buckets"
	CreateBucket   = "create-bucket"
	DeleteBucket   = "delete-bucket"

	ListVFS         = "list-vfs"
	CreateVFS       = "create-vfs"
	GetVFS          = "get-vfs"
	UpdateVFS       = "update-vfs"
	DeleteVFS       = "delete-vfs"
	ListAttachments = "list-vfs-attachments"
	GetAttachment   = "get-vfs-attachment"
	AttachVFS       = "attach-vfs"
	DetachVFS       = "detach-vfs"

	ListGateways  = "list-storage-gateways"
	CreateGateway = "create-storage-gateway"
	GetGateway    = "get-storage-gateway"
	UpdateGateway = "update-storage-gateway"
	DeleteGateway = "delete-storage-gateway"
	AddExport     = "add-storage-gateway-export"
	DeleteExport  = "delete-storage-gateway-export"
)

// answer is a status and what is sent as JSON; nil = no body.
type answer struct {
	status int
	body   any
}

// refusal is an error of the platform.
type refusal struct {
	status  int
	message string
}

func (r refusal) Error() string { return r.message }

func bad(format string, args ...any) error {
	return refusal{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

func notFound(what string) error { return refusal{http.StatusNotFound, "Invalid " + what + "."} }

// request is a call that was let in.
type request struct {
	*http.Request

	body []byte
}

// decode reads the body into v. A field that the platform does not know is refused, so that a misspelled one does not go
// unnoticed; what the platform does is not documented.
func (r request) decode(v any) error {
	d := json.NewDecoder(bytes.NewReader(r.body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return bad("Invalid request body: %v", err)
	}
	return nil
}

type handler func(request) (answer, error)

func (s *Server) routes() {
	for _, r := range []struct {
		op, pattern string
		do          handler
	}{
		{ListBlocks, "GET /v2/blocks", s.listBlocks},
		{CreateBlock, "POST /v2/blocks", s.createBlock},
		{GetBlock, "GET /v2/blocks/{id}", s.getBlock},
		{UpdateBlock, "PATCH /v2/blocks/{id}", s.updateBlock},
		{DeleteBlock, "DELETE /v2/blocks/{id}", s.deleteBlock},
		{AttachBlock, "POST /v2/blocks/{id}/attach", s.attachBlock},
		{DetachBlock, "POST /v2/blocks/{id}/detach", s.detachBlock},

		{ListObjects, "GET /v2/object-storage", s.listObjects},
		{CreateObject, "POST /v2/object-storage", s.createObject},
		{ListClusters, "GET /v2/object-storage/clusters", s.listClusters},
		{ListTiers, "GET /v2/object-storage/tiers", s.listTiers},
		{ClusterTiers, "GET /v2/object-storage/clusters/{cluster}/tiers", s.listTiers},
		{GetObject, "GET /v2/object-storage/{id}", s.getObject},
		{UpdateObject, "PUT /v2/object-storage/{id}", s.updateObject},
		{DeleteObject, "DELETE /v2/object-storage/{id}", s.deleteObject},
		{RegenerateKeys, "POST /v2/object-storage/{id}/regenerate-keys", s.regenerateKeys},
		{ListBuckets, "GET /v2/object-storage/{id}/buckets", s.listBuckets},
		{CreateBucket, "POST /v2/object-storage/{id}/buckets", s.createBucket},
		{DeleteBucket, "DELETE /v2/object-storage/{id}/buckets/{name}", s.deleteBucket},

		{ListVFS, "GET /v2/vfs", s.listVFS},
		{CreateVFS, "POST /v2/vfs", s.createVFS},
		{GetVFS, "GET /v2/vfs/{id}", s.getVFS},
		{UpdateVFS, "PUT /v2/vfs/{id}", s.updateVFS},
		{DeleteVFS, "DELETE /v2/vfs/{id}", s.deleteVFS},
		{ListAttachments, "GET /v2/vfs/{id}/attachments", s.listAttachments},
		{GetAttachment, "GET /v2/vfs/{id}/attachments/{instance}", s.getAttachment},
		{AttachVFS, "PUT /v2/vfs/{id}/attachments/{instance}", s.attachVFS},
		{DetachVFS, "DELETE /v2/vfs/{id}/attachments/{instance}", s.detachVFS},

		{ListGateways, "GET /v2/storage-gateways", s.listGateways},
		{CreateGateway, "POST /v2/storage-gateways", s.createGateway},
		{GetGateway, "GET /v2/storage-gateways/{id}", s.getGateway},
		{UpdateGateway, "PUT /v2/storage-gateways/{id}", s.updateGateway},
		{DeleteGateway, "DELETE /v2/storage-gateways/{id}", s.deleteGateway},
		{AddExport, "POST /v2/storage-gateways/{id}/exports", s.addExport},
		{DeleteExport, "DELETE /v2/storage-gateways/{id}/exports/{export}", s.deleteExport},
	} {
		s.mux.HandleFunc(r.pattern, func(w http.ResponseWriter, req *http.Request) {
			s.enter()
			defer s.leave()
			s.Serve(w, req, r.op, func(w http.ResponseWriter, req *http.Request) { s.serve(w, req, r.op, r.do) })
		})
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.Serve(w, r, "unknown", func(w http.ResponseWriter, r *http.Request) {
			s.serve(w, r, "unknown", func(request) (answer, error) { return answer{}, notFound("API endpoint") })
		})
	})
}

func (s *Server) enter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now++
	s.most = max(s.most, s.now)
}

func (s *Server) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now--
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *Server) serve(w http.ResponseWriter, r *http.Request, op string, do handler) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock()
	w.Header().Set("Date", now.Format(http.TimeFormat))
	a, err := s.run(w, r, op, body, do, now)
	if err != nil {
		no := refusal{http.StatusInternalServerError, err.Error()}
		_ = errors.As(err, &no)
		a = answer{no.status, map[string]any{"error": no.message, "status": no.status}}
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	data, err := json.Marshal(a.body)
	if err != nil {
		panic(err) // maps of strings, numbers and slices: cannot be
	}
	w.Header().Set("Content-Type", s.opts.ContentType)
	w.WriteHeader(a.status)
	_, _ = w.Write(data)
}

// run lets a call in and has its effect. The lock is held.
func (s *Server) run(w http.ResponseWriter, r *http.Request, op string, body []byte, do handler, now time.Time) (answer, error) {
	s.recent = slices.DeleteFunc(s.recent, func(t time.Time) bool { return now.Sub(t) >= time.Second })
	if s.opts.PerSecond > 0 && len(s.recent) >= s.opts.PerSecond {
		w.Header().Set("Retry-After", "1")
		return answer{}, refusal{http.StatusTooManyRequests, "Rate limit reached, please try your request again later."}
	}
	s.recent = append(s.recent, now)
	if r.Header.Get("Authorization") != "Bearer "+s.opts.APIKey {
		return answer{}, refusal{http.StatusUnauthorized, "Invalid API token."}
	}
	if len(body) > 0 && r.Header.Get("Content-Type") != "application/json" {
		return answer{}, bad("Content-Type must be application/json.")
	}
	if due := s.fail[op]; len(due) > 0 {
		s.fail[op] = due[1:]
		return answer{}, due[0]
	}
	a, err := do(request{r, body})
	if err == nil && r.Method != http.MethodGet {
		s.save()
	}
	return a, err
}

// page is one page of a list: cursors are places in it, as opaque to the caller as the platform's.
func (s *Server) page(r request, key string, all []map[string]any) (answer, error) {
	per, from := 100, 0
	query := r.URL.Query()
	if v := query.Get("per_page"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 500 {
			return answer{}, bad("Invalid per_page, must be 1 to 500.")
		}
		per = n
	}
	if v := query.Get("cursor"); v != "" {
		if _, err := fmt.Sscanf(v, "bmV4dF9f%d", &from); err != nil || from < 0 || from > len(all) {
			return answer{}, bad("Invalid cursor.")
		}
	}
	to := min(from+per, len(all))
	next := ""
	if to < len(all) {
		next = fmt.Sprintf("bmV4dF9f%d", to)
	}
	if s.opts.RepeatCursor {
		next = "bmV4dF9f0"
	}
	items := all[from:to]
	if items == nil {
		items = []map[string]any{}
	}
	return answer{http.StatusOK, map[string]any{
		key: items, "meta": map[string]any{"total": len(all), "links": map[string]any{"next": next, "prev": ""}},
	}}, nil
}

func (s *Server) region(name string) error {
	if !slices.Contains(s.opts.Regions, name) {
		return bad("Invalid region.")
	}
	return nil
}

func (s *Server) instance(id string) (Instance, bool) {
	i := slices.IndexFunc(s.opts.Instances, func(i Instance) bool { return i.ID == id })
	if i < 0 {
		return Instance{}, false
	}
	return s.opts.Instances[i], true
}

// buy counts a creation.
func (s *Server) buy(kind vultr.StorageKind) { s.state.Bought[kind]++ }
