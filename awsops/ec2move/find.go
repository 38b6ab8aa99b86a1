package ec2move

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Find makes the state of a move anew from AWS alone, by names, client tokens and tags: for when it was not kept. It changes
// nothing. What EC2 does not show yet is missing in it, and State.Found remembers when that was: until the settle window of five
// minutes has passed since, no call without a key of its own is made, and nothing is launched.
//
// A source that is gone is an *Error of kind awsops.ErrGone.
func (c *Client) Find(ctx context.Context, s Spec) (State, error) { return c.find(ctx, s, nil) }

// find is Find, with the source as it was planned, if that is known.
func (c *Client) find(ctx context.Context, s Spec, planned *Source) (State, error) {
	if err := s.check(); err != nil {
		return State{}, &Error{Err: err}
	}
	st := State{Spec: s, Steps: map[StepID]Progress{}}
	m := &move{c: c, spec: s, st: &st, src: c.in(s.From.Region), dst: c.in(s.To.Region)}
	if planned != nil && planned.Hash != "" {
		st.Source = *planned
	} else {
		now, err := m.describe(ctx)
		if err != nil {
			return State{}, m.explain(err)
		}
		st.Source = now
	}
	st.Found = m.now()
	all := steps()
	for _, one := range all {
		m.step = one.id
		if one.skip != nil && one.skip(m) {
			m.set(func(p *Progress) { p.Phase = Skipped })
			continue
		}
		if one.find == nil {
			continue
		}
		if err := one.find(ctx, m); err != nil {
			return State{}, m.explain(err)
		}
	}
	if m.of(StepImage).ID != "" {
		m.passed(StepStop)
		m.passed(StepTTL)
	}
	if m.of(StepLaunch).ID != "" { // whatever comes before is done, although the images may be gone by now
		for _, one := range all {
			if one.id == StepLaunch {
				break
			}
			m.passed(one.id)
		}
	}
	return st, nil
}

// passed marks a step that must have been done.
func (m *move) passed(id StepID) {
	m.step = id
	if p := m.progress().Phase; p != Done && p != Skipped {
		m.set(func(p *Progress) { p.Phase = Done })
	}
}

// findImage finds the image of the step at work. One that is not ours is left for the step to complain about.
func (m *move) findImage(ctx context.Context, in calls, foreign func(types.Image) string) error {
	found, attempt, err := m.imageByName(ctx, in)
	if err != nil || found == nil || m.foreign(*found, imaging{foreign: foreign}) != "" {
		return err
	}
	m.set(func(p *Progress) {
		p.ID, p.Attempt, p.Phase = aws.ToString(found.ImageId), attempt, Begun
		if found.State == types.ImageStateAvailable {
			p.Phase = Done
		}
	})
	return nil
}

// findCopy finds the instance that was launched. The others of its step look by themselves.
func findCopy(ctx context.Context, m *move) error {
	subnets, err := m.targetSubnets(ctx)
	if err != nil {
		return err
	}
	found, err := m.launched(ctx, subnets)
	if err != nil || found == nil || !alive(*found) || !m.spec.ours(found.Tags) {
		return err
	}
	if err := m.elsewhere(*found); err != nil {
		return err
	}
	m.set(func(p *Progress) {
		p.Phase, p.ID, p.IDs = Done, aws.ToString(found.InstanceId), map[string]string{inSubnet: aws.ToString(found.SubnetId)}
	})
	return nil
}
