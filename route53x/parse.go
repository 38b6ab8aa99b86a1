package route53x

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// zoneParser turns entries into sets.
type zoneParser struct {
	opts         ParseOptions
	apex, origin Name
	owner        Name    // of the record before; "" when it was not readable
	defTTL       *uint32 // $TTL
	lastTTL      *uint32 // the last that a record had
	soaTTL       *uint32
	cloudflare   bool

	sets    []fileSet
	index   map[Key]int
	seen    map[seenValue]struct{}
	proxied []Key
	issues  []Issue
	records int
	bytes   int64
}

// fileSet is a set and where its first record stands.
type fileSet struct {
	RRSet
	at       token
	ttlNoted bool
}

type seenValue struct {
	Key
	value string
}

// record is one record with its header read.
type record struct {
	at      token
	owner   Name
	ttl     uint32
	typ     Type
	value   string
	alias   *Alias
	routing Routing
	id      string
	health  string
	proxied bool
}

func (p *zoneParser) issue(s Severity, t token, format string, args ...any) {
	p.issues = append(p.issues, Issue{Severity: s, Line: t.line, Col: t.col, Text: clip(t.text), Reason: fmt.Sprintf(format, args...)})
}

// entry takes one logical line. An error ends the reading.
func (p *zoneParser) entry(e *entry) error {
	if e.wrong != nil {
		p.issues = append(p.issues, *e.wrong)
		if len(e.tokens) > 0 && !e.blank {
			p.owner = "" // the lines that lean on this one must not lean on the one before
		}
		return nil
	}
	if !e.blank && strings.HasPrefix(e.tokens[0].text, "$") {
		return p.directive(e)
	}
	tokens := e.tokens
	if !e.blank {
		owner, err := p.absolute(tokens[0].text)
		if p.owner = owner; err != nil {
			p.issue(Wrong, tokens[0], "%v", err)
			return nil
		}
		tokens = tokens[1:]
	} else if p.owner == "" {
		p.issue(Wrong, tokens[0], "no owner: the line begins with a blank, and no good record is before it")
		return nil
	}
	return p.body(e, tokens)
}

// absolute reads a name that may lack the origin.
func (p *zoneParser) absolute(s string) (Name, error) {
	relative := s == "@" || !dns.IsFqdn(s)
	if relative && p.origin == "" {
		return "", errors.New("a relative name, and the last $ORIGIN was not readable")
	}
	if s == "@" {
		return p.origin, nil
	}
	if relative {
		if p.origin == "." {
			s += "."
		} else {
			s += "." + p.origin.ZoneFile()
		}
	}
	return parseName(s, 10)
}

// body reads what follows the owner: TTL and class in any order, type, data.
func (p *zoneParser) body(e *entry, tokens []token) error {
	rec := record{at: e.first(), owner: p.owner}
	var ttl *uint32
	class := ""
	for ; len(tokens) > 0; tokens = tokens[1:] {
		word := strings.ToUpper(tokens[0].text)
		if t, ok, err := parseTTL(word); ok && ttl == nil {
			if err != nil {
				p.issue(Wrong, tokens[0], "%v", err)
				return nil
			}
			ttl = &t
			continue
		}
		if class == "" && isClass(word) {
			class = word
			continue
		}
		break
	}
	if len(tokens) == 0 {
		p.issue(Wrong, e.tokens[len(e.tokens)-1], "the line ends before the type of the record")
		return nil
	}
	if class != "" && class != "IN" && class != "AWS" && class != "CLASS1" {
		p.issue(Unsupported, rec.at, "class %s: Route 53 has IN only", class)
		return nil
	}
	typeToken, data := tokens[0], tokens[1:]
	word := strings.ToUpper(typeToken.text)
	if class == "AWS" && word == "ALIAS" {
		if err := p.alias(&rec, data); err != nil {
			p.issue(Wrong, typeToken, "%v", err)
			return nil
		}
		return p.comment(e, rec)
	}
	t, reason := fileType(word)
	if reason != "" {
		severity := Unsupported
		if t == "" {
			severity = Wrong
		}
		p.issue(severity, typeToken, "%s", reason)
		return nil
	}
	if len(data) == 0 {
		p.issue(Wrong, typeToken, "the record has no data")
		return nil
	}
	value, err := p.data(t, data)
	if err != nil {
		p.issue(Wrong, culprit(err, data), "%s: %s", t, dataReason(err))
		return nil
	}
	rec.typ, rec.value = t, value
	if t == SOA {
		if n, err := strconv.ParseUint(value[strings.LastIndexByte(value, ' ')+1:], 10, 32); err == nil {
			p.soaTTL = new(uint32(n))
		}
	}
	switch {
	case ttl != nil:
		rec.ttl, p.lastTTL = *ttl, ttl
	case p.defTTL != nil:
		rec.ttl = *p.defTTL
	case p.lastTTL != nil:
		rec.ttl = *p.lastTTL
	case p.soaTTL != nil:
		rec.ttl = *p.soaTTL
	default:
		rec.ttl = p.opts.DefaultTTL
		p.issue(Note, rec.at, "no TTL, and none to inherit: %d", rec.ttl)
	}
	return p.comment(e, rec)
}

