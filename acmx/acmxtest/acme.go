package acmxtest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"
)

// acmeState are the ACME endpoints and what hangs on them.
type acmeState struct {
	Endpoints   map[string]*endpoint       `json:"endpoints"`
	Validations map[string]*acmeValidation `json:"validations"`
	Bindings    map[string]*binding        `json:"bindings"`
	Tokens      map[string]string          `json:"tokens"` // idempotency token to ARN, for ever: how long is not documented
}

type endpoint struct {
	ARN, URL, Contact string
	CertificateTags   map[string]string
	Keys              []string
	CreatedAt         time.Time
}

type acmeValidation struct {
	ARN, Endpoint, Name, Zone string
	Scope                     types.DomainScope
	CreatedAt                 time.Time
	Valid                     bool
}

type binding struct {
	ARN, Endpoint, Role, KeyID, MAC string
	CreatedAt, ExpiresAt, RevokedAt time.Time
}

func (a *acmeState) fill() {
	if a.Endpoints == nil {
		a.Endpoints, a.Validations, a.Bindings = map[string]*endpoint{}, map[string]*acmeValidation{}, map[string]*binding{}
		a.Tokens = map[string]string{}
	}
}

func (s *Server) acmeARN(what string) string {
	return fmt.Sprintf("arn:aws:acm:%s:%s:%s/%s", s.opts.Region, s.opts.Account, what, strings.ToLower(rand.Text()))
}

// CreateAcmeEndpoint's input holds a union, which encoding/json does not know how to read.
type createEndpointInput struct {
	AuthorizationBehavior types.AcmeAuthorizationBehavior
	CertificateAuthority  struct {
		PublicCertificateAuthority *types.PublicCertificateAuthority
	}
	CertificateTags  []types.Tag
	Contact          types.AcmeContact
	IdempotencyToken *string
	Tags             []types.Tag
}

func (s *Server) createEndpoint(_ context.Context, in createEndpointInput) (any, *refusal) {
	authority := in.CertificateAuthority.PublicCertificateAuthority
	switch {
	case in.AuthorizationBehavior != types.AcmeAuthorizationBehaviorPreApproved:
		return nil, refuse("ValidationException", "AuthorizationBehavior must be PRE_APPROVED")
	case authority == nil || len(authority.AllowedKeyAlgorithms) == 0:
		return nil, refuse("ValidationException", "a public certificate authority with its key algorithms is required")
	case in.Contact != "" && !slices.Contains(in.Contact.Values(), in.Contact):
		return nil, refuse("ValidationException", "Contact is not valid")
	}
	tags, refused := merged(nil, in.CertificateTags)
	if refused != nil {
		return nil, refused
	}
	token := aws.ToString(in.IdempotencyToken)
	if arn, known := s.state.ACME.Tokens[token]; known && token != "" {
		return map[string]any{"AcmeEndpointArn": arn}, nil
	}
	e := &endpoint{ARN: s.acmeARN("acme-endpoint"), Contact: string(in.Contact), CertificateTags: tags, CreatedAt: s.opts.Now()}
	e.URL = "https://" + strings.ToLower(rand.Text()[:12]) + ".acme." + s.opts.Region + ".fake/directory"
	for _, k := range authority.AllowedKeyAlgorithms {
		e.Keys = append(e.Keys, string(k))
	}
	s.state.ACME.Endpoints[e.ARN], s.state.ACME.Tokens[token] = e, e.ARN
	return map[string]any{"AcmeEndpointArn": e.ARN}, nil
}

func (s *Server) endpointMap(e *endpoint) map[string]any {
	m := map[string]any{
		"AcmeEndpointArn": e.ARN, "AuthorizationBehavior": "PRE_APPROVED", "CertificateTags": tagList(e.CertificateTags), "Contact": e.Contact,
		"CreatedAt": seconds(e.CreatedAt), "Status": "CREATING",
		"CertificateAuthority": map[string]any{"PublicCertificateAuthority": map[string]any{"AllowedKeyAlgorithms": e.Keys}},
	}
	if s.opts.Now().Sub(e.CreatedAt) >= s.opts.DetailLag {
		m["Status"], m["EndpointUrl"] = "ACTIVE", e.URL
	}
	return m
}

func (s *Server) findEndpoint(arn *string) (*endpoint, *refusal) {
	e := s.state.ACME.Endpoints[aws.ToString(arn)]
	if e == nil {
		return nil, refuse("ResourceNotFoundException", "Could not find %s.", aws.ToString(arn))
	}
	return e, nil
}

