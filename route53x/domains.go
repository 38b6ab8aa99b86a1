package route53x

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53domains"

	"github.com/kitroll/kitroll/internal/awscall"
	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/internal/secret"
)

// DomainsRegion is the only Region that has the API of registered domains. [NewDomains] goes there whatever the Region of
// its configuration is.
const DomainsRegion = "us-east-1"

// The limits of registered domains, read 2026-11.
const (
	MinNameservers       = 2  // what registries ask for
	MaxNameservers       = 6  // of one domain
	MaxDomains           = 20 // of a new account; 50 for old ones. The quota can be raised
	MaxOperationsPage    = 100
	TransferQuarantine   = 60 * 24 * time.Hour // since registration, the last transfer or a restore
	RegistryTransferTerm = 5 * 24 * time.Hour  // after which a registry takes silence for consent
	searchTime           = time.Minute         // how long an operation is looked for whose answer was lost
)

// TransferAPI is the part of Route 53's API that brings a domain in. *route53domains.Client satisfies it.
type TransferAPI interface {
	CheckDomainTransferability(context.Context, *route53domains.CheckDomainTransferabilityInput, ...func(*route53domains.Options)) (*route53domains.CheckDomainTransferabilityOutput, error)
	TransferDomain(context.Context, *route53domains.TransferDomainInput, ...func(*route53domains.Options)) (*route53domains.TransferDomainOutput, error)
	GetOperationDetail(context.Context, *route53domains.GetOperationDetailInput, ...func(*route53domains.Options)) (*route53domains.GetOperationDetailOutput, error)
	ListOperations(context.Context, *route53domains.ListOperationsInput, ...func(*route53domains.Options)) (*route53domains.ListOperationsOutput, error)
	ResendOperationAuthorization(context.Context, *route53domains.ResendOperationAuthorizationInput, ...func(*route53domains.Options)) (*route53domains.ResendOperationAuthorizationOutput, error)
}

// DomainAPI is the part that looks after domains which are registered here. *route53domains.Client satisfies it.
type DomainAPI interface {
	GetDomainDetail(context.Context, *route53domains.GetDomainDetailInput, ...func(*route53domains.Options)) (*route53domains.GetDomainDetailOutput, error)
	UpdateDomainNameservers(context.Context, *route53domains.UpdateDomainNameserversInput, ...func(*route53domains.Options)) (*route53domains.UpdateDomainNameserversOutput, error)
	EnableDomainTransferLock(context.Context, *route53domains.EnableDomainTransferLockInput, ...func(*route53domains.Options)) (*route53domains.EnableDomainTransferLockOutput, error)
	DisableDomainTransferLock(context.Context, *route53domains.DisableDomainTransferLockInput, ...func(*route53domains.Options)) (*route53domains.DisableDomainTransferLockOutput, error)
	RetrieveDomainAuthCode(context.Context, *route53domains.RetrieveDomainAuthCodeInput, ...func(*route53domains.Options)) (*route53domains.RetrieveDomainAuthCodeOutput, error)
}

// SignerAPI is the part for DS records at the registry. *route53domains.Client satisfies it.
type SignerAPI interface {
	AssociateDelegationSignerToDomain(context.Context, *route53domains.AssociateDelegationSignerToDomainInput, ...func(*route53domains.Options)) (*route53domains.AssociateDelegationSignerToDomainOutput, error)
	DisassociateDelegationSignerFromDomain(context.Context, *route53domains.DisassociateDelegationSignerFromDomainInput, ...func(*route53domains.Options)) (*route53domains.DisassociateDelegationSignerFromDomainOutput, error)
}

// PriceAPI is the price list. *route53domains.Client satisfies it.
type PriceAPI interface {
	ListPrices(context.Context, *route53domains.ListPricesInput, ...func(*route53domains.Options)) (*route53domains.ListPricesOutput, error)
}

// DomainsConfig is what a [Domains] is made from.
type DomainsConfig struct {
	// AWS has the credentials, and the HTTP client if it is to be another than the SDK's. Its Region is not looked at, see
	// [DomainsRegion], nor is its Retryer. Bodies and messages are not logged by the SDK, even if ClientLogMode asks for
	// it: they hold the auth code and the contacts. Not needed when all the APIs below are set.
	AWS aws.Config

	// The calls, for fakes and middleware. nil is the client of the SDK. One that is set here must be bound to us-east-1
	// by its owner. Each call is given the option that turns repeats off.
	Transfers TransferAPI
	Domains   DomainAPI
	Signers   SignerAPI
	Prices    PriceAPI

	// MaxRetries is how often a call that only reads is repeated when it was throttled or failed on the way; default 4,
	// new(0) = never. A call that changes something is never repeated.
	MaxRetries *int

	Clock  Clock        // default: the time of the machine
	Logger *slog.Logger // default: discard. Debug: each call, without what it says; Warn: surprises
}

func (c DomainsConfig) safe() secret.Fields {
	return secret.Fields{
		"route53x.DomainsConfig", "Region", DomainsRegion, "Credentials", secret.Mask(map[bool]string{true: "set"}[c.AWS.Credentials != nil]),
		"BaseEndpoint", httpcall.RedactURL(aws.ToString(c.AWS.BaseEndpoint)), "Transfers", c.Transfers != nil,
		"Domains", c.Domains != nil, "Signers", c.Signers != nil, "Prices", c.Prices != nil,
	}
}

// String is the configuration without its secrets.
func (c DomainsConfig) String() string { return c.safe().String() }

// GoString is the configuration without its secrets.
func (c DomainsConfig) GoString() string { return c.safe().String() }

