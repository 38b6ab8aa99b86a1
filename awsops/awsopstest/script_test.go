package awsopstest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/awsopstest"
)

func TestScript(t *testing.T) {
	t.Parallel()
	var s awsopstest.Script
	effects := 0
	do := func(op string) error {
		_, err := awsopstest.Call(t.Context(), &s, op, func() (*int, error) { effects++; return &effects, nil })
		return err
	}
	var seen []awsopstest.Event
	s.Observe(func(e awsopstest.Event) { seen = append(seen, e) })
	s.LoseNext("B")
	s.DropNext("A")
	s.FailNext("A", "InsufficientInstanceCapacity", "none of t3.micro")
	s.DropNext("")

	_, broken := errors.AsType[*smithyhttp.RequestSendError](do("A"))
	assert.True(t, broken, "dropped")
	assert.Zero(t, effects)
	refusal, ok := errors.AsType[smithy.APIError](do("A"))
	require.True(t, ok)
	assert.Equal(t, "InsufficientInstanceCapacity", refusal.ErrorCode())
	assert.Zero(t, effects)
	_, broken = errors.AsType[*smithyhttp.RequestSendError](do("B"))
	assert.True(t, broken, "lost")
	assert.Equal(t, 1, effects, "after the effect")
	require.Error(t, do("C"), "any call")
	require.NoError(t, do("A"))
	assert.Equal(t, 2, effects)
	assert.Equal(t, 3, s.Calls("A"))
	assert.Equal(t, 5, s.Calls(""))
	assert.Equal(t, []string{"A", "A", "B", "C", "A"}, s.Order())
	assert.Equal(t, []awsopstest.Event{
		{Op: "A", N: 1, When: awsopstest.Before},
		{Op: "A", N: 2, When: awsopstest.Before},
		{Op: "B", N: 1, When: awsopstest.Before},
		{Op: "B", N: 1, When: awsopstest.After},
		{Op: "C", N: 1, When: awsopstest.Before},
		{Op: "A", N: 3, When: awsopstest.Before},
		{Op: "A", N: 3, When: awsopstest.After},
	}, seen)
}

func TestClock(t *testing.T) {
	t.Parallel()
	var c awsopstest.Clock
	began := c.Now()
	require.NoError(t, c.Sleep(t.Context(), 3*time.Hour))
	c.Advance(time.Hour)
	assert.Equal(t, 4*time.Hour, c.Now().Sub(began))
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	require.ErrorIs(t, c.Sleep(ctx, time.Hour), why)
	assert.Equal(t, 4*time.Hour, c.Now().Sub(began))
}
