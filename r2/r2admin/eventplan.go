package r2admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// EventOptions is how far PlanEvents goes. nil is the defaults.
type EventOptions struct {
	// Exact deletes the rules that are not wanted, of all queues. Default: they stay.
	Exact bool
}

// EventPlan is what ApplyEvents would do. It is plain JSON: it can be stored, reviewed and applied later.
type EventPlan struct {
	Bucket string      `json:"bucket"`
	Before []EventRule `json:"before"`           // the rules at the time of the plan
	Delete []EventRule `json:"delete,omitempty"` // of Before, by their ID
	Create []EventRule `json:"create,omitempty"`
}

// Empty tells whether there is nothing to do.
func (p EventPlan) Empty() bool { return len(p.Delete) == 0 && len(p.Create) == 0 }

// String is the difference, one rule a line, as diff writes it.
func (p EventPlan) String() string {
	var b strings.Builder
	if p.Empty() {
		fmt.Fprintf(&b, "events %s: no changes\n", p.Bucket)
		return b.String()
	}
	fmt.Fprintf(&b, "events %s:\n", p.Bucket)
	for _, r := range p.Before {
		if !p.deletes(r) {
			fmt.Fprintf(&b, "  %s\n", r)
		}
	}
	for _, r := range p.Delete {
		fmt.Fprintf(&b, "- %s\n", r)
	}
	for _, r := range p.Create {
		fmt.Fprintf(&b, "+ %s\n", r)
	}
	return b.String()
}

func (p EventPlan) deletes(r EventRule) bool {
	return slices.ContainsFunc(p.Delete, func(d EventRule) bool { return d.QueueID == r.QueueID && d.ID == r.ID })
}

// PlanEvents compares the rules of a bucket with those that are wanted. One that is there as it is wanted stays, whatever the
// order of its actions. One of the same queue, prefix and suffix that differs otherwise, and whose actions are all wanted too, is
// replaced, since rules cannot be changed. Another rule that R2 would call in conflict, because one event could fit both, is
// [ErrInput], or is deleted with EventOptions.Exact. Every problem of want is reported before anything is sent.
//
// The queues have to be there: R2 says so when the plan is applied. Up to 100 rules for a bucket.
// Source: developers.cloudflare.com/r2/buckets/event-notifications (read 2026-11).
func (c *Client) PlanEvents(ctx context.Context, bucket string, want []EventRule, opts *EventOptions) (EventPlan, error) {
	p := EventPlan{Bucket: bucket}
	for _, r := range want {
		p.Create = append(p.Create, r.wanted())
	}
	if err := p.check(); err != nil {
		return EventPlan{}, invalid("PlanEvents", bucket, err)
	}
	before, err := c.EventRules(ctx, bucket)
	if err != nil {
		return EventPlan{}, err
	}
	p.Before, p.Create = append([]EventRule{}, before...), nil
	exact := cmp.Or(opts, &EventOptions{}).Exact
	var problems []error
	for _, b := range before {
		if slices.ContainsFunc(want, func(w EventRule) bool { return w.normal().same(b) }) {
			continue
		}
		i := slices.IndexFunc(want, b.overlaps)
		switch {
		case exact, i >= 0 && want[i].replaces(b):
			p.Delete = append(p.Delete, b)
		case i >= 0:
			problems = append(problems, fmt.Errorf("rule %d: one event could fit it and a rule that is there, %s", i+1, b))
		}
	}
	for _, w := range want {
		if !slices.ContainsFunc(before, w.normal().same) {
			p.Create = append(p.Create, w.wanted())
		}
	}
	if n := len(p.Before) - len(p.Delete) + len(p.Create); n > maxEventRules {
		problems = append(problems, fmt.Errorf("%d rules with those that stay: up to %d", n, maxEventRules))
	}
	if err := errors.Join(problems...); err != nil {
		return EventPlan{}, invalid("PlanEvents", bucket, err)
	}
	return p, nil
}

// wanted is what is asked for, without what is the platform's.
func (r EventRule) wanted() EventRule {
	return EventRule{QueueID: r.QueueID, Actions: r.normal().Actions, Prefix: r.Prefix, Suffix: r.Suffix, Description: r.Description}
}

