package ec2move

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
)

// FleetEvent is an event of one move of a fleet.
type FleetEvent struct {
	awsops.Event

	Move string `json:"move"` // Spec.ID
}

// String is the event as a line: "web-1: copy: begun snap-… 45%".
func (e FleetEvent) String() string { return e.Move + ": " + e.Event.String() }

// RunFleet makes the moves of a plan: a queue by time, of which the move that is due next gets one [Client.Advance]. No more
// snapshots are copied to a Region at once than EC2's quota allows, so that none is refused; an image is made only when there
// will soon be room for its copy, and a source is stopped only when there is room, so that nobody waits with a source that
// does not serve. The images with most volumes go first, and what is small fills the gaps that a large one leaves while room is
// gathered for it.
//
// Config.Save is called as in [Client.Run], with the state of one move at a time: it tells them apart by Spec.ID. A move
// that fails has an event with the phase "failed" and its error as resource; the others go on, and the errors come joined as
// the one error at the end, each an *[Error] within the ID of its move. A move that EC2 throttles is tried again, and so is
// one for which an address is missing, as long as others are at work. When ctx ends, or the range is broken off, all moves
// stay where they are; the next run goes on there.
func (c *Client) RunFleet(ctx context.Context, p *FleetPlan) iter.Seq2[FleetEvent, error] {
	return func(yield func(FleetEvent, error) bool) {
		if p == nil {
			yield(FleetEvent{}, &Error{Reason: "the plan is nil", Err: awsops.ErrInvalid})
			return
		}
		if err := p.Fleet.check(); err != nil {
			yield(FleetEvent{}, &Error{Err: err})
			return
		}
		f := &fleet{c: c, pace: cmp.Or(p.Fleet.Pace, fleetPace), lanes: map[string]*lane{}, yield: yield}
		for i, s := range p.Fleet.Moves {
			r := &runner{spec: s, fleet: f}
			if i < len(p.Plans) && p.Plans[i] != nil && p.Plans[i].Spec.ID == s.ID {
				r.plan = p.Plans[i]
			}
			if st, ok := p.Fleet.States[s.ID]; ok {
				r.state, r.known = st.clone(), true
			}
			r.lane = f.lane(s.To.Region, p.Fleet.copies())
			r.due = c.cfg.Clock.Now()
			f.all = append(f.all, r)
		}
		err := f.line(ctx)
		if err == nil {
			err = f.run(ctx)
		}
		if err != nil && !errors.Is(err, errBroken) {
			yield(FleetEvent{}, err)
		}
	}
}

// line puts the moves into the queue that have a state, or copies on their way from an earlier run; the others wait for room.
func (f *fleet) line(ctx context.Context) error {
	copying := map[string]bool{}
	for _, region := range slices.Sorted(maps.Keys(f.lanes)) {
		found, err := (&move{c: f.c}).listSnapshots(ctx, f.c.in(region), ec2.DescribeSnapshotsInput{
			OwnerIds: []string{"self"}, Filters: []types.Filter{filter("tag-key", TagMove), filter("status", string(types.SnapshotStatePending))},
		})
		if err != nil {
			return err
		}
		for i := range found {
			copying[tagMap(found[i].Tags)[TagMove]] = true
		}
	}
	for _, r := range f.all {
		if !r.known && !copying[r.spec.ID] && r.plan != nil { // its size is known
			r.state.Source = r.plan.Source
			r.wait(StepCheck)
			continue
		}
		if !r.known && copying[r.spec.ID] { // before any other is given the room that it has
			if err := f.begin(ctx, r); err != nil {
				if err := f.end(ctx, r, err); err != nil {
					return err
				}
				continue
			}
		}
		r.resume(r.due)
		f.queue = append(f.queue, r)
	}
	heap.Init(&f.queue)
	return nil
}

// errBroken ends a fleet whose range was broken off.
var errBroken = errors.New("broken off")

// fleet is one run.
type fleet struct {
	c      *Client
	pace   time.Duration
	all    []*runner
	queue  queue // of those that are due at a time; the others wait in their lanes
	lanes  map[string]*lane
	failed []error
	yield  func(FleetEvent, error) bool
}

// runner is one move.
type runner struct {
	fleet *fleet
	spec  Spec
	plan  *Plan // nil if there is none
	lane  *lane
	state State
	known bool // the state is there
	due   time.Time
	short bool // of an address

	needs StepID // that it waits in its lane for; empty = it is in the queue
	holds StepID // the step for which it has room
	slots int    // of it
	ends  []time.Time
	long  []time.Duration // of its copies, the shortest first
	ahead bool            // its image is being made, or is there, and its copy has not begun
	began time.Time
}

