package ec2movetest

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

type volume struct {
	meta

	gib              int32
	used             int64 // bytes written
	taken            int   // snapshots so far
	typ              string
	iops, throughput int32
	key              string
	multi            bool
	zone             string
	snapshot         string
	state            string // creating, available, in-use
	until            time.Time
	attached         []attachment
}

type attachment struct {
	instance, device    string
	deleteOnTermination bool
	at                  time.Time
}

// disk is what a volume is to be like, checked against EC2's limits for its type.
type disk struct {
	gib              int32
	typ              string
	iops, throughput int32
}

type diskLimits struct {
	minGiB, maxGiB, minIOPS, maxIOPS, perGiB int32
}

func limitsOf(typ string) (diskLimits, bool) {
	switch typ {
	case "gp3":
		return diskLimits{1, 65536, 3000, 80000, 500}, true
	case "gp2":
		return diskLimits{1, 16384, 0, 0, 0}, true
	case "io1":
		return diskLimits{4, 16384, 100, 64000, 50}, true
	case "io2":
		return diskLimits{4, 65536, 100, 256000, 1000}, true
	case "st1", "sc1":
		return diskLimits{125, 16384, 0, 0, 0}, true
	case "standard":
		return diskLimits{1, 1024, 0, 0, 0}, true
	}
	return diskLimits{}, false
}

// checkDisk fills in a type's own speed.
func checkDisk(d disk) (disk, error) {
	lim, ok := limitsOf(d.typ)
	switch {
	case !ok:
		return d, refuse("InvalidParameterValue", "Invalid value '%s' for volumeType.", d.typ)
	case d.gib < lim.minGiB || d.gib > lim.maxGiB:
		return d, refuse("InvalidParameterValue", "Volume of %dGiB is not between %dGiB and %dGiB for volume type %s.", d.gib, lim.minGiB, lim.maxGiB, d.typ)
	case d.iops != 0 && lim.maxIOPS == 0:
		return d, refuse("InvalidParameterCombination", "The parameter iops is not supported for %s volumes.", d.typ)
	case d.iops == 0 && (d.typ == "io1" || d.typ == "io2"):
		return d, refuse("MissingParameter", "The parameter iops must be specified for %s volumes.", d.typ)
	case d.throughput != 0 && d.typ != "gp3":
		return d, refuse("InvalidParameterCombination", "The parameter throughput is not supported for %s volumes.", d.typ)
	}
	switch d.typ {
	case "gp3":
		d.iops, d.throughput = cmp.Or(d.iops, 3000), cmp.Or(d.throughput, 125)
		if d.throughput < 125 || d.throughput > 2000 || d.throughput*4 > d.iops {
			return d, refuse("InvalidParameterValue", "Throughput of %d MiB/s is not between 125 and 2000, or more than a quarter of the IOPS.", d.throughput)
		}
	case "gp2":
		d.iops = min(max(3*d.gib, 100), 16000)
	}
	if lim.maxIOPS > 0 && (d.iops < lim.minIOPS || d.iops > lim.maxIOPS || d.iops > lim.minIOPS && int64(d.iops) > int64(lim.perGiB)*int64(d.gib)) {
		return d, refuse("InvalidParameterValue", "Volume iops of %d is not between %d and %d, or the ratio to the size is over %d.", d.iops, lim.minIOPS, lim.maxIOPS, lim.perGiB)
	}
	return d, nil
}

// newKey is the key of a new volume, or of one made from a snapshot.
func (r *region) newKey(of *snapshot, encrypted *bool, key *string) (string, error) {
	switch {
	case key != nil && !aws.ToBool(encrypted):
		return "", refuse("InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set.")
	case encrypted != nil && !*encrypted && of != nil && of.key != "":
		return "", refuse("InvalidParameter", "The parameter encrypted must be true for a volume of an encrypted snapshot.")
	case key != nil:
		arn, ok := r.key(*key)
		if !ok {
			return "", refuse("InvalidKmsKey.NotFound", "The KMS key '%s' does not exist.", *key)
		}
		return arn, nil
	case of != nil && of.key != "":
		return of.key, nil
	case aws.ToBool(encrypted), r.encrypt:
		return r.defaultKey, nil
	}
	return "", nil
}

