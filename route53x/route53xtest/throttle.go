package route53xtest

import "time"

// bucket is a token bucket on the server's clock.
type bucket struct {
	capacity, perSecond, tokens float64
	at                          time.Time
}

// fill adds what has come since the last time.
func (b *bucket) fill(now time.Time) {
	if d := now.Sub(b.at); d > 0 {
		b.tokens = min(b.capacity, b.tokens+d.Seconds()*b.perSecond)
	}
	b.at = now
}

// account is the key of the bucket that every request takes from, other that of the actions without an own one.
const account = ""

// newBuckets makes those of the rules that hold since 2026-07-30: one for all requests together, one for each action.
func (s *Server) newBuckets() {
	now := s.clock.Now()
	s.buckets = map[string]*bucket{account: {50, 10, 50, now}}
	for _, a := range []string{ListHostedZonesByName, GetHostedZone, ListResourceRecordSets, ChangeResourceRecordSets, GetChange, GetHostedZoneLimit} {
		s.buckets[a] = &bucket{50, 10, 50, now}
	}
	s.buckets[CreateHostedZone] = &bucket{40, 2, 40, now}
	s.buckets[DeleteHostedZone] = &bucket{40, 5, 40, now}
	burst := float64(s.opts.ChangesBurst)
	s.cbt = &bucket{burst, float64(s.opts.ChangesPerSecond), burst, now}
}

// take takes a token for an action from both buckets, or none.
func (s *Server) take(action string) bool {
	now := s.clock.Now()
	all, own := s.buckets[account], s.buckets[action]
	all.fill(now)
	own.fill(now)
	if all.tokens < 1 || own.tokens < 1 {
		return false
	}
	all.tokens--
	own.tokens--
	return true
}

// takeChanges takes the tokens of single record changes. A request that has more of them than the bucket holds passes
// when it is full, and leaves it in debt; how Amazon does that is not known.
func (s *Server) takeChanges(n int) bool {
	s.cbt.fill(s.clock.Now())
	if s.cbt.tokens < min(float64(n), s.cbt.capacity) {
		return false
	}
	s.cbt.tokens -= float64(n)
	return true
}
