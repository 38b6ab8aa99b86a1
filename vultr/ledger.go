package vultr

import (
	"context"
	"maps"
	"sync"
	"time"
)

// remembered is how long a purchase is known to a client without being listed.
const remembered = 2 * time.Minute

// ledger keeps two Ensures of one client from buying the same thing twice: one at a time for each thing, and the second
// knows what the first has bought although no list shows it yet.
type ledger struct {
	mu    sync.Mutex
	locks map[string]*keyLock
	ids   map[string]purchase
}

type keyLock struct {
	slot  chan struct{}
	users int
}

type purchase struct {
	id string
	at time.Time
}

func newLedger() *ledger { return &ledger{locks: map[string]*keyLock{}, ids: map[string]purchase{}} }

func (l *ledger) lock(ctx context.Context, key string) (unlock func(), err error) {
	l.mu.Lock()
	k, ok := l.locks[key]
	if !ok {
		k = &keyLock{slot: make(chan struct{}, 1)}
		l.locks[key] = k
	}
	k.users++
	l.mu.Unlock()
	leave := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if k.users--; k.users == 0 {
			delete(l.locks, key)
		}
	}
	select {
	case k.slot <- struct{}{}:
		return func() { <-k.slot; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, context.Cause(ctx)
	}
}

func (l *ledger) remember(key, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(l.ids, func(_ string, p purchase) bool { return now.Sub(p.at) > remembered })
	l.ids[key] = purchase{id, now}
}

func (l *ledger) lately(key string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.ids[key]; time.Since(p.at) <= remembered {
		return p.id
	}
	return ""
}

func (l *ledger) forget(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.ids, func(_ string, p purchase) bool { return p.id == id })
}
