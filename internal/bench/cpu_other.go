//go:build !unix

package main

import "time"

// cpuTime is the clock where there is nothing better.
func cpuTime() time.Duration { return time.Since(time.Unix(0, 0)) }
