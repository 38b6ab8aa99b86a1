package iamroletest_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/iamroletest"
)

const (
	trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	ssm   = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
)

func code(t *testing.T, err error) string {
	t.Helper()
	refusal, ok := errors.AsType[smithy.APIError](err)
	require.True(t, ok, "%v", err)
	return refusal.ErrorCode()
}

// What IAM refuses, the fake refuses.
func TestRefusedRoles(t *testing.T) {
	t.Parallel()
	tag := func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} }
	for name, tt := range map[string]struct {
		edit func(*iam.CreateRoleInput)
		want string
	}{
		"no name":      {func(in *iam.CreateRoleInput) { in.RoleName = nil }, "ValidationError"},
		"a long name":  {func(in *iam.CreateRoleInput) { in.RoleName = new(strings.Repeat("x", 65)) }, "ValidationError"},
		"a blank":      {func(in *iam.CreateRoleInput) { in.RoleName = new("a b") }, "ValidationError"},
		"path":         {func(in *iam.CreateRoleInput) { in.Path = new("a") }, "ValidationError"},
		"taken":        {func(in *iam.CreateRoleInput) { in.RoleName = new("taken") }, "EntityAlreadyExists"},
		"no trust":     {func(in *iam.CreateRoleInput) { in.AssumeRolePolicyDocument = nil }, "MalformedPolicyDocument"},
		"no statement": {func(in *iam.CreateRoleInput) { in.AssumeRolePolicyDocument = new("{}") }, "MalformedPolicyDocument"},
		"no principal": {func(in *iam.CreateRoleInput) { in.AssumeRolePolicyDocument = new(`{"Statement":[{}]}`) }, "MalformedPolicyDocument"},
		"principal": {func(in *iam.CreateRoleInput) {
			in.AssumeRolePolicyDocument = new(strings.Replace(trust, "ec2.amazonaws.com", "ec2.example.com", 1))
		}, "MalformedPolicyDocument"},
		"a long trust":  {func(in *iam.CreateRoleInput) { in.AssumeRolePolicyDocument = new(trust + strings.Repeat(" ", 2048)) }, "LimitExceeded"},
		"boundary":      {func(in *iam.CreateRoleInput) { in.PermissionsBoundary = new("arn:aws:iam::aws:policy/None") }, "NoSuchEntity"},
		"tag of AWS":    {func(in *iam.CreateRoleInput) { in.Tags = []types.Tag{tag("aws:x", "y")} }, "InvalidInput"},
		"a tag twice":   {func(in *iam.CreateRoleInput) { in.Tags = []types.Tag{tag("X", "y"), tag("x", "z")} }, "InvalidInput"},
		"too many tags": {func(in *iam.CreateRoleInput) { in.Tags = make([]types.Tag, 51) }, "LimitExceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := iamroletest.NewServer(nil)
			srv.AddRole("taken", trust, nil)
			in := &iam.CreateRoleInput{RoleName: new("web"), AssumeRolePolicyDocument: new(trust)}
			tt.edit(in)
			_, err := srv.CreateRole(t.Context(), in)
			assert.Equal(t, tt.want, code(t, err))
			assert.Equal(t, []string{"role taken: "}, srv.Snapshot())
		})
	}
}

// Trap 26: what was done is seen later, by IAM's readers and, later still, by EC2.
func TestTrap26AnswersLagBehind(t *testing.T) {
	t.Parallel()
	srv := iamroletest.NewServer(nil)
	ctx := t.Context()
	_, err := srv.CreateRole(ctx, &iam.CreateRoleInput{RoleName: new("web"), AssumeRolePolicyDocument: new(trust)})
	require.NoError(t, err)
	_, err = srv.GetRole(ctx, &iam.GetRoleInput{RoleName: new("web")})
	assert.Equal(t, "NoSuchEntity", code(t, err))
	_, err = srv.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: new("web"), PolicyArn: new(ssm)})
	assert.Equal(t, "NoSuchEntity", code(t, err))
	_, err = srv.CreateRole(ctx, &iam.CreateRoleInput{RoleName: new("web"), AssumeRolePolicyDocument: new(trust)})
	assert.Equal(t, "EntityAlreadyExists", code(t, err), "the name is taken at once")

	srv.Clock.Advance(4 * time.Second)
	out, err := srv.GetRole(ctx, &iam.GetRoleInput{RoleName: new("web")})
	require.NoError(t, err)
	assert.Contains(t, *out.Role.AssumeRolePolicyDocument, "%22Effect%22%3A%22Allow%22", "policies are answered encoded")
	_, err = srv.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: new("web")})
	require.NoError(t, err)
	require.ErrorContains(t, srv.AttachProfile(ctx, "i-1", "web"), "Invalid IAM Instance Profile name")
	srv.Clock.Advance(13 * time.Second)
	add := &iam.AddRoleToInstanceProfileInput{InstanceProfileName: new("web"), RoleName: new("web")}
	_, err = srv.AddRoleToInstanceProfile(ctx, add)
	require.NoError(t, err)
	require.ErrorContains(t, srv.AttachProfile(ctx, "i-1", "web"), "has no associated IAM Roles")
	_, err = srv.AddRoleToInstanceProfile(ctx, add)
	assert.Equal(t, "LimitExceeded", code(t, err), "a profile holds one role")
	srv.Clock.Advance(13 * time.Second)
	require.NoError(t, srv.AttachProfile(ctx, "i-1", "web"))
	_, err = srv.DeleteInstanceProfile(ctx, &iam.DeleteInstanceProfileInput{InstanceProfileName: new("web")})
	assert.Equal(t, "DeleteConflict", code(t, err))
	_, err = srv.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: new("web")})
	assert.Equal(t, "DeleteConflict", code(t, err))
}

func TestInlinePolicies(t *testing.T) {
	t.Parallel()
	srv := iamroletest.NewServer(nil)
	srv.AddRole("web", trust, nil)
	put := func(doc string) error {
		_, err := srv.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: new("web"), PolicyName: new("p"), PolicyDocument: &doc})
		return err
	}
	assert.Equal(t, "MalformedPolicyDocument", code(t, put("x")))
	assert.Equal(t, "MalformedPolicyDocument", code(t, put("{}")))
	assert.Equal(t, "LimitExceeded", code(t, put(`{"Statement":"`+strings.Repeat("x", 10_240)+`"}`)))
	assert.Equal(t, []string{"role web: "}, srv.Snapshot(), "a refused policy is not kept")
}
