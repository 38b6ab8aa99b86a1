package r2test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/internal/pipehttp"
)

// ControlPlane is Cloudflare's JSON API over the buckets of a [Server]: buckets, CORS rules, custom domains, the r2.dev address,
// lifecycle rules, bucket locks, event notification rules, metrics, zones and their cache, API tokens and temporary credentials. It
// refuses what the platform refuses, unknown fields too. What of it takes effect and what is only kept is in the comment of the
// package. Faults are told to it as to the server, with the operation in the words of package r2admin: "CreateBucket",
// "GetCORS", "ListZones".
//
// A custom domain serves the objects from when it was seen active; before, its host is not found (unverified: what the platform
// answers then). With [Options.StateFile] all that a bucket has outlives a restart. Zones, queues and fates do not, nor do buckets of
// other jurisdictions: whoever plays the platform says them again.
type ControlPlane struct {
	*fault.Script

	URL       string // base URL of the API, for clients made with Client
	AccountID string // that of the server's options
	Token     string // of the user, and what all calls here need: see Restrict

	srv  *Server
	pipe *pipehttp.Server

	mu        sync.Mutex
	elsewhere map[string]bool // buckets of other jurisdictions than the server's, by jurisdiction/bucket
	zones     []Zone
	fates     map[string]DomainFate
	calls     []ControlCall
	purged    []string

	held   *metricsJSON // nil = count
	queues []Queue
}

// ControlCall is a request as it arrived.
type ControlCall struct {
	Op, Method, Path, Query string
	Jurisdiction            string // the header cf-r2-jurisdiction; "" if it was missing
}

// settings is what a bucket has besides objects.
type settings struct {
	Location, Class, Created string
	CORS                     json.RawMessage          `json:",omitempty"` // nil = none
	CORSTold                 bool                     `json:",omitempty"` // CORS counts, and no longer the server's options
	Domains                  map[string]*customDomain `json:",omitempty"`
	DevURL                   bool                     `json:",omitempty"`
	Lifecycle                json.RawMessage          `json:",omitempty"` // nil = the rule that every bucket begins with
	Locks                    []lockRule               `json:",omitempty"`
	Events                   map[string][]eventRule   `json:",omitempty"` // by queue
}

// ControlPlane opens the JSON API of the account. Close ends it; the server is closed on its own.
func (s *Server) ControlPlane() *ControlPlane {
	cp := &ControlPlane{
		Script: &fault.Script{}, URL: "https://api.cloudflare.fake/client/v4", AccountID: s.opts.AccountID,
		Token: "cfut_" + strings.Repeat("c0ffee5a", 5), srv: s,
		elsewhere: map[string]bool{}, fates: map[string]DomainFate{},
	}
	cp.Restrict(groupAdminWrite, groupZoneRead, groupCachePurge, groupTokensWrite, groupUserWrite)
	cp.pipe = pipehttp.NewServer("api.cloudflare.fake", cp)
	return cp
}

// Close ends every connection.
func (cp *ControlPlane) Close() { cp.pipe.Close() }

// Client is an HTTP client whose every connection ends in the fake.
func (cp *ControlPlane) Client() *http.Client { return cp.pipe.HTTPSClient() }

// Requests is every request so far, in order.
func (cp *ControlPlane) Requests() []ControlCall {
	cp.mu.Lock()
	defer cp.mu.Unlock()
	return append([]ControlCall(nil), cp.calls...)
}

// apiCall is one request of the JSON API.
type apiCall struct {
	op, jurisdiction string
	bucket, rest     string // the bucket, and what is named below it
	owner            string // of tokens: "account" or "user"
	caller           *apiToken
	http             *http.Request
	body             []byte
}

// apiError is a refusal.
type apiError struct {
	status, code int
	msg          string
}

func apiRefuse(status, code int, msg string) *apiError { return &apiError{status, code, msg} }

// ServeHTTP answers the JSON API.
func (cp *ControlPlane) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cf-Ray", cp.srv.ray())
	c := &apiCall{http: r, jurisdiction: r.Header.Get("Cf-R2-Jurisdiction")}
	handle := cp.route(c)
	cp.mu.Lock()
	cp.calls = append(cp.calls, ControlCall{c.op, r.Method, r.URL.Path, r.URL.RawQuery, c.jurisdiction})
	cp.mu.Unlock()
	cp.Serve(w, r, c.op, func(w http.ResponseWriter, r *http.Request) {
		var err error
		if c.body, err = io.ReadAll(r.Body); err != nil {
			return
		}
		result, no := cp.answer(c, handle)
		type message struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		}
		out := struct {
			Success  bool      `json:"success"`
			Errors   []message `json:"errors"`
			Messages []string  `json:"messages"`
			Result   any       `json:"result"`
		}{no == nil, []message{}, []string{}, result}
		status := http.StatusOK
		if no != nil {
			status, out.Errors = no.status, append(out.Errors, message{no.code, no.msg})
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(out) // to a reader who may have gone
	})
}

