package transfer_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x/transfer"
)

func TestTheWholeMove(t *testing.T) {
	t.Parallel()
	w := newWorld()
	events, err := w.run(t, w.config(), nil)
	require.NoError(t, err, texts(events))
	t.Log("\n" + texts(events))
	assert.Equal(t, "new", w.at)
	assert.Equal(t, newNS, w.newNS)
	assert.True(t, w.newLock)
	assert.Len(t, w.orders, 1)
	assert.Len(t, w.zones, 1)
	s := w.journal.states[domain]
	assert.Equal(t, transfer.StepEnd, s.Step)
	for _, step := range transfer.Steps() {
		assert.Contains(t, s.Done, step)
	}
}

func question(t *testing.T, err error) *transfer.Question {
	t.Helper()
	e, ok := errors.AsType[*transfer.Error](err)
	require.True(t, ok)
	require.NotNil(t, e.Question)
	return e.Question
}
