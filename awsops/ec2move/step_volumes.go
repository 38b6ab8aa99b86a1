package ec2move

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// stepVolumes carries the detached volumes over, which no image holds: a snapshot of each, and its copy in the new Region. The
// volumes themselves are made by stepAttach, in the zone where the copy runs then. Neither CreateSnapshot nor CopySnapshot has a
// client token or a name: an intent is kept before each call, and what it made is found by its tags. Should EC2 show a snapshot
// later than the settle window, there are two of it, both with the move's tags, and the end of the move removes both.
func stepVolumes() step {
	return step{
		id:   StepVolumes,
		skip: func(m *move) bool { return len(m.spec.Volumes) == 0 },
		do:   carryVolumes,
		undo: func(ctx context.Context, m *move) (turn, error) {
			for _, v := range m.spec.Volumes {
				if t, err := m.removeSnapshots(ctx, m.dst, m.made(StepVolumes, v.ID), copyOf(v.ID)); !t.done || err != nil {
					return t, err
				}
				if t, err := m.removeSnapshots(ctx, m.src, m.made(StepVolumes, v.ID), snapshotOf(v.ID)); !t.done || err != nil {
					return t, err
				}
			}
			return turn{done: true}, nil
		},
	}
}

// The keys of Progress.IDs.
func snapshotOf(volume string) string { return "snapshot of " + volume }
func copyOf(volume string) string     { return "copy of " + volume }

func carryVolumes(ctx context.Context, m *move) (turn, error) {
	var measured []types.Snapshot
	next, ready := turn{}, true
	for _, v := range m.spec.Volumes {
		seen, t, err := m.carry(ctx, v)
		measured = append(measured, seen...)
		if err != nil {
			return turn{}, err
		}
		if ready = ready && t.done; !t.done && (next.after == 0 || t.after < next.after) {
			next = t
		}
		if m.changed { // the others in the next turn
			return turn{}, nil
		}
		if !t.done && t.after == 0 { // an intent, to be kept first
			return turn{}, nil
		}
	}
	var done, total int64
	for _, s := range measured {
		d, t := m.measured(s)
		done, total = done+d, total+t
	}
	m.set(func(p *Progress) { p.Done, p.Total = done, total })
	if ready {
		return turn{done: true}, nil
	}
	return next, nil
}

// carry brings one volume one look further. seen are its snapshots.
func (m *move) carry(ctx context.Context, v Volume) (seen []types.Snapshot, t turn, err error) {
	first, t, err := m.snapshot(ctx, m.src, snapshotOf(v.ID), v, func() (*string, error) {
		out, err := mutate(ctx, m, "CreateSnapshot", v.ID, awscall.OnlyRefused, m.src.createSnapshot, &ec2.CreateSnapshotInput{
			VolumeId: &v.ID, Description: aws.String(fmt.Sprintf("%s, to be moved to %s", v.ID, m.spec.To.Region)),
			TagSpecifications: specify(m.tags(v.ID, nil), types.ResourceTypeSnapshot),
		})
		if err != nil {
			return nil, err
		}
		return out.SnapshotId, nil
	})
	if first != nil {
		seen = append(seen, *first)
	}
	if !t.done || err != nil {
		return seen, t, err
	}
	second, t, err := m.snapshot(ctx, m.dst, copyOf(v.ID), v, func() (*string, error) {
		in := &ec2.CopySnapshotInput{
			SourceRegion: &m.spec.From.Region, SourceSnapshotId: first.SnapshotId,
			Description:       aws.String(fmt.Sprintf("%s of %s, moved to %s", v.ID, m.spec.From.Region, m.spec.To.Region)),
			TagSpecifications: specify(m.tags(v.ID, nil), types.ResourceTypeSnapshot),
		}
		if key := m.spec.keyFor(aws.ToBool(first.Encrypted), aws.ToString(first.KmsKeyId)); key != "" {
			in.Encrypted, in.KmsKeyId = aws.Bool(true), &key
		}
		if m.spec.Within > 0 {
			in.CompletionDurationMinutes = aws.Int32(int32(m.spec.Within / time.Minute))
		}
		out, err := mutate(ctx, m, "CopySnapshot", *first.SnapshotId, awscall.OnlyRefused, m.dst.copySnapshot, in)
		if err != nil {
			return nil, err
		}
		return out.SnapshotId, nil
	})
	if second != nil {
		seen = append(seen, *second)
	}
	return seen, t, err
}

// snapshot makes one snapshot without a key of its own, once, and waits for it: done is that it is complete.
func (m *move) snapshot(ctx context.Context, in calls, key string, v Volume, create func() (*string, error)) (*types.Snapshot, turn, error) {
	ask := ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}, Filters: m.made(StepVolumes, v.ID)}
	id := m.progress().IDs[key]
	if id != "" {
		ask = ec2.DescribeSnapshotsInput{SnapshotIds: []string{id}}
	}
	all, err := m.listSnapshots(ctx, in, ask)
	if err != nil && !hasCode(err, "InvalidSnapshot.NotFound") {
		return nil, turn{}, err
	}
	if len(all) > 0 {
		found := firstOf(all)
		if id == "" {
			m.begun(key, aws.ToString(found.SnapshotId))
		}
		switch found.State {
		case types.SnapshotStateCompleted:
			return &found, turn{done: true}, nil
		case types.SnapshotStateError:
			return &found, turn{}, &Error{
				Resource: aws.ToString(found.SnapshotId), Reason: cmp.Or(aws.ToString(found.StateMessage), "the snapshot is in error, without a reason"),
				Err: awsops.ErrFailed, Hint: "mend the cause, delete the snapshot, and go on; or roll back",
			}
		}
		return &found, turn{after: lookAgain}, nil
	}
	if id != "" {
		if m.now().Sub(m.progress().Since) < settle {
			return nil, turn{after: lookAgain}, nil
		}
		m.forget(key) // deleted by somebody: made again
		return nil, turn{after: lookAgain}, nil
	}
	if t, may := m.intend(key); !may {
		return nil, t, nil
	}
	made, err := create()
	switch e, _ := errors.AsType[*Error](err); {
	case err == nil && aws.ToString(made) != "":
		m.begun(key, *made)
		return nil, turn{after: lookAgain}, nil
	case err == nil, errors.Is(err, awsops.ErrUnknownOutcome): // the intent stays, and says so
		return nil, turn{after: lookAgain}, nil
	case e != nil && e.Op == "CopySnapshot":
		m.set(func(p *Progress) { p.Phase = Begun })
		t, err := m.copyRefused(e)
		return nil, t, err
	}
	m.set(func(p *Progress) { p.Phase = Begun }) // refused: nothing was made
	return nil, turn{}, err
}

// firstOf is the first of several snapshots of one thing, the same whoever asks.
func firstOf(all []types.Snapshot) types.Snapshot {
	return slices.MinFunc(all, func(a, b types.Snapshot) int {
		return cmp.Or(aws.ToTime(a.StartTime).Compare(aws.ToTime(b.StartTime)), cmp.Compare(aws.ToString(a.SnapshotId), aws.ToString(b.SnapshotId)))
	})
}

// begun notes what was made, and that its intent is no longer open. That of another snapshot stays.
func (m *move) begun(key, id string) {
	m.set(func(p *Progress) {
		if p.Phase != Intent || p.Note == key {
			p.Phase, p.Note, p.Since = Begun, "", time.Time{}
		}
	})
	m.keep(key, id)
}
