package route53x

// grouping is a union of changes that have to be in one batch, and the order between them.
type grouping struct {
	parent []int
	edges  [][2]int // the first may not come later than the second
}

func (g *grouping) find(i int) int {
	for g.parent[i] != i {
		g.parent[i] = g.parent[g.parent[i]]
		i = g.parent[i]
	}
	return i
}

// join keeps the lower index as the root, so that the order of the changes is kept.
func (g *grouping) join(a, b int) {
	a, b = g.find(a), g.find(b)
	g.parent[max(a, b)] = min(a, b)
}

type nameAndType struct {
	Name
	Type
}

// group finds what belongs together.
func group(changes []Change) *grouping {
	g := &grouping{parent: make([]int, len(changes))}
	byName := make(map[Name][]int, len(changes))
	bySet := make(map[nameAndType][]int, len(changes))
	for i, c := range changes {
		g.parent[i] = i
		k := c.Key()
		byName[k.Name] = append(byName[k.Name], i)
		bySet[nameAndType{k.Name, k.Type}] = append(bySet[nameAndType{k.Name, k.Type}], i)
	}
	for _, at := range byName {
		cname := false
		for _, i := range at {
			cname = cname || changes[i].Key().Type == CNAME
		}
		for _, i := range at[1:] {
			if cname {
				g.join(at[0], i)
			}
		}
	}
	for _, at := range bySet {
		policies := map[string]bool{}
		for _, i := range at {
			for _, s := range []*RRSet{changes[i].Before, changes[i].After} {
				if s != nil && s.Routing != nil {
					policies[s.Routing.policy()] = true
				} else if s != nil {
					policies[""] = true
				}
			}
		}
		for _, i := range at[1:] {
			if len(policies) > 1 {
				g.join(at[0], i)
			}
		}
	}
	for i, c := range changes {
		if c.After != nil && c.After.Alias != nil {
			for _, target := range bySet[nameAndType{c.After.Alias.Target, c.After.Type}] {
				if target != i && changes[target].After != nil {
					g.edges = append(g.edges, [2]int{target, i})
				}
			}
		}
		if c.Before != nil && c.Before.Alias != nil {
			for _, target := range bySet[nameAndType{aliasTarget(c.Before), c.Key().Type}] {
				if target != i && changes[target].After == nil {
					g.edges = append(g.edges, [2]int{i, target})
				}
			}
		}
	}
	return g
}

// aliasTarget is canonical, which a set as it was listed need not be.
func aliasTarget(s *RRSet) Name {
	if n, err := ParseName(string(s.Alias.Target)); err == nil {
		return n
	}
	return s.Alias.Target
}

// collect makes the parcels, in the order of their first changes.
func (g *grouping) collect(changes []Change, upsert bool) []*parcel {
	for {
		of, all := g.parcels(changes, upsert)
		joined := false
		for _, e := range g.edges {
			if a, b := of[e[0]], of[e[1]]; a.phase > b.phase { // a delete that may not come after a create: with it
				g.join(e[0], e[1])
				joined = true
			}
		}
		if !joined {
			if joined = g.order(of, all); !joined {
				return all
			}
		}
	}
}

func (g *grouping) parcels(changes []Change, upsert bool) (of, all []*parcel) {
	of = make([]*parcel, len(changes))
	for i, c := range changes {
		root := g.find(i) // at most i
		if root == i {
			of[i] = &parcel{phase: deletes}
			all = append(all, of[i])
		}
		p := of[root]
		of[i] = p
		p.members = append(p.members, i)
		e, n := c.size(upsert)
		p.elements, p.chars = p.elements+e, p.chars+n
		if c.Action != Delete {
			p.phase = creates
		}
	}
	return of, all
}

// order sets what comes after what, and the levels. Parcels that wait for each other in a circle become one, and then it
// reports true: levels have to be made anew.
func (g *grouping) order(of, all []*parcel) (joined bool) {
	waiting := make(map[*parcel]int, len(g.edges))
	next := make(map[*parcel][]*parcel, len(g.edges))
	for _, e := range g.edges {
		a, b := of[e[0]], of[e[1]]
		if a == b {
			continue
		}
		b.after = append(b.after, a)
		next[a] = append(next[a], b)
		waiting[b]++
	}
	var ready []*parcel
	for _, p := range all {
		if waiting[p] == 0 {
			ready = append(ready, p)
		}
	}
	done := 0
	for ; len(ready) > 0; done++ {
		p := ready[0]
		ready = ready[1:]
		for _, n := range next[p] {
			n.level = max(n.level, p.level+1)
			if waiting[n]--; waiting[n] == 0 {
				ready = append(ready, n)
			}
		}
	}
	if done == len(all) {
		return false
	}
	var first *parcel
	for _, p := range all {
		switch {
		case waiting[p] == 0:
		case first == nil:
			first = p
		default:
			g.join(first.members[0], p.members[0])
		}
	}
	return true
}
