// Package awsops is what its sub-packages share: events, kinds of errors, partitions, and waiting. It imports no service of
// AWS, so that whoever uses one sub-package compiles one service.
//
//   - ec2move moves an EC2 instance to another Region
//   - cdn puts CloudFront before a server
//   - iamrole makes the role of an instance
//   - cwagent installs and configures the CloudWatch agent, and proves that its metrics arrive
//   - cwlogs reads and follows logs
//   - cwmetrics reads metrics
//
// # What they promise
//
// Whatever makes AWS do something can be broken off at any point and run again: names and tokens derive from an ID that the
// caller chose, so that the second run finds what the first one made. Where AWS offers no key by which that could be known
// for certain, the error is [ErrUnknownOutcome] and names what to look at.
//
// Long operations are followed on the caller's goroutine, with an [Event] for every look, and end at once with AWS's own
// reason when AWS has given up. They have no time limit: that is the affair of the context.
//
// # Errors
//
// Each sub-package has one *Error with the step or operation, AWS's code and words, and the request ID; errors.Is finds the
// kinds above all packages ([ErrQuota], [ErrDenied] …).
//
// # Tests
//
// Each has a fake beside it. They share the virtual clock and the faults of awsopstest, so that a test of a program that uses
// several has one time.
package awsops
