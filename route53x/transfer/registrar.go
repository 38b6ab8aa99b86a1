package transfer

import (
	"context"
	"time"
)

// The EPP statuses that a [Registrar] is asked to set, as RFC 5731 spells them.
const (
	TransferLock = "clientTransferProhibited"
	UpdateLock   = "clientUpdateProhibited"
)

// The states of [Registrar.TaskState] and [TransferIn.OperationState].
const (
	Running = "running"
	Waiting = "waiting" // a person must act, such as reading an e-mail; of operations only
	Done    = "done"
	Failed  = "failed"
)

// The states of [TransferOut.TransferOutState].
const (
	OutNone       = "none"
	OutChecking   = "checking"
	OutCodeIssued = "code issued"
	OutRequested  = "requested" // the registry has the request of the other registrar: now it can be approved
	OutDone       = "done"
	OutFailed     = "failed"
)

// The verdicts of [TransferIn.CheckTransfer].
const (
	Yes     = "yes"
	No      = "no"
	Unknown = "unknown" // ask again
)

// Registrar is either side of a move. Its methods have types of the standard library only, so that the packages of
// platforms satisfy it without importing this one.
//
// A call that changes something may answer with a task, whose end [Registrar.TaskState] tells; "" is done already.
// Repeating such a call with the same arguments must be harmless.
type Registrar interface {
	// DomainFacts tells when the domain was registered and when it expires, its name servers in lower case without a final
	// dot, and its EPP statuses ("clientTransferProhibited", "pendingTransfer"). A domain that is not held here is
	// fs.ErrNotExist.
	DomainFacts(ctx context.Context, domain string) (registered, expires time.Time, nameservers, status []string, err error)
	// SetNameservers replaces all name servers.
	SetNameservers(ctx context.Context, domain string, nameservers []string) (task string, err error)
	// SetLock sets or lifts [TransferLock] or [UpdateLock].
	SetLock(ctx context.Context, domain, eppStatus string, on bool) (task string, err error)
	// TaskState is [Running], [Done] or [Failed], with the reason where the platform has one.
	TaskState(ctx context.Context, domain, task string) (state, reason string, err error)
}

// Preflight knows what stands against a transfer that the facts of the domain do not show: a name that is not verified,
// a premium price. One sentence each; none is nil.
type Preflight interface {
	TransferBlockers(ctx context.Context, domain string) ([]string, error)
}

// DelegationSigner has the DS records that the registrar keeps at the parent zone.
type DelegationSigner interface {
	DSKeyTags(ctx context.Context, domain string) ([]uint16, error)
	DeleteDS(ctx context.Context, domain string, keyTag uint16) (task string, err error)
}

// TransferOut is what only the losing registrar can do.
type TransferOut interface {
	// RequestAuthCode has a code made. Asking again makes another or finds the same, and is harmless.
	RequestAuthCode(ctx context.Context, domain string) (task string, err error)
	// AuthCode is the code of that task, "" while it runs. The code is a secret: it is never kept, but asked for when it
	// is needed.
	AuthCode(ctx context.Context, domain, task string) (code string, err error)
	// TransferOutState is one of the Out constants; expires is the end of the code, or zero where it is not known.
	TransferOutState(ctx context.Context, domain string) (state string, requested, expires time.Time, err error)
	// ApproveTransferOut lets the domain go at once, which cannot be undone. It is right in [OutRequested] only.
	ApproveTransferOut(ctx context.Context, domain string) (task string, err error)
	// CancelTransferOut refuses the request of the other registrar.
	CancelTransferOut(ctx context.Context, domain string) (task string, err error)
}

// TransferIn is what only the gaining registrar can do.
type TransferIn interface {
	TransferPrice(ctx context.Context, domain string) (cents int64, currency string, err error)
	// CheckTransfer is [Yes], [No] with the reason, or [Unknown]: ask again.
	CheckTransfer(ctx context.Context, domain, code string) (verdict, reason string, err error)
	// TransferDomain orders the transfer, which costs money. It is called once; when its answer is lost, FindTransfer
	// finds the order.
	TransferDomain(ctx context.Context, domain, code string, nameservers []string) (operation string, err error)
	// FindTransfer is the order that was placed at that time or later, "" where there is none.
	FindTransfer(ctx context.Context, domain string, since time.Time) (operation string, err error)
	// OperationState is [Running], [Waiting], [Done] or [Failed], with the reason or what a person must do.
	OperationState(ctx context.Context, operation string) (state, reason string, err error)
}

// Losing is the registrar that holds the domain: aliyun.Registrar is one.
type Losing interface {
	Registrar
	Preflight
	DelegationSigner
	TransferOut
}

// Gaining is the registrar that gets it: route53x.Registrar is one.
type Gaining interface {
	Registrar
	TransferIn
	DelegationSigner
}
