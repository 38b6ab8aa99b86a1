package ec2movetest

import (
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func (r *region) copyImage(in *ec2.CopyImageInput) (*ec2.CopyImageOutput, error) {
	if err := required("Name", in.Name, "SourceImageId", in.SourceImageId, "SourceRegion", in.SourceRegion); err != nil {
		return nil, err
	}
	tags, err := tagsFor(in.TagSpecifications, types.ResourceTypeImage, types.ResourceTypeSnapshot)
	if err != nil {
		return nil, err
	}
	same := *in
	same.ClientToken = nil
	mark := fingerprint(same)
	if id, err := r.again("CopyImage", aws.ToString(in.ClientToken), mark); err != nil || id != "" {
		return &ec2.CopyImageOutput{ImageId: aws.String(id)}, err
	}
	if err := r.freeName(in.Name); err != nil {
		return nil, err
	}
	src, err := r.sourceRegion(*in.SourceRegion)
	if err != nil {
		return nil, err
	}
	of, ok := src.images.find(*in.SourceImageId)
	switch {
	case !ok:
		return nil, src.images.notFound(*in.SourceImageId)
	case of.state != types.ImageStateAvailable:
		return nil, refuse("InvalidAMIID.Unavailable", "The image ID '%s' is currently %s.", of.id, of.state)
	}
	im := *of
	im.meta = meta{id: r.cloud.id("ami", r.name), tags: tags[types.ResourceTypeImage]}
	if aws.ToBool(in.CopyImageTags) {
		more, err := newTags(tagList(im.tags), userTags(of.tags))
		if err != nil {
			return nil, err
		}
		im.tags = more
	}
	im.name, im.state, im.reason = *in.Name, types.ImageStatePending, nil
	im.description = aws.ToString(in.Description)
	im.sourceImage, im.sourceRegion = of.id, src.name
	var plans []copyPlan
	for _, d := range of.devices {
		p, err := r.planCopy(d.snapshot, in.Encrypted, in.KmsKeyId, in.SnapshotCopyCompletionDurationMinutes, true)
		if err != nil {
			return nil, err
		}
		plans = append(plans, p)
	}
	if err := r.roomFor(src, plans); err != nil {
		return nil, err
	}
	im.devices = nil
	for i, d := range of.devices {
		d.snapshot = r.copySnap(src, plans[i], "Copied for DestinationAmi "+im.id+" from SourceAmi "+of.id+" for SourceSnapshot "+d.snapshot.id, tags[types.ResourceTypeSnapshot])
		im.devices = append(im.devices, d)
	}
	r.putImage(&im)
	r.remember("CopyImage", aws.ToString(in.ClientToken), mark, im.id)
	return &ec2.CopyImageOutput{ImageId: aws.String(im.id)}, nil
}

// sourceRegion is the Region that something is copied from.
func (r *region) sourceRegion(name string) (*region, error) {
	if !regionName.MatchString(name) {
		return nil, refuse("InvalidParameterValue", "Invalid value '%s' for source region", name)
	}
	if partition(name) != partition(r.name) {
		return nil, refuse("InvalidRequest", "The source Region %s is in another partition.", name)
	}
	return r.cloud.region(name), nil
}

var regionName = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-\d+$`)
