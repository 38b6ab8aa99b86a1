package route53xtest

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Request is one call as the server saw it.
type Request struct {
	At        time.Time // by the server's clock
	Action    string
	Zone      string // its ID, where the path has one
	Code      string // of the refusal; "" = it was done
	Comment   string // of a change
	Status    string // PENDING or INSYNC, as GetChange answered
	Changes   int    // how many record changes were in it
	Elements  int    // as the limit counts them
	Chars     int    // as the limit counts them
	Throttled bool
}

// refusal is an error answer.
type refusal struct {
	status        int
	code, message string
}

func refuse(status int, code, format string, args ...any) *refusal {
	return &refusal{status, code, fmt.Sprintf(format, args...)}
}

func invalidInput(format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, "InvalidInput", format, args...)
}

// call is one request on its way through the server.
type call struct {
	action string
	id     string // the last part of the path, if it has an ID
	kind   string // of a limit
	query  url.Values
	body   []byte
	http   *http.Request
	note   Request
}

// route finds the action of a path: what follows the version.
// Source: API Reference 2013-04-01 (read 2026-11).
func route(r *http.Request) call {
	c := call{http: r, query: r.URL.Query()}
	path, ok := strings.CutPrefix(r.URL.Path, "/2013-04-01/")
	if !ok {
		return c
	}
	parts := strings.Split(path, "/")
	if len(parts) > 1 {
		c.id = parts[1]
	}
	switch key := r.Method + " " + parts[0]; {
	case len(parts) == 1 && key == "POST hostedzone":
		c.action = CreateHostedZone
	case len(parts) == 1 && key == "GET hostedzonesbyname":
		c.action = ListHostedZonesByName
	case len(parts) == 2 && key == "GET hostedzone":
		c.action = GetHostedZone
	case len(parts) == 2 && key == "DELETE hostedzone":
		c.action = DeleteHostedZone
	case len(parts) == 2 && key == "GET change":
		c.action = GetChange
	case len(parts) == 3 && parts[2] == "rrset" && key == "GET hostedzone":
		c.action = ListResourceRecordSets
	case len(parts) == 3 && strings.TrimSuffix(parts[2], "/") == "rrset" && key == "POST hostedzone",
		len(parts) == 4 && parts[2] == "rrset" && parts[3] == "" && key == "POST hostedzone":
		c.action = ChangeResourceRecordSets
	case len(parts) == 3 && key == "GET hostedzonelimit":
		c.action, c.kind = GetHostedZoneLimit, parts[2]
	}
	return c
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := route(r)
	if c.action == "" {
		s.answer(w, &c, 0, nil, refuse(http.StatusNotFound, "UnknownOperationException", "the fake has no %s %s", r.Method, r.URL.Path))
		return
	}
	leave := s.enter(&c)
	defer leave()
	s.Serve(w, r, c.action, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 8<<20))
		if err != nil {
			return
		}
		c.body, c.http = body, r
		c.note = Request{At: s.clock.Now(), Action: c.action, Zone: c.id}
		status, doc, no := s.handle(&c)
		s.answer(w, &c, status, doc, no)
	})
}

// enter marks a zone as busy while a change of it is on its way, however long it takes.
func (s *Server) enter(c *call) (leave func()) {
	if c.action != ChangeResourceRecordSets {
		return func() {}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	z := s.zones[c.id]
	if z == nil {
		return func() {}
	}
	z.entered++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		z.entered--
	}
}

func (s *Server) handle(c *call) (status int, doc any, no *refusal) {
	if no := s.authenticate(c); no != nil {
		return 0, nil, no
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	if !s.take(c.action) {
		c.note.Throttled = true
		return 0, nil, throttled()
	}
	status = http.StatusOK
	switch c.action {
	case CreateHostedZone:
		doc, no = s.createZone(c)
		status = http.StatusCreated
	case ListHostedZonesByName:
		doc, no = s.listZones(c)
	case GetHostedZone:
		doc, no = s.getZone(c)
	case DeleteHostedZone:
		doc, no = s.deleteZone(c)
	case ListResourceRecordSets:
		doc, no = s.listSets(c)
	case ChangeResourceRecordSets:
		doc, no = s.changeSets(c)
	case GetChange:
		doc, no = s.getChange(c)
	case GetHostedZoneLimit:
		doc, no = s.zoneLimit(c)
	}
	return status, doc, no
}

func throttled() *refusal { return refuse(http.StatusBadRequest, "Throttling", "Rate exceeded") }

func (s *Server) answer(w http.ResponseWriter, c *call, status int, doc any, no *refusal) {
	s.mu.Lock()
	s.serial++
	requestID := fmt.Sprintf("00000000-0000-4000-8000-%012d", s.serial)
	if no != nil {
		c.note.Code = no.code
	}
	s.log = append(s.log, c.note)
	s.mu.Unlock()
	if no != nil {
		status, doc = no.status, errorResponse{XMLName: named("ErrorResponse"), Error: wireError{"Sender", no.code, no.message}, RequestId: requestID}
		if no.status >= http.StatusInternalServerError {
			doc = errorResponse{XMLName: named("ErrorResponse"), Error: wireError{"Receiver", no.code, no.message}, RequestId: requestID}
		}
	}
	out, err := xml.Marshal(doc)
	if err != nil {
		status, out = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("X-Amzn-Requestid", requestID)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, xml.Header)
	_, _ = w.Write(out) //nolint:gosec // XML that was marshalled, for a client of the API
}

// read decodes the body of a request, which has to be in the namespace of the API.
func read(c *call, doc any, root func() xml.Name) *refusal {
	if err := xml.Unmarshal(c.body, doc); err != nil { //nolint:gosec // into structs of strings and numbers, of a bounded body
		return refuse(http.StatusBadRequest, "MalformedInput", "The request body is not valid: %v", err)
	}
	if root().Space != namespace {
		return refuse(http.StatusBadRequest, "MalformedInput", "Unable to find xml namespace %s", namespace)
	}
	return nil
}
