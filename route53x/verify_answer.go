package route53x

import (
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// answer is what a server says to a question, in a form in which answers are compared.
type answer struct {
	status   Status // "" = one that can be compared
	rcode    int
	values   []string // in the form of compareForm, a CNAME in place of another type with its type before it; sorted
	shown    []string // the same for people
	referral Name     // the delegation that the server refers to; "" where it answers itself
	glue     []string // of a referral, sorted
	ttl      uint32
	text     string // why it cannot be compared
}

// ok tells whether the answer can be compared. An RCODE such as REFUSED cannot.
func (a answer) ok() bool {
	return a.status == "" && (a.rcode == dns.RcodeSuccess || a.rcode == dns.RcodeNameError)
}

// silent tells that nothing came, or nothing that can be read.
func (a answer) silent() bool { return a.status == Timeout || a.status == Unusable }

func (a answer) data() bool { return len(a.values) > 0 }

// cname tells whether the answer is a CNAME in place of the type that was asked for.
func (a answer) cname() bool { return a.data() && strings.HasPrefix(a.values[0], cnameMark) }

// cnameMark is before a CNAME that stands for another type. No value begins so.
const cnameMark = "CNAME "

// same tells whether two answers that can be compared say the same. Glue counts where both are referrals.
func (a answer) same(b answer) bool {
	return a.rcode == b.rcode && slices.Equal(a.values, b.values) && a.referral == b.referral &&
		(a.glue == nil || b.glue == nil || slices.Equal(a.glue, b.glue))
}

// String is the answer for people.
func (a answer) String() string {
	switch {
	case a.status != "":
		return a.text
	case a.rcode != dns.RcodeSuccess:
		if s, ok := dns.RcodeToString[a.rcode]; ok {
			return s
		}
		return fmt.Sprintf("RCODE %d", a.rcode)
	case !a.data():
		return "NODATA"
	}
	out := strings.Join(a.shown, ", ")
	if a.referral != "" {
		out = "refers to " + out
	}
	if len(a.glue) > 0 {
		out += " (" + strings.Join(a.glue, ", ") + ")"
	}
	return out
}

// read makes an answer of a reply.
func (r reply) read(zone, name Name, t Type) answer {
	if r.msg == nil {
		return answer{status: r.status, text: r.text}
	}
	m := r.msg
	a := answer{rcode: m.Rcode}
	if !a.ok() {
		return a
	}
	var wrong error
	add := func(mark, value string) {
		a.values = append(a.values, mark+t.compareForm(value))
		a.shown = append(a.shown, mark+value)
	}
	for _, rr := range m.Answer {
		h := rr.Header()
		rt := Type(dns.TypeToString[h.Rrtype])
		if n, err := parseName(h.Name, 10); err != nil || n != name || rt != t && rt != CNAME || h.Class != dns.ClassINET {
			continue // what is behind a CNAME is asked on its own
		}
		value, err := renderData(rr)
		if err != nil {
			wrong = err
			continue
		}
		a.ttl = max(a.ttl, h.Ttl)
		if rt != t {
			add(cnameMark, value)
		} else {
			add("", value)
		}
	}
	if a.data() {
		a.rcode = dns.RcodeSuccess // with a CNAME it is about the target
	} else if m.Rcode == dns.RcodeSuccess {
		a.refer(m, zone, name, t)
	}
	switch {
	case wrong != nil:
		return answer{status: Unusable, text: "a record that cannot be read: " + wrong.Error()}
	case !m.Authoritative && a.glue == nil:
		return answer{status: NoAuth, text: "no authority: " + a.String()}
	}
	sortTogether(a.values, a.shown)
	return a
}

// refer reads a referral to a delegation below the zone; glue is not nil then.
func (a *answer) refer(m *dns.Msg, zone, name Name, t Type) {
	for _, rr := range m.Ns {
		ns, ok := rr.(*dns.NS)
		if !ok {
			continue
		}
		cut, err := parseName(ns.Hdr.Name, 10)
		host, err2 := parseName(ns.Ns, 10)
		if err != nil || err2 != nil || cut == zone || !cut.Within(zone) || !name.Within(cut) {
			continue
		}
		a.values = append(a.values, string(host))
		a.shown = append(a.shown, string(host))
		a.ttl = max(a.ttl, ns.Hdr.Ttl)
		a.glue = []string{}
		if a.referral = cut; t == NS && cut == name {
			a.referral = "" // who serves the child as well answers the same with authority
		}
	}
	if a.glue == nil {
		return
	}
	for _, rr := range m.Extra {
		host, err := parseName(rr.Header().Name, 10)
		if err != nil || !slices.Contains(a.values, string(host)) || !host.Within(zone) {
			continue
		}
		switch rr.(type) {
		case *dns.A, *dns.AAAA:
			if value, err := renderData(rr); err == nil {
				a.glue = append(a.glue, string(host)+" "+value)
			}
		}
	}
	slices.Sort(a.glue)
	a.glue = slices.Compact(a.glue)
}

// sortTogether sorts values, and shown in the same way.
func sortTogether(values, shown []string) {
	order := make([][2]string, len(values))
	for i := range values {
		order[i] = [2]string{values[i], shown[i]}
	}
	slices.SortFunc(order, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	for i := range order {
		values[i], shown[i] = order[i][0], order[i][1]
	}
}
