package iamroletest

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/kitroll/kitroll/awsops/awsopstest"
)

// locked runs effect under the lock, as a call of op.
func locked[O any](ctx context.Context, s *Server, op string, effect func() (*O, error)) (*O, error) {
	return awsopstest.Call(ctx, &s.Script, op, func() (*O, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return effect()
	})
}

// GetRole shows a role that readers see.
func (s *Server) GetRole(ctx context.Context, in *iam.GetRoleInput, _ ...func(*iam.Options)) (*iam.GetRoleOutput, error) {
	return locked(ctx, s, "GetRole", func() (*iam.GetRoleOutput, error) {
		r, err := s.role(aws.ToString(in.RoleName))
		if err != nil {
			return nil, err
		}
		return &iam.GetRoleOutput{Role: new(s.answerRole(r, true))}, nil
	})
}

// CreateRole makes a role whose name is free.
func (s *Server) CreateRole(ctx context.Context, in *iam.CreateRoleInput, _ ...func(*iam.Options)) (*iam.CreateRoleOutput, error) {
	return locked(ctx, s, "CreateRole", func() (*iam.CreateRoleOutput, error) {
		if err := checkName("roleName", in.RoleName, 64); err != nil {
			return nil, err
		}
		path, err := checkPath(in.Path)
		if err != nil {
			return nil, err
		}
		tags, err := checkTags(in.Tags)
		if err != nil {
			return nil, err
		}
		name := *in.RoleName
		if s.roles[name].now() != nil {
			return nil, awsopstest.Refuse("EntityAlreadyExists", "Role with name %s already exists.", name)
		}
		if err := s.checkTrust(aws.ToString(in.AssumeRolePolicyDocument)); err != nil {
			return nil, err
		}
		if b := aws.ToString(in.PermissionsBoundary); b != "" && !s.policies[b] {
			return nil, awsopstest.Refuse("NoSuchEntity", "Scope ARN: %s does not exist or is not attachable.", b)
		}
		if s.count() >= s.o.MaxRoles {
			return nil, awsopstest.Refuse("LimitExceeded", "Cannot exceed quota for RolesPerAccount: %d", s.o.MaxRoles)
		}
		r := &role{
			name: name, path: path, trust: *in.AssumeRolePolicyDocument, description: aws.ToString(in.Description), boundary: aws.ToString(in.PermissionsBoundary),
			id: s.id("AROA"), created: s.Clock.Now(), tags: tags, inline: map[string]string{},
		}
		if s.roles[name] == nil {
			s.roles[name] = &history[role]{}
		}
		s.roles[name].set(s.Clock.Now(), r)
		return &iam.CreateRoleOutput{Role: new(s.answerRole(r, true))}, nil
	})
}

func (s *Server) count() (n int) {
	for _, h := range s.roles {
		if h.now() != nil {
			n++
		}
	}
	return n
}

