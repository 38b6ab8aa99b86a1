package ec2move

import (
	"context"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops/internal/call"
)

// removeImages deregisters the images that a step has made in a Region, all attempts, and deletes their snapshots. A copy that
// is at work is cancelled by that. It is done when none is seen any more, and the move is settled.
func (m *move) removeImages(ctx context.Context, in calls, of StepID) (turn, error) {
	found, err := m.imagesOf(ctx, in, of)
	if err != nil {
		return turn{}, err
	}
	for _, i := range found {
		if i.State == types.ImageStateDeregistered || !m.spec.ours(i.Tags) {
			continue
		}
		id := aws.ToString(i.ImageId)
		_, err := mutate(ctx, m, "DeregisterImage", id, call.Harmless, in.deregisterImage, &ec2.DeregisterImageInput{ImageId: &id, DeleteAssociatedSnapshots: aws.Bool(true)})
		if err != nil && !hasCode(err, "InvalidAMIID.NotFound", "InvalidAMIID.Unavailable") {
			return turn{}, err
		}
		return turn{after: lookAgain}, nil
	}
	return m.removeSnapshots(ctx, in, m.madeIn(of, ""), m.of(of).ID != "")
}

// imagesOf are the images of a step by their names, which EC2 holds unique, and by their tags.
func (m *move) imagesOf(ctx context.Context, in calls, of StepID) ([]types.Image, error) {
	var names []string
	for i := range attempts {
		names = append(names, m.spec.name(of, "", i))
	}
	byName, err := m.listImages(ctx, in, ec2.DescribeImagesInput{Owners: []string{"self"}, Filters: []types.Filter{filter("name", names...)}})
	if err != nil {
		return nil, err
	}
	byTag, err := m.listImages(ctx, in, ec2.DescribeImagesInput{Owners: []string{"self"}, Filters: m.madeIn(of, "")})
	if err != nil {
		return nil, err
	}
	for _, i := range byTag {
		if !slices.ContainsFunc(byName, func(o types.Image) bool { return aws.ToString(o.ImageId) == aws.ToString(i.ImageId) }) {
			byName = append(byName, i)
		}
	}
	return byName, nil
}

// removeSnapshots deletes the snapshots with these tags. known says that the step has seen what it made, so that what is not
// seen now is gone.
func (m *move) removeSnapshots(ctx context.Context, in calls, tagged []types.Filter, known bool) (turn, error) {
	left, err := m.listSnapshots(ctx, in, ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}, Filters: tagged})
	if err != nil {
		return turn{}, err
	}
	for _, s := range left {
		if !m.spec.ours(s.Tags) {
			continue
		}
		id := aws.ToString(s.SnapshotId)
		_, err := mutate(ctx, m, "DeleteSnapshot", id, call.Harmless, in.deleteSnapshot, &ec2.DeleteSnapshotInput{SnapshotId: &id})
		if err != nil && !hasCode(err, "InvalidSnapshot.NotFound", "InvalidSnapshot.InUse") { // in use: by an image that is on its way out
			return turn{}, err
		}
		return turn{after: lookAgain}, nil
	}
	if !known && !m.settled() {
		return turn{after: lookAgain}, nil
	}
	return turn{done: true}, nil
}

// madeIn are the filters of what all attempts of a step have made.
func (m *move) madeIn(of StepID, what string) []types.Filter {
	filters := m.made(of, what)
	for i := 1; i < attempts && what == ""; i++ {
		filters[1].Values = append(filters[1].Values, string(of)+" "+strconv.Itoa(i))
	}
	return filters
}
