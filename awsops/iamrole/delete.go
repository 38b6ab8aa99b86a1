package iamrole

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/kitroll/kitroll/awsops"
)

// Delete removes the profile and the role that [Client.EnsureInstanceRole] made of the same Role. What does not carry our tag
// is never touched, and if anything stands against it (another role in the profile, policies that the Role does not name),
// nothing is done and the error, an awsops.ErrConflict, names all of it. What is not there is no error; what was made
// seconds ago may not be shown yet, and is then left: run it again. Broken off, it goes on where it stopped.
func (c *Client) Delete(ctx context.Context, role Role) error {
	role, err := role.normal(c.partition())
	if err != nil {
		return err
	}
	seen, err := c.observe(ctx, role)
	if err != nil {
		return err
	}
	inline, err := c.inline(ctx, role, seen)
	if err != nil {
		return err
	}
	if against := seen.againstDelete(role, inline); len(against) > 0 {
		return conflict("Delete", role.Name, "%s", strings.Join(against, "; "))
	}
	if seen.profile != nil {
		if err := c.deleteProfile(ctx, role, len(seen.profile.Roles) > 0); err != nil {
			return err
		}
	}
	if seen.role == nil {
		return nil
	}
	for _, arn := range seen.attached {
		_, err := do(ctx, c, "DetachRolePolicy", arn, c.api.DetachRolePolicy, &iam.DetachRolePolicyInput{RoleName: &role.Name, PolicyArn: &arn})
		if err != nil && !gone(err) {
			return err
		}
	}
	for _, name := range inline {
		_, err := do(ctx, c, "DeleteRolePolicy", role.Name+"/"+name, c.api.DeleteRolePolicy, &iam.DeleteRolePolicyInput{RoleName: &role.Name, PolicyName: &name})
		if err != nil && !gone(err) {
			return err
		}
	}
	return c.patiently(ctx, func(ctx context.Context) error {
		_, err := do(ctx, c, "DeleteRole", role.Name, c.api.DeleteRole, &iam.DeleteRoleInput{RoleName: &role.Name})
		return err
	})
}

// inline are the names of all policies that are part of the role.
func (c *Client) inline(ctx context.Context, role Role, seen observed) (names []string, err error) {
	if seen.role == nil {
		return nil, nil
	}
	in := &iam.ListRolePoliciesInput{RoleName: &role.Name}
	for {
		out, err := do(ctx, c, "ListRolePolicies", role.Name, c.api.ListRolePolicies, in)
		if err != nil {
			if gone(err) {
				return nil, nil
			}
			return nil, err
		}
		names = append(names, out.PolicyNames...)
		if !out.IsTruncated || aws.ToString(out.Marker) == "" {
			return names, nil
		}
		in = &iam.ListRolePoliciesInput{RoleName: &role.Name, Marker: out.Marker}
	}
}

func (seen observed) againstDelete(role Role, inline []string) (against []string) {
	if p := seen.profile; p != nil {
		if !owned(p.Tags, role.ID) {
			against = append(against, "profile "+role.ProfileName+" does not carry our tag")
		}
		for _, r := range p.Roles {
			if aws.ToString(r.RoleName) != role.Name {
				against = append(against, "profile "+role.ProfileName+" holds the role "+aws.ToString(r.RoleName))
			}
		}
	}
	if seen.role == nil {
		return against
	}
	if !owned(seen.role.Tags, role.ID) {
		against = append(against, "role "+role.Name+" does not carry our tag")
	}
	for _, arn := range seen.attached {
		if !slices.Contains(role.Managed, arn) {
			against = append(against, "role "+role.Name+" also has the policy "+arn)
		}
	}
	for _, name := range inline {
		if _, ok := role.Inline[name]; !ok {
			against = append(against, "role "+role.Name+" also has the inline policy "+name)
		}
	}
	return against
}

func (c *Client) deleteProfile(ctx context.Context, role Role, filled bool) error {
	if filled {
		_, err := do(ctx, c, "RemoveRoleFromInstanceProfile", role.ProfileName, c.api.RemoveRoleFromInstanceProfile,
			&iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: &role.ProfileName, RoleName: &role.Name})
		if err != nil && !gone(err) {
			return err
		}
	}
	return c.patiently(ctx, func(ctx context.Context) error {
		_, err := do(ctx, c, "DeleteInstanceProfile", role.ProfileName, c.api.DeleteInstanceProfile,
			&iam.DeleteInstanceProfileInput{InstanceProfileName: &role.ProfileName})
		return err
	})
}

// patiently repeats a deletion while IAM still sees what was just taken off.
func (c *Client) patiently(ctx context.Context, remove func(context.Context) error) error {
	began := c.caller.Clock.Now()
	err := awsops.Poll(ctx, c.caller.Clock, lookAgain, func(ctx context.Context) (bool, error) {
		err := remove(ctx)
		if codeOf(err) == "DeleteConflict" && c.caller.Clock.Now().Sub(began) <= settling {
			return false, nil
		}
		if gone(err) {
			err = nil
		}
		return err == nil, err
	})
	if _, ok := errors.AsType[*Error](err); err != nil && !ok {
		err = &Error{Op: "Delete", Err: err}
	}
	return err
}
