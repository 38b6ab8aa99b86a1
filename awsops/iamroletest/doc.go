// Package iamroletest is IAM in memory, as far as instance roles go: names that exist once, answers that lag behind what was
// done, policies encoded as IAM encodes them, quotas, conflicts on deletion, and beside it the part of EC2 that does not know a
// new profile yet. Time is a virtual clock, and faults come from a script:
//
//	srv := iamroletest.NewServer(nil)
//	srv.LoseNext("CreateRole") // takes effect, its answer is lost
//	c, err := iamrole.New(srv.Config())
//
// The text of refusals is IAM's where it is documented (API reference 2010-05-08, troubleshooting guides; read 2026-11), and
// else unverified.
package iamroletest
