package iamrole

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/kitroll/kitroll/awsops"
)

// Step is one call that would be made.
type Step struct {
	Op       string // "CreateRole", "AttachRolePolicy" …
	Resource string // the name, or the ARN of the policy
}

// String is the step as in "AttachRolePolicy arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore".
func (s Step) String() string { return s.Op + " " + s.Resource }

// Plan is what [Client.EnsureInstanceRole] would do now, to be shown before it is done.
type Plan struct {
	Role      Role // with its defaults, the policies by ARN
	Partition awsops.Partition
	Steps     []Step   // nothing to do when empty
	Conflicts []string // why it would be refused
	Notes     []string // what a person should know, one sentence each
}

// String is the plan as a person reads it.
func (p *Plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "role %s, profile %s (%s)\n", p.Role.Name, p.Role.ProfileName, p.Partition)
	if len(p.Steps)+len(p.Conflicts) == 0 {
		b.WriteString("  nothing to do\n")
	}
	for _, s := range p.Steps {
		fmt.Fprintf(&b, "  + %s\n", s)
	}
	for _, s := range p.Conflicts {
		fmt.Fprintf(&b, "  ! %s\n", s)
	}
	for _, s := range p.Notes {
		fmt.Fprintf(&b, "  note: %s\n", s)
	}
	return b.String()
}

// Plan looks at what is there and says what [Client.EnsureInstanceRole] would do. It changes nothing and refuses nothing but an
// invalid role.
func (c *Client) Plan(ctx context.Context, role Role) (*Plan, error) {
	role, err := role.normal(c.partition())
	if err != nil {
		return nil, err
	}
	seen, err := c.observe(ctx, role)
	if err != nil {
		return nil, err
	}
	return seen.plan(role, c.partition()), nil
}

// observed is what IAM shows. nil = it is not there.
type observed struct {
	role     *types.Role
	profile  *types.InstanceProfile
	attached []string          // ARNs
	inline   map[string]string // those that are asked for
}

// observe reads the role, its policies and the profile.
func (c *Client) observe(ctx context.Context, role Role) (seen observed, err error) {
	r, err := do(ctx, c, "GetRole", role.Name, c.api.GetRole, &iam.GetRoleInput{RoleName: &role.Name})
	switch {
	case gone(err):
	case err != nil:
		return seen, err
	case r.Role == nil:
		return seen, &Error{Op: "GetRole", Resource: role.Name, Reason: "the answer holds no role", Err: awsops.ErrFailed}
	default:
		seen.role = r.Role
		if err := c.observePolicies(ctx, role, &seen); err != nil && !gone(err) { // gone: it was deleted in between, or shown too early
			return seen, err
		}
	}
	p, err := do(ctx, c, "GetInstanceProfile", role.ProfileName, c.api.GetInstanceProfile, &iam.GetInstanceProfileInput{InstanceProfileName: &role.ProfileName})
	switch {
	case gone(err):
		return seen, nil
	case err != nil:
		return seen, err
	case p.InstanceProfile == nil:
		return seen, &Error{Op: "GetInstanceProfile", Resource: role.ProfileName, Reason: "the answer holds no profile", Err: awsops.ErrFailed}
	}
	seen.profile = p.InstanceProfile
	return seen, nil
}

func (c *Client) observePolicies(ctx context.Context, role Role, seen *observed) (err error) {
	if seen.attached, err = c.attached(ctx, role.Name); err != nil {
		return err
	}
	seen.inline = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(role.Inline)) {
		out, err := do(ctx, c, "GetRolePolicy", role.Name+"/"+name, c.api.GetRolePolicy, &iam.GetRolePolicyInput{RoleName: &role.Name, PolicyName: &name})
		switch {
		case gone(err):
		case err != nil:
			return err
		default:
			seen.inline[name] = aws.ToString(out.PolicyDocument)
		}
	}
	return nil
}

// attached are the ARNs of all managed policies of a role.
func (c *Client) attached(ctx context.Context, role string) (arns []string, err error) {
	in := &iam.ListAttachedRolePoliciesInput{RoleName: &role}
	for {
		out, err := do(ctx, c, "ListAttachedRolePolicies", role, c.api.ListAttachedRolePolicies, in)
		if err != nil {
			return nil, err
		}
		for _, p := range out.AttachedPolicies {
			arns = append(arns, aws.ToString(p.PolicyArn))
		}
		if !out.IsTruncated || aws.ToString(out.Marker) == "" {
			return arns, nil
		}
		in = &iam.ListAttachedRolePoliciesInput{RoleName: &role, Marker: out.Marker}
	}
}

