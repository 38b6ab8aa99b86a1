package aliyuntest

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/aliyun"
)

// Zone is a zone as Alidns holds it.
type Zone struct {
	Domain      string             `json:"domain"`
	Records     []aliyun.DNSRecord `json:"records,omitempty"`     // oldest first; an ID, a line, a status and a TTL are given where there is none
	NameServers []string           `json:"nameServers,omitempty"` // nil = dns1.fake-alidns.com and dns2.fake-alidns.com
	MinTTL      uint32             `json:"minTtl,omitempty"`      // 0 = 600, that of the free edition
	Version     string             `json:"version,omitempty"`     // code of the edition; "" = "mianfei"
	Signed      bool               `json:"signed,omitempty"`      // DNSSEC is on
	KeyTag      uint16             `json:"keyTag,omitempty"`      // of its key; 0 = 2371

	// GoneAt is when the name servers stop to answer; zero = never. It is set some time after the domain has gone to
	// another registrar.
	GoneAt time.Time `json:"goneAt,omitzero"`
}

// The name servers and limits that a Zone has by default.
const (
	defaultMinTTL  = 600
	defaultVersion = "mianfei"
	defaultKeyTag  = 2371
)

func defaultNameServers() []string { return []string{"dns1.fake-alidns.com", "dns2.fake-alidns.com"} }

// AddZone adds a zone, or puts another in its place.
func (s *Server) AddZone(z Zone) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addZone(z)
	s.save()
}

func (s *Server) addZone(z Zone) {
	z.Domain = strings.ToLower(strings.TrimSuffix(z.Domain, "."))
	z.Records = slices.Clone(z.Records)
	z.NameServers = slices.Clone(z.NameServers)
	if len(z.NameServers) == 0 {
		z.NameServers = defaultNameServers()
	}
	if z.MinTTL == 0 {
		z.MinTTL = defaultMinTTL
	}
	if z.Version == "" {
		z.Version = defaultVersion
	}
	if z.KeyTag == 0 {
		z.KeyTag = defaultKeyTag
	}
	for i, r := range z.Records {
		z.Records[i] = s.complete(r)
	}
	s.state.Zones = slices.DeleteFunc(s.state.Zones, func(o *Zone) bool { return o.Domain == z.Domain })
	s.state.Zones = append(s.state.Zones, &z)
}

// complete gives a record what the platform gives it.
func (s *Server) complete(r aliyun.DNSRecord) aliyun.DNSRecord {
	if r.ID == "" {
		s.state.RecordSeq++
		r.ID = strconv.FormatInt(9_999_000_000_000_000+s.state.RecordSeq, 10)
	}
	if r.Line == "" {
		r.Line = "default"
	}
	if r.Status == "" {
		r.Status = "ENABLE"
	}
	if r.TTL == 0 {
		r.TTL = defaultMinTTL
	}
	return r
}

// PutRecord changes the record with this ID, or adds one, behind everybody's back, and returns its ID. It checks nothing:
// it is somebody at the console.
func (s *Server) PutRecord(domain string, r aliyun.DNSRecord) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.save()
	z := s.zone(domain)
	if z == nil {
		panic("aliyuntest: PutRecord: no zone " + domain)
	}
	for i, old := range z.Records {
		if r.ID != "" && old.ID == r.ID {
			z.Records[i] = s.complete(r)
			return r.ID
		}
	}
	r = s.complete(r)
	z.Records = append(z.Records, r)
	return r.ID
}

// RemoveRecord takes a record away, behind everybody's back. It reports whether it was there.
func (s *Server) RemoveRecord(domain, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.save()
	z := s.zone(domain)
	if z == nil {
		return false
	}
	n := len(z.Records)
	z.Records = slices.DeleteFunc(z.Records, func(r aliyun.DNSRecord) bool { return r.ID == id })
	return len(z.Records) < n
}

// Records are the records of a zone, oldest first; nil if there is no such zone.
func (s *Server) Records(domain string) []aliyun.DNSRecord {
	s.mu.Lock()
	defer s.mu.Unlock()
	if z := s.zone(domain); z != nil {
		return slices.Clone(z.Records)
	}
	return nil
}

func (s *Server) zone(domain string) *Zone {
	for _, z := range s.state.Zones {
		if strings.EqualFold(z.Domain, domain) {
			return z
		}
	}
	return nil
}

// recordLines are the lines that the fake's zones may have: some of each kind.
func recordLines() []aliyun.DNSLine {
	line := func(code, name, parent string) aliyun.DNSLine {
		return aliyun.DNSLine{Code: code, Name: name, Title: name, Parent: parent}
	}
	return []aliyun.DNSLine{
		line("default", "默认", ""), line("telecom", "中国电信", ""), line("unicom", "中国联通", ""), line("mobile", "中国移动", ""),
		line("edu", "中国教育网", ""), line("drpeng", "中国鹏博士", ""), line("btvn", "中国广电网", ""), line("oversea", "境外", ""),
		line("internal", "中国地区", ""), line("cn_region_beijing", "北京", "internal"), line("cn_telecom_beijing", "电信_北京", "telecom"),
		line("cn_unicom_hainan", "联通_海南", "unicom"), line("os_asia", "亚洲", "oversea"), line("os_asia_sg", "亚洲_新加坡", "os_asia"),
		line("os_namerica_us", "北美洲_美国", "oversea"), line("os_euro", "欧洲", "oversea"), line("os_euro_de", "欧洲_德国", "os_euro"),
		line("search", "搜索引擎", ""), line("baidu", "百度", "search"), line("google", "谷歌", "search"), line("aliyun", "阿里云", ""),
	}
}

// locate is whom the fake takes an address for, the most special line first: a few well-known networks of the mainland,
// one of a crawler, and everything else is abroad. [Options].Locate replaces it.
func locate(a netip.Addr) []string {
	for _, p := range []struct {
		prefix string
		lines  []string
	}{
		{"202.96.128.0/24", []string{"telecom", "internal"}},
		{"210.22.70.0/24", []string{"unicom", "internal"}},
		{"211.136.0.0/16", []string{"mobile", "internal"}},
		{"223.5.5.0/24", []string{"internal"}},
		{"114.114.114.0/24", []string{"internal"}},
		{"220.181.108.0/24", []string{"baidu", "search", "internal"}},
		{"8.8.8.0/24", []string{"os_namerica_us", "os_namerica", "oversea"}},
		{"203.116.1.0/24", []string{"os_asia_sg", "os_asia", "oversea"}},
	} {
		if netip.MustParsePrefix(p.prefix).Contains(a.Unmap()) {
			return p.lines
		}
	}
	if a.IsLoopback() || !a.IsValid() {
		return nil
	}
	return []string{"oversea"}
}

// zoneOf finds the longest zone that a name (lower-case, without a final dot) is in.
func (s *Server) zoneOf(name string) *Zone {
	var best *Zone
	for _, z := range s.state.Zones {
		if (name == z.Domain || strings.HasSuffix(name, "."+z.Domain)) && (best == nil || len(z.Domain) > len(best.Domain)) {
			best = z
		}
	}
	return best
}

// dsRecord is what the platform shows of a signed zone.
func (z *Zone) dsRecord() string {
	return fmt.Sprintf("%s. 3600 IN DS %d 13 2 %s", z.Domain, z.KeyTag, dsDigest())
}

func dsDigest() string { return "C1A0424B97A049F1F9B2EA139CC298533219668164E343BD21203ABC4608C02A" }
