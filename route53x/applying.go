package route53x

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// applying is one [Client.Apply].
type applying struct {
	client *Client
	zoneID string
	plan   *Plan
	opts   ApplyOptions
	result Result

	have   map[Key]RRSet          // the zone as it was read last, to the letter
	madeBy map[nameAndType]string // the change IDs of this run, by what they made
	synced map[string]bool
}

// standing is where a change is.
type standing int

const (
	isPending standing = iota // the set is what it was
	isDone                    // the set is what it will be
	isOther                   // the set is something else
)

func (r *applying) standing(i int) standing {
	c := r.plan.Changes[i]
	at, there := r.have[c.Key()]
	switch {
	case r.same(c.After, at, there):
		return isDone
	case r.same(c.Before, at, there):
		return isPending
	}
	return isOther
}

func (r *applying) same(want *RRSet, at RRSet, there bool) bool {
	if want == nil {
		return !there
	}
	return there && r.resolved(*want).SameContent(r.resolved(at))
}

// resolved puts the zone's ID in the place of cli53's "$self".
func (r *applying) resolved(s RRSet) RRSet {
	if s.Alias != nil && s.Alias.ZoneID == selfZone {
		a := *s.Alias
		a.ZoneID = r.zoneID
		s.Alias = &a
	}
	return s
}

// begin reads the zone and compares it with what the plan was made for.
func (r *applying) begin(ctx context.Context) error {
	if err := r.read(ctx); err != nil {
		return err
	}
	r.madeBy, r.synced = map[nameAndType]string{}, map[string]bool{}
	var wrong []Key
	growth := 0
	for i, c := range r.plan.Changes {
		switch r.standing(i) {
		case isOther:
			wrong = append(wrong, c.Key())
		case isPending:
			growth += map[Action]int{Create: 1, Delete: -1}[c.Action]
		case isDone:
		}
	}
	if len(wrong) > 0 {
		return r.conflict(wrong, errors.New("sets of the plan have changed since it was made"))
	}
	if err := r.sameZone(); err != nil {
		return err
	}
	if most := r.plan.Limits.orDefaults().SetsPerZone; growth > 0 && len(r.have)+growth > most {
		_, quota, err := r.client.Quota(ctx, r.zoneID)
		if err != nil {
			return err
		}
		if n := int64(len(r.have) + growth); n > quota {
			return &Error{Kind: ErrLimit, Op: opZoneLimit, Subject: r.zoneID, Err: fmt.Errorf("the zone would have %d sets, and its quota is %d", n, quota)}
		}
	}
	return nil
}

// sameZone undoes what the plan has done, in mind, and wants the zone that the plan was made for.
func (r *applying) sameZone() error {
	before := make(map[Key]RRSet, len(r.have))
	for k, s := range r.have {
		if k.Type == SOA && r.plan.Zone != "" && k.Name != r.plan.Zone {
			return &Error{Kind: ErrInvalid, Op: "Apply", Subject: r.zoneID, Err: fmt.Errorf("the plan is for %s, and this is the zone %s", r.plan.Zone.ZoneFile(), k.Name.ZoneFile())}
		}
		before[k] = s
	}
	if r.plan.Base == "" || r.opts.OtherSets {
		return nil
	}
	for _, c := range r.plan.Changes {
		if c.Before == nil {
			delete(before, c.Key())
		} else {
			before[c.Key()] = *c.Before
		}
	}
	sets := make([]RRSet, 0, len(before))
	for _, s := range before {
		sets = append(sets, s)
	}
	if DigestOf(sets) != r.plan.Base {
		return r.conflict(nil, errors.New("sets that the plan does not touch have changed since it was made: make a new plan, or see ApplyOptions.OtherSets"))
	}
	return nil
}

func (r *applying) conflict(keys []Key, err error) *Error {
	return &Error{Kind: ErrConflict, Op: "Apply", Subject: r.zoneID, Keys: keys, Err: err}
}

// read reads the whole zone.
func (r *applying) read(ctx context.Context) error {
	have := make(map[Key]RRSet, len(r.have))
	for s, err := range r.client.RRSets(ctx, r.zoneID, nil) {
		if err != nil {
			return err
		}
		have[canonicalKey(s)] = s
	}
	r.have = have
	return nil
}

// reread reads the sets of some names again, or the whole zone where that takes fewer requests. It relies on no order of
// the list but that it begins with the name that it was asked for.
func (r *applying) reread(ctx context.Context, changes []int) error {
	names := map[Name]bool{}
	for _, i := range changes {
		names[r.plan.Changes[i].Key().Name] = true
	}
	if len(names) > 1+len(r.have)/setsPerPage {
		return r.read(ctx)
	}
	for k := range r.have {
		if names[k.Name] {
			delete(r.have, k)
		}
	}
	for name := range names {
		sets, err := r.client.setsOf(ctx, r.zoneID, name)
		if err != nil {
			return err
		}
		for _, s := range sets {
			r.have[canonicalKey(s)] = s
		}
	}
	return nil
}

// mostTries is how often a batch is sent that was neither done nor in conflict when it was looked up.
const mostTries = 4

