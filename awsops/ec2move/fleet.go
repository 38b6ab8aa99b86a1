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

// Fleet is many moves that share the quotas of one account. They are made by one loop on one goroutine.
type Fleet struct {
	// Moves are independent of each other: one that fails stops no other. Their IDs differ.
	Moves []Spec `json:"moves"`
	// Copies is how many snapshots may be copied to one Region at the same time; 0 = 20, EC2's quota, which cannot be raised.
	// Less leaves room for others who copy to the Region. An image with n volumes takes n of them when its copy begins.
	Copies int `json:"copies,omitempty"`
	// Addresses is how many Elastic IP addresses an account has in one Region; 0 = 5, EC2's default. It is for the plan.
	Addresses int `json:"addresses,omitempty"`
	// Pace is the least time between two looks, for EC2's throttling of requests; 0 = 100 ms. A look is one to three requests.
	Pace time.Duration `json:"pace,omitempty"`
	// States are those that Config.Save was given by an earlier run, by Spec.ID: these moves go on where they were. The others
	// are looked for in AWS first.
	States map[string]State `json:"states,omitempty"`
}

// The quotas of an account in a Region by default (Service Quotas, read 2026-11), and how long EC2 takes before the first
// byte of a copy moves: a guess.
const (
	quotaCopies    = 20
	quotaAddresses = 5
	fleetPace      = 100 * time.Millisecond
	takesSetup     = 30 * time.Second
)

// FleetPlan is what a fleet would do. It is JSON.
type FleetPlan struct {
	Fleet Fleet   `json:"fleet"`
	Plans []*Plan `json:"plans"` // in order of Fleet.Moves
	// Findings are those of the fleet as a whole; each move has its own in its plan.
	Findings []Finding `json:"findings,omitempty"`
	// Lanes are the Regions that are copied to, by name, and how long their copies take at least.
	Lanes []Lane `json:"lanes"`
	// Bound is the least time that the fleet can take by EC2's limits: that of its longest lane, with the quickest way to the
	// first copy and from the last one. It is reckoned from the sizes of the volumes, of which EC2 copies only what was written:
	// a fleet of half-empty volumes is quicker.
	Bound time.Duration `json:"bound"`
	Cost  Cost          `json:"cost"` // the sums of all moves, without their lines
}

// Lane is a Region that is copied to.
type Lane struct {
	Region    string `json:"region"`
	Moves     int    `json:"moves"`
	Snapshots int    `json:"snapshots"` // that are copied there, both passes of a TwoPass
	GiB       int64  `json:"gib"`
	// BySlots is the time that all copies would take at full speed, shared among Fleet.Copies: the bound that the quota sets.
	BySlots time.Duration `json:"by_slots"`
	// ByBytes is the time that the bytes take from the Region that sends most, at what EC2 carries between two Regions.
	ByBytes time.Duration `json:"by_bytes"`
}

