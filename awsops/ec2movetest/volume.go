package ec2movetest

import (
	"cmp"
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
	mark := fingerprint(same)
	id, err := r.again("CreateVolume", aws.ToString(in.ClientToken), mark)
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
	r.remember("CreateVolume", aws.ToString(in.ClientToken), mark, v.id)
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
