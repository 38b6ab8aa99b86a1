package ec2move

import (
	"time"
)

// Plan is what a move would do, found by reads alone. It is JSON; String is for people.
type Plan struct {
	Spec     Spec          `json:"spec"`
	Source   Source        `json:"source"`
	Findings []Finding     `json:"findings,omitempty"` // the worst first
	Steps    []PlannedStep `json:"steps"`
	Cost     Cost          `json:"cost"`
	// Duration is an estimate by the size of the volumes and the speed that EC2 names; Cutover.Hold is not in it.
	Duration time.Duration `json:"duration"`
	// Downtime is how long the source cannot serve before the copy can: 0 if nothing but a switch.
	Downtime time.Duration `json:"downtime"`
}

// Severity is how bad a finding is.
type Severity string

// The severities.
const (
	Stop Severity = "stop" // the move would fail: Run refuses it
	Warn Severity = "warn" // something will be different, or is at risk
	Note Severity = "note" // good to know
)

// Finding is something that a plan noticed, and what to do about it.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"` // stable, for programs: "user-data-runs-again"
	What     string   `json:"what"`
	Fix      string   `json:"fix,omitempty"`
}

// PlannedStep is a step with the calls that change something, and how long it takes.
type PlannedStep struct {
	ID       StepID        `json:"id"`
	What     string        `json:"what"`            // a sentence
	Calls    []string      `json:"calls,omitempty"` // "CopyImage m-web-copy-0a1b2c3d in us-east-1"
	Duration time.Duration `json:"duration"`
	Billed   bool          `json:"billed,omitempty"`
	Undo     string        `json:"undo,omitempty"` // what a rollback does; empty = nothing to take back
}

// Cost is an estimate in US dollars, without tax.
type Cost struct {
	Lines   []CostLine `json:"lines,omitempty"`
	Once    float64    `json:"once"`              // the move itself
	Monthly float64    `json:"monthly"`           // of what stays behind, with both instances running
	Date    string     `json:"date"`              // of the prices: "2026-11"
	Missing []string   `json:"missing,omitempty"` // prices that the book does not have: not in the sums
}

// CostLine is one line of an estimate.
type CostLine struct {
	What     string  `json:"what"`
	Quantity float64 `json:"quantity"`
	Unit     string  `json:"unit"`    // "GiB", "hour", "GiB-month"
	Price    float64 `json:"price"`   // of one unit
	Amount   float64 `json:"amount"`  // Quantity × Price
	Monthly  bool    `json:"monthly"` // else once
}

// PriceBook knows prices in US dollars.
type PriceBook interface {
	// Price is that of one unit in a Region, false if it is not known. detail is the instance type for PriceInstance, the volume
	// type for PriceVolume, the destination Region for PriceTransfer, and empty else.
	Price(region string, item PriceItem, detail string) (price float64, ok bool)
	// Date is when the prices were read: "2026-11".
	Date() string
}

// PriceItem is something with a price.
type PriceItem string

// What a move may cost.
const (
	PriceSnapshot PriceItem = "snapshot"   // GiB-month
	PriceTransfer PriceItem = "transfer"   // GiB to another Region
	PriceTimed    PriceItem = "timed-copy" // GiB of a time-based copy at its quickest
	PriceInstance PriceItem = "instance"   // hour
	PriceVolume   PriceItem = "volume"     // GiB-month
	PriceAddress  PriceItem = "ipv4"       // hour
)
