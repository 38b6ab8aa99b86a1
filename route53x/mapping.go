package route53x

import "strings"

// AliyunRecord is one record of a zone as Alidns, Aliyun's DNS, has it. Its fields are those of aliyun.DNSRecord, so that
// one converts to the other: route53x.AliyunRecord(r).
type AliyunRecord struct {
	ID        string `json:"id,omitempty"`        // the platform's own; "" where the record does not come from the API
	RR        string `json:"rr"`                  // the name without the zone's: "www", "@" for the zone itself, "*"
	Type      string `json:"type"`                // "A", "MX", …, and inventions such as "REDIRECT_URL"
	Value     string `json:"value"`               // host names without a final dot, texts without quotes
	TTL       uint32 `json:"ttl"`                 // seconds
	Priority  int    `json:"priority,omitempty"`  // of MX, 1 to 50
	Line      string `json:"line"`                // whom it answers: "default", "telecom", "oversea", …
	Status    string `json:"status"`              // "ENABLE" or "DISABLE", in whatever case
	Weight    int    `json:"weight,omitempty"`    // its share, 1 to 100, where LbaStatus is on
	LbaStatus bool   `json:"lbaStatus,omitempty"` // the records of this name, type and line are weighted
	Locked    bool   `json:"locked,omitempty"`    // cannot be changed
	Remark    string `json:"remark,omitempty"`
}

// Disabled reports whether the record is switched off, whatever the case of its status.
func (r AliyunRecord) Disabled() bool { return strings.EqualFold(r.Status, "disable") }

// MapClass says how much of a record survives the move to Route 53.
type MapClass string

// The classes, from the harmless to what nobody but a person can decide.
const (
	MapExact      MapClass = "exact"      // answers are the same
	MapEqual      MapClass = "equal"      // the same up to a database of where addresses are
	MapLossy      MapClass = "lossy"      // some would get another answer than before
	MapSkipped    MapClass = "skipped"    // left out on purpose: switched off, or Route 53 has its own
	MapUnmappable MapClass = "unmappable" // left out: Route 53 has nothing like it
)

// MapItem is what becomes of one record.
type MapItem struct {
	Class    MapClass     `json:"class"`
	ID       string       `json:"id"`  // by which it is acknowledged; made from what the record says, so a change makes another
	Key      Key          `json:"key"` // of the set that it would be in, without an identifier
	Record   AliyunRecord `json:"record"`
	Reason   string       `json:"reason,omitempty"`
	Proposal string       `json:"proposal,omitempty"` // what a person can do about it
}

// Mapping is a zone of Aliyun's as Route 53 can have it, and what became of each record.
type Mapping struct {
	Zone  Name      `json:"zone"`
	Sets  []RRSet   `json:"sets"`
	Items []MapItem `json:"items"` // one for each record, in the order of Route 53's lists

	// Locations are what the CIDR collection of [MapOptions] must have before the sets are created.
	Locations []CIDRLocation `json:"locations,omitempty"`
}
