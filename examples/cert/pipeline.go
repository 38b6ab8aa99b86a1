package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The pipeline speaks to these interfaces alone. Each is one platform's part in the job, in the job's own words; acm.go,
// dns.go and shelf.go satisfy them.
type (
	// Authority sells certificates. A Quote is what Obtain will do and cost; Obtain never costs more, and never buys what
	// is there already.
	Authority interface {
		Quote(ctx context.Context) (Quote, error)
		Obtain(ctx context.Context, q Quote, zone Zone, progress func(state string)) (id string, err error)
	}
	// Vault tells which certificate there is under an ID, which a renewal keeps, and gives it out with its key.
	Vault interface {
		Look(ctx context.Context, id string) (Facts, error)
		Export(ctx context.Context, id string) (Bundle, error)
	}
	// Zone holds the records that prove the names. A record that is there and equal is no error; another is not touched.
	Zone interface {
		PresentCNAME(ctx context.Context, name, target string) error
	}
	// Bundle is a certificate with its key, which leaves it into the files of a Shelf and nowhere else.
	Bundle interface {
		Facts() Facts
		Chain() []string // the issuers, from the leaf's upwards
		Notes() []string // what was left out of the chain
	}
	// Shelf is the folder that a server reads its certificate from.
	Shelf interface {
		Installed() (Installed, error)
		Install(ctx context.Context, b Bundle, reload func(ctx context.Context) error) (changed bool, err error)
		Has(version string) bool
		Describe(lang Lang) string
	}
)

// Facts are what tells one certificate from another.
type Facts struct {
	Serial string // lower-case hex
	Names  []string
	Until  time.Time
}

// Record proves a name, for as long as it stays.
type Record struct{ Name, Target string }

// Quote is what an Authority would do.
type Quote struct {
	Action  string // "buy", "resume" or "reuse"
	ID      string // of the certificate that is there, for resume and reuse
	Due     string // what is to be paid now, as in "$14.00"; "" for nothing
	Cost    string // the estimate as a sentence
	Until   time.Time
	Records []Record // as far as they are known
	Notes   []string
	Failed  []string // IDs of earlier attempts, which are of no use
}

// Installed is what a Shelf holds; zero for nothing.
type Installed struct {
	Facts
	Version string // its name on the shelf, by which it can be put back
	Plain   string // what the files get for a name that were there before the first installation; "" = there are none
}

// Job is what the flags asked for, already checked.
type Job struct {
	Names    []string
	Dir      string
	Reload   []string // the command; nil for none
	PlanOnly bool
	Lang     Lang
}

// Account is one platform and who we are there, for the greeting and the journal.
type Account struct {
	Platform, Name string
	Fake           bool // one of the packages' own fakes, in this process
	Keeps          bool // it keeps things under IDs that mean nothing elsewhere
}

// Pipeline runs a job against its journal.
type Pipeline struct {
	Authority Authority
	Vault     Vault
	Zone      Zone
	Shelf     Shelf
	Accounts  []Account

	Job     Job
	Journal *Journal
	Report  *Report
	// Confirm returns whether a person agreed to what is due.
	Confirm func(due string) (bool, error)
	// Reload runs the command of the Job.
	Reload func(ctx context.Context) error
}

// ErrUnknown is the outcome of a request that left and was never answered. Adapters wrap it around the platform's own
// error, because only the platform's package can tell.
var ErrUnknown = errors.New("outcome unknown")

// errNotConfirmed ends a run whose cost nobody agreed to.
var errNotConfirmed = errors.New("not confirmed, nothing was bought")

// StepError names the step that failed.
type StepError struct {
	Step string
	Err  error
}

func (e *StepError) Error() string { return fmt.Sprintf("%s: %v", e.Step, e.Err) }

// Unwrap returns the cause.
func (e *StepError) Unwrap() error { return e.Err }

