package awsops_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/awsopstest"
)

func TestPoll(t *testing.T) {
	t.Parallel()
	clock := new(awsopstest.Clock)
	began, looks := clock.Now(), 0
	require.NoError(t, awsops.Poll(t.Context(), clock, time.Minute, func(context.Context) (bool, error) {
		looks++
		return looks == 11, nil
	}))
	assert.Equal(t, 11, looks)
	spent := clock.Now().Sub(began)
	assert.InDelta(t, 10*time.Minute, spent, float64(2*time.Minute))
	assert.NotEqual(t, 10*time.Minute, spent, "a jitter")

	reason := errors.New("the image failed: Client.InternalError")
	require.ErrorIs(t, awsops.Poll(t.Context(), clock, time.Minute, func(context.Context) (bool, error) { return false, reason }), reason)
}

// The wait has no limit of its own, and ends with the words of whoever ended it.
func TestPollEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("the operator went home")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(26*time.Hour, func() { cancel(why) })
		looks := 0
		err := awsops.Poll(ctx, awsops.MachineClock(), time.Hour, func(context.Context) (bool, error) {
			looks++
			return false, nil
		})
		require.ErrorIs(t, err, why)
		assert.InDelta(t, 27, looks, 7)
		require.ErrorIs(t, awsops.Poll(ctx, awsops.MachineClock(), time.Hour, func(context.Context) (bool, error) {
			assert.Fail(t, "looked although the context had ended")
			return true, nil
		}), why)
	})
}

func TestJitter(t *testing.T) {
	t.Parallel()
	lowest, highest := time.Hour, time.Duration(0)
	for range 1000 {
		d := awsops.Jitter(10 * time.Second)
		lowest, highest = min(lowest, d), max(highest, d)
	}
	assert.GreaterOrEqual(t, lowest, 8*time.Second)
	assert.Less(t, lowest, 9*time.Second)
	assert.LessOrEqual(t, highest, 12*time.Second)
	assert.Greater(t, highest, 11*time.Second)
}

// Trap 24: China and GovCloud are worlds of their own.
func TestPartitions(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]awsops.Partition{
		"eu-central-1": "aws", "us-east-1": "aws", "mars-north-1": "aws", "cn-north-1": "aws-cn", "cn-northwest-1": "aws-cn", "us-gov-west-1": "aws-us-gov",
	} {
		assert.Equal(t, want, awsops.PartitionOf(region), region)
	}
	assert.Equal(t, "amazonaws.com.cn", awsops.China.Domain())
	assert.Equal(t, "amazonaws.com", awsops.GovCloud.Domain())
	p, ok := awsops.PartitionOfARN("arn:aws-cn:iam::123456789012:role/app")
	assert.True(t, ok)
	assert.Equal(t, awsops.China, p)
	for _, no := range []string{"", "arn", "arn::iam::1:role/x", "urn:aws:iam::1:role/x", "arn:aws:iam"} {
		_, ok := awsops.PartitionOfARN(no)
		assert.False(t, ok, no)
	}
}

func TestEvent(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	e := awsops.Event{Step: "copy", Phase: "pending", Resource: "ami-1", Done: 45, Total: 100, ETA: at.Add(time.Hour), At: at}
	assert.Equal(t, "copy: pending ami-1 45% (until 10:00:00)", e.String())
	assert.Equal(t, "cutover: begun, hold", awsops.Event{Step: "cutover", Phase: "begun", Note: "hold", At: at}.String())
	assert.Equal(t, "stop: done", awsops.Event{Step: "stop", Phase: "done", At: at}.String())
	data, err := json.Marshal(awsops.Event{Step: "stop", Phase: "done", At: at})
	require.NoError(t, err)
	assert.JSONEq(t, `{"step":"stop","phase":"done","at":"2026-11-02T09:00:00Z"}`, string(data))
}
