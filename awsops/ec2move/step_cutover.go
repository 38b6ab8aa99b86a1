package ec2move

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

const (
	defaultTTL   = time.Minute
	verifyEvery  = 10 * time.Second
	longestNap   = 5 * time.Minute  // of a wait for a time that is known, so that somebody hears of it now and then
	healthGrace  = 10 * time.Minute // how long the copy may fail its check before that is an error
	holdEvery    = time.Minute      // between two checks after the switch
	maxTagLength = 256
)

// The parts of a cutover, kept in Progress.IDs["at"].
const (
	atRead     = "read"     // what the records say now: kept, so that it can be set back
	atLower    = "lower"    // their TTLs, to that of the switch
	atWait     = "wait"     // until no resolver holds them for longer
	atCheck    = "check"    // the copy by its address: nothing is switched unless it passes
	atSwitch   = "switch"   // the records
	atVerify   = "verify"   // that DNS says so
	atRetarget = "retarget" // CloudFront
	atHold     = "hold"     // both serve: whoever has the old address still gets an answer
)

// The switch of the visitors to the copy: read, lower the TTLs, wait out the old ones, check the copy, switch, verify,
// retarget, hold. Each turn asks or changes one thing. In a set of several addresses only the source's are replaced; its
// addresses of IPv6 are replaced by the copy's, or removed if the copy has none.
func stepCutover() step {
	return step{
		id: StepCutover, skip: func(m *move) bool { return m.spec.Cutover == nil },
		do: doCutover, undo: undoCutover, find: findCutover,
	}
}

func doCutover(ctx context.Context, m *move) (turn, error) {
	if err := m.canSwitch(); err != nil {
		return turn{}, err
	}
	at := m.word("at")
	if at == "" {
		at = atRead
	}
	var t turn
	var err error
	switch at {
	case atRead:
		t, err = m.readRecords(ctx)
	case atLower:
		err = m.lower(ctx)
	case atWait:
		t = m.nap("until")
		if t.after == 0 {
			m.enter(atCheck)
		}
	case atCheck:
		t, err = m.checkCopy(ctx)
	case atSwitch:
		err = m.switchRecords(ctx)
	case atVerify:
		t, err = m.verifyRecords(ctx)
	case atRetarget:
		err = m.retarget(ctx)
	case atHold:
		t, err = m.hold(ctx)
	default:
		err = fmt.Errorf("%w: the state is at %q, which this version does not know", awsops.ErrInvalid, at)
	}
	return t, err
}

// canSwitch tells whether the client has what the spec needs.
func (m *move) canSwitch() error {
	c := m.spec.Cutover
	if len(c.Records) > 0 && m.c.cfg.DNS == nil {
		return fmt.Errorf("%w: Cutover.Records need Config.DNS", awsops.ErrInvalid)
	}
	if c.Origins && m.c.cfg.Origins == nil {
		return fmt.Errorf("%w: Cutover.Origins needs Config.Origins", awsops.ErrInvalid)
	}
	return nil
}

// enter begins a part.
func (m *move) enter(at string) {
	m.note("at", at)
	m.set(func(p *Progress) { p.Phase, p.Note, p.Done, p.Total = Begun, at, 0, 0 })
}

// nap waits for a moment that was noted; a turn without after when it has come.
func (m *move) nap(key string) turn {
	until, ok := m.time(key)
	if left := until.Sub(m.now()); ok && left > 0 {
		m.set(func(p *Progress) { p.Note = m.word("at") + " until " + stamp(until) })
		return turn{after: min(left, longestNap)}
	}
	return turn{}
}

// ttl is that of a switched record: the spec's, and never above what it was.
func (m *move) ttl(old time.Duration) time.Duration {
	return min(cmp.Or(m.spec.Cutover.TTL, defaultTTL), old)
}

