package route53x

import (
	"context"
	"iter"
	"time"
)

// RecordStore is where record sets are kept. [Client] is one.
type RecordStore interface {
	FindZone(ctx context.Context, name string, opts *FindZoneOptions) (Zone, error)
	RRSets(ctx context.Context, zoneID string, opts *ListOptions) iter.Seq2[RRSet, error]
	Apply(ctx context.Context, zoneID string, p *Plan, opts *ApplyOptions) (Result, error)
	WaitSync(ctx context.Context, ids []string, opts *WaitOptions) error
}

// ListOptions are the options of [Client.RRSets]. nil has the defaults.
type ListOptions struct {
	From     string // the name with which to begin; default: the first
	PageSize int    // sets for one request; default 300, the most that there can be
}

// RRSets lists the sets of a zone as Route 53 has them, those of changes that are still PENDING among them. Do not change
// the zone meanwhile: later pages would show it and earlier ones not.
func (c *Client) RRSets(ctx context.Context, zoneID string, opts *ListOptions) iter.Seq2[RRSet, error] {
	return func(func(RRSet, error) bool) {}
}

// ApplyOptions are the options of [Client.Apply]. nil has the defaults.
type ApplyOptions struct {
	// OtherSets lets the plan be carried out though sets that it does not touch have changed since it was made.
	OtherSets bool
	// Progress is told of each batch that is done, on the caller's goroutine. Keep the change ID, and [Client.WaitSync]
	// can be called after a restart too.
	Progress func(BatchDone)
}

// BatchDone is a batch of a plan that is in the zone.
type BatchDone struct {
	Batch, Of int    // counted from 1
	ChangeID  string // "" where it was found done
}

// Result is what [Client.Apply] did.
type Result struct {
	PlanID    string   // a fingerprint of the plan, which stands in the comment of each change
	ChangeIDs []string // of this run, in their order, for [Client.WaitSync]
	Done      []int    // the batches that are in the zone, counted from 1
	Found     []int    // those of them that an earlier run, or a request whose answer was lost, had done
}

// Apply carries out a plan, batch by batch.
func (c *Client) Apply(ctx context.Context, zoneID string, p *Plan, opts *ApplyOptions) (Result, error) {
	return Result{}, &Error{Kind: ErrUnsupported, Op: "Apply", Subject: zoneID}
}

// WaitOptions are the options of [Client.WaitSync]. nil has the defaults.
type WaitOptions struct {
	Interval time.Duration // before the second look; default 1 s. Each pause is 1.5 times the one before, up to Max
	Max      time.Duration // the longest pause; default 5 s
	Progress func(id, status string)
}

// WaitSync waits until the changes are on all name servers of Route 53. It looks at the last one until that is INSYNC,
// and then at each of the others. It has no timeout of its own: bound it with ctx.
func (c *Client) WaitSync(ctx context.Context, ids []string, opts *WaitOptions) error {
	return &Error{Kind: ErrUnsupported, Op: "WaitSync"}
}

// PresentCNAME sees to it that name is a CNAME of target, in the public zone of the account that holds the name. It
// returns when Route 53 has taken it, and does not wait until it is on all name servers.
//
// Errors: [ErrNotFound] and [ErrAmbiguous] for the zone; [ErrExists] where the name is something else already.
func (c *Client) PresentCNAME(ctx context.Context, name, target string) error {
	return &Error{Kind: ErrUnsupported, Op: "PresentCNAME", Subject: name}
}
