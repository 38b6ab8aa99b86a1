package cdntest

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/cdn"
)

// Options are the beginnings of a [Fake]. The zero value is CloudFront with its usual delays, on a virtual clock.
type Options struct {
	Clock   *awsopstest.Clock // nil = a new one
	Region  string            // of the client; "" = us-east-1, "cn-north-1" = CloudFront in China
	Account string            // "" = "123456789012"

	DeployTime     time.Duration // between a change and Deployed; 0 = 4 min
	InvalidateTime time.Duration // 0 = 1 min
	ListLag        int           // calls of a list that do not show a change yet
	PageSize       int           // of lists; 0 = 100
	HideID         bool          // DistributionAlreadyExists does not say which one it is; that it does is not documented

	MaxDistributions int // 0 = 200
	MaxAliases       int // of a distribution; 0 = 100

	// The patience of the edge with origins, in real time; 0 = 10 s for each of three attempts to connect, and the
	// OriginReadTimeout of the origin.
	EdgeConnect time.Duration
	EdgeRead    time.Duration
}

// Fake is CloudFront in one account. It satisfies cdn.API and cdn.CertificateNames. It is safe for concurrent use.
type Fake struct {
	awsopstest.Script
	Clock    *awsopstest.Clock
	Internet *Internet

	opts  Options
	trust *Authority // signs what the edge shows
	mu    sync.Mutex
	dists map[string]*distribution // by ID
	refs  map[string]string        // CallerReference → ID, for ever
	n     int                      // of what was made
	lists int                      // calls of ListDistributions

	certificates map[string][]string // ARN or IAM ID → names
	elsewhere    map[string]bool     // aliases of other accounts
	blocked      map[string]bool     // distributions whose firewall refuses
	recordals    map[string]types.ICPRecordalStatus
	shown        map[string]*identity // what the edge shows, by certificate

	cachePolicies   []types.CachePolicySummary
	requestPolicies []types.OriginRequestPolicySummary
	invalidations   map[string][]*invalidation // by distribution
	vpc             []*vpcOrigin
	vpcLists        int
	private         map[string]string // endpoint ARN → address
	vpcFails        map[string]bool
}

var (
	_ cdn.API              = (*Fake)(nil)
	_ cdn.CertificateNames = (*Fake)(nil)
)

// New makes a CloudFront with no distribution, whose edge listens on its Internet.
func New(opts Options) (*Fake, error) {
	opts.Account = cmp.Or(opts.Account, "123456789012")
	opts.Region = cmp.Or(opts.Region, "us-east-1")
	opts.DeployTime = cmp.Or(opts.DeployTime, 4*time.Minute)
	opts.InvalidateTime = cmp.Or(opts.InvalidateTime, time.Minute)
	opts.PageSize = cmp.Or(opts.PageSize, 100)
	opts.MaxDistributions, opts.MaxAliases = cmp.Or(opts.MaxDistributions, 200), cmp.Or(opts.MaxAliases, 100)
	opts.EdgeConnect = cmp.Or(opts.EdgeConnect, 10*time.Second)
	f := &Fake{
		Clock: cmp.Or(opts.Clock, &awsopstest.Clock{}), Internet: newInternet(), opts: opts,
		dists: map[string]*distribution{}, refs: map[string]string{}, certificates: map[string][]string{}, elsewhere: map[string]bool{},
		blocked: map[string]bool{}, recordals: map[string]types.ICPRecordalStatus{}, shown: map[string]*identity{},
		invalidations: map[string][]*invalidation{}, private: map[string]string{}, vpcFails: map[string]bool{},
	}
	var err error
	if f.trust, err = NewAuthority("Fake Public Authority", f.Clock.Now()); err != nil {
		return nil, fmt.Errorf("cdntest: %w", err)
	}
	f.addManaged()
	f.Internet.resolve = f.domain
	return f, f.openEdge()
}

// Close ends every connection of the Internet.
func (f *Fake) Close() { f.Internet.Close() }

// Authority is the public authority of this Internet: what it signs is trusted by the edge, and by cdn.Probe with
// [Fake.Config].
func (f *Fake) Authority() *Authority { return f.trust }

// Roots are what is trusted.
func (f *Fake) Roots() *x509.CertPool { return f.trust.Pool() }

// Config is for a client of this fake.
func (f *Fake) Config() cdn.Config {
	return cdn.Config{
		AWS: aws.Config{Region: f.opts.Region}, API: f, Certificates: f, Clock: f.Clock,
		Network: cdn.Network{Lookup: f.Internet.Lookup, Dial: f.Internet.Dial, Roots: f.Roots()},
	}
}

func (f *Fake) partition() awsops.Partition { return awsops.PartitionOf(f.opts.Region) }

// AddCertificate makes a certificate of ACM, or of IAM if name is no ARN, with its names.
func (f *Fake) AddCertificate(name string, names ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.certificates[name] = names
}

// CertificateNames are the names in a certificate, as cdn.Config.Certificates wants them.
func (f *Fake) CertificateNames(_ context.Context, arn string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	names, ok := f.certificates[arn]
	if !ok {
		return nil, awsopstest.Refuse("ResourceNotFoundException", "Could not find certificate %s", arn)
	}
	return names, nil
}

// Elsewhere gives an alias to a distribution of another account.
func (f *Fake) Elsewhere(alias string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.elsewhere[alias] = true
}

// Block has the firewall before a distribution refuse everything, or no longer.
func (f *Fake) Block(id string, on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.blocked[id] = on
}

// SetRecordal sets the state of the ICP recordal of an alias: "APPROVED", "PENDING", "SUSPENDED".
func (f *Fake) SetRecordal(alias, state string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.recordals[alias] = types.ICPRecordalStatus(state)
}

// Count is how many distributions there are.
func (f *Fake) Count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count()
}

func (f *Fake) count() int {
	n := 0
	for _, d := range f.dists {
		if d.config != nil {
			n++
		}
	}
	return n
}

// copyOf is a deep copy: the caller's structs are not the platform's.
func copyOf[T any](in *T) *T {
	if in == nil {
		return nil
	}
	data, err := json.Marshal(in)
	if err != nil {
		panic("cdntest: " + err.Error()) // types of the SDK always have a JSON
	}
	out := new(T)
	if err := json.Unmarshal(data, out); err != nil {
		panic("cdntest: " + err.Error())
	}
	return out
}

func refuse(code, format string, args ...any) error { return awsopstest.Refuse(code, format, args...) }
