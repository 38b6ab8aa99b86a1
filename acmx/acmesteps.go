package acmx

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/kitroll/kitroll/internal/pages"
)

// endpoint finds the endpoint, or makes it, and waits until it is active.
func (r acmeRun) endpoint(ctx context.Context) (arn, url string, err error) {
	for e, err := range r.endpoints(ctx) {
		if err != nil {
			return "", "", err
		}
		if ours(e, r.spec.id()) {
			arn = aws.ToString(e.AcmeEndpointArn)
			break
		}
	}
	if arn == "" {
		if arn, err = r.newEndpoint(ctx); err != nil {
			return "", "", err
		}
	}
	err = r.until(ctx, "DescribeAcmeEndpoint", arn, func(ctx context.Context) (bool, error) {
		out, err := call(ctx, r.c, "DescribeAcmeEndpoint", arn, r.c.api.endpoint, &acm.DescribeAcmeEndpointInput{AcmeEndpointArn: &arn})
		if isGone(err) || err == nil && out.AcmeEndpoint == nil {
			return false, nil // a new one takes its time
		}
		if err != nil {
			return false, err
		}
		switch e := out.AcmeEndpoint; e.Status {
		case types.AcmeEndpointStatusFailed, types.AcmeEndpointStatusDeleting:
			return false, &Error{Op: "DescribeAcmeEndpoint", ARN: arn, Err: fmt.Errorf("%w: the endpoint is %s %s", ErrConflict, e.Status, aws.ToString(e.FailureReason))}
		case types.AcmeEndpointStatusActive:
			url = aws.ToString(e.EndpointUrl)
		}
		return url != "", nil
	})
	return arn, url, err
}

func (r acmeRun) endpoints(ctx context.Context) iter.Seq2[types.AcmeEndpointSummary, error] {
	return pages.All(ctx, "", func(ctx context.Context, cursor string) (pages.Page[types.AcmeEndpointSummary, string], error) {
		out, err := call(ctx, r.c, "ListAcmeEndpoints", "", r.c.api.endpoints, &acm.ListAcmeEndpointsInput{NextToken: optional(cursor)})
		if err != nil {
			return pages.Page[types.AcmeEndpointSummary, string]{}, err
		}
		next := aws.ToString(out.NextToken)
		return pages.Page[types.AcmeEndpointSummary, string]{Items: out.AcmeEndpoints, Next: next, More: next != ""}, nil
	})
}

func ours(e types.AcmeEndpointSummary, id string) bool {
	if e.Status == types.AcmeEndpointStatusDeleting || e.Status == types.AcmeEndpointStatusFailed {
		return false
	}
	for _, t := range e.CertificateTags {
		if aws.ToString(t.Key) == TagEndpoint && aws.ToString(t.Value) == id {
			return true
		}
	}
	return false
}

func (r acmeRun) newEndpoint(ctx context.Context) (string, error) {
	r.say("making an ACME endpoint")
	var keys []types.PublicKeyAlgorithm
	for _, k := range r.spec.Keys {
		keys = append(keys, types.PublicKeyAlgorithm(k))
	}
	in := acm.CreateAcmeEndpointInput{
		AuthorizationBehavior: types.AcmeAuthorizationBehaviorPreApproved,
		CertificateAuthority:  &types.CertificateAuthorityMemberPublicCertificateAuthority{Value: types.PublicCertificateAuthority{AllowedKeyAlgorithms: keys}},
		CertificateTags:       sdkTags(map[string]string{TagEndpoint: r.spec.id()}),
		Contact:               types.AcmeContactNotRequired,
		IdempotencyToken:      new(fingerprint("endpoint", r.spec.id())),
		Tags:                  sdkTags(maps.Clone(r.spec.Tags)),
	}
	if r.spec.Contact {
		in.Contact = types.AcmeContactRequired
	}
	out, err := act(ctx, r.c, action{op: "CreateAcmeEndpoint", token: true}, r.c.api.newEndpoint, &in)
	if err != nil {
		return "", err
	}
	return aws.ToString(out.AcmeEndpointArn), nil
}