func owned(tags []types.Tag, id string) bool {
	return slices.ContainsFunc(tags, func(t types.Tag) bool { return aws.ToString(t.Key) == TagRole && aws.ToString(t.Value) == id })
}

// plan compares.
func (seen observed) plan(role Role, p awsops.Partition) *Plan {
	plan := &Plan{Role: role, Partition: p}
	step := func(op, resource string) { plan.Steps = append(plan.Steps, Step{op, resource}) }
	against := func(format string, args ...any) {
		plan.Conflicts = append(plan.Conflicts, fmt.Sprintf(format, args...))
	}
	mine := true
	if seen.role == nil {
		step("CreateRole", role.Name)
	} else {
		mine = owned(seen.role.Tags, role.ID)
		seen.againstRole(role, p, mine, against)
	}
	for _, arn := range role.Managed {
		if !slices.Contains(seen.attached, arn) {
			step("AttachRolePolicy", arn)
		}
	}
	for _, arn := range seen.attached {
		if !slices.Contains(role.Managed, arn) {
			plan.Notes = append(plan.Notes, fmt.Sprintf("%s is attached too, and stays", arn))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(role.Inline)) {
		switch there, ok := seen.inline[name]; {
		case ok && samePolicy(there, role.Inline[name]):
		case ok && !mine:
			against("role %s: its policy %s is another, and the role is not ours", role.Name, name)
		default:
			step("PutRolePolicy", name)
		}
	}
	if lacks := len(plan.Steps); !mine && role.Adopt == AdoptAsIs && lacks > 0 {
		against("role %s: it is to be used as it is, and lacks %s", role.Name, joined(plan.Steps))
	}
	seen.planProfile(role, step, against)
	return plan
}

func joined(steps []Step) string {
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = s.Resource
	}
	return strings.Join(names, ", ")
}

// againstRole is what stands against using a role that is there.
func (seen observed) againstRole(role Role, p awsops.Partition, mine bool, against func(string, ...any)) {
	r := seen.role
	if part, ok := awsops.PartitionOfARN(aws.ToString(r.Arn)); ok && part != p {
		against("role %s is of the partition %s, and the Region's is %s", role.Name, part, p)
	}
	if !mine && role.Adopt == AdoptNever {
		against("role %s is there, without the tag %s=%s: it is somebody else's", role.Name, TagRole, role.ID)
	}
	if why := judge(aws.ToString(r.AssumeRolePolicyDocument), role.Principal); why != "" {
		against("role %s: %s", role.Name, why)
	}
	if role.Path != "/" && aws.ToString(r.Path) != role.Path {
		against("role %s has the path %s", role.Name, aws.ToString(r.Path))
	}
	boundary := ""
	if r.PermissionsBoundary != nil {
		boundary = aws.ToString(r.PermissionsBoundary.PermissionsBoundaryArn)
	}
	if boundary != role.Boundary {
		against("role %s has the boundary %q, and %q is wanted", role.Name, boundary, role.Boundary)
	}
}

func (seen observed) planProfile(role Role, step func(op, resource string), against func(string, ...any)) {
	p := seen.profile
	if p == nil {
		step("CreateInstanceProfile", role.ProfileName)
		step("AddRoleToInstanceProfile", role.ProfileName)
		return
	}
	mine := owned(p.Tags, role.ID)
	if !mine && role.Adopt == AdoptNever {
		against("profile %s is there, without the tag %s=%s: it is somebody else's", role.ProfileName, TagRole, role.ID)
	}
	switch {
	case len(p.Roles) == 0:
		if !mine && role.Adopt == AdoptAsIs {
			against("profile %s: it is to be used as it is, and holds no role", role.ProfileName)
		}
		step("AddRoleToInstanceProfile", role.ProfileName)
	case aws.ToString(p.Roles[0].RoleName) != role.Name:
		against("profile %s holds the role %s, and a profile holds one", role.ProfileName, aws.ToString(p.Roles[0].RoleName))
	}
}