// Run shows the plan, asks if it costs money, and does what is not done yet.
func (p *Pipeline) Run(ctx context.Context) error {
	for _, a := range p.Accounts {
		if !a.Keeps {
			continue
		}
		if err := p.Journal.Bind(a.Platform, a.Name); err != nil {
			return inputError{err}
		}
	}
	plan, err := p.plan(ctx)
	if err != nil {
		return &StepError{stepPlan, err}
	}
	p.Report.Plan(plan)
	if p.Job.PlanOnly {
		return nil
	}
	if e := p.Journal.Step(stepCertificate); !e.Done.IsZero() && plan.Quote.Action == "buy" {
		// Other keys are in the environment, or somebody has deleted it: nothing that -yes was meant for.
		return inputError{fmt.Errorf("the journal has %s, which is not in this account or cannot be used any more: to buy another one, name another -journal", e.Values["id"])}
	}
	if plan.Quote.Due != "" {
		ok, err := p.Confirm(plan.Quote.Due)
		if err != nil {
			return err
		}
		if !ok {
			return errNotConfirmed
		}
	}
	id, err := p.certificate(ctx, plan)
	if err != nil {
		return &StepError{stepCertificate, err}
	}
	if err := p.install(ctx, id, plan); err != nil {
		return err
	}
	p.Report.End(p.undo(id))
	return nil
}

// certificate buys one, or finds that it has been bought. It is asked for in either case: the records have to stay for as
// long as it is to be renewed, and this is what puts back one that was lost.
func (p *Pipeline) certificate(ctx context.Context, plan Plan) (id string, err error) {
	e := p.Journal.Step(stepCertificate)
	before := !e.Done.IsZero() && plan.Quote.Action == "reuse" && plan.Quote.ID == e.Values["id"]
	if !before {
		if err := p.Journal.Begin(stepCertificate, values{"names": strings.Join(p.Job.Names, " ")}); err != nil {
			return "", err
		}
		p.Report.Begin(stepCertificate)
	}
	zone := &shownZone{p.Zone, p.Report}
	id, err = p.Authority.Obtain(ctx, plan.Quote, zone, func(state string) {
		if !before {
			p.Report.Waiting(stepCertificate, state)
		}
	})
	if err != nil {
		return "", err
	}
	if before {
		p.Report.Skip(stepCertificate, id)
		return id, nil
	}
	if err := p.Journal.Finish(stepCertificate, values{"id": id}); err != nil {
		return "", err
	}
	p.Report.Done(stepCertificate, id)
	return id, nil
}

// shownZone says of each record that it is there.
type shownZone struct {
	zone   Zone
	report *Report
}

func (z *shownZone) PresentCNAME(ctx context.Context, name, target string) error {
	if err := z.zone.PresentCNAME(ctx, name, target); err != nil {
		return err
	}
	z.report.Record(Record{name, target})
	return nil
}

// install brings the certificate onto the shelf, unless the one with its serial number is there and a run has seen the end
// of installing it. The journal is of no matter for what is on the disk, but for one thing: whether the server was told.
func (p *Pipeline) install(ctx context.Context, id string, plan Plan) error {
	now, err := p.Vault.Look(ctx, id)
	if err != nil {
		return &StepError{stepExport, err}
	}
	key := stepInstall + ":" + hash(plan.Where)[:12]
	e := p.Journal.Step(key)
	if !e.Done.IsZero() && plan.Installed.Serial == now.Serial {
		p.Report.Skip(stepInstall, now.Serial)
		return nil
	}
	p.Report.Begin(stepExport)
	bundle, err := p.Vault.Export(ctx, id)
	if err != nil {
		return &StepError{stepExport, err}
	}
	facts := bundle.Facts()
	p.Report.Done(stepExport, facts.Serial)
	p.Report.Chain(facts, bundle.Chain(), bundle.Notes())

	before := plan.Installed.Version
	if facts.Serial == plan.Installed.Serial { // a run that ended after the switch knows what was there before it
		before = e.Values["before"]
	}
	if err := p.Journal.Begin(key, values{"serial": facts.Serial, "before": before}); err != nil {
		return &StepError{stepInstall, err}
	}
	p.Report.Begin(stepInstall)
	changed, err := p.Shelf.Install(ctx, bundle, p.reload())
	if err != nil {
		return &StepError{stepInstall, err}
	}
	after, err := p.Shelf.Installed()
	if err != nil {
		return &StepError{stepInstall, err}
	}
	if before == "" {
		before = after.Plain
	}
	if err := p.Journal.Finish(key, values{"serial": facts.Serial, "version": after.Version, "before": before}); err != nil {
		return &StepError{stepInstall, err}
	}
	p.Report.Installed(changed, plan.Where, after)
	return nil
}

// reload is the hook, shown; nil when there is no command.
func (p *Pipeline) reload() func(ctx context.Context) error {
	if p.Reload == nil {
		return nil
	}
	return func(ctx context.Context) error {
		p.Report.Begin(stepReload)
		if err := p.Reload(ctx); err != nil {
			return err
		}
		p.Report.Done(stepReload, strings.Join(p.Job.Reload, " "))
		return nil
	}
}