// validate finds the validation of a domain, or makes it, has its record presented and waits until it is valid.
func (r acmeRun) validate(ctx context.Context, endpoint string, d ACMEDomain) error {
	arn, err := r.validation(ctx, endpoint, d)
	if err != nil {
		return err
	}
	presented := false
	return r.until(ctx, "DescribeAcmeDomainValidation", arn, func(ctx context.Context) (bool, error) {
		out, err := call(ctx, r.c, "DescribeAcmeDomainValidation", arn, r.c.api.acmeValidation, &acm.DescribeAcmeDomainValidationInput{AcmeDomainValidationArn: &arn})
		if isGone(err) || err == nil && out.AcmeDomainValidation == nil {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		v := out.AcmeDomainValidation
		switch v.Status {
		case types.AcmeDomainValidationStatusValid:
			return true, nil
		case types.AcmeDomainValidationStatusInvalid, types.AcmeDomainValidationStatusDeleting:
			e := &Error{Op: "DescribeAcmeDomainValidation", ARN: arn, Err: fmt.Errorf("%w: %s is %s", ErrValidationFailed, d.Name, v.Status)}
			if f := v.FailureDetails; f != nil {
				e.Reason, e.Message = string(f.Reason), string(f.Reason)+" "+aws.ToString(f.Message)
			}
			return false, e
		}
		details, ok := v.PrevalidationDetails.(*types.PrevalidationDetailsMemberDnsPrevalidation)
		if presented || !ok || d.HostedZone != "" || r.solver == nil {
			return false, nil
		}
		rec := record(details.Value.ResourceRecord)
		if rec.Name == "" {
			return false, nil
		}
		if err := r.solver.PresentCNAME(ctx, rec.Name, rec.Target); err != nil {
			return false, &Error{Op: "PresentCNAME", ARN: arn, Err: fmt.Errorf("%s: %w", rec.Name, err)}
		}
		presented = true
		return false, nil
	})
}

func (r acmeRun) validation(ctx context.Context, endpoint string, d ACMEDomain) (string, error) {
	for cursor := ""; ; {
		in := acm.ListAcmeDomainValidationsInput{AcmeEndpointArn: &endpoint, NextToken: optional(cursor)}
		out, err := call(ctx, r.c, "ListAcmeDomainValidations", endpoint, r.c.api.acmeValidations, &in)
		if err != nil {
			return "", err
		}
		for _, v := range out.AcmeDomainValidations {
			if plainName(aws.ToString(v.DomainName)) == d.Name && (v.Status == types.AcmeDomainValidationStatusValid || v.Status == types.AcmeDomainValidationStatusValidating) {
				return aws.ToString(v.AcmeDomainValidationArn), nil
			}
		}
		next := aws.ToString(out.NextToken)
		if next == cursor || next == "" {
			break
		}
		cursor = next
	}
	r.say("having %s validated in advance", d.Name)
	scope := func(on bool) types.DomainScopeOption {
		if on {
			return types.DomainScopeOptionEnabled
		}
		return types.DomainScopeOptionDisabled
	}
	in := acm.CreateAcmeDomainValidationInput{
		AcmeEndpointArn: &endpoint, DomainName: &d.Name,
		IdempotencyToken: new(fingerprint("validation", endpoint, d)),
		PrevalidationOptions: &types.PrevalidationOptionsMemberDnsPrevalidation{Value: types.DnsPrevalidationOptions{
			HostedZoneId: optional(d.HostedZone),
			DomainScope:  &types.DomainScope{ExactDomain: types.DomainScopeOptionEnabled, Subdomains: scope(d.Subdomains), Wildcards: scope(d.Wildcards)},
		}},
	}
	out, err := act(ctx, r.c, action{op: "CreateAcmeDomainValidation", arn: endpoint, token: true}, r.c.api.newValidation, &in)
	if err != nil {
		return "", err
	}
	return aws.ToString(out.AcmeDomainValidationArn), nil
}

// binding finds a binding of the role that is still valid, or makes one, and gets its key.
func (r acmeRun) binding(ctx context.Context, a ACMEAccess) (ACMEAccess, error) {
	live := 0
	for cursor := ""; ; {
		in := acm.ListAcmeExternalAccountBindingsInput{AcmeEndpointArn: &a.EndpointARN, NextToken: optional(cursor)}
		out, err := call(ctx, r.c, "ListAcmeExternalAccountBindings", a.EndpointARN, r.c.api.bindings, &in)
		if err != nil {
			return a, err
		}
		for _, b := range out.ExternalAccountBindings {
			live++
			usable := aws.ToString(b.RoleArn) == r.spec.RoleARN && b.RevokedAt == nil && (b.ExpiresAt == nil || b.ExpiresAt.After(r.c.now().Add(time.Hour)))
			if usable && !r.opts.NewBinding && a.BindingARN == "" {
				a.BindingARN, a.Expires = aws.ToString(b.AcmeExternalAccountBindingArn), aws.ToTime(b.ExpiresAt)
			}
		}
		next := aws.ToString(out.NextToken)
		if next == cursor || next == "" {
			break
		}
		cursor = next
	}
	if a.BindingARN == "" {
		if err := r.newBinding(ctx, &a, live); err != nil {
			return a, err
		}
	}
	in := acm.GetAcmeExternalAccountBindingCredentialsInput{AcmeExternalAccountBindingArn: &a.BindingARN}
	out, err := call(ctx, r.c, "GetAcmeExternalAccountBindingCredentials", a.BindingARN, r.c.api.bindingKey, &in)
	if err != nil {
		return a, err
	}
	if a.KeyID = aws.ToString(out.KeyId); a.KeyID == "" || aws.ToString(out.MacKey) == "" {
		return a, &Error{Op: "GetAcmeExternalAccountBindingCredentials", ARN: a.BindingARN, Err: errors.New("the answer holds no key")}
	}
	a.hmac = out.MacKey
	return a, nil
}

// newBinding counts the bindings that are listed into its token: a repetition after a lost answer, which the list does not
// show yet, is the same, and one after that is another.
func (r acmeRun) newBinding(ctx context.Context, a *ACMEAccess, others int) error {
	r.say("binding ACME accounts to %s", r.spec.RoleARN)
	in := acm.CreateAcmeExternalAccountBindingInput{
		AcmeEndpointArn: &a.EndpointARN, RoleArn: &r.spec.RoleARN,
		IdempotencyToken: new(fingerprint("binding", a.EndpointARN, r.spec.RoleARN, others)),
	}
	if r.spec.Expires > 0 {
		in.Expiration = &types.Expiration{Type: types.TimeTypeMinutes, Value: new(int64(r.spec.Expires / time.Minute))}
	}
	out, err := act(ctx, r.c, action{op: "CreateAcmeExternalAccountBinding", arn: a.EndpointARN, token: true}, r.c.api.newBinding, &in)
	if err != nil {
		return err
	}
	if out.ExternalAccountBinding == nil || aws.ToString(out.ExternalAccountBinding.AcmeExternalAccountBindingArn) == "" {
		return &Error{Op: "CreateAcmeExternalAccountBinding", ARN: a.EndpointARN, Err: errors.New("the answer holds no binding")}
	}
	a.BindingARN, a.Expires = *out.ExternalAccountBinding.AcmeExternalAccountBindingArn, aws.ToTime(out.ExternalAccountBinding.ExpiresAt)
	return nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
