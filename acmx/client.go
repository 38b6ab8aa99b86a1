package acmx

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/acm"

	"github.com/kitroll/kitroll/internal/awscall"
	"github.com/kitroll/kitroll/internal/secret"
)

// Client is ACM in one account and Region. It is safe for concurrent use, starts no goroutine and needs no Close.
type Client struct {
	region   string
	caa      CAALookup
	cas      []string
	prices   []PriceTable
	maxNames int
	log      *slog.Logger
	now      func() time.Time
	api      api
	caller   *awscall.Caller
}

var _ Certificates = (*Client)(nil)

// New checks cfg and makes a client. It does no I/O and reads neither the environment nor ~/.aws. Its error joins every
// problem found, each naming its field.
func New(cfg Config) (*Client, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("acmx: config: %w", err)
	}
	c := &Client{
		region:   cfg.AWS.Region,
		caa:      cfg.CAA,
		cas:      slices.Clone(cfg.CAs),
		prices:   slices.Clone(cfg.Prices),
		maxNames: cfg.maxNames(),
		log:      cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler)),
		now:      cfg.Now,
		api:      newAPI(cfg),
	}
	if c.cas == nil {
		c.cas = AmazonCAs()
	}
	if c.prices == nil {
		c.prices = Prices()
	}
	if c.now == nil {
		c.now = time.Now
	}
	var repeats *int
	if n := cfg.AWS.RetryMaxAttempts; n > 0 {
		repeats = new(n - 1)
	}
	c.caller = awscall.New(repeats, cfg.Logger, nil)
	return c, nil
}

// api is the calls that the package makes. They are method values, and the SDK's client is kept in no field: were it
// reachable from an interface, the linker would keep every operation of ACM in every program.
type api struct {
	request     func(context.Context, *acm.RequestCertificateInput, ...func(*acm.Options)) (*acm.RequestCertificateOutput, error)
	describe    func(context.Context, *acm.DescribeCertificateInput, ...func(*acm.Options)) (*acm.DescribeCertificateOutput, error)
	list        func(context.Context, *acm.ListCertificatesInput, ...func(*acm.Options)) (*acm.ListCertificatesOutput, error)
	addTags     func(context.Context, *acm.AddTagsToCertificateInput, ...func(*acm.Options)) (*acm.AddTagsToCertificateOutput, error)
	tags        func(context.Context, *acm.ListTagsForCertificateInput, ...func(*acm.Options)) (*acm.ListTagsForCertificateOutput, error)
	export      func(context.Context, *acm.ExportCertificateInput, ...func(*acm.Options)) (*acm.ExportCertificateOutput, error)
	renew       func(context.Context, *acm.RenewCertificateInput, ...func(*acm.Options)) (*acm.RenewCertificateOutput, error)
	revoke      func(context.Context, *acm.RevokeCertificateInput, ...func(*acm.Options)) (*acm.RevokeCertificateOutput, error)
	delete      func(context.Context, *acm.DeleteCertificateInput, ...func(*acm.Options)) (*acm.DeleteCertificateOutput, error)
	importing   func(context.Context, *acm.ImportCertificateInput, ...func(*acm.Options)) (*acm.ImportCertificateOutput, error)
	validations func(context.Context, *acm.ListCertificateDomainValidationsInput, ...func(*acm.Options)) (*acm.ListCertificateDomainValidationsOutput, error)
	update      func(context.Context, *acm.UpdateCertificateOptionsInput, ...func(*acm.Options)) (*acm.UpdateCertificateOptionsOutput, error)

	newEndpoint   func(context.Context, *acm.CreateAcmeEndpointInput, ...func(*acm.Options)) (*acm.CreateAcmeEndpointOutput, error)
	newValidation func(context.Context, *acm.CreateAcmeDomainValidationInput, ...func(*acm.Options)) (*acm.CreateAcmeDomainValidationOutput, error)
	newBinding    func(context.Context, *acm.CreateAcmeExternalAccountBindingInput, ...func(*acm.Options)) (*acm.CreateAcmeExternalAccountBindingOutput, error)
	bindingKey    func(context.Context, *acm.GetAcmeExternalAccountBindingCredentialsInput, ...func(*acm.Options)) (*acm.GetAcmeExternalAccountBindingCredentialsOutput, error)

	endpoints       func(context.Context, *acm.ListAcmeEndpointsInput, ...func(*acm.Options)) (*acm.ListAcmeEndpointsOutput, error)
	endpoint        func(context.Context, *acm.DescribeAcmeEndpointInput, ...func(*acm.Options)) (*acm.DescribeAcmeEndpointOutput, error)
	acmeValidations func(context.Context, *acm.ListAcmeDomainValidationsInput, ...func(*acm.Options)) (*acm.ListAcmeDomainValidationsOutput, error)
	acmeValidation  func(context.Context, *acm.DescribeAcmeDomainValidationInput, ...func(*acm.Options)) (*acm.DescribeAcmeDomainValidationOutput, error)
	bindings        func(context.Context, *acm.ListAcmeExternalAccountBindingsInput, ...func(*acm.Options)) (*acm.ListAcmeExternalAccountBindingsOutput, error)
}

