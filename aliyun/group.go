package aliyun

import "slices"

// entry is a message of a batch that has passed every check.
type entry struct {
	checked

	i int // its place in the input
	m Message
}

// chunk is what goes out in one request.
type chunk struct {
	entries []entry
	size    int // phones
	phones  map[string]bool
}

// content is what makes messages equal, so that one SendSms does for them.
type content struct{ sign, template, params, extend, outID string }

// batchKey is what messages of one SendBatchSms have in common.
type batchKey struct {
	template, outID string
	mainland        bool
}

func (e entry) content() content {
	return content{e.m.Sign, e.m.Template, e.params, e.m.ExtendCode, e.m.OutID}
}

func (e entry) batchKey() batchKey {
	return batchKey{e.m.Template, e.m.OutID, e.phones[0].Mainland()}
}

// fits reports whether e may join the chunk: enough room, and no phone that is there already, since which of two
// messages to one phone comes first is nobody's to say.
func (c *chunk) fits(e entry, most int) bool {
	return c.size+len(e.phones) <= most &&
		!slices.ContainsFunc(e.phones, func(p Phone) bool { return c.phones[p.digits] })
}

func (c *chunk) add(e entry) {
	if c.phones == nil {
		c.phones = map[string]bool{}
	}
	for _, p := range e.phones {
		c.phones[p.digits] = true
	}
	c.entries = append(c.entries, e)
	c.size += len(e.phones)
}

// equal reports whether one SendSms does for the whole chunk.
func (c *chunk) equal() bool {
	first := c.entries[0].content()
	return !slices.ContainsFunc(c.entries, func(e entry) bool { return e.content() != first })
}

func (c *chunk) result(state SendState, r Receipt) BatchResult {
	out := BatchResult{State: state, Receipt: r}
	for _, e := range c.entries {
		out.Index = append(out.Index, e.i)
	}
	slices.Sort(out.Index)
	return out
}

// groups are the messages that are held back, by content.
type groups struct {
	equal map[groupKey]*chunk
	order []groupKey // of the groups, as they were begun: a run sends in the order of its input, as far as it can
	held  int        // messages
}

// groupKey is a content, and whether its phones are of the mainland: they may not be in one call with others.
type groupKey struct {
	content

	mainland bool
}

func newGroups() *groups { return &groups{equal: map[groupKey]*chunk{}} }

// add takes a message, and returns a chunk that it has made full or that it could not join.
func (g *groups) add(e entry) (out *chunk) {
	key := groupKey{e.content(), e.phones[0].Mainland()}
	c := g.equal[key]
	switch {
	case c == nil:
		g.order = append(g.order, key)
		c = &chunk{}
	case !c.fits(e, maxPhones):
		out = c
		g.held -= len(c.entries)
		c = &chunk{}
	}
	c.add(e)
	g.equal[key] = c
	g.held++
	return out
}

// flush packs all that is held: groups of more phones than a batch holds, codes and those that are alone in their
// template go by SendSms, the others share batches.
func (g *groups) flush() (out []*chunk) {
	var shared []entry
	for _, key := range g.order {
		c := g.equal[key]
		if c.size >= maxBatchPhones || c.entries[0].kind == Code {
			out = append(out, c)
		} else {
			shared = append(shared, c.entries...)
		}
	}
	out = append(out, packBatches(shared)...)
	*g = *newGroups()
	return out
}

// packBatches puts messages into batches, first come, first fitted.
func packBatches(entries []entry) (out []*chunk) {
	open := map[batchKey][]*chunk{}
	for _, e := range entries {
		key := e.batchKey()
		at := slices.IndexFunc(open[key], func(c *chunk) bool { return c.fits(e, maxBatchPhones) })
		if at < 0 {
			c := &chunk{}
			out = append(out, c)
			at = len(open[key])
			open[key] = append(open[key], c)
		}
		open[key][at].add(e)
		if open[key][at].size == maxBatchPhones {
			open[key] = slices.Delete(open[key], at, at+1)
		}
	}
	return out
}
