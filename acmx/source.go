package acmx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// SourceOptions is what [Client.NewSource] may be told. nil is the defaults.
type SourceOptions struct {
	Every      time.Duration // between looks for a renewal; default 12 h
	Jitter     time.Duration // up to so much is added at random, so that many servers do not ask at once; default Every/12
	WarnBefore time.Duration // how long before its end a certificate is warned of; default 30 days: ACM renews at 45
	OnChange   func(Change)  // told of each new certificate, on the goroutine that looked
	OnWarning  func(Warning) // told of what a person should look at, on the goroutine that looked
}

// Change is a certificate that has come into use.
type Change struct {
	ARN       string
	OldSerial string // "" for the first
	Bundle    *Bundle
}

// Warning is why a certificate may stop being fresh.
type Warning struct {
	ARN      string
	NotAfter time.Time // of the certificate in use; zero = there is none
	Err      error     // why it could not be looked at or exported; nil = it ends soon and was not renewed
	Text     string
}

// Source keeps exported certificates in memory and fresh. [Source.GetCertificate] is what tls.Config.GetCertificate wants.
// It is safe for concurrent use. Either call [Source.Run], or [Source.Start] and [Source.Close], or only [Source.Refresh].
type Source struct {
	c    *Client
	arns []string
	opts SourceOptions

	refresh sync.Mutex // one look at a time
	current atomic.Pointer[snapshot]

	lifecycle sync.Mutex
	stop      context.CancelFunc
	done      chan struct{}
}

// snapshot is what is in use at a moment. It never changes: a new one takes its place.
type snapshot struct {
	list   []held // in the order of the ARNs
	byName map[string][]held
}

// held is a certificate in use.
type held struct {
	arn, serial string
	cert        *tls.Certificate
	bundle      *Bundle
}

