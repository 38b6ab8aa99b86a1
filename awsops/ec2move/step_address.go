package ec2move

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// The copy's Elastic IP address. AllocateAddress is the one call of a move that has neither token nor name, so that what came
// of a call without an answer can only be looked up, in a list that may lag. Hence three marks before it is made: the intent
// in the state, a tag on the copy that outlives the state, and the client's own memory of the calls that it is about to make.
// Only when the last says that no process died in between is the call made at once. Else the address is looked for by the tags
// that it got when it was made, for a settle window; then
//
//   - the only addresses are those of before: nothing was allocated, and it is asked for again;
//   - there is a new one, idle and without tags: it may be this one, and the step stops with awsops.ErrUnknownOutcome, until
//     the tag appears, State.NoAddress says that somebody has looked, or the allocation is given.
//
// With the state lost there is no list of before: then every idle address without tags is a reason to stop.
func stepAddress() step {
	return step{
		id: StepAddress, skip: func(m *move) bool { return !m.spec.wantsAddress(m.st.Source) },
		do: doAddress, undo: undoAddress, find: findAddress,
	}
}

// wantsAddress tells whether the copy gets an Elastic IP address.
func (s Spec) wantsAddress(of Source) bool {
	switch s.To.Address {
	case AddressNew, AddressGiven:
		return true
	case AddressAsSource:
		return of.AllocationID != ""
	}
	return false
}

func doAddress(ctx context.Context, m *move) (turn, error) {
	in, t, err := m.running(ctx) // EC2 refuses to associate an address while the copy is pending
	if in == nil || err != nil {
		return t, err
	}
	id := m.progress().ID
	if m.spec.To.Address == AddressGiven {
		id = m.spec.To.AllocationID
	}
	if id == "" {
		return m.obtain(ctx, in)
	}
	return m.associate(ctx, id, aws.ToString(in.InstanceId))
}

// obtain finds the move's address, or makes it.
func (m *move) obtain(ctx context.Context, in *types.Instance) (turn, error) {
	all, mine, err := m.ownAddresses(ctx)
	if err != nil {
		return turn{}, err
	}
	switch {
	case len(mine) == 1:
		m.adoptAddress(mine[0])
		return turn{}, nil
	case len(mine) > 1:
		return turn{}, &Error{
			Resource: strings.Join(ids(mine), ", "), Err: awsops.ErrConflict, Reason: "several addresses carry the tags of this step",
			Hint: "release all but one; a rollback releases them all",
		}
	case m.st.NoAddress:
		m.st.NoAddress = false
		m.ask(all)
		return turn{}, nil
	}
	if m.progress().Phase != Intent {
		if !m.settled() {
			return turn{after: lookAgain}, nil
		}
		if _, asked := tagMap(in.Tags)[TagAddress]; asked { // by a process whose state is lost, or newer than this one
			m.seek()
			return turn{after: lookAgain}, nil
		}
		if _, err := mutate(ctx, m, "CreateTags", aws.ToString(in.InstanceId), awscall.Harmless, m.dst.createTags, &ec2.CreateTagsInput{
			Resources: []string{aws.ToString(in.InstanceId)},
			Tags:      []types.Tag{{Key: aws.String(TagAddress), Value: aws.String(stamp(m.now()))}},
		}); err != nil {
			return turn{}, err
		}
		m.ask(all)
		return turn{}, nil
	}
	if m.c.take(m.intent(m.progress())) {
		return m.allocate(ctx)
	}
	waited, t := m.sought()
	if !waited {
		return t, nil
	}
	if err := m.unsure(all); err != nil {
		return turn{}, err
	}
	m.set(func(p *Progress) { p.Attempt++ })
	m.ask(all)
	return turn{}, nil
}

// ask records that the next turn makes the call, and what there was before.
func (m *move) ask(all []types.Address) {
	m.set(func(p *Progress) {
		p.Phase, p.Note, p.Since = Intent, "an Elastic IP address is asked for", time.Time{}
	})
	m.note("before", strings.Join(ids(all), " "))
	m.forget("sought")
	m.c.keep(m.intent(m.progress()))
}

