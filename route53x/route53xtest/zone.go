package route53xtest

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/route53x"
)

// zone is a hosted zone.
type zone struct {
	id, name, reference, comment string
	private                      bool
	vpcs                         []wireVPC
	servers                      []string
	sets                         map[key]*set // as lists show them
	live                         map[key]*set // as the name servers have them; nil before the zone is INSYNC
	order                        []*set       // of sets; nil after a change
	liveSince                    map[key]int  // the numbers of the changes that the name servers have
	seen                         *view        // of live; nil after a change
	number                       int          // of the last change: a later one is not undone by an earlier
	busyUntil                    time.Time
	entered                      int // changes that are on their way
}

// ZoneSpec is a zone that [Server.AddZone] makes.
type ZoneSpec struct {
	Name            string
	Private         bool
	CallerReference string // default: one of its own
	Comment         string
}

// AddZone makes a zone behind everybody's back, INSYNC at once and in no log, and returns its ID. It panics where the
// name is none.
func (s *Server) AddZone(spec ZoneSpec) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, err := normal(spec.Name)
	if err != nil {
		panic("route53xtest: " + err.Error())
	}
	z := s.newZone(name, cmp.Or(spec.CallerReference, fmt.Sprintf("added-%d", s.serial)))
	z.comment, z.private = spec.Comment, spec.Private
	if z.private {
		z.servers = nil
		z.vpcs = []wireVPC{{"us-east-1", "vpc-0fa4e0fa4e0fa4e01"}}
	}
	z.live, z.liveSince = maps.Clone(z.sets), map[key]int{}
	return z.id
}

// newZone makes a zone with its SOA and NS.
func (s *Server) newZone(name, reference string) *zone {
	s.serial++
	n := s.serial
	z := &zone{
		id: "Z" + pad(n, 20), name: name, reference: reference, sets: map[key]*set{},
		servers: []string{
			fmt.Sprintf("ns-%d.awsdns-%02d.com", n%512, n%64), fmt.Sprintf("ns-%d.awsdns-%02d.net", 512+n%512, (n+17)%64),
			fmt.Sprintf("ns-%d.awsdns-%02d.org", 1024+n%512, (n+31)%64), fmt.Sprintf("ns-%d.awsdns-%02d.co.uk", 1536+n%512, (n+47)%64),
		},
	}
	ns := make([]wireRecord, 0, 4)
	for _, host := range z.servers {
		ns = append(ns, wireRecord{host + "."})
	}
	soa := z.servers[0] + ". awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
	for _, w := range []wireSet{
		{Name: name, Type: "NS", TTL: new(int64(172800)), ResourceRecords: &wireRecords{ns}},
		{Name: name, Type: "SOA", TTL: new(int64(900)), ResourceRecords: &wireRecords{[]wireRecord{{soa}}}},
	} {
		z.sets[keyOf(w)] = &set{wireSet: w}
	}
	s.zones[z.id] = z
	s.references[reference] = z.id
	return z
}

func pad(n, width int) string {
	id := strings.ToUpper(strconv.FormatInt(int64(n), 36))
	return strings.Repeat("0", max(0, width-len(id))) + id
}

func (s *Server) find(id string) (*zone, *refusal) {
	if z := s.zones[id]; z != nil {
		return z, nil
	}
	return nil, refuse(http.StatusNotFound, "NoSuchHostedZone", "No hosted zone found with ID: %s", id)
}

func (z *zone) wire() wireZone {
	return wireZone{
		Id: "/hostedzone/" + z.id, Name: z.name, CallerReference: z.reference,
		Config: wireConfig{z.comment, z.private}, ResourceRecordSetCount: len(z.sets),
	}
}

func (z *zone) delegation() *wireDelegation {
	if z.private {
		return nil
	}
	var d wireDelegation
	d.NameServers.NameServer = z.servers
	return &d
}

