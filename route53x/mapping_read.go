package route53x

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// mapper turns records into sets.
type mapper struct {
	apex    Name
	opts    MapOptions
	items   []MapItem
	members map[nameAndType][]member
	sets    []RRSet
	used    map[string]bool // lines that are answered by network
}

// member is a record in the group of its name and type.
type member struct {
	item     int
	line     string
	value    string // canonical; "" where there is an alias
	alias    *Alias
	ttl      uint32
	weight   int64
	weighted bool
}

// worsen lowers the class of an item, and says why.
func (m *mapper) worsen(i int, class MapClass, reason, proposal string) {
	it := &m.items[i]
	if classRank(class) > classRank(it.Class) {
		it.Class = class
	}
	for _, add := range []struct {
		to   *string
		text string
	}{{&it.Reason, reason}, {&it.Proposal, proposal}} {
		switch {
		case add.text == "" || strings.Contains(*add.to, add.text):
		case *add.to == "":
			*add.to = add.text
		default:
			*add.to += "; " + add.text
		}
	}
}

func classRank(c MapClass) int {
	return slices.Index([]MapClass{MapExact, MapEqual, MapLossy, MapSkipped, MapUnmappable}, c)
}

// errNoPriority, and other reasons why a record is not one.
var errNoPriority = errors.New("MX has no priority")

// gtmTarget are the names of Aliyun's traffic manager (unverified).
var gtmTarget = regexp.MustCompile(`(?i)(^|[.-])gtm[a-z0-9-]*\.(com|cn|net)\.?$`)

const defaultAliyunTTL = 600

// read takes one record: into a group, or into no set at all.
func (m *mapper) read(r AliyunRecord) {
	i := len(m.items)
	m.items = append(m.items, MapItem{Class: MapExact, Record: r})
	it := &m.items[i]
	typ := Type(strings.ToUpper(strings.TrimSpace(r.Type)))
	it.Key.Type = typ
	name, err := m.name(r.RR)
	if err != nil {
		m.worsen(i, MapUnmappable, err.Error(), "correct the name at Aliyun, or acknowledge")
		return
	}
	it.Key.Name = name
	apex := name == m.apex
	off := strings.ToLower(strings.TrimSpace(r.Status))
	switch {
	case r.Disabled():
		m.worsen(i, MapSkipped, "switched off", "")
		return
	case off != "" && off != "enable":
		m.worsen(i, MapUnmappable, fmt.Sprintf("status %q is neither Enable nor Disable", r.Status), "look at the record in the console")
		return
	case apex && (typ == NS || typ == SOA):
		m.worsen(i, MapSkipped, string(typ)+" of the apex: a zone at Route 53 has its own", "")
		return
	case apex && typ == DS:
		m.worsen(i, MapSkipped, "the DS of the zone itself belongs to the registrar", "")
		return
	case typ == "REDIRECT_URL" || typ == "FORWARD_URL":
		m.worsen(i, MapUnmappable, string(typ)+" is a web server of Aliyun's, and no DNS record",
			"an S3 website that redirects, or a CloudFront function, with an alias to it")
		return
	case typ == CNAME && (gtmTarget.MatchString(r.Value) || m.isGTM(name)), m.isGTM(name):
		m.worsen(i, MapUnmappable, "the name is answered by Aliyun's traffic manager, which checks health and chooses",
			"failover or weighted sets with health checks at Route 53")
		return
	case typ == SOA:
		m.worsen(i, MapUnmappable, "an SOA below the apex", "acknowledge")
		return
	case !typ.Supported():
		m.worsen(i, MapUnmappable, "type "+string(typ)+": Route 53 does not have it", "acknowledge, or find out what reads it")
		return
	case typ == NS && name.Wildcard():
		m.worsen(i, MapUnmappable, "an NS set may not be a wildcard", "acknowledge")
		return
	}
	value, note, err := aliyunValue(typ, r)
	if err != nil {
		m.worsen(i, MapUnmappable, err.Error(), "correct the value at Aliyun, or acknowledge")
		return
	}
	m.worsen(i, MapExact, note, "")
	g := member{item: i, line: cmp.Or(r.Line, lineDefault), value: value, ttl: r.TTL, weight: int64(r.Weight)}
	if g.ttl == 0 {
		g.ttl = defaultAliyunTTL
		m.worsen(i, MapExact, fmt.Sprintf("no TTL: %d", defaultAliyunTTL), "")
	}
	g.weighted = r.LbaStatus && (typ == A || typ == AAAA || typ == CNAME)
	m.members[nameAndType{name, typ}] = append(m.members[nameAndType{name, typ}], g)
}

func (m *mapper) isGTM(name Name) bool {
	return slices.ContainsFunc(m.opts.GTM, func(s string) bool {
		n, err := ParseName(s)
		return err == nil && n == name
	})
}

// name is the full name of a record. Aliyun's names may be in Chinese, Route 53's are in punycode.
func (m *mapper) name(rr string) (Name, error) {
	rr = strings.TrimSpace(rr)
	if rr == "" {
		return "", errors.New("the record has no name")
	}
	if rr == "@" {
		return m.apex, nil
	}
	ascii, err := idna.Punycode.ToASCII(rr)
	if err != nil {
		return "", fmt.Errorf("name %q: %w", rr, err)
	}
	if m.apex != "." {
		ascii += "." + string(m.apex)
	}
	return ParseName(ascii)
}

// aliyunValue is a value as Route 53 has it. Aliyun keeps hosts without a final dot, which are absolute nevertheless, and
// texts without quotes.
func aliyunValue(typ Type, r AliyunRecord) (value, note string, err error) {
	text := r.Value
	switch typ {
	case TXT, SPF:
		if quoted := strings.TrimSpace(text); len(quoted) >= 2 && quoted[0] == '"' && quoted[len(quoted)-1] == '"' {
			if strs, err := readStrings(quoted, 10); err == nil {
				return quoteStrings(strs), "the quotes of the text are taken for the borders of its strings", nil
			}
		}
		return QuoteTXT(text), "", nil
	case MX:
		if r.Priority < 1 || r.Priority > 65535 {
			return "", "", errNoPriority
		}
		text = strconv.Itoa(r.Priority) + " " + text
	}
	if typ == CNAME || typ == NS || typ == PTR || typ == MX {
		if text, err = idna.Punycode.ToASCII(strings.TrimSpace(text)); err != nil {
			return "", "", fmt.Errorf("value %q: %w", r.Value, err)
		}
	}
	if text, err = rebase(strings.TrimSpace(text), 10, 8); err != nil {
		return "", "", err
	}
	value, err = typ.CanonicalValue(text)
	return value, "", err
}

// identify gives every item the ID by which it is acknowledged: its name, type and line, and a fingerprint of its value.
func (m *mapper) identify() {
	seen := map[string]int{}
	for i := range m.items {
		it := &m.items[i]
		r := it.Record
		sum := sha256.Sum256([]byte(r.Value + "\x00" + strconv.Itoa(r.Priority)))
		id := strings.Join([]string{
			strings.ToLower(cmp.Or(r.RR, "?")), strings.ToUpper(r.Type), cmp.Or(r.Line, lineDefault), hex.EncodeToString(sum[:4]),
		}, "/")
		if seen[id]++; seen[id] > 1 {
			id += "#" + strconv.Itoa(seen[id])
		}
		it.ID = id
	}
}
