package ec2move

import (
	"cmp"
	"container/heap"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// lane is the room for copies in one Region.
type lane struct {
	quota   int
	using   []*runner // that have some of it
	waiting []*runner
	changed bool      // since room was last given
	early   []*runner // whose image is made, or being made, before there is room for its copy
}

// aheadTimes the quota is how much copying may wait with its image made: enough to fill what becomes free while images are
// being made, and little enough that no image is old when it is copied.
const aheadTimes = 8

func (f *fleet) lane(region string, quota int) *lane {
	if f.lanes[region] == nil {
		f.lanes[region] = &lane{quota: quota}
	}
	return f.lanes[region]
}

func (f *fleet) waiting() int {
	n := 0
	for _, l := range f.lanes {
		n += len(l.waiting)
	}
	return n
}

// may tells whether a step of the move may do something now. If not, the move waits in its lane.
func (r *runner) may(id StepID, p Progress) bool {
	if p.Phase != Waiting && p.Phase != Queued || r.holds == id {
		return true
	}
	switch id {
	case StepCheck, StepHotImage:
	case StepImage:
		if r.stops() { // there is room for the copy since before the source was stopped
			return true
		}
	case StepStop, StepHotCopy:
	case StepCopy:
		if p.Phase == Waiting && r.holds == StepStop {
			return true
		}
	case StepVolumes:
	default:
		return true
	}
	if early(id) && (r.ahead || r.holds != "") {
		return true
	}
	r.release()
	r.wait(id)
	return false
}

// early tells of the steps before a copy, which are begun when there will soon be room for it.
func early(id StepID) bool { return id == StepCheck || id == StepHotImage || id == StepImage }

// wait puts the move into its lane, for the room that a step needs.
func (r *runner) wait(id StepID) {
	r.needs = id
	r.long = r.times()
	r.lane.waiting = append(r.lane.waiting, r)
	r.lane.changed = true
}

// stops tells whether the source is stopped for its image.
func (r *runner) stops() bool { return r.spec.Capture == StopFirst || r.spec.Capture == TwoPass }

// size is how many snapshots are copied at once in a step.
func (r *runner) size(id StepID) int {
	if id == StepVolumes {
		return len(r.spec.Volumes)
	}
	return max(len(r.state.Source.Devices), 1)
}

// grant gives room to those who wait for it.
func (f *fleet) grant() {
	now := f.c.cfg.Clock.Now()
	for _, region := range slices.Sorted(maps.Keys(f.lanes)) {
		l := f.lanes[region]
		for l.changed {
			r := l.next(now)
			if r == nil {
				l.changed = false
				break
			}
			l.waiting = slices.DeleteFunc(l.waiting, func(w *runner) bool { return w == r })
			if early(r.needs) {
				r.ahead = true
				l.early = append(l.early, r)
			} else {
				r.hold(now)
			}
			r.needs = ""
			r.due = now
			heap.Push(&f.queue, r)
		}
	}
}

// hold takes room for the step that the move waits for.
func (r *runner) hold(now time.Time) {
	r.notAhead()
	r.holds, r.slots, r.began = r.needs, r.size(r.needs), now
	r.ends = r.ends[:0]
	for _, d := range r.times() {
		r.ends = append(r.ends, now.Add(d))
	}
	r.lane.changed = true
	r.lane.using = append(r.lane.using, r)
}

// release gives back what the move has.
func (r *runner) release() {
	r.notAhead()
	r.lane.changed = true
	r.holds, r.slots, r.ends = "", 0, nil
	r.lane.using = slices.DeleteFunc(r.lane.using, func(u *runner) bool { return u == r })
}

func (r *runner) notAhead() {
	r.ahead = false
	r.lane.early = slices.DeleteFunc(r.lane.early, func(u *runner) bool { return u == r })
}

// times are how long the copies of a move take, the shortest first, by what is known of their sizes: what is written on the
// volumes, once there is an image, shared by their sizes.
func (r *runner) times() []time.Duration {
	var out []time.Duration
	var gib int64
	for _, d := range r.state.Source.Devices {
		gib += int64(d.GiB)
	}
	part := 1.0
	if written := max(r.state.Steps[StepImage].Total, r.state.Steps[StepHotImage].Total); written > 0 && gib > 0 {
		part = min(float64(written)/float64(gib<<30), 1)
	}
	for _, d := range r.state.Source.Devices {
		out = append(out, copyTime(int64(float64(d.GiB)*part)))
	}
	if len(out) == 0 {
		out = append(out, takesSetup)
	}
	slices.Sort(out)
	return out
}

// follow is what a turn has shown of the copies.
func (r *runner) follow(m *move, now time.Time) {
	if r.ahead && (r.of(StepCopy) == Done || r.of(StepCopy) == Begun) { // an earlier run has come further than its plan says
		r.release()
	}
	if r.holds == "" {
		return
	}
	at := r.holds
	if at == StepStop { // the room is for the copy that follows
		at = StepCopy
	}
	p := r.state.Steps[at]
	switch p.Phase {
	case Done, Skipped, Failed:
		r.release()
		return
	case Queued: // somebody else copies to the Region as well
		if m.step == at {
			r.lane.changed = true
			r.slots = 0
			r.ends = nil
			r.holds = ""
			r.lane.using = slices.DeleteFunc(r.lane.using, func(u *runner) bool { return u == r })
		}
		return
	}
	if m.step != at || at == StepVolumes || p.Phase != Begun {
		return
	}
	open := r.size(at)
	r.ends = r.ends[:0]
	for i := range m.snapshots {
		s := &m.snapshots[i]
		if s.State != types.SnapshotStatePending {
			open--
			continue
		}
		r.ends = append(r.ends, r.endOf(s, now))
	}
	r.lane.changed = r.lane.changed || r.slots != open
	r.slots = max(open, 0)
	for len(r.ends) < r.slots { // that EC2 does not show yet
		r.ends = append(r.ends, r.began.Add(takesSetup+lookAgain))
	}
}

func (r *runner) of(id StepID) Phase { return r.state.Steps[id].Phase }

// endOf is when a copy is expected to be complete.
func (r *runner) endOf(s *types.Snapshot, now time.Time) time.Time {
	total := aws.ToInt64(s.FullSnapshotSizeInBytes)
	if total == 0 {
		total = int64(aws.ToInt32(s.VolumeSize)) << 30
	}
	done := int64(float64(total) * percentage(aws.ToString(s.Progress)) / 100)
	if s.StartTime != nil {
		if at := expected(*s.StartTime, now, done, total); !at.IsZero() {
			return at
		}
	}
	return now.Add(copyTime(total >> 30))
}

// soon is when to look again: as the step says, and earlier if a copy is expected to end before, as others wait for its room.
func (r *runner) soon(after time.Duration) time.Duration {
	if after == 0 || len(r.lane.waiting) == 0 {
		return after
	}
	now := r.fleet.c.cfg.Clock.Now()
	for _, end := range r.ends {
		if left := end.Sub(now); left < after {
			after = max(left+time.Second, min(after, 3*time.Second))
		}
	}
	return after
}

// next is the move that gets room now, nil if none does.
func (l *lane) next(now time.Time) *runner {
	var images, copies []*runner
	for _, r := range l.waiting {
		if early(r.needs) {
			images = append(images, r)
		} else {
			copies = append(copies, r)
		}
	}
	slices.SortStableFunc(copies, widestFirst)
	if r := l.nextCopy(copies, now); r != nil {
		return r
	}
	soon := 0
	for _, r := range l.early {
		soon += r.size(StepCopy)
	}
	for _, r := range copies { // with an image that waits
		soon += r.size(StepCopy)
	}
	if len(images) == 0 {
		return nil
	}
	slices.SortStableFunc(images, widestFirst)
	if l.used()+soon < l.quota { // at the beginning: what is copied soon
		slices.Reverse(images)
	}
	if soon == 0 || soon+images[0].size(StepCopy) <= aheadTimes*l.quota {
		return images[0]
	}
	return nil
}

// used is how much of the quota is in use.
func (l *lane) used() int {
	n := 0
	for _, u := range l.using {
		n += u.slots
	}
	return n
}

// widestFirst puts those in front whose source is stopped, then those with most volumes, for which room is hard to gather, while
// there is much else to fill the gaps with; of the same width what is long goes before what is short, so that the end of the
// fleet is not one long copy.
func widestFirst(a, b *runner) int {
	if x, y := a.urgent(), b.urgent(); x != y {
		return cmp.Compare(y, x)
	}
	return cmp.Or(cmp.Compare(len(b.long), len(a.long)), cmp.Compare(b.long[len(b.long)-1], a.long[len(a.long)-1]))
}

// urgent is 1 for a move whose source is down already.
func (r *runner) urgent() int {
	if p := r.state.Steps[StepStop].Phase; p == Done || p == Begun {
		return 1
	}
	return 0
}

// nextCopy is the first of those who wait, if there is room for it; else the first behind it that fits into what is free and
// takes nothing away from the first: either it is over when enough is expected to be free, or it leaves enough then.
func (l *lane) nextCopy(copies []*runner, now time.Time) *runner {
	if len(copies) == 0 {
		return nil
	}
	free := l.quota - l.used()
	var ends []time.Time
	for _, u := range l.using {
		ends = append(ends, u.ends...)
	}
	first := copies[0]
	need := min(first.size(first.needs), l.quota) // EC2 refuses what is larger than its quota; so be it
	if need <= free {
		return first
	}
	slices.SortFunc(ends, time.Time.Compare)
	if need-free > len(ends) {
		return nil
	}
	at := ends[need-free-1]
	spare := free - need
	for _, end := range ends {
		if !end.After(at) {
			spare++
		}
	}
	for _, r := range copies[1:] {
		if r.size(r.needs) > free {
			continue
		}
		late := 0
		for _, d := range r.long {
			if now.Add(d).After(at) {
				late++
			}
		}
		if late <= spare {
			return r
		}
	}
	return nil
}