func (s *Server) describeEndpoint(_ context.Context, in acm.DescribeAcmeEndpointInput) (any, *refusal) {
	e, refused := s.findEndpoint(in.AcmeEndpointArn)
	if refused != nil {
		return nil, refused
	}
	return map[string]any{"AcmeEndpoint": s.endpointMap(e)}, nil
}

func (s *Server) listEndpoints(context.Context, acm.ListAcmeEndpointsInput) (any, *refusal) {
	list := []any{}
	for _, arn := range slices.Sorted(maps.Keys(s.state.ACME.Endpoints)) {
		list = append(list, s.endpointMap(s.state.ACME.Endpoints[arn]))
	}
	return map[string]any{"AcmeEndpoints": list}, nil
}

type createValidationInput struct {
	AcmeEndpointArn, DomainName *string
	PrevalidationOptions        struct {
		DnsPrevalidation *types.DnsPrevalidationOptions
	}
	IdempotencyToken *string
	Tags             []types.Tag
}

func (s *Server) createValidation(_ context.Context, in createValidationInput) (any, *refusal) {
	e, refused := s.findEndpoint(in.AcmeEndpointArn)
	switch {
	case refused != nil:
		return nil, refused
	case s.opts.Now().Sub(e.CreatedAt) < s.opts.DetailLag:
		return nil, refuse("ConflictException", "The endpoint is not active yet.")
	case in.PrevalidationOptions.DnsPrevalidation == nil || in.PrevalidationOptions.DnsPrevalidation.DomainScope == nil:
		return nil, refuse("ValidationException", "DNS prevalidation with its scope is required")
	case !domainName.MatchString(aws.ToString(in.DomainName)):
		return nil, refuse("ValidationException", "DomainName is not valid")
	}
	token := aws.ToString(in.IdempotencyToken)
	if arn, known := s.state.ACME.Tokens[token]; known && token != "" {
		return map[string]any{"AcmeDomainValidationArn": arn}, nil
	}
	for _, v := range s.state.ACME.Validations {
		if v.Endpoint == e.ARN && v.Name == *in.DomainName {
			return nil, refuse("ConflictException", "There is a validation of %s already.", v.Name)
		}
	}
	v := &acmeValidation{
		ARN: s.acmeARN("acme-domain-validation"), Endpoint: e.ARN, Name: *in.DomainName, CreatedAt: s.opts.Now(),
		Zone: aws.ToString(in.PrevalidationOptions.DnsPrevalidation.HostedZoneId), Scope: *in.PrevalidationOptions.DnsPrevalidation.DomainScope,
	}
	if v.Zone != "" { // the platform writes the record itself
		r := s.Record(v.Name)
		s.state.Zone[r.Name] = r.Target
	}
	s.state.ACME.Validations[v.ARN], s.state.ACME.Tokens[token] = v, v.ARN
	return map[string]any{"AcmeDomainValidationArn": v.ARN}, nil
}

func (s *Server) validationMap(ctx context.Context, v *acmeValidation) map[string]any {
	if !v.Valid && s.opts.Now().Sub(v.CreatedAt) >= s.opts.DetailLag && s.proves(ctx, v.Name) {
		v.Valid = true
	}
	m := map[string]any{"AcmeDomainValidationArn": v.ARN, "AcmeEndpointArn": v.Endpoint, "DomainName": v.Name, "CreatedAt": seconds(v.CreatedAt), "Status": "VALIDATING", "PrevalidationType": "DNS_PREVALIDATION"}
	if v.Valid {
		m["Status"] = "VALID"
	}
	details := map[string]any{"DomainScope": v.Scope}
	if s.opts.Now().Sub(v.CreatedAt) >= s.opts.DetailLag {
		record, target := s.recordOf(v.Name)
		details["ResourceRecord"] = map[string]string{"Name": record, "Type": "CNAME", "Value": target}
	}
	if v.Zone != "" {
		details["HostedZoneId"] = v.Zone
	}
	m["PrevalidationDetails"] = map[string]any{"DnsPrevalidation": details}
	return m
}

func (s *Server) describeValidation(ctx context.Context, in acm.DescribeAcmeDomainValidationInput) (any, *refusal) {
	v := s.state.ACME.Validations[aws.ToString(in.AcmeDomainValidationArn)]
	if v == nil {
		return nil, refuse("ResourceNotFoundException", "Could not find %s.", aws.ToString(in.AcmeDomainValidationArn))
	}
	return map[string]any{"AcmeDomainValidation": s.validationMap(ctx, v)}, nil
}

