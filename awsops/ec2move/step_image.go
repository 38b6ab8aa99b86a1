package ec2move

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/internal/awscall"
)

// stepImage makes the image that is copied. With Reboot, EC2 restarts a running source for it, so that its file systems are
// whole; a source that StopFirst or TwoPass has stopped stays so. CreateImage snapshots every attached volume, and has no
// client token: its name is what EC2 takes once.
func stepImage() step {
	return step{
		id: StepImage,
		do: func(ctx context.Context, m *move) (turn, error) {
			return m.capture(ctx, m.spec.Capture == CrashConsistent)
		},
		undo: func(ctx context.Context, m *move) (turn, error) { return m.removeImages(ctx, m.src, StepImage) },
		find: func(ctx context.Context, m *move) error { return m.findImage(ctx, m.src, m.notOfSource) },
	}
}

// capture makes an image of the source.
func (m *move) capture(ctx context.Context, noReboot bool) (turn, error) {
	return m.image(ctx, imaging{
		in: m.src, foreign: m.notOfSource,
		create: func(ctx context.Context, name string) (*string, error) {
			out, err := mutate(ctx, m, "CreateImage", name, awscall.Harmless, m.src.createImage, &ec2.CreateImageInput{
				InstanceId: &m.spec.From.ID, Name: &name, NoReboot: &noReboot,
				Description:       aws.String(fmt.Sprintf("%s in %s, to be moved to %s", m.spec.From.ID, m.spec.From.Region, m.spec.To.Region)),
				TagSpecifications: specify(m.tags(m.nth(), nil), types.ResourceTypeImage, types.ResourceTypeSnapshot),
			})
			if err != nil {
				return nil, err
			}
			return out.ImageId, nil
		},
	})
}

// notOfSource says why an image is not one of the source, "" if it is.
func (m *move) notOfSource(i types.Image) string {
	if from := aws.ToString(i.SourceInstanceId); from != m.spec.From.ID {
		return "it was made of " + orNone(from)
	}
	return ""
}
