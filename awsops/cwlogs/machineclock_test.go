package cwlogs_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/cwlogs"
	"github.com/kitroll/kitroll/awsops/cwlogstest"
)

// ticking is a group in which nothing happens, on the machine's clock: a session with an update a second, from a goroutine of
// its own as the SDK has one.
type ticking struct {
	*cwlogstest.Server

	sweeps, opened, closed int
}

func (k *ticking) FilterLogEvents(context.Context, *cloudwatchlogs.FilterLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	k.sweeps++
	return &cloudwatchlogs.FilterLogEventsOutput{}, nil
}

func (k *ticking) StartLiveTail(context.Context, *cloudwatchlogs.StartLiveTailInput, ...func(*cloudwatchlogs.Options)) (*cwlogs.LiveSession, error) {
	k.opened++
	s := &ticker{k: k, updates: make(chan *types.LiveTailSessionUpdate), done: make(chan struct{})}
	go s.run()
	return &cwlogs.LiveSession{Stream: s}, nil
}

type ticker struct {
	k       *ticking
	updates chan *types.LiveTailSessionUpdate
	done    chan struct{}
}

func (s *ticker) run() {
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for {
		select {
		case <-every.C:
		case <-s.done:
			return
		}
		select {
		case s.updates <- &types.LiveTailSessionUpdate{}:
		case <-s.done:
			return
		}
	}
}

func (s *ticker) Next(ctx context.Context, wait time.Duration) (*types.LiveTailSessionUpdate, error) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case u := <-s.updates:
		return u, nil
	case <-timer.C:
		return nil, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (s *ticker) Close() error {
	s.k.closed++
	close(s.done)
	return nil
}

// On the machine's clock a Tail ends when its context does, in the midst of a wait, and what the session had running ends too:
// a bubble does not end before its goroutines have.
func TestTailOnTheMachinesClock(t *testing.T) {
	t.Parallel()
	for name, poll := range map[string]bool{"live": false, "poll": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := &ticking{Server: cwlogstest.NewServer()}
				k.AddGroup("/app")
				c, err := cwlogs.New(cwlogs.Config{API: k})
				require.NoError(t, err)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute+300*time.Millisecond)
				defer cancel()
				begin := time.Now()
				_, err = first(c.Tail(ctx, cwlogs.Query{Groups: []string{"/app"}, Tail: &cwlogs.TailOptions{Poll: poll}}))
				require.ErrorIs(t, err, context.DeadlineExceeded)
				assert.Equal(t, 10*time.Minute+300*time.Millisecond, time.Since(begin))
				assert.InDelta(t, 10*60/5+10*60/30, k.sweeps, 20)
				assert.Equal(t, k.opened, k.closed)
				if !poll {
					assert.Equal(t, 1, k.opened)
				}
			})
		})
	}
}