func (s *Server) listValidations(ctx context.Context, in acm.ListAcmeDomainValidationsInput) (any, *refusal) {
	e, refused := s.findEndpoint(in.AcmeEndpointArn)
	if refused != nil {
		return nil, refused
	}
	list := []any{}
	for _, arn := range slices.Sorted(maps.Keys(s.state.ACME.Validations)) {
		if v := s.state.ACME.Validations[arn]; v.Endpoint == e.ARN {
			list = append(list, s.validationMap(ctx, v))
		}
	}
	return map[string]any{"AcmeDomainValidations": list}, nil
}

func (s *Server) createBinding(_ context.Context, in acm.CreateAcmeExternalAccountBindingInput) (any, *refusal) {
	e, refused := s.findEndpoint(in.AcmeEndpointArn)
	switch {
	case refused != nil:
		return nil, refused
	case !strings.HasPrefix(aws.ToString(in.RoleArn), "arn:aws:iam::"):
		return nil, refuse("ValidationException", "RoleArn is not valid")
	}
	token := aws.ToString(in.IdempotencyToken)
	if arn, known := s.state.ACME.Tokens[token]; known && token != "" {
		return map[string]any{"ExternalAccountBinding": bindingMap(s.state.ACME.Bindings[arn])}, nil
	}
	var mac [32]byte
	_, _ = rand.Read(mac[:])
	b := &binding{
		ARN: s.acmeARN("acme-external-account-binding"), Endpoint: e.ARN, Role: *in.RoleArn, KeyID: "kid-" + strings.ToLower(rand.Text()[:12]),
		MAC: base64.RawURLEncoding.EncodeToString(mac[:]), CreatedAt: s.opts.Now(),
	}
	if x := in.Expiration; x != nil {
		unit := map[types.TimeType]time.Duration{types.TimeTypeMinutes: time.Minute, types.TimeTypeHours: time.Hour, types.TimeTypeDays: 24 * time.Hour}[x.Type]
		if unit == 0 || aws.ToInt64(x.Value) < 1 {
			return nil, refuse("ValidationException", "Expiration is not valid")
		}
		b.ExpiresAt = b.CreatedAt.Add(time.Duration(*x.Value) * unit)
	}
	s.state.ACME.Bindings[b.ARN], s.state.ACME.Tokens[token] = b, b.ARN
	return map[string]any{"ExternalAccountBinding": bindingMap(b)}, nil
}

func bindingMap(b *binding) map[string]any {
	m := map[string]any{"AcmeExternalAccountBindingArn": b.ARN, "AcmeEndpointArn": b.Endpoint, "RoleArn": b.Role, "CreatedAt": seconds(b.CreatedAt)}
	if !b.ExpiresAt.IsZero() {
		m["ExpiresAt"] = seconds(b.ExpiresAt)
	}
	if !b.RevokedAt.IsZero() {
		m["RevokedAt"] = seconds(b.RevokedAt)
	}
	return m
}

func (s *Server) listBindings(_ context.Context, in acm.ListAcmeExternalAccountBindingsInput) (any, *refusal) {
	e, refused := s.findEndpoint(in.AcmeEndpointArn)
	if refused != nil {
		return nil, refused
	}
	list := []any{}
	for _, arn := range slices.Sorted(maps.Keys(s.state.ACME.Bindings)) {
		if b := s.state.ACME.Bindings[arn]; b.Endpoint == e.ARN && s.opts.Now().Sub(b.CreatedAt) >= s.opts.ListLag {
			list = append(list, bindingMap(b))
		}
	}
	return map[string]any{"ExternalAccountBindings": list}, nil
}

func (s *Server) bindingCredentials(_ context.Context, in acm.GetAcmeExternalAccountBindingCredentialsInput) (any, *refusal) {
	b := s.state.ACME.Bindings[aws.ToString(in.AcmeExternalAccountBindingArn)]
	if b == nil {
		return nil, refuse("ResourceNotFoundException", "Could not find %s.", aws.ToString(in.AcmeExternalAccountBindingArn))
	}
	return map[string]any{"KeyId": b.KeyID, "MacKey": b.MAC}, nil
}

// ACMECounts is how many ACME endpoints, domain validations and account bindings there are.
func (s *Server) ACMECounts() (endpoints, validations, bindings int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.state.ACME.Endpoints), len(s.state.ACME.Validations), len(s.state.ACME.Bindings)
}
