package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/kitroll/kitroll/route53x"
)

// Plan is what a move will do, found out by reads alone. Its JSON is for programs, its String for people.
type Plan struct {
	Domain  string    `json:"domain"`
	At      time.Time `json:"at"`
	Step    Step      `json:"step"` // the first that is not done
	Expires time.Time `json:"expires,omitzero"`

	OldNameservers []string       `json:"oldNameservers"`
	NewNameservers []string       `json:"newNameservers,omitempty"` // not known before the zone is there
	ZoneID         string         `json:"zoneId,omitempty"`
	Records        int            `json:"records"` // of the old zone
	Items          []Item         `json:"items"`   // what does not move as it is
	Open           []string       `json:"open"`    // IDs that have to be acknowledged
	Changes        *route53x.Plan `json:"changes,omitempty"`
	Price          Money          `json:"price,omitzero"`
	Waits          []PlannedWait  `json:"waits"`
	Gates          []PlannedGate  `json:"gates"`
	Blockers       []string       `json:"blockers"` // what stands against it now
	Steps          []PlannedStep  `json:"steps"`
	Notes          []string       `json:"notes,omitempty"`
}

// PlannedStep is one step, with the calls that change something.
type PlannedStep struct {
	Step  Step   `json:"step"`
	Title string `json:"title"`
	Done  bool   `json:"done,omitempty"`
	Calls string `json:"calls,omitempty"` // in words; "" changes nothing
	Undo  string `json:"undo,omitempty"`  // in words; "" there is none
}

// PlannedWait is a time that passes, at the most.
type PlannedWait struct {
	Step Step          `json:"step"`
	For  time.Duration `json:"for"` // nanoseconds in JSON
	Why  string        `json:"why"`
}

// PlannedGate is what a person decides on the way.
type PlannedGate struct {
	Step  Step   `json:"step"`
	Text  string `json:"text"`
	Given bool   `json:"given,omitempty"` // by the config or the state
}

// Plan asks both registrars, the old zone and the DNS what the move will do from where it stands. It changes nothing and
// saves nothing. What stands against the move is in Blockers and no error.
func (r *Runner) Plan(ctx context.Context, s State) (*Plan, error) {
	if err := r.mine(s); err != nil {
		return nil, err
	}
	p := &Plan{Domain: r.cfg.Domain, At: r.now(), Step: s.Step, Blockers: []string{}, Open: []string{}, Items: []Item{}}
	f, err := factsOf(ctx, r.cfg.From, r.cfg.Domain)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.Notes = append(p.Notes, "the old registrar does not have the domain")
		if s.Step.Before(StepFinish) {
			p.Blockers = append(p.Blockers, "the old registrar does not have the domain")
		}
	case err != nil:
		return nil, err
	default:
		if p.Blockers, err = r.blockers(ctx, f); err != nil {
			return nil, err
		}
		p.Expires, p.OldNameservers = f.expires, hosts(f.nameservers)
	}
	if len(s.Old.Nameservers) > 0 {
		p.OldNameservers = s.Old.Nameservers
	}
	if err := r.planZone(ctx, s, p); err != nil {
		return nil, err
	}
	w := &walk{r: r, s: s.clone()}
	if p.Price, err = w.price(ctx); err != nil {
		e, ours := errors.AsType[*Error](err)
		if !ours {
			return nil, err
		}
		p.Blockers = append(p.Blockers, e.Text)
	}
	r.planWaits(ctx, s, p)
	r.planGates(s, p)
	r.planSteps(s, p)
	return p, nil
}

// planZone is about records, and the zone if it is there.
func (r *Runner) planZone(ctx context.Context, s State, p *Plan) error {
	if s.Zone != nil {
		p.ZoneID, p.NewNameservers = s.Zone.ID, s.Zone.Nameservers
	} else if err := r.planHosted(ctx, p); err != nil {
		return err
	}
	if !s.Step.Before(StepPropagate) {
		return nil // the old zone is not read any more
	}
	e, err := r.cfg.Source.Export(ctx, r.cfg.Domain)
	if err != nil {
		return err
	}
	p.Records = e.Records
	p.Items = append(p.Items, e.Items...)
	acknowledged := s.clone().Acknowledged
	for _, id := range r.cfg.Acknowledge {
		acknowledged[id] = r.now()
	}
	for _, it := range e.open(acknowledged) {
		p.Open = append(p.Open, it.ID)
	}
	var have []route53x.RRSet
	if p.ZoneID != "" {
		if have, err = r.list(ctx, p.ZoneID); err != nil {
			return err
		}
	}
	s.Export = &e
	if p.Changes, err = route53x.Diff(have, e.Sets, r.diff(s)); err != nil {
		p.Blockers = append(p.Blockers, err.Error())
	}
	return nil
}