func (s *Server) createZone(c *call) (any, *refusal) {
	var req createZoneRequest
	if no := read(c, &req, func() xml.Name { return req.XMLName }); no != nil {
		return nil, no
	}
	name, err := normal(req.Name)
	switch {
	case err != nil || strings.Count(name, ".") < 2:
		return nil, refuse(http.StatusBadRequest, "InvalidDomainName", "%s is not a valid domain name", req.Name)
	case req.CallerReference == "" || len(req.CallerReference) > 128:
		return nil, invalidInput("Value '%s' at 'callerReference' failed to satisfy constraint: Member must have length between 1 and 128", req.CallerReference)
	case s.references[req.CallerReference] != "":
		return nil, refuse(http.StatusConflict, "HostedZoneAlreadyExists", "A hosted zone has already been created with the specified caller reference.")
	case len(s.zones) >= s.opts.MaxZones:
		return nil, refuse(http.StatusBadRequest, "TooManyHostedZones", "Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more hosted zones.")
	case req.DelegationSetId != nil:
		return nil, refuse(http.StatusBadRequest, "NoSuchDelegationSet", "No delegation set found with ID: %s", *req.DelegationSetId)
	}
	same := 0
	for _, z := range s.zones {
		if z.name == name && !z.private {
			same++
		}
	}
	if same >= s.opts.MaxZonesPerName && req.VPC == nil {
		return nil, refuse(http.StatusBadRequest, "DelegationSetNotAvailable",
			"Amazon Route 53 does not have a delegation set available for %s", name)
	}
	z := s.newZone(name, req.CallerReference)
	if req.HostedZoneConfig != nil {
		z.comment = req.HostedZoneConfig.Comment
	}
	if req.VPC != nil {
		z.private, z.vpcs, z.servers = true, []wireVPC{*req.VPC}, nil
	}
	var made []step
	for k, v := range z.sets {
		made = append(made, step{k, v})
	}
	info := s.accept(z, "", made)
	return zoneResponse{
		XMLName: named("CreateHostedZoneResponse"), HostedZone: z.wire(), ChangeInfo: &info, DelegationSet: z.delegation(), VPC: req.VPC,
	}, nil
}

func (s *Server) getZone(c *call) (any, *refusal) {
	z, no := s.find(c.id)
	if no != nil {
		return nil, no
	}
	out := zoneResponse{XMLName: named("GetHostedZoneResponse"), HostedZone: z.wire(), DelegationSet: z.delegation()}
	if z.private {
		out.VPCs = &wireVPCs{z.vpcs}
	}
	return out, nil
}

func (s *Server) deleteZone(c *call) (any, *refusal) {
	z, no := s.find(c.id)
	if no != nil {
		return nil, no
	}
	if len(z.sets) > 2 {
		return nil, refuse(http.StatusBadRequest, "HostedZoneNotEmpty", "The specified hosted zone contains non-required resource record sets and so cannot be deleted.")
	}
	info := s.accept(z, "", nil)
	delete(s.zones, z.id)
	return changeResponse{named("DeleteHostedZoneResponse"), info}, nil
}

// listZones begins with the first zone whose name is not before the one that was asked for, whether that exists or not.
func (s *Server) listZones(c *call) (any, *refusal) {
	most, no := pageSize(c, s.opts.MaxZonePageSize)
	if no != nil {
		return nil, no
	}
	name, id := c.query.Get("dnsname"), c.query.Get("hostedzoneid")
	if id != "" && name == "" {
		return nil, invalidInput("hostedzoneid needs a dnsname")
	}
	all := make([]*zone, 0, len(s.zones))
	for _, z := range s.zones {
		all = append(all, z)
	}
	slices.SortFunc(all, func(a, b *zone) int {
		return cmp.Or(strings.Compare(reversed(a.name), reversed(b.name)), strings.Compare(a.id, b.id))
	})
	out := zonesResponse{XMLName: named("ListHostedZonesByNameResponse"), MaxItems: most}
	if name != "" {
		from, err := normal(name)
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "InvalidDomainName", "%v", err)
		}
		out.DNSName = &name
		all = slices.DeleteFunc(all, func(z *zone) bool {
			return cmp.Or(strings.Compare(reversed(z.name), reversed(from)), strings.Compare(z.id, id)) < 0
		})
	}
	for i, z := range all {
		if i == most {
			out.IsTruncated, out.NextDNSName, out.NextHostedZoneId = true, &z.name, &z.id
			break
		}
		out.HostedZones.HostedZone = append(out.HostedZones.HostedZone, z.wire())
	}
	return out, nil
}

func (s *Server) zoneLimit(c *call) (any, *refusal) {
	z, no := s.find(c.id)
	if no != nil {
		return nil, no
	}
	if c.kind != "MAX_RRSETS_BY_ZONE" {
		return nil, invalidInput("Value '%s' at 'type' is not a limit that the fake has", c.kind)
	}
	out := limitResponse{XMLName: named("GetHostedZoneLimitResponse"), Count: len(z.sets)}
	out.Limit.Type, out.Limit.Value = c.kind, s.opts.MaxSets
	return out, nil
}

// Zones are the IDs of all zones, in the order in which they were made.
func (s *Server) Zones() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for id := range s.zones {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Nameservers are the hosts of a public zone's delegation set, without final dot.
func (s *Server) Nameservers(zoneID string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if z := s.zones[zoneID]; z != nil {
		return slices.Clone(z.servers)
	}
	return nil
}

var _ route53x.Clock = (*Clock)(nil)
