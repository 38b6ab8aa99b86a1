package ec2movetest

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

type image struct {
	meta

	name, description string
	state             types.ImageState
	reason            *types.StateReason
	devices           []imageDevice
	root              string
	arch              string
	platform          string
	bootMode          string
	tpm               string
	ena               bool
	imds              string
	productCodes      []string
	sourceImage       string
	sourceRegion      string
	sourceInstance    string
	breaks            *types.Image // the state and reason that it comes to, whatever its snapshots do
}

// imageDevice is a volume that a launch makes.
type imageDevice struct {
	name                string
	snapshot            *snapshot
	gib                 int32
	typ                 string
	iops, throughput    int32
	deleteOnTermination bool
}

// settle makes the image what its snapshots have become.
func (im *image) settle(r *region) {
	if im.state != types.ImageStatePending {
		return
	}
	if im.breaks != nil && !r.now().Before(im.born.Add(r.cloud.opts.Setup)) {
		im.state, im.reason = im.breaks.State, im.breaks.StateReason
		return
	}
	for _, d := range im.devices {
		switch d.snapshot.state {
		case "pending":
			return
		case "error":
			im.state = types.ImageStateFailed
			im.reason = &types.StateReason{Code: aws.String("Client.SnapshotFailed"), Message: aws.String("Snapshot " + d.snapshot.id + " failed: " + d.snapshot.message)}
			return
		}
	}
	im.state = types.ImageStateAvailable
}

var imageName = regexp.MustCompile(`^[A-Za-z0-9()\[\] ./\-'@_]{3,128}$`)

// freeName checks the name of a new image.
func (r *region) freeName(name *string) error {
	if err := required("Name", name); err != nil {
		return err
	}
	if !imageName.MatchString(*name) {
		return refuse("InvalidAMIName.Malformed", "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', '.', '-', '/' and '_'")
	}
	for _, im := range r.images.all {
		if im.name == *name {
			return refuse("InvalidAMIName.Duplicate", "AMI name %s is already in use by AMI %s", *name, im.id)
		}
	}
	if at, ok := r.released[*name]; ok && r.now().Sub(at) < r.cloud.opts.NameHold {
		return refuse("InvalidAMIName.Duplicate", "AMI name %s is already in use by a recently deregistered AMI", *name)
	}
	return nil
}

func (r *region) createImage(in *ec2.CreateImageInput) (*ec2.CreateImageOutput, error) {
	if err := r.freeName(in.Name); err != nil {
		return nil, err
	}
	tags, err := tagsFor(in.TagSpecifications, types.ResourceTypeImage, types.ResourceTypeSnapshot)
	if err != nil {
		return nil, err
	}
	if len(aws.ToString(in.Description)) > 255 {
		return nil, refuse("InvalidParameterValue", "Description exceeds the maximum length of 255 characters")
	}
	of, err := r.instances.use("InstanceId", in.InstanceId)
	if err != nil {
		return nil, err
	}
	switch {
	case of.state != "running" && of.state != "stopped":
		return nil, refuse("IncorrectInstanceState", "The instance '%s' is not in a state from which an image can be created: %s", of.id, of.state)
	case of.instanceStore:
		return nil, refuse("InvalidParameterValue", "The instance '%s' is not an EBS-backed instance", of.id)
	}
	im := &image{
		meta: meta{id: r.cloud.id("ami", r.name), tags: tags[types.ResourceTypeImage]},
		name: *in.Name, description: aws.ToString(in.Description), state: types.ImageStatePending,
		root: of.root, arch: of.typ.arch, platform: of.platform, bootMode: of.bootMode, tpm: of.tpm, ena: of.ena,
		productCodes: slices.Clone(of.productCodes), sourceInstance: of.id,
	}
	for _, d := range of.devices {
		v, ok := r.volumes.find(d.volume)
		if !ok {
			continue
		}
		s := r.snap(v, "Created by CreateImage("+of.id+") for "+im.id, tags[types.ResourceTypeSnapshot])
		im.devices = append(im.devices, imageDevice{d.name, s, v.gib, v.typ, v.iops, v.throughput, d.deleteOnTermination})
	}
	if of.state == "running" && !aws.ToBool(in.NoReboot) {
		of.reboots++
		of.since = r.now() // its status checks begin again
	}
	r.putImage(im)
	return &ec2.CreateImageOutput{ImageId: aws.String(im.id)}, nil
}

// putImage adds an image that was just begun, with the end that was planted for it.
func (r *region) putImage(im *image) {
	im.breaks, r.breaks = r.breaks, nil
	r.images.put(r, im)
}

func (r *region) deregisterImage(in *ec2.DeregisterImageInput) (*ec2.DeregisterImageOutput, error) {
	im, err := r.images.use("ImageId", in.ImageId)
	if err != nil {
		return nil, err
	}
	r.images.remove(im.id)
	r.released[im.name] = r.now()
	out := &ec2.DeregisterImageOutput{Return: aws.Bool(true)}
	for _, d := range im.devices {
		if !aws.ToBool(in.DeleteAssociatedSnapshots) {
			continue
		}
		code := types.SnapshotReturnCodesSuccess
		if r.imageOf(d.snapshot) != nil {
			code = types.SnapshotReturnCodesWarnSkipped
		} else {
			d.snapshot.state = "deleted" // which cancels what is on its way
			r.snapshots.remove(d.snapshot.id)
		}
		out.DeleteSnapshotResults = append(out.DeleteSnapshotResults, types.DeleteSnapshotReturnCode{SnapshotId: aws.String(d.snapshot.id), ReturnCode: code})
	}
	return out, nil
}

