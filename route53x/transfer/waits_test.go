package transfer_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x/transfer"
)

// The name servers change only while all three checks are younger than ten minutes.
func TestStaleChecksAreMadeAgain(t *testing.T) {
	t.Parallel()
	w := newWorld()
	cfg := w.config()
	w.taskTime = 11 * time.Minute // the lock alone takes longer than the checks hold
	var compared, switched time.Time
	cfg.DNS = watching{cfg.DNS, func() { compared = w.clock() }}
	cfg.From = switching{&losing{w}, func() { switched = w.clock() }}
	events, err := w.run(t, cfg, nil)
	require.NoError(t, err, texts(events))
	assert.Equal(t, 1, count(events, transfer.StepSwitch, transfer.EventBack))
	assert.Less(t, switched.Sub(compared), 10*time.Minute)
	assert.False(t, switched.IsZero())
}

type watching struct {
	transfer.DNS
	compared func()
}

type switching struct {
	*losing
	switched func()
}

func (l switching) SetNameservers(ctx context.Context, d string, ns []string) (string, error) {
	l.switched()
	return l.losing.SetNameservers(ctx, d, ns)
}

// A switch that may have left is not gated again; one of which nothing came is.
func TestALostSwitchIsGatedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld()
	cfg := w.config()
	lost := 0
	cfg.From = losingSwitch{&losing{w}, &lost}
	events, err := w.run(t, cfg, nil)
	require.NoError(t, err, texts(events))
	assert.Equal(t, 1, lost)
	assert.NotZero(t, count(events, transfer.StepSwitch, transfer.EventLost))
	assert.NotZero(t, count(events, transfer.StepSwitch, transfer.EventBack), "the checks had become stale: "+texts(events))
}

type losingSwitch struct {
	*losing
	lost *int
}

func (l losingSwitch) SetNameservers(ctx context.Context, d string, ns []string) (string, error) {
	if *l.lost++; *l.lost == 1 {
		return "", errLost // and nothing happened
	}
	*l.lost = 1
	return l.losing.SetNameservers(ctx, d, ns)
}

func TestTheWaitIsTheLongerTTL(t *testing.T) {
	t.Parallel()
	w := newWorld()
	events, err := w.run(t, w.config(), nil)
	require.NoError(t, err)
	s := w.journal.states[domain]
	assert.Equal(t, 48*time.Hour, s.Old.ParentTTL)
	assert.Equal(t, 24*time.Hour, s.Old.NSTTL)
	assert.GreaterOrEqual(t, s.Done[transfer.StepPropagate].Sub(s.ParentAt), 48*time.Hour)
	assert.GreaterOrEqual(t, s.ParentAt.Sub(w.parent[len(w.parent)-1].from), 20*time.Minute, "every server of the parent, and not the first: "+texts(events))
}

// A DS left at the parent blocks the switch; after deletion its TTL is waited out.
func TestDSIsWaitedOut(t *testing.T) {
	t.Parallel()
	w := newSigned()
	events, err := w.run(t, w.config(), nil)
	require.NoError(t, err, texts(events))
	s := w.journal.states[domain]
	gone := w.parentDS[len(w.parentDS)-1].from
	assert.GreaterOrEqual(t, s.SwitchedAt.Sub(gone), 24*time.Hour)
	assert.Equal(t, 2, count(events, transfer.StepDNSSEC, transfer.EventCall), "the update lock goes first, or the deletion fails")
	assert.Empty(t, w.ds)
}

// The auth code expires: a stale one is asked for again, and so is one that is about to expire.
func TestExpiredCodeIsAskedForAgain(t *testing.T) {
	t.Parallel()
	const days = 24 * time.Hour
	for name, tt := range map[string]struct {
		person time.Duration // takes so long to agree
		codes  int
	}{
		"good for an hour":      {6*days - time.Hour, 1},
		"good for some minutes": {6*days - 20*time.Minute, 2},
		"expired":               {7 * days, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			cfg := w.config()
			delete(cfg.Consent, transfer.StepTransfer)
			_, err := w.run(t, cfg, nil)
			require.ErrorIs(t, err, transfer.ErrNeedsConsent)
			require.NoError(t, w.sleep(t.Context(), tt.person))
			events, err := w.run(t, w.config(), nil)
			require.NoError(t, err, texts(events))
			assert.Equal(t, tt.codes-1, count(events, transfer.StepUnlock, transfer.EventCall))
			assert.Len(t, w.codes, tt.codes)
			assert.Len(t, w.orders, 1)
		})
	}
}

// Quick approval only in state "requested".
func TestApprovalOnlyWhenRequested(t *testing.T) {
	t.Parallel()
	w := newWorld()
	_, err := w.run(t, w.config(), nil)
	require.NoError(t, err)
	assert.Equal(t, 1, w.approved)
	placed, requested := w.orders[0].placed, w.orders[0].requested
	assert.Equal(t, 3*time.Hour, requested.Sub(placed))

	w = newWorld()
	cfg := w.config()
	cfg.KeepPace = true
	delete(cfg.Consent, transfer.StepApprove)
	_, err = w.run(t, cfg, nil)
	require.NoError(t, err)
	assert.Zero(t, w.approved)
	assert.GreaterOrEqual(t, w.clock().Sub(w.orders[0].placed), 5*24*time.Hour)
}

// A failed order is returned, and another needs another consent.
func TestAFailedOrder(t *testing.T) {
	t.Parallel()
	w := newWorld()
	cfg := w.config()
	cfg.Consent = map[transfer.Step]string{transfer.StepSwitch: "switch", transfer.StepApprove: "let go"}
	asked := 0
	ask := func(_ context.Context, q transfer.Question) (string, error) {
		asked++
		return q.Word, nil
	}
	failed := false
	_, err := w.run(t, cfg, &transfer.RunOptions{Ask: ask, Sleep: func(ctx context.Context, d time.Duration) error {
		if o := w.last(); o != nil && !failed {
			failed, o.state = true, "failed"
			w.charge -= w.price
		}
		return w.sleep(ctx, d)
	}})
	require.ErrorIs(t, err, transfer.ErrTaskFailed)
	assert.Contains(t, err.Error(), "its price is returned")
	_, err = w.run(t, cfg, &transfer.RunOptions{Ask: ask})
	require.NoError(t, err)
	assert.Equal(t, 2, asked)
	assert.Len(t, w.orders, 2)
	assert.Equal(t, w.price, w.charge, "one charge that stays")
}

// A price that has risen since the consent needs another.
func TestConsentHoldsForOnePrice(t *testing.T) {
	t.Parallel()
	w := newWorld()
	cfg := w.config()
	delete(cfg.Consent, transfer.StepTransfer)
	r, err := transfer.New(cfg)
	require.NoError(t, err)
	_, err = w.run(t, cfg, nil)
	require.ErrorIs(t, err, transfer.ErrNeedsConsent)
	e := question(t, err)
	s, err := r.Load(t.Context())
	require.NoError(t, err)
	_, err = r.Answer(t.Context(), s, *e, "yes")
	require.ErrorIs(t, err, transfer.ErrNeedsConsent)
	_, err = r.Answer(t.Context(), s, *e, " pay 15.00 USD\n")
	require.NoError(t, err)
	w.price = 1600
	_, err = w.run(t, cfg, nil)
	require.ErrorIs(t, err, transfer.ErrNeedsConsent)
	assert.Equal(t, "pay 16.00 USD", question(t, err).Word)
	assert.Empty(t, w.orders)
}