func (f *fleet) run(ctx context.Context) error {
	for {
		f.grant()
		if len(f.queue) == 0 {
			if f.waiting() == 0 {
				return errors.Join(f.failed...)
			}
			return &Error{Err: awsops.ErrFailed, Reason: "no move can go on"} // an image with more volumes than the quota
		}
		r := f.queue[0]
		wait := max(r.due.Sub(f.c.cfg.Clock.Now()), f.pace)
		if err := f.c.cfg.Clock.Sleep(ctx, wait); err != nil {
			return fmt.Errorf("ec2move: stopped waiting: %w", err)
		}
		heap.Pop(&f.queue)
		if err := f.turn(ctx, r); err != nil {
			return err
		}
	}
}

// turn is one Advance of a move, and what comes of it.
func (f *fleet) turn(ctx context.Context, r *runner) error {
	if !r.known {
		if err := f.begin(ctx, r); err != nil {
			return f.end(ctx, r, err)
		}
		r.resume(f.c.cfg.Clock.Now())
	}
	was := r.state
	m := &move{may: r.may}
	next, after, err := f.c.advance(ctx, m, r.state)
	if saved := f.c.save(ctx, was, next); err == nil {
		err = saved
	}
	r.state = next
	for _, e := range after.Events {
		if !f.yield(FleetEvent{Move: r.spec.ID, Event: e}, nil) {
			return errBroken
		}
	}
	r.follow(m, f.c.cfg.Clock.Now())
	switch {
	case err != nil:
		return f.end(ctx, r, err)
	case after.Done:
		r.release()
		return nil
	case r.needs != "": // it waits in its lane
		return nil
	}
	r.short = false
	r.due = f.c.cfg.Clock.Now().Add(r.soon(after.After))
	heap.Push(&f.queue, r)
	return nil
}

// begin finds the state of a move.
func (f *fleet) begin(ctx context.Context, r *runner) error {
	var planned *Source
	if r.plan != nil {
		if err := r.plan.refusal(); err != nil {
			return err
		}
		planned = &r.plan.Source
	}
	st, err := f.c.find(ctx, r.spec, planned)
	if err != nil {
		return err
	}
	r.state, r.known = st, true
	return nil
}

// resume takes the room that a move has that was under way before.
func (r *runner) resume(now time.Time) {
	for _, id := range []StepID{StepHotCopy, StepCopy, StepVolumes} {
		if r.state.Steps[id].Phase == Begun {
			r.needs = id
			r.hold(now)
			r.needs = ""
			return
		}
	}
}

// shortAgain is how long a move waits that EC2 has throttled, or that got no address.
const shortAgain = time.Minute

// end is what becomes of a move with an error: it is tried again, or has failed. The error is that of the fleet.
func (f *fleet) end(ctx context.Context, r *runner, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("ec2move: stopped: %w", cause)
	}
	e, _ := errors.AsType[*Error](err)
	again := errors.Is(err, awsops.ErrThrottled)
	if e != nil && e.Step == StepAddress && errors.Is(err, awsops.ErrQuota) {
		r.short, again = true, f.busy()
	}
	if again {
		r.due = f.c.cfg.Clock.Now().Add(awsops.Jitter(max(shortAgain, retryAfter(e))))
		heap.Push(&f.queue, r)
		return nil
	}
	r.release()
	f.failed = append(f.failed, fmt.Errorf("%s: %w", r.spec.ID, err))
	f.c.cfg.Logger.WarnContext(ctx, "a move of the fleet has failed", "move", r.spec.ID, "error", err)
	step := ""
	if e != nil {
		step = string(e.Step)
	}
	if !f.yield(FleetEvent{Move: r.spec.ID, Event: awsops.Event{Step: step, Phase: string(Failed), Resource: err.Error(), At: f.c.cfg.Clock.Now()}}, nil) {
		return errBroken
	}
	return nil
}

func retryAfter(e *Error) time.Duration {
	if e == nil {
		return 0
	}
	return e.RetryAfter
}

// busy tells whether any move is at work that has an address or needs none: it may fail and leave one, or a person raises the
// quota meanwhile.
func (f *fleet) busy() bool {
	for _, r := range f.queue {
		if !r.short {
			return true
		}
	}
	return f.waiting() > 0
}

// queue is a heap by time.
type queue []*runner

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].due.Before(q[j].due) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push is for package heap.
func (q *queue) Push(r any) { *q = append(*q, r.(*runner)) } //nolint:errcheck,forcetypeassert // no other comes in

// Pop is for package heap.
func (q *queue) Pop() any {
	old := *q
	r := old[len(old)-1]
	*q = old[:len(old)-1]
	return r
}
