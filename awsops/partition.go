package awsops

import "strings"

// Partition is one of AWS's separate worlds, as in the second field of an ARN. Nothing is copied from one to another, and
// no role or key of one is known in another.
type Partition string

// The public partitions.
const (
	Standard Partition = "aws"
	China    Partition = "aws-cn"
	GovCloud Partition = "aws-us-gov"
)

// PartitionOf is the partition of a Region: "cn-north-1" is in aws-cn. An unknown Region is taken for one of the standard
// partition, as new ones are.
func PartitionOf(region string) Partition {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return China
	case strings.HasPrefix(region, "us-gov-"):
		return GovCloud
	}
	return Standard
}

// PartitionOfARN is the partition that an ARN names, false if that is no ARN.
func PartitionOfARN(arn string) (Partition, bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" || parts[1] == "" {
		return "", false
	}
	return Partition(parts[1]), true
}

// Domain is the DNS suffix of the partition's services: "amazonaws.com".
func (p Partition) Domain() string {
	if p == China {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}
