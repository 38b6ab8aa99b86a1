// Command storage finds out which of Vultr's storage products fits, shows what it would cost, buys it once, and prints how
// to mount it.
//
//	go run ./examples/storage                                          # asks; without a key all is bought on a fake in this process
//	go run ./examples/storage -access block -size 100 -iops 3000 -plan # no questions, and nothing is bought
//	go run ./examples/storage -access file -writers 2 -yes > mount.sh
//	VULTR_API_KEY=… go run ./examples/storage -access block -size 40 -label db -region ewr -instance UUID
//
// The choice comes with its reasons, and with the reason against each of the other products. The plan says what is there
// already, what is to be bought, what the platform says of its price, and what cannot be undone. Nothing is bought before
// "buy" is typed, or without -yes.
//
// # Nothing twice
//
// Things are known by their label and region, or cluster. The next run with the same label finds what this one has bought,
// attaches what is not attached, and buys nothing. Before a purchase leaves, the file intent.json in -out says so: when a
// run was killed in the middle of one, the next run looks for what came of it for a minute before it buys, since lists may
// be behind. When an answer is lost, the one thing of that label that has appeared since is taken; where that cannot be
// told, the program ends with "outcome unknown" and says where to look.
//
// # What comes out
//
// Shell lines for each machine go to standard output, everything for people to standard error. The keys of an object
// storage go into s3.env in -out, which only its owner can read, and are never printed.
//
// # Exit codes
//
// 0 done, 1 failed, 2 bad input (nothing was bought), 3 an outcome is unknown, 4 not confirmed, 130 interrupted.
//
// # Where things are
//
// main.go runs; flags.go and ask.go find out what is needed; plan.go says what is to be done, and buy.go does it;
// intent.go remembers what was about to be bought; platform.go opens the account, a real one or the fake.
package main