// PlanFleet plans each move, which takes some twenty reads, and what they do to each other. A move that cannot be planned is
// an error; one whose plan has a finding of severity Stop will fail alone.
func (c *Client) PlanFleet(ctx context.Context, f Fleet) (*FleetPlan, error) {
	if err := f.check(); err != nil {
		return nil, &Error{Err: err}
	}
	out := &FleetPlan{Fleet: f}
	lanes := map[string]*Lane{}
	work, bytes := map[string]time.Duration{}, map[[2]string]int64{}
	wants := map[string]int{}
	lead, tail := time.Duration(-1), time.Duration(-1)
	for _, s := range f.Moves {
		p, err := c.Plan(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.ID, err)
		}
		out.Plans = append(out.Plans, p)
		out.Cost.Once, out.Cost.Monthly, out.Cost.Date = out.Cost.Once+p.Cost.Once, out.Cost.Monthly+p.Cost.Monthly, p.Cost.Date
		for _, item := range p.Cost.Missing {
			if !slices.Contains(out.Cost.Missing, item) {
				out.Cost.Missing = append(out.Cost.Missing, item)
			}
		}
		lane := lanes[s.To.Region]
		if lane == nil {
			lane = &Lane{Region: s.To.Region}
			lanes[s.To.Region] = lane
		}
		lane.Moves++
		for _, d := range p.Source.Devices {
			lane.Snapshots++
			lane.GiB += int64(d.GiB)
			work[s.To.Region] += copyTime(int64(d.GiB))
			bytes[[2]string{s.From.Region, s.To.Region}] += int64(d.GiB)
			if s.Capture == TwoPass { // the second copy is of the difference
				lane.Snapshots++
				work[s.To.Region] += copyTime(int64(float64(d.GiB) * changes))
			}
		}
		if s.wantsAddress(p.Source) && s.To.Address != AddressGiven {
			wants[s.To.Region]++
		}
		before, after := p.around()
		if lead < 0 || before < lead {
			lead = before
		}
		if tail < 0 || after < tail {
			tail = after
		}
	}
	for pair, gib := range bytes {
		lane := lanes[pair[1]]
		lane.ByBytes = max(lane.ByBytes, time.Duration(float64(gib<<10)/mibPerSecondPair*float64(time.Second)))
	}
	for region, lane := range lanes {
		lane.BySlots = work[region] / time.Duration(f.copies())
		out.Bound = max(out.Bound, lane.BySlots, lane.ByBytes)
		out.Lanes = append(out.Lanes, *lane)
		if quota := cmp.Or(f.Addresses, quotaAddresses); wants[region] > quota {
			out.Findings = append(out.Findings, Finding{
				Severity: Warn, Code: "fleet-addresses",
				What: fmt.Sprintf("%d moves want an Elastic IP address in %s, and the quota is %d", wants[region], region, quota),
				Fix:  "have it raised (L-0263D0A3) before, or do without with AddressNone: the moves above it stop before their cutover, with both instances running",
			})
		}
	}
	out.Bound += max(lead, 0) + max(tail, 0)
	slices.SortFunc(out.Lanes, func(a, b Lane) int { return cmp.Compare(a.Region, b.Region) })
	slices.SortFunc(out.Findings, func(a, b Finding) int { return cmp.Compare(a.What, b.What) })
	return out, nil
}

// around is how long the steps before the last copy take, and those after it.
func (p *Plan) around() (before, after time.Duration) {
	seen := false
	for _, s := range p.Steps {
		switch {
		case s.ID == StepCopy || s.ID == StepHotCopy:
			seen = true
		case seen:
			after += s.Duration
		default:
			before += s.Duration
		}
	}
	return before, after
}

// copyTime is how long a copy takes that has a line of its own.
func copyTime(gib int64) time.Duration {
	return takesSetup + time.Duration(float64(gib<<10)/mibPerSecond*float64(time.Second))
}

func (f Fleet) copies() int { return cmp.Or(f.Copies, quotaCopies) }

// check finds what is wrong without asking AWS.
func (f Fleet) check() error {
	var problems []error
	seen := map[string]bool{}
	for i, s := range f.Moves {
		if seen[s.ID] {
			problems = append(problems, fmt.Errorf("%w: Moves[%d]: the ID %q is there twice", awsops.ErrInvalid, i, s.ID))
		}
		seen[s.ID] = true
		if err := s.check(); err != nil {
			problems = append(problems, fmt.Errorf("Moves[%d]: %w", i, err))
		}
	}
	if len(f.Moves) == 0 {
		problems = append(problems, fmt.Errorf("%w: Moves are empty", awsops.ErrInvalid))
	}
	if f.Copies < 0 || f.Copies > quotaCopies {
		problems = append(problems, fmt.Errorf("%w: Copies: %d: 1 to %d, or 0", awsops.ErrInvalid, f.Copies, quotaCopies))
	}
	if f.Addresses < 0 || f.Pace < 0 {
		problems = append(problems, fmt.Errorf("%w: Addresses and Pace are not below 0", awsops.ErrInvalid))
	}
	return errors.Join(problems...)
}