type handler func(*apiCall) (any, *apiError)

// route finds what is asked for.
func (cp *ControlPlane) route(c *apiCall) handler {
	path, ok := strings.CutPrefix(c.http.URL.Path, "/client/v4/")
	method := c.http.Method
	c.op = "Unknown"
	if !ok {
		return nil
	}
	if path == "zones" && method == http.MethodGet {
		c.op = "ListZones"
		return cp.listZones
	}
	if rest, ok := strings.CutPrefix(path, "zones/"); ok && method == http.MethodPost {
		if zone, ok := strings.CutSuffix(rest, "/purge_cache"); ok {
			c.op, c.rest = "Purge", zone
			return cp.purge
		}
	}
	for _, more := range []func(*apiCall, string) handler{cp.routeAccount, cp.routeTokens, cp.routeTemp} {
		if do := more(c, path); do != nil {
			return do
		}
	}
	rest, ok := strings.CutPrefix(path, "accounts/"+cp.srv.opts.AccountID+"/r2/buckets")
	if !ok {
		return nil
	}
	parts := strings.SplitN(strings.TrimPrefix(rest, "/"), "/", 2)
	c.bucket = parts[0]
	kind := ""
	if len(parts) == 2 {
		kind = parts[1]
	}
	if domain, ok := strings.CutPrefix(kind, "domains/custom/"); ok {
		kind, c.rest = "domains/custom/*", domain
	}
	if c.bucket == "" {
		kind = "-"
	}
	found := map[string]struct {
		op string
		do handler
	}{
		"GET -": {"ListBuckets", cp.listBuckets}, "POST -": {"CreateBucket", cp.createBucket},
		"GET ": {"GetBucket", cp.getBucket}, "DELETE ": {"DeleteBucket", cp.deleteBucket},
		"GET cors": {"GetCORS", cp.getCORS}, "PUT cors": {"PutCORS", cp.putCORS}, "DELETE cors": {"DeleteCORS", cp.deleteCORS},
		"POST domains/custom": {"CreateDomain", cp.createDomain}, "GET domains/custom/*": {"GetDomain", cp.getDomain},
		"PUT domains/custom/*": {"UpdateDomain", cp.updateDomain}, "DELETE domains/custom/*": {"DeleteDomain", cp.deleteDomain},
		"GET lifecycle": {"GetLifecycle", cp.getLifecycle}, "PUT lifecycle": {"PutLifecycle", cp.putLifecycle},
		"PUT domains/managed": {"SetDevURL", cp.setDevURL},
		"GET lock":            {"GetLocks", cp.getLocks}, "PUT lock": {"PutLocks", cp.putLocks},
	}[method+" "+kind]
	if found.do != nil {
		c.op = found.op
	}
	return found.do
}

func (cp *ControlPlane) answer(c *apiCall, do handler) (any, *apiError) {
	cp.mu.Lock()
	defer cp.mu.Unlock()
	cp.srv.mu.Lock()
	defer cp.srv.mu.Unlock()
	var no *apiError
	if c.caller, no = cp.caller(c); no != nil {
		return nil, no
	}
	switch c.jurisdiction {
	case "", "default":
		c.jurisdiction = ""
	case "eu", "fedramp":
	default:
		return nil, apiRefuse(http.StatusBadRequest, 10021, "The jurisdiction is not valid.")
	}
	if do == nil {
		return nil, apiRefuse(http.StatusNotFound, 7000, "No route for that URI")
	}
	if !cp.authorized(c) {
		if c.owner != "" {
			return nil, apiRefuse(http.StatusForbidden, codeNotYours, "Unauthorized to access requested resource")
		}
		return nil, apiRefuse(http.StatusForbidden, 10000, "Authentication error")
	}
	if c.bucket != "" && !cp.exists(c.bucket, c.jurisdiction) {
		return nil, apiRefuse(http.StatusNotFound, 10006, "The specified bucket does not exist.")
	}
	result, no := do(c)
	// Looking at a domain changes it, too: its time goes by in looks.
	if changes := c.http.Method != http.MethodGet || c.op == "GetDomain"; no == nil && changes && cp.srv.save() != nil {
		return nil, apiRefuse(http.StatusInternalServerError, 10001, "We encountered an internal error.")
	}
	return result, no
}

// decode takes what the API documents and nothing else.
func (c *apiCall) decode(into any) *apiError {
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return apiRefuse(http.StatusBadRequest, 10040, "The JSON you provided was not well formed or did not validate against our published schema.")
	}
	return nil
}
