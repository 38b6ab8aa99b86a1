package acmx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/poll"
	"github.com/kitroll/kitroll/internal/secret"
)

// TagEndpoint is the tag by which an ACME endpoint that was made by [Client.SetupACME] is found again. It is put on the
// certificates that are issued through it, since ACM lists those tags and no others.
const TagEndpoint = "acmx:endpoint"

// ACMEDomain is a domain that an ACME client may get certificates for.
type ACMEDomain struct {
	Name       string
	Subdomains bool // also for names below it
	Wildcards  bool // also for wildcards
	// HostedZone is the Route 53 zone of the domain in the same account, for ACM to put the record there by itself.
	// Default: the Solver puts it.
	HostedZone string
}

// ACMESpec is the ACME endpoint that is wanted. The same spec is the same endpoint.
type ACMESpec struct {
	Domains []ACMEDomain
	Keys    []KeyAlgorithm    // that clients may have; default all three that ACM issues for
	Contact bool              // clients have to give a contact
	RoleARN string            // the IAM role that says what a client may do; required
	Expires time.Duration     // of the key that binds a client's account, in whole minutes; default as ACM decides
	Label   string            // tells apart endpoints of the same RoleARN; default none
	Tags    map[string]string // of the endpoint
}

// ACMEAccess is what an ACME client needs: its directory and an external account binding (EAB). Printing it does not show
// the HMAC key.
type ACMEAccess struct {
	EndpointARN string
	URL         string // the ACME directory
	BindingARN  string
	KeyID       string
	Expires     time.Time // of the binding; zero = not said
	Domains     []string

	hmac *string // behind a pointer: fmt goes through unexported fields of other structs without asking String
}

// HMAC is the MAC key of the binding, as ACM gave it: base64url. It is a secret.
func (a ACMEAccess) HMAC() string {
	if a.hmac == nil {
		return ""
	}
	return *a.hmac
}

func (a ACMEAccess) safe() secret.Fields {
	return secret.Fields{"acmx.ACMEAccess", "URL", a.URL, "KeyID", a.KeyID, "HMAC", secret.Mask(a.HMAC()), "Domains", a.Domains}
}

// String is the access without its HMAC key.
func (a ACMEAccess) String() string { return a.safe().String() }

// GoString is the access without its HMAC key.
func (a ACMEAccess) GoString() string { return a.safe().String() }

// Format prints the access without its HMAC key, for every verb.
func (a ACMEAccess) Format(s fmt.State, verb rune) { a.safe().Format(s, verb) }

// LogValue is the access without its HMAC key.
func (a ACMEAccess) LogValue() slog.Value { return a.safe().LogValue() }

// MarshalJSON gives the access as a string without its HMAC key.
func (a ACMEAccess) MarshalJSON() ([]byte, error) { return json.Marshal(a.String()) }

// SetupACMEOptions is what [Client.SetupACME] may be told. nil is the defaults.
type SetupACMEOptions struct {
	// NewBinding makes a binding of its own instead of giving out one of the role that is still valid.
	NewBinding bool
	Interval   time.Duration        // between looks; default 2 s, growing to 30 s
	Progress   func(message string) // told what is done, on the goroutine of the caller
}

// normal is the spec with its defaults, or all that is wrong with it.
func (s ACMESpec) normal() (ACMESpec, error) {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	s.Domains, s.Keys = slices.Clone(s.Domains), slices.Clone(s.Keys)
	seen := map[string]bool{}
	for i, d := range s.Domains {
		name, err := checkName(d.Name)
		switch {
		case err != nil:
			bad("Domains: %w", err)
		case isWildcard(name):
			bad("Domains: %q: name the domain and set Wildcards", d.Name)
		case seen[name]:
			bad("Domains: %q is there twice", name)
		}
		seen[name] = true
		s.Domains[i].Name = name
	}
	if len(s.Domains) == 0 {
		bad("Domains: at least one is required")
	}
	if len(s.Keys) == 0 {
		s.Keys = []KeyAlgorithm{RSA2048, ECP256, ECP384}
	}
	for _, k := range s.Keys {
		if !slices.Contains([]KeyAlgorithm{RSA2048, ECP256, ECP384}, k) {
			bad("Keys: ACM does not issue for %q", string(k))
		}
	}
	if !strings.HasPrefix(s.RoleARN, "arn:") || !strings.Contains(s.RoleARN, ":role/") {
		bad("RoleARN: %q is not the ARN of an IAM role", s.RoleARN)
	}
	if s.Expires < 0 || s.Expires%time.Minute != 0 {
		bad("Expires: %s is not in whole minutes", s.Expires)
	}
	problems = append(problems, checkTags(s.Tags, TagEndpoint)...)
	return s, errors.Join(problems...)
}

// id is what an endpoint is known by.
func (s ACMESpec) id() string { return fingerprint("acme endpoint", s.RoleARN, s.Label) }

// SetupACME sets up an ACME server at ACM, so that any ACME client with external account binding gets Amazon's certificates
// and keeps its private keys to itself: the endpoint, the validation of each domain in advance, and a binding. What is there
// already is used again, by the tag [TagEndpoint], so it may be called as often as one likes. What ACM charges for
// certificates from an endpoint is not known: look before ordering many.
//
// The solver presents the records of domains without a HostedZone; nil = somebody else does. Errors are [*Error]:
// ErrInvalid with all problems, ErrValidationFailed with ACM's reason, and those of the calls.
//
// Source: CreateAcmeEndpoint, CreateAcmeDomainValidation, CreateAcmeExternalAccountBinding, ACM API reference (read 2026-11;
// nobody here has used it: unverified).
func (c *Client) SetupACME(ctx context.Context, spec ACMESpec, solver Solver, opts *SetupACMEOptions) (ACMEAccess, error) {
	var o SetupACMEOptions
	if opts != nil {
		o = *opts
	}
	spec, err := spec.normal()
	if err != nil {
		return ACMEAccess{}, invalid("SetupACME", "", err)
	}
	r := acmeRun{c: c, spec: spec, solver: solver, opts: o}
	a := ACMEAccess{}
	if a.EndpointARN, a.URL, err = r.endpoint(ctx); err != nil {
		return a, err
	}
	for _, d := range spec.Domains {
		if err := r.validate(ctx, a.EndpointARN, d); err != nil {
			return a, err
		}
		a.Domains = append(a.Domains, d.Name)
	}
	return r.binding(ctx, a)
}

// acmeRun is one SetupACME.
type acmeRun struct {
	c      *Client
	spec   ACMESpec
	solver Solver
	opts   SetupACMEOptions
}

func (r acmeRun) say(format string, args ...any) {
	if r.opts.Progress != nil {
		r.opts.Progress(fmt.Sprintf(format, args...))
	}
}

// until looks until done.
func (r acmeRun) until(ctx context.Context, op, arn string, look func(context.Context) (bool, error)) error {
	first := r.opts.Interval
	if first <= 0 {
		first = 2 * time.Second
	}
	var failure error
	err := poll.Until(ctx, poll.Schedule{First: first, Factor: 1.5, Max: max(first, 30*time.Second)}, nil, func(ctx context.Context) (bool, error) {
		var done bool
		done, failure = look(ctx)
		return done, failure
	})
	if err != nil && failure == nil {
		return &Error{Op: op, ARN: arn, Err: err}
	}
	return err
}
