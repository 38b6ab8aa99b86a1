package route53x

import (
	"fmt"
	"strconv"
	"strings"
)

// attr is one key and value of an AWS comment.
type attr struct{ key, value string }

// routingAttrs are the fields of a policy as the comments of cli53 have them, and in their manner those that it lacks.
func routingAttrs(r Routing) []attr {
	switch r := r.(type) {
	case Weighted:
		return []attr{{"weight", strconv.FormatInt(r.Weight, 10)}}
	case Latency:
		return []attr{{"region", r.Region}}
	case Geolocation:
		return []attr{{"countryCode", r.Country}, {"continentCode", r.Continent}, {"subdivisionCode", r.Subdivision}}
	case GeoProximity:
		return []attr{
			{"region", r.Region},
			{"localZoneGroup", r.LocalZoneGroup},
			{"latitude", r.Latitude},
			{"longitude", r.Longitude},
			{"bias", strconv.Itoa(int(r.Bias))},
		}
	case Failover:
		return []attr{{"failover", r.Role}}
	case CIDR:
		return []attr{{"collectionId", r.Collection}, {"locationName", r.Location}}
	case TrafficPolicy:
		return []attr{{"trafficPolicyInstanceId", r.Instance}}
	}
	return nil
}

// routingText is the attributes of a routed set: routing="WEIGHTED" weight=1 identifier="One".
func routingText(s RRSet) string {
	var out strings.Builder
	write := func(key, value string, number bool) {
		if value == "" {
			return
		}
		if out.Len() > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(key + "=")
		if number {
			out.WriteString(value)
		} else {
			out.WriteString(quoteAttr(value))
		}
	}
	if s.Routing != nil {
		write("routing", s.Routing.policy(), false)
		for _, a := range routingAttrs(s.Routing) {
			write(a.key, a.value, a.key == "weight" || a.key == "bias")
		}
	}
	write("healthCheckId", s.HealthCheck, false)
	write("identifier", s.SetIdentifier, false)
	return out.String()
}

// quoteAttr quotes with a backslash for quotes and itself, and decimal escapes for what does not fit into a line. Bytes
// beyond ASCII stay, since an identifier may be in any script.
func quoteAttr(s string) string {
	var out strings.Builder
	out.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			out.WriteByte('\\')
			out.WriteByte(c)
		case c < 0x20 || c == 0x7f:
			writeEscape(&out, c, 10)
		default:
			out.WriteByte(c)
		}
	}
	out.WriteByte('"')
	return out.String()
}

// isAWSComment tells attributes from prose that happens to begin with AWS.
func isAWSComment(comment string) bool {
	rest, ok := strings.CutPrefix(strings.TrimLeft(comment, "; \t"), "AWS ")
	return ok && (strings.Contains(rest, "routing=") || strings.Contains(rest, "identifier=") || strings.Contains(rest, "healthCheckId="))
}

// awsComment reads the attributes behind "; AWS ". ok is false for any other comment.
func awsComment(comment string) (attrs map[string]string, ok bool, err error) {
	if !isAWSComment(comment) {
		return nil, false, nil
	}
	rest := strings.TrimPrefix(strings.TrimLeft(comment, "; \t"), "AWS ")
	attrs = map[string]string{}
	for rest = strings.TrimLeft(rest, " \t"); rest != ""; rest = strings.TrimLeft(rest, " \t") {
		key, value, found := strings.Cut(rest, "=")
		if !found || key == "" || strings.ContainsAny(key, " \t\"") {
			return nil, true, fmt.Errorf("AWS comment: %q is not key=value", rest)
		}
		if _, twice := attrs[key]; twice {
			return nil, true, fmt.Errorf("AWS comment: %s stands there twice", key)
		}
		if !strings.HasPrefix(value, `"`) {
			end := strings.IndexAny(value+" ", " \t")
			attrs[key], rest = value[:end], value[end:]
			continue
		}
		var out strings.Builder
		for value = value[1:]; !strings.HasPrefix(value, `"`); {
			if value == "" {
				return nil, true, fmt.Errorf("AWS comment: the value of %s does not end", key)
			}
			c, n, err := readByte(value, 10)
			if err != nil {
				return nil, true, fmt.Errorf("AWS comment: %s: %w", key, err)
			}
			out.WriteByte(c)
			value = value[n:]
		}
		attrs[key], rest = out.String(), value[1:]
	}
	return attrs, true, nil
}

// routingOf makes a policy of the attributes.
func routingOf(attrs map[string]string) (Routing, error) {
	number := func(key string, bits int) (int64, error) {
		n, err := strconv.ParseInt(attrs[key], 10, bits)
		if err != nil {
			return 0, fmt.Errorf("AWS comment: %s %q is not a number", key, attrs[key])
		}
		return n, nil
	}
	var r Routing
	switch policy := strings.ToUpper(attrs["routing"]); policy {
	case "WEIGHTED":
		n, err := number("weight", 64)
		if err != nil {
			return nil, err
		}
		r = Weighted{n}
	case "LATENCY":
		r = Latency{attrs["region"]}
	case "GEOLOCATION":
		sub := attrs["subdivisionCode"]
		if sub == "" {
			sub = attrs["subdivisonCode"] // cli53 looks for it under this spelling
		}
		r = Geolocation{Continent: attrs["continentCode"], Country: attrs["countryCode"], Subdivision: sub}
	case "GEOPROXIMITY":
		p := GeoProximity{Region: attrs["region"], LocalZoneGroup: attrs["localZoneGroup"], Latitude: attrs["latitude"], Longitude: attrs["longitude"]}
		if attrs["bias"] != "" {
			n, err := number("bias", 32)
			if err != nil {
				return nil, err
			}
			p.Bias = int32(n)
		}
		r = p
	case "FAILOVER":
		r = Failover{attrs["failover"]}
	case "MULTIVALUE":
		r = MultiValue{}
	case "CIDR":
		r = CIDR{Collection: attrs["collectionId"], Location: attrs["locationName"]}
	case "TRAFFICPOLICY":
		r = TrafficPolicy{attrs["trafficPolicyInstanceId"]}
	case "":
		return nil, nil //nolint:nilnil // a simple set with a health check or nothing
	default:
		return nil, fmt.Errorf("AWS comment: routing %q is not known", policy)
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("AWS comment: %w", err)
	}
	return r, nil
}
