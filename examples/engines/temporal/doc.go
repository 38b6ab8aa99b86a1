// Command temporal moves an EC2 instance to another Region as a workflow of Temporal.
//
//	cd examples/engines/temporal
//	go run .                                              # on the fakes, in Temporal's test environment: no server, no waiting
//	go run . -address localhost:7233 -worker              # real: a worker, with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
//	go run . -address localhost:7233 -spec spec.json      # real: starts the move, and follows it
//
// An activity is one call of ec2move.Client.Advance, a pause is a timer of the workflow. Temporal runs an activity at least
// once, whatever becomes of the worker, and Advance makes exactly once of it.
//
// It is a module of its own, so that who uses ec2move does not inherit Temporal.
package main
