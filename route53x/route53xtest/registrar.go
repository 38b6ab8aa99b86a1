package route53xtest

import (
	"cmp"
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/internal/pipehttp"
	"github.com/kitroll/kitroll/route53x"
)

// The actions of registered domains, for the methods of the Script and for [Registrar.FailNext].
const (
	CheckDomainTransferability             = "CheckDomainTransferability"
	TransferDomain                         = "TransferDomain"
	GetOperationDetail                     = "GetOperationDetail"
	ListOperations                         = "ListOperations"
	ResendOperationAuthorization           = "ResendOperationAuthorization"
	GetDomainDetail                        = "GetDomainDetail"
	UpdateDomainNameservers                = "UpdateDomainNameservers"
	EnableDomainTransferLock               = "EnableDomainTransferLock"
	DisableDomainTransferLock              = "DisableDomainTransferLock"
	RetrieveDomainAuthCode                 = "RetrieveDomainAuthCode"
	AssociateDelegationSignerToDomain      = "AssociateDelegationSignerToDomain"
	DisassociateDelegationSignerFromDomain = "DisassociateDelegationSignerFromDomain"
	ListPrices                             = "ListPrices"
)

// RegistrarOptions are the beginnings of a [Registrar]. The zero value is the fake of [NewRegistrar].
type RegistrarOptions struct {
	AccessKeyID     string // default one of the shape of Amazon's
	SecretAccessKey string // default one of the shape of Amazon's

	// PriceList is what TLDs there are and what they cost. Default: com, net, org, dev, co.uk (whose transfer is free) and io;
	// .cn is not on it.
	PriceList []route53x.TLDPrice

	MaxDomains    int // of the account, transfers on their way included; default 20
	MaxOperations int // that run at a time; default 100, unverified
	MaxKeys       int // DS records of a domain; default 4, unverified
	PageSize      int // the largest page of ListOperations and ListPrices; default 100

	Start        time.Duration // an operation is SUBMITTED so long; default 1 min
	Work         time.Duration // how long a change of a domain then takes; default 2 min
	Reading      time.Duration // how long the holder takes to agree to the mail; default 1 h; below 0 = until Authorize
	ReadingTerm  time.Duration // after which a transfer fails without it; default 5 days, unverified
	RegistryTerm time.Duration // after which a registry takes silence for consent; default 5 days
	Listing      time.Duration // how long an operation is missing from ListOperations; default none
	SkipsTheMail bool          // transfers need no form of authorization

	// Clock is the time of the registrar. Default: a [Clock]. To share that of a [Server], give both the same.
	Clock route53x.Clock
}

// Elsewhere is a domain at another registrar, as the registry knows it.
type Elsewhere struct {
	Domain       string
	AuthCode     string // the one that is good now; "" = none was issued, so that none is good
	Registered   time.Time
	Transferred  time.Time // the last time; zero = never
	Restored     time.Time // zero = never
	Expires      time.Time
	Status       []string // EPP codes: a transfer needs the absence of clientTransferProhibited and its like
	Premium      bool
	OtherAccount bool // it is in another account of AWS
	Nameservers  []string
}

// RegistrarHooks are told what the registry tells others. They are called one after the other, without any lock, by
// whoever calls the fake next after the moment: [Registrar.Sync] does just that.
type RegistrarHooks struct {
	// Lookup is the registry's view of a domain at another registrar, asked each time. nil: those of AddElsewhere. Unlike the
	// others it is called in the middle of things, and must not call the Registrar.
	Lookup func(domain string) (Elsewhere, bool)
	// Requested tells the losing registrar that the domain is to be transferred: it can Approve, Reject or wait.
	Requested func(domain string, at time.Time)
	// Ended tells the losing registrar that the request is over: the domain has left, or stays.
	Ended func(domain string, left bool, at time.Time)
	// Delegated is that the registry has new name servers for a domain.
	Delegated func(domain string, nameservers []string, at time.Time)
}

// Charge is money that was taken for an order.
type Charge struct {
	Domain    string
	Operation string
	Price     route53x.Money
	At        time.Time
	Refunded  time.Time // zero = not
}

