package ec2move

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// lookAtEncryption: what will the volumes be encrypted with?
func (p *planner) lookAtEncryption() {
	keys := p.spec.To.KMSKey
	for _, from := range slices.Sorted(maps.Keys(keys)) {
		switch to := keys[from]; {
		case to == "":
			p.found(Stop, "encrypted-stays", "name a key, or leave it out for the default key", "KMSKey maps %s to nothing, and what is encrypted stays so", keyName(from))
		case strings.HasPrefix(to, "arn:") && regionOf(to) != p.spec.To.Region:
			p.found(Stop, "key-elsewhere", "make one in the new Region, or a replica of a multi-Region key", "key %s is not in %s", to, p.spec.To.Region)
		}
	}
	unmapped, plain, used := map[string]bool{}, 0, map[string]bool{}
	for _, v := range p.allVolumes() {
		key := p.spec.keyFor(v.Encrypted, v.KMSKey)
		used[key] = true
		switch {
		case v.Encrypted && key == "":
			unmapped[v.KMSKey] = true
		case !v.Encrypted && key == "":
			plain++
		}
	}
	for _, key := range slices.Sorted(maps.Keys(unmapped)) {
		p.found(Warn, "key-unmapped", "map it in Target.KMSKey if the default key will not do",
			"volumes of key %s will be encrypted with the default key for EBS of %s (%s)", keyName(key), p.spec.To.Region, orNone(p.ebsKey))
	}
	if p.encrypts && plain > 0 {
		p.found(Warn, "encrypted-by-default", "", "%s encrypts by default: %d volumes that are not encrypted will be, with %s", p.spec.To.Region, plain, orNone(p.ebsKey))
	}
	delete(used, "")
	if len(used) > 0 {
		p.found(Note, "key-checked-late", "see that the caller may use it: kms:CreateGrant, kms:DescribeKey, kms:ReEncrypt*",
			"EC2 checks %s only while it copies: a copy that may not use it fails after it began", strings.Join(slices.Sorted(maps.Keys(used)), ", "))
	}
}

// lookAtVolumes: how many, how large, and do the detached ones fit?
func (p *planner) lookAtVolumes() {
	s := p.plan.Source
	devices := map[string]bool{}
	for _, d := range s.Devices {
		devices[d.Name] = true
		if d.MultiAttach {
			p.found(Warn, "multi-attach", "stop all writers before", "%s is attached to several instances: its snapshot is of one moment, and the copy is the new instance's alone", d.VolumeID)
		}
	}
	for _, v := range p.spec.Volumes {
		i := slices.IndexFunc(p.detached, func(d types.Volume) bool { return aws.ToString(d.VolumeId) == v.ID })
		switch {
		case i < 0:
			p.found(Stop, "volume-not-found", "take it out of Volumes", "there is no volume %s in %s", v.ID, p.spec.From.Region)
		case slices.ContainsFunc(s.Devices, func(d Device) bool { return d.VolumeID == v.ID }):
			p.found(Stop, "volume-attached", "take it out of Volumes", "%s is attached to the source, and comes with the image", v.ID)
		case p.detached[i].State == types.VolumeStateInUse:
			p.found(Warn, "volume-in-use", "detach it before, or stop its writers", "%s is attached to another instance: its snapshot is as after a power cut", v.ID)
		case p.detached[i].State != types.VolumeStateAvailable:
			p.found(Stop, "volume-state", "wait for it, and plan again", "%s is %s", v.ID, p.detached[i].State)
		}
		if devices[v.Device] {
			p.found(Stop, "device-taken", "give it another name", "%s is to be %s, which the source has already", v.ID, v.Device)
		}
	}
	switch n := len(p.allVolumes()); {
	case len(s.Devices) > maxCopies:
		p.found(Warn, "copy-quota", "move some of the volumes as detached ones", "EC2 copies %d snapshots to a Region at once, and the image has %d: it may refuse the copy whole", maxCopies, len(s.Devices))
	case n > maxCopies:
		p.found(Note, "copy-queue", "", "EC2 copies %d snapshots to a Region at once: of %d volumes some wait for others", maxCopies, n)
	}
	if p.spec.Within > 0 {
		if quickest := p.copyTime(1); quickest > p.spec.Within {
			p.found(Warn, "within-too-short", "give it "+ceil(quickest, 15*time.Minute).String(),
				"at EC2's speed limit a full copy takes %v, and Within is %v: EC2 refuses what it cannot keep", quickest.Round(time.Minute), p.spec.Within)
		}
	}
}

const maxCopies = 20 // snapshots copied to a Region at once, of the whole account

// allVolumes are the attached and the detached ones that come along.
func (p *planner) allVolumes() []Device {
	out := slices.Clone(p.plan.Source.Devices)
	for _, v := range p.spec.Volumes {
		for _, d := range p.detached {
			if aws.ToString(d.VolumeId) == v.ID {
				out = append(out, Device{
					Name: v.Device, VolumeID: v.ID, GiB: aws.ToInt32(d.Size), Type: string(d.VolumeType), Encrypted: aws.ToBool(d.Encrypted), KMSKey: aws.ToString(d.KmsKeyId),
				})
			}
		}
	}
	return out
}

// keyName is a key for people.
func keyName(key string) string {
	if key == "" {
		return `"" (all that are not named)`
	}
	return key
}

// regionOf is the Region of an ARN.
func regionOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[3]
	}
	return ""
}

// ceil is d in whole steps, rounded up.
func ceil(d, step time.Duration) time.Duration {
	if down := d.Truncate(step); down < d {
		return down + step
	}
	return d
}
