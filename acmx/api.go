package acmx

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/acm"
)

// CertAPI is what finding and buying a certificate needs of ACM. *acm.Client satisfies it, and so does every interface
// below.
type CertAPI interface {
	RequestCertificate(context.Context, *acm.RequestCertificateInput, ...func(*acm.Options)) (*acm.RequestCertificateOutput, error)
	DescribeCertificate(context.Context, *acm.DescribeCertificateInput, ...func(*acm.Options)) (*acm.DescribeCertificateOutput, error)
	ListCertificates(context.Context, *acm.ListCertificatesInput, ...func(*acm.Options)) (*acm.ListCertificatesOutput, error)
	AddTagsToCertificate(context.Context, *acm.AddTagsToCertificateInput, ...func(*acm.Options)) (*acm.AddTagsToCertificateOutput, error)
	ListTagsForCertificate(context.Context, *acm.ListTagsForCertificateInput, ...func(*acm.Options)) (*acm.ListTagsForCertificateOutput, error)
}

// ExportAPI gives out certificates.
type ExportAPI interface {
	ExportCertificate(context.Context, *acm.ExportCertificateInput, ...func(*acm.Options)) (*acm.ExportCertificateOutput, error)
}

// LifecycleAPI is what may happen to a certificate after it was issued.
type LifecycleAPI interface {
	RenewCertificate(context.Context, *acm.RenewCertificateInput, ...func(*acm.Options)) (*acm.RenewCertificateOutput, error)
	RevokeCertificate(context.Context, *acm.RevokeCertificateInput, ...func(*acm.Options)) (*acm.RevokeCertificateOutput, error)
	DeleteCertificate(context.Context, *acm.DeleteCertificateInput, ...func(*acm.Options)) (*acm.DeleteCertificateOutput, error)
	ImportCertificate(context.Context, *acm.ImportCertificateInput, ...func(*acm.Options)) (*acm.ImportCertificateOutput, error)
}

// ValidationAPI is how names are validated, and the move from e-mail to DNS.
type ValidationAPI interface {
	ListCertificateDomainValidations(context.Context, *acm.ListCertificateDomainValidationsInput, ...func(*acm.Options)) (*acm.ListCertificateDomainValidationsOutput, error)
	UpdateCertificateOptions(context.Context, *acm.UpdateCertificateOptionsInput, ...func(*acm.Options)) (*acm.UpdateCertificateOptionsOutput, error)
}

// AcmeAPI makes an ACME endpoint of ACM.
type AcmeAPI interface {
	CreateAcmeEndpoint(context.Context, *acm.CreateAcmeEndpointInput, ...func(*acm.Options)) (*acm.CreateAcmeEndpointOutput, error)
	CreateAcmeDomainValidation(context.Context, *acm.CreateAcmeDomainValidationInput, ...func(*acm.Options)) (*acm.CreateAcmeDomainValidationOutput, error)
	CreateAcmeExternalAccountBinding(context.Context, *acm.CreateAcmeExternalAccountBindingInput, ...func(*acm.Options)) (*acm.CreateAcmeExternalAccountBindingOutput, error)
	GetAcmeExternalAccountBindingCredentials(context.Context, *acm.GetAcmeExternalAccountBindingCredentialsInput, ...func(*acm.Options)) (*acm.GetAcmeExternalAccountBindingCredentialsOutput, error)
}

// AcmeReadAPI looks at the ACME endpoints of ACM.
type AcmeReadAPI interface {
	ListAcmeEndpoints(context.Context, *acm.ListAcmeEndpointsInput, ...func(*acm.Options)) (*acm.ListAcmeEndpointsOutput, error)
	DescribeAcmeEndpoint(context.Context, *acm.DescribeAcmeEndpointInput, ...func(*acm.Options)) (*acm.DescribeAcmeEndpointOutput, error)
	ListAcmeDomainValidations(context.Context, *acm.ListAcmeDomainValidationsInput, ...func(*acm.Options)) (*acm.ListAcmeDomainValidationsOutput, error)
	DescribeAcmeDomainValidation(context.Context, *acm.DescribeAcmeDomainValidationInput, ...func(*acm.Options)) (*acm.DescribeAcmeDomainValidationOutput, error)
	ListAcmeExternalAccountBindings(context.Context, *acm.ListAcmeExternalAccountBindingsInput, ...func(*acm.Options)) (*acm.ListAcmeExternalAccountBindingsOutput, error)
}

// Solver puts the record that proves a name into the zone that answers for it. Both names are absolute, lower case and
// without the final dot: "_x1.example.com" and "_x2.acm-validations.aws".
//
// It is called again after a crash, and by every later run: a record that is there already is success, and one with
// another target is an error and never overwritten. The record stays for ever, since renewals look for it. The client of
// route53x satisfies it.
type Solver interface {
	PresentCNAME(ctx context.Context, name, target string) error
}

// SolverFunc is a function as a [Solver].
type SolverFunc func(ctx context.Context, name, target string) error

// PresentCNAME calls f.
func (f SolverFunc) PresentCNAME(ctx context.Context, name, target string) error {
	return f(ctx, name, target)
}

// CAALookup finds the CAA records of exactly this name, in presentation form such as `0 issue "amazon.com"`; none is an
// empty list and no error. It follows aliases, as resolvers do, and does not climb: the package asks for each parent.
type CAALookup interface {
	LookupCAA(ctx context.Context, name string) ([]string, error)
}

// CNAMELookup finds the target of the CNAME at exactly this name, "" when there is none. Final dots do not matter.
type CNAMELookup interface {
	LookupCNAME(ctx context.Context, name string) (string, error)
}

// Certificates is the main use of the package, for programs that want to put something of their own in its place.
// *[Client] satisfies it.
type Certificates interface {
	Ensure(ctx context.Context, spec Spec, solver Solver, opts *EnsureOptions) (*Certificate, error)
	Export(ctx context.Context, arn string, opts *ExportOptions) (*Bundle, error)
}
