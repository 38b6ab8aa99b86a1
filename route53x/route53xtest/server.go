package route53xtest

import (
	"cmp"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/internal/pipehttp"
	"github.com/kitroll/kitroll/route53x"
)

// The actions, for the methods of the Script.
const (
	ListHostedZonesByName    = "ListHostedZonesByName"
	GetHostedZone            = "GetHostedZone"
	CreateHostedZone         = "CreateHostedZone"
	DeleteHostedZone         = "DeleteHostedZone"
	ListResourceRecordSets   = "ListResourceRecordSets"
	ChangeResourceRecordSets = "ChangeResourceRecordSets"
	GetChange                = "GetChange"
	GetHostedZoneLimit       = "GetHostedZoneLimit"
)

// Options are the beginnings of a Server. The zero value is the fake of [NewServer].
type Options struct {
	AccessKeyID     string // default one of the shape of Amazon's
	SecretAccessKey string // default one of the shape of Amazon's

	SyncDelay  time.Duration // from a change until it is INSYNC; default 30 s, below 0 = none
	Processing time.Duration // how long a zone is busy after a change and refuses the next; default none

	MaxZones         int // of the account; default 500
	MaxZonesPerName  int // beyond it DelegationSetNotAvailable; default 4, unverified
	MaxSets          int // of a zone; default 10,000
	MaxValuesPerSet  int // default 400, unverified
	BatchElements    int // default 1000
	BatchChars       int // default 32,000
	MaxPageSize      int // of ListResourceRecordSets; default 300
	MaxZonePageSize  int // of ListHostedZonesByName; default 100
	ChangesPerSecond int // the bucket of changes; default 1000. Amazon does not publish its number
	ChangesBurst     int // default 5 seconds of it

	// Country tells where an address is, for geolocation sets: the codes of a continent, a country, a state of the US.
	// Default: nowhere, so that the set of "*" answers.
	Country func(netip.Addr) (continent, country, subdivision string)

	// Clock is the time of the server. Default: a [Clock] that starts with the machine's time, runs with it, and can be
	// put forward.
	Clock route53x.Clock
}

// Server is an account at Route 53, safe for concurrent use. The embedded Script makes it misbehave.
type Server struct {
	*fault.Script

	pipe  *pipehttp.Server
	opts  Options
	clock route53x.Clock

	mu         sync.Mutex
	zones      map[string]*zone
	references map[string]string // CallerReference to zone ID, for ever
	changes    map[string]*change
	pending    []*change // those that are not INSYNC yet
	buckets    map[string]*bucket
	cbt        *bucket
	log        []Request
	serial     int // of everything that gets an ID
	listeners  []*listener
	turn       int64 // of weighted sets
}

// NewServer starts a fake with all defaults.
func NewServer() *Server { return Open(Options{}) }

// Open starts a fake.
func Open(opts Options) *Server {
	opts.AccessKeyID = cmp.Or(opts.AccessKeyID, "AKIAFAKEROUTE53FAKE1")
	opts.SecretAccessKey = cmp.Or(opts.SecretAccessKey, "fakeSecretAccessKey0fTheFakeRoute53Account")
	opts.SyncDelay = max(cmp.Or(opts.SyncDelay, 30*time.Second), 0)
	opts.MaxZones = cmp.Or(opts.MaxZones, 500)
	opts.MaxZonesPerName = cmp.Or(opts.MaxZonesPerName, 4)
	opts.MaxSets = cmp.Or(opts.MaxSets, 10_000)
	opts.MaxValuesPerSet = cmp.Or(opts.MaxValuesPerSet, 400)
	opts.BatchElements = cmp.Or(opts.BatchElements, 1000)
	opts.BatchChars = cmp.Or(opts.BatchChars, 32_000)
	opts.MaxPageSize = cmp.Or(opts.MaxPageSize, 300)
	opts.MaxZonePageSize = cmp.Or(opts.MaxZonePageSize, 100)
	opts.ChangesPerSecond = cmp.Or(opts.ChangesPerSecond, 1000)
	opts.ChangesBurst = cmp.Or(opts.ChangesBurst, 5*opts.ChangesPerSecond)
	if opts.Country == nil {
		opts.Country = func(netip.Addr) (string, string, string) { return "", "", "" }
	}
	if opts.Clock == nil {
		opts.Clock = &Clock{}
	}
	s := &Server{
		Script: &fault.Script{}, opts: opts, clock: opts.Clock,
		zones: map[string]*zone{}, references: map[string]string{}, changes: map[string]*change{},
	}
	s.newBuckets()
	s.pipe = pipehttp.NewServer("route53.amazonaws.com", s)
	return s
}

// Close ends every connection and every listener.
func (s *Server) Close() {
	s.closeListeners()
	s.pipe.Close()
}

// Config is a configuration that reaches this account. Its clock is the server's: where a client waits, the server's time
// is put forward and no time passes. Set Clock to nil to wait in truth, such as in a bubble of testing/synctest.
func (s *Server) Config() route53x.Config {
	return route53x.Config{AWS: s.AWS(), Clock: s.clock}
}

// AWS is a configuration of the SDK that reaches this account.
func (s *Server) AWS() aws.Config {
	keys := aws.Credentials{AccessKeyID: s.opts.AccessKeyID, SecretAccessKey: s.opts.SecretAccessKey}
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: new(s.pipe.URL),
		HTTPClient:   s.pipe.Client(),
		Credentials:  aws.CredentialsProviderFunc(s.retrieve(keys)),
	}
}

// Client is an HTTP client whose every connection ends in this server.
func (s *Server) Client() *http.Client { return s.pipe.Client() }

// URL is the address of the API, for the Client.
func (s *Server) URL() string { return s.pipe.URL }

// Advance puts the server's clock forward. It panics when Options.Clock is none that can be.
func (s *Server) Advance(d time.Duration) {
	clock, ok := s.clock.(interface{ Advance(time.Duration) })
	if !ok {
		panic("route53xtest: the clock of the Options cannot be put forward")
	}
	clock.Advance(d)
}

// Now is the server's time.
func (s *Server) Now() time.Time { return s.clock.Now() }
