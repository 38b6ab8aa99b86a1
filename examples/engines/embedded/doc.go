// Package embedded is a test of the Temporal workflow against Temporal's real server, which runs in the test's own process. It
// compiles for minutes, and so it is a module of its own that is tested nightly: .ci/temporal.
package embedded
