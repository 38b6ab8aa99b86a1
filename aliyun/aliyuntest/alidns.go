package aliyuntest

import (
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/kitroll/kitroll/aliyun"
)

// The actions of Alidns, for the methods of the Script and for [Server.FailNext].
const (
	DescribeDomainRecords    = "DescribeDomainRecords"
	DescribeDomainInfo       = "DescribeDomainInfo"
	DescribeSupportLines     = "DescribeSupportLines"
	DescribeDomainNs         = "DescribeDomainNs"
	DescribeDNSSLBSubDomains = "DescribeDNSSLBSubDomains"
	DescribeDomainDnssecInfo = "DescribeDomainDnssecInfo"
	SetDomainDnssecStatus    = "SetDomainDnssecStatus"
	AddDomainRecord          = "AddDomainRecord"
)

// defaultPage is what a caller gets who does not say how long a page shall be.
const defaultPage, maxPage = 20, 500

// gateway is a refusal with HTTP 400, which is how Alidns and Domain refuse.
func gateway(code, message string) *refusal { return &refusal{http.StatusBadRequest, code, message} }

// knownZone finds the zone of a call.
func (s *Server) knownZone(q params) (*Zone, *refusal) {
	if refused := q.missing("DomainName"); refused != nil {
		return nil, refused
	}
	z := s.zone(q.Get("DomainName"))
	if z == nil {
		return nil, gateway("InvalidDomainName.NoExist", "The specified domain name does not exist. Refresh the page and try again.")
	}
	return z, nil
}

// window reads PageNumber and PageSize.
func (q params) window() (page, size int, refused *refusal) {
	page, size = 1, defaultPage
	var err error
	if v := q.Get("PageNumber"); v != "" {
		if page, err = strconv.Atoi(v); err != nil || page < 1 {
			return 0, 0, gateway("InvalidPageNumber", "The specified PageNumber is invalid.")
		}
	}
	if v := q.Get("PageSize"); v != "" {
		if size, err = strconv.Atoi(v); err != nil || size < 1 || size > maxPage {
			return 0, 0, gateway("InvalidPageSize", "The specified PageSize is invalid: 1 to 500.")
		}
	}
	return page, size, nil
}

// cut is one page.
func cut[T any](all []T, page, size int) []T {
	from := min((page-1)*size, len(all))
	return all[from:min(from+size, len(all))]
}

// records is DescribeDomainRecords: newest first, so that all pages shift when a record comes. The name servers of the
// zone itself are not among them.
func (s *Server) records(q params) (map[string]any, *refusal) {
	z, refused := s.knownZone(q)
	if refused != nil {
		return nil, refused
	}
	page, size, refused := q.window()
	if refused != nil {
		return nil, refused
	}
	var found []aliyun.DNSRecord
	for _, r := range slices.Backward(z.Records) {
		apexNS := r.RR == "@" && strings.EqualFold(r.Type, "NS")
		if !apexNS && q.wants(r) {
			found = append(found, r)
		}
	}
	list := []map[string]any{}
	for _, r := range cut(found, page, size) {
		m := map[string]any{
			"DomainName": z.Domain, "RecordId": r.ID, "RR": r.RR, "Type": r.Type, "Value": r.Value, "TTL": r.TTL,
			"Line": r.Line, "Status": r.Status, "Locked": r.Locked, "LbaStatus": r.LbaStatus,
		}
		for name, there := range map[string]bool{"Priority": r.Type == "MX", "Weight": r.Weight > 0, "Remark": r.Remark != ""} {
			if there {
				m[name] = map[string]any{"Priority": r.Priority, "Weight": r.Weight, "Remark": r.Remark}[name]
			}
		}
		list = append(list, m)
	}
	return map[string]any{
		"TotalCount": len(found), "PageNumber": page, "PageSize": size, "DomainRecords": map[string]any{"Record": list},
	}, nil
}

