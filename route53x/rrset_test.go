package route53x_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
)

func simple(name route53x.Name, typ route53x.Type, ttl uint32, values ...string) route53x.RRSet {
	return route53x.RRSet{Name: name, Type: typ, TTL: ttl, Values: values}
}

func routed(id string, r route53x.Routing, values ...string) route53x.RRSet {
	return route53x.RRSet{Name: "r.example.com.", Type: route53x.A, SetIdentifier: id, TTL: 60, Values: values, Routing: r}
}

func alias(name, target route53x.Name) route53x.RRSet {
	return route53x.RRSet{Name: name, Type: route53x.A, Alias: &route53x.Alias{ZoneID: "ZTARGET", Target: target}}
}

// policies has each policy with all of its fields.
func policies() map[string]route53x.Routing {
	return map[string]route53x.Routing{
		"weighted":     route53x.Weighted{Weight: 255},
		"weight 0":     route53x.Weighted{},
		"latency":      route53x.Latency{Region: "eu-central-1"},
		"continent":    route53x.Geolocation{Continent: "EU"},
		"country":      route53x.Geolocation{Country: "*"},
		"state":        route53x.Geolocation{Country: "US", Subdivision: "CA"},
		"geoproximity": route53x.GeoProximity{Region: "us-east-1", Bias: -99},
		"coordinates":  route53x.GeoProximity{Latitude: "49.22", Longitude: "-74.01"},
		"local zone":   route53x.GeoProximity{LocalZoneGroup: "us-east-1-bue-1", Bias: 5},
		"failover":     route53x.Failover{Role: "PRIMARY"},
		"multivalue":   route53x.MultiValue{},
		"cidr":         route53x.CIDR{Collection: "c-1", Location: "*"},
		"policy":       route53x.TrafficPolicy{Instance: "t-1"},
	}
}

// Trap 13.
func TestRoutingSurvivesJSON(t *testing.T) {
	t.Parallel()
	for name, r := range policies() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := routed(`id "1"`, r, "192.0.2.1")
			set.HealthCheck = "hc"
			data, err := json.Marshal(set)
			require.NoError(t, err)
			var back route53x.RRSet
			require.NoError(t, json.Unmarshal(data, &back))
			assert.Equal(t, set, back)
			_, err = set.Canonical()
			require.NoError(t, err)
			other := set
			other.Routing = route53x.Weighted{Weight: 7}
			assert.False(t, set.SameContent(other))
		})
	}
	var set route53x.RRSet
	require.ErrorContains(t, json.Unmarshal([]byte(`{"name":"a.","type":"A","policy":"MOON","routing":{}}`), &set), "MOON")
}

func TestSetsThatRoute53Refuses(t *testing.T) {
	t.Parallel()
	both := alias("a.example.com.", "b.example.com.")
	both.Values = []string{"192.0.2.1"}
	noZone := alias("a.example.com.", "b.example.com.")
	noZone.Alias.ZoneID = ""
	unrouted := simple("a.example.com.", route53x.A, 1, "192.0.2.1")
	unrouted.SetIdentifier = "x"
	for wrong, set := range map[string]route53x.RRSet{
		"an alias has no values":     both,
		"in which hosted zone":       noZone,
		"neither values nor":         simple("a.example.com.", route53x.A, 1),
		"stands there twice":         simple("a.example.com.", route53x.TXT, 1, `"ab"`, `"a" "b"`),
		"a CNAME has one value":      simple("a.example.com.", route53x.CNAME, 1, "a.", "b."),
		"may not be a wildcard":      simple("*.example.com.", route53x.NS, 1, "a."),
		"needs a routing policy":     unrouted,
		"needs a set identifier":     routed("", route53x.MultiValue{}, "192.0.2.1"),
		"1 to 128":                   routed(strings.Repeat("x", 129), route53x.MultiValue{}, "192.0.2.1"),
		"weight 256":                 routed("x", route53x.Weighted{Weight: 256}, "192.0.2.1"),
		"continent or a country":     routed("x", route53x.Geolocation{}, "192.0.2.1"),
		"those of the US only":       routed("x", route53x.Geolocation{Country: "CA", Subdivision: "QC"}, "192.0.2.1"),
		"bias 100":                   routed("x", route53x.GeoProximity{Region: "r", Bias: 100}, "192.0.2.1"),
		"one of a region":            routed("x", route53x.GeoProximity{Latitude: "1"}, "192.0.2.1"),
		"neither PRIMARY":            routed("x", route53x.Failover{}, "192.0.2.1"),
		"region is empty":            routed("x", route53x.Latency{}, "192.0.2.1"),
		"location is empty":          routed("x", route53x.CIDR{Collection: "c"}, "192.0.2.1"),
		"more than 2147483647":       simple("a.example.com.", route53x.A, 1<<31, "192.0.2.1"),
		"Route 53 does not have it":  simple("a.example.com.", "LOC", 1, "x"),
		"not an address of that kin": simple("a.example.com.", route53x.A, 1, "x"),
	} {
		t.Run(wrong, func(t *testing.T) {
			t.Parallel()
			_, err := set.Canonical()
			require.ErrorContains(t, err, wrong)
		})
	}
}

func TestSameContent(t *testing.T) {
	t.Parallel()
	a := simple("a.example.com.", route53x.MX, 300, "10 A.example.com", "20 b.example.com.")
	b := simple("b.example.com.", route53x.MX, 300, "20 b.example.com.", "10 a.example.com.")
	assert.True(t, a.SameContent(b))
	assert.False(t, a.SameKey(b))
	b.TTL = 301
	assert.False(t, a.SameContent(b))
	x, y := alias("a.example.com.", "B.example.com"), alias("a.example.com.", "b.example.com.")
	y.TTL = 300 // an alias has none
	assert.True(t, x.SameContent(y))
	y.Alias.EvaluateTargetHealth = true
	assert.False(t, x.SameContent(y))
	bad := simple("a.", route53x.A, 1, "x")
	assert.True(t, bad.SameContent(bad))
	assert.False(t, bad.SameContent(simple("a.", route53x.A, 1, "y")))
}