// readRecords keeps what the records say.
func (m *move) readRecords(ctx context.Context) (turn, error) {
	in, t, err := m.target(ctx)
	if in == nil || err != nil {
		return t, err
	}
	sides, err := m.sides(ctx, in)
	if err != nil {
		return turn{}, err
	}
	ttls := ttlTag(tagMap(in.Tags)[TagCutover], len(m.spec.Cutover.Records))
	early := make([]time.Duration, len(ttls))
	if m.early() {
		source, err := m.sourceNow(ctx)
		if err != nil {
			return turn{}, err
		}
		early = ttlTag(tagMap(source.Tags)[TagCutover], len(early))
	}
	for i, name := range m.spec.Cutover.Records {
		now, err := m.record(ctx, name)
		if err != nil {
			return turn{}, err
		}
		// It may have been lowered before the stop, or by a process whose state is lost.
		now.ttl = max(now.ttl, ttls[i], early[i])
		old := sides.back(now)
		if !sides.concerns(old) {
			return turn{}, &Error{
				Resource: name, Err: awsops.ErrConflict,
				Reason: fmt.Sprintf("it points at %s, and the source is %v", now.text(), m.st.Source.PublicIP),
				Hint:   "switch names alone that lead to the source itself",
			}
		}
		m.note("old "+name, old.String())
		m.note("new "+name, record{addresses: sides.forth(old).addresses, ttl: m.ttl(old.ttl)}.String())
	}
	m.note("ip", publicIP(in).String())
	m.note("dns", aws.ToString(in.PublicDnsName))
	m.enter(atLower)
	return turn{}, nil
}

// target is the copy with the public address that it will keep.
func (m *move) target(ctx context.Context) (*types.Instance, turn, error) {
	in, t, err := m.running(ctx)
	if in == nil || err != nil {
		return nil, t, err
	}
	want := m.of(StepAddress).IDs["public_ip"]
	if has := aws.ToString(in.PublicIpAddress); want != "" && has != want { // of its subnet, until the association shows
		t, err := m.missing(want)
		return nil, t, err
	}
	if want != "" {
		m.there(want)
	}
	if !publicIP(in).IsValid() {
		return nil, turn{}, &Error{
			Resource: aws.ToString(in.InstanceId), Err: awsops.ErrConflict, Reason: "the copy has no public address to switch to",
			Hint: "ask for one with AddressNew, or switch what stands before it by hand and leave Cutover out",
		}
	}
	return in, turn{}, nil
}

// lower sets the TTLs that are above that of the switch. The tag that outlives the state is written before.
func (m *move) lower(ctx context.Context) error {
	longest, high := time.Duration(0), false
	var olds []time.Duration
	for _, name := range m.spec.Cutover.Records {
		old := parseRecord(m.word("old " + name))
		olds = append(olds, old.ttl)
		if old.ttl > m.ttl(old.ttl) {
			high = true
			if m.of(StepTTL).IDs["lowered "+name] == "" { // else it was waited for before the stop
				longest = max(longest, old.ttl)
			}
		}
	}
	if high && m.word("tagged") == "" {
		id := m.of(StepLaunch).ID
		if _, err := mutate(ctx, m, "CreateTags", id, awscall.Harmless, m.dst.createTags, &ec2.CreateTagsInput{
			Resources: []string{id},
			Tags:      []types.Tag{{Key: aws.String(TagCutover), Value: aws.String(ttlTagOf(m.now(), olds))}},
		}); err != nil {
			return err
		}
		m.note("tagged", stamp(m.now()))
		return nil
	}
	for _, name := range m.spec.Cutover.Records {
		old := parseRecord(m.word("old " + name))
		if ttl := m.ttl(old.ttl); old.ttl > ttl && m.word("lowered "+name) == "" {
			now, err := m.record(ctx, name)
			if err != nil {
				return err
			}
			if now.ttl > ttl {
				now.ttl = ttl
				if err := m.put(ctx, name, now); err != nil {
					return err
				}
			}
			m.note("lowered "+name, stamp(m.now()))
			return nil
		}
	}
	m.enter(atWait)
	if longest > 0 {
		m.note("until", stamp(m.now().Add(longest+time.Second))) // a second for what stamp cuts off
	}
	return nil
}

// switchRecords points one name at the copy.
func (m *move) switchRecords(ctx context.Context) error {
	for _, name := range m.spec.Cutover.Records {
		if m.word("switched "+name) != "" {
			continue
		}
		old, want := parseRecord(m.word("old "+name)), parseRecord(m.word("new "+name))
		now, err := m.record(ctx, name)
		switch {
		case err != nil:
			return err
		case !now.same(old) && !now.same(want):
			return &Error{
				Resource: name, Err: awsops.ErrConflict, Reason: fmt.Sprintf("it points at %s now, and pointed at %s when the cutover began", now.text(), old.text()),
				Hint: "somebody else changes it: set it back to go on, or roll back",
			}
		case !now.same(want) || now.ttl != want.ttl:
			if err := m.put(ctx, name, want); err != nil {
				return err
			}
		}
		m.note("switched "+name, stamp(m.now()))
		return nil
	}
	m.enter(atVerify)
	return nil
}

