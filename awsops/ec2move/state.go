package ec2move

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/kitroll/kitroll/awsops"
)

// StepID names a step of a move.
type StepID string

// The steps, in the order in which they are done. A step that a move does not need is passed over.
const (
	StepCheck       StepID = "check"        // the source is still as it was planned
	StepKeyPair     StepID = "key-pair"     // the public key is known in the new Region
	StepPrefixLists StepID = "prefix-lists" // customer-managed prefix lists that the groups name
	StepGroups      StepID = "groups"       // security groups and their rules
	StepHotImage    StepID = "hot-image"    // TwoPass: image of the running source
	StepHotCopy     StepID = "hot-copy"     // TwoPass: its copy
	StepTTL         StepID = "ttl"          // StopFirst, TwoPass with a cutover: TTLs are lowered, the old ones waited out
	StepStop        StepID = "stop"         // StopFirst, TwoPass: the source is stopped
	StepImage       StepID = "image"
	StepCopy        StepID = "copy"
	StepVolumes     StepID = "volumes" // detached volumes: snapshot, copy, volume
	StepLaunch      StepID = "launch"
	StepAttach      StepID = "attach"  // volumes, source/destination check, termination protection: what RunInstances cannot
	StepReady       StepID = "ready"   // running, status checks passed
	StepAddress     StepID = "address" // Elastic IP: allocated and associated
	StepCutover     StepID = "cutover" // TTL, health, DNS, CloudFront, hold
	StepFinish      StepID = "finish"  // images removed unless kept
)

// Phase is where a step stands.
type Phase string

// The phases of a step.
const (
	Waiting Phase = ""        // not begun
	Intent  Phase = "intent"  // a call that has no key of its own is about to be made, or was: AWS must be looked at
	Begun   Phase = "begun"   // AWS works on it
	Queued  Phase = "queued"  // EC2 has no room for it now: asked again
	Failed  Phase = "failed"  // AWS has given up: see [State.Retry]
	Done    Phase = "done"    //
	Skipped Phase = "skipped" // not needed
	Undone  Phase = "undone"  // taken back by a rollback
)

// Progress is where one step stands.
type Progress struct {
	Phase Phase `json:"phase,omitempty"`
	// ID is the resource that the step made: the image, the instance, the allocation.
	ID string `json:"id,omitempty"`
	// IDs are resources by what they stand for, where a step makes several: source group → group.
	IDs map[string]string `json:"ids,omitempty"`
	// Since is when the phase began, on the client's clock.
	Since time.Time `json:"since,omitzero"`
	// Attempt counts what was tried anew under another token, such as a launch in another subnet; the first is 0.
	Attempt int `json:"attempt,omitempty"`
	// Note is a word on the phase for people, and with Intent the call.
	Note string `json:"note,omitempty"`
	// Done of Total bytes are copied, as far as EC2 tells.
	Done  int64 `json:"done,omitempty"`
	Total int64 `json:"total,omitempty"`
}

// State is where a move stands. It is plain JSON: keep it after every [Client.Advance], and a move goes on where it was. It
// holds no secret. Should it be lost, [Client.Find] makes it anew from AWS.
type State struct {
	Spec   Spec                `json:"spec"`
	Source Source              `json:"source"` // as planned
	Steps  map[StepID]Progress `json:"steps,omitempty"`
	// Undo is set by a rollback: what was done is taken back, step by step.
	Undo bool `json:"undo,omitempty"`
	// UndoAt is when the rollback began.
	UndoAt time.Time `json:"undo_at,omitzero"`
	// Found is when [Client.Find] made this state, zero for one that was kept: what EC2 does not show then may have been made
	// all the same by the process whose state was lost.
	Found time.Time `json:"found,omitzero"`
	// NoAddress is set by a person who has looked, after an error of StepAddress with awsops.ErrUnknownOutcome, and found no
	// Elastic IP address of this move: the next one is asked for. It is cleared when that is done.
	NoAddress bool `json:"no_address,omitempty"`
}

// Retry takes up what AWS gave up on, under names and tokens of its own, and leaves all that is done as it is: after the key
// was granted, the quota raised. It is a person's decision, since the step that failed costs once more.
func (s State) Retry() State {
	s = s.clone()
	for id, p := range s.Steps {
		if p.Phase == Failed {
			s.Steps[id] = Progress{Attempt: p.Attempt + 1}
		}
	}
	return s
}

// Done tells whether every step is done or was passed over.
func (s State) Done() bool {
	for _, step := range steps() {
		if p := s.Steps[step.id].Phase; p != Done && p != Skipped {
			return false
		}
	}
	return !s.Undo
}

// clone is a copy that shares nothing that Advance changes.
func (s State) clone() State {
	s.Steps = maps.Clone(s.Steps)
	if s.Steps == nil {
		s.Steps = map[StepID]Progress{}
	}
	for id, p := range s.Steps {
		p.IDs = maps.Clone(p.IDs)
		s.Steps[id] = p
	}
	return s
}

// Next says when to come back.
type Next struct {
	After time.Duration // 0 = at once
	Done  bool
	// Events are what this call saw, for whoever shows progress.
	Events []awsops.Event
}

// The tags of everything that a move makes. Nothing without them is ever removed.
const (
	TagMove = "awsops:migration" // Spec.ID
	TagStep = "awsops:step"      // StepID, and what it stands for where a step makes several
)

// Two more tags of the copy remember what no name or token of AWS can, for when the state is lost.
const (
	TagAddress = "awsops:address" // when an Elastic IP address was about to be asked for, RFC 3339
	TagCutover = "awsops:cutover" // when the TTLs were about to be lowered, and what they were: "2026-11-02T09:00:00Z 3600 300"
)

// name is the name and client token of what a step makes: "m-<ID>-<step>-<hash>", at most 64 characters of ASCII, the same in
// every process. of is what it stands for where a step makes several, or "".
func (s Spec) name(step StepID, of string, attempt int) string {
	data, _ := json.Marshal([]any{s.From, s.To.Region, step, of, attempt}) // of plain fields, which cannot fail
	sum := sha256.Sum256(data)
	return fmt.Sprintf("m-%s-%s-%s", s.ID, step, hex.EncodeToString(sum[:4]))
}
