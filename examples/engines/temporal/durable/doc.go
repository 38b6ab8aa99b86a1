// Package durable is the move of an EC2 instance as a workflow of Temporal, for the program beside it and for a worker of one's
// own.
package durable