// verifyRecords asks DNS again.
func (m *move) verifyRecords(ctx context.Context) (turn, error) {
	for _, name := range m.spec.Cutover.Records {
		want := parseRecord(m.word("new " + name))
		now, err := m.record(ctx, name)
		if err != nil {
			return turn{}, err
		}
		if !now.same(want) {
			since, known := m.time("unverified")
			if !known {
				m.note("unverified", stamp(m.now()))
			} else if m.now().Sub(since) >= settle {
				return turn{}, &Error{
					Resource: name, Err: awsops.ErrConflict, Reason: fmt.Sprintf("it points at %s, not at %s as it was set", now.text(), want.text()),
					Hint: "somebody else changes it: set it, or roll back",
				}
			}
			return turn{after: verifyEvery}, nil
		}
	}
	m.enter(atRetarget)
	return turn{}, nil
}

// retarget repoints CloudFront and begins the hold.
func (m *move) retarget(ctx context.Context) error {
	if m.spec.Cutover.Origins {
		from, to := m.st.Source.PublicDNS, m.word("dns")
		if from == "" || to == "" {
			return &Error{
				Err: awsops.ErrConflict, Reason: fmt.Sprintf("a public DNS name is missing: the source has %q, the copy %q", from, to),
				Hint: "turn on DNS host names in the VPC",
			}
		}
		n, err := m.repoint(ctx, from, to)
		if err != nil {
			return err
		}
		m.note("origins", strconv.Itoa(n))
	}
	m.enter(atHold)
	m.note("switched", stamp(m.now()))
	m.forget("failed", "next")
	return nil
}

// repoint calls Retarget, the one change of its turn.
func (m *move) repoint(ctx context.Context, from, to string) (int, error) {
	if m.changed {
		return 0, errOneCall
	}
	m.changed = true
	n, err := m.c.cfg.Origins.Retarget(ctx, from, to)
	if err != nil {
		return n, &Error{Op: "Retarget", Resource: from, Err: err}
	}
	return n, nil
}

// holdTime is how long both serve: at least twice the TTL of the switched records, for those who got the old address last.
func (m *move) holdTime() time.Duration {
	longest, floor := defaultTTL, 2*defaultTTL
	for i, name := range m.spec.Cutover.Records {
		old := parseRecord(m.word("old " + name)).ttl
		if i == 0 {
			longest, floor = old, 0
		}
		longest, floor = max(longest, old), max(floor, 2*m.ttl(old))
	}
	return max(cmp.Or(m.spec.Cutover.Hold, 2*longest), floor)
}

func findCutover(ctx context.Context, m *move) error {
	id := m.of(StepLaunch).ID
	if m.spec.Cutover == nil || id == "" {
		return nil
	}
	in, err := m.look(ctx, m.dst, id)
	if err != nil || in == nil {
		return err
	}
	begun := tagMap(in.Tags)[TagCutover] != ""
	if !begun && m.c.cfg.DNS != nil { // TTLs that were low enough leave no tag
		for _, name := range m.spec.Cutover.Records {
			now, err := m.record(ctx, name)
			if err != nil {
				return err
			}
			begun = begun || slices.Contains(now.addresses, publicIP(in))
		}
	}
	if begun || m.spec.Cutover.Origins && in.State != nil && in.State.Name == types.InstanceStateNameRunning {
		m.set(func(p *Progress) { p.Phase, p.Note = Begun, "an earlier run may have begun it" })
		m.note("found", stamp(m.now()))
	}
	return nil
}

// ttlTagOf is the value of TagCutover: TTLs in seconds, in order of the records, or the longest if that is too long.
func ttlTagOf(at time.Time, olds []time.Duration) string {
	var out strings.Builder
	out.WriteString(stamp(at))
	for _, ttl := range olds {
		fmt.Fprintf(&out, " %d", ttl/time.Second)
	}
	if out.Len() > maxTagLength {
		return fmt.Sprintf("%s %d", stamp(at), slices.Max(olds)/time.Second)
	}
	return out.String()
}

// ttlTag are the TTLs of n records that a tag holds, 0 where it holds none.
func ttlTag(value string, n int) []time.Duration {
	out := make([]time.Duration, n)
	fields := strings.Fields(value)
	for i := range out {
		at := i + 1
		if len(fields) == 2 {
			at = 1
		}
		if at >= len(fields) {
			break
		}
		if s, err := strconv.ParseInt(fields[at], 10, 32); err == nil && s > 0 {
			out[i] = time.Duration(s) * time.Second
		}
	}
	return out
}
