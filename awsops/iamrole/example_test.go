package iamrole_test

import (
	"context"
	"fmt"

	"github.com/kitroll/kitroll/awsops/iamrole"
	"github.com/kitroll/kitroll/awsops/iamroletest"
)

func ExampleClient_EnsureInstanceRole() {
	srv := iamroletest.NewServer(nil) // real code: iamrole.Config{AWS: aws.Config{Region: …, Credentials: …}}
	c, err := iamrole.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, role := context.Background(), iamrole.Role{Name: "web"}
	plan, err := c.Plan(ctx, role)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(plan)
	profile, err := c.EnsureInstanceRole(ctx, role)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(profile.ARN)
	// EC2 learns of it later: the call that needs it is repeated until it does.
	fmt.Println(c.Attach(ctx, profile, func(ctx context.Context, name string) error {
		return srv.AttachProfile(ctx, "i-0123456789abcdef0", name)
	}, nil))
	// Output:
	// role web, profile web (aws)
	//   + CreateRole web
	//   + AttachRolePolicy arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore
	//   + AttachRolePolicy arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy
	//   + CreateInstanceProfile web
	//   + AddRoleToInstanceProfile web
	// arn:aws:iam::123456789012:instance-profile/web
	// <nil>
}

func ExampleClient_Delete() {
	srv := iamroletest.NewServer(nil)
	c, err := iamrole.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	srv.AddRole("web", `{"Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`, nil)
	fmt.Println(c.Delete(context.Background(), iamrole.Role{Name: "web"}))
	// Output: iamrole: Delete web: the state does not allow it: role web does not carry our tag
}
