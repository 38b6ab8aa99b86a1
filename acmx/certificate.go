package acmx

import (
	"context"
	"encoding/hex"
	"errors"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"
)

// Status is where a certificate stands.
type Status string

// The states. Only Issued can be served; the last four are final.
const (
	StatusPending            Status = "PENDING_VALIDATION"
	StatusIssued             Status = "ISSUED"
	StatusInactive           Status = "INACTIVE"
	StatusExpired            Status = "EXPIRED"
	StatusFailed             Status = "FAILED"
	StatusValidationTimedOut Status = "VALIDATION_TIMED_OUT"
	StatusRevoked            Status = "REVOKED"
)

// Final tells whether the certificate will never be issued, or never again.
func (s Status) Final() bool {
	return s == StatusExpired || s == StatusFailed || s == StatusValidationTimedOut || s == StatusRevoked
}

// Record is a CNAME that proves a name. It has to stay: each renewal looks for it. Both names are absolute, lower case
// and without the final dot.
type Record struct {
	Name   string `json:"name"`
	Target string `json:"target"`
}

// Validation is how one name of a certificate is proved.
type Validation struct {
	Name   string
	Method string // DNS, EMAIL or HTTP
	Status string // PENDING_VALIDATION, SUCCESS or FAILED
	Record Record // zero while ACM has not made it, and for other methods
}

// Renewal is what ACM says of its last renewal, or attempt.
type Renewal struct {
	Status      string // PENDING_AUTO_RENEWAL, PENDING_VALIDATION, SUCCESS, FAILED; "" = none was tried
	Reason      string // why it failed, or waits
	UpdatedAt   time.Time
	Validations []Validation
}

// Detail is a certificate as ACM describes it.
type Detail struct {
	ARN           string
	Names         []string // the common name first
	Status        Status
	FailureReason string // such as CAA_ERROR, when Status is Failed
	Key           KeyAlgorithm
	Exportable    bool
	Type          string // AMAZON_ISSUED, IMPORTED or PRIVATE
	Origin        string // of the key: AWS_MANAGED, CUSTOMER_PROVIDED, ACME
	ManagedBy     string // CLOUDFRONT, or ""
	Serial        string // lower-case hex as in [Bundle.Serial]; "" before it is issued
	CreatedAt     time.Time
	IssuedAt      time.Time
	NotBefore     time.Time
	NotAfter      time.Time
	InUseBy       []string // ARNs
	Renewable     bool     // ACM's RenewalEligibility: in use, or exported
	Renewal       Renewal
	Validations   []Validation
}

// Records are the CNAMEs of the certificate, each once: a domain and its wildcard share one.
func (d Detail) Records() []Record {
	var out []Record
	for _, v := range slices.Concat(d.Validations, d.Renewal.Validations) {
		if v.Record.Name != "" && !slices.Contains(out, v.Record) {
			out = append(out, v.Record)
		}
	}
	return out
}

// complete tells whether each of the names has its record. At first a certificate may not even have all its names.
func (d Detail) complete(names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool {
		return !slices.ContainsFunc(d.Validations, func(v Validation) bool {
			return v.Name == name && v.Record.Name != "" && v.Record.Target != ""
		})
	})
}

// Certificate is the handle of a certificate. Its ARN is all that has to be kept: [Client.Certificate] gives the handle
// back after a restart.
type Certificate struct {
	c   *Client
	arn string
}

// Certificate is the handle of a certificate that is known by its ARN. Nothing is asked.
func (c *Client) Certificate(arn string) *Certificate { return &Certificate{c: c, arn: arn} }

// ARN is the certificate's name for ever: a renewal changes serial and dates, not the ARN.
func (h *Certificate) ARN() string { return h.arn }

// String is the ARN.
func (h *Certificate) String() string { return h.arn }

// Describe asks ACM for the certificate as it is now. Errors are [*Error]; fs.ErrNotExist when there is none, which a
// certificate may be for some seconds after it was requested.
//
// Source: DescribeCertificate, ACM API reference (read 2026-11).
func (h *Certificate) Describe(ctx context.Context) (Detail, error) {
	return h.c.describe(ctx, h.arn)
}

