package ec2move

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// stepPrefixLists finds or makes, for every prefix list that the groups' rules name, its like in the new Region; Progress.IDs
// has both IDs. AWS's own lists are there under the same name and another ID. Those of customers are made anew: their names
// are not unique, so the client token is what keeps a second call from making a second list.
func stepPrefixLists() step {
	return step{id: StepPrefixLists, skip: groupsGiven, do: makePrefixLists, undo: deletePrefixLists}
}

func makePrefixLists(ctx context.Context, m *move) (turn, error) {
	groups, err := m.closure(ctx)
	if err != nil {
		return turn{}, err
	}
	lists, err := prefixLists(ctx, m, m.src, "prefix-list-id", prefixListsOf(groups)...)
	if err != nil {
		return turn{}, err
	}
	for _, list := range lists {
		if aws.ToString(list.OwnerId) == ownerAWS {
			if err := m.findPrefixList(ctx, list); err != nil {
				return turn{}, err
			}
			continue
		}
		if t, err := m.copyPrefixList(ctx, list); !t.done || err != nil {
			return t, err
		}
	}
	return turn{done: true}, nil
}

const ownerAWS = "AWS" // as EC2 names the owner of its own prefix lists

// findPrefixList maps one of AWS's lists. One that the new Region lacks is a finding of the plan: its rules are left out.
func (m *move) findPrefixList(ctx context.Context, list types.ManagedPrefixList) error {
	name := m.nameThere(aws.ToString(list.PrefixListName))
	there, err := prefixLists(ctx, m, m.dst, "prefix-list-name", name)
	if err != nil {
		return err
	}
	for _, l := range there {
		if aws.ToString(l.OwnerId) == ownerAWS {
			m.keep(aws.ToString(list.PrefixListId), aws.ToString(l.PrefixListId))
		}
	}
	return nil
}

// copyPrefixList brings the copy of a customer's list one call nearer to its source.
func (m *move) copyPrefixList(ctx context.Context, list types.ManagedPrefixList) (turn, error) {
	from := aws.ToString(list.PrefixListId)
	want, err := prefixListEntries(ctx, m, m.src, from)
	if err != nil {
		return turn{}, err
	}
	there, err := m.copyOfPrefixList(ctx, from)
	if err != nil {
		return turn{}, err
	}
	if there == nil {
		return m.createPrefixList(ctx, list, want)
	}
	id := aws.ToString(there.PrefixListId)
	m.keep(from, id)
	switch there.State {
	case types.PrefixListStateCreateComplete, types.PrefixListStateModifyComplete, types.PrefixListStateRestoreComplete:
	case types.PrefixListStateCreateFailed, types.PrefixListStateModifyFailed, types.PrefixListStateRestoreFailed, types.PrefixListStateDeleteInProgress,
		types.PrefixListStateDeleteComplete, types.PrefixListStateDeleteFailed:
		return turn{}, &Error{Resource: id, Reason: string(there.State) + ": " + aws.ToString(there.StateMessage), Err: awsops.ErrFailed, Hint: "delete the list, and go on"}
	default:
		return turn{after: 5 * time.Second}, nil
	}
	have, err := prefixListEntries(ctx, m, m.dst, id)
	if err != nil {
		return turn{}, err
	}
	rest := missingEntries(want, have)
	if len(rest) == 0 {
		return turn{done: true}, nil
	}
	_, err = mutate(ctx, m, "ModifyManagedPrefixList", id, awscall.Harmless, m.dst.modifyManagedPrefixList, &ec2.ModifyManagedPrefixListInput{
		PrefixListId: &id, CurrentVersion: there.Version, AddEntries: rest[:min(len(rest), maxEntries)], // the version keeps a second call from acting
	})
	switch {
	case hasCode(err, "PrefixListVersionMismatch", "IncorrectState"): // of a call that was cut off: what it did is shown soon
		return m.lagging(id, err)
	case err != nil:
		return turn{}, err
	}
	return turn{after: 5 * time.Second}, nil
}

const maxEntries = 100 // of one call

func (m *move) createPrefixList(ctx context.Context, list types.ManagedPrefixList, entries []types.AddPrefixListEntry) (turn, error) {
	from := aws.ToString(list.PrefixListId)
	name := m.spec.name(StepPrefixLists, from, 0)
	out, err := mutate(ctx, m, "CreateManagedPrefixList", name, awscall.Harmless, m.dst.createManagedPrefixList, &ec2.CreateManagedPrefixListInput{
		PrefixListName: &name, ClientToken: &name, AddressFamily: list.AddressFamily,
		MaxEntries:        aws.Int32(max(aws.ToInt32(list.MaxEntries), int32(len(entries)), 1)),
		Entries:           entries[:min(len(entries), maxEntries)],
		TagSpecifications: specify(m.tags(from, tagMap(list.Tags)), types.ResourceTypePrefixList),
	})
	if err != nil {
		return turn{}, err
	}
	if out.PrefixList != nil {
		m.keep(from, aws.ToString(out.PrefixList.PrefixListId))
	}
	m.set(func(p *Progress) { p.Phase = Begun })
	return turn{after: 5 * time.Second}, nil
}

// copyOfPrefixList is the move's copy of a list, nil if there is none to be seen.
func (m *move) copyOfPrefixList(ctx context.Context, from string) (*types.ManagedPrefixList, error) {
	found, err := prefixLists(ctx, m, m.dst, "prefix-list-name", m.spec.name(StepPrefixLists, from, 0))
	if err != nil {
		return nil, err
	}
	for i := range found {
		if m.spec.ours(found[i].Tags) && found[i].State != types.PrefixListStateDeleteComplete {
			return &found[i], nil
		}
	}
	return nil, nil
}

