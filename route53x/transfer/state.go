package transfer

import (
	"maps"
	"slices"
	"time"

	"github.com/kitroll/kitroll/route53x"
)

const stateVersion = 1

// State is what is known of a move. It is plain JSON without a secret, made by [Runner.Begin] and changed by nobody but
// [Runner.Advance] and [Runner.Answer]. When it is lost, a new one finds most of it again at the platforms.
type State struct {
	Version int                `json:"version"`
	ID      string             `json:"id"`
	Domain  string             `json:"domain"`
	Step    Step               `json:"step"` // the first that is not done
	Began   time.Time          `json:"began"`
	Done    map[Step]time.Time `json:"done,omitempty"`

	// Call is a change that was begun and whose end is not known: it is saved before the call leaves.
	Call *Call `json:"call,omitempty"`

	Old  OldSide    `json:"old,omitzero"`
	Zone *ZoneState `json:"zone,omitempty"`

	Export       *Export              `json:"export,omitempty"`
	Digest       string               `json:"digest,omitempty"` // of Export
	Acknowledged map[string]time.Time `json:"acknowledged,omitempty"`
	Plan         *route53x.Plan       `json:"plan,omitempty"`    // to be written, or being written
	Applied      []*route53x.Plan     `json:"applied,omitempty"` // what was written, oldest first
	Written      []string             `json:"written,omitempty"` // change IDs that are not known to be in sync

	// When each was seen last. The name servers are switched only while all are fresh.
	VerifiedAt time.Time `json:"verifiedAt,omitzero"`
	SignedAt   time.Time `json:"signedAt,omitzero"` // no DS, and none in a cache
	FrozenAt   time.Time `json:"frozenAt,omitzero"`

	SwitchedAt time.Time `json:"switchedAt,omitzero"`
	ParentAt   time.Time `json:"parentAt,omitzero"` // since when every server of the parent has the new name servers

	PendingAt time.Time `json:"pendingAt,omitzero"` // since when a transfer is pending that no order explains
	Filing    Filing    `json:"filing,omitempty"`
	CodeTask  string    `json:"codeTask,omitempty"` // by which the auth code is asked for; the code itself is not kept
	CodeAt    time.Time `json:"codeAt,omitzero"`
	Price     *Money    `json:"price,omitempty"`
	Operation string    `json:"operation,omitempty"` // the order at the gaining registrar
	Approved  bool      `json:"approved,omitempty"`
	KeepUntil time.Time `json:"keepUntil,omitzero"` // the old zone

	Consents map[Step]Consent `json:"consents,omitempty"`
	Undo     *Undo            `json:"undo,omitempty"` // on the way back
}

// Call is one change at a platform.
type Call struct {
	Name  string    `json:"name"` // "switch", "deleteDS:12345"
	Begun time.Time `json:"begun"`
	Task  string    `json:"task,omitempty"` // what the platform answered; "" while the answer is not known
	Ended time.Time `json:"ended,omitzero"` // when the platform said that it is done
	Tries int       `json:"tries"`
}

// OldSide is the domain as it was found.
type OldSide struct {
	Nameservers  []string      `json:"nameservers,omitempty"`
	TransferLock bool          `json:"transferLock,omitempty"`
	UpdateLock   bool          `json:"updateLock,omitempty"`
	ParentTTL    time.Duration `json:"parentTTL,omitempty"` // of the delegation, in nanoseconds
	NSTTL        time.Duration `json:"nsTTL,omitempty"`     // of the old zone's own NS set
	DS           []string      `json:"ds,omitempty"`        // as the parent had them
	DSTTL        time.Duration `json:"dsTTL,omitempty"`
	DSGoneAt     time.Time     `json:"dsGoneAt,omitzero"` // since when the parent has none
}

// ZoneState is the hosted zone.
type ZoneState struct {
	ID          string   `json:"id"`
	Nameservers []string `json:"nameservers"` // lower case, no final dot
	Created     bool     `json:"created"`     // by this move, so that undo may delete it
}

// Money is an amount in the smallest unit of its currency.
type Money struct {
	Cents    int64  `json:"cents"`
	Currency string `json:"currency"`
}

// Consent is what a person agreed to.
type Consent struct {
	Word string    `json:"word"`
	At   time.Time `json:"at"`
}

// Undo is a way back under way.
type Undo struct {
	To    Step      `json:"to"` // the step that will be the first that is not done
	Began time.Time `json:"began"`
	// BackAt is since when every server of the parent has the old name servers again.
	BackAt time.Time `json:"backAt,omitzero"`
	SetAt  time.Time `json:"setAt,omitzero"` // since when the registrar has them
	Set    bool      `json:"set,omitempty"`  // the registrar has them
	Back   []Step    `json:"back,omitempty"` // what was taken back
}

func (s State) clone() State {
	s.Done, s.Consents, s.Acknowledged = maps.Clone(s.Done), maps.Clone(s.Consents), maps.Clone(s.Acknowledged)
	s.Applied, s.Written = slices.Clone(s.Applied), slices.Clone(s.Written)
	if s.Call != nil {
		s.Call = new(*s.Call)
	}
	if s.Zone != nil {
		s.Zone = new(*s.Zone)
	}
	if s.Undo != nil {
		s.Undo = new(*s.Undo)
		s.Undo.Back = slices.Clone(s.Undo.Back)
	}
	if s.Done == nil {
		s.Done = map[Step]time.Time{}
	}
	if s.Consents == nil {
		s.Consents = map[Step]Consent{}
	}
	if s.Acknowledged == nil {
		s.Acknowledged = map[string]time.Time{}
	}
	return s
}
