package aliyun

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

const addOp = "AddDomainRecord"

// defaultTTL is that of records that are added without one, and the least of the free edition.
const defaultTTL = 600

// AddRecord adds a record and returns its ID. RR, Type and Value are required; a zero TTL is 600, an empty Line "default".
// ID, Status, Weight, LbaStatus, Locked and Remark are not sent: a new record is switched on and has no weight.
//
// It is not repeated. Errors: [ErrInput]; [ErrConflict] when a record that is there excludes it; [ErrUnknownOutcome] when
// the answer was lost: look with [DNS.Records] before adding it again, or it is there twice.
//
// Source: AddDomainRecord, API Alidns 2015-01-09 (read 2026-11).
func (d *DNS) AddRecord(ctx context.Context, domain string, r DNSRecord) (id string, err error) {
	problems := domainProblems(domain)
	for _, f := range []struct{ name, value string }{{"RR", r.RR}, {"Type", r.Type}, {"Value", r.Value}} {
		if f.value == "" {
			problems = append(problems, f.name+" is empty")
		}
	}
	if r.Type == "MX" && (r.Priority < 1 || r.Priority > 50) {
		problems = append(problems, fmt.Sprintf("Priority is %d, must be 1 to 50", r.Priority))
	}
	if len(problems) > 0 {
		return "", badInput(DNSProduct, addOp, problems...)
	}
	params := map[string]string{
		"DomainName": domain, "RR": r.RR, "Type": r.Type, "Value": r.Value, "Line": orDefault(r.Line, "default"),
		"TTL": strconv.FormatUint(uint64(orDefault(r.TTL, defaultTTL)), 10),
	}
	if r.Type == "MX" {
		params["Priority"] = strconv.Itoa(r.Priority)
	}
	var a struct {
		RecordID text `json:"RecordId"`
	}
	if err := d.call(ctx, addOp, params, false, &a); err != nil {
		return "", err
	}
	return string(a.RecordID), nil
}

// PresentCNAME sees to it that name is a CNAME of target in whatever zone of the account it is in: how ACM, for one, wants
// the ownership of a domain shown. It may be called again: a record that is there and equal is done. It never changes one:
// another target, another type at the name, or an equal record that is switched off or answers some lines only, is
// [ErrConflict]. When the answer to the adding is lost, it looks; only if that does not find the record, the error is
// [ErrUnknownOutcome], and calling again is safe.
//
// Names may have a final dot. Other errors: [ErrInput]; fs.ErrNotExist when no zone of the account has the name; else as
// [Client.Call] reports them.
func (d *DNS) PresentCNAME(ctx context.Context, name, target string) error {
	name, target = plainName(name), plainName(target)
	if problems := append(domainProblems(name), domainProblems(target)...); len(problems) > 0 {
		return badInput(DNSProduct, addOp, problems...)
	}
	zone, rr, err := d.zoneOf(ctx, name)
	if err != nil {
		return err
	}
	if rr == "@" {
		return badInput(DNSProduct, addOp, fmt.Sprintf("name %s is a zone itself, and cannot be a CNAME", name))
	}
	there, err := d.findCNAME(ctx, zone, rr, target)
	if there || err != nil {
		return err
	}
	_, err = d.AddRecord(ctx, zone, DNSRecord{RR: rr, Type: "CNAME", Value: target})
	if errors.Is(err, ErrUnknownOutcome) || errors.Is(err, ErrConflict) { // it may be there by now, by us or by another
		there, looked := d.findCNAME(ctx, zone, rr, target)
		switch {
		case there:
			return nil
		case errors.Is(looked, ErrConflict):
			return looked
		}
	}
	return err
}

// findCNAME looks for the record. Anything else at its name is an error.
func (d *DNS) findCNAME(ctx context.Context, zone, rr, target string) (bool, error) {
	there := false
	for r, err := range d.Records(ctx, zone, &RecordsOptions{RR: rr}) {
		if err != nil {
			return false, err
		}
		var problem string
		switch {
		case !strings.EqualFold(r.Type, "CNAME"):
			if r.Disabled() {
				continue
			}
			problem = "has a record of type " + r.Type + " already"
		case plainName(r.Value) != target && r.Disabled():
			continue
		case plainName(r.Value) != target:
			problem = fmt.Sprintf("is a CNAME of %s already, not of %s: it is left as it is", plainName(r.Value), target)
		case r.Disabled():
			problem = "is that CNAME already, but it is switched off: switch it on"
		case r.Line != "default" && r.Line != "":
			problem = fmt.Sprintf("is that CNAME already, but only for the line %q", r.Line)
		default:
			there = true
			continue
		}
		e := &Error{Kind: ErrConflict, Product: DNSProduct, Op: addOp, Sent: true, Message: rr + "." + zone + " " + problem}
		e.advise()
		return false, e
	}
	return there, nil
}

// plainName is a name in one spelling: lower-case, without a final dot.
func plainName(s string) string {
	return strings.ToLower(strings.TrimSuffix(strings.TrimSpace(s), "."))
}

func isNotThere(err error) bool { return errors.Is(err, fs.ErrNotExist) }