// allocate makes the call, once.
func (m *move) allocate(ctx context.Context) (turn, error) {
	var carried map[string]string
	if name, ok := m.st.Source.Tags["Name"]; ok {
		carried = map[string]string{"Name": name}
	}
	out, err := mutate(ctx, m, "AllocateAddress", m.spec.addressTag(), awscall.OnlyRefused, m.dst.allocateAddress, &ec2.AllocateAddressInput{
		Domain: types.DomainTypeVpc, TagSpecifications: specify(m.tags("", carried), types.ResourceTypeElasticIp),
	})
	switch {
	case err == nil:
		m.adoptAddress(types.Address{AllocationId: out.AllocationId, PublicIp: out.PublicIp})
		return turn{}, nil
	case errors.Is(err, awsops.ErrUnknownOutcome):
		m.c.cfg.Logger.WarnContext(ctx, "the answer to AllocateAddress was lost", "tag", m.spec.addressTag(), "error", err)
		m.seek()
		return turn{after: lookAgain}, nil
	}
	m.c.keep(m.intent(m.progress())) // nothing was done: the next turn may ask again
	if e, ok := errors.AsType[*Error](err); ok && errors.Is(err, awsops.ErrQuota) {
		e.Hint = "an account has 5 Elastic IP addresses in a Region: release one, ask for a higher quota (L-0263D0A3), give one " +
			"with AddressGiven, or do without with AddressNone"
	}
	return turn{}, err
}

// associate gives the address to the copy. It takes it from nobody.
func (m *move) associate(ctx context.Context, id, instance string) (turn, error) {
	a, err := m.address(ctx, id)
	if err != nil {
		return turn{}, err
	}
	if a == nil {
		return m.missing(id)
	}
	m.there(id)
	m.note("public_ip", aws.ToString(a.PublicIp))
	switch {
	case aws.ToString(a.AssociationId) != "" && aws.ToString(a.InstanceId) == instance:
		m.set(func(p *Progress) { p.ID, p.Note = id, aws.ToString(a.PublicIp) })
		return turn{done: true}, nil
	case aws.ToString(a.AssociationId) != "":
		return turn{}, &Error{
			Resource: id, Err: awsops.ErrConflict, Reason: "the address belongs to " + holder(*a), Hint: "it is taken from nobody: disassociate it first",
		}
	case m.word("associated") == instance:
		return m.missing("the association of " + id)
	}
	_, err = mutate(ctx, m, "AssociateAddress", id, awscall.Harmless, m.dst.associateAddress, &ec2.AssociateAddressInput{
		AllocationId: &id, InstanceId: &instance, AllowReassociation: aws.Bool(false),
	})
	if e, ok := errors.AsType[*Error](err); ok {
		switch e.Code {
		case "InvalidAllocationID.NotFound": // just made, and not known everywhere
			return m.missing(id)
		case "InvalidInstanceID", "IncorrectInstanceState", "InvalidInstanceID.NotFound": // pending, where that list is read
			return m.missing(instance)
		case "Resource.AlreadyAssociated", "InvalidIPAddress.InUse":
			e.Err = awsops.ErrConflict
		}
		return turn{}, e
	}
	if err != nil {
		return turn{}, err
	}
	m.set(func(p *Progress) { p.ID, p.Phase = id, Begun })
	m.note("associated", instance)
	return turn{after: 2 * time.Second}, nil
}

// adoptAddress makes an address the move's.
func (m *move) adoptAddress(a types.Address) {
	m.set(func(p *Progress) {
		p.Phase, p.ID, p.Note = Begun, aws.ToString(a.AllocationId), aws.ToString(a.PublicIp)
	})
	m.note("public_ip", aws.ToString(a.PublicIp))
	m.forget("sought", "before")
}

func findAddress(ctx context.Context, m *move) error {
	instance := m.of(StepLaunch).ID
	if !m.spec.wantsAddress(m.st.Source) || instance == "" {
		return nil
	}
	if m.spec.To.Address == AddressGiven {
		a, err := m.address(ctx, m.spec.To.AllocationID)
		if err == nil && a != nil && aws.ToString(a.InstanceId) == instance {
			m.adoptAddress(*a)
		}
		return err
	}
	_, mine, err := m.ownAddresses(ctx)
	if err != nil {
		return err
	}
	if len(mine) > 0 {
		m.adoptAddress(mine[0])
		return nil
	}
	in, err := m.look(ctx, m.dst, instance)
	if err != nil || in == nil {
		return err
	}
	if _, asked := tagMap(in.Tags)[TagAddress]; asked {
		m.seek()
	}
	return nil
}

// addressTag is how to find the address by hand.
func (s Spec) addressTag() string {
	return fmt.Sprintf("the address in %s tagged %s=%s", s.To.Region, TagMove, s.ID)
}

func ids(all []types.Address) []string {
	out := make([]string, len(all))
	for i, a := range all {
		out[i] = aws.ToString(a.AllocationId)
	}
	slices.Sort(out)
	return out
}

// holder is what an address is associated with.
func holder(a types.Address) string {
	if id := aws.ToString(a.InstanceId); id != "" {
		return id
	}
	return aws.ToString(a.NetworkInterfaceId)
}