// replaces tells whether a rule takes the place of another without an event being lost.
func (r EventRule) replaces(old EventRule) bool {
	return r.QueueID == old.QueueID && r.Prefix == old.Prefix && r.Suffix == old.Suffix &&
		!slices.ContainsFunc(old.Actions, func(a string) bool { return !slices.Contains(r.Actions, a) })
}

func (p EventPlan) check() error {
	problems := []error{checkBucket(p.Bucket)}
	for i, r := range p.Create {
		if err := r.check(); err != nil {
			problems = append(problems, fmt.Errorf("rule %d: %w", i+1, err))
		}
		if j := slices.IndexFunc(p.Create[:i], r.overlaps); j >= 0 {
			problems = append(problems, fmt.Errorf("rule %d: one event could fit it and rule %d: R2 allows no such two in a queue", i+1, j+1))
		}
	}
	for _, r := range p.Delete {
		if r.ID == "" || !slices.ContainsFunc(p.Before, func(b EventRule) bool { return b.ID == r.ID && b.QueueID == r.QueueID }) {
			problems = append(problems, fmt.Errorf("delete: the plan was made without rule %q of queue %q", r.ID, r.QueueID))
		}
	}
	return errors.Join(problems...)
}

// ApplyEvents does what the plan says, rule by rule: deletes first, since what replaces a rule may not be there beside it, so that
// for a moment no event of a replaced rule is told. An empty plan sends nothing.
//
// The rules are read first. When others than the plan knows are there, or those that it keeps are not, the error is [ErrChanged]
// and nothing is written; what an earlier ApplyEvents of the same plan has done already is no change, so that one that failed
// in the middle can be repeated. They are read once more at the end, because it is not documented whether a rule is added to those of
// its queue or takes their place (unverified; wrangler adds them one by one): [ErrChanged] then says that one is missing.
//
// Errors: also fs.ErrExist when R2 finds a conflict, [ErrUnknownOutcome] when the answer to a rule was lost and it is not there.
func (c *Client) ApplyEvents(ctx context.Context, p EventPlan) error {
	if err := p.check(); err != nil {
		return invalid("ApplyEvents", p.Bucket, err)
	}
	if p.Empty() {
		return nil
	}
	now, err := c.EventRules(ctx, p.Bucket)
	if err != nil {
		return err
	}
	if err := p.fits(now); err != nil {
		return &Error{Op: "ApplyEvents", Resource: p.Bucket, Message: err.Error(), Err: ErrChanged}
	}
	for _, r := range p.Delete {
		if slices.ContainsFunc(now, func(n EventRule) bool { return n.ID == r.ID && n.QueueID == r.QueueID }) {
			if err := c.DeleteEventRule(ctx, p.Bucket, r.QueueID, r.ID); err != nil {
				return err
			}
		}
	}
	for _, r := range p.Create {
		if !slices.ContainsFunc(now, r.same) {
			if err := c.createEventRule(ctx, p.Bucket, r); err != nil {
				return err
			}
		}
	}
	if now, err = c.EventRules(ctx, p.Bucket); err != nil {
		return err
	}
	for _, r := range p.Create {
		if !slices.ContainsFunc(now, r.same) {
			return &Error{Op: "ApplyEvents", Resource: p.Bucket, Message: "after it this rule is missing: " + r.String(), Err: ErrChanged}
		}
	}
	if err := p.fits(now); err != nil {
		return &Error{Op: "ApplyEvents", Resource: p.Bucket, Message: "after it " + err.Error(), Err: ErrChanged}
	}
	return nil
}

// fits tells whether the rules are those of the plan, with some of its steps done or none.
func (p EventPlan) fits(now []EventRule) error {
	for _, n := range now {
		known := func(list []EventRule) bool { return slices.ContainsFunc(list, n.normal().same) }
		if !known(p.Before) && !known(p.Create) {
			return fmt.Errorf("a rule is there that the plan does not know: %s", n)
		}
	}
	for _, b := range p.Before {
		if !p.deletes(b) && !slices.ContainsFunc(now, b.normal().same) {
			return fmt.Errorf("a rule that the plan keeps is gone: %s", b)
		}
	}
	return nil
}