// planHosted looks for the zone that the move would find.
func (r *Runner) planHosted(ctx context.Context, p *Plan) error {
	var z route53x.Zone
	var others []string
	var err error
	if r.cfg.ZoneID != "" {
		z, err = r.cfg.Zones.Zone(ctx, r.cfg.ZoneID)
	} else {
		z, others, err = r.findZone(ctx)
	}
	switch {
	case err != nil:
		return err
	case z.ID != "":
		p.ZoneID, p.NewNameservers = z.ID, hosts(z.NameServers)
	case len(others) > 0:
		p.Blockers = append(p.Blockers, foreignZone(others))
	}
	return nil
}

// planWaits are the times that pass. They are the longest, not the likely ones.
func (r *Runner) planWaits(ctx context.Context, s State, p *Plan) {
	t := r.cfg.Timing
	add := func(step Step, d time.Duration, why string) {
		if !step.Before(s.Step) && d > 0 {
			p.Waits = append(p.Waits, PlannedWait{step, d, why})
		}
	}
	d, err := r.cfg.DNS.Delegation(ctx, r.cfg.Domain)
	if err != nil {
		p.Notes = append(p.Notes, "the parent zone could not be asked: "+err.Error())
	}
	own := s.Old.NSTTL
	if s.Step.Before(StepSwitch) && len(p.OldNameservers) > 0 {
		if own, err = r.cfg.DNS.NSTTL(ctx, r.cfg.Domain, p.OldNameservers); err != nil {
			p.Blockers = append(p.Blockers, "the old name servers: "+err.Error())
		}
	}
	if len(d.DS) > 0 {
		add(StepDNSSEC, d.DSTTL, "the parent has a DS ("+strings.Join(d.DS, "; ")+"): it is deleted, and caches keep it for so long")
	}
	add(StepPropagate, max(cmp.Or(s.Old.ParentTTL, d.TTL, t.CacheTTL), cmp.Or(own, t.CacheTTL)), "caches keep the old name servers for so long")
	if r.cfg.KeepPace {
		add(StepApprove, 5*24*time.Hour, "the registry lets the domain go")
	} else {
		add(StepApprove, 2*time.Hour, "with quick approval; five days without")
	}
}

func (r *Runner) planGates(s State, p *Plan) {
	add := func(step Step, given bool, text string) {
		if !step.Before(s.Step) {
			p.Gates = append(p.Gates, PlannedGate{step, text, given})
		}
	}
	if len(p.Open) > 0 {
		add(StepMap, false, fmt.Sprintf("%d records that get lost or change are acknowledged, each by its ID", len(p.Open)))
	}
	word := func(step Step, word string) bool { return s.Consents[step].Word == word || r.cfg.Consent[step] == word }
	add(StepSwitch, word(StepSwitch, "switch"), "type switch: the name servers change; old and new zone, DNSSEC and the export were looked at in the last "+Span(r.cfg.Timing.Fresh))
	add(StepFiling, s.Filing != "" || r.cfg.Filing != "", "a statement about the ICP filing (备案): none, cancelled, moved or accept")
	pay := "pay " + p.Price.String()
	add(StepTransfer, word(StepTransfer, pay), "type "+pay+": money")
	if !r.cfg.KeepPace {
		add(StepApprove, word(StepApprove, "let go"), "type let go: it cannot be undone")
	}
}

func (r *Runner) planSteps(s State, p *Plan) {
	writes := ""
	if p.Changes != nil {
		if c := p.Changes.Cost(); len(p.Changes.Changes) > 0 {
			writes = fmt.Sprintf("ChangeResourceRecordSets ×%d for %d sets", c.Batches, len(p.Changes.Changes))
		}
	}
	zone := "CreateHostedZone"
	if p.ZoneID != "" {
		zone = ""
	}
	calls := map[Step][2]string{
		StepZone:     {zone, "delete the zone, if it was made here"},
		StepApply:    {writes, "take the records back"},
		StepDNSSEC:   {"delete the DS, if there is one", "add it again, by hand"},
		StepSwitch:   {"lift the update lock if it is set; set the name servers", "set the old name servers"},
		StepUnlock:   {"lift the transfer lock; request a code", "set the lock"},
		StepTransfer: {"order the transfer: " + p.Price.String(), "refuse the transfer, before it is approved"},
		StepApprove:  {"quick approval", ""},
		StepFinish:   {"set the transfer lock", ""},
	}
	if r.cfg.KeepPace {
		delete(calls, StepApprove)
	}
	for _, step := range Steps() {
		title, _ := step.Title()
		p.Steps = append(p.Steps, PlannedStep{Step: step, Title: title, Done: step.Before(s.Step), Calls: calls[step][0], Undo: calls[step][1]})
	}
}