func (r *region) createVolume(in *ec2.CreateVolumeInput) (*ec2.CreateVolumeOutput, error) {
	if err := required("AvailabilityZone", in.AvailabilityZone); err != nil {
		return nil, err
	}
	tags, err := tagsFor(in.TagSpecifications, types.ResourceTypeVolume)
	if err != nil {
		return nil, err
	}
	same := *in
	same.ClientToken = nil
	print := fingerprint(same)
	id, err := r.again("CreateVolume", aws.ToString(in.ClientToken), print)
	if err != nil {
		return nil, err
	}
	if v, ok := r.volumes.find(id); ok {
		return v.created(r), nil
	} else if id != "" {
		return nil, r.volumes.notFound(id)
	}
	z, ok := r.zone(*in.AvailabilityZone)
	if !ok {
		return nil, refuse("InvalidZone.NotFound", "The zone '%s' does not exist.", *in.AvailabilityZone)
	}
	var of *snapshot
	if in.SnapshotId != nil {
		if of, err = r.snapshots.use("SnapshotId", in.SnapshotId); err != nil {
			return nil, err
		}
		if of.state != "completed" {
			return nil, refuse("IncorrectState", "Snapshot is in invalid state - %s", of.state)
		}
	}
	if of == nil && in.Size == nil {
		return nil, refuse("MissingParameter", "The request must contain the parameter size or snapshotId")
	}
	d := disk{gib: aws.ToInt32(in.Size), typ: cmp.Or(string(in.VolumeType), "gp2"), iops: aws.ToInt32(in.Iops), throughput: aws.ToInt32(in.Throughput)}
	v := &volume{meta: meta{id: r.cloud.id("vol", r.name), tags: tags[types.ResourceTypeVolume]}, zone: z.name, state: "creating", multi: aws.ToBool(in.MultiAttachEnabled)}
	if of != nil {
		d.gib = cmp.Or(d.gib, of.gib)
		if d.gib < of.gib {
			return nil, refuse("InvalidParameterValue", "The volume size of %dGiB is smaller than the snapshot's %dGiB.", d.gib, of.gib)
		}
		v.snapshot, v.used = of.id, of.bytes
	}
	if d, err = checkDisk(d); err != nil {
		return nil, err
	}
	if v.multi && d.typ != "io1" && d.typ != "io2" {
		return nil, refuse("InvalidParameterCombination", "Multi-Attach is not supported for %s volumes.", d.typ)
	}
	if v.key, err = r.newKey(of, in.Encrypted, in.KmsKeyId); err != nil {
		return nil, err
	}
	v.gib, v.typ, v.iops, v.throughput = d.gib, d.typ, d.iops, d.throughput
	v.until = r.now().Add(5 * time.Second)
	r.volumes.put(r, v)
	r.remember("CreateVolume", aws.ToString(in.ClientToken), print, v.id)
	return v.created(r), nil
}

func (v *volume) created(r *region) *ec2.CreateVolumeOutput {
	d := v.describe(r)
	return &ec2.CreateVolumeOutput{
		Attachments: d.Attachments, AvailabilityZone: d.AvailabilityZone, CreateTime: d.CreateTime, Encrypted: d.Encrypted, Iops: d.Iops, KmsKeyId: d.KmsKeyId,
		MultiAttachEnabled: d.MultiAttachEnabled, Size: d.Size, SnapshotId: d.SnapshotId, State: d.State, Tags: d.Tags, Throughput: d.Throughput,
		VolumeId: d.VolumeId, VolumeType: d.VolumeType,
	}
}

var deviceName = regexp.MustCompile(`^(/dev/(sd[a-z]\d{0,2}|xvd[a-z]{1,2}\d{0,2}|hd[a-z]\d{0,2})|xvd[a-z]{1,2}|sd[a-z])$`)

