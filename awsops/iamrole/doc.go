// Package iamrole makes the role of an EC2 instance and its instance profile, once, whatever happens on the way.
//
// # What the platform does
//
// An instance gets its rights from an instance profile, which holds exactly one role. Names of both are unique in the account,
// and IAM's answers are eventually consistent: what was just created may be unknown to the next call, and EC2 does not know
// a new profile for a while and says "Invalid IAM Instance Profile name", or that it has no associated roles.
//
// # What the package promises
//
//   - [Client.EnsureInstanceRole] can be broken off at any call and run again: everything has a name, and what is there is
//     taken if it is ours (tag "awsops:role") and as it should be.
//   - Nothing is widened in silence. A role of somebody else, a role that others than EC2 may assume, or a profile with another
//     role is an [awsops.ErrConflict] that names the difference; [Adopt] says what may be taken over.
//   - [Client.Plan] shows what would be created and attached, and reads only.
//   - [Client.Attach] repeats the call that gives the profile to an instance for about two minutes, and only when EC2 says one
//     of the two things that mean "not yet".
//   - [Client.Delete] deletes nothing without our tag.
//
// # A role for the CloudWatch agent
//
//	c, err := iamrole.New(iamrole.Config{AWS: cfg})
//	…
//	profile, err := c.EnsureInstanceRole(ctx, iamrole.Role{Name: "web"}) // two managed policies by default
//	…
//	err = c.Attach(ctx, profile, func(ctx context.Context, name string) error {
//		return instances.AttachProfile(ctx, "i-0123456789abcdef0", name)
//	}, nil)
//
// # Limits
//
// Who attaches the profile needs iam:PassRole for the role; [Profile.PassRolePolicy] is the statement. The principal of EC2 in
// the Chinese partition is unverified ([Role].Principal overrides it). Managed policies of one's own are given by ARN.
//
// # Sources
//
// IAM API reference (2010-05-08) and user guide, "Use an IAM role to grant permissions to applications running on Amazon EC2
// instances", and the SDK, service/iam v1.65.0; read 2026-11. Nothing was run against the real IAM.
package iamrole
