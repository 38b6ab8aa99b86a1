package acmxtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/internal/atomicfile"
	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/internal/pipehttp"
)

// Options are the beginnings of a Server. The zero value is the fake of [NewServer]: without any delay, and with a zone of
// its own.
type Options struct {
	Region          string // "" = "us-east-1"
	Account         string // "" = "123456789012"
	AccessKeyID     string // "" = "AKIAFAKEFAKEFAKEFAKE"
	SecretAccessKey string // "" = "fakeSecretAccessKeyOfTheFakeForTests0001"

	// Now is the platform's clock; nil = time.Now. In a testing/synctest bubble, which begins in the year 2000, give one
	// that is ahead of time.Now by a fixed time.
	Now func() time.Time

	// The platform's slowness. Nothing of this is documented but "several seconds" for details.
	DetailLag  time.Duration // after a request: first there is no such certificate, then no names, then no records
	ListLag    time.Duration // after a request, until the list has it; the same after a deletion
	CheckEvery time.Duration // between looks for the records; 0 = at every call
	IssueLag   time.Duration // between the last name's SUCCESS and ISSUED
	ExportLag  time.Duration // between ISSUED and the first export; before, RequestInProgressException

	// Where validation looks for a CNAME. DNS is the address of a name server that is asked by UDP, "127.0.0.1:5300";
	// CNAME is a function in its place. With neither it is the zone that [Server.Solver] writes to.
	DNS   string
	CNAME func(ctx context.Context, name string) (target string, err error)

	// CAA are the CAA records that the authority finds for a name, climbing included; nil = none. In presentation form.
	CAA func(name string) []string

	RootInChain     bool // exports and GetCertificate send the root too
	StrangerInChain bool // and a certificate that has nothing to do with it, first
	KeepKey         bool // a renewal keeps the key pair (unverified what ACM does)

	MaxNames        int             // quota of names; 0 = 10
	MaxCertificates int             // quota of certificates; 0 = 2500
	Price           acmx.PriceTable // zero = the one of the day
	Valid           time.Duration   // how long certificates are valid; 0 = 198 days
	RenewBefore     time.Duration   // when renewal begins; 0 = 45 days before the end

	// StateFile, if set, is read on Open and written after every change, before the answer leaves: a program can be killed,
	// run again and meet the platform's memory. It holds the fake's private keys.
	StateFile string
}

// Server is the fake. It is an http.Handler, so it can also be mounted on a port of loopback.
type Server struct {
	*fault.Script

	pipe *pipehttp.Server
	opts Options

	mu    sync.Mutex
	fail  map[string][]string // codes that are due, by operation
	state state
	ca    *authority
}

// state is all that the platform remembers.
type state struct {
	Certificates map[string]*certificate `json:"certificates"`
	Tokens       map[string]tokenUse     `json:"tokens"`
	Charges      []Charge                `json:"charges"`
	Zone         map[string]string       `json:"zone"`
	Authority    *authorityKeys          `json:"authority,omitzero"`
	ACME         acmeState               `json:"acme"`
	Serial       int                     `json:"serial"`
}

// NewServer starts a fake with all defaults. It cannot fail.
func NewServer() *Server {
	s, err := Open(Options{})
	if err != nil {
		panic("acmxtest: " + err.Error()) // no file, so nothing that can fail
	}
	return s
}

