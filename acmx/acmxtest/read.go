package acmxtest

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/kitroll/kitroll/acmx"
)

// describe is DescribeCertificate. What it tells of a new certificate grows over the first seconds.
func (s *Server) describe(ctx context.Context, in acm.DescribeCertificateInput) (any, *refusal) {
	c, refused := s.find(ctx, aws.ToString(in.CertificateArn))
	if refused != nil {
		return nil, refused
	}
	age := s.opts.Now().Sub(c.CreatedAt)
	d := map[string]any{
		"CertificateArn": c.ARN, "DomainName": c.Names[0], "Status": c.Status, "Type": c.Type, "KeyAlgorithm": c.Key,
		"CreatedAt": seconds(c.CreatedAt), "InUseBy": append([]string{}, c.InUseBy...), "RenewalEligibility": "INELIGIBLE",
		"CertificateKeyPairOrigin": "AWS_MANAGED",
		"Options":                  map[string]any{"CertificateTransparencyLoggingPreference": "ENABLED", "Export": exportOption(c)},
	}
	if age >= s.opts.DetailLag*2/3 {
		d["SubjectAlternativeNames"] = c.Names
		if c.Type == "AMAZON_ISSUED" {
			d["DomainValidationOptions"] = s.validationOptions(c, age)
		}
	}
	if c.Reason != "" {
		d["FailureReason"] = c.Reason
	}
	if c.Type == "IMPORTED" {
		d["CertificateKeyPairOrigin"], d["ImportedAt"] = "CUSTOMER_PROVIDED", seconds(c.CreatedAt)
	}
	if !c.NotAfter.IsZero() {
		d["NotBefore"], d["NotAfter"], d["Serial"] = seconds(c.NotBefore), seconds(c.NotAfter), c.Serial
		d["Subject"], d["Issuer"] = "CN="+c.Names[0], "Amazon"
	}
	if !c.IssuedAt.IsZero() {
		d["IssuedAt"] = seconds(c.IssuedAt)
	}
	if c.Type == "AMAZON_ISSUED" && (c.Exported || len(c.InUseBy) > 0) {
		d["RenewalEligibility"] = "ELIGIBLE"
	}
	if c.Revoked != "" {
		d["RevocationReason"] = c.Revoked
	}
	if c.Renewal != "" {
		d["RenewalSummary"] = map[string]any{
			"RenewalStatus": c.Renewal, "UpdatedAt": seconds(later(c.RenewedAt, c.IssuedAt)), "DomainValidationOptions": s.validationOptions(c, age),
		}
	}
	return map[string]any{"Certificate": d}, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func exportOption(c *certificate) string {
	if c.Export {
		return "ENABLED"
	}
	return "DISABLED"
}

// validationOptions lacks the records until DetailLag is over: that of the first name comes a little earlier.
func (s *Server) validationOptions(c *certificate, age time.Duration) []map[string]any {
	out := []map[string]any{}
	for i, name := range c.Names {
		record, target := s.recordOf(name)
		v := map[string]any{"DomainName": name, "ValidationMethod": c.Method, "ValidationStatus": "PENDING_VALIDATION", "ValidationDomain": strings.TrimPrefix(name, "*.")}
		switch {
		case c.Status == acmx.StatusFailed || c.Status == acmx.StatusValidationTimedOut:
			v["ValidationStatus"] = "FAILED"
		case !c.Proved[record].IsZero() || c.Method == "EMAIL" && c.Status == acmx.StatusIssued:
			v["ValidationStatus"] = "SUCCESS"
		}
		if c.Method == "DNS" && (age >= s.opts.DetailLag || i == 0 && age >= s.opts.DetailLag*5/6) {
			v["ResourceRecord"] = map[string]string{"Name": record, "Type": "CNAME", "Value": target}
		}
		out = append(out, v)
	}
	return out
}

// list is ListCertificates. Without a filter it shows only what has an RSA key of up to 2048 bits.
func (s *Server) list(ctx context.Context, in acm.ListCertificatesInput) (any, *refusal) {
	size := int(aws.ToInt32(in.MaxItems))
	if in.MaxItems != nil && (size < 1 || size > 1000) {
		return nil, refuse("ValidationException", "1 validation error detected: Value '%d' at 'maxItems' failed to satisfy constraint", size)
	}
	if size == 0 {
		size = 1000
	}
	from := 0
	if in.NextToken != nil {
		var err error
		if from, err = strconv.Atoi(strings.TrimPrefix(*in.NextToken, "page-")); err != nil || from < 1 {
			return nil, refuse("InvalidArgsException", "The NextToken is not valid.")
		}
	}
	now := s.opts.Now()
	var all []*certificate
	for _, c := range s.state.Certificates {
		gone := !c.DeletedAt.IsZero() && now.Sub(c.DeletedAt) >= s.opts.ListLag
		if s.settle(ctx, c, now); !gone && now.Sub(c.CreatedAt) >= s.opts.ListLag && listed(in, c) {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b *certificate) int { return strings.Compare(a.ARN, b.ARN) })
	from = min(from, len(all))
	end := min(from+size, len(all))
	items := []map[string]any{}
	for _, c := range all[from:end] {
		items = append(items, summary(c))
	}
	answer := map[string]any{"CertificateSummaryList": items}
	if end < len(all) {
		answer["NextToken"] = "page-" + strconv.Itoa(end)
	}
	return answer, nil
}

func listed(in acm.ListCertificatesInput, c *certificate) bool {
	keys := []types.KeyAlgorithm{types.KeyAlgorithmRsa1024, types.KeyAlgorithmRsa2048}
	if f := in.Includes; f != nil {
		if f.KeyTypes != nil {
			keys = f.KeyTypes
		}
		if f.ExportOption != "" && string(f.ExportOption) != exportOption(c) {
			return false
		}
	}
	if in.CertificateStatuses != nil && !slices.Contains(in.CertificateStatuses, types.CertificateStatus(c.Status)) {
		return false
	}
	return slices.Contains(keys, types.KeyAlgorithm(c.Key))
}

func summary(c *certificate) map[string]any {
	m := map[string]any{
		"CertificateArn": c.ARN, "DomainName": c.Names[0], "SubjectAlternativeNameSummaries": c.Names[:min(len(c.Names), 100)],
		"HasAdditionalSubjectAlternativeNames": len(c.Names) > 100, "Status": c.Status, "Type": c.Type, "KeyAlgorithm": c.Key,
		"ExportOption": exportOption(c), "Exported": c.Exported, "InUse": len(c.InUseBy) > 0, "CreatedAt": seconds(c.CreatedAt),
		"CertificateKeyPairOrigin": "AWS_MANAGED",
	}
	if c.Type == "IMPORTED" {
		m["CertificateKeyPairOrigin"] = "CUSTOMER_PROVIDED"
	}
	if !c.NotAfter.IsZero() {
		m["NotBefore"], m["NotAfter"] = seconds(c.NotBefore), seconds(c.NotAfter)
	}
	return m
}
