// Command dbos moves an EC2 instance to another Region as a durable workflow of DBOS, whose memory is one file of SQLite.
//
//	cd examples/engines/dbos
//	go run .                                          # on the fakes, in a moment
//	go run . -db move.sqlite -spec spec.json          # with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: real
//
// Kill it at any moment and run the same command again: DBOS runs the step that was broken off once more, and
// ec2move.Client.Advance stands that. The file is all that is needed; there is no server.
//
// It is a module of its own, so that who uses ec2move does not inherit DBOS.
package main
