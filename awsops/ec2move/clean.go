package ec2move

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/internal/awscall"
)

// unseen is the turn of a rollback that finds nothing more of something: done when it was told to go, or was looked for long
// enough. That something was made is known from the state at most; that it is not in EC2's lists may be their lag.
func (m *move) unseen(what string) turn {
	if m.progress().IDs[what] != removed {
		if m.since("looks for "+what) < lookFor || !m.settled() {
			return turn{after: 10 * time.Second}
		}
		m.keep(what, removed)
	}
	return turn{done: true}
}

// removeImages deregisters the images that a step has made in a Region, all attempts, and deletes their snapshots. A copy that
// is at work is cancelled by that.
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
		_, err := mutate(ctx, m, "DeregisterImage", id, awscall.Harmless, in.deregisterImage, &ec2.DeregisterImageInput{ImageId: &id, DeleteAssociatedSnapshots: aws.Bool(true)})
		if err != nil && !hasCode(err, "InvalidAMIID.NotFound", "InvalidAMIID.Unavailable") {
			return turn{}, err
		}
		if err == nil {
			m.keep("images", removed)
		}
		return turn{after: lookAgain}, nil
	}
	if t := m.unseen("images"); !t.done {
		return t, nil
	}
	return m.removeSnapshots(ctx, in, m.madeIn(of), "images") // what did not go with them
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
	byTag, err := m.listImages(ctx, in, ec2.DescribeImagesInput{Owners: []string{"self"}, Filters: m.madeIn(of)})
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

// madeIn are the filters of what all attempts of a step have made.
func (m *move) madeIn(of StepID) []types.Filter {
	filters := m.made(of, "")
	for i := 1; i < attempts; i++ {
		filters[1].Values = append(filters[1].Values, string(of)+" "+strconv.Itoa(i))
	}
	return filters
}

// removeSnapshots deletes the snapshots with these tags. what is the word for them with unseen.
func (m *move) removeSnapshots(ctx context.Context, in calls, tagged []types.Filter, what string) (turn, error) {
	left, err := m.listSnapshots(ctx, in, ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}, Filters: tagged})
	if err != nil {
		return turn{}, err
	}
	for _, s := range left {
		if !m.spec.ours(s.Tags) {
			continue
		}
		id := aws.ToString(s.SnapshotId)
		_, err := mutate(ctx, m, "DeleteSnapshot", id, awscall.Harmless, in.deleteSnapshot, &ec2.DeleteSnapshotInput{SnapshotId: &id})
		switch {
		case hasCode(err, "InvalidSnapshot.InUse"): // by an image that is on its way out, or that somebody else made of it
			return m.lagging(id, err)
		case hasCode(err, "InvalidSnapshot.NotFound"):
			return turn{after: lookAgain}, nil
		case err != nil:
			return turn{}, err
		}
		m.keep(what, removed)
		return turn{after: lookAgain}, nil
	}
	return m.unseen(what), nil
}