func (r *region) attachVolume(in *ec2.AttachVolumeInput) (*ec2.AttachVolumeOutput, error) {
	if err := required("VolumeId", in.VolumeId, "InstanceId", in.InstanceId, "Device", in.Device); err != nil {
		return nil, err
	}
	v, err := r.volumes.use("VolumeId", in.VolumeId)
	if err != nil {
		return nil, err
	}
	to, err := r.instances.use("InstanceId", in.InstanceId)
	if err != nil {
		return nil, err
	}
	switch {
	case !deviceName.MatchString(*in.Device):
		return nil, refuse("InvalidParameterValue", "Value (%s) for parameter device is invalid. %s is not a valid EBS device name.", *in.Device, *in.Device)
	case to.state != "running" && to.state != "stopped":
		return nil, refuse("IncorrectState", "Instance '%s' is not 'running'.", to.id)
	case v.state == "in-use" && (!v.multi || v.on(to.id)):
		return nil, refuse("VolumeInUse", "%s is already attached to an instance", v.id)
	case v.state != "available" && v.state != "in-use":
		return nil, refuse("IncorrectState", "Volume '%s' is not 'available'.", v.id)
	case v.zone != to.zone:
		return nil, refuse("InvalidVolume.ZoneMismatch", "The volume '%s' is not in the same availability zone as instance '%s'", v.id, to.id)
	case slices.ContainsFunc(to.devices, func(d device) bool { return d.name == *in.Device }):
		return nil, refuse("InvalidParameterValue", "Invalid value '%s' for unixDevice. Attachment point %s is already in use", *in.Device, *in.Device)
	}
	r.attach(v, to, *in.Device, false)
	a := v.describe(r).Attachments[len(v.attached)-1]
	return &ec2.AttachVolumeOutput{
		AttachTime: a.AttachTime, DeleteOnTermination: a.DeleteOnTermination, Device: a.Device, InstanceId: a.InstanceId,
		State: types.VolumeAttachmentStateAttaching, VolumeId: a.VolumeId,
	}, nil
}

func (v *volume) on(instance string) bool {
	return slices.ContainsFunc(v.attached, func(a attachment) bool { return a.instance == instance })
}

func (r *region) attach(v *volume, to *instance, name string, deleteOnTermination bool) {
	v.state = "in-use"
	v.attached = append(v.attached, attachment{to.id, name, deleteOnTermination, r.now()})
	to.devices = append(to.devices, device{name, v.id, deleteOnTermination, r.now()})
}

func (r *region) detach(v *volume, from string) {
	v.attached = slices.DeleteFunc(v.attached, func(a attachment) bool { return a.instance == from })
	if len(v.attached) == 0 {
		v.state = "available"
	}
	if in, ok := r.instances.find(from); ok {
		in.devices = slices.DeleteFunc(in.devices, func(d device) bool { return d.volume == v.id })
	}
}

func (r *region) detachVolume(in *ec2.DetachVolumeInput) (*ec2.DetachVolumeOutput, error) {
	v, err := r.volumes.use("VolumeId", in.VolumeId)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(v.attached, func(a attachment) bool {
		return (in.InstanceId == nil || *in.InstanceId == a.instance) && (in.Device == nil || *in.Device == a.device)
	})
	switch {
	case len(v.attached) == 0:
		return nil, refuse("IncorrectState", "Volume '%s' is in the 'available' state.", v.id)
	case i < 0:
		return nil, refuse("InvalidAttachment.NotFound", "The volume '%s' is not attached so.", v.id)
	case len(v.attached) > 1 && in.InstanceId == nil:
		return nil, refuse("InvalidParameterCombination", "The volume '%s' has several attachments: name the instance.", v.id)
	}
	a := v.attached[i]
	if on, ok := r.instances.find(a.instance); ok && on.root == a.device && on.state != "stopped" {
		return nil, refuse("OperationNotPermitted", "Unable to detach root volume '%s' from instance '%s'", v.id, on.id)
	}
	r.detach(v, a.instance)
	return &ec2.DetachVolumeOutput{
		AttachTime: seconds(a.at), Device: aws.String(a.device), InstanceId: aws.String(a.instance), State: types.VolumeAttachmentStateDetaching, VolumeId: aws.String(v.id),
	}, nil
}

