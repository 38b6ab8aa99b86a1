package transfer

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/route53x"
)

// Zones makes, finds and deletes hosted zones; *route53x.Client does.
type Zones interface {
	FindZone(ctx context.Context, name string, opts *route53x.FindZoneOptions) (route53x.Zone, error)
	Zone(ctx context.Context, zoneID string) (route53x.Zone, error)
	EnsureZone(ctx context.Context, name, ref string, opts *route53x.ZoneOptions) (z route53x.Zone, created bool, err error)
	DeleteZone(ctx context.Context, zoneID string) error
}

// Records reads and writes the record sets of a zone; *route53x.Client does.
type Records interface {
	RRSets(ctx context.Context, zoneID string, opts *route53x.ListOptions) iter.Seq2[route53x.RRSet, error]
	Apply(ctx context.Context, zoneID string, p *route53x.Plan, opts *route53x.ApplyOptions) (route53x.Result, error)
	WaitSync(ctx context.Context, ids []string, opts *route53x.WaitOptions) error
}

// Config is a move. Domain to Journal are required.
type Config struct {
	Domain  string
	From    Losing
	To      Gaining
	Source  Source
	Zones   Zones
	Records Records
	DNS     DNS
	Journal Journal

	// ID names the move in the journal, and the reference by which its hosted zone is found again is made from it.
	// Default: the domain.
	ID string
	// ZoneID adopts a hosted zone that is there, instead of making one.
	ZoneID string
	// OldNameservers are needed when the state was lost after the switch and the way back must stay open.
	OldNameservers []string
	// MaxPrice is the most that the transfer may cost. Required: an order is never placed at any price.
	MaxPrice Money
	// Acknowledge has IDs of [Item]s that may get lost.
	Acknowledge []string
	// Filing is the statement about the ICP filing; "" asks.
	Filing Filing
	// Consent has words that would be typed: see [Question].
	Consent map[Step]string
	// KeepPace leaves out the quick approval: the registry lets the domain go by itself, after five days.
	KeepPace bool
	// Thresholds are for a zone that was adopted with records in it.
	Thresholds route53x.Thresholds
	// OutcomeUnknown tells errors after which nobody knows what became of a call, beside those that are
	// route53x.ErrUnknownOutcome. The other platform's package has its own kind.
	OutcomeUnknown func(error) bool
	// Now is the clock, for programs with one of their own. Default time.Now.
	Now func() time.Time
	// Timing replaces the defaults; 0 is the default.
	Timing Timing
}

// Timing is how long things are waited for.
type Timing struct {
	Poll      time.Duration // between two looks at a task; default 5 s
	PollSlow  time.Duration // between two looks at what takes hours or days; default 5 min
	Settle    time.Duration // a call whose answer was lost may show as late as this; default 10 min
	Show      time.Duration // what a platform says is done has to show within this; default 30 min
	Fresh     time.Duration // how old a check may be at the switch; default 10 min
	CacheTTL  time.Duration // where a TTL cannot be found out; default 48 h, .com's
	KeepOld   time.Duration // the old zone stays at least so long after the move; default 7 days
	MinAge    time.Duration // of the registration; default 60 days
	MinExpiry time.Duration // before the domain expires; default 15 days
}

func (t Timing) orDefaults() Timing {
	const day = 24 * time.Hour
	return Timing{
		Poll: cmp.Or(t.Poll, 5*time.Second), PollSlow: cmp.Or(t.PollSlow, 5*time.Minute), Settle: cmp.Or(t.Settle, 10*time.Minute),
		Show: cmp.Or(t.Show, 30*time.Minute), Fresh: cmp.Or(t.Fresh, 10*time.Minute), CacheTTL: cmp.Or(t.CacheTTL, 2*day),
		KeepOld: cmp.Or(t.KeepOld, 7*day), MinAge: cmp.Or(t.MinAge, 60*day), MinExpiry: cmp.Or(t.MinExpiry, 15*day),
	}
}

// Runner carries out one move. It holds nothing that is not in the [State]: two processes with one journal are kept apart
// by the journal alone.
type Runner struct {
	cfg Config
}

