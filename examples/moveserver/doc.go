// Command moveserver moves an EC2 instance to another Region, with its security groups, key pair, volumes and address, and
// switches DNS and CloudFront to it.
//
//	go run ./examples/moveserver                                  # without keys: a server of the packages' fakes, in a moment
//	go run ./examples/moveserver -plan                            # reads only: findings, steps, cost, how long
//	go run ./examples/moveserver -plan -json                      # the same for a program
//	go run ./examples/moveserver -id shop -from eu-central-1/i-0123456789abcdef0 -to us-east-1 -report move.html
//	go run ./examples/moveserver -spec move.json                  # all that package ec2move can do, as JSON
//	go run ./examples/moveserver -spec move.json -rollback
//
// It shows the plan first, as text, JSON or an HTML report with a picture of the time that it takes, and begins after a typed
// word. Then it says how far each volume is, until the copy serves and the old address is forgotten.
//
// # Going on, and going back
//
// The state is one JSON file, written after every step and before every call that AWS could do twice. Run the same command
// again, after whatever ended it: what is done is not repeated. A lost file costs reads only: everything is found again by its
// name. -rollback takes back what the move has made, and nothing else; the source is never terminated.
//
// # Real and fake
//
// With the variables that -h lists AWS is real; with none of them it is EC2, Route 53 and CloudFront of the packages' fakes in
// this process, on a virtual clock: hours go by in a moment. The server is described in demo/world.json, its move in
// demo/spec.json. The fakes end with their process: to see a move go on in another one, keep them alive with -serve and give
// their address to -at.
//
// # Exit codes
//
// 0 done, 1 failed, 2 bad input (nothing was changed), 3 what happened cannot be told, 4 a person must decide first,
// 130 interrupted.
package main
