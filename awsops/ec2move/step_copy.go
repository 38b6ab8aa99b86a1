package ec2move

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/internal/awscall"
)

// queueAgain is the time between two tries of a copy for which EC2 has no room: 20 snapshots are copied to a Region at once,
// of the whole account, and no more on request.
const queueAgain = time.Minute

// stepCopy copies the image to the new Region, each volume re-encrypted if a key was asked for. CopyImage is called there, and
// has a client token beside the name.
func stepCopy() step {
	return step{
		id:   StepCopy,
		do:   func(ctx context.Context, m *move) (turn, error) { return m.copyImage(ctx, m.of(StepImage).ID) },
		undo: func(ctx context.Context, m *move) (turn, error) { return m.removeImages(ctx, m.dst, StepCopy) },
		find: func(ctx context.Context, m *move) error {
			return m.findImage(ctx, m.dst, m.notCopyOf(m.of(StepImage).ID))
		},
	}
}

func (m *move) copyImage(ctx context.Context, source string) (turn, error) {
	if source == "" {
		return turn{}, errors.New("the state does not say which image is to be copied")
	}
	t, err := m.image(ctx, imaging{
		in: m.dst, foreign: m.notCopyOf(source),
		create: func(ctx context.Context, name string) (*string, error) {
			in := &ec2.CopyImageInput{
				SourceImageId: &source, SourceRegion: &m.spec.From.Region, Name: &name, ClientToken: &name,
				Description:       aws.String(fmt.Sprintf("%s in %s, moved to %s", m.spec.From.ID, m.spec.From.Region, m.spec.To.Region)),
				TagSpecifications: specify(m.tags(m.nth(), nil), types.ResourceTypeImage, types.ResourceTypeSnapshot),
			}
			if key, _ := copyKey(m.spec, m.st.Source); key != "" {
				in.Encrypted, in.KmsKeyId = aws.Bool(true), &key
			}
			if m.spec.Within > 0 {
				in.SnapshotCopyCompletionDurationMinutes = aws.Int64(int64(m.spec.Within / time.Minute))
			}
			out, err := mutate(ctx, m, "CopyImage", name, awscall.Harmless, m.dst.copyImage, in)
			if err != nil {
				return nil, err
			}
			return out.ImageId, nil
		},
	})
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Op != "CopyImage" {
		return t, err
	}
	return m.copyRefused(e)
}

// notCopyOf says why an image is not a copy of source, "" if it is, as far as EC2 tells: of old copies it does not. source may be
// empty for one that is gone.
func (m *move) notCopyOf(source string) func(types.Image) string {
	return func(i types.Image) string {
		if from := aws.ToString(i.SourceImageId); from != "" && source != "" && from != source {
			return "it is a copy of " + from
		}
		if from := aws.ToString(i.SourceImageRegion); from != "" && from != m.spec.From.Region {
			return "it is a copy from " + from
		}
		return ""
	}
}

// copyRefused is what becomes of a CopyImage or CopySnapshot that EC2 has refused.
func (m *move) copyRefused(e *Error) (turn, error) {
	switch e.Code {
	case "ResourceLimitExceeded", "ConcurrentSnapshotLimitExceeded":
		m.set(func(p *Progress) { p.Phase, p.Note = Queued, e.Reason })
		return turn{after: queueAgain}, nil
	case "InvalidAMIID.NotFound", "InvalidAMIID.Unavailable", "InvalidSnapshot.NotFound": // the other Region has not heard of it yet
		m.set(func(p *Progress) { p.Note = e.Reason })
		if m.now().Sub(m.progress().Since) < settle {
			return turn{after: lookAgain}, nil
		}
	case "IdempotentParameterMismatch":
		e.Hint = "the move was begun with another target, key or Within: go on with those, or choose another ID"
	}
	return turn{}, e
}