// NewSource is a source of these certificates, the first of which serves clients that send no server name. Nothing is asked
// before the first [Source.Refresh], Run or Start.
func (c *Client) NewSource(arns []string, opts *SourceOptions) (*Source, error) {
	var o SourceOptions
	if opts != nil {
		o = *opts
	}
	var problems []error
	if len(arns) == 0 {
		problems = append(problems, errors.New("at least one ARN is required"))
	}
	for i, arn := range arns {
		if arn == "" || slices.Contains(arns[:i], arn) {
			problems = append(problems, fmt.Errorf("ARN %d, %q, is empty or there twice", i, arn))
		}
	}
	if o.Every < 0 || o.Jitter < 0 || o.WarnBefore < 0 {
		problems = append(problems, errors.New("Every, Jitter and WarnBefore are not below zero"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, invalid("NewSource", "", err)
	}
	if o.Every == 0 {
		o.Every = 12 * time.Hour
	}
	if o.Jitter == 0 {
		o.Jitter = o.Every / 12
	}
	if o.WarnBefore == 0 {
		o.WarnBefore = 30 * 24 * time.Hour
	}
	s := &Source{c: c, arns: slices.Clone(arns), opts: o}
	s.current.Store(&snapshot{})
	return s, nil
}

// Refresh looks at every certificate once and exports those whose serial is another than the one in use. What fails is
// warned of and leaves the certificate in use as it is; the error joins all failures.
func (s *Source) Refresh(ctx context.Context) error {
	s.refresh.Lock()
	defer s.refresh.Unlock()
	var failures []error
	for _, arn := range s.arns {
		if err := s.look(ctx, arn); err != nil {
			failures = append(failures, err)
			if context.Cause(ctx) == nil {
				s.warn(ctx, Warning{ARN: arn, NotAfter: s.notAfter(arn), Err: err, Text: "it could not be refreshed: " + err.Error()})
			}
		}
	}
	return errors.Join(failures...)
}

func (s *Source) look(ctx context.Context, arn string) error {
	d, err := s.c.Certificate(arn).Poll(ctx)
	if err != nil {
		return err
	}
	old, _ := s.find(arn)
	if old.serial != d.Serial || d.Serial == "" {
		b, err := s.c.Export(ctx, arn, nil)
		if err != nil {
			return err
		}
		if b.Serial() != old.serial {
			s.put(held{arn: arn, serial: b.Serial(), cert: new(b.TLSCertificate()), bundle: b})
			if s.opts.OnChange != nil {
				s.opts.OnChange(Change{ARN: arn, OldSerial: old.serial, Bundle: b})
			}
		}
	}
	now := s.c.now()
	if end := s.notAfter(arn); end.Sub(now) < s.opts.WarnBefore {
		text := fmt.Sprintf("it ends on %s and is not renewed", end.UTC().Format(time.DateOnly))
		if d.Renewal.Status != "" {
			text += ": its renewal is " + strings.TrimSpace(d.Renewal.Status+" "+d.Renewal.Reason) + "; are the validation records still there?"
		}
		s.warn(ctx, Warning{ARN: arn, NotAfter: end, Text: text})
	}
	return nil
}

func (s *Source) warn(ctx context.Context, w Warning) {
	s.c.log.WarnContext(ctx, "certificate", "arn", w.ARN, "not_after", w.NotAfter, "warning", w.Text)
	if s.opts.OnWarning != nil {
		s.opts.OnWarning(w)
	}
}

func (s *Source) find(arn string) (held, bool) {
	for _, h := range s.current.Load().list {
		if h.arn == arn {
			return h, true
		}
	}
	return held{}, false
}

func (s *Source) notAfter(arn string) time.Time {
	if h, ok := s.find(arn); ok {
		return h.bundle.Leaf.NotAfter
	}
	return time.Time{}
}

// put is called by one goroutine at a time; readers see the old snapshot or the new one.
func (s *Source) put(h held) {
	next := snapshot{byName: map[string][]held{}}
	for _, arn := range s.arns {
		if arn == h.arn {
			next.list = append(next.list, h)
		} else if other, ok := s.find(arn); ok {
			next.list = append(next.list, other)
		}
	}
	for _, h := range next.list {
		for _, name := range h.bundle.Leaf.DNSNames {
			name = plainName(name)
			next.byName[name] = append(next.byName[name], h)
		}
	}
	s.current.Store(&next)
}

// GetCertificate is for tls.Config.GetCertificate. It blocks on nothing and chooses by the name that the client asks for:
// one that names it before a wildcard, and of several one whose key the client can use. Without a name it is the first.
//
// It returns nil and no error for a name that is none of its own, so that another source may be asked, or
// tls.Config.Certificates serve. A certificate that has expired is not served: the error is ErrNoCertificate and ErrExpired,
// and the handshake fails.
func (s *Source) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	now := s.current.Load()
	if len(now.list) == 0 {
		return nil, &Error{Op: "GetCertificate", Err: fmt.Errorf("%w: nothing was loaded yet", ErrNoCertificate)}
	}
	name := plainName(hello.ServerName)
	if name == "" {
		return s.choose(hello, now.list)
	}
	_, parent, _ := strings.Cut(name, ".")
	return s.choose(hello, now.byName[name], now.byName["*."+parent])
}

// choose takes the first that the client can use, of those that are valid. If it can use none, crypto/tls may say so with
// the first.
func (s *Source) choose(hello *tls.ClientHelloInfo, groups ...[]held) (*tls.Certificate, error) {
	now := s.c.now()
	var fallback *tls.Certificate
	var expired error
	for _, group := range groups {
		for _, h := range group {
			switch {
			case !validAt(h.bundle.Leaf, now):
				expired = &Error{Op: "GetCertificate", ARN: h.arn, Err: fmt.Errorf("%w: %w: it ended on %s", ErrNoCertificate, ErrExpired, day(h.bundle.Leaf.NotAfter))}
			case hello.SupportsCertificate(h.cert) == nil:
				return h.cert, nil
			case fallback == nil:
				fallback = h.cert
			}
		}
	}
	if fallback != nil {
		return fallback, nil
	}
	return nil, expired
}

// Bundles are the certificates in use, in the order of the ARNs.
func (s *Source) Bundles() []*Bundle {
	var out []*Bundle
	for _, h := range s.current.Load().list {
		out = append(out, h.bundle)
	}
	return out
}

// Run refreshes at once and then every Every until ctx ends, whose cause it returns. A failure is warned of and tried again
// after a minute, then two, and so on up to Every.
func (s *Source) Run(ctx context.Context) error {
	failures := 0
	for {
		if s.Refresh(ctx) != nil {
			failures++
		} else {
			failures = 0
		}
		if err := pause(ctx, s.next(failures)); err != nil {
			return err
		}
	}
}

// next is how long to rest.
func (s *Source) next(failures int) time.Duration {
	rest := s.opts.Every
	if failures > 0 {
		rest = min(time.Minute<<min(failures-1, 20), rest)
	}
	if limit := min(s.opts.Jitter, rest); limit > 0 {
		rest += rand.N(limit)
	}
	return rest
}

// Start refreshes once, and then goes on in the background until Close. When the first look fails for any certificate,
// nothing is started, and what was loaded stays.
func (s *Source) Start(ctx context.Context) error {
	s.lifecycle.Lock()
	defer s.lifecycle.Unlock()
	if s.stop != nil {
		return invalid("Start", "", errors.New("it was started already"))
	}
	if err := s.Refresh(ctx); err != nil {
		return err
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop, s.done = stop, make(chan struct{})
	go func() {
		defer close(s.done)
		if pause(background, s.next(0)) == nil {
			_ = s.Run(background) // ends with Close
		}
	}()
	return nil
}

// Close ends what Start began and waits for it. What is loaded goes on being served. It may be called again.
func (s *Source) Close() error {
	s.lifecycle.Lock()
	defer s.lifecycle.Unlock()
	if s.stop != nil {
		s.stop()
		<-s.done
		s.stop = nil
	}
	return nil
}

// LogValue is what is in use: ARNs, serials and ends.
func (s *Source) LogValue() slog.Value {
	var attrs []slog.Attr
	for _, h := range s.current.Load().list {
		attrs = append(attrs, slog.Group(h.arn, slog.String("serial", h.serial), slog.Time("not_after", h.bundle.Leaf.NotAfter)))
	}
	return slog.GroupValue(attrs...)
}
