package awscall_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/awscall"
)

// failing is a call that fails each time.
func failing(err error) func(context.Context, *in, ...func(*opt)) (*out, error) {
	return func(context.Context, *in, ...func(*opt)) (*out, error) { return nil, err }
}

// A limiter of the package is asked before each attempt and hears of each that was too much, the last one too.
func TestHooksSeeEachAttempt(t *testing.T) {
	t.Parallel()
	before, after := 0, 0
	c := awscall.New(new(2), nil, new(clock))
	c.Before = func(context.Context) error { before++; return nil }
	c.Failed = func(f *awscall.Failure, err error) {
		after++
		assert.Equal(t, "Throttling", f.Code)
		assert.ErrorContains(t, err, "slow down")
	}
	_, err := awscall.Do(t.Context(), c, "X", awscall.OnlyRefused, failing(refuse("Throttling", "slow down")), &in{}, once)
	require.Error(t, err)
	assert.Equal(t, 3, before)
	assert.Equal(t, 3, after)
}

// Whoever may not go has sent nothing, and is not asked again.
func TestBeforeRefuses(t *testing.T) {
	t.Parallel()
	full, n := errors.New("too many wait"), 0
	c := awscall.New(nil, nil, new(clock))
	c.Before = func(context.Context) error { n++; return full }
	_, err := awscall.Do(t.Context(), c, "X", awscall.OnlyRefused, func(context.Context, *in, ...func(*opt)) (*out, error) {
		assert.Fail(t, "it was sent")
		return &out{}, nil
	}, &in{}, once)
	require.ErrorIs(t, err, full)
	f, _ := errors.AsType[*awscall.Failure](err)
	assert.False(t, f.Lost)
	assert.Equal(t, 1, n)
}

// What AWS repeats of a request is taken out before anything is logged, and before the message is cut.
func TestFailedScrubsBeforeTheLog(t *testing.T) {
	t.Parallel()
	const secret = "correct horse battery staple"
	var log bytes.Buffer
	c := awscall.New(new(1), slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), new(clock))
	c.Failed = func(f *awscall.Failure, _ error) { f.Message = strings.ReplaceAll(f.Message, secret, "[redacted]") }
	said := strings.Repeat("x", 1014) + secret + strings.Repeat("y", 2000) // the cut goes through it
	_, err := awscall.Do(t.Context(), c, "X", awscall.OnlyRefused, failing(refuse("Throttling", said)), &in{}, once)
	require.Error(t, err)
	assert.Contains(t, log.String(), "is repeated")
	assert.NotContains(t, log.String()+err.Error(), "correct")
	f, _ := errors.AsType[*awscall.Failure](err)
	assert.LessOrEqual(t, len(f.Message), 1024+len("…"))
}

// sleepless is a clock whose owner ends the context while it waits.
type sleepless struct {
	clock

	end context.CancelCauseFunc
	why error
}

func (s *sleepless) Sleep(context.Context, time.Duration) error { s.end(s.why); return s.why }

// A context that ends during a pause is named with its cause, beside what there was to wait for.
func TestPauseNamesTheCause(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]error{"refused": refuse("Throttling", "slow down"), "broken": refuse("InternalError", "sorry")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			why := errors.New("the operator went home")
			ctx, cancel := context.WithCancelCause(t.Context())
			c := awscall.New(nil, nil, &sleepless{end: cancel, why: why})
			_, err := awscall.Do(ctx, c, "X", awscall.Harmless, failing(failure), &in{}, once)
			require.ErrorIs(t, err, why)
			f, _ := errors.AsType[*awscall.Failure](err)
			require.NotNil(t, f)
			assert.NotEmpty(t, f.Code)
			assert.Equal(t, name == "broken", f.Lost)
		})
	}
}

// An answer with nothing in it and no error says nothing of what was done.
func TestEmptyAnswerIsLost(t *testing.T) {
	t.Parallel()
	n := 0
	_, err := awscall.Do(t.Context(), awscall.New(nil, nil, new(clock)), "X", awscall.OnlyRefused,
		func(context.Context, *in, ...func(*opt)) (*out, error) { n++; return nil, nil }, &in{}, once)
	f, ok := errors.AsType[*awscall.Failure](err)
	require.True(t, ok)
	assert.True(t, f.Unknown)
	assert.Equal(t, 1, n)
}

// The cause of a failure carries the package's own word for an unknown outcome, and only then.
func TestCause(t *testing.T) {
	t.Parallel()
	unknown, network := errors.New("unknown outcome"), errors.New("connection reset")
	for name, tt := range map[string]struct {
		failure awscall.Failure
		is, not []error
	}{
		"refused":         {awscall.Failure{}, nil, []error{unknown}},
		"before sending":  {awscall.Failure{Err: network}, []error{network}, []error{unknown}},
		"unknown":         {awscall.Failure{Unknown: true}, []error{unknown}, []error{network}},
		"unknown and why": {awscall.Failure{Unknown: true, Err: network}, []error{unknown, network}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tt.failure.Cause(unknown)
			for _, want := range tt.is {
				require.ErrorIs(t, err, want)
			}
			for _, not := range tt.not {
				assert.NotErrorIs(t, err, not)
			}
		})
	}
}

// The option that keeps the SDK from repeating goes with each attempt.
func TestOptionGoesWithEachAttempt(t *testing.T) {
	t.Parallel()
	seen := 0
	_, err := awscall.Do(t.Context(), awscall.New(new(2), nil, new(clock)), "X", awscall.Harmless, func(_ context.Context, _ *in, opts ...func(*opt)) (*out, error) {
		for _, f := range opts {
			f(&opt{})
		}
		return nil, refuse("Throttling", "slow down")
	}, &in{}, func(*opt) { seen++ })
	require.Error(t, err)
	assert.Equal(t, 3, seen)
}
