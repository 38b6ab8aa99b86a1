package route53x

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// RecordStore is where record sets are kept. [Client] is one.
type RecordStore interface {
	FindZone(ctx context.Context, name string, opts *FindZoneOptions) (Zone, error)
	RRSets(ctx context.Context, zoneID string, opts *ListOptions) iter.Seq2[RRSet, error]
	Apply(ctx context.Context, zoneID string, p *Plan, opts *ApplyOptions) (Result, error)
	WaitSync(ctx context.Context, ids []string, opts *WaitOptions) error
}

var _ RecordStore = (*Client)(nil)

// ApplyOptions are the options of [Client.Apply]. nil has the defaults.
type ApplyOptions struct {
	// OtherSets lets the plan be carried out though sets that it does not touch have changed since it was made.
	OtherSets bool
	// Confirm gets a change ID for what was found done, whose own is not known: one more change, which deletes one of
	// these sets and creates it again in one batch, so that nothing changes. That the earlier changes are INSYNC when it
	// is is how Route 53 seems to work, and unverified.
	Confirm bool
	// Progress is told of each batch that is done, on the caller's goroutine. Keep the change ID, and [Client.WaitSync]
	// can be called after a restart too.
	Progress func(BatchDone)
}

// BatchDone is a batch of a plan that is in the zone.
type BatchDone struct {
	Batch, Of int    // counted from 1
	ChangeID  string // "" where it was found done
}

// Result is what [Client.Apply] did. Batches are counted from 1, as in the comments of the changes.
type Result struct {
	PlanID    string   // a fingerprint of the plan, which stands in the comment of each change
	ChangeIDs []string // of this run, in their order, for [Client.WaitSync]
	Done      []int    // the batches that are in the zone
	Found     []int    // those of them that an earlier run, or a request whose answer was lost, had done: they have no ID
}

// Apply carries out a plan, batch by batch. It reads the zone first, and changes nothing where a set of the plan is neither
// what it was nor what it will be, or where, but for the changes of the plan itself, the zone is no longer the one that
// the plan was made for. What the plan has done already is left out, so that after a crash, a lost answer or an error the
// same call goes on and ends in the same zone.
//
// New sets are CREATEd, changed ones DELETEd and CREATEd in one batch: where somebody else is faster the batch fails, and
// nothing of theirs is overwritten (but for plans that were made with Upsert). A batch that failed for what is or is not
// there, or whose answer was lost, is looked up: it is done, it is sent again, or it is a conflict. An alias waits until
// its target, where an earlier batch made that, is INSYNC. Calls of Apply for one zone wait for each other.
//
// The error of what failed is an [*Error] with the batch and those that are done, beside the [Result] up to there.
// [ErrConflict], with the sets, if it is known which; [ErrLimit] where the zone would have more sets than its quota, found
// before anything was changed; [ErrNotFound] for the zone; [ErrUnsafe] for a plan that [Diff] refused; [ErrThrottled] after
// all repeats; [ErrUnknownOutcome] where a lost answer could not be looked up.
//
// Source: ChangeResourceRecordSets (read 2026-11). That a batch deletes first, and what it says of a set that is in its
// way, is seen and not documented; the client relies on neither.
func (c *Client) Apply(ctx context.Context, zoneID string, p *Plan, opts *ApplyOptions) (Result, error) {
	var o ApplyOptions
	if opts != nil {
		o = *opts
	}
	r := &applying{client: c, zoneID: bareID(zoneID), plan: p, opts: o}
	if err := r.check(); err != nil {
		return Result{}, err
	}
	r.result.PlanID = p.ID()
	unlock, err := c.lock(ctx, r.zoneID)
	if err != nil {
		return r.result, err
	}
	defer unlock()
	if err := r.begin(ctx); err != nil {
		return r.result, r.failed(0, err)
	}
	for i := range p.Batches {
		if err := r.batch(ctx, i); err != nil {
			return r.result, r.failed(i+1, err)
		}
	}
	if o.Confirm && len(r.result.Found) > 0 {
		if err := r.confirm(ctx); err != nil {
			return r.result, r.failed(0, err)
		}
	}
	return r.result, nil
}

// check is about the plan alone.
func (r *applying) check() error {
	bad := func(kind, err error) error { return &Error{Kind: kind, Op: "Apply", Subject: r.zoneID, Err: err} }
	p := r.plan
	if p == nil {
		return bad(ErrInvalid, errors.New("there is no plan"))
	}
	if len(p.Batches) == 0 && len(p.Changes) > 0 {
		return bad(ErrUnsafe, errors.New("the plan has changes and no batches: Diff refused it"))
	}
	seen := make([]bool, len(p.Changes))
	for _, b := range p.Batches {
		for _, i := range b.Changes {
			if i < 0 || i >= len(seen) || seen[i] || p.Changes[i].Before == nil && p.Changes[i].After == nil {
				return bad(ErrInvalid, fmt.Errorf("the batches of the plan are not its changes: change %d", i))
			}
			seen[i] = true
		}
	}
	for i, there := range seen {
		if !there {
			return bad(ErrInvalid, fmt.Errorf("the batches of the plan are not its changes: %d is in none", i))
		}
	}
	return nil
}

// failed says how far the plan got.
func (r *applying) failed(batch int, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = &Error{Op: opChange, Subject: r.zoneID, Err: err}
	}
	out := *e
	out.Batch, out.Done = batch, r.result.Done
	return &out
}
