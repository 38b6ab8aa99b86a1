package ec2movetest

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// association is an instance profile on an instance.
type association struct {
	meta

	instance, arn string
	state         types.IamInstanceProfileAssociationState
}

func (a *association) profileID() string { return "AIPA" + strings.ToUpper(hexOf(a.arn, 0)[:17]) }

func (r *region) profileOf(instance string) *association {
	i := slices.IndexFunc(r.associations.all, func(a *association) bool { return a.instance == instance })
	if i < 0 {
		return nil
	}
	return r.associations.all[i]
}

// profile finds an instance profile of IAM. One that was just made there is not known yet: see [Cloud.AddProfile].
func (r *region) profile(p *types.IamInstanceProfileSpecification) (arn string, err error) {
	name, field := aws.ToString(p.Name), "name"
	if p.Arn != nil {
		if p.Name != nil {
			return "", refuse("InvalidParameterCombination", "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'")
		}
		head := "arn:" + partition(r.name) + ":iam::" + r.cloud.account + ":instance-profile/"
		rest, ok := strings.CutPrefix(*p.Arn, head)
		if !ok {
			return "", refuse("InvalidParameterValue", "Value (%s) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN", *p.Arn)
		}
		name, field = rest[strings.LastIndex(rest, "/")+1:], "arn"
	}
	known, ok := r.cloud.profiles[name]
	switch {
	case name == "":
		return "", missing("IamInstanceProfile.Name")
	case !ok || known.unknownFor > 0:
		if ok {
			known.unknownFor--
		}
		if field == "arn" {
			return "", refuse("InvalidParameterValue", "Value (%s) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN", *p.Arn)
		}
		return "", refuse("InvalidParameterValue", "Value (%s) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name", name)
	case known.emptyFor > 0:
		known.emptyFor--
		return "", refuse("InvalidParameterValue", "IAM Instance Profile \"%s\" has no associated IAM Roles", r.profileARN(name))
	}
	return r.profileARN(name), nil
}

func (r *region) profileARN(name string) string {
	return "arn:" + partition(r.name) + ":iam::" + r.cloud.account + ":instance-profile/" + name
}

// iamProfile is an instance profile in IAM, which is the same in all Regions.
type iamProfile struct{ unknownFor, emptyFor int }

// AddProfile makes an instance profile. EC2 does not know it for so many calls, and finds no role in it for so many more.
func (c *Cloud) AddProfile(name string, unknownFor, emptyFor int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.profiles[name] = &iamProfile{unknownFor, emptyFor}
}

func (r *region) associate(instance, arn string) *association {
	a := &association{meta: meta{id: r.cloud.id("iip-assoc", r.name)}, instance: instance, arn: arn, state: types.IamInstanceProfileAssociationStateAssociated}
	r.associations.put(r, a)
	return a
}

func (r *region) associateIamInstanceProfile(in *ec2.AssociateIamInstanceProfileInput) (*ec2.AssociateIamInstanceProfileOutput, error) {
	if in.IamInstanceProfile == nil {
		return nil, missing("IamInstanceProfile")
	}
	x, err := r.instances.use("InstanceId", in.InstanceId)
	if err != nil {
		return nil, err
	}
	arn, err := r.profile(in.IamInstanceProfile)
	if err != nil {
		return nil, err
	}
	if x.state != "running" && x.state != "stopped" && x.state != "pending" {
		return nil, refuse("IncorrectInstanceState", "The instance '%s' is in the state %s.", x.id, x.state)
	}
	if r.profileOf(x.id) != nil {
		return nil, refuse("IncorrectState", "There is an existing association for instance %s", x.id)
	}
	a := r.associate(x.id, arn)
	d := a.describe()
	d.State = types.IamInstanceProfileAssociationStateAssociating
	return &ec2.AssociateIamInstanceProfileOutput{IamInstanceProfileAssociation: &d}, nil
}

func (r *region) replaceIamInstanceProfileAssociation(in *ec2.ReplaceIamInstanceProfileAssociationInput) (*ec2.ReplaceIamInstanceProfileAssociationOutput, error) {
	if in.IamInstanceProfile == nil {
		return nil, missing("IamInstanceProfile")
	}
	a, err := r.associations.use("AssociationId", in.AssociationId)
	if err != nil {
		return nil, err
	}
	arn, err := r.profile(in.IamInstanceProfile)
	if err != nil {
		return nil, err
	}
	r.associations.remove(a.id)
	d := r.associate(a.instance, arn).describe()
	d.State = types.IamInstanceProfileAssociationStateAssociating
	return &ec2.ReplaceIamInstanceProfileAssociationOutput{IamInstanceProfileAssociation: &d}, nil
}

func (a *association) describe() types.IamInstanceProfileAssociation {
	return types.IamInstanceProfileAssociation{
		AssociationId: aws.String(a.id), InstanceId: aws.String(a.instance), State: a.state,
		IamInstanceProfile: &types.IamInstanceProfile{Arn: aws.String(a.arn), Id: aws.String(a.profileID())},
	}
}

func (r *region) describeIamInstanceProfileAssociations(in *ec2.DescribeIamInstanceProfileAssociationsInput) (*ec2.DescribeIamInstanceProfileAssociationsOutput, error) {
	found, err := r.associations.lookup(in.AssociationIds, in.Filters, map[string]func(*association) []string{
		"instance-id": func(a *association) []string { return one(a.instance) },
		"state":       func(a *association) []string { return one(string(a.state)) },
	})
	if err != nil {
		return nil, err
	}
	found, next, err := page(r, found, in.MaxResults, in.NextToken, len(in.AssociationIds) > 0)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeIamInstanceProfileAssociationsOutput{NextToken: next}
	for _, a := range found {
		out.IamInstanceProfileAssociations = append(out.IamInstanceProfileAssociations, a.describe())
	}
	return out, nil
}
