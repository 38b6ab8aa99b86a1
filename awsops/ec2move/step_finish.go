package ec2move

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// The end of a move: its images go with their snapshots, first in the target Region, then in the source's, and so do the
// snapshots of detached volumes. Only what carries the move's tag goes. Source and copy stay.
func stepFinish() step {
	return step{id: StepFinish, skip: func(m *move) bool { return m.spec.Keep.Images }, do: doFinish}
}

func doFinish(ctx context.Context, m *move) (turn, error) {
	for _, side := range []struct {
		in    calls
		steps []StepID
	}{{m.dst, []StepID{StepCopy, StepHotCopy}}, {m.src, []StepID{StepImage, StepHotImage}}} {
		removed, err := m.removeImage(ctx, side.in, side.steps)
		if removed || err != nil {
			return turn{}, err
		}
		removed, err = m.removeSnapshot(ctx, side.in)
		if removed || err != nil {
			return turn{}, err
		}
	}
	return turn{done: true}, nil
}

// removeImage removes one image that is left.
func (m *move) removeImage(ctx context.Context, in calls, made []StepID) (removed bool, err error) {
	images, err := m.ownImages(ctx, in, made)
	if err != nil {
		return false, err
	}
	for i := range images {
		id := aws.ToString(images[i].ImageId)
		if m.word("removed "+id) != "" || images[i].State == types.ImageStateDeregistered {
			continue
		}
		out, err := mutate(ctx, m, "DeregisterImage", id, awscall.Harmless, in.deregisterImage, &ec2.DeregisterImageInput{
			ImageId: &id, DeleteAssociatedSnapshots: aws.Bool(true),
		})
		if err != nil && !gone(err) {
			return false, err
		}
		m.note("removed "+id, stamp(m.now()))
		m.set(func(p *Progress) { p.Phase, p.Note = Begun, id })
		if out != nil {
			for _, s := range out.DeleteSnapshotResults {
				if r := s.ReturnCode; r != types.SnapshotReturnCodesSuccess && r != "" { // removeSnapshot tries again, and says why not
					m.c.cfg.Logger.WarnContext(ctx, "a snapshot was not removed with its image", "snapshot", aws.ToString(s.SnapshotId), "image", id, "why", r)
				}
			}
		}
		return true, nil
	}
	return false, nil
}

// ownImages are those of the move in a Region: by its tag, and by their IDs should that list lack them. The tag is looked at in
// both cases.
func (m *move) ownImages(ctx context.Context, in calls, made []StepID) ([]types.Image, error) {
	var all []types.Image
	list := func(want *ec2.DescribeImagesInput) error {
		for {
			out, err := read(ctx, m, "DescribeImages", in.describeImages, want)
			if err != nil {
				return err
			}
			for i := range out.Images {
				known := slices.ContainsFunc(all, func(a types.Image) bool { return aws.ToString(a.ImageId) == aws.ToString(out.Images[i].ImageId) })
				if m.spec.ours(out.Images[i].Tags) && !known {
					all = append(all, out.Images[i])
				}
			}
			if aws.ToString(out.NextToken) == "" {
				return nil
			}
			want.NextToken = out.NextToken
		}
	}
	if err := list(&ec2.DescribeImagesInput{Owners: []string{"self"}, Filters: []types.Filter{filter("tag:"+TagMove, m.spec.ID)}}); err != nil {
		return nil, err
	}
	for _, s := range made {
		id := m.of(s).ID
		if id == "" || m.word("removed "+id) != "" {
			continue
		}
		if err := list(&ec2.DescribeImagesInput{ImageIds: []string{id}}); err != nil && !gone(err) {
			return nil, err
		}
	}
	return all, nil
}

// removeSnapshot removes one snapshot that no image took with it.
func (m *move) removeSnapshot(ctx context.Context, in calls) (removed bool, err error) {
	want := &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}, Filters: []types.Filter{filter("tag:"+TagMove, m.spec.ID)}}
	for {
		out, err := read(ctx, m, "DescribeSnapshots", in.describeSnapshots, want)
		if err != nil {
			return false, err
		}
		for i := range out.Snapshots {
			id := aws.ToString(out.Snapshots[i].SnapshotId)
			if !m.spec.ours(out.Snapshots[i].Tags) || m.word("removed "+id) != "" {
				continue
			}
			_, err := mutate(ctx, m, "DeleteSnapshot", id, awscall.Harmless, in.deleteSnapshot, &ec2.DeleteSnapshotInput{SnapshotId: &id})
			e, refused := errors.AsType[*Error](err)
			switch {
			case refused && e.Code == "InvalidSnapshot.InUse": // by an image that somebody else made of it
				m.c.cfg.Logger.WarnContext(ctx, "a snapshot of the move stays: an image of somebody else uses it", "snapshot", id)
			case err != nil && !gone(err):
				return false, err
			}
			m.note("removed "+id, stamp(m.now()))
			m.set(func(p *Progress) { p.Phase, p.Note = Begun, id })
			return true, nil
		}
		if aws.ToString(out.NextToken) == "" {
			return false, nil
		}
		want.NextToken = out.NextToken
	}
}

// gone tells whether what was to be removed is not there any more.
func gone(err error) bool { return errors.Is(err, awsops.ErrGone) }