// imageOf is an image that needs a snapshot, nil if none does.
func (r *region) imageOf(s *snapshot) *image {
	for _, im := range r.images.all {
		if slices.ContainsFunc(im.devices, func(d imageDevice) bool { return d.snapshot == s }) {
			return im
		}
	}
	return nil
}

func (r *region) describeImages(in *ec2.DescribeImagesInput) (*ec2.DescribeImagesOutput, error) {
	for _, owner := range in.Owners {
		if owner != "self" && owner != "amazon" && owner != "aws-marketplace" && !isAccount(owner) {
			return nil, refuse("InvalidUserID.Malformed", "Invalid user id: \"%s\"", owner)
		}
	}
	found, err := r.images.lookup(in.ImageIds, in.Filters, map[string]func(*image) []string{
		"architecture":       func(im *image) []string { return one(im.arch) },
		"image-id":           func(im *image) []string { return one(im.id) },
		"name":               func(im *image) []string { return one(im.name) },
		"description":        func(im *image) []string { return one(im.description) },
		"owner-id":           func(*image) []string { return one(r.cloud.account) },
		"is-public":          func(*image) []string { return one("false") },
		"image-type":         func(*image) []string { return one("machine") },
		"root-device-type":   func(*image) []string { return one("ebs") },
		"root-device-name":   func(im *image) []string { return one(im.root) },
		"state":              func(im *image) []string { return one(string(im.state)) },
		"source-image-id":    func(im *image) []string { return one(im.sourceImage) },
		"source-instance-id": func(im *image) []string { return one(im.sourceInstance) },
		"source-image-region": func(im *image) []string {
			return one(im.sourceRegion)
		},
		"block-device-mapping.snapshot-id": func(im *image) (ids []string) {
			for _, d := range im.devices {
				ids = append(ids, d.snapshot.id)
			}
			return ids
		},
	})
	if err != nil {
		return nil, err
	}
	own := len(in.Owners) == 0 || slices.Contains(in.Owners, "self") || slices.Contains(in.Owners, r.cloud.account)
	if r.hidden || !own {
		if len(in.ImageIds) > 0 && own {
			return nil, r.images.notFound(in.ImageIds[0])
		}
		found = nil
	}
	found, next, err := page(r, found, in.MaxResults, in.NextToken, len(in.ImageIds) > 0)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeImagesOutput{NextToken: next}
	for _, im := range found {
		out.Images = append(out.Images, im.describe(r))
	}
	return out, nil
}

func isAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

func (im *image) describe(r *region) types.Image {
	out := types.Image{
		Architecture: types.ArchitectureValues(im.arch), BootMode: types.BootModeValues(im.bootMode),
		CreationDate: aws.String(im.born.UTC().Format("2006-01-02T15:04:05.000Z")), EnaSupport: aws.Bool(im.ena),
		Hypervisor: types.HypervisorTypeXen, ImageAllowed: aws.Bool(!r.hidden), ImageId: aws.String(im.id),
		ImageLocation: aws.String(r.cloud.account + "/" + im.name), ImageType: types.ImageTypeValuesMachine, Name: aws.String(im.name),
		OwnerId: aws.String(r.cloud.account), PlatformDetails: aws.String(im.platform), Public: aws.Bool(false),
		RootDeviceName: aws.String(im.root), RootDeviceType: types.DeviceTypeEbs, SourceImageId: optional(im.sourceImage),
		SourceImageRegion: optional(im.sourceRegion), SourceInstanceId: optional(im.sourceInstance), Description: optional(im.description),
		State: im.state, Tags: tagList(im.tags), TpmSupport: types.TpmSupportValues(im.tpm), VirtualizationType: types.VirtualizationTypeHvm,
		ImdsSupport: types.ImdsSupportValues(im.imds),
	}
	if im.reason != nil {
		out.StateReason = &types.StateReason{Code: aws.String(*im.reason.Code), Message: aws.String(*im.reason.Message)}
	}
	for _, code := range im.productCodes {
		out.ProductCodes = append(out.ProductCodes, types.ProductCode{ProductCodeId: aws.String(code), ProductCodeType: types.ProductCodeValuesMarketplace})
	}
	for _, d := range im.devices {
		ebs := &types.EbsBlockDevice{
			DeleteOnTermination: aws.Bool(d.deleteOnTermination), Encrypted: aws.Bool(d.snapshot.key != ""), SnapshotId: aws.String(d.snapshot.id),
			VolumeSize: aws.Int32(d.gib), VolumeType: types.VolumeType(d.typ),
		}
		if d.iops > 0 && d.typ != "gp2" {
			ebs.Iops = aws.Int32(d.iops)
		}
		if d.throughput > 0 {
			ebs.Throughput = aws.Int32(d.throughput)
		}
		out.BlockDeviceMappings = append(out.BlockDeviceMappings, types.BlockDeviceMapping{DeviceName: aws.String(d.name), Ebs: ebs})
	}
	return out
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// seconds drops what EC2's answers do not have.
func seconds(t time.Time) *time.Time { return aws.Time(t.UTC().Truncate(time.Second)) }
