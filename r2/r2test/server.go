package r2test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/kitroll/kitroll/internal/atomicfile"
	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/internal/pipehttp"
	"github.com/kitroll/kitroll/r2"
)

// Scope is what the keys may do.
type Scope string

// The scopes of the tokens of R2.
const (
	ScopeObject Scope = "object" // Object Read & Write: the objects of the bucket and nothing else
	ScopeAdmin  Scope = "admin"  // Admin Read & Write: buckets too
)

// Options is the account. The zero value is one bucket and a token of object scope.
type Options struct {
	AccountID       string // default thirty-two hexadecimal digits
	Bucket          string // default "images"
	NoBucket        bool   // the account begins without it: ControlPlane, or a client of admin scope, has to make it
	AccessKeyID     string // default one of the shape of R2's
	SecretAccessKey string // default one of the shape of R2's
	Jurisdiction    r2.Jurisdiction
	Scope           Scope // of these keys; default ScopeObject. Those of API tokens have their own

	// ClientIP is where requests are taken to come from, for API tokens with conditions; default 203.0.113.7.
	ClientIP netip.Addr

	// TokenDelay is how long it takes until the platform knows of a token that was made, rolled or deleted; default 0. R2's
	// takes up to about a minute.
	TokenDelay time.Duration

	MinPart           int64         // smallest part but the last; default 5 MiB
	OpaquePartETags   bool          // ETags of parts that are no MD5, as miniflare gives
	OneWritePerSecond bool          // enforce one write per second to each key, as R2 does
	TooManyEvery      int           // answer every n-th request 429; 0 = none
	CORSOrigins       []string      // origins that may read the public side; a short form of CORS
	ClockSkew         time.Duration // how far the server's clock is ahead of this machine's

	// Now is the clock of the objects and of presigned URLs; default time.Now. The time of signed requests is compared
	// with the machine's clock, since the SDK signs with that.
	Now func() time.Time

	// StateFile keeps buckets with their settings, objects and how often they were written over restarts; empty = nowhere.
	// Uploads that are not complete are not in it.
	StateFile string

	// Spool is a folder for the contents, which are in memory without it: for bodies of gigabytes, of which nothing is in
	// memory then. The answer to a GetObject leaves as it is read, before observers are told After. The folder is the caller's to
	// remove. Not together with StateFile.
	Spool string

	// LockedPrefix is a bucket lock rule: what is there under this prefix can neither be overwritten nor deleted, 403
	// ObjectLockedByBucketPolicy. Empty = no rule.
	LockedPrefix string

	NoRanges    bool  // a Range is not looked at, as some S3 behind a proxy do
	NoListParts bool  // ListParts and ListMultipartUploads answer 501, as miniflare's do
	MaxCopy     int64 // the largest source of a CopyObject; default 4.995 GiB

	// CORS is the rules of the S3 side, for browsers with presigned URLs, and of the public side. None = no header.
	CORS []CORSRule
}

// Server is the bucket. It is safe for concurrent use.
type Server struct {
	*fault.Script

	URL       string // of the S3 API, for clients made with Client; Config derives it from the account
	PublicURL string // of the public side of the bucket: objects are at PublicURL/key

	pipe       *pipehttp.Server
	opts       Options
	publicHost string

	mu       sync.Mutex
	st       state
	uploads  map[string]*upload
	tokens   []*apiToken
	written  map[string]time.Time // the last write to a key
	failing  map[string]string    // keys and the codes with which they are not deleted
	cuts     []cutRule
	begun    int // uploads
	requests int
	rays     int
}

// NewServer opens a bucket with the defaults. It cannot fail. Close ends it.
func NewServer() *Server {
	s, err := Open(Options{})
	if err != nil {
		panic("r2test: the defaults do not open: " + err.Error()) // no file is read: it cannot happen
	}
	return s
}

