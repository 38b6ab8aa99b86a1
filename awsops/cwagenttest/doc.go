// Package cwagenttest is Systems Manager in memory with instances that come online late or never, and on each a CloudWatch agent
// that keeps its configurations as the real one does: configure removes all others, configure (append) adds. Commands take
// time, are not shown at once, end in every way that AWS has, and have their output cut where AWS cuts it. Data points follow
// when the agent runs with rights and a configuration. Time is a virtual clock, and faults come from a script:
//
//	srv := cwagenttest.NewServer(nil)
//	srv.AddInstance(cwagenttest.Instance{ID: "i-0123456789abcdef0", Profile: "web"})
//	srv.LoseNext("SendCommand") // it is sent, and its answer is lost
//	c, err := cwagent.New(srv.Config())
//
// It runs no shell: it knows the scripts of package cwagent by their first line, and does what they do. That they do it is
// tested there, under a real sh.
//
// The text of refusals is AWS's where it is documented (API reference 2014-11-06; read 2026-11), and else unverified.
package cwagenttest
