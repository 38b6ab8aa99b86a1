package acmxtest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/kitroll/kitroll/acmx"
)

// renewNow is RenewCertificate: it answers at once and renews some time later. The code for one that may not be renewed is
// unverified.
func (s *Server) renewNow(ctx context.Context, in acm.RenewCertificateInput) (any, *refusal) {
	c, refused := s.find(ctx, aws.ToString(in.CertificateArn))
	if refused != nil {
		return nil, refused
	}
	now := s.opts.Now()
	switch {
	case c.Type != "AMAZON_ISSUED" || !c.Exported || c.Status != acmx.StatusIssued:
		return nil, refuse("ValidationException", "Certificate %s is not eligible for renewal.", c.ARN)
	case !c.RenewAt.IsZero():
		return nil, refuse("RequestInProgressException", "A renewal is in progress.")
	}
	c.Renewal, c.RenewAt, c.RenewedAt = "PENDING_AUTO_RENEWAL", now.Add(s.opts.IssueLag), now
	return map[string]any{}, nil
}

// revoke is RevokeCertificate. The code for a second time is unverified.
func (s *Server) revoke(ctx context.Context, in acm.RevokeCertificateInput) (any, *refusal) {
	c, refused := s.find(ctx, aws.ToString(in.CertificateArn))
	if refused != nil {
		return nil, refused
	}
	switch {
	case !slices.Contains(in.RevocationReason.Values(), in.RevocationReason):
		return nil, refuse("ValidationException", "1 validation error detected: Value '%s' at 'revocationReason' failed to satisfy constraint", in.RevocationReason)
	case c.Status == acmx.StatusRevoked:
		return nil, refuse("ConflictException", "Certificate %s is revoked.", c.ARN)
	case !c.Exported:
		return nil, refuse("ValidationException", "Certificate %s was not exported and cannot be revoked.", c.ARN)
	}
	c.Status, c.Revoked = acmx.StatusRevoked, string(in.RevocationReason)
	return map[string]any{"CertificateArn": c.ARN}, nil
}

// delete is DeleteCertificate. The certificate stays in lists for ListLag.
func (s *Server) delete(ctx context.Context, in acm.DeleteCertificateInput) (any, *refusal) {
	c, refused := s.find(ctx, aws.ToString(in.CertificateArn))
	switch {
	case refused != nil:
		return nil, refused
	case !c.DeletedAt.IsZero():
		return nil, refuse("ResourceNotFoundException", "Could not find certificate %s.", c.ARN)
	case len(c.InUseBy) > 0:
		return nil, refuse("ResourceInUseException", "Certificate %s in use.", c.ARN)
	}
	c.DeletedAt = s.opts.Now()
	return map[string]any{}, nil
}

// importing is ImportCertificate. Without an ARN it makes a new one each time: there is no token.
func (s *Server) importing(_ context.Context, in acm.ImportCertificateInput) (any, *refusal) {
	now := s.opts.Now()
	if block, _ := pem.Decode(in.PrivateKey); block == nil || block.Type == "ENCRYPTED PRIVATE KEY" || len(in.PrivateKey) > 5120 {
		return nil, refuse("ValidationException", "The private key is not supported.")
	}
	pair, err := tls.X509KeyPair(in.Certificate, in.PrivateKey)
	if err != nil || len(pair.Certificate) != 1 {
		return nil, refuse("ValidationException", "The certificate and the private key do not match.")
	}
	leaf := must(x509.ParseCertificate(pair.Certificate[0]))
	if now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) || len(leaf.DNSNames) == 0 {
		return nil, refuse("ValidationException", "The certificate is not valid now, or has no names.")
	}
	c := &certificate{ARN: s.newARN(), Type: "IMPORTED", CreatedAt: now}
	if in.CertificateArn != nil {
		old := s.state.Certificates[*in.CertificateArn]
		switch {
		case old == nil || !old.DeletedAt.IsZero():
			return nil, refuse("ResourceNotFoundException", "Could not find certificate %s.", *in.CertificateArn)
		case old.Type != "IMPORTED":
			return nil, refuse("ValidationException", "Certificate %s was not imported.", *in.CertificateArn)
		case in.Tags != nil:
			return nil, refuse("InvalidParameterException", "Tags cannot be applied when reimporting.")
		}
		c = old
	}
	if in.CertificateArn == nil {
		tags, refused := merged(nil, in.Tags)
		if refused != nil {
			return nil, refused
		}
		c.Tags = tags
	}
	c.Names, c.Status, c.Leaf, c.Chain = leaf.DNSNames, acmx.StatusIssued, pair.Certificate[0], bytes.Clone(in.CertificateChain)
	c.NotBefore, c.NotAfter, c.Serial = leaf.NotBefore, leaf.NotAfter, colons(leaf.SerialNumber.Bytes())
	c.Key = keyName(leaf)
	s.state.Certificates[c.ARN] = c
	return map[string]any{"CertificateArn": c.ARN}, nil
}