func (c *Client) describe(ctx context.Context, arn string) (Detail, error) {
	out, err := call(ctx, c, "DescribeCertificate", arn, c.api.describe, &acm.DescribeCertificateInput{CertificateArn: &arn})
	if err != nil {
		return Detail{}, err
	}
	if out.Certificate == nil {
		return Detail{}, &Error{Op: "DescribeCertificate", ARN: arn, Err: errors.New("the answer holds no certificate")}
	}
	d := detail(out.Certificate)
	if d.ARN == "" {
		d.ARN = arn
	}
	return d, nil
}

func detail(c *types.CertificateDetail) Detail {
	d := Detail{
		ARN:           aws.ToString(c.CertificateArn),
		Status:        Status(c.Status),
		FailureReason: string(c.FailureReason),
		Key:           sdkKey(c.KeyAlgorithm),
		Exportable:    c.Options != nil && c.Options.Export == types.CertificateExportEnabled,
		Type:          string(c.Type),
		Origin:        string(c.CertificateKeyPairOrigin),
		ManagedBy:     string(c.ManagedBy),
		Serial:        plainSerial(aws.ToString(c.Serial)),
		CreatedAt:     aws.ToTime(c.CreatedAt),
		IssuedAt:      aws.ToTime(c.IssuedAt),
		NotBefore:     aws.ToTime(c.NotBefore),
		NotAfter:      aws.ToTime(c.NotAfter),
		InUseBy:       c.InUseBy,
		Renewable:     c.RenewalEligibility == types.RenewalEligibilityEligible,
		Validations:   validations(c.DomainValidationOptions),
	}
	d.Names = allNames(aws.ToString(c.DomainName), c.SubjectAlternativeNames)
	if r := c.RenewalSummary; r != nil {
		d.Renewal = Renewal{
			Status: string(r.RenewalStatus), Reason: string(r.RenewalStatusReason), UpdatedAt: aws.ToTime(r.UpdatedAt),
			Validations: validations(r.DomainValidationOptions),
		}
	}
	return d
}

// sdkKey evens out the two spellings that ACM is known to have: RSA-2048 appears beside RSA_2048 (field report).
func sdkKey(k types.KeyAlgorithm) KeyAlgorithm {
	return KeyAlgorithm(strings.ReplaceAll(string(k), "-", "_"))
}

// allNames are the common name and the others, each once, in lower case.
func allNames(first string, others []string) []string {
	var out []string
	for _, name := range append([]string{first}, others...) {
		if name = plainName(name); name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func plainName(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

func validations(list []types.DomainValidation) []Validation {
	var out []Validation
	for _, v := range list {
		out = append(out, Validation{
			Name: plainName(aws.ToString(v.DomainName)), Method: string(v.ValidationMethod), Status: string(v.ValidationStatus),
			Record: record(v.ResourceRecord),
		})
	}
	return out
}

// record is zero for what is no CNAME.
func record(r *types.ResourceRecord) Record {
	if r == nil || (r.Type != types.RecordTypeCname && r.Type != "") {
		return Record{}
	}
	return Record{Name: plainName(aws.ToString(r.Name)), Target: plainName(aws.ToString(r.Value))}
}

// plainSerial writes ACM's 0b:1c:2d as [Bundle.Serial] does: the bytes of the number in hex.
func plainSerial(s string) string {
	n, ok := new(big.Int).SetString(strings.ReplaceAll(s, ":", ""), 16)
	if !ok {
		return strings.ToLower(s)
	}
	return hex.EncodeToString(n.Bytes())
}

// final is the error of a certificate that will not be issued, or nil.
func (d Detail) final(op string) error {
	if !d.Status.Final() {
		return nil
	}
	return &Error{Op: op, ARN: d.ARN, Status: d.Status, Reason: d.FailureReason}
}