// wants holds a record against the filters: names by a part of them, everything else exactly.
func (q params) wants(r aliyun.DNSRecord) bool {
	return strings.Contains(strings.ToLower(r.RR), strings.ToLower(q.Get("RRKeyWord"))) &&
		(q.Get("Type") == "" || strings.EqualFold(q.Get("Type"), r.Type)) &&
		(q.Get("Line") == "" || q.Get("Line") == r.Line) &&
		(q.Get("Status") == "" || strings.EqualFold(q.Get("Status"), r.Status))
}

func wireLines() map[string]any {
	var list []map[string]any
	for _, l := range recordLines() {
		list = append(list, map[string]any{"LineCode": l.Code, "LineName": l.Name, "LineDisplayName": l.Title, "FatherCode": l.Parent})
	}
	return map[string]any{"RecordLine": list}
}

// info is DescribeDomainInfo: details only for those who ask.
func (s *Server) info(q params) (map[string]any, *refusal) {
	z, refused := s.knownZone(q)
	if refused != nil {
		return nil, refused
	}
	a := map[string]any{
		"DomainName": z.Domain, "DomainId": "id-" + z.Domain, "VersionCode": z.Version, "VersionName": z.Version,
		"DnsServers": map[string]any{"DnsServer": z.NameServers}, "SubDomain": strings.Count(z.Domain, ".") > 1, "AliDomain": s.domain(z.Domain) != nil,
	}
	if q.Get("NeedDetailAttributes") == "true" {
		a["MinTtl"], a["RecordLines"] = z.MinTTL, wireLines()
		a["AvailableTtls"] = map[string]any{"AvailableTtl": []string{strconv.Itoa(int(z.MinTTL)), "3600", "86400"}}
	}
	return a, nil
}

func (s *Server) lines(params) (map[string]any, *refusal) {
	return map[string]any{"RecordLines": wireLines()}, nil
}

// delegation is DescribeDomainNs.
func (s *Server) delegation(q params) (map[string]any, *refusal) {
	z, refused := s.knownZone(q)
	if refused != nil {
		return nil, refused
	}
	now := z.NameServers
	if d := s.domain(z.Domain); d != nil {
		now = d.NameServers
	}
	all := true
	for _, n := range now {
		all = all && slices.Contains(z.NameServers, n)
	}
	return map[string]any{
		"AllAliDns": all, "DnsServers": map[string]any{"DnsServer": now}, "ExpectDnsServers": map[string]any{"ExpectDnsServer": z.NameServers},
	}, nil
}

// weights is DescribeDNSSLBSubDomains: names with two or more records of a type that can be weighted.
func (s *Server) weights(q params) (map[string]any, *refusal) {
	z, refused := s.knownZone(q)
	if refused != nil {
		return nil, refused
	}
	page, size, refused := q.window()
	if refused != nil {
		return nil, refused
	}
	type group struct{ rr, typ string }
	var order []group
	count, open := map[group]int{}, map[group]bool{}
	onLines := map[group][]map[string]any{}
	for _, r := range z.Records {
		if !slices.Contains([]string{"A", "AAAA", "CNAME"}, r.Type) {
			continue
		}
		g := group{r.RR, r.Type}
		if count[g]++; count[g] == 2 {
			order = append(order, g)
		}
		open[g] = open[g] || r.LbaStatus
		if !slices.ContainsFunc(onLines[g], func(m map[string]any) bool { return m["Line"] == r.Line }) {
			onLines[g] = append(onLines[g], map[string]any{"Line": r.Line, "Open": r.LbaStatus})
		}
	}
	list := []map[string]any{}
	for _, g := range cut(order, page, size) {
		name := g.rr + "." + z.Domain
		if g.rr == "@" {
			name = z.Domain
		}
		list = append(list, map[string]any{
			"SubDomain": name, "Type": g.typ, "Open": open[g], "RecordCount": count[g], "LineAlgorithms": map[string]any{"LineAlgorithm": onLines[g]},
		})
	}
	return map[string]any{"TotalCount": len(order), "PageNumber": page, "PageSize": size, "SlbSubDomains": map[string]any{"SlbSubDomain": list}}, nil
}

