// Package cwlogstest is CloudWatch Logs in memory, on the virtual clock of awsopstest: hours pass while somebody sleeps on it.
//
//	srv := cwlogstest.NewServer()
//	srv.AddGroup("/app/web")
//	srv.Put("/app/web", "i-1", "hello")
//	client, err := cwlogs.New(srv.Config())
//
// It has the faults of the real one, which [Behaviour] sets: events that can be found only a while after they were ingested,
// empty pages in the midst of a list, tokens that are good for one query, refusals for the rate, live tail that samples above
// 500 events a second, drops half above 200 without a word, forgets what is not read in time and ends after three hours.
// What the platform refuses, it refuses. Filter patterns are terms, "quoted", -excluded and ?optional ones; Insights knows
// fields, filter like, sort and limit. Anything else is refused and not ignored.
package cwlogstest
