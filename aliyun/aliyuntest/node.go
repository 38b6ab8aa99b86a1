package aliyuntest

import (
	"bytes"
	"maps"
	"net/http"
	"strings"
	"sync"
)

// NodeOptions say what kind of node of the CDN it is. nil is one that passes OPTIONS on and has its headers on every
// answer; which of these a real node does is unverified.
type NodeOptions struct {
	RefuseOptions bool // OPTIONS is answered 403 by the node
	OnlyOn200     bool // the rules' headers are missing on 304 and on error pages
	NoCache       bool // every request goes to the origin
}

// Node is a node of the CDN in front of an origin: a handler that answers GET from its cache, which does not tell askers
// apart, and sets the headers of the domain's active rules, from top to bottom, merged with those of the origin. Rules
// that hang on a condition and those that rewrite are not run.
func (s *Server) Node(domain string, origin http.Handler, opts *NodeOptions) http.Handler {
	n := &node{srv: s, domain: domain, origin: origin, cache: map[string]*cachedAnswer{}}
	if opts != nil {
		n.opts = *opts
	}
	return n
}

type node struct {
	srv    *Server
	domain string
	origin http.Handler
	opts   NodeOptions

	mu    sync.Mutex
	cache map[string]*cachedAnswer
}

// cachedAnswer is what the origin said, and an http.ResponseWriter for it to say so.
type cachedAnswer struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (a *cachedAnswer) Header() http.Header { return a.header }

func (a *cachedAnswer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *cachedAnswer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

func (n *node) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodOptions && n.opts.RefuseOptions {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	a := n.answer(r)
	maps.Copy(w.Header(), a.header.Clone())
	status := a.status
	if tag := a.header.Get("Etag"); r.Method == http.MethodGet && status == http.StatusOK && tag != "" && r.Header.Get("If-None-Match") == tag {
		status = http.StatusNotModified
		w.Header().Del("Content-Length")
	}
	if status == http.StatusOK || !n.opts.OnlyOn200 {
		n.srv.setHeaders(n.domain, w.Header(), r.Header.Get("Origin"))
	}
	w.WriteHeader(status)
	if status != http.StatusNotModified {
		_, _ = w.Write(a.body.Bytes())
	}
}

// answer is the cached one, or the origin's.
func (n *node) answer(r *http.Request) *cachedAnswer {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := r.URL.RequestURI()
	if a := n.cache[key]; a != nil && r.Method == http.MethodGet && !n.opts.NoCache {
		return a
	}
	whole := r.Clone(r.Context())
	whole.Header.Del("If-None-Match")
	whole.Header.Del("If-Modified-Since")
	a := &cachedAnswer{header: http.Header{}}
	n.origin.ServeHTTP(a, whole)
	a.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet && a.status == http.StatusOK {
		n.cache[key] = a
	}
	return a
}

// setHeaders runs the rules.
func (s *Server) setHeaders(domain string, h http.Header, origin string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.cdn[domain].rules {
		if r.function != "set_resp_header" || !s.active(r) || r.parent != "" && r.parent != "-1" {
			continue
		}
		key, value := r.arg("key"), r.arg("value")
		switch op := r.arg("header_operation_type"); {
		case op == "delete", op == "add" && value == "null":
			h.Del(key)
		case op == "modify":
			if h.Get(key) != "" {
				h.Set(key, value)
			}
		case op != "add":
		case r.arg("access_origin_control") == "on":
			h.Del(key)
			if match := matchOrigin(value, origin); match != "" {
				h.Set(key, match)
			}
		case r.arg("duplicate") == "on":
			h.Add(key, value)
		default:
			h.Set(key, value)
		}
	}
}

// matchOrigin is what a node that checks the origin sends: the origin if the list has it, * if that is in the list.
func matchOrigin(list, origin string) string {
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimSpace(item)
		scheme, host, pattern := strings.Cut(item, "://*.")
		switch {
		case item == "*":
			return "*"
		case origin == "":
		case item == origin, pattern && strings.HasPrefix(origin, scheme+"://") && strings.HasSuffix(origin, "."+host):
			return origin
		}
	}
	return ""
}
