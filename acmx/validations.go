package acmx

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/kitroll/kitroll/internal/pages"
	"github.com/kitroll/kitroll/internal/poll"
)

// NameValidation is how a name of a certificate is validated, and how it will be if that is being changed.
type NameValidation struct {
	Name      string
	Active    Validation
	Requested Validation // zero unless a change is under way
}

// Validations ranges over the names of a certificate. Every range begins anew; an error is yielded once, last.
//
// Source: ListCertificateDomainValidations, ACM API reference (read 2026-11).
func (h *Certificate) Validations(ctx context.Context) iter.Seq2[NameValidation, error] {
	return pages.All(ctx, "", func(ctx context.Context, cursor string) (pages.Page[NameValidation, string], error) {
		in := acm.ListCertificateDomainValidationsInput{CertificateArn: &h.arn}
		if cursor != "" {
			in.NextToken = &cursor
		}
		out, err := call(ctx, h.c, "ListCertificateDomainValidations", h.arn, h.c.api.validations, &in)
		if err != nil {
			return pages.Page[NameValidation, string]{}, err
		}
		page := pages.Page[NameValidation, string]{Next: aws.ToString(out.NextToken), More: aws.ToString(out.NextToken) != ""}
		for _, s := range out.DomainValidationSummaryList {
			name := plainName(aws.ToString(s.DomainName))
			page.Items = append(page.Items, NameValidation{Name: name, Active: configured(name, s.ActiveValidationConfiguration), Requested: configured(name, s.RequestedValidationConfiguration)})
		}
		return page, nil
	})
}

// configured leaves out the addresses that ACM sends e-mail to.
func configured(name string, v *types.ValidationConfiguration) Validation {
	if v == nil {
		return Validation{}
	}
	out := Validation{Name: name, Method: string(v.ValidationMethod), Status: string(v.ValidationStatus)}
	if c, ok := v.ValidationChallenge.(*types.ValidationChallengeMemberDnsValidationChallenge); ok {
		out.Record = record(c.Value.ResourceRecord)
	}
	return out
}

// MigrateToDNS changes a certificate from validation by e-mail, which needs a person at every renewal, to DNS: it asks for
// the change, has the solver present the records, and waits until all names are validated by them. Called again, it goes on
// where it stopped; for a certificate that is validated by DNS already it does nothing. The certificate stays in use
// meanwhile.
//
// Source: UpdateCertificateOptions, ACM API reference; "Migrate from email to DNS validation", user guide (read 2026-11).
func (h *Certificate) MigrateToDNS(ctx context.Context, solver Solver, opts *WaitOptions) error {
	if solver == nil {
		return invalid("MigrateToDNS", h.arn, errors.New("a Solver is required"))
	}
	list, err := h.validations(ctx)
	if err != nil {
		return err
	}
	if !byDNS(list) && !migrating(list) {
		in := acm.UpdateCertificateOptionsInput{CertificateArn: &h.arn, Options: &types.CertificateOptions{ValidationMethod: types.ValidationMethodDns}}
		_, err := call(ctx, h.c, "UpdateCertificateOptions", h.arn, h.c.api.update, &in)
		if err != nil && !errors.Is(err, ErrConflict) { // a conflict: an attempt whose answer was lost has begun it
			return err
		}
	}
	o := opts.orDefault()
	presented := map[Record]bool{}
	var failure error
	err = poll.Until(ctx, o.schedule(), nil, func(ctx context.Context) (bool, error) {
		if list, failure = h.validations(ctx); failure != nil {
			return false, failure
		}
		for _, v := range list {
			r := v.Requested.Record
			if v.Requested.Status == "FAILED" {
				failure = &Error{Op: "MigrateToDNS", ARN: h.arn, Err: fmt.Errorf("%w: %s", ErrValidationFailed, v.Name)}
				return false, failure
			}
			if r.Name == "" || presented[r] {
				continue
			}
			if err := solver.PresentCNAME(ctx, r.Name, r.Target); err != nil {
				failure = &Error{Op: "PresentCNAME", ARN: h.arn, Err: fmt.Errorf("%s: %w", r.Name, err)}
				return false, failure
			}
			presented[r] = true
		}
		return byDNS(list), nil
	})
	if err != nil && failure == nil {
		err = &Error{Op: "MigrateToDNS", ARN: h.arn, Err: err}
	}
	return err
}

func (h *Certificate) validations(ctx context.Context) ([]NameValidation, error) {
	var list []NameValidation
	for v, err := range h.Validations(ctx) {
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	if len(list) == 0 {
		return nil, &Error{Op: "ListCertificateDomainValidations", ARN: h.arn, Err: errors.New("the certificate has no names to validate")}
	}
	return list, nil
}

func byDNS(list []NameValidation) bool {
	for _, v := range list {
		if v.Active.Method != "DNS" {
			return false
		}
	}
	return true
}

func migrating(list []NameValidation) bool {
	for _, v := range list {
		if v.Requested.Method != "" {
			return true
		}
	}
	return false
}
