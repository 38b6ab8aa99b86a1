package route53x

import (
	"context"
	"fmt"
)

// presentTTL is that of a CNAME which proves something to a machine and may have to change.
const presentTTL = 300

// PresentCNAME sees to it that name is a CNAME of target, in the public zone of the account that holds the name: the one
// with the longest name. It returns when Route 53 has taken it, and does not wait until it is on all name servers. A CNAME
// of that target that is there stays as it is.
//
// Errors: [ErrNotFound] and [ErrAmbiguous] for the zone; [ErrExists], with what is there, where the name is something else.
func (c *Client) PresentCNAME(ctx context.Context, name, target string) error {
	set, err := RRSet{Name: Name(name), Type: CNAME, TTL: presentTTL, Values: []string{target}}.Canonical()
	if err != nil {
		return &Error{Kind: ErrInvalid, Op: "PresentCNAME", Subject: name, Err: err}
	}
	zone, err := c.FindZone(ctx, name, &FindZoneOptions{Parent: true})
	if err != nil {
		return err
	}
	plan := &Plan{Zone: zone.Name, Changes: []Change{{Action: Create, After: &set}}, Batches: []Batch{{Changes: []int{0}, Elements: 1}}}
	r := &applying{client: c, zoneID: zone.ID, plan: plan, have: map[Key]RRSet{}, madeBy: map[nameAndType]string{}, synced: map[string]bool{}}
	r.result.PlanID = plan.ID()
	unlock, err := c.lock(ctx, zone.ID)
	if err != nil {
		return err
	}
	defer unlock()
	if err := r.reread(ctx, []int{0}); err != nil {
		return err
	}
	for k, there := range r.have {
		if k != set.Key() || !sameTarget(there, set) {
			return &Error{Kind: ErrExists, Op: "PresentCNAME", Subject: name, Keys: []Key{k}, Err: fmt.Errorf("the name is %s already", there)}
		}
	}
	if len(r.have) > 0 {
		return nil
	}
	return r.batch(ctx, 0)
}

// sameTarget does not mind the TTL.
func sameTarget(there, want RRSet) bool {
	there.TTL = want.TTL
	return there.SameContent(want)
}
