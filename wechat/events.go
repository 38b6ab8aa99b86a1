package wechat

import (
	"context"
	"sync"
)

// Events is how the platform's own word that a job has ended reaches a Wait: its pushes PUBLISHJOBFINISH and
// MASSSENDJOBFINISH. Each method blocks until the push about that one job has come, which may have been before the call,
// or until ctx ends. An error ends the listening and nothing else: Wait then goes by its looks alone, as it does for a
// push that never comes. [*Inbox] is one, for a program whose callback URL is served by the same process.
type Events interface {
	PublishEnd(ctx context.Context, id PublishID) (PublishState, error)
	MassEnd(ctx context.Context, id MsgID) (MassReport, error)
}

var _ Events = (*Inbox)(nil)

// Inbox holds what was pushed until a Wait asks for it, the newest 1,000 of each kind. The zero value is ready, and it
// is safe for concurrent use. The handler of the callback URL fills it:
//
//	var inbox wechat.Inbox
//	inbox.PublishEnded(state) // on PUBLISHJOBFINISH
//	out, err := job.Wait(ctx, &wechat.WaitOptions{Events: &inbox})
//
// It is the memory of one process: after a restart, or where another process gets the pushes, Wait finds out by looking.
type Inbox struct {
	publish box[PublishID, PublishState]
	mass    box[MsgID, MassReport]
}

// PublishEnded takes the content of a PUBLISHJOBFINISH. The same push again, as the platform repeats what was not
// answered in time, does no harm.
func (b *Inbox) PublishEnded(s PublishState) { b.publish.put(s.ID, s) }

// MassEnded takes the content of a MASSSENDJOBFINISH.
func (b *Inbox) MassEnded(r MassReport) { b.mass.put(r.ID, r) }

// PublishEnd waits for what PublishEnded takes. Its error is the cause of ctx.
func (b *Inbox) PublishEnd(ctx context.Context, id PublishID) (PublishState, error) {
	return b.publish.get(ctx, id)
}

// MassEnd waits for what MassEnded takes. Its error is the cause of ctx.
func (b *Inbox) MassEnd(ctx context.Context, id MsgID) (MassReport, error) {
	return b.mass.get(ctx, id)
}

const inboxKeeps = 1000

// box is one kind of push by the id of its job.
type box[K comparable, V any] struct {
	mu      sync.Mutex
	got     map[K]V
	order   []K           // oldest first
	changed chan struct{} // closed and made anew by every put
}

func (b *box[K, V]) put(id K, v V) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.got == nil {
		b.got = map[K]V{}
	}
	if _, known := b.got[id]; !known {
		b.order = append(b.order, id)
	}
	b.got[id] = v
	if len(b.order) > inboxKeeps {
		delete(b.got, b.order[0])
		b.order = b.order[1:]
	}
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}

func (b *box[K, V]) get(ctx context.Context, id K) (V, error) {
	for {
		v, known, changed := b.look(id)
		if known {
			return v, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return v, context.Cause(ctx)
		}
	}
}

func (b *box[K, V]) look(id K) (v V, known bool, changed <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if v, known = b.got[id]; known {
		return v, true, nil
	}
	if b.changed == nil {
		b.changed = make(chan struct{})
	}
	return v, false, b.changed
}
