package ec2move

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// ownAddresses reads all addresses of the target Region, and among them those that this step made. The list is read whole, not
// by a filter of tags: what is there without its tags would not be seen.
func (m *move) ownAddresses(ctx context.Context) (all, mine []types.Address, err error) {
	out, err := read(ctx, m, "DescribeAddresses", m.dst.describeAddresses, &ec2.DescribeAddressesInput{})
	if err != nil {
		return nil, nil, err
	}
	for _, a := range out.Addresses {
		if aws.ToString(a.AllocationId) == "" || m.word("released "+aws.ToString(a.AllocationId)) != "" {
			continue
		}
		all = append(all, a)
		if m.spec.ours(a.Tags) && tagMap(a.Tags)[TagStep] == string(StepAddress) {
			mine = append(mine, a)
		}
	}
	return all, mine, nil
}

// address reads one address; nil when EC2 does not know it, or not yet.
func (m *move) address(ctx context.Context, id string) (*types.Address, error) {
	out, err := read(ctx, m, "DescribeAddresses", m.dst.describeAddresses, &ec2.DescribeAddressesInput{AllocationIds: []string{id}})
	if err != nil {
		if e, ok := errors.AsType[*Error](err); ok && e.Code == "InvalidAllocationID.NotFound" {
			return nil, nil //nolint:nilnil // it is not there, which is an answer
		}
		return nil, err
	}
	for i := range out.Addresses {
		if aws.ToString(out.Addresses[i].AllocationId) == id {
			return &out.Addresses[i], nil
		}
	}
	return nil, nil //nolint:nilnil // as above
}

// seek begins to look for an address that may have been made.
func (m *move) seek() {
	m.c.take(m.intent(m.progress())) // what this client meant to do is no longer the first try
	m.set(func(p *Progress) {
		p.Phase, p.Note = Intent, "an Elastic IP address may have been made: it is looked for"
	})
	m.note("sought", stamp(m.now()))
}

// sought tells whether the settle window of the search has passed, and else when to look again.
func (m *move) sought() (bool, turn) {
	since, known := m.time("sought")
	if !known {
		m.seek()
		return false, turn{after: lookAgain}
	}
	return m.now().Sub(since) >= settle, turn{after: lookAgain}
}

// unsure is an error when one of the addresses may be the one whose answer was lost: idle, without tags, and not there before.
// Tags are set by the call that makes an address, yet a list may show it without them.
func (m *move) unsure(all []types.Address) error {
	before, known := m.progress().IDs["before"]
	had := strings.Fields(before)
	var may []types.Address
	for _, a := range all {
		if known && slices.Contains(had, aws.ToString(a.AllocationId)) {
			continue
		}
		if len(a.Tags) == 0 && aws.ToString(a.AssociationId) == "" {
			may = append(may, a)
		}
	}
	if len(may) == 0 {
		return nil
	}
	return &Error{
		Op: "AllocateAddress", Resource: m.spec.addressTag(), Err: awsops.ErrUnknownOutcome,
		Reason: "no address carries the tag, but one of these may be it: " + strings.Join(ids(may), ", "),
		Hint:   "tag it if it is, or set NoAddress of the state if it is not; or give an allocation with AddressGiven",
	}
}

func undoAddress(ctx context.Context, m *move) (turn, error) {
	instance := m.of(StepLaunch).ID
	if m.spec.To.Address == AddressGiven {
		a, err := m.address(ctx, m.spec.To.AllocationID)
		if err != nil || a == nil || instance == "" || aws.ToString(a.InstanceId) != instance {
			return turn{done: true}, err
		}
		return m.disassociate(ctx, *a)
	}
	all, mine, err := m.ownAddresses(ctx)
	if err != nil {
		return turn{}, err
	}
	if len(mine) == 0 {
		return m.noAddress(all)
	}
	a := mine[0]
	id := aws.ToString(a.AllocationId)
	if aws.ToString(a.AssociationId) != "" {
		if aws.ToString(a.InstanceId) != instance || instance == "" {
			return turn{}, &Error{
				Resource: id, Err: awsops.ErrConflict, Reason: "the address of this move now belongs to " + holder(a),
				Hint: "disassociate it to have it released, or remove its tag " + TagMove + " to keep it",
			}
		}
		return m.disassociate(ctx, a)
	}
	_, err = mutate(ctx, m, "ReleaseAddress", id, awscall.Harmless, m.dst.releaseAddress, &ec2.ReleaseAddressInput{AllocationId: &id})
	if e, ok := errors.AsType[*Error](err); ok {
		switch e.Code {
		case "InvalidAllocationID.NotFound": // released and the list is old, or not heard of yet: the list will tell
			return turn{after: lookAgain}, nil
		case "InvalidIPAddress.InUse": // the list is ahead of what was disassociated
			return m.missing("the release of " + id)
		}
	}
	if err != nil {
		return turn{}, err
	}
	m.note("released "+id, stamp(m.now()))
	m.set(func(p *Progress) {
		if p.ID == id {
			p.ID = ""
		}
		p.Phase, p.Note = Begun, "released "+id
	})
	return turn{}, nil // there may be more of them
}

// noAddress is the end of an undo, once it is certain that there is no address.
func (m *move) noAddress(all []types.Address) (turn, error) {
	p := m.progress()
	switch {
	case m.st.NoAddress: // a person has looked
		m.st.NoAddress = false
	case !m.soughtInUndo(): // the list may not have it yet
		return turn{after: 10 * time.Second}, nil
	case p.Phase == Intent && p.ID == "":
		return turn{done: true}, m.unsure(all)
	}
	return turn{done: true}, nil
}

// soughtInUndo tells whether a rollback has looked for the address long enough, by the clock of the move and by the number of
// its own looks.
func (m *move) soughtInUndo() bool {
	since, known := m.time("sought in undo")
	if !known {
		m.note("sought in undo", stamp(m.now()))
	}
	return known && m.now().Sub(since) >= lookFor && m.settled()
}

func (m *move) disassociate(ctx context.Context, a types.Address) (turn, error) {
	_, err := mutate(ctx, m, "DisassociateAddress", aws.ToString(a.AllocationId), awscall.Harmless, m.dst.disassociateAddress,
		&ec2.DisassociateAddressInput{AssociationId: a.AssociationId})
	if e, ok := errors.AsType[*Error](err); ok && e.Code == "InvalidAssociationID.NotFound" {
		err = nil
	}
	return turn{after: 2 * time.Second}, err
}
