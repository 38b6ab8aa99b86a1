package route53xtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/kitroll/kitroll/route53x"
)

const registrarTarget = "Route53Domains_v20140515."

// denial is an error of the API: its code, and for DuplicateRequest the operation that runs.
type denial struct {
	status        int
	code, message string
	requestID     string // the operation, not that of HTTP
}

func deny(code, format string, args ...any) *denial {
	return &denial{status: http.StatusBadRequest, code: code, message: fmt.Sprintf(format, args...)}
}

// ServeHTTP answers one call.
func (r *Registrar) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.Serve(w, req, strings.TrimPrefix(req.Header.Get("X-Amz-Target"), registrarTarget), r.serve)
}

func (r *Registrar) serve(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(io.LimitReader(req.Body, 1<<20))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.Sync()
	answer, no := r.run(req, body)
	r.Sync() // a call with hooks of its own
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	r.mu.Lock()
	r.serial++
	w.Header().Set("X-Amzn-Requestid", fmt.Sprintf("%08x-fa4e-4d00-8000-%012x", r.serial, r.serial*104729))
	r.mu.Unlock()
	if no != nil {
		fields := map[string]string{"__type": no.code, "message": no.message}
		if no.requestID != "" {
			fields["requestId"] = no.requestID
		}
		answer = fields
		w.WriteHeader(no.status)
	}
	data, err := json.Marshal(answer)
	if err != nil {
		panic(err) // structs of strings, numbers and slices: cannot be
	}
	_, _ = w.Write(data)
}

// run does what was asked for, with the lock held throughout.
func (r *Registrar) run(req *http.Request, body []byte) (any, *denial) {
	if no := r.authenticateCall(req, body); no != nil {
		return nil, no
	}
	action, ok := strings.CutPrefix(req.Header.Get("X-Amz-Target"), registrarTarget)
	do, known := registrarActions()[action]
	switch {
	case req.Method != http.MethodPost || req.URL.Path != "/" || req.URL.RawQuery != "":
		return nil, deny("UnknownOperationException", "want POST /")
	case !ok || !known:
		return nil, deny("UnknownOperationException", "The operation is not known to this fake.")
	case req.Header.Get("Content-Type") != "application/x-amz-json-1.1":
		return nil, deny("SerializationException", "want application/x-amz-json-1.1")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if queue := r.fail[action]; len(queue) > 0 {
		r.fail[action] = queue[1:]
		no := deny(queue[0], "The fake was told to answer this.")
		if queue[0] == "ServiceUnavailable" || queue[0] == "InternalFailure" {
			no.status = http.StatusInternalServerError
		}
		return nil, no
	}
	return do(r, body)
}

type registrarAction func(r *Registrar, body []byte) (any, *denial)

// action reads the input strictly: members that the API does not have are refused, as a typing error would be nowhere else.
func action[I any](do func(*Registrar, I) (any, *denial)) registrarAction {
	return func(r *Registrar, body []byte) (any, *denial) {
		var in I
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&in); err != nil {
			return nil, deny("SerializationException", "The input cannot be read as that of this action.")
		}
		return do(r, in)
	}
}

func registrarActions() map[string]registrarAction {
	return map[string]registrarAction{
		CheckDomainTransferability: action((*Registrar).checkTransferability), TransferDomain: action((*Registrar).transferDomain),
		GetOperationDetail: action((*Registrar).getOperation), ListOperations: action((*Registrar).listOperations),
		ResendOperationAuthorization: action((*Registrar).resend), GetDomainDetail: action((*Registrar).getDomain),
		UpdateDomainNameservers: action((*Registrar).updateNameservers), EnableDomainTransferLock: action((*Registrar).enableLock),
		DisableDomainTransferLock: action((*Registrar).disableLock), RetrieveDomainAuthCode: action((*Registrar).authCode),
		AssociateDelegationSignerToDomain: action((*Registrar).addSigner), DisassociateDelegationSignerFromDomain: action((*Registrar).removeSigner),
		ListPrices: action((*Registrar).listPrices),
	}
}

