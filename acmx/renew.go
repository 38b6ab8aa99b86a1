package acmx

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"
)

// RenewOptions is what [Certificate.Renew] may be told.
type RenewOptions struct {
	// MaxCost is the most that the renewal may cost; 0 = nothing. What it costs is in the error that refuses, and in
	// [Certificate.RenewCost].
	MaxCost Money
}

// RenewCost is what a renewal of the certificate costs by the price table, whether ACM does it by itself or is asked to.
func (h *Certificate) RenewCost(ctx context.Context) (Cost, error) {
	d, err := h.Describe(ctx)
	if err != nil {
		return Cost{}, err
	}
	return h.c.renewCost(d), nil
}

func (c *Client) renewCost(d Detail) Cost {
	return c.estimate(Spec{Names: d.Names, Exportable: d.Exportable})
}

// Renew asks ACM to renew the certificate now instead of 45 days before its end, and is charged like every renewal. ACM does
// it in its own time, under the same ARN: [Certificate.WaitRenewed] waits for the new serial, which is the reason why the
// present one is returned. Only certificates that were exported can be renewed so. It is sent once: when the answer is lost,
// the certificate is looked at, and the error is ErrUnknownOutcome only if that tells nothing.
//
// Errors: ErrTooExpensive with the cost, before anything is changed; ErrConflict for a certificate that is not issued, was
// never exported, or is being renewed.
//
// Source: RenewCertificate, ACM API reference (read 2026-11).
func (h *Certificate) Renew(ctx context.Context, opts *RenewOptions) (oldSerial string, err error) {
	before, err := h.Poll(ctx)
	if err != nil {
		return "", err
	}
	var o RenewOptions
	if opts != nil {
		o = *opts
	}
	if cost := h.c.renewCost(before); cost.Renewal > o.MaxCost {
		return before.Serial, &Error{Op: "RenewCertificate", ARN: h.arn, Err: fmt.Errorf("%w: renewing costs %s, more than %s", ErrTooExpensive, cost.Renewal, o.MaxCost)}
	}
	if !before.Renewable {
		return before.Serial, &Error{Op: "RenewCertificate", ARN: h.arn, Err: fmt.Errorf("%w: it was never exported", ErrConflict)}
	}
	_, err = act(ctx, h.c, action{op: "RenewCertificate", arn: h.arn, once: true}, h.c.api.renew, &acm.RenewCertificateInput{CertificateArn: &h.arn})
	if errors.Is(err, ErrNotIssued) { // RequestInProgressException
		e, _ := errors.AsType[*Error](err)
		return before.Serial, &Error{Op: e.Op, ARN: h.arn, Message: e.Message, RequestID: e.RequestID, HTTPStatus: e.HTTPStatus, Err: fmt.Errorf("%w: a renewal is under way", ErrConflict)}
	}
	if !unknown(err) {
		return before.Serial, err
	}
	after, lookErr := h.c.describe(ctx, h.arn)
	if lookErr == nil && (after.Serial != before.Serial || after.Renewal.UpdatedAt.After(before.Renewal.UpdatedAt)) {
		return before.Serial, nil
	}
	return before.Serial, err
}

// WaitRenewed looks until the certificate has another serial than the one given, and is issued. An attempt that ACM calls
// FAILED ends it with ErrValidationFailed, and so does PENDING_VALIDATION for longer than a day: the records are gone.
func (h *Certificate) WaitRenewed(ctx context.Context, oldSerial string, opts *WaitOptions) (Detail, error) {
	began := h.c.now()
	var failed error
	d, err := h.c.wait(ctx, "WaitRenewed", h.arn, opts, func(d Detail) bool {
		if d.Status == StatusIssued && d.Serial != oldSerial {
			return true
		}
		stuck := d.Renewal.Status == "PENDING_VALIDATION" && h.c.now().Sub(began) > 24*time.Hour
		if d.Renewal.Status == "FAILED" && d.Renewal.UpdatedAt.After(began) || stuck {
			failed = &Error{Op: "WaitRenewed", ARN: h.arn, Err: fmt.Errorf("%w: the renewal is %s %s: are the records still there?", ErrValidationFailed, d.Renewal.Status, d.Renewal.Reason)}
		}
		return failed != nil
	})
	if err == nil {
		err = failed
	}
	return d, err
}

// RevocationReason is why a certificate is revoked.
type RevocationReason = types.RevocationReason

// RevokeOptions is what [Certificate.Revoke] has to be told.
type RevokeOptions struct {
	// Confirm must be the first name of the certificate, as a person types it who has been shown what will happen.
	Confirm string
	Reason  RevocationReason // default UNSPECIFIED
}

// Revoke revokes the certificate for ever: clients that check will refuse it, and what was paid for it is lost. Only
// certificates that were exported can be revoked. One that is revoked already is success. It is sent once; when the answer
// is lost, the certificate is looked at.
//
// Errors: ErrNotConfirmed, which says what it would end and what to type, and is found before anything is changed.
//
// Source: RevokeCertificate, ACM API reference (read 2026-11).
func (h *Certificate) Revoke(ctx context.Context, opts *RevokeOptions) error {
	d, err := h.Describe(ctx)
	if err != nil || d.Status == StatusRevoked {
		return err
	}
	var o RevokeOptions
	if opts != nil {
		o = *opts
	}
	if o.Reason == "" {
		o.Reason = types.RevocationReasonUnspecified
	}
	if len(d.Names) == 0 || plainName(o.Confirm) != d.Names[0] {
		return &Error{Op: "RevokeCertificate", ARN: h.arn, Err: fmt.Errorf(
			"%w: it ends the certificate of %s, valid until %s, for ever; a new one costs %s; Confirm must be its first name",
			ErrNotConfirmed, strings.Join(d.Names, ", "), d.NotAfter.UTC().Format(time.DateOnly), h.c.renewCost(d).Issue)}
	}
	in := acm.RevokeCertificateInput{CertificateArn: &h.arn, RevocationReason: o.Reason}
	_, err = act(ctx, h.c, action{op: "RevokeCertificate", arn: h.arn, once: true}, h.c.api.revoke, &in)
	if err == nil {
		return nil
	}
	if after, lookErr := h.c.describe(ctx, h.arn); lookErr == nil && after.Status == StatusRevoked {
		return nil
	}
	return err
}

// Delete takes the certificate out of the account; what was exported goes on working until it expires, unless it is revoked
// first. One that is gone already is success.
//
// Errors: ErrInUse, with what uses it, before anything is changed.
//
// Source: DeleteCertificate, ACM API reference (read 2026-11).
func (h *Certificate) Delete(ctx context.Context) error {
	d, err := h.Describe(ctx)
	if isGone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(d.InUseBy) > 0 {
		return &Error{Op: "DeleteCertificate", ARN: h.arn, Err: fmt.Errorf("%w by %s", ErrInUse, strings.Join(d.InUseBy, ", "))}
	}
	_, err = call(ctx, h.c, "DeleteCertificate", h.arn, h.c.api.delete, &acm.DeleteCertificateInput{CertificateArn: &h.arn})
	if isGone(err) { // by an attempt whose answer was lost
		return nil
	}
	return err
}

func isGone(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == "ResourceNotFoundException"
}
