// Command publish is the main job of kitroll: from a topic or a Markdown file to an article of a WeChat Official Account.
//
//	go run ./examples/publish                          # without keys: everything on the packages' own fakes
//	go run ./examples/publish -article post.md         # your text and its pictures, as a draft
//	go run ./examples/publish -article post.md -publish
//	go run ./examples/publish -topic "HTTP/3 in one page" -mass all
//
// It has the text written on a topic or reads it, keeps the pictures at their public addresses in R2, uploads them to
// WeChat, makes a draft, reads it back and compares, publishes or mass-sends it if that was asked for, and tells the
// operator by SMS how it ended. Each platform becomes real on its own, when its variables are in the environment; -h
// lists them. What is not real is a fake in this process, and the first lines say which.
//
// # Nothing twice
//
// Every step that costs money, reaches somebody or leaves something behind is written into a journal: before its request
// leaves, with what is needed to look its outcome up, and after its answer has come. The next run goes on from there,
// whatever ended this one. A request that left and was never answered is looked up at the platform: a cover among the
// materials, a draft in the draft box, a publication by its draft being gone, an SMS by its ID among the records; a mass
// send goes out again under its clientmsgid, which the platform sends once. Where the platform cannot tell, because a
// picture was being painted or the look-up comes too early, the run ends with "outcome unknown", says what a person can
// do, and never repeats by itself. The one thing that is repeated is the upload of a picture to WeChat whose answer was
// lost: it is free, counts against nothing, is seen by nobody, and cannot be asked for.
//
// # Where things are
//
// main.go reads flags and wires; pipeline.go declares the interfaces that the job needs and runs the steps, which are in
// write.go, pictures.go, draft.go and notify.go; step.go is the rule of doing things once, journal.go the memory.
// llm.go, r2.go, typeset.go, wechat.go and aliyun.go are the platforms' parts; fakes.go opens the fakes, settings.go reads
// the environment.
//
// # Exit codes
//
// 0 done, 1 failed, 2 bad input (nothing was sent), 3 an outcome is unknown, 4 a mass send was not confirmed,
// 130 interrupted. The address of the article goes to standard output, everything for people to standard error.
package main