// Open opens a bucket. The errors are those of reading Options.StateFile, one that does not exist yet being none, and of a
// CORS rule that R2 would not take.
func Open(opts Options) (*Server, error) {
	def := func(field *string, v string) {
		if *field == "" {
			*field = v
		}
	}
	def(&opts.AccountID, "0123456789abcdef0123456789abcdef")
	def(&opts.Bucket, "images")
	def(&opts.AccessKeyID, "fedcba9876543210fedcba9876543210")
	def(&opts.SecretAccessKey, strings.Repeat("5ec2e7fa", 8))
	if opts.Scope == "" {
		opts.Scope = ScopeObject
	}
	if opts.MinPart == 0 {
		opts.MinPart = 5 << 20
	}
	if opts.MaxCopy == 0 {
		opts.MaxCopy = 5<<30 - 5<<20
	}
	for _, rule := range opts.CORS {
		if err := rule.check(); err != nil {
			return nil, err
		}
	}
	if !opts.ClientIP.IsValid() {
		opts.ClientIP = netip.AddrFrom4([4]byte{203, 0, 113, 7})
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	host := opts.AccountID
	if opts.Jurisdiction != "" {
		host += "." + string(opts.Jurisdiction)
	}
	s := &Server{
		Script: &fault.Script{}, URL: "https://" + host + hostSuffix, PublicURL: "https://img.r2.fake", publicHost: "img.r2.fake",
		opts: opts, uploads: map[string]*upload{}, written: map[string]time.Time{},
		failing: map[string]string{},
	}
	if opts.StateFile != "" && opts.Spool != "" {
		return nil, errors.New("r2test: StateFile and Spool do not go together")
	}
	if opts.StateFile != "" {
		if err := atomicfile.ReadJSON(opts.StateFile, &s.st); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("r2test: state: %w", err)
		}
	}
	if !opts.NoBucket {
		s.st.bucket(opts.Bucket, true)
	}
	s.pipe = pipehttp.NewServer(host+hostSuffix, s)
	return s, nil
}

// Close ends every connection.
func (s *Server) Close() { s.pipe.Close() }

// Config is a configuration that reaches this bucket. Requests look as they do on their way to R2: the endpoint is
// https://, and only the connection is another.
func (s *Server) Config() r2.Config {
	return r2.Config{
		AccountID: s.opts.AccountID, Jurisdiction: s.opts.Jurisdiction, Bucket: s.opts.Bucket,
		AccessKeyID: s.opts.AccessKeyID, SecretAccessKey: s.opts.SecretAccessKey,
		Endpoint: s.URL, PublicBase: s.PublicURL, HTTPClient: s.Client(), Now: s.opts.Now,
	}
}

// Client is an HTTP client whose every connection ends in the fake, whatever the host.
func (s *Server) Client() *http.Client { return s.pipe.HTTPSClient() }

const (
	hostSuffix = ".r2.cloudflarestorage.com"
	publicPath = "/cdn-cgi/local/r2/public/"
)

// ServeHTTP answers the S3 API, and what the public may read.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Server", "cloudflare")
	w.Header().Set("Cf-Ray", s.ray())
	path := r.URL.EscapedPath()
	if rest, ok := strings.CutPrefix(path, publicPath); ok {
		bucket, key, _ := strings.Cut(rest, "/")
		s.public(w, r, bucket, key)
		return
	}
	if bucket, serves, found := s.behind(hostname(r)); serves {
		s.public(w, r, bucket, strings.TrimPrefix(path, "/"))
		return
	} else if found {
		http.Error(w, "the domain does not serve the bucket yet", http.StatusNotFound)
		return
	}
	path = strings.TrimPrefix(path, r2.MiniflarePath)
	bucket, escaped, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	key, err := url.PathUnescape(escaped)
	c := &request{bucket: bucket, key: key, query: r.URL.Query(), head: r.Header, http: r}
	c.op = operation(r.Method, c)
	if cors(w, r, s.rules(bucket, false)) {
		return
	}
	serve := s.Serve
	if s.opts.Spool != "" && c.op == "GetObject" {
		serve = s.ServeStream // an answer that is held back is in memory
	}
	serve(s.cutting(w, c.op), r, c.op, func(w http.ResponseWriter, r *http.Request) {
		c.http = r
		if err != nil {
			refuse(http.StatusBadRequest, "InvalidURI", "the path is not escaped well").send(w, r, c)
			return
		}
		if no := s.answer(w, c); no != nil {
			no.send(w, r, c)
		}
	})
}

func hostname(r *http.Request) string {
	host, _, _ := strings.Cut(r.Host, ":")
	return host
}

func (s *Server) ray() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rays++
	return fmt.Sprintf("%016x-FAKE", 0x8f00000000000000+uint64(s.rays))
}
