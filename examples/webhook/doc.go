// Command webhook is a WeChat Official Account that answers: its callback URL takes what followers write, a model answers,
// and what the platform tells of publications and mass sends is shown as it comes.
//
//	go run ./examples/webhook                  # without keys: a demo, on fakes in this process
//	go run ./examples/webhook -listen :8080    # with keys: serves /wechat until Ctrl-C
//
// # Five seconds
//
// The platform wants an answer within 5 s, and comes back twice without one. A model needs longer. So the first two
// deliveries of a question may pass (callback.Config.Deliveries), which makes 15 s of it; the stream of the answer is read
// all the while. Whoever has waited for 13 s gets the sentences that are there, and the rest when they write 继续 or
// "more"; so does whoever gets an answer that is longer than a reply may be. The model is asked once, whatever the
// platform repeats.
//
// An answer that could not be given at all, because the platform did not come back, waits for 继续 as well. (A
// customer-service message would reach the follower by itself: callback.Config.Late is the place for it.)
//
// # The demo
//
// The fake account pushes to this program as the platform does, in safe mode, signed and encrypted, and shows what a
// follower would see. A second there is -second long, so that nobody has to wait. Beside questions it sends an event, the
// same message twice, a forged one, and publishes and mass-sends an article.
//
// # Where things are
//
// main.go reads flags and serves; platform.go reads the environment and connects; bot.go answers pushes, part.go cuts
// what is being written into replies, demo.go plays the followers.
//
// # Exit codes
//
// 0 done, or ended by Ctrl-C; 1 failed; 2 bad input.
package main
