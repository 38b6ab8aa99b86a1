package ec2movetest

import (
	"cmp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

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
