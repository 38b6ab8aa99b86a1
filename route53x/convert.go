package route53x

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// fromSDK is a set as it was listed, to the letter; the IDs of zones without their prefix.
func fromSDK(in types.ResourceRecordSet) RRSet {
	s := RRSet{
		Name: Name(aws.ToString(in.Name)), Type: Type(in.Type), SetIdentifier: aws.ToString(in.SetIdentifier),
		HealthCheck: aws.ToString(in.HealthCheckId),
	}
	if in.TTL != nil {
		s.TTL = uint32(min(max(*in.TTL, 0), 1<<31-1))
	}
	for _, r := range in.ResourceRecords {
		s.Values = append(s.Values, aws.ToString(r.Value))
	}
	if a := in.AliasTarget; a != nil {
		s.Alias = &Alias{
			ZoneID: bareID(aws.ToString(a.HostedZoneId)), Target: Name(aws.ToString(a.DNSName)), EvaluateTargetHealth: a.EvaluateTargetHealth,
		}
	}
	s.Routing = policyOf(in)
	return s
}

func policyOf(in types.ResourceRecordSet) Routing {
	switch {
	case in.TrafficPolicyInstanceId != nil:
		return TrafficPolicy{*in.TrafficPolicyInstanceId}
	case in.Weight != nil:
		return Weighted{*in.Weight}
	case in.Region != "":
		return Latency{string(in.Region)}
	case in.GeoLocation != nil:
		g := in.GeoLocation
		return Geolocation{aws.ToString(g.ContinentCode), aws.ToString(g.CountryCode), aws.ToString(g.SubdivisionCode)}
	case in.Failover != "":
		return Failover{string(in.Failover)}
	case aws.ToBool(in.MultiValueAnswer):
		return MultiValue{}
	case in.CidrRoutingConfig != nil:
		return CIDR{aws.ToString(in.CidrRoutingConfig.CollectionId), aws.ToString(in.CidrRoutingConfig.LocationName)}
	case in.GeoProximityLocation != nil:
		g := in.GeoProximityLocation
		p := GeoProximity{Region: aws.ToString(g.AWSRegion), LocalZoneGroup: aws.ToString(g.LocalZoneGroup), Bias: aws.ToInt32(g.Bias)}
		if g.Coordinates != nil {
			p.Latitude, p.Longitude = aws.ToString(g.Coordinates.Latitude), aws.ToString(g.Coordinates.Longitude)
		}
		return p
	}
	return nil
}

// toSDK is a set as it is sent. self stands for the "$self" of cli53's files.
func toSDK(s RRSet, self string) *types.ResourceRecordSet {
	out := &types.ResourceRecordSet{
		Name: new(string(s.Name)), Type: types.RRType(s.Type), SetIdentifier: some(s.SetIdentifier), HealthCheckId: some(s.HealthCheck),
	}
	if s.Alias != nil {
		id := s.Alias.ZoneID
		if id == selfZone {
			id = self
		}
		out.AliasTarget = &types.AliasTarget{
			HostedZoneId: new(id), DNSName: new(string(s.Alias.Target)), EvaluateTargetHealth: s.Alias.EvaluateTargetHealth,
		}
	} else {
		out.TTL = new(int64(s.TTL))
		for _, v := range s.Values {
			out.ResourceRecords = append(out.ResourceRecords, types.ResourceRecord{Value: &v})
		}
	}
	switch r := s.Routing.(type) {
	case Weighted:
		out.Weight = &r.Weight
	case Latency:
		out.Region = types.ResourceRecordSetRegion(r.Region)
	case Geolocation:
		out.GeoLocation = &types.GeoLocation{ContinentCode: some(r.Continent), CountryCode: some(r.Country), SubdivisionCode: some(r.Subdivision)}
	case Failover:
		out.Failover = types.ResourceRecordSetFailover(r.Role)
	case MultiValue:
		out.MultiValueAnswer = new(true)
	case CIDR:
		out.CidrRoutingConfig = &types.CidrRoutingConfig{CollectionId: &r.Collection, LocationName: &r.Location}
	case GeoProximity:
		out.GeoProximityLocation = &types.GeoProximityLocation{AWSRegion: some(r.Region), LocalZoneGroup: some(r.LocalZoneGroup), Bias: &r.Bias}
		if r.Latitude != "" {
			out.GeoProximityLocation.Coordinates = &types.Coordinates{Latitude: &r.Latitude, Longitude: &r.Longitude}
		}
	}
	return out
}

// selfZone is cli53's word for the zone that a record is in.
const selfZone = "$self"

func some(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// bareID is an ID without "/hostedzone/" or "/change/".
func bareID(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }
