package main

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x/transfer"
)

func TestSmoke(t *testing.T) {
	w, err := newWorld()
	require.NoError(t, err)
	defer w.close()
	cfg, err := w.platforms().config(demoDomain)
	require.NoError(t, err)
	cfg.Journal, err = transfer.OpenFile(t.TempDir() + "/s.json")
	require.NoError(t, err)
	cfg.MaxPrice = transfer.Money{Cents: 2000, Currency: "USD"}
	cfg.Filing = transfer.FilingNone
	cfg.Consent = map[transfer.Step]string{transfer.StepSwitch: "switch", transfer.StepTransfer: "pay 15.00 USD", transfer.StepApprove: "let go"}
	r, err := transfer.New(cfg)
	require.NoError(t, err)
	s, err := r.Load(t.Context())
	require.NoError(t, err)
	p, err := r.Plan(t.Context(), s)
	require.NoError(t, err)
	t.Log("\n" + p.String())
	cfg.Acknowledge = p.Open
	r, err = transfer.New(cfg)
	require.NoError(t, err)
	for e, err := range r.Run(t.Context(), &transfer.RunOptions{Sleep: w.clock.Sleep}) {
		if err != nil {
			if e, ok := errors.AsType[*transfer.Error](err); ok {
				t.Log(e.Reasons)
			}
			t.Fatal(err)
		}
		t.Logf("%s %-9s %-9s %s", e.At.Format("01-02 15:04:05"), e.Step, e.Kind, e.Text)
	}
}
