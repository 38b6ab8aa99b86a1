package aliyun

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/kitroll/kitroll/internal/pages"
)

// DNSZone is what Alidns says about a zone as a whole.
type DNSZone struct {
	Domain        string
	ID            string   // DomainId
	Punycode      string   // of a name in Chinese, else ""
	Version       string   // code of the edition of the product, such as "mianfei"
	VersionName   string   // its name, for people
	MinTTL        uint32   // seconds: no record may have less
	AvailableTTLs []uint32 // seconds; empty = not said
	NameServers   []string // that Aliyun answers the zone with, lower-case, without a final dot
	Lines         []DNSLine
	SubDomain     bool // the zone is a name below a domain that is hosted elsewhere
	Registered    bool // the domain was registered at Aliyun
}

// DNSLine is whom a record may be meant for: an operator, a region, a search engine's crawler.
type DNSLine struct {
	Code   string // "cn_unicom_hainan"; what stands in [DNSRecord].Line
	Name   string // 海南
	Title  string // 中国联通_海南
	Parent string // code of the line that this one is a part of, "" if that is not said
}

// Zone asks about a zone as a whole. Errors: fs.ErrNotExist when it is not in the account; else as [Client.Call] reports
// them.
//
// Source: DescribeDomainInfo, API Alidns 2015-01-09 (read 2026-11).
func (d *DNS) Zone(ctx context.Context, domain string) (DNSZone, error) {
	const op = "DescribeDomainInfo"
	if problems := domainProblems(domain); problems != nil {
		return DNSZone{}, badInput(DNSProduct, op, problems...)
	}
	var a struct {
		DomainName, PunyCode, VersionCode, VersionName string
		DomainID                                       text `json:"DomainId"`
		MinTTL                                         text `json:"MinTtl"`
		AvailableTtls                                  struct{ AvailableTtl []text }
		DNSServers                                     struct {
			DNSServer []string `json:"DnsServer"`
		} `json:"DnsServers"`
		RecordLines          wireLines
		SubDomain, AliDomain bool
	}
	if err := d.call(ctx, op, map[string]string{"DomainName": domain, "NeedDetailAttributes": "true"}, true, &a); err != nil {
		return DNSZone{}, err
	}
	z := DNSZone{
		Domain: a.DomainName, ID: string(a.DomainID), Punycode: a.PunyCode, Version: a.VersionCode, VersionName: a.VersionName,
		MinTTL: seconds(a.MinTTL), NameServers: hostNames(a.DNSServers.DNSServer), Lines: a.RecordLines.lines(),
		SubDomain: a.SubDomain, Registered: a.AliDomain,
	}
	for _, t := range a.AvailableTtls.AvailableTtl {
		if n := seconds(t); n > 0 {
			z.AvailableTTLs = append(z.AvailableTTLs, n)
		}
	}
	return z, nil
}

// seconds is 0 for what is no number of them.
func seconds(t text) uint32 {
	n, err := strconv.ParseUint(string(t), 10, 31)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// hostNames are in one spelling on all sides: lower-case, without a final dot.
func hostNames(names []string) []string {
	out := make([]string, 0, len(names))
	for _, n := range names {
		if n = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(n), ".")); n != "" {
			out = append(out, n)
		}
	}
	return out
}

type wireLines struct {
	RecordLine []struct{ LineCode, LineName, LineDisplayName, FatherCode string }
}

func (w wireLines) lines() []DNSLine {
	out := make([]DNSLine, 0, len(w.RecordLine))
	for _, l := range w.RecordLine {
		out = append(out, DNSLine{Code: l.LineCode, Name: l.LineName, Title: l.LineDisplayName, Parent: l.FatherCode})
	}
	return out
}

