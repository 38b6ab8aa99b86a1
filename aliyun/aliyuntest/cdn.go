package aliyuntest

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/aliyun"
)

// cdnDomain is a domain that the CDN serves.
type cdnDomain struct {
	status string
	rules  []*cdnRule
}

// cdnRule is a function of a domain's configuration.
type cdnRule struct {
	id, parent, function string
	args                 []aliyuntestArg
	at                   time.Time
	looks                int // reads since it was written
	failed               bool
}

type aliyuntestArg struct {
	Name  string `json:"argName"`
	Value string `json:"argValue"`
}

func (r *cdnRule) arg(name string) string {
	for _, a := range r.args {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// AddCDNDomain adds a domain that is online.
func (s *Server) AddCDNDomain(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cdn[name] = &cdnDomain{status: "online"}
}

// SetCDNStatus changes what DescribeUserDomains says of a domain: while it is "configuring" its rules cannot be changed.
func (s *Server) SetCDNStatus(name, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cdn[name].status = status
}

// SetCDNRule writes a rule of any function behind the back of the caller, as a colleague in the console does, active at
// once, and returns its ID. args are names and values in turn.
func (s *Server) SetCDNRule(domain, function, parent string, args ...string) aliyun.ConfigID {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &cdnRule{id: s.newConfigID(), parent: parent, function: function, looks: 1}
	for pair := range slices.Chunk(args, 2) {
		r.args = append(r.args, aliyuntestArg{pair[0], pair[1]})
	}
	s.cdn[domain].rules = append(s.cdn[domain].rules, r)
	return aliyun.ConfigID(r.id)
}

// FailCDNRules makes the rules of a domain that are not active yet fail, as the platform's validation does.
func (s *Server) FailCDNRules(domain string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.cdn[domain].rules {
		r.failed = r.failed || !s.active(r)
	}
}

// CDNRules are the rules of a domain in their order, as "function key: value", with the ID.
func (s *Server) CDNRules(domain string) map[aliyun.ConfigID]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[aliyun.ConfigID]string{}
	for _, r := range s.cdn[domain].rules {
		out[aliyun.ConfigID(r.id)] = fmt.Sprintf("%s %s: %s", r.function, r.arg("key"), r.arg("value"))
	}
	return out
}

// newConfigID has 18 digits, more than a float64 keeps.
func (s *Server) newConfigID() string {
	s.configID++
	return strconv.FormatInt(220_000_000_000_000_001+int64(s.configID), 10)
}

// active tells whether the nodes have a rule: after CDNLag, and never before it was seen configuring once.
func (s *Server) active(r *cdnRule) bool {
	return !r.failed && r.looks > 0 && !s.opts.Now().Before(r.at.Add(s.opts.CDNLag))
}

// cdnRefusal is one of the CDN: they are HTTP 4xx. Their codes are unverified.
func cdnRefusal(status int, code, message string) *refusal { return &refusal{status, code, message} }

func (s *Server) cdnDomain(name string) (*cdnDomain, *refusal) {
	d, known := s.cdn[name]
	if !known {
		return nil, cdnRefusal(404, "InvalidDomain.NotFound", "The domain provided does not belong to you.")
	}
	return d, nil
}

// userDomains is DescribeUserDomains.
func (s *Server) userDomains(q params) (map[string]any, *refusal) {
	size, page := number(q, "PageSize", 20), number(q, "PageNumber", 1)
	if size < 1 || size > 500 || page < 1 || page > 100_000 {
		return nil, cdnRefusal(400, "InvalidParameter", "PageSize or PageNumber is out of range")
	}
	var list []map[string]any
	for _, name := range slices.Sorted(maps.Keys(s.cdn)) {
		d := s.cdn[name]
		if q.Get("DomainStatus") != "" && q.Get("DomainStatus") != d.status || !strings.Contains(name, q.Get("DomainName")) {
			continue
		}
		list = append(list, map[string]any{"DomainName": name, "Cname": name + ".w.kunlunsl.com", "DomainStatus": d.status, "CdnType": "web"})
	}
	from := min((page-1)*size, len(list))
	return map[string]any{"TotalCount": len(list), "Domains": map[string]any{"PageData": list[from:min(from+size, len(list))]}}, nil
}

func number(q params, name string, def int) int {
	if q.Get(name) == "" {
		return def
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil {
		return -1
	}
	return n
}

// cdnConfigs is DescribeCdnDomainConfigs: IDs are strings here, and the server has added defaults of its own.
func (s *Server) cdnConfigs(q params) (map[string]any, *refusal) {
	if refused := q.missing("DomainName"); refused != nil {
		return nil, refused
	}
	d, refused := s.cdnDomain(q.Get("DomainName"))
	if refused != nil {
		return nil, refused
	}
	functions := strings.Split(q.Get("FunctionNames"), ",")
	list := []map[string]any{}
	for _, r := range d.rules {
		if q.Get("FunctionNames") != "" && !slices.Contains(functions, r.function) || q.Get("ConfigId") != "" && q.Get("ConfigId") != r.id {
			continue
		}
		status := "configuring"
		switch {
		case r.failed:
			status = "failed"
		case s.active(r):
			status = "success"
		}
		r.looks++
		args := []map[string]any{{"ArgName": "match_all", "ArgValue": "off"}} // a default of the server's
		for _, a := range slices.Backward(r.args) {                           // in another order than they were sent
			args = append(args, map[string]any{"ArgName": a.Name, "ArgValue": a.Value})
		}
		item := map[string]any{"FunctionName": r.function, "ConfigId": r.id, "Status": status, "FunctionArgs": map[string]any{"FunctionArg": args}}
		if r.parent != "" {
			item["ParentId"] = r.parent
		}
		list = append(list, item)
	}
	return map[string]any{"DomainConfigs": map[string]any{"DomainConfig": list}}, nil
}

var cdnHeader = regexp.MustCompile(`^[A-Za-z0-9-]{1,100}$`)

// setCDNConfigs is BatchSetCdnDomainConfig: all of it or nothing. A function without configId is a new rule.
func (s *Server) setCDNConfigs(q params) (map[string]any, *refusal) {
	if refused := q.missing("DomainNames", "Functions"); refused != nil {
		return nil, refused
	}
	var functions []struct {
		FunctionName string          `json:"functionName"`
		ConfigID     json.Number     `json:"configId"`
		ParentID     string          `json:"parentId"`
		Args         []aliyuntestArg `json:"functionArgs"`
	}
	if err := json.Unmarshal([]byte(q.Get("Functions")), &functions); err != nil || len(functions) == 0 {
		return nil, cdnRefusal(400, "InvalidFunctions.Malformed", "The specified Functions is not valid JSON")
	}
	names := strings.Split(q.Get("DomainNames"), ",")
	if len(names) > 50 || len(functions) > 50 || len(names)*len(functions) > 50 {
		return nil, cdnRefusal(400, "InvalidParameter.TooMany", "domains multiplied by functions exceed 50")
	}
	var changes []func()
	var models []map[string]any
	for _, name := range names {
		d, refused := s.cdnDomain(name)
		switch {
		case refused != nil:
			return nil, refused
		case d.status == "configuring":
			return nil, cdnRefusal(400, "Domain.Configuring", "The domain is being configured")
		case d.status != "online":
			return nil, cdnRefusal(400, "InvalidDomain.Offline", "The domain is offline")
		}
		for _, f := range functions {
			r := &cdnRule{id: f.ConfigID.String(), parent: f.ParentID, function: f.FunctionName, args: f.Args, at: s.opts.Now()}
			if refused := r.check(); refused != nil {
				return nil, refused
			}
			if r.id == "" {
				r.id = s.newConfigID()
				changes = append(changes, func() { d.rules = append(d.rules, r) })
			} else {
				i := slices.IndexFunc(d.rules, func(old *cdnRule) bool { return old.id == r.id && old.function == r.function })
				if i < 0 {
					return nil, cdnRefusal(404, "InvalidConfigId.NotFound", "The config does not exist")
				}
				changes = append(changes, func() { d.rules[i] = r })
			}
			models = append(models, map[string]any{"DomainName": name, "FunctionName": r.function, "ConfigId": json.Number(r.id)})
		}
	}
	for _, change := range changes {
		change()
	}
	return map[string]any{"DomainConfigList": map[string]any{"DomainConfigModel": models}}, nil
}

// check is what the platform refuses of a response header; of other functions it only wants their name.
func (r *cdnRule) check() *refusal {
	malformed := func(what string) *refusal {
		return cdnRefusal(400, "InvalidArgValue.Malformed", "The argument is malformed: "+what)
	}
	if r.function != "set_resp_header" {
		if r.function == "" {
			return cdnRefusal(400, "InvalidFunctionName", "The function name is not valid")
		}
		return nil
	}
	op := r.arg("header_operation_type")
	switch {
	case !slices.Contains([]string{"add", "delete", "modify", "rewrite"}, op):
		return malformed("header_operation_type")
	case !cdnHeader.MatchString(r.arg("key")):
		return malformed("key")
	case op == "add" && r.arg("value") == "":
		return malformed("value")
	case op != "add" && r.arg("duplicate") != "", !slices.Contains([]string{"", "on", "off"}, r.arg("duplicate")):
		return malformed("duplicate")
	case r.arg("access_origin_control") != "" && (op != "add" || !strings.EqualFold(r.arg("key"), "Access-Control-Allow-Origin")):
		return malformed("access_origin_control")
	}
	return nil
}

// deleteCDNConfigs is DeleteSpecificConfig. An ID that is gone is no error.
func (s *Server) deleteCDNConfigs(q params) (map[string]any, *refusal) {
	if refused := q.missing("DomainName", "ConfigId"); refused != nil {
		return nil, refused
	}
	d, refused := s.cdnDomain(q.Get("DomainName"))
	if refused != nil {
		return nil, refused
	}
	ids := strings.Split(q.Get("ConfigId"), ",")
	d.rules = slices.DeleteFunc(d.rules, func(r *cdnRule) bool { return slices.Contains(ids, r.id) })
	return nil, nil
}
