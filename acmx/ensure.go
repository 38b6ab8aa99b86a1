package acmx

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Ensure returns the certificate of the spec, issued: one that is there already, or a new one. It checks everything that
// can be checked before anything is sent, refuses what costs more than spec.MaxCost, looks for a certificate before it
// requests one, has the solver present the records, and waits until ACM says ISSUED. Called again after a crash or a lost
// answer, at whatever point, it goes on with the same certificate and buys no other.
//
// It has no time limit of its own: ACM tries for 72 hours. When ctx ends, the error wraps its cause.
//
// Errors are [*Error]: ErrInvalid with every problem of the spec, ErrTooExpensive, ErrCAA, ErrValidationFailed at once when
// ACM gives up, ErrUnknownOutcome when the request's answer was lost for good (call again), ErrQuota, ErrThrottled, or the
// solver's.
func (c *Client) Ensure(ctx context.Context, spec Spec, solver Solver, opts *EnsureOptions) (*Certificate, error) {
	var s State
	for {
		var next Next
		var err error
		s, next, err = c.Advance(ctx, spec, solver, s, opts)
		if err != nil {
			return nil, err
		}
		if opts != nil && opts.Progress != nil {
			opts.Progress(s, next)
		}
		if next.Done() {
			return c.Certificate(s.ARN), nil
		}
		if err := pause(ctx, next.After); err != nil {
			return nil, &Error{Op: "Ensure", ARN: s.ARN, Message: "step " + string(next.Step) + ", status " + string(s.Status), Err: err}
		}
	}
}

// pause sleeps. It also notices a context that has ended when there is nothing to wait for.
func pause(ctx context.Context, d time.Duration) error {
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("stopped waiting: %w", cause)
	}
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stopped waiting: %w", context.Cause(ctx))
	}
}

// Action is what a [Plan] would do.
type Action string

// The actions.
const (
	Buy    Action = "buy"    // request a new certificate
	Resume Action = "resume" // go on with one that waits for validation; it is paid when it is issued
	Reuse  Action = "reuse"  // one is issued: nothing is paid now
)

// Plan is what [Client.Ensure] would do for a spec, to be shown before it is done.
type Plan struct {
	Spec        Spec
	Action      Action
	Certificate Detail // of Resume and Reuse
	Cost        Cost   // of the certificate
	Due         Money  // what carrying out this plan costs
	CAA         []CAAVerdict
	CAAChecked  bool
	Failed      []string // ARNs of earlier attempts, which may be deleted
	Notes       []string // what a person should know, one sentence each

	c *Client
}

// PlanOptions is what [Client.Plan] may be told.
type PlanOptions struct {
	OnlyTagged bool // as in [EnsureOptions]
}

// Plan looks at what is there and says what [Client.Ensure] would do and what it would cost. It changes nothing, and
// refuses nothing but an invalid spec: a MaxCost that is too low and CAA records that forbid are told in the plan.
func (c *Client) Plan(ctx context.Context, spec Spec, opts *PlanOptions) (*Plan, error) {
	spec, err := spec.normal(c.maxNames)
	if err != nil {
		return nil, invalid("Plan", "", err)
	}
	f, err := c.search(ctx, spec, opts != nil && opts.OnlyTagged)
	if err != nil {
		return nil, err
	}
	p := &Plan{Spec: spec, Action: Buy, Cost: c.estimate(spec), Failed: f.dead, Notes: f.notes, CAAChecked: c.caa != nil, c: c}
	p.Due = p.Cost.Issue
	if f.best != nil {
		p.Certificate, p.Action = *f.best, Resume
		if f.best.Status == StatusIssued {
			p.Action, p.Due = Reuse, 0
		}
	}
	if p.Action != Reuse {
		if p.CAA, err = c.checkCAA(ctx, spec.Names); err != nil {
			return nil, err
		}
	}
	p.note()
	return p, nil
}

func (p *Plan) note() {
	if p.Action != Reuse && !p.CAAChecked {
		p.Notes = append(p.Notes, "CAA records were not checked (Config.CAA is not set)")
	}
	for _, v := range p.CAA {
		if !v.Allowed {
			p.Notes = append(p.Notes, fmt.Sprintf("the CAA records of %s do not allow Amazon to issue for %s", v.At, v.Name))
		}
	}
	if p.Cost.Issue > p.Spec.MaxCost {
		p.Notes = append(p.Notes, fmt.Sprintf("Ensure will refuse: the estimate of %s is more than MaxCost, %s", p.Cost.Issue, p.Spec.MaxCost))
	}
	if p.Action == Reuse && p.Spec.Exportable {
		p.Notes = append(p.Notes, fmt.Sprintf("ACM renews it by itself, and charges %s each time", p.Cost.Renewal))
	}
}

// String is the plan as a person reads it.
func (p *Plan) String() string {
	var b strings.Builder
	what := map[bool]string{true: "exportable", false: "not exportable"}[p.Spec.Exportable]
	fmt.Fprintf(&b, "%s: certificate for %s (%s, %s)\n", p.Action, strings.Join(p.Spec.Names, ", "), p.Spec.Key, what)
	if p.Action != Buy {
		fmt.Fprintf(&b, "  there is %s, %s", p.Certificate.ARN, p.Certificate.Status)
		if !p.Certificate.NotAfter.IsZero() {
			fmt.Fprintf(&b, ", valid until %s", p.Certificate.NotAfter.UTC().Format(time.DateOnly))
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "  cost: %s\n  due now: %s\n", p.Cost, p.Due)
	for _, arn := range p.Failed {
		fmt.Fprintf(&b, "  earlier, and of no use: %s\n", arn)
	}
	for _, note := range p.Notes {
		fmt.Fprintf(&b, "  note: %s\n", note)
	}
	return b.String()
}

// Ensure carries the plan out: whoever calls it agrees to its cost, whatever MaxCost the spec had. It never costs more than
// the plan says: if prices have changed since, it is refused, and a plan to reuse never buys.
func (p *Plan) Ensure(ctx context.Context, solver Solver, opts *EnsureOptions) (*Certificate, error) {
	spec, o := p.Spec, opts.orDefault()
	spec.MaxCost = p.Cost.Issue
	o.ReuseOnly = o.ReuseOnly || p.Action == Reuse
	return p.c.Ensure(ctx, spec, solver, &o)
}
