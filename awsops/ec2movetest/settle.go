package ec2movetest

import (
	"math"
	"slices"
	"time"
)

const mib = 1 << 20

// job is the bytes of one snapshot on their way.
type job struct {
	from, to string // Regions; equal for a snapshot of a volume, or a copy within its Region
	copying  bool   // a copy of a snapshot, not a snapshot of a volume
	snap     *snapshot
	total    float64 // bytes to move
	left     float64
	starts   time.Time
	within   time.Duration // of a time-based copy; 0 = as fast as it goes
	failsAt  time.Time     // zero = it does not
	why      string
}

// settle brings everything to the clock's time.
func (c *Cloud) settle() {
	now := c.clock.Now()
	c.moveBytes(now)
	c.at = now
	for _, name := range sortedKeys(c.regions) {
		c.regions[name].settle()
	}
}

// moveBytes lets the copies run, at speeds that change whenever one begins or ends.
func (c *Cloud) moveBytes(to time.Time) {
	for t := c.at; ; {
		c.jobs = slices.DeleteFunc(c.jobs, func(j *job) bool { return c.ended(j, t) })
		if !t.Before(to) {
			return
		}
		speed := c.speeds(t)
		next := to
		for i, j := range c.jobs {
			if t.Before(j.starts) {
				next = earlier(next, j.starts)
			} else {
				next = earlier(next, t.Add(time.Duration(math.Ceil(j.left/speed[i]*float64(time.Second)))))
			}
			if !j.failsAt.IsZero() {
				next = earlier(next, j.failsAt)
			}
		}
		for i, j := range c.jobs {
			if !t.Before(j.starts) {
				j.left = max(j.left-speed[i]*next.Sub(t).Seconds(), 0)
				j.snap.done = 1 - j.left/max(j.total, 1)
			}
		}
		t = next
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// ended tells whether a job is over at t, and leaves the snapshot as it then is.
func (c *Cloud) ended(j *job, t time.Time) bool {
	s := j.snap
	switch {
	case s.state != "pending": // deleted, or its image was deregistered
	case !j.failsAt.IsZero() && !t.Before(j.failsAt):
		s.state, s.message, s.ended = "error", j.why, t
	case !t.Before(j.starts) && j.left < 1: // a part of a byte is of the arithmetic
		s.state, s.done, s.ended = "completed", 1, t
	default:
		return false
	}
	if s.state == "completed" && j.copying {
		c.meter.carried(j)
	}
	return true
}

// speeds are those of the jobs in bytes per second, by EC2's limits: for one copy, and for all between two Regions. What
// time-based copies need is theirs first.
func (c *Cloud) speeds(t time.Time) []float64 {
	type pair struct{ from, to string }
	others, reserved := map[pair]int{}, map[pair]float64{}
	for _, j := range c.jobs {
		if p := (pair{j.from, j.to}); j.copying && !t.Before(j.starts) {
			if j.within > 0 {
				reserved[p] += j.total / j.within.Seconds()
			} else {
				others[p]++
			}
		}
	}
	out := make([]float64, len(c.jobs))
	for i, j := range c.jobs {
		p := pair{j.from, j.to}
		switch {
		case !j.copying:
			out[i] = float64(c.opts.SnapshotMiB) * mib
		case j.within > 0:
			out[i] = max(j.total/j.within.Seconds(), 1)
		default:
			free := max(float64(c.opts.PairMiB)*mib-reserved[p], mib)
			out[i] = min(float64(c.opts.CopyMiB)*mib, free/float64(max(others[p], 1)))
		}
	}
	return out
}

// copies is how many snapshots are being copied to a Region.
func (c *Cloud) copies(region string) int {
	n := 0
	for _, j := range c.jobs {
		if j.copying && j.to == region && j.snap.state == "pending" {
			n++
		}
	}
	return n
}

func (c *Cloud) start(j *job) {
	j.left = j.total
	j.starts = c.at.Add(c.opts.Setup)
	c.jobs = append(c.jobs, j)
	if j.copying {
		c.busiest[j.to] = max(c.busiest[j.to], c.copies(j.to))
	}
}

// settle brings what has no bytes to move to the Cloud's time.
func (r *region) settle() {
	for _, im := range r.images.all {
		im.settle(r)
	}
	for _, v := range r.volumes.all {
		if v.state == "creating" && !r.now().Before(v.until) {
			v.state = "available"
		}
	}
	for _, l := range r.lists.all {
		if !l.until.IsZero() && !r.now().Before(l.until) {
			l.state, l.until = l.then, time.Time{}
		}
	}
	r.lists.all = slices.DeleteFunc(r.lists.all, func(l *prefixList) bool { return l.state == "delete-complete" })
	for _, in := range slices.Clone(r.instances.all) {
		r.settleInstance(in)
	}
}