// deletePrefixLists removes the copies; the groups that named them are gone by then.
func deletePrefixLists(ctx context.Context, m *move) (turn, error) {
	if groupsGiven(m) {
		return turn{done: true}, nil
	}
	from, err := m.customerLists(ctx)
	if err != nil {
		return turn{}, err
	}
	var unseen []string
	for _, id := range from {
		there, err := m.copyOfPrefixList(ctx, id)
		if err != nil {
			return turn{}, err
		}
		if there == nil {
			unseen = append(unseen, id)
			continue
		}
		mine := aws.ToString(there.PrefixListId)
		if there.State == types.PrefixListStateDeleteInProgress {
			return turn{after: 5 * time.Second}, nil
		}
		_, err = mutate(ctx, m, "DeleteManagedPrefixList", mine, awscall.Harmless, m.dst.deleteManagedPrefixList, &ec2.DeleteManagedPrefixListInput{PrefixListId: &mine})
		switch {
		case hasCode(err, "IncorrectState"): // still being made or changed
			return m.lagging(mine, err)
		case errors.Is(err, awsops.ErrGone): // gone, or not heard of yet: the list will tell
			return turn{after: lookAgain}, nil
		case err != nil:
			return turn{}, err
		}
		m.keep(id, removed)
		return turn{after: 5 * time.Second}, nil
	}
	return m.allVanished(unseen), nil
}

// customerLists are the lists of the source that have a copy of their own, as the state and the source's groups tell.
func (m *move) customerLists(ctx context.Context) ([]string, error) {
	groups, err := m.closure(ctx)
	if err != nil {
		return nil, err
	}
	ids := slices.Concat(prefixListsOf(groups), slices.Collect(maps.Keys(m.progress().IDs)))
	slices.Sort(ids)
	ids = slices.Compact(ids)
	lists, err := prefixLists(ctx, m, m.src, "prefix-list-id", ids...)
	if err != nil {
		return nil, err
	}
	for _, l := range lists {
		if aws.ToString(l.OwnerId) == ownerAWS {
			ids = slices.DeleteFunc(ids, func(id string) bool { return id == aws.ToString(l.PrefixListId) })
		}
	}
	return ids, nil
}

// prefixLists are the lists that have one of the values, in order of their IDs; no values, no lists.
func prefixLists(ctx context.Context, m *move, in calls, by string, values ...string) ([]types.ManagedPrefixList, error) {
	var found []types.ManagedPrefixList
	for part := range slices.Chunk(values, maxFilterValues) {
		ask := &ec2.DescribeManagedPrefixListsInput{Filters: []types.Filter{filter(by, part...)}}
		for more := true; more; more = aws.ToString(ask.NextToken) != "" {
			out, err := read(ctx, m, "DescribeManagedPrefixLists", in.describeManagedPrefixLists, ask)
			if err != nil {
				return nil, err
			}
			found = append(found, out.PrefixLists...)
			ask = &ec2.DescribeManagedPrefixListsInput{Filters: ask.Filters, NextToken: out.NextToken}
		}
	}
	slices.SortFunc(found, func(a, b types.ManagedPrefixList) int {
		return cmp.Compare(aws.ToString(a.PrefixListId), aws.ToString(b.PrefixListId))
	})
	return found, nil
}

// prefixListEntries are a list's entries in order of their CIDRs, in the form in which they are added.
func prefixListEntries(ctx context.Context, m *move, in calls, id string) ([]types.AddPrefixListEntry, error) {
	var entries []types.AddPrefixListEntry
	ask := &ec2.GetManagedPrefixListEntriesInput{PrefixListId: &id}
	for more := true; more; more = aws.ToString(ask.NextToken) != "" {
		out, err := read(ctx, m, "GetManagedPrefixListEntries", in.getManagedPrefixListEntries, ask)
		if err != nil {
			return nil, err
		}
		for _, e := range out.Entries {
			add := types.AddPrefixListEntry{Cidr: e.Cidr}
			if aws.ToString(e.Description) != "" {
				add.Description = e.Description
			}
			entries = append(entries, add)
		}
		ask = &ec2.GetManagedPrefixListEntriesInput{PrefixListId: &id, NextToken: out.NextToken}
	}
	slices.SortFunc(entries, func(a, b types.AddPrefixListEntry) int {
		return cmp.Compare(aws.ToString(a.Cidr), aws.ToString(b.Cidr))
	})
	return entries, nil
}

func missingEntries(want, have []types.AddPrefixListEntry) []types.AddPrefixListEntry {
	seen := map[string]bool{}
	for _, e := range have {
		seen[aws.ToString(e.Cidr)] = true
	}
	return slices.DeleteFunc(slices.Clone(want), func(e types.AddPrefixListEntry) bool { return seen[aws.ToString(e.Cidr)] })
}

// keep notes what stands for what in the new Region.
func (m *move) keep(from, to string) {
	m.set(func(p *Progress) {
		p.IDs = maps.Clone(p.IDs)
		if p.IDs == nil {
			p.IDs = map[string]string{}
		}
		p.IDs[from] = to
	})
}

// nameThere is the name that one of AWS's prefix lists has in the new Region: "com.amazonaws.eu-central-1.s3" names its Region,
// "com.amazonaws.global.cloudfront.origin-facing" none.
func (m *move) nameThere(name string) string {
	return strings.ReplaceAll(name, "."+m.spec.From.Region+".", "."+m.spec.To.Region+".")
}
