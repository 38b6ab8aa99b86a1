package cwlogs

import (
	"errors"
	"fmt"
	"time"
)

// TailOptions is how a [Client.Tail] goes about it. nil and zero fields are defaults.
type TailOptions struct {
	// Poll does without live tail: nothing is billed by the minute, and events come Lag to Lag + Interval after they happened.
	// A Tail that is not allowed to use live tail, or cannot, does the same by itself, and says so once.
	Poll bool
	// Lag is how far the sweep stays behind: events that can be found within this time of their timestamp are handed on in
	// order. It covers the sender's buffer and CloudWatch's own delay. 1 s to 10 min; default 15 s.
	Lag time.Duration
	// Interval is the time between two sweeps, 1 s to 10 min; default 5 s. A sweep is a call to each group at least: with many
	// groups a longer one keeps within the account's rate of FilterLogEvents.
	Interval time.Duration
	// Recheck is how long after its timestamp an event that was not there in time is still found; it comes then, marked Late.
	// At least Lag, at most 24 h; default 2 min.
	Recheck time.Duration
	// TrustLive is the largest number of events in a live tail update of which they are handed on at once. Above it, and
	// after anything else that makes live tail doubtful, the sweep alone hands on. 1 to 500; default 100; negative = never,
	// for an order that nothing disturbs.
	TrustLive int
	// MaxRemembered is the largest number of events that are remembered so that none comes twice, at some 70 bytes each; one
	// of live tail counts for three. 1,000 to 10,000,000; default 500,000. See [Client.Tail] for what happens there.
	MaxRemembered int
	// Progress is told after every sweep, and when something changes; on the caller's goroutine. nil = nobody is.
	Progress func(TailStatus)
}

// withDefaults is a copy.
func (o *TailOptions) withDefaults() TailOptions {
	var out TailOptions
	if o != nil {
		out = *o
	}
	set := func(d *time.Duration, def time.Duration) {
		if *d == 0 {
			*d = def
		}
	}
	set(&out.Lag, 15*time.Second)
	set(&out.Interval, 5*time.Second)
	set(&out.Recheck, max(2*time.Minute, out.Lag))
	if out.TrustLive == 0 {
		out.TrustLive = 100
	}
	if out.MaxRemembered == 0 {
		out.MaxRemembered = 500_000
	}
	return out
}

func (o *TailOptions) check() error {
	var problems []error
	d := o.withDefaults()
	within := func(name string, got, least, most time.Duration) {
		if got < least || got > most {
			problems = append(problems, fmt.Errorf("Tail.%s: %v is not in %v to %v", name, got, least, most))
		}
	}
	within("Lag", d.Lag, time.Second, 10*time.Minute)
	within("Interval", d.Interval, time.Second, 10*time.Minute)
	within("Recheck", d.Recheck, d.Lag, 24*time.Hour)
	if d.TrustLive > 500 {
		problems = append(problems, fmt.Errorf("Tail.TrustLive: %d, live tail has no more than 500", d.TrustLive))
	}
	if d.MaxRemembered < 1000 || d.MaxRemembered > 10_000_000 {
		problems = append(problems, fmt.Errorf("Tail.MaxRemembered: %d is not in 1,000 to 10,000,000", d.MaxRemembered))
	}
	return errors.Join(problems...)
}

// Change is what a [TailStatus] is about, besides the passing of time.
type Change string

// The changes.
const (
	LiveStarted  Change = "live tail started"         // a session is open
	LiveTrusted  Change = "live tail is handed on"    // the sweep has caught up with it: events come at once
	LiveSampled  Change = "live tail is sampled"      // more than 500 events a second: the sweep alone hands on
	LiveDoubtful Change = "live tail is not complete" // too fast, too far behind, or a gap: the sweep alone hands on
	LiveEnded    Change = "live tail ended"           // the session's 3 hours, a broken connection; another one follows
	LiveOff      Change = "polling only"              // no right to live tail, or the query does not allow it: once, for good
	Waiting      Change = "a sweep failed"            // throttled, or no network: again later
	Full         Change = "too much to remember"      // the Tail falls behind, and loses nothing
)

// TailStatus is how a Tail stands.
type TailStatus struct {
	At     time.Time
	Change Change // empty after a sweep
	Err    error  // of LiveEnded, LiveOff and Waiting

	Through    time.Time // up to here everything has been handed on that could be found
	Remembered int       // of MaxRemembered
	Held       int       // events of live tail that wait for the sweep to catch up
	Sessions   int       // of live tail that are open
	Trusted    int       // of those, how many hand on at once

	Events   int64 // handed on
	Live     int64 // of these from live tail
	Late     int64 // of these out of order
	Repeated int64 // found again and not handed on: of live tail, and on second looks
}
