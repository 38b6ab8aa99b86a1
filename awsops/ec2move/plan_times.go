package ec2move

import "time"

// What EC2 needs for a step, where its size does not say: experience, not promises.
const (
	takesCall   = 2 * time.Second
	takesBoot   = 30 * time.Second
	takesChecks = 3 * time.Minute
	takesHalt   = time.Minute
	takesImage  = time.Minute // before and after the bytes
	changes     = 0.05        // of a volume, between the two passes
)

// The speeds of copies to another Region: of one snapshot, and of all between two Regions (time-based copies, EC2 User Guide,
// read 2026-11). EC2 names none for the snapshots themselves, for which the first is taken.
const (
	mibPerSecond     = 500
	mibPerSecondPair = 2000
)

// share is how much of the volumes a copy carries: all, or after a hot one what has changed since.
func (p *planner) share(id StepID) float64 {
	if id == StepCopy && p.spec.Capture == TwoPass {
		return changes
	}
	return 1
}

// copyTime is how long a copy of this share of the volumes takes at EC2's limits.
func (p *planner) copyTime(share float64) time.Duration {
	var largest, all float64
	for _, d := range p.plan.Source.Devices {
		mib := float64(d.GiB) * 1024 * share
		largest, all = max(largest, mib), all+mib
	}
	return seconds(max(largest/mibPerSecond, all/mibPerSecondPair))
}

// imageTime is how long the snapshots of the image take.
func (p *planner) imageTime(id StepID) time.Duration {
	var largest float64
	share := 1.0
	if id == StepImage && p.spec.Capture == TwoPass {
		share = changes
	}
	for _, d := range p.plan.Source.Devices {
		largest = max(largest, float64(d.GiB)*1024*share)
	}
	return seconds(largest / mibPerSecond)
}

// downtime is how long nobody serves: from the stop or the restart of the source until the copy can.
func (p *planner) downtime() time.Duration {
	if p.plan.Source.State != "running" {
		return 0
	}
	switch p.spec.Capture {
	case CrashConsistent:
		return 0
	case StopFirst, TwoPass:
		var down, hold time.Duration
		hold = p.hold()
		stopped := false
		for _, s := range p.plan.Steps {
			stopped = stopped || s.ID == StepStop
			if stopped && s.ID != StepFinish {
				down += s.Duration
			}
		}
		return down - hold
	}
	return takesHalt + takesBoot
}

// hold is how long the source is kept untouched after the switch, which Plan.Duration leaves out.
func (p *planner) hold() time.Duration {
	switch c := p.spec.Cutover; {
	case c == nil:
		return 0
	case c.Hold > 0:
		return c.Hold
	}
	return 2 * p.oldTTL()
}

// oldTTL is the longest of the records to be switched; 0 when it is not known.
func (p *planner) oldTTL() time.Duration {
	var ttl time.Duration
	for _, r := range p.records {
		ttl = max(ttl, r.TTL)
	}
	return ttl
}

func seconds(n float64) time.Duration {
	return time.Duration(n * float64(time.Second)).Round(time.Second)
}
