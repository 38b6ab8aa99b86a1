package iamrole

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/kitroll/kitroll/awsops"
)

// settling is how long IAM may take to show what it has confirmed, and how long a look at it waits.
const (
	settling  = 2 * time.Minute
	lookAgain = 2 * time.Second
)

// EnsureInstanceRole makes the role, its policies and its profile, or finds them. It looks first, does what is missing, and
// returns when IAM shows all of it. Broken off at any call and run again it makes nothing twice: names are unique, tags are
// put on at creation, and attaching is a state. That EC2 knows the profile is another matter: see [Client.Attach].
//
// Errors are [*Error]: awsops.ErrInvalid with every problem of the role, awsops.ErrConflict with everything that stands against
// it before anything was done, awsops.ErrQuota, awsops.ErrDenied, awsops.ErrGone for a policy that does not exist,
// awsops.ErrUnknownOutcome when IAM does not show after two minutes what it has confirmed.
func (c *Client) EnsureInstanceRole(ctx context.Context, role Role) (Profile, error) {
	role, err := role.normal(c.partition())
	if err != nil {
		return Profile{}, err
	}
	began, done := c.caller.Clock.Now(), map[Step]bool{}
	var made Profile
	err = awsops.Poll(ctx, c.caller.Clock, lookAgain, func(ctx context.Context) (bool, error) {
		seen, err := c.observe(ctx, role)
		if err != nil {
			return false, err
		}
		plan := seen.plan(role, c.partition())
		if len(plan.Conflicts) > 0 {
			return false, conflict("EnsureInstanceRole", role.Name, "%s", strings.Join(plan.Conflicts, "; "))
		}
		if len(plan.Steps) == 0 {
			made.Name, made.ARN = role.ProfileName, aws.ToString(seen.profile.Arn)
			made.Role, made.RoleARN = role.Name, aws.ToString(seen.role.Arn)
			return true, nil
		}
		for _, s := range plan.Steps {
			if done[s] {
				continue // IAM has confirmed it and does not show it yet
			}
			switch err := c.step(ctx, role, s); {
			case err == nil:
				made.Created = append(made.Created, s.String())
				done[s] = true
			case codeOf(err) == "EntityAlreadyExists", s.Op == "AddRoleToInstanceProfile" && codeOf(err) == "LimitExceeded":
				done[s] = true // it is there: whose it is will be seen in the next look
				return false, nil
			case gone(err) && s.Op != "CreateRole" && !missingPolicy(err), codeOf(err) == "EntityTemporarilyUnmodifiable", codeOf(err) == "ConcurrentModification":
				if c.caller.Clock.Now().Sub(began) > settling {
					return false, err
				}
				return false, nil // what was just made is not known everywhere: again after the next look
			default:
				return false, err
			}
		}
		if c.caller.Clock.Now().Sub(began) > settling {
			return false, &Error{
				Op: "EnsureInstanceRole", Resource: role.Name, Err: awsops.ErrUnknownOutcome,
				Reason: fmt.Sprintf("IAM has confirmed it and does not show it: %s", joined(plan.Steps)),
			}
		}
		return false, nil
	})
	if err != nil {
		if _, ok := errors.AsType[*Error](err); !ok {
			err = &Error{Op: "EnsureInstanceRole", Resource: role.Name, Err: err}
		}
		return made, err
	}
	return made, nil
}

// missingPolicy tells the policy that does not exist from the role that is not known yet: the code is the same.
func missingPolicy(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Op == "AttachRolePolicy" && strings.Contains(strings.ToLower(e.Reason), "policy")
}

// step makes one call.
func (c *Client) step(ctx context.Context, role Role, s Step) (err error) {
	switch s.Op {
	case "CreateRole":
		in := &iam.CreateRoleInput{RoleName: &role.Name, AssumeRolePolicyDocument: new(role.trust()), Path: &role.Path, Tags: role.tags()}
		if role.Description != "" {
			in.Description = &role.Description
		}
		if role.Boundary != "" {
			in.PermissionsBoundary = &role.Boundary
		}
		_, err = do(ctx, c, s.Op, role.Name, c.api.CreateRole, in)
	case "AttachRolePolicy":
		_, err = do(ctx, c, s.Op, s.Resource, c.api.AttachRolePolicy, &iam.AttachRolePolicyInput{RoleName: &role.Name, PolicyArn: &s.Resource})
	case "PutRolePolicy":
		_, err = do(ctx, c, s.Op, role.Name+"/"+s.Resource, c.api.PutRolePolicy,
			&iam.PutRolePolicyInput{RoleName: &role.Name, PolicyName: &s.Resource, PolicyDocument: new(role.Inline[s.Resource])})
	case "CreateInstanceProfile":
		_, err = do(ctx, c, s.Op, role.ProfileName, c.api.CreateInstanceProfile,
			&iam.CreateInstanceProfileInput{InstanceProfileName: &role.ProfileName, Path: &role.Path, Tags: role.tags()})
	case "AddRoleToInstanceProfile":
		_, err = do(ctx, c, s.Op, role.ProfileName, c.api.AddRoleToInstanceProfile,
			&iam.AddRoleToInstanceProfileInput{InstanceProfileName: &role.ProfileName, RoleName: &role.Name})
	default:
		err = &Error{Op: s.Op, Resource: s.Resource, Err: errors.ErrUnsupported}
	}
	return err
}

// tags are sorted, ours first.
func (r Role) tags() []types.Tag {
	tags := []types.Tag{{Key: new(TagRole), Value: &r.ID}}
	for _, key := range slices.Sorted(maps.Keys(r.Tags)) {
		tags = append(tags, types.Tag{Key: &key, Value: new(r.Tags[key])})
	}
	return tags
}