// Lines are the lines that records of the zone may have; "" is those that there are for any zone.
//
// Source: DescribeSupportLines, API Alidns 2015-01-09 (read 2026-11).
func (d *DNS) Lines(ctx context.Context, domain string) ([]DNSLine, error) {
	const op = "DescribeSupportLines"
	if problems := domainProblems(domain); domain != "" && problems != nil {
		return nil, badInput(DNSProduct, op, problems...)
	}
	var a struct{ RecordLines wireLines }
	if err := d.call(ctx, op, map[string]string{"DomainName": domain}, true, &a); err != nil {
		return nil, err
	}
	return a.RecordLines.lines(), nil
}

// DNSDelegation is where the world is sent for a zone, and where Aliyun would have it sent.
type DNSDelegation struct {
	NameServers []string // as the world sees them, lower-case, without a final dot
	Expected    []string // Aliyun's own for this zone
	All         bool     // all of NameServers are Aliyun's
}

// NameServers asks where the world is sent for a zone, as Aliyun's own look at it says. The name servers that the
// registry has are [Domains.Get]'s.
//
// Source: DescribeDomainNs, API Alidns 2015-01-09 (read 2026-11).
func (d *DNS) NameServers(ctx context.Context, domain string) (DNSDelegation, error) {
	const op = "DescribeDomainNs"
	if problems := domainProblems(domain); problems != nil {
		return DNSDelegation{}, badInput(DNSProduct, op, problems...)
	}
	var a struct {
		AllAliDNS  bool `json:"AllAliDns"`
		DNSServers struct {
			DNSServer []string `json:"DnsServer"`
		} `json:"DnsServers"`
		ExpectDNSServers struct {
			ExpectDNSServer []string `json:"ExpectDnsServer"`
		} `json:"ExpectDnsServers"`
	}
	if err := d.call(ctx, op, map[string]string{"DomainName": domain}, true, &a); err != nil {
		return DNSDelegation{}, err
	}
	return DNSDelegation{
		NameServers: hostNames(a.DNSServers.DNSServer), Expected: hostNames(a.ExpectDNSServers.ExpectDNSServer), All: a.AllAliDNS,
	}, nil
}

// DNSWeights is a name whose records can be weighted.
type DNSWeights struct {
	Name    string   // the full name, "www.example.com"
	Type    string   // A, AAAA or CNAME
	Open    bool     // they are
	Records int      // how many there are
	Lines   []string // the lines on which they are weighted; empty = not said
}

const weightsPage = 100 // a page of DescribeDNSSLBSubDomains

// Weights are the names of a zone that have several records of a type, and whether these are weighted. What each weighs is
// [DNSRecord].Weight.
//
// Source: DescribeDNSSLBSubDomains, API Alidns 2015-01-09 (read 2026-11).
func (d *DNS) Weights(ctx context.Context, domain string) iter.Seq2[DNSWeights, error] {
	const op = "DescribeDNSSLBSubDomains"
	return func(yield func(DNSWeights, error) bool) {
		if problems := domainProblems(domain); problems != nil {
			yield(DNSWeights{}, badInput(DNSProduct, op, problems...))
			return
		}
		all := pages.All(ctx, 1, func(ctx context.Context, page int) (pages.Page[DNSWeights, int], error) {
			var a struct {
				TotalCount    int
				SlbSubDomains struct {
					SlbSubDomain []struct {
						SubDomain, Type string
						Open            bool
						RecordCount     int
						LineAlgorithms  struct {
							LineAlgorithm []struct {
								Line string
								Open bool
							}
						}
					}
				}
			}
			err := d.call(ctx, op, map[string]string{
				"DomainName": domain, "PageNumber": strconv.Itoa(page), "PageSize": strconv.Itoa(weightsPage),
			}, true, &a)
			if err != nil {
				return pages.Page[DNSWeights, int]{}, err
			}
			p := pages.Page[DNSWeights, int]{Next: page + 1}
			for _, s := range a.SlbSubDomains.SlbSubDomain {
				w := DNSWeights{Name: strings.ToLower(s.SubDomain), Type: s.Type, Open: s.Open, Records: s.RecordCount}
				for _, l := range s.LineAlgorithms.LineAlgorithm {
					if l.Open {
						w.Lines = append(w.Lines, l.Line)
					}
				}
				p.Items = append(p.Items, w)
			}
			p.More = len(p.Items) > 0 && page*weightsPage < a.TotalCount
			return p, nil
		})
		for w, err := range all {
			if !yield(w, err) {
				return
			}
		}
	}
}

