package ec2movetest

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

type prefixList struct {
	meta

	name, family string
	owner        string // "AWS" for those that it manages
	most         int32
	entries      []types.PrefixListEntry
	version      int64
	state, then  types.PrefixListState
	until        time.Time
}

// addManagedLists makes the lists of AWS: the same names everywhere, or with the Region in them, and other IDs.
func (r *region) addManagedLists() {
	for i, l := range []struct {
		name string
		most int32
		cidr string
	}{
		{"com.amazonaws.global.cloudfront.origin-facing", 55, "13.124.199.0/24"},
		{"com.amazonaws." + r.name + ".s3", 1, "52.219.0.0/20"},
		{"com.amazonaws." + r.name + ".dynamodb", 1, "52.94.0.0/22"},
	} {
		r.lists.plant(r, &prefixList{
			meta: meta{id: "pl-" + hexOf(r.name, i)[:8]}, name: l.name, family: "IPv4", owner: "AWS", most: l.most, version: 1,
			state: types.PrefixListStateCreateComplete, entries: []types.PrefixListEntry{{Cidr: aws.String(l.cidr)}},
		})
	}
}

func (r *region) createManagedPrefixList(in *ec2.CreateManagedPrefixListInput) (*ec2.CreateManagedPrefixListOutput, error) {
	if err := required("PrefixListName", in.PrefixListName, "AddressFamily", in.AddressFamily, "MaxEntries", in.MaxEntries); err != nil {
		return nil, err
	}
	tags, err := tagsFor(in.TagSpecifications, types.ResourceTypePrefixList)
	if err != nil {
		return nil, err
	}
	same := *in
	same.ClientToken = nil
	mark := fingerprint(same)
	id, err := r.again("CreateManagedPrefixList", aws.ToString(in.ClientToken), mark)
	if err != nil {
		return nil, err
	}
	if id != "" {
		l, ok := r.lists.find(id)
		if !ok {
			return nil, r.lists.notFound(id)
		}
		return &ec2.CreateManagedPrefixListOutput{PrefixList: l.describe(r)}, nil
	}
	name := *in.PrefixListName
	switch {
	case len(name) > 255 || strings.HasPrefix(name, "com.amazonaws"):
		return nil, refuse("InvalidParameterValue", "The prefix list name '%s' is invalid: up to 255 characters, not beginning with com.amazonaws", name)
	case *in.AddressFamily != "IPv4" && *in.AddressFamily != "IPv6":
		return nil, refuse("InvalidParameterValue", "Invalid value '%s' for AddressFamily", *in.AddressFamily)
	case *in.MaxEntries < 1 || *in.MaxEntries > 1000:
		return nil, refuse("InvalidParameterValue", "MaxEntries must be between 1 and 1000")
	}
	l := &prefixList{
		meta: meta{id: r.cloud.id("pl", r.name), tags: tags[types.ResourceTypePrefixList]}, name: name, family: *in.AddressFamily, owner: r.cloud.account,
		most: *in.MaxEntries, version: 1,
	}
	if err := l.add(in.Entries); err != nil {
		return nil, err
	}
	l.pass(r, types.PrefixListStateCreateInProgress, types.PrefixListStateCreateComplete)
	r.lists.put(r, l)
	r.remember("CreateManagedPrefixList", aws.ToString(in.ClientToken), mark, l.id)
	return &ec2.CreateManagedPrefixListOutput{PrefixList: l.describe(r)}, nil
}

func (l *prefixList) pass(r *region, by, to types.PrefixListState) {
	l.state, l.then, l.until = by, to, r.now().Add(2*time.Second)
}

func (l *prefixList) add(list []types.AddPrefixListEntry) error {
	if len(list) > 100 {
		return refuse("InvalidParameterValue", "At most 100 entries can be changed in a call")
	}
	for _, e := range list {
		cidr, err := network(aws.ToString(e.Cidr), l.family == "IPv4")
		if err != nil {
			return err
		}
		if len(aws.ToString(e.Description)) > 255 {
			return refuse("InvalidParameterValue", "The description of an entry has up to 255 characters")
		}
		i := slices.IndexFunc(l.entries, func(have types.PrefixListEntry) bool { return *have.Cidr == cidr })
		if i >= 0 {
			l.entries[i].Description = e.Description
			continue
		}
		l.entries = append(l.entries, types.PrefixListEntry{Cidr: aws.String(cidr), Description: e.Description})
	}
	if len(l.entries) > int(l.most) {
		return refuse("PrefixListMaxEntriesExceeded", "The prefix list would have %d entries, more than its maximum of %d", len(l.entries), l.most)
	}
	return nil
}

func (r *region) ownList(id *string) (*prefixList, error) {
	l, err := r.lists.use("PrefixListId", id)
	switch {
	case err != nil:
		return nil, err
	case l.owner == "AWS":
		return nil, refuse("UnauthorizedOperation", "The prefix list %s is managed by AWS.", l.id)
	case strings.HasSuffix(string(l.state), "in-progress"):
		return nil, refuse("IncorrectState", "The prefix list %s is in the state %s.", l.id, l.state)
	}
	return l, nil
}

