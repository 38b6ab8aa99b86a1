package transfer_test

import (
	"context"
	"fmt"

	"github.com/kitroll/kitroll/route53x/transfer"
)

// The move is planned by reads alone, then made; the state is in the journal after every step.
func ExampleRunner_Run() {
	w := newWorld() // both registrars, the old zone and the new one, in memory
	r, err := transfer.New(w.config())
	if err != nil {
		fmt.Println(err)
		return
	}
	for event, err := range r.Run(context.Background(), &transfer.RunOptions{Sleep: w.sleep}) {
		if err != nil {
			fmt.Println(err) // run it again: it goes on from here
			return
		}
		if event.Kind == transfer.EventDone {
			fmt.Println(event.Step.Number(), event.Step)
		}
	}
	// Output:
	// 0 preflight
	// 1 zone
	// 2 export
	// 3 map
	// 4 apply
	// 5 verify
	// 6 dnssec
	// 7 freeze
	// 8 switch
	// 9 propagate
	// 10 filing
	// 11 unlock
	// 12 check
	// 13 transfer
	// 14 approve
	// 15 finish
	// 16 after
}

// A way back is shown first, and refused where it is too late.
func ExampleRunner_PlanUndo() {
	ctx, w := context.Background(), newWorld()
	r, err := transfer.New(w.config())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, err := range r.Run(ctx, &transfer.RunOptions{Sleep: w.sleep, Before: transfer.StepFiling}) {
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	state, err := r.Load(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := r.PlanUndo(ctx, state, transfer.StepSwitch)
	fmt.Print(plan)
	fmt.Println(err)
	// Output:
	// example.com: back from "filing" to before "switch"
	// - set the name servers to ns1.alidns.example, ns2.alidns.example
	// - set the update lock again
	// <nil>
}
