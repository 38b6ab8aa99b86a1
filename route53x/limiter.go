package route53x

import (
	"cmp"
	"context"
	"math"
	"sync"
	"time"

	"github.com/kitroll/kitroll/internal/awscall"
)

// Limiter decides when a request may leave.
type Limiter interface {
	// Wait returns when a call of this action may be sent, or the cause of ctx. changes is how many record changes the
	// call makes: 0 unless it is ChangeResourceRecordSets.
	Wait(ctx context.Context, action string, changes int) error
	// Throttled says that Route 53 refused such a call for its rate.
	Throttled(action string, changes int)
}

// LimiterOptions are the options of [NewLimiter]. nil has the defaults.
type LimiterOptions struct {
	Burst     int     // tokens of the account's bucket, and of most actions'; default 50
	PerSecond float64 // their refill; default 10
	// ChangesPerSecond is how many record changes a second are sent. Route 53 has a limit and does not publish it.
	// Default: none until it throttles, then less than what it did not take.
	ChangesPerSecond float64
	Clock            Clock // default: the time of the machine
}

// The token buckets of Route 53's rules of 2026-07-30, read 2026-11: a request takes a token from the account's bucket and
// one from its action's, and each of its record changes one from a third.
const (
	limitBurst     = 50
	limitPerSecond = 10
	createBurst    = 40 // CreateHostedZone and DeleteHostedZone
	createRefill   = 2
	deleteRefill   = 5
)

// recovery is how long a bucket that was throttled needs to have its old rate again.
const recovery = time.Minute

// NewLimiter makes the token buckets of Route 53's rules of 2026-07-30, for one account. When Route 53 throttles all the
// same, because others use the account too, the buckets are emptied and get half their rate, which comes back in a minute.
// It is safe for concurrent use.
func NewLimiter(opts *LimiterOptions) Limiter {
	var o LimiterOptions
	if opts != nil {
		o = *opts
	}
	if o.Clock == nil {
		o.Clock = awscall.Machine{}
	}
	burst, rate := float64(cmp.Or(o.Burst, limitBurst)), cmp.Or(o.PerSecond, limitPerSecond)
	return &limiter{
		clock: o.Clock, burst: burst, perSecond: rate, actions: map[string]*bucket{
			"":               newBucket(burst, rate),
			opCreateZone:     newBucket(min(burst, createBurst), min(rate, createRefill)),
			opDeleteZone:     newBucket(min(burst, createBurst), min(rate, deleteRefill)),
			bucketForChanges: newBucket(o.ChangesPerSecond, o.ChangesPerSecond),
		},
	}
}

const bucketForChanges = "changes" // no action of Route 53 is written in lower case

type limiter struct {
	clock            Clock
	burst, perSecond float64

	mu      sync.Mutex
	actions map[string]*bucket // "" is the account's
	recent  float64            // changes of the last seconds, older ones fading
	seen    time.Time          // when they were counted last
}

// bucket may be in debt: who takes what is not there waits until it would be.
type bucket struct {
	capacity, rate, tokens float64 // rate 0: no limit
	most, growth           float64 // of the rate: where it ends, and by how much it rises a second
	at                     time.Time
}

func newBucket(capacity, perSecond float64) *bucket {
	return &bucket{capacity: capacity, rate: perSecond, tokens: capacity, most: perSecond, growth: perSecond / recovery.Seconds()}
}

// fill adds what has come since the last time.
func (b *bucket) fill(now time.Time) {
	if d := now.Sub(b.at); !b.at.IsZero() && d > 0 {
		b.tokens = min(b.capacity, b.tokens+d.Seconds()*b.rate)
		b.rate = min(b.most, b.rate+b.growth*d.Seconds())
	}
	b.at = now
}

// take says how long it takes until the tokens are there.
func (b *bucket) take(now time.Time, n float64) time.Duration {
	if b.rate == 0 {
		return 0
	}
	b.fill(now)
	b.tokens -= n
	if b.tokens >= 0 {
		return 0
	}
	return time.Duration(-b.tokens/b.rate*float64(time.Second)) + time.Millisecond
}

func (b *bucket) shrink(now time.Time) {
	b.fill(now)
	b.tokens = min(b.tokens, 0)
	b.rate = max(b.rate/2, slowest)
}

// Wait takes the tokens and waits until they are there. A wait that ends with ctx gives them back.
func (l *limiter) Wait(ctx context.Context, action string, changes int) error {
	l.mu.Lock()
	now := l.clock.Now()
	wait := max(l.bucket("").take(now, 1), l.bucket(action).take(now, 1), l.bucket(bucketForChanges).take(now, float64(changes)))
	l.fade(now)
	l.recent += float64(changes)
	l.mu.Unlock()
	if wait == 0 {
		return context.Cause(ctx)
	}
	err := l.clock.Sleep(ctx, wait)
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.bucket("").tokens++
		l.bucket(action).tokens++
		l.bucket(bucketForChanges).tokens += float64(changes)
	}
	return err
}

func (l *limiter) bucket(action string) *bucket {
	if l.actions[action] == nil {
		l.actions[action] = newBucket(l.burst, l.perSecond)
	}
	return l.actions[action]
}

// fade halves the changes of the past with every second.
func (l *limiter) fade(now time.Time) {
	for d := now.Sub(l.seen); !l.seen.IsZero() && d >= time.Second && l.recent > 1; d -= time.Second {
		l.recent /= 2
		l.seen = l.seen.Add(time.Second)
	}
	if l.seen.IsZero() || now.Sub(l.seen) >= time.Second {
		l.seen = now
	}
}

// slowest is a token in ten seconds.
const slowest = 0.1

// Throttled shrinks the buckets that the call took from. The one of changes is made from what was too much, the first time;
// where its rate ends is not known, so that it rises by what it has, once a minute, until it is too much again.
func (l *limiter) Throttled(action string, changes int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	l.bucket("").shrink(now)
	l.bucket(action).shrink(now)
	if changes == 0 {
		return
	}
	b := l.bucket(bucketForChanges)
	if b.rate == 0 {
		l.fade(now)
		rate := max(l.recent, float64(changes), 2)
		*b = bucket{capacity: rate, rate: rate, most: math.Inf(1), at: now}
	}
	if b.shrink(now); math.IsInf(b.most, 1) {
		b.growth = b.rate / recovery.Seconds()
	}
}