// Open starts a fake. The error is that of a StateFile that cannot be read, or of Options that contradict themselves.
func Open(opts Options) (*Server, error) {
	if opts.DNS != "" && opts.CNAME != nil {
		return nil, errors.New("acmxtest: Options: DNS and CNAME exclude each other")
	}
	opts.Region = cmp.Or(opts.Region, "us-east-1")
	opts.Account = cmp.Or(opts.Account, "123456789012")
	opts.AccessKeyID = cmp.Or(opts.AccessKeyID, "AKIAFAKEFAKEFAKEFAKE")
	opts.SecretAccessKey = cmp.Or(opts.SecretAccessKey, "fakeSecretAccessKeyOfTheFakeForTests0001")
	opts.MaxNames = cmp.Or(opts.MaxNames, 10)
	opts.MaxCertificates = cmp.Or(opts.MaxCertificates, 2500)
	opts.Valid = cmp.Or(opts.Valid, 198*24*time.Hour)
	opts.RenewBefore = cmp.Or(opts.RenewBefore, 45*24*time.Hour)
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Server{Script: &fault.Script{}, opts: opts, fail: map[string][]string{}}
	if opts.StateFile != "" {
		if err := atomicfile.ReadJSON(opts.StateFile, &s.state); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("acmxtest: Options.StateFile: %w", err)
		}
	}
	s.state.fill()
	if s.opts.CNAME == nil {
		s.opts.CNAME = s.ownZone
		if opts.DNS != "" {
			s.opts.CNAME = asker{server: opts.DNS}.lookup
		}
	}
	s.pipe = pipehttp.NewServer("acm."+opts.Region+".fake", s)
	return s, nil
}

func (st *state) fill() {
	if st.Certificates == nil {
		st.Certificates = map[string]*certificate{}
	}
	if st.Tokens == nil {
		st.Tokens = map[string]tokenUse{}
	}
	if st.Zone == nil {
		st.Zone = map[string]string{}
	}
	st.ACME.fill()
}

// Config is a ready Config of package acmx that reaches this fake and nothing else, by the fake's clock.
func (s *Server) Config() acmx.Config {
	return acmx.Config{
		AWS: aws.Config{
			Region:       s.opts.Region,
			BaseEndpoint: new(s.pipe.URL),
			HTTPClient:   s.pipe.Client(),
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: s.opts.AccessKeyID, SecretAccessKey: s.opts.SecretAccessKey}, nil
			}),
		},
		Now: s.opts.Now,
	}
}

// Client is an HTTP client whose every connection ends in this fake.
func (s *Server) Client() *http.Client { return s.pipe.Client() }

// Close ends every connection. The state stays and can still be inspected.
func (s *Server) Close() { s.pipe.Close() }

// FailNext refuses the next call of an operation, such as "RequestCertificate", with this code before it has any effect.
// Several calls queue up. "InternalFailure" is an HTTP 500, "AccessDeniedException" a 403, others a 400.
func (s *Server) FailNext(op string, codes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail[op] = append(s.fail[op], codes...)
}

// Charge is an entry of the bill.
type Charge struct {
	ARN       string     `json:"arn"`
	Why       string     `json:"why"` // "issue" or "renewal"
	Names     int        `json:"names"`
	Wildcards int        `json:"wildcards"`
	Amount    acmx.Money `json:"amount"`
	At        time.Time  `json:"at"`
}

// Bill is what the account has been charged, oldest first.
func (s *Server) Bill() []Charge {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.state.Charges)
}

// Spent is the sum of the bill.
func (s *Server) Spent() acmx.Money {
	var sum acmx.Money
	for _, c := range s.Bill() {
		sum += c.Amount
	}
	return sum
}

func (s *Server) charge(c *certificate, why string, now time.Time) {
	if !c.Export {
		return
	}
	opts := acmx.EstimateOptions{At: now}
	if s.opts.Price != (acmx.PriceTable{}) {
		opts.Prices = []acmx.PriceTable{s.opts.Price}
	}
	cost := acmx.Spec{Names: c.Names, Exportable: true}.Estimate(&opts)
	s.state.Charges = append(s.state.Charges, Charge{ARN: c.ARN, Why: why, Names: cost.Names, Wildcards: cost.Wildcards, Amount: cost.Issue, At: now})
}

// Count is how many certificates the account has, whatever their state.
func (s *Server) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.state.Certificates {
		if c.DeletedAt.IsZero() {
			n++
		}
	}
	return n
}

// save is called with the lock held, after a change and before the answer.
func (s *Server) save() error {
	if s.opts.StateFile == "" {
		return nil
	}
	return atomicfile.WriteJSON(s.opts.StateFile, &s.state)
}
