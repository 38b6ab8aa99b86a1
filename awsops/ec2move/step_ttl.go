package ec2move

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// stepTTL lowers the TTLs of the switched records before the source is stopped, and waits out the old ones while it still
// serves: left to the cutover, that wait would be an hour in which nobody does. A move that does not stop its source leaves it to
// the cutover.
//
// What the TTLs were is kept in the state and, since there is no copy yet whose tags could remember it, in a tag of the source,
// which the end of the cutover and a rollback remove.
func stepTTL() step {
	return step{
		id:   StepTTL,
		skip: func(m *move) bool { return !m.early() },
		do:   func(ctx context.Context, m *move) (turn, error) { return m.lowerEarly(ctx) },
		undo: func(ctx context.Context, m *move) (turn, error) { return m.raise(ctx) },
	}
}

// early tells whether the TTLs are lowered in a step of their own.
func (m *move) early() bool {
	stops := m.spec.Capture == StopFirst || m.spec.Capture == TwoPass
	return stops && m.spec.Cutover != nil && len(m.spec.Cutover.Records) > 0
}

func (m *move) lowerEarly(ctx context.Context) (turn, error) {
	if err := m.canSwitch(); err != nil {
		return turn{}, err
	}
	if _, waiting := m.time("until"); waiting {
		t := m.nap("until")
		return turn{after: t.after, done: t.after == 0}, nil
	}
	source, err := m.sourceNow(ctx)
	if err != nil {
		return turn{}, err
	}
	if m.word("at") == "" {
		return turn{}, m.readEarly(ctx, source)
	}
	var longest time.Duration
	var olds []time.Duration
	for _, name := range m.spec.Cutover.Records {
		old := parseRecord(m.word("old " + name)).ttl
		olds = append(olds, old)
		if old > m.ttl(old) {
			longest = max(longest, old)
		}
	}
	if longest == 0 {
		return turn{done: true}, nil
	}
	if tagMap(source.Tags)[TagCutover] == "" && m.word("tagged") == "" {
		if _, err := mutate(ctx, m, "CreateTags", m.spec.From.ID, awscall.Harmless, m.src.createTags, &ec2.CreateTagsInput{
			Resources: []string{m.spec.From.ID},
			Tags:      []types.Tag{{Key: aws.String(TagCutover), Value: aws.String(ttlTagOf(m.now(), olds))}},
		}); err != nil {
			return turn{}, err
		}
		m.note("tagged", stamp(m.now()))
		return turn{}, nil
	}
	for _, name := range m.spec.Cutover.Records {
		if m.word("lowered "+name) != "" {
			continue
		}
		now, err := m.record(ctx, name)
		if err != nil {
			return turn{}, err
		}
		if ttl := m.ttl(parseRecord(m.word("old " + name)).ttl); now.ttl > ttl {
			now.ttl = ttl
			if err := m.put(ctx, name, now); err != nil {
				return turn{}, err
			}
		}
		m.note("lowered "+name, stamp(m.now()))
		return turn{}, nil
	}
	m.enter(atWait)
	m.note("until", stamp(m.now().Add(longest+time.Second))) // a second for what stamp cuts off
	return turn{}, nil
}

// readEarly notes what the records say, so that it is kept before anything is changed.
func (m *move) readEarly(ctx context.Context, source *types.Instance) error {
	ttls := ttlTag(tagMap(source.Tags)[TagCutover], len(m.spec.Cutover.Records))
	for i, name := range m.spec.Cutover.Records {
		now, err := m.record(ctx, name)
		if err != nil {
			return err
		}
		now.ttl = max(now.ttl, ttls[i]) // lowered by a process whose state is lost
		if s := (sides{source4: m.st.Source.PublicIP.Unmap(), source6: addresses6(source)}); !s.concerns(now) {
			return &Error{
				Resource: name, Err: awsops.ErrConflict,
				Reason: fmt.Sprintf("it points at %s, and the source is %v", now.text(), m.st.Source.PublicIP),
				Hint:   "switch names alone that lead to the source itself",
			}
		}
		m.note("old "+name, now.String())
	}
	m.enter(atLower)
	return nil
}

// raise is the rollback: the old TTLs, unless the rollback of the cutover has set them by now. A source without an Elastic IP
// has another address since it was started again, and the names that lead to it follow.
func (m *move) raise(ctx context.Context) (turn, error) {
	if err := m.canSwitch(); err != nil {
		return turn{}, err
	}
	source, err := m.sourceNow(ctx)
	if err != nil {
		return turn{}, err
	}
	planned, ip := m.st.Source.PublicIP.Unmap(), publicIP(source)
	if stateOf(*source) == types.InstanceStateNamePending && !ip.IsValid() {
		return turn{after: 5 * time.Second}, nil
	}
	ttls := ttlTag(tagMap(source.Tags)[TagCutover], len(m.spec.Cutover.Records))
	for i, name := range m.spec.Cutover.Records {
		if m.word("raised "+name) != "" {
			continue
		}
		now, err := m.record(ctx, name)
		if err != nil {
			return turn{}, err
		}
		want := now
		if ip.IsValid() {
			want = replaced(now, planned, ip, nil, nil)
		}
		if slices.Contains(now.addresses, planned) || slices.Contains(want.addresses, ip) { // else it is somebody else's by now
			want.ttl = max(now.ttl, parseRecord(m.word("old "+name)).ttl, ttls[i])
		}
		if !want.same(now) || want.ttl != now.ttl {
			if err := m.put(ctx, name, want); err != nil {
				return turn{}, err
			}
		}
		m.note("raised "+name, stamp(m.now()))
		if m.changed {
			return turn{}, nil
		}
	}
	return m.forgetTTLs(ctx, source)
}

// forgetTTLs removes the tag that remembers them.
func (m *move) forgetTTLs(ctx context.Context, source *types.Instance) (turn, error) {
	if value, ok := tagMap(source.Tags)[TagCutover]; ok {
		_, err := mutate(ctx, m, "DeleteTags", m.spec.From.ID, awscall.Harmless, m.src.deleteTags, &ec2.DeleteTagsInput{
			Resources: []string{m.spec.From.ID}, Tags: []types.Tag{{Key: aws.String(TagCutover), Value: &value}},
		})
		return turn{done: err == nil}, err
	}
	return turn{done: true}, nil
}