// epoch is a time in seconds, as AWS JSON has it; null for none.
type epoch time.Time

func (e epoch) MarshalJSON() ([]byte, error) {
	if t := time.Time(e); !t.IsZero() {
		return fmt.Appendf(nil, "%.3f", float64(t.UnixMilli())/1000), nil
	}
	return []byte("null"), nil
}

func (e *epoch) UnmarshalJSON(data []byte) error {
	var seconds float64
	if err := json.Unmarshal(data, &seconds); err != nil {
		return err
	}
	*e = epoch(time.UnixMilli(int64(seconds * 1000)))
	return nil
}

type wireNameserver struct {
	Name    string
	GlueIps []string `json:",omitempty"`
}

type wireContact struct {
	AddressLine1, AddressLine2, City, ContactType, CountryCode, Email, Fax, FirstName, LastName, OrganizationName,
	PhoneNumber, State, ZipCode string `json:",omitempty"`
	ExtraParams []wireParam `json:",omitempty"`
}

type wireParam struct{ Name, Value string }

func (c *wireContact) contact() route53x.Contact {
	if c == nil {
		return route53x.Contact{}
	}
	out := route53x.Contact{
		Type: route53x.ContactType(c.ContactType), FirstName: c.FirstName, LastName: c.LastName, Organization: c.OrganizationName,
		Email: c.Email, Phone: c.PhoneNumber, Fax: c.Fax, Address1: c.AddressLine1, Address2: c.AddressLine2, City: c.City,
		State: c.State, Zip: c.ZipCode, Country: c.CountryCode,
	}
	for _, p := range c.ExtraParams {
		if out.Extra == nil {
			out.Extra = map[string]string{}
		}
		out.Extra[p.Name] = p.Value
	}
	return out
}

func wireContactOf(c route53x.Contact) *wireContact {
	out := &wireContact{
		ContactType: string(c.Type), FirstName: c.FirstName, LastName: c.LastName, OrganizationName: c.Organization, Email: c.Email,
		PhoneNumber: c.Phone, Fax: c.Fax, AddressLine1: c.Address1, AddressLine2: c.Address2, City: c.City, State: c.State,
		ZipCode: c.Zip, CountryCode: c.Country,
	}
	for name, value := range c.Extra {
		out.ExtraParams = append(out.ExtraParams, wireParam{name, value})
	}
	return out
}

// readNameservers checks what registries ask for, on this side's own account.
func readNameservers(domain string, servers []wireNameserver) ([]route53x.Nameserver, *denial) {
	var out []route53x.Nameserver
	seen := map[string]bool{}
	for _, s := range servers {
		name := strings.ToLower(s.Name)
		inside := strings.HasSuffix(name, "."+domain)
		noHost := !strings.Contains(name, ".") || strings.HasSuffix(name, ".") || strings.ContainsAny(name, " _\\")
		if noHost || seen[name] || inside != (len(s.GlueIps) > 0) {
			return nil, deny("InvalidInput", "[Errors: [%s is not a valid name server.]]", s.Name)
		}
		seen[name] = true
		ns := route53x.Nameserver{Name: name}
		for _, ip := range s.GlueIps {
			a, err := netip.ParseAddr(ip)
			if err != nil {
				return nil, deny("InvalidInput", "[Errors: [%s is not an address.]]", ip)
			}
			ns.Glue = append(ns.Glue, a)
		}
		out = append(out, ns)
	}
	return out, nil
}

func wireNameservers(servers []route53x.Nameserver) []wireNameserver {
	out := []wireNameserver{}
	for _, s := range servers {
		w := wireNameserver{Name: s.Name}
		for _, a := range s.Glue {
			w.GlueIps = append(w.GlueIps, a.String())
		}
		out = append(out, w)
	}
	return out
}
