package aliyun

import (
	"context"
	"errors"
	"time"

	"github.com/kitroll/kitroll/internal/poll"
)

const (
	defaultResolvePolls    = 6
	defaultResolveInterval = 3 * time.Second
	maxResolveInterval     = 30 * time.Second

	// aroundMidnight is how near to the end of a day of UTC+8 a send may have got into the record of the other day.
	aroundMidnight = 30 * time.Minute
)

// Resolve finds out what became of a send whose outcome is unknown: the message with this OutID to this phone, sent
// around at. A send to many phones is resolved one phone at a time.
//
// It looks through the records of that day in UTC+8, and around midnight (30 minutes) through those of the neighbour day
// too, up to [SMSOptions].ResolvePolls times. Found, it answers at once with [Waiting], [Failed] or [Delivered]: the
// message was accepted, so it must not be sent again. [NotFound] after all polls means that there is no record, or none
// yet: the send is still unknown, and whether to send again is the caller's decision.
//
// Errors: [ErrInput] for an empty OutID, a phone that is none, or a day more than 30 days back; the cause of ctx; else as
// [Client.Call] reports them.
func (s *SMS) Resolve(ctx context.Context, outID, phone string, at time.Time) (Outcome, error) {
	switch {
	case outID == "":
		return "", inputError("Resolve", "outID is empty")
	case at.IsZero():
		return "", inputError("Resolve", "at is the zero time")
	}
	schedule := poll.Schedule{
		First:  orDefault(s.opts.ResolveInterval, defaultResolveInterval),
		Factor: 2, Max: max(maxResolveInterval, s.opts.ResolveInterval),
		Polls: orDefault(s.opts.ResolvePolls, defaultResolvePolls),
	}
	outcome := NotFound
	err := poll.Until(ctx, schedule, nil, func(ctx context.Context) (bool, error) {
		for _, day := range s.daysAround(at) {
			found, err := s.find(ctx, outID, phone, day)
			if err != nil {
				return false, err
			}
			if found != NotFound {
				outcome = found
				return true, nil
			}
		}
		return false, nil
	})
	switch {
	case errors.Is(err, poll.ErrBudget):
		return NotFound, nil
	case err != nil:
		return "", err
	}
	return outcome, nil
}

// daysAround is the day of at, and the neighbour that at is near to, as long as it has begun and is not out of reach.
func (s *SMS) daysAround(at time.Time) []time.Time {
	days := []time.Time{dayOf(at)}
	for _, near := range []time.Time{at.Add(-aroundMidnight), at.Add(aroundMidnight)} {
		today := dayOf(s.now())
		if day := dayOf(near); !day.Equal(days[0]) && !day.After(today) && !day.Before(today.AddDate(0, 0, -maxHistory)) {
			days = append(days, day)
		}
	}
	return days
}

// find looks through one day. An OutID that was used for several messages to the phone gives the best of them.
func (s *SMS) find(ctx context.Context, outID, phone string, day time.Time) (Outcome, error) {
	rank := map[Outcome]int{Failed: 1, Waiting: 3, Delivered: 4} // a status that is not known: 2
	best := NotFound
	for d, err := range s.Details(ctx, DetailQuery{Phone: phone, Day: day}) {
		switch {
		case err != nil:
			return "", err
		case d.OutID != outID:
			continue
		case best == NotFound || orDefault(rank[d.Status], 2) > orDefault(rank[best], 2):
			best = d.Status
		}
		if best == Delivered {
			break
		}
	}
	return best, nil
}
