package acmx

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"strings"
)

// OwnedRecord is a validation record with a certificate that needs it.
type OwnedRecord struct {
	Record

	Domain string // the name that it proves, without "*."
	ARN    string
	Names  []string // of the certificate
}

// Records ranges over the validation records that the certificates of the account need, for one domain and what is below it,
// or for all if domain is "". Each has to be in the zone that answers, for ever: a zone that is moved without them breaks
// renewals, and nobody notices for months. Certificates that will not be renewed are left out. Nothing is asked but ACM, in
// this Region; CloudFront's certificates are in us-east-1.
func (c *Client) Records(ctx context.Context, domain string) iter.Seq2[OwnedRecord, error] {
	domain = plainName(domain)
	return func(yield func(OwnedRecord, error) bool) {
		for s, err := range c.List(ctx, &ListOptions{Statuses: []Status{StatusPending, StatusIssued}}) {
			if err != nil {
				yield(OwnedRecord{}, err)
				return
			}
			if s.Type != "AMAZON_ISSUED" {
				continue
			}
			d, err := c.describe(ctx, s.ARN)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				yield(OwnedRecord{}, err)
				return
			}
			seen := map[Record]bool{}
			for _, v := range d.Validations {
				base := strings.TrimPrefix(v.Name, "*.")
				if v.Record.Name == "" || seen[v.Record] || domain != "" && base != domain && !strings.HasSuffix(base, "."+domain) {
					continue
				}
				seen[v.Record] = true
				if !yield(OwnedRecord{Record: v.Record, Domain: base, ARN: d.ARN, Names: d.Names}, nil) {
					return
				}
			}
		}
	}
}

// RecordProblem is a validation record that is not as it has to be.
type RecordProblem struct {
	OwnedRecord

	Found string // the target that is there instead; "" = none
}

// String is the problem as a sentence.
func (p RecordProblem) String() string {
	if p.Found == "" {
		return fmt.Sprintf("%s is missing: it has to be a CNAME to %s, or %s is not renewed", p.Name, p.Target, p.ARN)
	}
	return fmt.Sprintf("%s leads to %s: it has to be a CNAME to %s, or %s is not renewed", p.Name, p.Found, p.Target, p.ARN)
}

// CheckRecords asks for every record of [Client.Records] by its name and returns those that are missing or lead elsewhere.
// Before a zone is moved, ask the new name servers; while it is moved, both have to have them.
func (c *Client) CheckRecords(ctx context.Context, domain string, dns CNAMELookup) ([]RecordProblem, error) {
	var problems []RecordProblem
	for r, err := range c.Records(ctx, domain) {
		if err != nil {
			return nil, err
		}
		target, err := dns.LookupCNAME(ctx, r.Name)
		if err != nil {
			return nil, &Error{Op: "LookupCNAME", ARN: r.ARN, Err: fmt.Errorf("%s: %w", r.Name, err)}
		}
		if target = plainName(target); target != r.Target {
			problems = append(problems, RecordProblem{OwnedRecord: r, Found: target})
		}
	}
	return problems, nil
}
