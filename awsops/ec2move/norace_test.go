//go:build !race

package ec2move_test

const raceEnabled = false
