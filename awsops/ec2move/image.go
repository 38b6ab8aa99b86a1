package ec2move

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
)

// imaging is a step that makes one image, by CreateImage or CopyImage.
type imaging struct {
	in      calls
	foreign func(types.Image) string // what speaks against an image of our name being ours, "" for nothing
	create  func(ctx context.Context, name string) (id *string, err error)
}

// attempts is how many names are looked for when the state does not say which attempt is at work.
const attempts = 10

// image makes an image once, and waits for it. The name is the key: EC2 gives it to one image of an account in a Region.
func (m *move) image(ctx context.Context, how imaging) (turn, error) {
	if m.progress().ID != "" {
		return m.awaitImage(ctx, how.in)
	}
	found, attempt, err := m.imageByName(ctx, how.in)
	if err != nil {
		return turn{}, err
	}
	if found != nil {
		if why := m.foreign(*found, how); why != "" {
			return turn{}, &Error{
				Code: "InvalidAMIName.Duplicate", Resource: aws.ToString(found.ImageId), Reason: "has the name " + aws.ToString(found.Name) + ", but " + why,
				Err: awsops.ErrConflict, Hint: "remove or rename that image, or choose another ID for the move",
			}
		}
		m.set(func(p *Progress) { p.Phase, p.ID, p.Attempt, p.Note = Begun, aws.ToString(found.ImageId), attempt, "" })
		return m.awaitImage(ctx, how.in)
	}
	p := m.progress()
	name := m.spec.name(m.step, "", p.Attempt)
	if p.Phase == Intent { // EC2 said that the name is taken, and does not show by what
		if m.now().Sub(p.Since) < settle {
			return turn{after: lookAgain}, nil
		}
		m.set(func(p *Progress) { p.Phase = Failed })
		return turn{}, &Error{
			Code: "InvalidAMIName.Duplicate", Resource: name, Reason: "the name is taken, by an image that EC2 does not show", Err: awsops.ErrConflict,
			Hint: "the name of an image that was just deregistered can stay taken for a while: wait, or go on with State.Retry",
		}
	}
	id, err := how.create(ctx, name)
	switch e, _ := errors.AsType[*Error](err); {
	case err == nil && aws.ToString(id) == "":
		return turn{after: lookAgain}, nil // found by its name then
	case err == nil:
		m.set(func(p *Progress) { p.Phase, p.ID, p.Note = Begun, *id, "" })
		return turn{after: lookAgain}, nil
	case e != nil && e.Code == "InvalidAMIName.Duplicate": // our own first try, whose answer was lost, or somebody else's
		m.set(func(p *Progress) { p.Phase, p.Note = Intent, "the name is taken; looking by what" })
		return turn{after: lookAgain}, nil
	}
	return turn{}, err
}

// foreign says why an image of our name is not ours, "" if it is.
func (m *move) foreign(i types.Image, how imaging) string {
	if !m.spec.ours(i.Tags) {
		return "without the tag " + TagMove + "=" + m.spec.ID
	}
	return how.foreign(i)
}

// imageByName is the image of the latest attempt that is not before that of the state, nil if EC2 shows none.
func (m *move) imageByName(ctx context.Context, in calls) (found *types.Image, attempt int, err error) {
	names := m.attemptNames()
	all, err := m.listImages(ctx, in, ec2.DescribeImagesInput{Owners: []string{"self"}, Filters: []types.Filter{filter("name", names...)}})
	attempt = m.progress().Attempt - 1
	for i := range all {
		if n := slices.Index(names, aws.ToString(all[i].Name)); n > attempt {
			found, attempt = &all[i], n
		}
	}
	return found, attempt, err
}

// attemptNames are those of all attempts of the step at work.
func (m *move) attemptNames() []string {
	names := make([]string, max(attempts, m.progress().Attempt+1))
	for i := range names {
		names[i] = m.spec.name(m.step, "", i)
	}
	return names
}

// nth is what the tags of a further attempt have behind the step: the snapshots of one that failed are still there.
func (m *move) nth() string {
	if n := m.progress().Attempt; n > 0 {
		return strconv.Itoa(n)
	}
	return ""
}

// awaitImage looks at the step's image. It tells the progress of every snapshot, weighed by what is written on it, and ends at
// once when EC2 has given up on one, with EC2's own reason: a key that the copy may not use shows nowhere else.
func (m *move) awaitImage(ctx context.Context, in calls) (turn, error) {
	id := m.progress().ID
	found, err := m.listImages(ctx, in, ec2.DescribeImagesInput{ImageIds: []string{id}})
	if e, _ := errors.AsType[*Error](err); err != nil && (e == nil || e.Code != "InvalidAMIID.NotFound") {
		return turn{}, err
	}
	if len(found) == 0 {
		if m.now().Sub(m.progress().Since) < settle {
			return turn{after: lookAgain}, nil
		}
		return turn{}, &Error{
			Op: "DescribeImages", Code: "InvalidAMIID.NotFound", Resource: id, Reason: "EC2 knows no such image", Err: awsops.ErrGone,
			Hint: "it was deregistered, or the account's Allowed AMIs settings exclude it, which EC2 reports the same way (ImageAllowed)",
		}
	}
	image := found[0]
	broken, err := m.measure(ctx, in)
	if err != nil {
		return turn{}, err
	}
	switch image.State {
	case types.ImageStateAvailable:
		m.set(func(p *Progress) { p.Done, p.Note = p.Total, "" })
		return turn{done: true}, nil
	case types.ImageStateFailed, types.ImageStateError, types.ImageStateInvalid, types.ImageStateDeregistered, types.ImageStateDisabled:
		return turn{}, m.gaveUp(image, broken)
	}
	if len(broken) > 0 {
		return turn{}, m.gaveUp(image, broken)
	}
	return turn{after: lookAgain}, nil
}

// gaveUp is the error of an image from which nothing comes any more.
func (m *move) gaveUp(image types.Image, broken []string) error {
	e := &Error{
		Resource: aws.ToString(image.ImageId), Err: awsops.ErrFailed, Reason: "is " + string(image.State),
		Hint: "mend the cause and go on with State.Retry, which begins this step anew under another name, or roll back",
	}
	if r := image.StateReason; r != nil {
		e.Code = aws.ToString(r.Code)
		if text := aws.ToString(r.Message); text != "" {
			e.Reason += ": " + text
		}
	}
	if len(broken) > 0 {
		e.Reason += "; " + strings.Join(broken, "; ")
	}
	m.set(func(p *Progress) { p.Phase, p.Note = Failed, e.Reason })
	return e
}

// measure reads the snapshots of the step at work by their tag, adds an event for each that is not complete, and returns what
// EC2 says of those that failed. Of a copy's snapshots nothing else tells how far they are; the image is "pending" throughout.
func (m *move) measure(ctx context.Context, in calls) (broken []string, err error) {
	all, err := m.listSnapshots(ctx, in, ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}, Filters: m.made(m.step, m.nth())})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b types.Snapshot) int {
		return cmp.Compare(aws.ToString(a.SnapshotId), aws.ToString(b.SnapshotId))
	})
	var done, total int64
	for _, s := range all {
		d, t := m.measured(s)
		done, total = done+d, total+t
		if s.State == types.SnapshotStateError {
			broken = append(broken, fmt.Sprintf("%s: %s", aws.ToString(s.SnapshotId), cmp.Or(aws.ToString(s.StateMessage), "error, without a reason")))
		}
	}
	if total > 0 {
		m.set(func(p *Progress) { p.Done, p.Total = max(done, min(p.Done, total)), total })
	}
	return broken, nil
}
