package route53xtest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// key is what tells the sets of a zone apart, as they are listed.
type key struct{ name, typ, id string }

func keyOf(w wireSet) key { return key{w.Name, w.Type, text(w.SetIdentifier)} }

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// set is a record set and the number of the change that made it.
type set struct {
	wireSet
	number int
}

// compareKeys is the order of lists.
func compareKeys(a, b key) int {
	return cmp.Or(strings.Compare(reversed(a.name), reversed(b.name)), strings.Compare(a.typ, b.typ), strings.Compare(a.id, b.id))
}

func sorted(sets map[key]*set) []*set {
	type item struct {
		sort string
		key  key
		set  *set
	}
	items := make([]item, 0, len(sets))
	for k, s := range sets {
		items = append(items, item{reversed(k.name), k, s})
	}
	slices.SortFunc(items, func(a, b item) int {
		return cmp.Or(strings.Compare(a.sort, b.sort), strings.Compare(a.key.typ, b.key.typ), strings.Compare(a.key.id, b.key.id))
	})
	out := make([]*set, len(items))
	for i, it := range items {
		out[i] = it.set
	}
	return out
}

func pageSize(c *call, most int) (int, *refusal) {
	if !c.query.Has("maxitems") {
		return most, nil
	}
	n, err := strconv.Atoi(c.query.Get("maxitems"))
	if err != nil || n < 1 {
		return 0, invalidInput("Value '%s' at 'maxitems' is not a number from 1", c.query.Get("maxitems"))
	}
	return min(n, most), nil
}

// listSets begins with the first set that is not before name, type and identifier.
func (s *Server) listSets(c *call) (any, *refusal) {
	z, no := s.find(c.id)
	if no != nil {
		return nil, no
	}
	most, no := pageSize(c, s.opts.MaxPageSize)
	if no != nil {
		return nil, no
	}
	from := key{typ: c.query.Get("type"), id: c.query.Get("identifier")}
	if name := c.query.Get("name"); name != "" {
		var err error
		if from.name, err = normal(name); err != nil {
			return nil, refuse(http.StatusBadRequest, "InvalidInput", "%v", err)
		}
	}
	switch {
	case from.typ != "" && from.name == "":
		return nil, invalidInput("The request contains a type and no name")
	case from.id != "" && from.typ == "":
		return nil, invalidInput("The request contains an identifier and no type")
	case from.typ != "" && !knownType(from.typ):
		return nil, invalidInput("Value '%s' at 'type' failed to satisfy constraint: Member must satisfy enum value set", from.typ)
	}
	all := z.inOrder()
	if from.name != "" {
		at, _ := slices.BinarySearchFunc(all, from, func(s *set, k key) int { return compareKeys(keyOf(s.wireSet), k) })
		all = all[at:]
	}
	out := listResponse{XMLName: named("ListResourceRecordSetsResponse"), MaxItems: most}
	for i, set := range all {
		if i == most {
			out.IsTruncated, out.NextRecordName, out.NextRecordType, out.NextRecordIdentifier = true, &set.Name, &set.Type, set.SetIdentifier
			break
		}
		out.ResourceRecordSets.ResourceRecordSet = append(out.ResourceRecordSets.ResourceRecordSet, set.wireSet)
	}
	return out, nil
}

// inOrder keeps the order until the next change, since a zone of ten thousand sets is read page by page.
func (z *zone) inOrder() []*set {
	if z.order == nil {
		z.order = sorted(z.sets)
	}
	return z.order
}