// New checks everything about cfg that can be checked without a call, and says all that is wrong at once ([ErrInvalid]).
func New(cfg Config) (*Runner, error) {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	name, err := route53x.ParseName(cfg.Domain)
	if err != nil {
		add("Domain: %w", err)
	} else if strings.Count(string(name), ".") < 2 || strings.Contains(string(name), `\`) {
		add("Domain: %q is not a domain that is registered", cfg.Domain)
	}
	cfg.Domain = strings.TrimSuffix(string(name), ".")
	for _, field := range []struct {
		name string
		nil  bool
	}{
		{"From", cfg.From == nil},
		{"To", cfg.To == nil},
		{"Source", cfg.Source == nil},
		{"Zones", cfg.Zones == nil},
		{"Records", cfg.Records == nil},
		{"DNS", cfg.DNS == nil},
		{"Journal", cfg.Journal == nil},
	} {
		if field.nil {
			add("%s is not set", field.name)
		}
	}
	if cfg.MaxPrice.Cents <= 0 || cfg.MaxPrice.Currency == "" {
		add("MaxPrice is not set: an order is never placed at any price")
	}
	if f := cfg.Filing; f != "" && !slices.Contains(filings(), f) {
		add("Filing: %q is none of %v", f, filings())
	}
	for step := range cfg.Consent {
		if step.Number() < 0 {
			add("Consent: there is no step %q", step)
		}
	}
	if len(errs) > 0 {
		return nil, &Error{Kind: ErrInvalid, Text: "config", Err: errors.Join(errs...)}
	}
	cfg.ID = cmp.Or(cfg.ID, cfg.Domain)
	cfg.Timing = cfg.Timing.orDefaults()
	cfg.OldNameservers = hosts(cfg.OldNameservers)
	cfg.Acknowledge = slices.Clone(cfg.Acknowledge)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Runner{cfg: cfg}, nil
}

func filings() []Filing { return []Filing{FilingNone, FilingCancelled, FilingMoved, FilingAccept} }

// Load is the state of this move as the journal has it, or a new one where it has none. A state of another move is
// [ErrOtherMove].
func (r *Runner) Load(ctx context.Context) (State, error) {
	s, err := r.cfg.Journal.Load(ctx, r.cfg.ID)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return State{Version: stateVersion, ID: r.cfg.ID, Domain: r.cfg.Domain, Step: StepPreflight, Began: r.now()}.clone(), nil
	case err != nil:
		return State{}, err
	}
	return s.clone(), r.mine(s)
}

// mine refuses states that this runner did not make.
func (r *Runner) mine(s State) error {
	switch {
	case s.Version != stateVersion:
		return &Error{Kind: ErrOtherMove, Text: fmt.Sprintf("the state has version %d, this package reads version %d", s.Version, stateVersion)}
	case s.Domain != r.cfg.Domain || s.ID != r.cfg.ID:
		return &Error{Kind: ErrOtherMove, Text: fmt.Sprintf("the state is that of %s of %s, not of %s of %s: name another journal", s.ID, s.Domain, r.cfg.ID, r.cfg.Domain)}
	case s.Step.Number() < 0:
		return &Error{Kind: ErrInvalid, Text: fmt.Sprintf("the state is at step %q, which there is not", s.Step)}
	case r.cfg.ZoneID != "" && s.Zone != nil && s.Zone.ID != r.cfg.ZoneID:
		return &Error{Kind: ErrOtherMove, Text: fmt.Sprintf("the state has zone %s and the config has %s", s.Zone.ID, r.cfg.ZoneID)}
	}
	return nil
}

// Reference is the CallerReference of the hosted zone. It is made from ID and domain, never from a clock, so that the zone
// is found again when the answer to its creation, or the whole state, was lost. A reference is good once for ever: after
// a move was taken back, with its zone, the next one has the next round.
func (r *Runner) Reference(round int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d", r.cfg.ID, r.cfg.Domain, round))
	return "transfer-" + hex.EncodeToString(sum[:16])
}

// maxRounds is how often a move can be taken back with its zone and begun again.
const maxRounds = 20

func (r *Runner) now() time.Time { return r.cfg.Now().UTC().Truncate(time.Millisecond) }

func (r *Runner) save(ctx context.Context, s State) error {
	// A crash of the caller's context must not cost what was just learnt.
	if err := r.cfg.Journal.Save(context.WithoutCancel(ctx), s); err != nil {
		return fmt.Errorf("transfer: journal: %w", err)
	}
	return nil
}

// hosts are names of name servers in the form in which they are compared: lower case, no final dot, sorted.
func hosts(names []string) []string {
	var out []string
	for _, n := range names {
		out = append(out, strings.ToLower(strings.TrimSuffix(n, ".")))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func sameHosts(a, b []string) bool { return len(a) > 0 && slices.Equal(hosts(a), hosts(b)) }
