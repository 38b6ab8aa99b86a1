package acmx

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// AmazonCAs are the values of CAA records that stand for Amazon's authorities. Any of them is enough. Source: "Set up to
// use AWS Certificate Manager", ACM user guide (read 2026-11; unverified, see Config.CAs).
func AmazonCAs() []string {
	return []string{"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"}
}

// caaRecord is one CAA record.
type caaRecord struct {
	critical   bool
	tag, value string
}

// parseCAA reads the presentation form: a flag, a tag, and a value with or without quotes, as in `0 issue "amazon.com"`.
// Escapes are those of zone files.
func parseCAA(text string) (caaRecord, error) {
	flags, rest, ok := strings.Cut(strings.TrimSpace(text), " ")
	tag, value, ok2 := strings.Cut(strings.TrimSpace(rest), " ")
	flag, err := strconv.ParseUint(flags, 10, 8)
	if !ok || !ok2 || err != nil || tag == "" {
		return caaRecord{}, fmt.Errorf("%q is no CAA record", text)
	}
	value = strings.TrimSpace(value)
	if inner, quoted := strings.CutPrefix(value, `"`); quoted {
		if inner, quoted = strings.CutSuffix(inner, `"`); !quoted {
			return caaRecord{}, fmt.Errorf("%q is no CAA record: the quote does not end", text)
		}
		value = inner
	}
	value, err = unescape(value)
	if err != nil {
		return caaRecord{}, fmt.Errorf("%q is no CAA record: %w", text, err)
	}
	return caaRecord{critical: flag&0x80 != 0, tag: strings.ToLower(tag), value: value}, nil
}

// unescape undoes \" and \DDD.
func unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch {
		case i >= len(s):
			return "", errors.New("it ends in an escape")
		case s[i] < '0' || s[i] > '9':
			b.WriteByte(s[i])
		case i+3 > len(s):
			return "", errors.New("an escape is cut off")
		default:
			n, err := strconv.ParseUint(s[i:i+3], 10, 8)
			if err != nil {
				return "", errors.New("an escape is no byte")
			}
			b.WriteByte(byte(n))
			i += 2
		}
	}
	return b.String(), nil
}

// issuer is the authority in a value, without its parameters; "" forbids.
func (r caaRecord) issuer() string {
	name, _, _ := strings.Cut(r.value, ";")
	return plainName(strings.TrimSpace(name))
}

// allows decides by the rules of RFC 8659, section 4: issuewild rules wildcards where there is one, issue everything
// else; records without either do not restrict; a critical tag that the authority does not know forbids.
func allows(records []caaRecord, wildcard bool, cas []string) bool {
	var issue, wild []string
	for _, r := range records {
		switch r.tag {
		case "issue":
			issue = append(issue, r.issuer())
		case "issuewild":
			wild = append(wild, r.issuer())
		case "iodef", "issuemail", "issuevmc", "contactemail", "contactphone":
		default:
			if r.critical {
				return false
			}
		}
	}
	rules := issue
	if wildcard && wild != nil {
		rules = wild
	}
	return rules == nil || slices.ContainsFunc(rules, func(ca string) bool { return slices.Contains(cas, ca) })
}

// CAAVerdict is what the CAA records say of one name.
type CAAVerdict struct {
	Name    string
	Allowed bool
	At      string   // where the records are that decide: the name or a parent; "" = there are none
	Records []string // in presentation form
}

// checkCAA asks for each name, climbing from it to the first parent with records. A look-up that fails is an error and no
// verdict: the authority would refuse then, too.
func (c *Client) checkCAA(ctx context.Context, names []string) ([]CAAVerdict, error) {
	if c.caa == nil {
		return nil, nil
	}
	seen := map[string][]string{}
	var out []CAAVerdict
	for _, name := range names {
		base := strings.TrimPrefix(name, "*.")
		v := CAAVerdict{Name: name, Allowed: true}
		for at := base; at != ""; _, at, _ = strings.Cut(at, ".") {
			texts, known := seen[at]
			if !known {
				var err error
				if texts, err = c.caa.LookupCAA(ctx, at); err != nil {
					return nil, &Error{Op: "LookupCAA", Err: fmt.Errorf("CAA records of %s: %w", at, err)}
				}
				seen[at] = texts
			}
			if len(texts) == 0 {
				continue
			}
			var records []caaRecord
			for _, text := range texts {
				r, err := parseCAA(text)
				if err != nil {
					return nil, &Error{Op: "LookupCAA", Err: fmt.Errorf("CAA records of %s: %w", at, err)}
				}
				records = append(records, r)
			}
			v.At, v.Records, v.Allowed = at, texts, allows(records, isWildcard(name), c.cas)
			break
		}
		out = append(out, v)
	}
	return out, nil
}

// forbidden is the error of names that Amazon may not issue for, or nil.
func forbidden(op string, verdicts []CAAVerdict) error {
	var names []string
	for _, v := range verdicts {
		if !v.Allowed {
			names = append(names, fmt.Sprintf("%s (by the records of %s)", v.Name, v.At))
		}
	}
	if names == nil {
		return nil
	}
	return &Error{Op: op, Err: fmt.Errorf("%w: %s", ErrCAA, strings.Join(names, ", "))}
}