func (s *Server) dnssec(q params) (map[string]any, *refusal) {
	z, refused := s.knownZone(q)
	switch {
	case refused != nil:
		return nil, refused
	case !z.Signed:
		return map[string]any{"DomainName": z.Domain, "Status": "OFF"}, nil
	}
	return map[string]any{
		"DomainName": z.Domain, "Status": "ON", "KeyTag": strconv.Itoa(int(z.KeyTag)), "Algorithm": "13", "DigestType": "SHA256",
		"Digest": dsDigest(), "DsRecord": z.dsRecord(), "Flags": "257 (KSK)",
	}, nil
}

func (s *Server) setDNSSEC(q params) (map[string]any, *refusal) {
	z, refused := s.knownZone(q)
	if refused != nil {
		return nil, refused
	}
	switch q.Get("Status") {
	case "ON":
		z.Signed = true
	case "OFF":
		z.Signed = false
	default:
		return nil, gateway("InvalidStatus", "The specified Status is invalid.")
	}
	return nil, nil
}

var rrPattern = regexp.MustCompile(`^(@|\*|(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*)$`)

// add is AddDomainRecord. The codes of its refusals are those of the platform as far as they are known (unverified).
func (s *Server) add(q params) (map[string]any, *refusal) {
	z, refused := s.knownZone(q)
	if refused == nil {
		refused = q.missing("RR", "Type", "Value")
	}
	if refused != nil {
		return nil, refused
	}
	r := aliyun.DNSRecord{RR: q.Get("RR"), Type: q.Get("Type"), Value: q.Get("Value"), Line: q.Get("Line")}
	if refused := z.check(&r, q); refused != nil {
		return nil, refused
	}
	r = s.complete(r)
	z.Records = append(z.Records, r)
	return map[string]any{"RecordId": r.ID}, nil
}

// check is what a new record must be, beside what is there.
func (z *Zone) check(r *aliyun.DNSRecord, q params) *refusal {
	if r.Line == "" {
		r.Line = "default"
	}
	ttl, err := strconv.ParseUint(orElse(q.Get("TTL"), "600"), 10, 32)
	r.TTL = uint32(ttl)
	addr, addrErr := netip.ParseAddr(r.Value)
	switch {
	case !rrPattern.MatchString(r.RR):
		return gateway("SubDomainInvalid", "The specified RR is invalid.")
	case err != nil || r.TTL < z.MinTTL || r.TTL > 86400:
		return gateway("QuotaExceeded.TTL", "The TTL is out of the range of this edition.")
	case !slices.ContainsFunc(recordLines(), func(l aliyun.DNSLine) bool { return l.Code == r.Line }):
		return gateway("InvalidLine", "The specified line is not supported.")
	case !slices.Contains([]string{"A", "AAAA", "CNAME", "MX", "TXT", "NS", "SRV", "CAA", "REDIRECT_URL", "FORWARD_URL"}, r.Type):
		return gateway("InvalidType", "The specified type is not supported.")
	case r.Type == "A" && (addrErr != nil || !addr.Is4()), r.Type == "AAAA" && (addrErr != nil || !addr.Is6()):
		return gateway("DomainRecordValueInvalid", "The value does not fit the type.")
	case r.RR == "@" && (r.Type == "NS" || r.Type == "CNAME") && z.has("@", "MX"):
		return gateway("DomainRecordConflict", "The record conflicts with another.")
	}
	if r.Type == "MX" {
		if r.Priority, err = strconv.Atoi(q.Get("Priority")); err != nil || r.Priority < 1 || r.Priority > 50 {
			return gateway("InvalidPriority", "The priority of an MX record is 1 to 50.")
		}
	}
	for _, o := range z.Records {
		if !strings.EqualFold(o.RR, r.RR) || o.Line != r.Line || o.Disabled() {
			continue
		}
		switch {
		case o.Type == r.Type && strings.EqualFold(o.Value, r.Value):
			return gateway("DomainRecordDuplicate", "The DNS record already exists.")
		case (o.Type == "CNAME") != (r.Type == "CNAME"):
			return gateway("DomainRecordConflict", "The record conflicts with another.")
		}
	}
	return nil
}

func (z *Zone) has(rr, typ string) bool {
	return slices.ContainsFunc(z.Records, func(r aliyun.DNSRecord) bool { return r.RR == rr && r.Type == typ && !r.Disabled() })
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
