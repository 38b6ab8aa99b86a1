package aliyun

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/kitroll/kitroll/internal/secret"
)

// Limits of one SendSms (API dysmsapi 2017-05-25, read 2026-11; the length of parameters is unverified).
const (
	maxPhones         = 1000
	maxOutID          = 255
	defaultParamLimit = 35
)

// Message is one text for one or more phones. It prints without phones and values.
type Message struct {
	Phones   []string          // 1 to 1000, in any spelling that [NormalizePhone] reads; all of the mainland or all abroad
	Sign     string            // an approved sign, without 【】; "" = SMSOptions.Sign
	Template string            // "SMS_100000001"
	Params   map[string]string // the template's variables; strings only, as the platform wants them

	// Type says what the template is for, zero: not said. With Code the values are checked as codes, with Intl the
	// phones must be abroad, with Notice and Promo and Code they must not. A loaded template knows better.
	Type TemplateType

	OutID      string // an ID of your own, below 256 characters, echoed in details and receipts; "" = a fresh one
	ExtendCode string // digits added to the number that phones see as sender; rarely open to an account
}

// checked is a message as it goes onto the wire.
type checked struct {
	phones []Phone
	params string // JSON, "" = none
	kind   TemplateType
}

// wire are the phones as the platform writes them.
func (c checked) wire() string {
	all := make([]string, len(c.phones))
	for i, p := range c.phones {
		all[i] = p.digits
	}
	return strings.Join(all, ",")
}

// check reports every problem at once.
func (m Message) check(limit *int, template Template, known bool) (checked, error) {
	if known && template.Status != TemplateApproved {
		return checked{}, &Error{
			Kind: ErrConfig, Product: SMSProduct, Op: sendOp, Hint: templateHint, HintZH: templateHintZH,
			Message: strings.TrimRight(fmt.Sprintf("Template %s is %s %s", m.Template, template.Status, template.RejectInfo), " "),
		}
	}
	kind := m.Type
	if known && template.Type != 0 {
		kind = template.Type
	}
	phones, problems := m.checkPhones(kind)
	say := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	switch {
	case m.Sign == "":
		say("Sign is empty")
	case strings.ContainsAny(m.Sign, "【】[]"):
		say("Sign must be without its brackets: the platform adds them")
	}
	if m.Template == "" || strings.ContainsAny(m.Template, " \t\r\n") {
		say("Template must be the code of a template, such as SMS_100000001")
	}
	if n := utf8.RuneCountInString(m.OutID); n > maxOutID {
		say("OutID has %d characters, at most %d are allowed", n, maxOutID)
	}
	if strings.ContainsFunc(m.ExtendCode, func(r rune) bool { return r < '0' || r > '9' }) {
		say("ExtendCode must be digits")
	}
	most := defaultParamLimit
	if limit != nil {
		most = *limit
	}
	for _, name := range slices.Sorted(maps.Keys(m.Params)) {
		if problem := checkValue(m.Params[name], most); problem != "" {
			say("Params[%s] %s", name, problem)
		}
	}
	switch {
	case known:
		template.Type = kind
		problems = append(problems, template.problems(m.Params)...)
	case kind == Code:
		for _, name := range slices.Sorted(maps.Keys(m.Params)) {
			if !codeValue.MatchString(m.Params[name]) {
				say("Params[%s] of a code template must be 4 to 6 letters or digits", name)
			}
		}
	}
	if len(problems) > 0 {
		return checked{}, inputError(sendOp, problems...)
	}
	return checked{phones, encodeParams(m.Params), kind}, nil
}

// checkPhones normalises the phones. Problems name the place, not the number.
func (m Message) checkPhones(kind TemplateType) (phones []Phone, problems []string) {
	say := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if n := len(m.Phones); n == 0 || n > maxPhones {
		say("Phones has %d numbers, must be 1 to %d", n, maxPhones)
	}
	if len(m.Phones) > maxPhones {
		return nil, problems
	}
	first := map[string]int{}
	mainland, abroad := -1, -1
	for i, raw := range m.Phones {
		p, err := NormalizePhone(raw)
		if err != nil {
			say("Phones[%d]: %v", i, err)
			continue
		}
		if j, twice := first[p.digits]; twice {
			say("Phones[%d] is the same number as Phones[%d]", i, j)
			continue
		}
		first[p.digits] = i
		phones = append(phones, p)
		if p.Mainland() {
			mainland = i
		} else {
			abroad = i
		}
		if p.looksMainland() && kind != Intl {
			say("Phones[%d] is North American and the platform would read it as a mainland mobile: only a template of Type Intl may be sent to it", i)
		}
	}
	switch {
	case mainland >= 0 && abroad >= 0:
		say("Phones[%d] is of the mainland and Phones[%d] is abroad: they need different templates, so different calls", mainland, abroad)
	case abroad >= 0 && kind != 0 && kind != Intl:
		say("Phones[%d] is abroad and the template (%s) is for the mainland", abroad, kind)
	case mainland >= 0 && kind == Intl:
		say("Phones[%d] is of the mainland and the template is international", mainland)
	}
	return phones, problems
}

// The shapes that the platform refuses as a URL. A bare name counts only under the endings that real words do not have:
// "Node.js" and "ASP.NET" may be sent.
var (
	urlPattern = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://|\bwww\.|` +
		`\b[a-z0-9-]+\.(?:com|cn|org|info|top|xyz|vip|cc|link|site|shop|club)\b|` +
		`\b[a-z0-9-]+\.(?:net|io|me|co|app|dev|ly|tk)/`)
	addressPattern = regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}\b|[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*`)
)

// checkValue says what is wrong with a template parameter, "" if nothing. It does not repeat the value.
func checkValue(v string, most int) string {
	n := utf8.RuneCountInString(v)
	switch {
	case v == "":
		return "is empty"
	case !utf8.ValidString(v):
		return "is not valid UTF-8"
	case most > 0 && n > most:
		return fmt.Sprintf("has %d characters, at most %d are allowed", n, most)
	case strings.ContainsAny(v, "【】"):
		return "holds 【 or 】, which are kept for the sign"
	case urlPattern.MatchString(v):
		return "holds a URL, which the platform refuses"
	}
	for _, candidate := range addressPattern.FindAllString(v, -1) {
		if _, err := netip.ParseAddr(candidate); err == nil {
			return "holds an IP address, which the platform refuses"
		}
	}
	return ""
}

// encodeParams writes only strings: the platform refuses {"code":123}.
func encodeParams(params map[string]string) string {
	if len(params) == 0 {
		return ""
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(params) // a map of strings always encodes
	return strings.TrimSuffix(b.String(), "\n")
}

func (m Message) safe() secret.Fields {
	return secret.Fields{
		"aliyun.Message", "Phones", len(m.Phones), "Sign", m.Sign, "Template", m.Template,
		"Params", slices.Sorted(maps.Keys(m.Params)), "Type", m.Type, "OutID", m.OutID,
	}
}

// String leaves phones and values out; so do the other ways to print a Message.
func (m Message) String() string { return m.safe().String() }

// GoString leaves phones and values out.
func (m Message) GoString() string { return m.safe().String() }

// Format leaves phones and values out, whatever the verb.
func (m Message) Format(s fmt.State, verb rune) { m.safe().Format(s, verb) }

// LogValue leaves phones and values out.
func (m Message) LogValue() slog.Value { return m.safe().LogValue() }
