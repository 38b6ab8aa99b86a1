// Package wechattest is a WeChat Official Account in memory: for tests, for examples, and for trying out what the
// platform's own sandbox has not, which is drafts, publishing and mass sends.
//
//	srv := wechattest.NewServer()
//	defer srv.Close()
//	c, err := wechat.New(srv.Config())
//
// It is as strict as the platform. What WeChat refuses it refuses with the same errcode: chunked bodies, \uXXXX in the
// JSON, uploads without a file name, an extension that does not match the content, is_to_all as a string, ids that do
// not exist, titles that are too long, quotas that are used up, tokens that have expired, accounts without permission.
// What WeChat does in silence it does in silence: scripts, classes, foreign pictures and outside links vanish from an
// article, and a style attribute with an HTML entity becomes empty. It answers as text/plain, without an errcode on
// success.
//
// And it remembers: materials, drafts, jobs that finish a little later and consume their draft, which clientmsgid was
// used, followers and their tags, menus, how many calls of each kind the day has had. With Options.StateFile it does so over restarts of the process, so that a program can be killed at any moment
// and meets the platform's memory when it runs again.
//
// The embedded fault script makes it misbehave; its operations are the API's paths after /cgi-bin/:
//
//	srv.LoseNext("draft/add")            // the draft is made, the answer is lost
//	srv.DropNext("freepublish/submit")   // the connection ends before anything happens
//	srv.FailNext("draft/add", 45009)     // this errcode and no effect
//	srv.Calls("message/mass/sendall")    // how often it was called
//	srv.FailNextPublish(4, 1)            // the audit refuses the first article
//	srv.EndNextMass("err(20008)")        // accepted, and not sent
//	srv.LoseNextPush()                   // nobody hears how the next job ended
//
// The ends of jobs are told at their moment: [Server.Events] gives them to a Wait of the same process.
//
// Nothing here listens on a port: [Server.Config] brings an HTTP client whose every connection ends in the fake, for
// any host. As an http.Handler the Server can be mounted on a port as well. It works inside a testing/synctest bubble.
//
// It was made from the platform's documentation and from field reports (read 2026-11), not from its code: what only
// those who run it know, such as the order in which it checks, is a guess here.
package wechattest
