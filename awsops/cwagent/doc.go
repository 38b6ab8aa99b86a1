// Package cwagent installs the CloudWatch agent on an instance, configures it, and proves that its metrics arrive, all through
// Systems Manager: no SSH, no open port, no key.
//
// # What the platform does
//
// Systems Manager reaches an instance that has a role and an ssm-agent with a way out. A command is sent to it, is not known
// for a moment (InvocationDoesNotExist), and ends in one of ten ways. "Success" says that a program ended well, and not that
// one data point was published. The call that sends a command has no token, so that a lost answer leaves it unknown whether it
// was sent. Its output is cut at 24,000 characters, its errors at 8,000. The agent's fetch-config replaces whatever others
// have configured.
//
// # What the package promises
//
//   - [Client.Install] does what is missing in order: role, online, package, parameter, configuration, running, data points.
//     Broken off at any call and run again, it goes on: what it sends may be repeated without harm and carries the ID of the
//     run in its comment, by which a command that is under way is found and joined.
//   - Adding never wipes what others have configured: the configuration is appended under a name of its own, unless
//     [InstallOptions].Replace asks for more.
//   - An instance that does not come online is explained: the reasons are listed in the order in which they are likely.
//   - A package from the script is checked against the pinned fingerprint of AWS's key before anything of it is run.
//   - It ends when a data point has been seen ([ArrivalChecker]), and says so when nobody could look.
//
// # An instance
//
//	c, err := cwagent.New(cwagent.Config{AWS: cfg})
//	…
//	for event, err := range c.Install(ctx, "i-0123456789abcdef0", agentconf.Host(nil), &cwagent.InstallOptions{
//		Roles: instances, Profile: "web", Arrival: metrics,
//	}) {
//		if err != nil {
//			return err // *cwagent.Error, with the step, the reason, and what to do
//		}
//		fmt.Println(event)
//	}
//
// # Limits
//
// One instance at a time. The script knows the Linux distributions that AWS builds packages for; Windows is installed through
// AWS's own package. Plain Parameter Store holds 4 KB of configuration; twice that is charged and has to be allowed.
//
// # Sources
//
// Systems Manager API reference (2014-11-06) and the SDK, service/ssm v1.82.1; CloudWatch user guide, "Install the CloudWatch
// agent"; the agent's own amazon-cloudwatch-agent-ctl; read 2026-11. Nothing was run against the real Systems Manager; what
// nobody has tried is marked unverified where it is used.
package cwagent