func (r *region) modifyManagedPrefixList(in *ec2.ModifyManagedPrefixListInput) (*ec2.ModifyManagedPrefixListOutput, error) {
	l, err := r.ownList(in.PrefixListId)
	if err != nil {
		return nil, err
	}
	entries := len(in.AddEntries) + len(in.RemoveEntries)
	switch {
	case in.MaxEntries != nil && entries > 0:
		return nil, refuse("InvalidParameterCombination", "The maximum number of entries cannot be changed together with entries.")
	case entries > 0 && in.CurrentVersion == nil:
		return nil, missing("CurrentVersion")
	case in.CurrentVersion != nil && *in.CurrentVersion != l.version:
		return nil, refuse("PrefixListVersionMismatch", "The prefix list has version %d, not %d.", l.version, *in.CurrentVersion)
	}
	changed := *l
	changed.entries = slices.Clone(l.entries)
	for _, e := range in.RemoveEntries {
		before := len(changed.entries)
		changed.entries = slices.DeleteFunc(changed.entries, func(have types.PrefixListEntry) bool { return *have.Cidr == aws.ToString(e.Cidr) })
		if len(changed.entries) == before {
			return nil, refuse("InvalidParameterValue", "The prefix list has no entry %s", aws.ToString(e.Cidr))
		}
	}
	if in.MaxEntries != nil {
		changed.most = *in.MaxEntries
	}
	if in.PrefixListName != nil {
		changed.name = *in.PrefixListName
	}
	if err := changed.add(in.AddEntries); err != nil {
		return nil, err
	}
	if entries > 0 {
		changed.version++
	}
	changed.pass(r, types.PrefixListStateModifyInProgress, types.PrefixListStateModifyComplete)
	*l = changed
	return &ec2.ModifyManagedPrefixListOutput{PrefixList: l.describe(r)}, nil
}

func (r *region) deleteManagedPrefixList(in *ec2.DeleteManagedPrefixListInput) (*ec2.DeleteManagedPrefixListOutput, error) {
	l, err := r.ownList(in.PrefixListId)
	if err != nil {
		return nil, err
	}
	for _, g := range r.groups.all {
		if slices.ContainsFunc(slices.Concat(g.in, g.out), func(x rule) bool { return x.list == l.id }) {
			return nil, refuse("DependencyViolation", "The prefix list %s is in use by %s.", l.id, g.id)
		}
	}
	l.pass(r, types.PrefixListStateDeleteInProgress, types.PrefixListStateDeleteComplete)
	return &ec2.DeleteManagedPrefixListOutput{PrefixList: l.describe(r)}, nil
}

func (r *region) describeManagedPrefixLists(in *ec2.DescribeManagedPrefixListsInput) (*ec2.DescribeManagedPrefixListsOutput, error) {
	if in.MaxResults != nil && *in.MaxResults > 100 {
		return nil, refuse("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid. Expecting a value between 5 and 100.", *in.MaxResults)
	}
	found, err := r.lists.lookup(in.PrefixListIds, in.Filters, map[string]func(*prefixList) []string{
		"owner-id":         func(l *prefixList) []string { return one(l.owner) },
		"prefix-list-id":   func(l *prefixList) []string { return one(l.id) },
		"prefix-list-name": func(l *prefixList) []string { return one(l.name) },
	})
	if err != nil {
		return nil, err
	}
	found, next, err := page(r, found, in.MaxResults, in.NextToken, false)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeManagedPrefixListsOutput{NextToken: next}
	for _, l := range found {
		out.PrefixLists = append(out.PrefixLists, *l.describe(r))
	}
	return out, nil
}

func (r *region) getManagedPrefixListEntries(in *ec2.GetManagedPrefixListEntriesInput) (*ec2.GetManagedPrefixListEntriesOutput, error) {
	if in.MaxResults != nil && *in.MaxResults > 100 {
		return nil, refuse("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid. Expecting a value between 5 and 100.", *in.MaxResults)
	}
	if err := required("PrefixListId", in.PrefixListId); err != nil {
		return nil, err
	}
	found, err := r.lists.lookup([]string{*in.PrefixListId}, nil, nil)
	if err != nil {
		return nil, err
	}
	most := in.MaxResults
	if most == nil {
		most = aws.Int32(100)
	}
	entries, next, err := page(r, found[0].entries, most, in.NextToken, false)
	if err != nil {
		return nil, err
	}
	return &ec2.GetManagedPrefixListEntriesOutput{Entries: slices.Clone(entries), NextToken: next}, nil
}

func (l *prefixList) describe(r *region) *types.ManagedPrefixList {
	owner := l.owner
	out := &types.ManagedPrefixList{
		AddressFamily: aws.String(l.family), OwnerId: aws.String(owner), PrefixListArn: aws.String(r.cloud.arn("ec2", r.name, "prefix-list/"+l.id)),
		PrefixListId: aws.String(l.id), PrefixListName: aws.String(l.name), State: l.state, Tags: tagList(l.tags),
	}
	if l.owner == "AWS" { // which tells neither size nor version of its own
		out.PrefixListArn = aws.String("arn:" + partition(r.name) + ":ec2:" + r.name + ":aws:prefix-list/" + l.id)
		return out
	}
	out.MaxEntries, out.Version = aws.Int32(l.most), aws.Int64(l.version)
	return out
}
