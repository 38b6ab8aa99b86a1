package route53x

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Routing is the routing policy of a record set: one of [Weighted], [Latency], [Geolocation], [GeoProximity],
// [Failover], [MultiValue], [CIDR] and [TrafficPolicy]. nil is a simple set. All can be compared with ==.
type Routing interface {
	policy() string // the word of JSON and of the AWS comments in zone files
	check() error
}

// Weighted answers in proportion to the weights of the sets of one name and type. A weight of 0 is never chosen while
// others are there.
type Weighted struct {
	Weight int64 `json:"weight"` // 0–255
}

// Latency answers with the Region that is nearest in time.
type Latency struct {
	Region string `json:"region"` // "eu-central-1"
}

// Geolocation answers by where the question comes from: a continent, a country, or a state of the US.
type Geolocation struct {
	Continent   string `json:"continent,omitempty"`   // "EU"; then nothing else
	Country     string `json:"country,omitempty"`     // "CN", or "*" for all others
	Subdivision string `json:"subdivision,omitempty"` // "CA"; the country is US then
}

// GeoProximity answers by distance, from one of a Region, a local zone group or coordinates.
type GeoProximity struct {
	Region         string `json:"region,omitempty"`
	LocalZoneGroup string `json:"localZoneGroup,omitempty"`
	Latitude       string `json:"latitude,omitempty"`
	Longitude      string `json:"longitude,omitempty"`
	Bias           int32  `json:"bias,omitempty"` // −99 to 99
}

// Failover answers with the primary set while it is healthy.
type Failover struct {
	Role string `json:"role"` // "PRIMARY" or "SECONDARY"
}

// MultiValue answers with up to eight healthy sets, each of one value.
type MultiValue struct{}

// CIDR answers by the network of the resolver or its client.
type CIDR struct {
	Collection string `json:"collection"`
	Location   string `json:"location"` // "*" for all others
}

// TrafficPolicy marks a set that an instance of a traffic policy made. This package never writes one: [Diff] leaves it
// alone and says so.
type TrafficPolicy struct {
	Instance string `json:"instance"`
}

func (Weighted) policy() string      { return "WEIGHTED" }
func (Latency) policy() string       { return "LATENCY" }
func (Geolocation) policy() string   { return "GEOLOCATION" }
func (GeoProximity) policy() string  { return "GEOPROXIMITY" }
func (Failover) policy() string      { return "FAILOVER" }
func (MultiValue) policy() string    { return "MULTIVALUE" }
func (CIDR) policy() string          { return "CIDR" }
func (TrafficPolicy) policy() string { return "TRAFFICPOLICY" }

func (r Weighted) check() error {
	if r.Weight < 0 || r.Weight > 255 {
		return fmt.Errorf("weight %d is not one of 0 to 255", r.Weight)
	}
	return nil
}

func (r Latency) check() error { return filled("region", r.Region) }

func (r Geolocation) check() error {
	switch {
	case (r.Continent == "") == (r.Country == ""):
		return fmt.Errorf("geolocation needs a continent or a country")
	case r.Subdivision != "" && r.Country != "US":
		return fmt.Errorf("subdivision %s: Route 53 has those of the US only", r.Subdivision)
	}
	return nil
}

func (r GeoProximity) check() error {
	n := 0
	for _, s := range []string{r.Region, r.LocalZoneGroup, r.Latitude + r.Longitude} {
		if s != "" {
			n++
		}
	}
	switch {
	case n != 1 || (r.Latitude == "") != (r.Longitude == ""):
		return fmt.Errorf("geoproximity needs one of a region, a local zone group and both coordinates")
	case r.Bias < -99 || r.Bias > 99:
		return fmt.Errorf("bias %d is not one of −99 to 99", r.Bias)
	}
	return nil
}

func (r Failover) check() error {
	if r.Role != "PRIMARY" && r.Role != "SECONDARY" {
		return fmt.Errorf("failover role %q is neither PRIMARY nor SECONDARY", r.Role)
	}
	return nil
}

func (MultiValue) check() error { return nil }

func (r CIDR) check() error {
	if err := filled("collection", r.Collection); err != nil {
		return err
	}
	return filled("location", r.Location)
}

func (r TrafficPolicy) check() error { return filled("instance", r.Instance) }

func filled(field, value string) error {
	if value == "" {
		return fmt.Errorf("%s is empty", field)
	}
	return nil
}

// decodeRouting reads the policy of that name from its JSON.
func decodeRouting(policy string, data []byte) (Routing, error) {
	switch strings.ToUpper(policy) {
	case "WEIGHTED":
		return decodeAs[Weighted](data)
	case "LATENCY":
		return decodeAs[Latency](data)
	case "GEOLOCATION":
		return decodeAs[Geolocation](data)
	case "GEOPROXIMITY":
		return decodeAs[GeoProximity](data)
	case "FAILOVER":
		return decodeAs[Failover](data)
	case "MULTIVALUE":
		return MultiValue{}, nil
	case "CIDR":
		return decodeAs[CIDR](data)
	case "TRAFFICPOLICY":
		return decodeAs[TrafficPolicy](data)
	}
	return nil, fmt.Errorf("routing policy %q is not known", policy)
}

func decodeAs[R Routing](data []byte) (Routing, error) {
	var r R
	err := json.Unmarshal(data, &r)
	return r, err
}
