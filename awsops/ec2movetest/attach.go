package ec2movetest

import (
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

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
