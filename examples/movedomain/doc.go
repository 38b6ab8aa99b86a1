// Command movedomain moves a domain from Aliyun to Route 53, DNS first, without a moment in which it does not resolve.
//
//	go run ./examples/movedomain                      # without keys: a week between the packages' own fakes, in seconds
//	go run ./examples/movedomain -plan                # reads only: what will be done, what it costs, what stands against it
//	go run ./examples/movedomain -domain example.com -max-price 20 -report move.html
//	go run ./examples/movedomain -domain example.com -max-price 20 -undo switch
//
// It shows the plan first, as text and as an HTML report, and then goes through the 17 steps of package transfer: make the
// hosted zone, copy and compare the records, switch the name servers while the domain is still at Aliyun, wait until no
// cache has the old ones, and only then transfer the domain. What cannot be taken back and what costs money needs a typed
// word, or its -yes flag.
//
// # Going on, and going back
//
// The state is one JSON file, written before every change and after it. Run the same command again, after whatever ended
// it: what is done is not repeated, and a change whose answer was lost is looked up. A run that needs a person ends with
// exit code 4 and says what for. -undo STEP shows what a way back would do, and does it after a typed word; where there is
// none any more it says why.
//
// # Real and fake
//
// With the variables that -h lists both sides are real; with none of them both are fakes in this process, which share a
// virtual clock, so that days go by in a moment, and what a person would type is typed by the program. The fakes end with
// their process: to see a run go on in another one, keep them alive with -world and give its address to -at.
//
// # Exit codes
//
// 0 done, 1 failed, 2 bad input (nothing was changed), 3 what happened cannot be told, 4 a person must decide first,
// 130 interrupted.
package main