// DeleteRole refuses while anything hangs on the role.
func (s *Server) DeleteRole(ctx context.Context, in *iam.DeleteRoleInput, _ ...func(*iam.Options)) (*iam.DeleteRoleOutput, error) {
	return locked(ctx, s, "DeleteRole", func() (*iam.DeleteRoleOutput, error) {
		name := aws.ToString(in.RoleName)
		r := s.roles[name].now()
		if r == nil {
			return nil, awsopstest.Refuse("NoSuchEntity", "The role with name %s cannot be found.", name)
		}
		seen := s.roles[name].asOf(s.seen()) // what was just taken off still hangs on it
		switch {
		case len(r.managed) > 0, seen != nil && len(seen.managed) > 0:
			return nil, awsopstest.Refuse("DeleteConflict", "Cannot delete entity, must detach all policies first.")
		case len(r.inline) > 0, seen != nil && len(seen.inline) > 0:
			return nil, awsopstest.Refuse("DeleteConflict", "Cannot delete entity, must delete policies first.")
		}
		for _, h := range s.profiles {
			if p := h.now(); p != nil && p.role == name {
				return nil, awsopstest.Refuse("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
			}
		}
		s.roles[name].set(s.Clock.Now(), nil)
		return &iam.DeleteRoleOutput{}, nil
	})
}

// ListAttachedRolePolicies answers in pages of two, so that whoever stops at the first misses some.
func (s *Server) ListAttachedRolePolicies(ctx context.Context, in *iam.ListAttachedRolePoliciesInput, _ ...func(*iam.Options)) (*iam.ListAttachedRolePoliciesOutput, error) {
	return locked(ctx, s, "ListAttachedRolePolicies", func() (*iam.ListAttachedRolePoliciesOutput, error) {
		r, err := s.role(aws.ToString(in.RoleName))
		if err != nil {
			return nil, err
		}
		list, marker, err := page(r.managed, in.Marker)
		if err != nil {
			return nil, err
		}
		out := &iam.ListAttachedRolePoliciesOutput{Marker: marker, IsTruncated: marker != nil}
		for _, arn := range list {
			out.AttachedPolicies = append(out.AttachedPolicies, types.AttachedPolicy{PolicyArn: &arn})
		}
		return out, nil
	})
}

// page is two of a list, and the marker of the next.
func page(all []string, marker *string) (list []string, next *string, err error) {
	from := 0
	if marker != nil {
		if from = slices.Index(all, *marker); from < 0 {
			return nil, nil, invalid("Invalid Marker.")
		}
	}
	if to := from + 2; to < len(all) {
		return all[from:to], &all[to], nil
	}
	return all[from:], nil, nil
}

// AttachRolePolicy attaches a managed policy; one that is attached already is no error.
func (s *Server) AttachRolePolicy(ctx context.Context, in *iam.AttachRolePolicyInput, _ ...func(*iam.Options)) (*iam.AttachRolePolicyOutput, error) {
	return locked(ctx, s, "AttachRolePolicy", func() (*iam.AttachRolePolicyOutput, error) {
		arn := aws.ToString(in.PolicyArn)
		err := s.change(aws.ToString(in.RoleName), func(r *role) error {
			switch {
			case !s.policies[arn]:
				return awsopstest.Refuse("NoSuchEntity", "Policy %s does not exist or is not attachable.", arn)
			case slices.Contains(r.managed, arn):
				return nil
			case len(r.managed) >= s.o.MaxAttached:
				return awsopstest.Refuse("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: %d", s.o.MaxAttached)
			}
			r.managed = append(r.managed, arn)
			return nil
		})
		return &iam.AttachRolePolicyOutput{}, err
	})
}

// DetachRolePolicy takes one off.
func (s *Server) DetachRolePolicy(ctx context.Context, in *iam.DetachRolePolicyInput, _ ...func(*iam.Options)) (*iam.DetachRolePolicyOutput, error) {
	return locked(ctx, s, "DetachRolePolicy", func() (*iam.DetachRolePolicyOutput, error) {
		arn := aws.ToString(in.PolicyArn)
		err := s.change(aws.ToString(in.RoleName), func(r *role) error {
			i := slices.Index(r.managed, arn)
			if i < 0 {
				return awsopstest.Refuse("NoSuchEntity", "Policy %s was not found.", arn)
			}
			r.managed = slices.Delete(r.managed, i, i+1)
			return nil
		})
		return &iam.DetachRolePolicyOutput{}, err
	})
}

// ListRolePolicies are the names of the policies that are part of a role, in pages of two.
func (s *Server) ListRolePolicies(ctx context.Context, in *iam.ListRolePoliciesInput, _ ...func(*iam.Options)) (*iam.ListRolePoliciesOutput, error) {
	return locked(ctx, s, "ListRolePolicies", func() (*iam.ListRolePoliciesOutput, error) {
		r, err := s.role(aws.ToString(in.RoleName))
		if err != nil {
			return nil, err
		}
		list, marker, err := page(slices.Sorted(maps.Keys(r.inline)), in.Marker)
		return &iam.ListRolePoliciesOutput{PolicyNames: list, Marker: marker, IsTruncated: marker != nil}, err
	})
}

// GetRolePolicy answers it encoded.
func (s *Server) GetRolePolicy(ctx context.Context, in *iam.GetRolePolicyInput, _ ...func(*iam.Options)) (*iam.GetRolePolicyOutput, error) {
	return locked(ctx, s, "GetRolePolicy", func() (*iam.GetRolePolicyOutput, error) {
		r, err := s.role(aws.ToString(in.RoleName))
		if err != nil {
			return nil, err
		}
		doc, ok := r.inline[aws.ToString(in.PolicyName)]
		if !ok {
			return nil, awsopstest.Refuse("NoSuchEntity", "The role policy with name %s cannot be found.", aws.ToString(in.PolicyName))
		}
		return &iam.GetRolePolicyOutput{RoleName: in.RoleName, PolicyName: in.PolicyName, PolicyDocument: new(encode(doc))}, nil
	})
}

// PutRolePolicy writes or overwrites one.
func (s *Server) PutRolePolicy(ctx context.Context, in *iam.PutRolePolicyInput, _ ...func(*iam.Options)) (*iam.PutRolePolicyOutput, error) {
	return locked(ctx, s, "PutRolePolicy", func() (*iam.PutRolePolicyOutput, error) {
		if err := checkName("policyName", in.PolicyName, 128); err != nil {
			return nil, err
		}
		doc := aws.ToString(in.PolicyDocument)
		if err := checkPolicy(doc); err != nil {
			return nil, err
		}
		err := s.change(aws.ToString(in.RoleName), func(r *role) error {
			r.inline[*in.PolicyName] = doc
			size := 0
			for _, d := range r.inline {
				size += len(d)
			}
			if size > 10_240 {
				return awsopstest.Refuse("LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role %s", r.name)
			}
			return nil
		})
		return &iam.PutRolePolicyOutput{}, err
	})
}

// DeleteRolePolicy removes one.
func (s *Server) DeleteRolePolicy(ctx context.Context, in *iam.DeleteRolePolicyInput, _ ...func(*iam.Options)) (*iam.DeleteRolePolicyOutput, error) {
	return locked(ctx, s, "DeleteRolePolicy", func() (*iam.DeleteRolePolicyOutput, error) {
		err := s.change(aws.ToString(in.RoleName), func(r *role) error {
			if _, ok := r.inline[aws.ToString(in.PolicyName)]; !ok {
				return awsopstest.Refuse("NoSuchEntity", "The role policy with name %s cannot be found.", aws.ToString(in.PolicyName))
			}
			delete(r.inline, aws.ToString(in.PolicyName))
			return nil
		})
		return &iam.DeleteRolePolicyOutput{}, err
	})
}