// Registrar is the registrar side of an account of AWS, and the registries behind it: AWS JSON 1.1, us-east-1. It is safe
// for concurrent use. The embedded Script makes it misbehave.
//
// It is as strict as the platform, as far as that is known: contacts and name servers are checked, the codes of errors are
// those of the API, one operation runs for a domain at a time (DuplicateRequest names it), the quotas count. Money is
// taken when a transfer is ordered, and given back when it fails. A wrong code, a lock, 60 days are found when the registry
// is asked, and let the operation fail. Operations go on with the clock: SUBMITTED, then IN_PROGRESS until the holder has
// agreed to the mail (PENDING_AUTHORIZATION) and the losing registrar to the request, or said nothing for five days.
type Registrar struct {
	*fault.Script

	pipe  *pipehttp.Server
	opts  RegistrarOptions
	clock route53x.Clock

	mu          sync.Mutex
	hooks       RegistrarHooks
	elsewhere   map[string]Elsewhere
	domains     map[string]*registered
	ops         []*operation
	charges     []Charge
	fail        map[string][]string
	maintenance map[string]bool
	unsure      map[string]int
	due         []func() // hooks to be called
	serial      int
}

// NewRegistrar starts a fake with all defaults.
func NewRegistrar() *Registrar { return OpenRegistrar(RegistrarOptions{}) }

// OpenRegistrar starts a fake.
func OpenRegistrar(opts RegistrarOptions) *Registrar {
	opts.AccessKeyID = cmp.Or(opts.AccessKeyID, "AKIAFAKEREGISTRAR001")
	opts.SecretAccessKey = cmp.Or(opts.SecretAccessKey, "fakeSecretAccessKey0fTheFakeRegistrarAccnt")
	if opts.PriceList == nil {
		opts.PriceList = priceList()
	}
	opts.MaxDomains = cmp.Or(opts.MaxDomains, 20)
	opts.MaxOperations = cmp.Or(opts.MaxOperations, 100)
	opts.MaxKeys = cmp.Or(opts.MaxKeys, 4)
	opts.PageSize = cmp.Or(opts.PageSize, 100)
	opts.Start = cmp.Or(opts.Start, time.Minute)
	opts.Work = cmp.Or(opts.Work, 2*time.Minute)
	opts.Reading = cmp.Or(opts.Reading, time.Hour)
	opts.ReadingTerm = cmp.Or(opts.ReadingTerm, 5*24*time.Hour)
	opts.RegistryTerm = cmp.Or(opts.RegistryTerm, 5*24*time.Hour)
	if opts.Clock == nil {
		opts.Clock = &Clock{}
	}
	r := &Registrar{
		Script: &fault.Script{}, opts: opts, clock: opts.Clock, elsewhere: map[string]Elsewhere{}, domains: map[string]*registered{},
		fail: map[string][]string{}, maintenance: map[string]bool{}, unsure: map[string]int{},
	}
	r.pipe = pipehttp.NewServer("route53domains.us-east-1.amazonaws.com", r)
	return r
}

func priceList() []route53x.TLDPrice {
	row := func(tld string, register, transfer, renew, restore int64) route53x.TLDPrice {
		return route53x.TLDPrice{
			TLD: tld, Register: route53x.USD(register), Transfer: route53x.USD(transfer), Renew: route53x.USD(renew),
			ChangeOwner: route53x.USD(0), Restore: route53x.USD(restore),
		}
	}
	return []route53x.TLDPrice{
		row("co.uk", 900, 0, 900, 900), row("com", 1500, 1500, 1500, 6600), row("dev", 1700, 1700, 1700, 9600),
		row("io", 7100, 7100, 7100, 12900), row("net", 1700, 1700, 1700, 8600), row("org", 1500, 1500, 1500, 9000),
	}
}

// Config is a ready Config that reaches this registrar. Its Region is another one, as a caller's may be. Its clock is the
// registrar's: where the client waits, time is put forward and none passes. Set Clock to nil to wait in truth, such as in
// a bubble of testing/synctest.
func (r *Registrar) Config() route53x.DomainsConfig {
	keys := aws.Credentials{AccessKeyID: r.opts.AccessKeyID, SecretAccessKey: r.opts.SecretAccessKey}
	return route53x.DomainsConfig{
		AWS: aws.Config{
			Region: "ap-southeast-1", BaseEndpoint: new(r.pipe.URL), HTTPClient: r.pipe.Client(),
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil }),
		},
		Clock: r.clock,
	}
}

// Client is an HTTP client whose every connection ends in this registrar.
func (r *Registrar) Client() *http.Client { return r.pipe.Client() }

// Close ends every connection. The state stays and can still be inspected.
func (r *Registrar) Close() { r.pipe.Close() }
