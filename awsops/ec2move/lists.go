package ec2move

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/internal/pages"
)

// Each of these reads all pages of one Describe call.

func every[T any](ctx context.Context, fetch func(context.Context, *string) ([]T, *string, error)) ([]T, error) {
	var out []T
	for item, err := range pages.All(ctx, "", func(ctx context.Context, token string) (pages.Page[T, string], error) {
		var from *string
		if token != "" {
			from = &token
		}
		items, next, err := fetch(ctx, from)
		return pages.Page[T, string]{Items: items, Next: aws.ToString(next), More: aws.ToString(next) != ""}, err
	}) {
		if err != nil {
			return nil, err
		}
		out = append(out, item)
	}
	return out, nil
}

func (m *move) listImages(ctx context.Context, in calls, ask ec2.DescribeImagesInput) ([]types.Image, error) {
	return every(ctx, func(ctx context.Context, token *string) ([]types.Image, *string, error) {
		ask.NextToken = token
		out, err := read(ctx, m, "DescribeImages", in.describeImages, &ask)
		if err != nil {
			return nil, nil, err
		}
		return out.Images, out.NextToken, nil
	})
}

func (m *move) listSnapshots(ctx context.Context, in calls, ask ec2.DescribeSnapshotsInput) ([]types.Snapshot, error) {
	return every(ctx, func(ctx context.Context, token *string) ([]types.Snapshot, *string, error) {
		ask.NextToken = token
		out, err := read(ctx, m, "DescribeSnapshots", in.describeSnapshots, &ask)
		if err != nil {
			return nil, nil, err
		}
		return out.Snapshots, out.NextToken, nil
	})
}

func (m *move) listVolumes(ctx context.Context, in calls, ask ec2.DescribeVolumesInput) ([]types.Volume, error) {
	return every(ctx, func(ctx context.Context, token *string) ([]types.Volume, *string, error) {
		ask.NextToken = token
		out, err := read(ctx, m, "DescribeVolumes", in.describeVolumes, &ask)
		if err != nil {
			return nil, nil, err
		}
		return out.Volumes, out.NextToken, nil
	})
}

func (m *move) listInstances(ctx context.Context, in calls, ask ec2.DescribeInstancesInput) ([]types.Instance, error) {
	return every(ctx, func(ctx context.Context, token *string) ([]types.Instance, *string, error) {
		ask.NextToken = token
		out, err := read(ctx, m, "DescribeInstances", in.describeInstances, &ask)
		if err != nil {
			return nil, nil, err
		}
		var all []types.Instance
		for _, r := range out.Reservations {
			all = append(all, r.Instances...)
		}
		return all, out.NextToken, nil
	})
}

// made are the filters of what a step of this move has made. of is as for tags.
func (m *move) made(step StepID, of string) []types.Filter {
	value := string(step)
	if of != "" {
		value += " " + of
	}
	return []types.Filter{filter("tag:"+TagMove, m.spec.ID), filter("tag:"+TagStep, value)}
}