// DNSSEC is whether Aliyun signs a zone, and with what.
type DNSSEC struct {
	On     bool
	Status string // as the platform wrote it: "ON", "OFF"
	KeyTag uint16 // 0 = not signed, or not said
	DS     string // the record that belongs to the registry, in one line as in a zone file; "" if not signed
}

// DNSSEC asks whether a zone is signed. The DS at the registry is another thing: [Domains.DSRecords].
//
// Source: DescribeDomainDnssecInfo, API Alidns 2015-01-09 (read 2026-11).
func (d *DNS) DNSSEC(ctx context.Context, domain string) (DNSSEC, error) {
	const op = "DescribeDomainDnssecInfo"
	if problems := domainProblems(domain); problems != nil {
		return DNSSEC{}, badInput(DNSProduct, op, problems...)
	}
	var a struct {
		Status   string
		KeyTag   text
		DsRecord string
	}
	if err := d.call(ctx, op, map[string]string{"DomainName": domain}, true, &a); err != nil {
		return DNSSEC{}, err
	}
	switch strings.ToUpper(a.Status) {
	case "ON", "OFF":
	default:
		return DNSSEC{}, &Error{Product: DNSProduct, Op: op, Sent: true, Message: fmt.Sprintf("the status is neither ON nor OFF but %q", shown(a.Status))}
	}
	tag, err := strconv.ParseUint(string(a.KeyTag), 10, 16)
	if err != nil {
		tag = 0
	}
	return DNSSEC{On: strings.EqualFold(a.Status, "ON"), Status: a.Status, KeyTag: uint16(tag), DS: a.DsRecord}, nil
}

// SetDNSSEC begins or ends the signing of a zone. Take the DS away from the registry, and wait out its TTL, before the
// signing ends: in between the zone does not resolve for those who check signatures.
//
// Source: SetDomainDnssecStatus, API Alidns 2015-01-09 (read 2026-11; that it takes ON and OFF is unverified).
func (d *DNS) SetDNSSEC(ctx context.Context, domain string, on bool) error {
	const op = "SetDomainDnssecStatus"
	if problems := domainProblems(domain); problems != nil {
		return badInput(DNSProduct, op, problems...)
	}
	status := "OFF"
	if on {
		status = "ON"
	}
	// Twice is the same as once.
	return d.call(ctx, op, map[string]string{"DomainName": domain, "Status": status}, true, &json.RawMessage{})
}

// zoneOf finds the zone of the account that a full name is in: the longest that is there.
func (d *DNS) zoneOf(ctx context.Context, name string) (zone, rr string, err error) {
	labels := strings.Split(name, ".")
	for i := range len(labels) - 1 {
		z, err := d.Zone(ctx, strings.Join(labels[i:], "."))
		switch {
		case err == nil:
			zone := z.Domain
			if zone == "" {
				zone = strings.Join(labels[i:], ".")
			}
			if i == 0 {
				return zone, "@", nil
			}
			return zone, strings.Join(slices.Clone(labels[:i]), "."), nil
		case !isNotThere(err) && !isOddName(err):
			return "", "", err
		}
	}
	e := &Error{Product: DNSProduct, Op: "DescribeDomainInfo", Sent: true, Message: "no zone of this account has the name " + name}
	e.setKinds(notThere().kinds)
	e.advise()
	return "", "", e
}

// isOddName: a name that cannot be a zone's, such as one with an underscore, may be refused as such.
func isOddName(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && strings.HasPrefix(e.Code, "InvalidDomainName")
}
