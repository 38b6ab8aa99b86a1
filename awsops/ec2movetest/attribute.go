package ec2movetest

import (
	"encoding/base64"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func (r *region) describeInstanceAttribute(in *ec2.DescribeInstanceAttributeInput) (*ec2.DescribeInstanceAttributeOutput, error) {
	if err := required("InstanceId", in.InstanceId, "Attribute", in.Attribute); err != nil {
		return nil, err
	}
	found, err := r.instances.lookup([]string{*in.InstanceId}, nil, nil)
	if err != nil {
		return nil, err
	}
	x := found[0]
	out := &ec2.DescribeInstanceAttributeOutput{InstanceId: aws.String(x.id)}
	yes := func(b bool) *types.AttributeBooleanValue { return &types.AttributeBooleanValue{Value: aws.Bool(b)} }
	text := func(s string) *types.AttributeValue { return &types.AttributeValue{Value: aws.String(s)} }
	switch in.Attribute {
	case types.InstanceAttributeNameUserData:
		out.UserData = &types.AttributeValue{Value: optional(x.userData)}
	case types.InstanceAttributeNameDisableApiTermination:
		out.DisableApiTermination = yes(x.protected)
	case types.InstanceAttributeNameDisableApiStop:
		out.DisableApiStop = yes(x.stopProtected)
	case types.InstanceAttributeNameInstanceInitiatedShutdownBehavior:
		out.InstanceInitiatedShutdownBehavior = text(x.shutdown)
	case types.InstanceAttributeNameInstanceType:
		out.InstanceType = text(x.typ.name)
	case types.InstanceAttributeNameEbsOptimized:
		out.EbsOptimized = yes(x.ebsOptimized)
	case types.InstanceAttributeNameEnaSupport:
		out.EnaSupport = yes(x.ena)
	case types.InstanceAttributeNameSourceDestCheck:
		out.SourceDestCheck = yes(x.sourceDestCheck)
	case types.InstanceAttributeNameGroupSet:
		out.Groups = r.groupIDs(x.groups)
	case types.InstanceAttributeNameRootDeviceName:
		out.RootDeviceName = text(x.root)
	default:
		return nil, refuse("InvalidParameterValue", "Value (%s) for parameter attribute is invalid. Unknown attribute.", in.Attribute)
	}
	return out, nil
}

func (r *region) describeInstanceCreditSpecifications(in *ec2.DescribeInstanceCreditSpecificationsInput) (*ec2.DescribeInstanceCreditSpecificationsOutput, error) {
	found, err := r.instances.lookup(in.InstanceIds, in.Filters, map[string]func(*instance) []string{
		"instance-id": func(x *instance) []string { return one(x.id) },
	})
	if err != nil {
		return nil, err
	}
	for _, x := range found {
		if x.credits == "" && len(in.InstanceIds) > 0 {
			return nil, refuse("InvalidInstanceID.NotBurstable", "The instance '%s' is not a burstable performance instance.", x.id)
		}
	}
	if len(in.InstanceIds) == 0 { // those whose credits are unlimited alone
		found = slices.DeleteFunc(slices.Clone(found), func(x *instance) bool { return x.credits != "unlimited" })
	}
	found, next, err := page(r, found, in.MaxResults, in.NextToken, len(in.InstanceIds) > 0)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeInstanceCreditSpecificationsOutput{NextToken: next}
	for _, x := range found {
		out.InstanceCreditSpecifications = append(out.InstanceCreditSpecifications, types.InstanceCreditSpecification{InstanceId: aws.String(x.id), CpuCredits: aws.String(x.credits)})
	}
	return out, nil
}

func (r *region) describeInstanceStatus(in *ec2.DescribeInstanceStatusInput) (*ec2.DescribeInstanceStatusOutput, error) {
	found, err := r.instances.lookup(in.InstanceIds, in.Filters, map[string]func(*instance) []string{
		"availability-zone":      func(x *instance) []string { return one(x.zone) },
		"instance-state-name":    func(x *instance) []string { return one(x.state) },
		"instance-status.status": func(x *instance) []string { return one(string(r.status(x))) },
		"system-status.status":   func(x *instance) []string { return one(string(r.status(x))) },
	})
	if err != nil {
		return nil, err
	}
	if !aws.ToBool(in.IncludeAllInstances) {
		found = slices.DeleteFunc(slices.Clone(found), func(x *instance) bool { return x.state != "running" })
	}
	found, next, err := page(r, found, in.MaxResults, in.NextToken, len(in.InstanceIds) > 0)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeInstanceStatusOutput{NextToken: next}
	for _, x := range found {
		summary := func() *types.InstanceStatusSummary {
			status := r.status(x)
			s := &types.InstanceStatusSummary{Status: status}
			if d := map[types.SummaryStatus]types.StatusType{
				types.SummaryStatusOk: types.StatusTypePassed, types.SummaryStatusInitializing: types.StatusTypeInitializing, types.SummaryStatusImpaired: types.StatusTypeFailed,
			}[status]; d != "" {
				s.Details = []types.InstanceStatusDetails{{Name: types.StatusNameReachability, Status: d}}
			}
			return s
		}
		out.InstanceStatuses = append(out.InstanceStatuses, types.InstanceStatus{
			AvailabilityZone: aws.String(x.zone), InstanceId: aws.String(x.id), InstanceState: instanceState(x.state), InstanceStatus: summary(), SystemStatus: summary(),
		})
	}
	return out, nil
}

// status is what EC2's checks say.
func (r *region) status(x *instance) types.SummaryStatus {
	switch {
	case x.state != "running":
		return types.SummaryStatusNotApplicable
	case x.impaired:
		return types.SummaryStatusImpaired
	case r.now().Sub(x.since) < r.cloud.opts.StatusChecks:
		return types.SummaryStatusInitializing
	}
	return types.SummaryStatusOk
}

func (r *region) modifyInstanceAttribute(in *ec2.ModifyInstanceAttributeInput) (*ec2.ModifyInstanceAttributeOutput, error) {
	x, err := r.instances.use("InstanceId", in.InstanceId)
	if err != nil {
		return nil, err
	}
	given := 0
	for _, v := range []any{
		in.DisableApiStop, in.DisableApiTermination, in.EbsOptimized, in.Groups, in.InstanceInitiatedShutdownBehavior, in.InstanceType, in.SourceDestCheck,
		in.UserData, in.Attribute,
	} {
		if !reflect.ValueOf(v).IsZero() {
			given++
		}
	}
	if given != 1 {
		return nil, refuse("InvalidParameterCombination", "%d attributes are given: one can be changed in a call", given)
	}
	if x.state == "terminated" || x.state == "shutting-down" {
		return nil, refuse("IncorrectInstanceState", "The instance '%s' is not in a state in which it can be changed.", x.id)
	}
	if (in.InstanceType != nil || in.UserData != nil || in.EbsOptimized != nil) && x.state != "stopped" {
		return nil, refuse("IncorrectInstanceState", "The instance '%s' is not in the 'stopped' state.", x.id)
	}
	return &ec2.ModifyInstanceAttributeOutput{}, r.modify(x, in)
}

func (r *region) modify(x *instance, in *ec2.ModifyInstanceAttributeInput) error {
	switch {
	case in.Attribute != "":
		return r.modifyNamed(x, in.Attribute, aws.ToString(in.Value))
	case in.DisableApiStop != nil:
		x.stopProtected = aws.ToBool(in.DisableApiStop.Value)
	case in.DisableApiTermination != nil:
		x.protected = aws.ToBool(in.DisableApiTermination.Value)
	case in.EbsOptimized != nil:
		x.ebsOptimized = aws.ToBool(in.EbsOptimized.Value)
	case in.SourceDestCheck != nil:
		x.sourceDestCheck = aws.ToBool(in.SourceDestCheck.Value)
	case in.Groups != nil:
		if err := r.groupsIn(x.subnet.vpc, in.Groups); err != nil {
			return err
		}
		x.groups = slices.Clone(in.Groups)
	case in.InstanceInitiatedShutdownBehavior != nil:
		return r.modifyNamed(x, types.InstanceAttributeNameInstanceInitiatedShutdownBehavior, aws.ToString(in.InstanceInitiatedShutdownBehavior.Value))
	case in.InstanceType != nil:
		return r.modifyNamed(x, types.InstanceAttributeNameInstanceType, aws.ToString(in.InstanceType.Value))
	case in.UserData != nil:
		x.userData = base64.StdEncoding.EncodeToString(in.UserData.Value)
	}
	return nil
}

func (r *region) modifyNamed(x *instance, attribute types.InstanceAttributeName, value string) error {
	yes, err := strconv.ParseBool(value)
	switch attribute {
	case types.InstanceAttributeNameDisableApiTermination, types.InstanceAttributeNameDisableApiStop:
		if err != nil {
			return refuse("InvalidParameterValue", "Value (%s) for parameter value is invalid.", value)
		}
		if attribute == types.InstanceAttributeNameDisableApiStop {
			x.stopProtected = yes
		} else {
			x.protected = yes
		}
	case types.InstanceAttributeNameInstanceInitiatedShutdownBehavior:
		if value != "stop" && value != "terminate" {
			return refuse("InvalidParameterValue", "Value (%s) for parameter value is invalid.", value)
		}
		x.shutdown = value
	case types.InstanceAttributeNameInstanceType:
		t, ok := typeOf(value)
		switch {
		case !ok || !r.offers(value, ""):
			return refuse("InvalidParameterValue", "Invalid value '%s' for InstanceType.", value)
		case x.state != "stopped":
			return refuse("IncorrectInstanceState", "The instance '%s' is not in the 'stopped' state.", x.id)
		case t.arch != x.typ.arch:
			return refuse("InvalidParameterValue", "The architecture of '%s' is another.", value)
		}
		x.typ = t
	default:
		return refuse("InvalidParameterValue", "The attribute %s cannot be changed.", attribute)
	}
	return nil
}

// createTags puts tags on anything that has an ID.
func (r *region) createTags(in *ec2.CreateTagsInput) (*ec2.CreateTagsOutput, error) {
	if len(in.Resources) == 0 || len(in.Tags) == 0 {
		return nil, missing("ResourceId and Tag")
	}
	var all []*meta
	for _, id := range in.Resources {
		m, err := r.anything(id)
		if err != nil {
			return nil, err
		}
		if _, err := newTags(in.Tags, m.tags); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	for _, m := range all {
		m.tags, _ = newTags(in.Tags, m.tags) // checked above
	}
	return &ec2.CreateTagsOutput{}, nil
}

// deleteTags takes tags off. One that is not there is no error; one with a value goes only with that value. Without Tags all
// go but AWS's own.
func (r *region) deleteTags(in *ec2.DeleteTagsInput) (*ec2.DeleteTagsOutput, error) {
	if len(in.Resources) == 0 {
		return nil, missing("ResourceId")
	}
	for _, id := range in.Resources {
		m, err := r.anything(id)
		if err != nil {
			return nil, err
		}
		m.tags = maps.Clone(m.tags)
		maps.DeleteFunc(m.tags, func(key, value string) bool {
			return len(in.Tags) == 0 || slices.ContainsFunc(in.Tags, func(t types.Tag) bool {
				return aws.ToString(t.Key) == key && (t.Value == nil || *t.Value == value)
			})
		})
	}
	return &ec2.DeleteTagsOutput{}, nil
}

func metaOf[T resource](x T, err error) (*meta, error) {
	if err != nil {
		return nil, err
	}
	return x.base(), nil
}

func (r *region) anything(id string) (*meta, error) {
	switch prefix(id) {
	case "i":
		return metaOf(r.instances.use("ResourceId", &id))
	case "ami":
		return metaOf(r.images.use("ResourceId", &id))
	case "snap":
		return metaOf(r.snapshots.use("ResourceId", &id))
	case "vol":
		return metaOf(r.volumes.use("ResourceId", &id))
	case "sg":
		return metaOf(r.groups.use("ResourceId", &id))
	case "key":
		return metaOf(r.pairs.use("ResourceId", &id))
	case "pl":
		return metaOf(r.lists.use("ResourceId", &id))
	case "eipalloc":
		return metaOf(r.addresses.use("ResourceId", &id))
	case "vpc":
		return metaOf(r.vpcs.use("ResourceId", &id))
	case "subnet":
		return metaOf(r.subnets.use("ResourceId", &id))
	}
	return nil, refuse("InvalidID", "The ID '%s' is not valid", id)
}

func prefix(id string) string {
	for i := range len(id) {
		if id[i] == '-' {
			return id[:i]
		}
	}
	return ""
}
