package iamroletest

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/kitroll/kitroll/awsops/awsopstest"
)

// GetInstanceProfile shows a profile that readers see.
func (s *Server) GetInstanceProfile(ctx context.Context, in *iam.GetInstanceProfileInput, _ ...func(*iam.Options)) (*iam.GetInstanceProfileOutput, error) {
	return locked(ctx, s, "GetInstanceProfile", func() (*iam.GetInstanceProfileOutput, error) {
		p, err := s.profile(aws.ToString(in.InstanceProfileName))
		if err != nil {
			return nil, err
		}
		return &iam.GetInstanceProfileOutput{InstanceProfile: s.answerProfile(p)}, nil
	})
}

// CreateInstanceProfile makes a profile whose name is free.
func (s *Server) CreateInstanceProfile(ctx context.Context, in *iam.CreateInstanceProfileInput, _ ...func(*iam.Options)) (*iam.CreateInstanceProfileOutput, error) {
	return locked(ctx, s, "CreateInstanceProfile", func() (*iam.CreateInstanceProfileOutput, error) {
		if err := checkName("instanceProfileName", in.InstanceProfileName, 128); err != nil {
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
		name := *in.InstanceProfileName
		if s.profiles[name].now() != nil {
			return nil, awsopstest.Refuse("EntityAlreadyExists", "Instance Profile %s already exists.", name)
		}
		p := &profile{name: name, path: path, tags: tags, id: s.id("AIPA"), created: s.Clock.Now()}
		if s.profiles[name] == nil {
			s.profiles[name] = &history[profile]{}
		}
		s.profiles[name].set(s.Clock.Now(), p)
		return &iam.CreateInstanceProfileOutput{InstanceProfile: s.answerProfile(p)}, nil
	})
}

// DeleteInstanceProfile refuses while the profile holds a role.
func (s *Server) DeleteInstanceProfile(ctx context.Context, in *iam.DeleteInstanceProfileInput, _ ...func(*iam.Options)) (*iam.DeleteInstanceProfileOutput, error) {
	return locked(ctx, s, "DeleteInstanceProfile", func() (*iam.DeleteInstanceProfileOutput, error) {
		name := aws.ToString(in.InstanceProfileName)
		p, seen := s.profiles[name].now(), s.profiles[name].asOf(s.seen())
		switch {
		case p == nil:
			return nil, awsopstest.Refuse("NoSuchEntity", "Instance Profile %s cannot be found.", name)
		case p.role != "", seen != nil && seen.role != "":
			return nil, awsopstest.Refuse("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
		}
		s.profiles[name].set(s.Clock.Now(), nil)
		return &iam.DeleteInstanceProfileOutput{}, nil
	})
}

// AddRoleToInstanceProfile fills an empty profile.
func (s *Server) AddRoleToInstanceProfile(ctx context.Context, in *iam.AddRoleToInstanceProfileInput, _ ...func(*iam.Options)) (*iam.AddRoleToInstanceProfileOutput, error) {
	return locked(ctx, s, "AddRoleToInstanceProfile", func() (*iam.AddRoleToInstanceProfileOutput, error) {
		name := aws.ToString(in.InstanceProfileName)
		if _, err := s.profile(name); err != nil {
			return nil, err
		}
		if _, err := s.role(aws.ToString(in.RoleName)); err != nil {
			return nil, err
		}
		p := s.profiles[name].now()
		switch {
		case p == nil:
			return nil, awsopstest.Refuse("NoSuchEntity", "Instance Profile %s cannot be found.", name)
		case p.role != "":
			return nil, awsopstest.Refuse("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
		}
		next := *p
		next.role = *in.RoleName
		s.profiles[name].set(s.Clock.Now(), &next)
		return &iam.AddRoleToInstanceProfileOutput{}, nil
	})
}

// RemoveRoleFromInstanceProfile empties it.
func (s *Server) RemoveRoleFromInstanceProfile(ctx context.Context, in *iam.RemoveRoleFromInstanceProfileInput, _ ...func(*iam.Options)) (*iam.RemoveRoleFromInstanceProfileOutput, error) {
	return locked(ctx, s, "RemoveRoleFromInstanceProfile", func() (*iam.RemoveRoleFromInstanceProfileOutput, error) {
		name := aws.ToString(in.InstanceProfileName)
		p := s.profiles[name].now()
		if p == nil || p.role == "" || p.role != aws.ToString(in.RoleName) {
			return nil, awsopstest.Refuse("NoSuchEntity", "The role with name %s cannot be found in instance profile %s.", aws.ToString(in.RoleName), name)
		}
		next := *p
		next.role = ""
		s.profiles[name].set(s.Clock.Now(), &next)
		return &iam.RemoveRoleFromInstanceProfileOutput{}, nil
	})
}

// AttachProfile is EC2's AssociateIamInstanceProfile, which learns of profiles later than IAM shows them and has two words for
// it. An instance that has another profile keeps it. The operation is named "AssociateIamInstanceProfile" for the script.
func (s *Server) AttachProfile(ctx context.Context, instance, name string) error {
	_, err := locked(ctx, s, "AssociateIamInstanceProfile", func() (*struct{}, error) {
		p := s.profiles[name].asOf(s.Clock.Now().Add(-s.o.EC2Lag))
		switch {
		case p == nil:
			return nil, awsopstest.Refuse("InvalidParameterValue", "Value (%s) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name", name)
		case p.role == "":
			return nil, awsopstest.Refuse("InvalidParameterValue", "IAM Instance Profile %q has no associated IAM Roles", s.arn("instance-profile", p.path, p.name))
		}
		if there, ok := s.attached[instance]; ok && there != name {
			return nil, awsopstest.Refuse("IncorrectState", "There is an existing association for instance %s: %s", instance, there)
		}
		s.attached[instance] = name
		return &struct{}{}, nil
	})
	if err != nil {
		return fmt.Errorf("AssociateIamInstanceProfile: %w", err)
	}
	return nil
}

// AttachedProfile is the name of the profile that an instance has, "" for none.
func (s *Server) AttachedProfile(_ context.Context, instance string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attached[instance], nil
}
