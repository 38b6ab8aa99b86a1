package transfer

import (
	"context"
	"time"
)

// EventKind says what an [Event] is.
type EventKind string

// The kinds of events.
const (
	EventBegin     EventKind = "begin"     // a step begins
	EventCall      EventKind = "call"      // a change is about to leave
	EventFound     EventKind = "found"     // something was done already, by an earlier run or by a person
	EventLost      EventKind = "lost"      // an answer was lost: what became of the call is being looked up
	EventDone      EventKind = "done"      // a step is done
	EventWait      EventKind = "wait"      // Until is when it is looked at again
	EventBack      EventKind = "back"      // an earlier step has to be done again
	EventAttention EventKind = "attention" // a person must act at a platform; the move looks again by itself
	EventAsk       EventKind = "ask"       // a person was asked and has answered
	EventTrouble   EventKind = "trouble"   // a call failed and will be tried again
	EventUndone    EventKind = "undone"    // a step was taken back
)

// Event is one thing that happened.
type Event struct {
	At     time.Time `json:"at"`
	Kind   EventKind `json:"kind"`
	Step   Step      `json:"step"`
	Text   string    `json:"text"`
	TextZH string    `json:"textZh,omitempty"` // where a person has to act at Aliyun, or ""
	Until  time.Time `json:"until,omitzero"`
}

// Next is what comes after [Runner.Advance].
type Next struct {
	Done   bool          // the move is at its end, or the way back is
	After  time.Duration // come back then; 0 is at once
	Events []Event       // what this call did and found
}

// RunOptions are the options of [Runner.Run]. nil has the defaults.
type RunOptions struct {
	// Ask answers a [Question]; nil ends the run with the error that has it. It runs on the caller's goroutine.
	Ask func(ctx context.Context, q Question) (answer string, err error)
	// Sleep waits; nil is the real clock. Programs with a clock of their own advance it here.
	Sleep func(ctx context.Context, d time.Duration) error
	// Before stops the run when this step would be next.
	Before Step
	// Retries is how often in a row a call that failed without a kind of this package is tried again, after 30 s, 1, 2,
	// 4 … minutes. Every repetition is safe. Default 5; new(0) is never.
	Retries *int
}

// Journal keeps states. [OpenFile] is one in a file.
type Journal interface {
	// Load returns fs.ErrNotExist where there is none.
	Load(ctx context.Context, id string) (State, error)
	// Save has the state on disk, or wherever it is safe, when it returns.
	Save(ctx context.Context, s State) error
}
