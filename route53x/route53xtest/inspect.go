package route53xtest

import (
	"fmt"
	"slices"

	"github.com/kitroll/kitroll/route53x"
)

// Sets are the sets of a zone in the order of lists, as they were written. They are nil where there is no such zone.
func (s *Server) Sets(zoneID string) []route53x.RRSet {
	s.mu.Lock()
	defer s.mu.Unlock()
	z := s.zones[zoneID]
	if z == nil {
		return nil
	}
	out := make([]route53x.RRSet, 0, len(z.sets))
	for _, at := range z.inOrder() {
		out = append(out, fromWire(at.wireSet))
	}
	return out
}

// Edit changes a zone as somebody else would, all or nothing: by the same rules, with no token taken, nothing in the log
// and no fault. Sets of a traffic policy can be written too, as an instance would.
func (s *Server) Edit(zoneID string, ops ...route53x.Op) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	z := s.zones[zoneID]
	if z == nil {
		return fmt.Errorf("route53xtest: no zone %s", zoneID)
	}
	var changes []wireChange
	var instances []step
	for _, op := range ops {
		w := toWire(op.Set)
		if w.TrafficPolicyInstanceId != nil {
			instances = append(instances, step{keyOf(w), &set{wireSet: w}})
			continue
		}
		changes = append(changes, wireChange{op.Action, w})
	}
	steps, no := s.batch(z, changes)
	if no != nil {
		return fmt.Errorf("route53xtest: %s: %s", no.code, no.message)
	}
	s.commit(z, "", append(steps, instances...))
	return nil
}

// Requests are all calls that arrived and were not dropped, in their order.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// Done counts the calls of an action that were not refused; "" counts all.
func (s *Server) Done(action string) int {
	return s.count(func(r Request) bool { return r.Code == "" && (action == "" || r.Action == action) })
}

// Throttled counts the calls of an action that were refused for their rate; "" counts all.
func (s *Server) Throttled(action string) int {
	return s.count(func(r Request) bool { return r.Throttled && (action == "" || r.Action == action) })
}

func (s *Server) count(what func(Request) bool) (n int) {
	for _, r := range s.Requests() {
		if what(r) {
			n++
		}
	}
	return n
}

func fromWire(w wireSet) route53x.RRSet {
	out := route53x.RRSet{
		Name: route53x.Name(w.Name), Type: route53x.Type(w.Type), SetIdentifier: text(w.SetIdentifier), HealthCheck: text(w.HealthCheckId),
	}
	if w.TTL != nil {
		out.TTL = uint32(*w.TTL)
	}
	if w.ResourceRecords != nil {
		for _, r := range w.ResourceRecords.ResourceRecord {
			out.Values = append(out.Values, r.Value)
		}
	}
	if a := w.AliasTarget; a != nil {
		out.Alias = &route53x.Alias{ZoneID: a.HostedZoneId, Target: route53x.Name(a.DNSName), EvaluateTargetHealth: a.EvaluateTargetHealth}
	}
	switch {
	case w.TrafficPolicyInstanceId != nil:
		out.Routing = route53x.TrafficPolicy{Instance: *w.TrafficPolicyInstanceId}
	case w.Weight != nil:
		out.Routing = route53x.Weighted{Weight: *w.Weight}
	case w.Region != nil:
		out.Routing = route53x.Latency{Region: *w.Region}
	case w.GeoLocation != nil:
		out.Routing = route53x.Geolocation{
			Continent: text(w.GeoLocation.ContinentCode), Country: text(w.GeoLocation.CountryCode), Subdivision: text(w.GeoLocation.SubdivisionCode),
		}
	case w.Failover != nil:
		out.Routing = route53x.Failover{Role: *w.Failover}
	case policy(w) == "multivalue":
		out.Routing = route53x.MultiValue{}
	case w.CidrRoutingConfig != nil:
		out.Routing = route53x.CIDR{Collection: w.CidrRoutingConfig.CollectionId, Location: w.CidrRoutingConfig.LocationName}
	case w.GeoProximityLocation != nil:
		p := route53x.GeoProximity{Region: text(w.GeoProximityLocation.AWSRegion), LocalZoneGroup: text(w.GeoProximityLocation.LocalZoneGroup), Bias: bias(w)}
		if c := w.GeoProximityLocation.Coordinates; c != nil {
			p.Latitude, p.Longitude = c.Latitude, c.Longitude
		}
		out.Routing = p
	}
	return out
}

func toWire(in route53x.RRSet) wireSet {
	w := wireSet{Name: string(in.Name), Type: string(in.Type), SetIdentifier: some(in.SetIdentifier), HealthCheckId: some(in.HealthCheck)}
	if in.Alias != nil {
		w.AliasTarget = &wireAlias{in.Alias.ZoneID, string(in.Alias.Target), in.Alias.EvaluateTargetHealth}
	} else {
		w.TTL, w.ResourceRecords = new(int64(in.TTL)), &wireRecords{}
		for _, v := range in.Values {
			w.ResourceRecords.ResourceRecord = append(w.ResourceRecords.ResourceRecord, wireRecord{v})
		}
	}
	switch r := in.Routing.(type) {
	case route53x.TrafficPolicy:
		w.TrafficPolicyInstanceId = &r.Instance
	case route53x.Weighted:
		w.Weight = &r.Weight
	case route53x.Latency:
		w.Region = &r.Region
	case route53x.Geolocation:
		w.GeoLocation = &wireGeo{some(r.Continent), some(r.Country), some(r.Subdivision)}
	case route53x.Failover:
		w.Failover = &r.Role
	case route53x.MultiValue:
		w.MultiValueAnswer = new(true)
	case route53x.CIDR:
		w.CidrRoutingConfig = &wireCIDR{r.Collection, r.Location}
	case route53x.GeoProximity:
		w.GeoProximityLocation = &wireProximity{AWSRegion: some(r.Region), LocalZoneGroup: some(r.LocalZoneGroup), Bias: &r.Bias}
		if r.Latitude != "" {
			w.GeoProximityLocation.Coordinates = &wireCoordinates{r.Latitude, r.Longitude}
		}
	}
	return w
}

func some(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// InSync tells whether the name servers have all that the lists of a zone show.
func (s *Server) InSync(zoneID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	z := s.zones[zoneID]
	return z != nil && z.live != nil && !slices.ContainsFunc(s.pending, func(c *change) bool { return c.zone == z })
}