// batch does one batch, or finds it done.
func (r *applying) batch(ctx context.Context, n int) error {
	all := r.plan.Batches[n].Changes
	if err := r.targets(ctx, all); err != nil {
		return err
	}
	comment := fmt.Sprintf("kitroll plan %s batch %d/%d", r.result.PlanID, n+1, len(r.plan.Batches))
	id := ""
	for try := 1; ; try++ {
		left := slices.DeleteFunc(slices.Clone(all), func(i int) bool { return r.standing(i) == isDone })
		if len(left) == 0 {
			break
		}
		sent, err := r.send(ctx, r.plan.ops(left), comment)
		if err == nil {
			id = sent
			r.took(left, id)
			break
		}
		if !inTheWay(err) && !errors.Is(err, ErrUnknownOutcome) || try == mostTries {
			return err
		}
		if again := r.reread(ctx, all); again != nil {
			if errors.Is(err, ErrUnknownOutcome) {
				return fmt.Errorf("%w (and it could not be looked up: %w)", err, again)
			}
			return again
		}
		if err := r.look(all, left, err); err != nil {
			return err
		}
	}
	r.result.Done = append(r.result.Done, n+1)
	if id == "" {
		r.result.Found = append(r.result.Found, n+1)
	} else {
		r.result.ChangeIDs = append(r.result.ChangeIDs, id)
	}
	if r.opts.Progress != nil {
		r.opts.Progress(BatchDone{n + 1, len(r.plan.Batches), id})
	}
	return nil
}

// look decides what a batch that failed means, once it was looked up: nil is that it is done or can be sent again.
func (r *applying) look(all, left []int, err error) error {
	var wrong []Key
	moved := 0
	for _, i := range all {
		switch r.standing(i) {
		case isOther:
			wrong = append(wrong, r.plan.Changes[i].Key())
		case isDone:
			if slices.Contains(left, i) {
				moved++
			}
		case isPending:
		}
	}
	if len(wrong) > 0 {
		return r.conflict(wrong, err)
	}
	if moved == 0 && !errors.Is(err, ErrUnknownOutcome) {
		return r.conflict(nil, err) // nothing that the plan knows of is in the way: somebody else's set is
	}
	return nil
}

// inTheWay tells a batch that was refused for what is or is not there.
func inTheWay(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Code != "InvalidChangeBatch" || errors.Is(e.Kind, ErrLimit) {
		return false
	}
	for _, words := range []string{"already exists", "not found", "do not match", "conflicts with", "exists in zone"} {
		if strings.Contains(e.Message, words) {
			return true
		}
	}
	return false
}

// send makes one change and returns its ID. A DELETE repeats the set as it was read last, however the plan spells it.
func (r *applying) send(ctx context.Context, ops []Op, comment string) (string, error) {
	batch := &types.ChangeBatch{Comment: &comment}
	for _, op := range ops {
		set := op.Set
		if at, there := r.have[canonicalKey(set)]; there && op.Action == "DELETE" {
			set = at
		}
		batch.Changes = append(batch.Changes, types.Change{Action: types.ChangeAction(op.Action), ResourceRecordSet: toSDK(set, r.zoneID)})
	}
	out, err := call(ctx, r.client, action{op: opChange, subject: r.zoneID, changes: len(ops)}, r.client.api.change,
		&route53.ChangeResourceRecordSetsInput{HostedZoneId: &r.zoneID, ChangeBatch: batch})
	if err != nil {
		return "", err
	}
	if out.ChangeInfo == nil || aws.ToString(out.ChangeInfo.Id) == "" {
		return "", &Error{Kind: ErrUnknownOutcome, Op: opChange, Subject: r.zoneID, Err: errNotRoute53}
	}
	return bareID(*out.ChangeInfo.Id), nil
}

// took keeps the zone in mind as it is now.
func (r *applying) took(changes []int, id string) {
	for _, i := range changes {
		c := r.plan.Changes[i]
		if c.After == nil {
			delete(r.have, c.Key())
		} else {
			r.have[c.Key()] = r.resolved(*c.After)
			r.madeBy[nameAndType{c.Key().Name, c.Key().Type}] = id
		}
	}
}

// targets waits for the targets of a batch's aliases that earlier batches of this run made.
func (r *applying) targets(ctx context.Context, changes []int) error {
	for _, i := range changes {
		after := r.plan.Changes[i].After
		if after == nil || after.Alias == nil || r.standing(i) == isDone {
			continue
		}
		id, made := r.madeBy[nameAndType{aliasTarget(after), after.Type}]
		if !made || r.synced[id] {
			continue
		}
		if err := r.client.WaitSync(ctx, []string{id}, nil); err != nil {
			return err
		}
		r.synced[id] = true
	}
	return nil
}

// confirm changes nothing and gets an ID for it.
func (r *applying) confirm(ctx context.Context) error {
	for _, n := range slices.Backward(r.result.Found) {
		for _, i := range r.plan.Batches[n-1].Changes {
			if c := r.plan.Changes[i]; c.After != nil {
				set := r.have[c.Key()]
				id, err := r.send(ctx, []Op{{"DELETE", set}, {"CREATE", set}}, "kitroll plan "+r.result.PlanID+" confirm")
				if err == nil {
					r.result.ChangeIDs = append(r.result.ChangeIDs, id)
				}
				return err
			}
		}
	}
	return nil
}
