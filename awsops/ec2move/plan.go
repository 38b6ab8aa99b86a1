package ec2move

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kitroll/kitroll/awsops"
)

// Plan is what a move would do, found by reads alone. It is JSON; String is for people.
type Plan struct {
	Spec     Spec          `json:"spec"`
	Source   Source        `json:"source"`
	Findings []Finding     `json:"findings,omitempty"` // the worst first
	Steps    []PlannedStep `json:"steps"`
	Cost     Cost          `json:"cost"`
	// Duration is an estimate by the size of the volumes and the speed that EC2 names; Cutover.Hold is not in it.
	Duration time.Duration `json:"duration"`
	// Downtime is how long the source cannot serve before the copy can: 0 if nothing but a switch.
	Downtime time.Duration `json:"downtime"`
}

// Severity is how bad a finding is.
type Severity string

// The severities.
const (
	Stop Severity = "stop" // the move would fail: Run refuses it
	Warn Severity = "warn" // something will be different, or is at risk
	Note Severity = "note" // good to know
)

// Finding is something that a plan noticed, and what to do about it.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"` // stable, for programs: "user-data-runs-again"; the package's doc has them all
	What     string   `json:"what"`
	Fix      string   `json:"fix,omitempty"`
}

// PlannedStep is a step with the calls that change something, and how long it takes.
type PlannedStep struct {
	ID       StepID        `json:"id"`
	What     string        `json:"what"`            // a sentence
	Calls    []string      `json:"calls,omitempty"` // "CopyImage m-web-copy-0a1b2c3d in us-east-1"
	Duration time.Duration `json:"duration"`
	Billed   bool          `json:"billed,omitempty"`
	Undo     string        `json:"undo,omitempty"` // what a rollback does; empty = nothing to take back
}

// Cost is an estimate in US dollars, without tax.
type Cost struct {
	Lines   []CostLine `json:"lines,omitempty"`
	Once    float64    `json:"once"`              // the move itself
	Monthly float64    `json:"monthly"`           // a month of the copy, and of the source as long as that is there too
	Date    string     `json:"date"`              // of the prices: "2026-11", and whether they were held against AWS's
	Missing []string   `json:"missing,omitempty"` // prices that the book does not have: not in the sums
}

// CostLine is one line of an estimate.
type CostLine struct {
	What     string  `json:"what"`
	Quantity float64 `json:"quantity"`
	Unit     string  `json:"unit"`    // "GiB", "hour", "GiB-month"
	Price    float64 `json:"price"`   // of one unit
	Amount   float64 `json:"amount"`  // Quantity × Price
	Monthly  bool    `json:"monthly"` // else once
}

// PriceBook knows prices in US dollars.
type PriceBook interface {
	// Price is that of one unit in a Region, false if it is not known. detail is the instance type for PriceInstance (followed by a
	// blank and the platform, in the words of EC2, where that is not Linux/UNIX: "m5.large Windows"), the volume
	// type for PriceVolume, the destination Region for PriceTransfer, and empty else.
	Price(region string, item PriceItem, detail string) (price float64, ok bool)
	// Date is when the prices were read: "2026-11".
	Date() string
}

// PriceItem is something with a price.
type PriceItem string

// What a move may cost.
const (
	PriceSnapshot PriceItem = "snapshot"   // GiB-month
	PriceTransfer PriceItem = "transfer"   // GiB to another Region
	PriceTimed    PriceItem = "timed-copy" // GiB of a time-based copy at its quickest
	PriceInstance PriceItem = "instance"   // hour
	PriceVolume   PriceItem = "volume"     // GiB-month
	PriceAddress  PriceItem = "ipv4"       // hour
)

// Plan finds out what a move would do, and all that stands in its way, by reads alone: 25 to 40 calls, none of which changes
// anything. What the caller's rights do not let it read is a finding. An error is a Spec that is none (awsops.ErrInvalid: that
// is where a move between partitions ends), a source that is not there (awsops.ErrGone), or AWS out of reach.
func (c *Client) Plan(ctx context.Context, s Spec) (*Plan, error) {
	if err := s.check(); err != nil {
		return nil, &Error{Err: err}
	}
	m := &move{c: c, spec: s, st: &State{Spec: s, Steps: map[StepID]Progress{}}, src: c.in(s.From.Region), dst: c.in(s.To.Region)}
	p := &planner{move: m, plan: &Plan{Spec: s}}
	source, err := m.describe(ctx)
	if err != nil {
		return nil, err
	}
	p.plan.Source, m.st.Source = source, source
	if err := p.gather(ctx); err != nil {
		return nil, err
	}
	for _, look := range []func(){
		p.lookAtSource, p.lookAtCapture, p.lookAtInstance, p.lookAtNetwork, p.lookAtType, p.lookAtPlace, p.lookAtEncryption, p.lookAtVolumes,
		p.lookAtGroups, p.lookAtRules, p.lookAtKeyPair, p.lookAtAddress, p.lookAtCutover, p.lookAtNames,
	} {
		look()
	}
	p.layOut()
	p.reckon()
	slices.SortStableFunc(p.plan.Findings, func(a, b Finding) int { return cmp.Compare(rank(a.Severity), rank(b.Severity)) })
	return p.plan, nil
}

// Blocked tells whether the plan has a finding that stops the move.
func (p *Plan) Blocked() bool { return len(p.stops()) > 0 }

func (p *Plan) stops() []Finding {
	return slices.DeleteFunc(slices.Clone(p.Findings), func(f Finding) bool { return f.Severity != Stop })
}

func rank(s Severity) int { return slices.Index([]Severity{Stop, Warn, Note}, s) }

// planner is one call of Plan.
type planner struct {
	*move
	facts

	plan *Plan
}

func (p *planner) found(severity Severity, code, fix, what string, args ...any) {
	p.plan.Findings = append(p.plan.Findings, Finding{Severity: severity, Code: code, What: fmt.Sprintf(what, args...), Fix: fix})
}

// try runs one question. What the caller may not ask is a finding and no end of the plan, so that all are seen at once.
func (p *planner) try(ask func() error) error {
	err := ask()
	if e, ok := errors.AsType[*Error](err); ok && errors.Is(err, awsops.ErrDenied) {
		p.found(Warn, "read-denied", "allow ec2:"+e.Op+", or take the risk", "the plan may not ask EC2 for %s: what that would show is not in it", e.Op)
		return nil
	}
	return err
}