func newAPI(cfg Config) api {
	sdk := acm.NewFromConfig(cfg.AWS, func(o *acm.Options) {
		o.HTTPClient = awscall.HTTPClient(cfg.AWS)
		o.APIOptions = append(o.APIOptions, awscall.WithoutTraceHeader)
	})
	a := api{
		request: sdk.RequestCertificate, describe: sdk.DescribeCertificate, list: sdk.ListCertificates,
		addTags: sdk.AddTagsToCertificate, tags: sdk.ListTagsForCertificate,
		export: sdk.ExportCertificate,
		renew:  sdk.RenewCertificate, revoke: sdk.RevokeCertificate, delete: sdk.DeleteCertificate, importing: sdk.ImportCertificate,
		validations: sdk.ListCertificateDomainValidations, update: sdk.UpdateCertificateOptions,
		newEndpoint: sdk.CreateAcmeEndpoint, newValidation: sdk.CreateAcmeDomainValidation,
		newBinding: sdk.CreateAcmeExternalAccountBinding, bindingKey: sdk.GetAcmeExternalAccountBindingCredentials,
		endpoints: sdk.ListAcmeEndpoints, endpoint: sdk.DescribeAcmeEndpoint, acmeValidations: sdk.ListAcmeDomainValidations,
		acmeValidation: sdk.DescribeAcmeDomainValidation, bindings: sdk.ListAcmeExternalAccountBindings,
	}
	if o := cfg.Certificates; o != nil {
		a.request, a.describe, a.list = o.RequestCertificate, o.DescribeCertificate, o.ListCertificates
		a.addTags, a.tags = o.AddTagsToCertificate, o.ListTagsForCertificate
	}
	if o := cfg.Exports; o != nil {
		a.export = o.ExportCertificate
	}
	if o := cfg.Lifecycle; o != nil {
		a.renew, a.revoke, a.delete, a.importing = o.RenewCertificate, o.RevokeCertificate, o.DeleteCertificate, o.ImportCertificate
	}
	if o := cfg.Validations; o != nil {
		a.validations, a.update = o.ListCertificateDomainValidations, o.UpdateCertificateOptions
	}
	if o := cfg.ACME; o != nil {
		a.newEndpoint, a.newValidation = o.CreateAcmeEndpoint, o.CreateAcmeDomainValidation
		a.newBinding, a.bindingKey = o.CreateAcmeExternalAccountBinding, o.GetAcmeExternalAccountBindingCredentials
	}
	if o := cfg.ACMEReads; o != nil {
		a.endpoints, a.endpoint, a.acmeValidations = o.ListAcmeEndpoints, o.DescribeAcmeEndpoint, o.ListAcmeDomainValidations
		a.acmeValidation, a.bindings = o.DescribeAcmeDomainValidation, o.ListAcmeExternalAccountBindings
	}
	return a
}

func (c *Client) safe() secret.Fields { return secret.Fields{"acmx.Client", "Region", c.region} }

// String is the Region.
func (c *Client) String() string { return c.safe().String() }

// GoString is the Region.
func (c *Client) GoString() string { return c.safe().String() }

// Format prints the Region, for every verb.
func (c *Client) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue is the Region.
func (c *Client) LogValue() slog.Value { return c.safe().LogValue() }
