package route53xtest

import (
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"
)

// change is a request that was accepted.
type change struct {
	info   changeInfo
	inSync time.Time
	zone   *zone
	number int
	steps  []step
}

// step is what a change does to one set: nil takes it away.
type step struct {
	key key
	set *set
}

// accept gives a change its ID. It is PENDING until the clock has gone on.
func (s *Server) accept(z *zone, comment string, steps []step) changeInfo {
	now := s.clock.Now()
	s.serial++
	z.number++
	z.order = nil
	for _, st := range steps {
		if st.set != nil {
			st.set.number = z.number
		}
	}
	c := &change{
		info: changeInfo{Id: "/change/C" + pad(s.serial, 20), Status: "PENDING", SubmittedAt: now.UTC().Truncate(time.Millisecond), Comment: comment},
		zone: z, number: z.number, steps: steps, inSync: now.Add(s.opts.SyncDelay),
	}
	s.changes[strings.TrimPrefix(c.info.Id, "/change/")] = c
	s.pending = append(s.pending, c)
	z.busyUntil = now.Add(s.opts.Processing)
	return c.info
}

// settle brings what is INSYNC by now to the name servers.
func (s *Server) settle() {
	now := s.clock.Now()
	rest := s.pending[:0]
	for _, c := range s.pending {
		if c.inSync.After(now) {
			rest = append(rest, c)
			continue
		}
		c.info.Status, c.zone.seen = "INSYNC", nil
		if c.zone.live == nil {
			c.zone.live, c.zone.liveSince = map[key]*set{}, map[key]int{}
		}
		for _, st := range c.steps {
			if c.number < c.zone.liveSince[st.key] {
				continue
			}
			c.zone.liveSince[st.key] = c.number
			if st.set == nil {
				delete(c.zone.live, st.key)
			} else {
				c.zone.live[st.key] = st.set
			}
		}
	}
	clear(s.pending[len(rest):])
	s.pending = rest
}

func (s *Server) getChange(c *call) (any, *refusal) {
	at := s.changes[c.id]
	if at == nil {
		return nil, refuse(http.StatusNotFound, "NoSuchChange", "Could not find resource with ID: %s", c.id)
	}
	c.note.Status = at.info.Status
	return changeResponse{named("GetChangeResponse"), at.info}, nil
}

func (s *Server) changeSets(c *call) (any, *refusal) {
	var req changeRequest
	if no := read(c, &req, func() xml.Name { return req.XMLName }); no != nil {
		return nil, no
	}
	changes := req.ChangeBatch.Changes.Change
	c.note.Comment, c.note.Changes = req.ChangeBatch.Comment, len(changes)
	for _, ch := range changes {
		e, n := weigh(ch)
		c.note.Elements, c.note.Chars = c.note.Elements+e, c.note.Chars+n
	}
	z, no := s.find(c.id)
	switch {
	case no != nil:
		return nil, no
	case len(changes) == 0 || len(req.ChangeBatch.Comment) > 256:
		return nil, invalidInput("1 validation error detected: the batch is empty, or its comment is over 256 characters")
	case z.entered > 1 || s.clock.Now().Before(z.busyUntil):
		return nil, refuse(http.StatusBadRequest, "PriorRequestNotComplete",
			"The request was rejected because Route 53 was still processing a prior request.")
	case !s.takeChanges(len(changes)):
		c.note.Throttled = true
		return nil, throttled()
	}
	steps, no := s.batch(z, changes)
	if no != nil {
		return nil, no
	}
	return changeResponse{named("ChangeResourceRecordSetsResponse"), s.commit(z, req.ChangeBatch.Comment, steps)}, nil
}

func (s *Server) commit(z *zone, comment string, steps []step) changeInfo {
	for _, st := range steps {
		if st.set == nil {
			delete(z.sets, st.key)
		} else {
			z.sets[st.key] = st.set
		}
	}
	return s.accept(z, comment, steps)
}

// weigh is what a change counts towards the limits of a batch: an UPSERT twice.
func weigh(c wireChange) (elements, chars int) {
	switch rr := c.ResourceRecordSet.ResourceRecords; {
	case rr != nil:
		elements = len(rr.ResourceRecord)
		for _, r := range rr.ResourceRecord {
			chars += len([]rune(r.Value))
		}
	case c.ResourceRecordSet.AliasTarget != nil:
		elements = 1
	}
	if c.Action == "UPSERT" {
		return 2 * elements, 2 * chars
	}
	return elements, chars
}

// batch finds out what a batch does, all of it or nothing: first the deletes, then the rest in its order. Every complaint
// is in the answer.
func (s *Server) batch(z *zone, changes []wireChange) ([]step, *refusal) {
	elements, chars := 0, 0
	for i := range changes {
		e, n := weigh(changes[i])
		elements, chars = elements+e, chars+n
		if no := s.shape(&changes[i]); no != nil {
			return nil, no
		}
	}
	switch {
	case elements > s.opts.BatchElements:
		return nil, invalidBatch(fmt.Sprintf("Number of records limit of %d exceeded.", s.opts.BatchElements))
	case chars > s.opts.BatchChars:
		return nil, invalidBatch(fmt.Sprintf("RDATA character limit of %d exceeded.", s.opts.BatchChars))
	}
	b := &batch{server: s, zone: z, after: maps.Clone(z.sets)}
	b.index()
	for _, ch := range changes {
		b.permitted(ch)
	}
	for _, ch := range changes {
		if ch.Action == "DELETE" {
			b.delete(ch.ResourceRecordSet)
		}
	}
	for _, ch := range changes {
		if ch.Action != "DELETE" {
			b.put(ch.ResourceRecordSet, ch.Action == "CREATE")
		}
	}
	b.conflicts()
	b.essential()
	if len(b.after) > s.opts.MaxSets && len(b.after) > len(z.sets) {
		return nil, refuse(http.StatusBadRequest, "LimitsExceeded", "Exceeded limit MAX_RRSETS_BY_ZONE (%d)", s.opts.MaxSets)
	}
	if len(b.messages) > 0 {
		return nil, invalidBatch(b.messages...)
	}
	return b.steps(), nil
}

func invalidBatch(messages ...string) *refusal {
	return refuse(http.StatusBadRequest, "InvalidChangeBatch", "[%s]", strings.Join(messages, ", "))
}
