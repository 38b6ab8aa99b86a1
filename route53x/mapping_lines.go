package route53x

import "strings"

// lineDefault is the line that answers everybody who is on no other.
const lineDefault = "default"

// lineKind is what Route 53 can make of a line.
type lineKind int

const (
	plainLine    lineKind = iota // default
	mainlandLine                 // internal
	abroadLine                   // oversea
	geoLine                      // a continent or country
	operatorLine                 // an operator: known by its networks only
	regionLine                   // a province or a part of the mainland, of an operator or of all
	crawlerLine                  // the crawlers of search engines
	cloudLine                    // the networks of Aliyun itself
	customLine                   // the account's own, and whatever is not known
)

// kindOfLine reads the code of a line (help.aliyun.com/document_detail/29807, read 2026-11; that a line named os_europe is
// os_euro is unverified).
func kindOfLine(line string) (lineKind, Geolocation) {
	switch line {
	case "", lineDefault:
		return plainLine, Geolocation{}
	case "internal":
		return mainlandLine, Geolocation{Country: "CN"}
	case "oversea":
		return abroadLine, Geolocation{Country: "*"}
	case "telecom", "unicom", "mobile", "edu", "drpeng", "btvn", "cstnet", "wasu", "wexchange", "founder", "topway_video", "ocn", "cnix", "bgctv":
		return operatorLine, Geolocation{}
	case "search", "baidu", "google", "biying", "youdao", "yahoo", "sogou":
		return crawlerLine, Geolocation{}
	case "aliyun":
		return cloudLine, Geolocation{}
	}
	switch {
	case strings.HasPrefix(line, "cn_"):
		return regionLine, Geolocation{}
	case strings.HasPrefix(line, "aliyun_"):
		return cloudLine, Geolocation{}
	case strings.HasPrefix(line, "os_"):
		if g, ok := placeOf(line[3:]); ok {
			return geoLine, g
		}
	}
	return customLine, Geolocation{}
}

// placeOf reads "asia" and "asia_sg".
func placeOf(s string) (Geolocation, bool) {
	continent, country, isCountry := strings.Cut(s, "_")
	code, known := map[string]string{
		"africa": "AF", "asia": "AS", "euro": "EU", "europe": "EU", "namerica": "NA", "samerica": "SA",
		"oceanica": "OC", "oceania": "OC", "antarctica": "AN",
	}[continent]
	switch {
	case !known:
		return Geolocation{}, false
	case !isCountry:
		return Geolocation{Continent: code}, true
	case len(country) != 2 || strings.Trim(country, "abcdefghijklmnopqrstuvwxyz") != "":
		return Geolocation{}, false
	case country == "uk":
		country = "gb"
	}
	return Geolocation{Country: strings.ToUpper(country)}, true
}

// lostLine is what becomes of a record on a line that Route 53 has nothing for.
func lostLine(line string, kind lineKind) (class MapClass, reason, proposal string) {
	switch kind {
	case operatorLine:
		return MapLossy, "line " + line + " is an operator's, and Route 53 knows none: its customers get what the default line has",
			"give the operator's networks (MapOptions.CIDR), or acknowledge"
	case regionLine:
		return MapUnmappable, "line " + line + " is a part of mainland China, and Route 53 knows parts of the US only",
			"acknowledge, and let the default line answer; or keep this name in a zone of its own at a provider that knows provinces"
	case crawlerLine:
		return MapUnmappable, "line " + line + " is of search engines, and Route 53 cannot tell crawlers", "acknowledge, and let the default line answer"
	case cloudLine:
		return MapUnmappable, "line " + line + " is of Aliyun's own networks, and Route 53 does not know them", "acknowledge, or give the networks (MapOptions.CIDR)"
	default:
		return MapUnmappable, "line " + line + " is the account's own, or not known", "give its networks (MapOptions.CIDR), or acknowledge"
	}
}