func keyName(leaf *x509.Certificate) string {
	switch key := leaf.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA_%d", key.N.BitLen())
	case *ecdsa.PublicKey:
		return map[string]string{"P-256": "EC_prime256v1", "P-384": "EC_secp384r1", "P-521": "EC_secp521r1"}[key.Curve.Params().Name]
	}
	return "unknown"
}

// domainValidations is ListCertificateDomainValidations.
func (s *Server) domainValidations(ctx context.Context, in acm.ListCertificateDomainValidationsInput) (any, *refusal) {
	c, refused := s.find(ctx, aws.ToString(in.CertificateArn))
	if refused != nil {
		return nil, refused
	}
	now := s.opts.Now()
	list := []map[string]any{}
	for _, name := range c.Names {
		record, target := s.recordOf(name)
		challenge := map[string]any{"DnsValidationChallenge": map[string]any{"ResourceRecord": map[string]string{"Name": record, "Type": "CNAME", "Value": target}}}
		mail := map[string]any{"EmailValidationChallenge": map[string]any{"ValidationDomain": name, "ValidationEmails": []string{"hostmaster@" + name}}}
		active := map[string]any{"ValidationMethod": c.Method, "ValidationStatus": "PENDING_VALIDATION", "ValidationChallenge": mail}
		if c.Method == "DNS" {
			active["ValidationChallenge"] = challenge
		}
		if c.Status == acmx.StatusIssued || !c.Proved[record].IsZero() {
			active["ValidationStatus"] = "SUCCESS"
		}
		v := map[string]any{"DomainName": name, "ActiveValidationConfiguration": active}
		if m := c.Migration; m != nil {
			wanted := map[string]any{"ValidationMethod": "DNS", "ValidationStatus": "PENDING_VALIDATION"}
			if now.Sub(m.At) >= s.opts.DetailLag {
				wanted["ValidationChallenge"] = challenge
			}
			if !m.Proved[name].IsZero() {
				wanted["ValidationStatus"] = "SUCCESS"
			}
			v["RequestedValidationConfiguration"] = wanted
		}
		list = append(list, v)
	}
	return map[string]any{"DomainValidationSummaryList": list}, nil
}

// updateOptions is UpdateCertificateOptions. Export never changes.
func (s *Server) updateOptions(ctx context.Context, in acm.UpdateCertificateOptionsInput) (any, *refusal) {
	c, refused := s.find(ctx, aws.ToString(in.CertificateArn))
	if refused != nil {
		return nil, refused
	}
	switch {
	case in.Options.Export != "":
		return nil, refuse("InvalidStateException", "The export option cannot be changed after the certificate was created.")
	case in.Options.ValidationMethod != types.ValidationMethodDns, c.Type != "AMAZON_ISSUED":
		return nil, refuse("InvalidParameterException", "Only a change to DNS validation is supported.")
	case c.Method == "DNS":
		return nil, refuse("InvalidStateException", "The certificate uses DNS validation already.")
	case c.Migration != nil:
		return nil, refuse("ConflictException", "A change is in progress.")
	}
	c.Migration = &migration{At: s.opts.Now(), Proved: map[string]time.Time{}}
	return map[string]any{}, nil
}