func (r *region) deleteVolume(in *ec2.DeleteVolumeInput) (*ec2.DeleteVolumeOutput, error) {
	v, err := r.volumes.use("VolumeId", in.VolumeId)
	if err != nil {
		return nil, err
	}
	switch v.state {
	case "in-use":
		return nil, refuse("VolumeInUse", "Volume %s is currently attached to %s", v.id, v.attached[0].instance)
	case "creating":
		return nil, refuse("IncorrectState", "The volume '%s' is 'creating'.", v.id)
	}
	r.volumes.remove(v.id)
	return &ec2.DeleteVolumeOutput{}, nil
}

func (r *region) describeVolumes(in *ec2.DescribeVolumesInput) (*ec2.DescribeVolumesOutput, error) {
	attached := func(of func(attachment) string) func(*volume) []string {
		return func(v *volume) (out []string) {
			for _, a := range v.attached {
				out = append(out, of(a))
			}
			return out
		}
	}
	found, err := r.volumes.lookup(in.VolumeIds, in.Filters, map[string]func(*volume) []string{
		"volume-id":              func(v *volume) []string { return one(v.id) },
		"status":                 func(v *volume) []string { return one(v.state) },
		"availability-zone":      func(v *volume) []string { return one(v.zone) },
		"snapshot-id":            func(v *volume) []string { return one(v.snapshot) },
		"volume-type":            func(v *volume) []string { return one(v.typ) },
		"size":                   func(v *volume) []string { return one(strconv.Itoa(int(v.gib))) },
		"encrypted":              func(v *volume) []string { return one(strconv.FormatBool(v.key != "")) },
		"multi-attach-enabled":   func(v *volume) []string { return one(strconv.FormatBool(v.multi)) },
		"attachment.instance-id": attached(func(a attachment) string { return a.instance }),
		"attachment.device":      attached(func(a attachment) string { return a.device }),
		"attachment.status":      attached(func(attachment) string { return "attached" }),
		"attachment.delete-on-termination": attached(func(a attachment) string {
			return strconv.FormatBool(a.deleteOnTermination)
		}),
	})
	if err != nil {
		return nil, err
	}
	found, next, err := page(r, found, in.MaxResults, in.NextToken, len(in.VolumeIds) > 0)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeVolumesOutput{NextToken: next}
	for _, v := range found {
		out.Volumes = append(out.Volumes, v.describe(r))
	}
	return out, nil
}

func (v *volume) describe(r *region) types.Volume {
	out := types.Volume{
		AvailabilityZone: aws.String(v.zone), CreateTime: aws.Time(v.born.UTC()), Encrypted: aws.Bool(v.key != ""), KmsKeyId: optional(v.key),
		MultiAttachEnabled: aws.Bool(v.multi), Size: aws.Int32(v.gib), SnapshotId: aws.String(v.snapshot), State: types.VolumeState(v.state),
		Tags: tagList(v.tags), VolumeId: aws.String(v.id), VolumeType: types.VolumeType(v.typ),
	}
	if z, ok := r.zone(v.zone); ok {
		out.AvailabilityZoneId = aws.String(z.id)
	}
	if v.iops > 0 {
		out.Iops = aws.Int32(v.iops)
	}
	if v.throughput > 0 {
		out.Throughput = aws.Int32(v.throughput)
	}
	for _, a := range v.attached {
		out.Attachments = append(out.Attachments, types.VolumeAttachment{
			AttachTime: seconds(a.at), DeleteOnTermination: aws.Bool(a.deleteOnTermination), Device: aws.String(a.device),
			InstanceId: aws.String(a.instance), State: types.VolumeAttachmentStateAttached, VolumeId: aws.String(v.id),
		})
	}
	return out
}

func (r *region) getEbsEncryptionByDefault(*ec2.GetEbsEncryptionByDefaultInput) (*ec2.GetEbsEncryptionByDefaultOutput, error) {
	return &ec2.GetEbsEncryptionByDefaultOutput{EbsEncryptionByDefault: aws.Bool(r.encrypt)}, nil
}

func (r *region) getEbsDefaultKmsKeyID(*ec2.GetEbsDefaultKmsKeyIdInput) (*ec2.GetEbsDefaultKmsKeyIdOutput, error) {
	key := r.defaultKey
	if arn, _ := r.key("alias/aws/ebs"); arn == key {
		key = "alias/aws/ebs"
	}
	return &ec2.GetEbsDefaultKmsKeyIdOutput{KmsKeyId: aws.String(key)}, nil
}