// data reads the data of a record.
func (p *zoneParser) data(t Type, tokens []token) (string, error) {
	words := make([]string, len(tokens))
	for i, tok := range tokens {
		words[i] = tok.text
	}
	text := strings.Join(words, " ")
	if (t == TXT || t == SPF) && words[0] != `\#` {
		strs, err := readStrings(text, 10)
		if err != nil {
			return "", err
		}
		return quoteStrings(strs), nil
	}
	rr, err := parseData(t, text, p.origin)
	if err != nil {
		return "", err
	}
	value, err := renderData(rr)
	if err != nil {
		return "", err
	}
	return t.CanonicalValue(value)
}

// alias reads "A target zone-id true".
func (p *zoneParser) alias(rec *record, data []token) error {
	if len(data) != 4 {
		return errors.New("an ALIAS has four fields: type, target, hosted zone ID, true or false")
	}
	rec.typ = Type(strings.ToUpper(data[0].text))
	if !rec.typ.Supported() || rec.typ == SOA {
		return fmt.Errorf("an ALIAS cannot be of type %s", data[0].text)
	}
	target, err := p.absolute(data[1].text)
	if err != nil {
		return err
	}
	health := strings.ToLower(data[3].text)
	if health != "true" && health != "false" {
		return fmt.Errorf("the last field of an ALIAS is true or false, not %q", data[3].text)
	}
	if !isZoneID(data[2].text) {
		return fmt.Errorf("%q is not the ID of a hosted zone", data[2].text)
	}
	rec.alias = &Alias{ZoneID: data[2].text, Target: target, EvaluateTargetHealth: health == "true"}
	return nil
}

// comment reads what Cloudflare and cli53 say behind a record.
func (p *zoneParser) comment(e *entry, rec record) error {
	if _, tags, ok := strings.Cut(e.comment, "cf_tags="); ok && !isAWSComment(e.comment) {
		p.cloudflare = true
		rec.proxied = strings.Contains(tags, "cf-proxied:true")
	}
	attrs, ok, err := awsComment(e.comment)
	if ok && err == nil {
		rec.routing, err = routingOf(attrs)
		rec.id, rec.health = attrs["identifier"], attrs["healthCheckId"]
		if rec.routing == nil && rec.id != "" && err == nil {
			err = errors.New("AWS comment: an identifier without a routing")
		}
		if _, traffic := rec.routing.(TrafficPolicy); rec.routing != nil && !traffic && err == nil && (rec.id == "" || len(rec.id) > 128) {
			err = errors.New("AWS comment: a routing without an identifier of 1 to 128 characters")
		}
	}
	if err != nil {
		p.issue(Wrong, rec.at, "%v", err)
		return nil
	}
	return p.add(rec)
}

// fileType finds a type. reason is why it cannot be used; t is "" when there is no such type.
func fileType(word string) (t Type, reason string) {
	if n, ok := strings.CutPrefix(word, "TYPE"); ok {
		if code, err := strconv.ParseUint(n, 10, 16); err == nil {
			if word, ok = dns.TypeToString[uint16(code)]; !ok {
				return "TYPE", fmt.Sprintf("type %s: Route 53 does not have it", n)
			}
		}
	}
	t = Type(word)
	switch _, known := dns.StringToType[word]; {
	case t.Supported():
		return t, ""
	case word == "ALIAS" || word == "ANAME":
		return t, "type " + word + " is an invention of providers: at Route 53 an alias does that, and needs the target's hosted zone"
	case known:
		return t, "type " + word + ": Route 53 does not have it"
	}
	return "", "neither a TTL, a class nor a type"
}

func isClass(word string) bool {
	switch word {
	case "IN", "CH", "HS", "CS", "ANY", "NONE", "AWS":
		return true
	}
	n, ok := strings.CutPrefix(word, "CLASS")
	_, err := strconv.ParseUint(n, 10, 16)
	return ok && err == nil
}

// parseTTL reads seconds, or numbers with BIND's units: "1H30M", in capitals. ok tells whether it means to be a TTL.
func parseTTL(word string) (ttl uint32, ok bool, err error) {
	if word == "" || word[0] < '0' || word[0] > '9' || strings.Trim(word, "0123456789WDHMS") != "" {
		return 0, false, nil
	}
	var total, n uint64
	digits := false
	for i := range len(word) {
		if c := word[i]; c >= '0' && c <= '9' {
			if n, digits = n*10+uint64(c-'0'), true; n > math.MaxUint32 {
				return 0, true, errors.New("TTL is more than 2147483647 seconds")
			}
			continue
		}
		if !digits {
			return 0, true, errors.New("TTL has two units in a row")
		}
		unit := map[byte]uint64{'W': 604800, 'D': 86400, 'H': 3600, 'M': 60, 'S': 1}[word[i]]
		total, n, digits = total+n*unit, 0, false
	}
	if total += n; total > math.MaxInt32 {
		return 0, true, errors.New("TTL is more than 2147483647 seconds")
	}
	return uint32(total), true, nil
}

var parserError = regexp.MustCompile(`^dns: (.*): (".*") at line: \d+:\d+$`)

// dataReason is what the parser of data says, without its own idea of where.
func dataReason(err error) string {
	if m := parserError.FindStringSubmatch(err.Error()); m != nil {
		return m[1]
	}
	return err.Error()
}

// culprit is the token that the parser of data names, or the first one.
func culprit(err error, data []token) token {
	if m := parserError.FindStringSubmatch(err.Error()); m != nil {
		if word, err := strconv.Unquote(m[2]); err == nil {
			for _, t := range data {
				if strings.Trim(t.text, `"`) == word {
					return t
				}
			}
		}
	}
	return data[0]
}
