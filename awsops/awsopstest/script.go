package awsopstest

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/kitroll/kitroll/internal/fault"
)

// Event is one moment of one call: see [Script.Observe].
type Event = fault.Event

// The two moments between which the effect of a call takes place.
const (
	Before = fault.Before
	After  = fault.After
)

type rule struct {
	op         string
	drop, lose bool
	err        error
}

// Script is a queue of faults, and a counter of calls. The zero value is ready; it is safe for concurrent use. Operations are
// named as in the API: "CopyImage".
type Script struct {
	mu        sync.Mutex
	rules     []rule
	calls     map[string]int
	order     []string
	observers []func(Event)
}

// DropNext fails the next call of op before anything happened, as a connection that breaks does: the caller cannot know. An
// empty op means any call; so it does for the other methods. A call meets one fault: what is queued behind waits for the next.
func (s *Script) DropNext(op string) { s.add(rule{op: op, drop: true}) }

// LoseNext lets the next call of op take effect and loses the answer.
func (s *Script) LoseNext(op string) { s.add(rule{op: op, lose: true}) }

// FailNext refuses the next call of op with a code of AWS: FailNext("RunInstances", "InsufficientInstanceCapacity", "…").
func (s *Script) FailNext(op, code, message string) {
	s.add(rule{op: op, err: Refuse(code, "%s", message)})
}

// Observe calls f at both moments of every call, on the caller's goroutine: to count, or to end the process by a panic. A
// call that was dropped or refused by the script has no After. f must not call the fake.
func (s *Script) Observe(f func(Event)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.observers = append(s.observers, f)
}

// Calls is how many calls of op have arrived, dropped ones included. An empty op counts all.
func (s *Script) Calls(op string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if op == "" {
		return len(s.order)
	}
	return s.calls[op]
}

// Order is the operations in the order in which they arrived.
func (s *Script) Order() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.order)
}

func (s *Script) add(r rule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = append(s.rules, r)
}

// Call runs effect as a call of op, with whatever fault is due. The fakes hold no lock around it, only inside effect.
func Call[O any](ctx context.Context, s *Script, op string, effect func() (*O, error)) (*O, error) {
	if err := ctx.Err(); err != nil {
		return nil, &smithy.CanceledError{Err: err}
	}
	due, n, observers := s.take(op)
	tell := func(when fault.When) {
		for _, f := range observers {
			f(Event{Op: op, N: n, When: when})
		}
	}
	tell(Before)
	switch {
	case due.drop:
		return nil, broken(op)
	case due.err != nil:
		return nil, due.err
	}
	out, err := effect()
	tell(After)
	if due.lose {
		return nil, broken(op)
	}
	return out, err
}

func (s *Script) take(op string) (due rule, n int, observers []func(Event)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls == nil {
		s.calls = map[string]int{}
	}
	s.calls[op]++
	s.order = append(s.order, op)
	if i := slices.IndexFunc(s.rules, func(r rule) bool { return r.op == "" || r.op == op }); i >= 0 {
		due = s.rules[i]
		s.rules = slices.Delete(s.rules, i, i+1)
	}
	return due, s.calls[op], s.observers
}

// broken is what the SDK makes of a connection that ended before the answer.
func broken(op string) error {
	return &smithy.OperationError{ServiceID: "fake", OperationName: op, Err: &smithyhttp.RequestSendError{Err: io.ErrUnexpectedEOF}}
}

// Refuse is an error as AWS answers it.
func Refuse(code, format string, args ...any) error {
	return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}
