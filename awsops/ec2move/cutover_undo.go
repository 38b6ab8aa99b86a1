package ec2move

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
)

// undoCutover brings the visitors back: the source runs again and answers, the records are as they were, so is CloudFront, and
// the copy is kept until nobody has its address any more. Names that lead to neither side by now are somebody else's, and
// are left alone.
func undoCutover(ctx context.Context, m *move) (turn, error) {
	if at := m.word("at"); (at == "" || at == atRead) && m.word("found") == "" {
		if m.of(StepLaunch).ID == "" {
			return turn{done: true}, nil // nowhere to switch to
		}
		if err := findCutover(ctx, m); err != nil || m.word("found") == "" { // by a process whose state is newer than this one
			return turn{done: true}, err
		}
	}
	if err := m.canSwitch(); err != nil {
		return turn{}, err
	}
	if _, leaving := m.time("back"); leaving {
		t := m.nap("back")
		return turn{after: t.after, done: t.after == 0}, nil
	}
	in, err := m.look(ctx, m.dst, m.of(StepLaunch).ID)
	if err != nil {
		return turn{}, err
	}
	var copy4 netip.Addr
	var dns string
	if in != nil {
		copy4, dns = publicIP(in), aws.ToString(in.PublicDnsName)
	}
	if was, err := netip.ParseAddr(m.word("ip")); err == nil {
		copy4, dns = was, m.word("dns")
	}
	source, t, err := m.sourceAgain(ctx)
	if source == nil || err != nil {
		return t, err
	}
	s := sides{source4: publicIP(source), source6: addresses6(source), copy4: copy4}
	if in != nil {
		s.copy6 = addresses6(in)
	}
	ttls := make([]time.Duration, len(m.spec.Cutover.Records))
	if in != nil {
		ttls = ttlTag(tagMap(in.Tags)[TagCutover], len(ttls))
	}
	for i, name := range m.spec.Cutover.Records {
		if put, err := m.restore(ctx, name, s, ttls[i]); put || err != nil {
			return turn{}, err
		}
	}
	if m.spec.Cutover.Origins && m.word("back-origins") == "" && dns != "" && aws.ToString(source.PublicDnsName) != "" {
		n, err := m.repoint(ctx, dns, aws.ToString(source.PublicDnsName))
		if err != nil {
			return turn{}, err
		}
		m.note("back-origins", strconv.Itoa(n))
		return turn{}, nil
	}
	m.note("back", stamp(m.now().Add(m.leaveTime()))) // those who have the copy's address keep it for so long
	return turn{after: time.Second}, nil
}

// leaveTime is how long resolvers may hold the copy's address.
func (m *move) leaveTime() time.Duration {
	longest := time.Duration(0)
	for _, name := range m.spec.Cutover.Records {
		if m.word("back "+name) == "" {
			continue
		}
		longest = max(longest, parseRecord(m.word("new "+name)).ttl)
		if m.word("new "+name) == "" {
			longest = max(longest, m.ttl(time.Hour))
		}
	}
	return longest
}

// restore sets one name back, if that is to be done.
func (m *move) restore(ctx context.Context, name string, s sides, tagged time.Duration) (put bool, err error) {
	if m.word("restored "+name) != "" {
		return false, nil
	}
	now, err := m.record(ctx, name)
	if err != nil {
		return false, err
	}
	ours := slices.ContainsFunc(now.addresses, func(a netip.Addr) bool { return a == s.copy4 || slices.Contains(s.copy6, a) })
	kept := m.word("old " + name)
	old := parseRecord(kept)
	want := s.back(now)
	want.ttl = max(now.ttl, tagged, old.ttl)
	if kept != "" && (now.same(old) || now.same(parseRecord(m.word("new "+name)))) {
		want = old // nobody else has changed it
	}
	planned := m.st.Source.PublicIP.Unmap()
	if planned != s.source4 { // a start has given the source another address
		want = replaced(want, planned, s.source4, nil, nil)
	}
	stale := now.same(old) || now.same(want) || slices.Contains(now.addresses, planned)
	switch {
	case now.same(want) && now.ttl == want.ttl:
	case !ours && !stale:
		m.c.cfg.Logger.WarnContext(ctx, "a record that points elsewhere by now is left alone", "name", name, "addresses", now.text())
	default:
		if err := m.put(ctx, name, want); err != nil {
			return false, err
		}
		if ours {
			m.note("back "+name, stamp(m.now()))
		}
	}
	m.note("restored "+name, stamp(m.now()))
	return m.changed, nil
}

// sourceAgain is the source, running: the rollback has started it by now, if the move had stopped it. In that case it is asked
// whether it answers before visitors are sent to it; after ten minutes they are sent to it all the same. Without an Elastic IP
// it has another address than before.
func (m *move) sourceAgain(ctx context.Context) (*types.Instance, turn, error) {
	id := m.spec.From.ID
	in, err := m.look(ctx, m.src, id)
	if err != nil {
		return nil, turn{}, err
	}
	if in == nil || in.State == nil {
		return nil, turn{}, &Error{Resource: id, Err: awsops.ErrGone, Reason: "there is no source to go back to", Hint: "the copy is all there is: keep it"}
	}
	switch state := in.State.Name; state {
	case types.InstanceStateNameRunning:
		return m.answering(ctx, in)
	case types.InstanceStateNamePending, types.InstanceStateNameStopping:
		return nil, turn{after: 5 * time.Second}, nil
	case types.InstanceStateNameStopped: // what the move has stopped was started before this
		return nil, turn{}, &Error{
			Resource: id, Err: awsops.ErrConflict, Reason: "the source is stopped", Hint: "start it, then roll back",
		}
	default:
		return nil, turn{}, &Error{
			Resource: id, Err: awsops.ErrGone, Reason: "the source is " + string(state), Hint: "the copy is all there is: keep it",
		}
	}
}

// answering waits for a source that was just started.
func (m *move) answering(ctx context.Context, in *types.Instance) (*types.Instance, turn, error) {
	ip := publicIP(in)
	restarted := m.spec.Capture == StopFirst || m.spec.Capture == TwoPass
	if !restarted || m.word("answers") != "" || !ip.IsValid() {
		return in, turn{}, nil
	}
	if err := m.healthy(ctx, ip); err != nil {
		since, known := m.time("asked")
		if !known {
			since = m.now()
			m.note("asked", stamp(since))
		}
		if m.now().Sub(since) < healthGrace {
			m.set(func(p *Progress) { p.Note = "the source was started and does not pass the health check yet" })
			return nil, turn{after: healthEvery}, nil
		}
		m.c.cfg.Logger.WarnContext(ctx, "the source still fails the health check, and gets its visitors back all the same", "address", ip)
	}
	m.note("answers", stamp(m.now()))
	return in, turn{}, nil
}