// Format prints the configuration without its secrets, for every verb.
func (c DomainsConfig) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue is the configuration without its secrets.
func (c DomainsConfig) LogValue() slog.Value { return c.safe().LogValue() }

// MarshalJSON gives the configuration as a string without its secrets.
func (c DomainsConfig) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// Domains are the domains that are registered with, or on their way to, Route 53. It is safe for concurrent use, starts no
// goroutine and needs no Close.
type Domains struct {
	api    domainsAPI
	caller *awscall.Caller
	log    *slog.Logger
	clock  Clock
}

// domainsAPI is the calls that are made. They are method values, and the SDK's client is kept in no field: were it
// reachable from an interface, the linker would keep every operation of the service in every program.
type domainsAPI struct {
	check     domainCall[route53domains.CheckDomainTransferabilityInput, route53domains.CheckDomainTransferabilityOutput]
	transfer  domainCall[route53domains.TransferDomainInput, route53domains.TransferDomainOutput]
	operation domainCall[route53domains.GetOperationDetailInput, route53domains.GetOperationDetailOutput]
	list      domainCall[route53domains.ListOperationsInput, route53domains.ListOperationsOutput]
	resend    domainCall[route53domains.ResendOperationAuthorizationInput, route53domains.ResendOperationAuthorizationOutput]
	detail    domainCall[route53domains.GetDomainDetailInput, route53domains.GetDomainDetailOutput]
	ns        domainCall[route53domains.UpdateDomainNameserversInput, route53domains.UpdateDomainNameserversOutput]
	lock      domainCall[route53domains.EnableDomainTransferLockInput, route53domains.EnableDomainTransferLockOutput]
	unlock    domainCall[route53domains.DisableDomainTransferLockInput, route53domains.DisableDomainTransferLockOutput]
	code      domainCall[route53domains.RetrieveDomainAuthCodeInput, route53domains.RetrieveDomainAuthCodeOutput]
	addDS     domainCall[route53domains.AssociateDelegationSignerToDomainInput, route53domains.AssociateDelegationSignerToDomainOutput]
	removeDS  domainCall[route53domains.DisassociateDelegationSignerFromDomainInput, route53domains.DisassociateDelegationSignerFromDomainOutput]
	prices    domainCall[route53domains.ListPricesInput, route53domains.ListPricesOutput]
}

// NewDomains checks the configuration and makes the client. It does no I/O.
//
// Errors: every problem found, each naming its field.
//
// Source: docs.aws.amazon.com/Route53/latest/APIReference, "Amazon Route 53 domain registration" (read 2026-11).
func NewDomains(cfg DomainsConfig) (*Domains, error) {
	own := cfg.Transfers == nil || cfg.Domains == nil || cfg.Signers == nil || cfg.Prices == nil
	var problems []error
	if own && cfg.AWS.Credentials == nil {
		problems = append(problems, errors.New("AWS.Credentials are required, or Transfers, Domains, Signers and Prices"))
	}
	retries := *cmp.Or(cfg.MaxRetries, new(4))
	if retries < 0 || retries > 20 {
		problems = append(problems, fmt.Errorf("MaxRetries: %d is not in 0 to 20", retries))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("route53x: domains: config: %w", err)
	}
	d := &Domains{caller: awscall.New(&retries, cfg.Logger, cfg.Clock)}
	d.caller.Retry.Cap = longestPause
	d.log, d.clock = d.caller.Log, d.caller.Clock
	if own {
		d.api.fromSDK(cfg.AWS)
	}
	if api := cfg.Transfers; api != nil {
		d.api.check, d.api.transfer, d.api.operation = api.CheckDomainTransferability, api.TransferDomain, api.GetOperationDetail
		d.api.list, d.api.resend = api.ListOperations, api.ResendOperationAuthorization
	}
	if api := cfg.Domains; api != nil {
		d.api.detail, d.api.ns, d.api.code = api.GetDomainDetail, api.UpdateDomainNameservers, api.RetrieveDomainAuthCode
		d.api.lock, d.api.unlock = api.EnableDomainTransferLock, api.DisableDomainTransferLock
	}
	if api := cfg.Signers; api != nil {
		d.api.addDS, d.api.removeDS = api.AssociateDelegationSignerToDomain, api.DisassociateDelegationSignerFromDomain
	}
	if api := cfg.Prices; api != nil {
		d.api.prices = api.ListPrices
	}
	return d, nil
}

func (api *domainsAPI) fromSDK(cfg aws.Config) {
	sdk := route53domains.NewFromConfig(cfg, func(o *route53domains.Options) {
		o.Region = DomainsRegion
		o.HTTPClient = awscall.HTTPClient(cfg)
		o.APIOptions = append(o.APIOptions, awscall.WithoutTraceHeader)
		o.ClientLogMode &= aws.LogSigning | aws.LogRequest | aws.LogResponse // LogRetries has the messages of errors
	})
	*api = domainsAPI{
		check: sdk.CheckDomainTransferability, transfer: sdk.TransferDomain, operation: sdk.GetOperationDetail,
		list: sdk.ListOperations, resend: sdk.ResendOperationAuthorization, detail: sdk.GetDomainDetail,
		ns: sdk.UpdateDomainNameservers, lock: sdk.EnableDomainTransferLock, unlock: sdk.DisableDomainTransferLock,
		code: sdk.RetrieveDomainAuthCode, addDS: sdk.AssociateDelegationSignerToDomain,
		removeDS: sdk.DisassociateDelegationSignerFromDomain, prices: sdk.ListPrices,
	}
}
