package transfer_test

import (
	"cmp"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/transfer"
)

// Each gate fails once. The error has its kind, the step and what to do; then the cause goes, and the move goes on from
// there to its end, with one order.
func TestEachGateFailsOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		plant func(w *world, cfg *transfer.Config)
		kind  error
		step  transfer.Step
		text  []string
		mend  func(w *world, cfg *transfer.Config)
	}{
		"real name": {
			plant: func(w *world, _ *transfer.Config) { w.blocked = []string{"the real name is not verified"} },
			kind:  transfer.ErrBlocked, step: transfer.StepPreflight, text: []string{"the real name is not verified", "run again"},
			mend: func(w *world, _ *transfer.Config) { w.blocked = nil },
		},
		"registered less than 60 days ago, and about to expire": {
			plant: func(_ *world, cfg *transfer.Config) {
				cfg.Timing.MinAge, cfg.Timing.MinExpiry = 401*24*time.Hour, 200*24*time.Hour
			},
			kind: transfer.ErrBlocked, step: transfer.StepPreflight,
			text: []string{"registered on 2025-09-28 and cannot be transferred before 2026-11-03", "expires on 2027-05-21: renew it first"},
			mend: func(_ *world, cfg *transfer.Config) { cfg.Timing = transfer.Timing{} },
		},
		"status of the registry": {
			plant: func(w *world, _ *transfer.Config) { w.status["serverTransferProhibited"] = true },
			kind:  transfer.ErrBlocked, step: transfer.StepPreflight, text: []string{"serverTransferProhibited", "ask the registrar"},
			mend: func(w *world, _ *transfer.Config) { delete(w.status, "serverTransferProhibited") },
		},
		"pending elsewhere": {
			plant: func(w *world, _ *transfer.Config) { w.status["pendingTransfer"] = true },
			kind:  transfer.ErrAmbiguous, step: transfer.StepPreflight, text: []string{"a transfer is pending that the new registrar knows nothing of"},
			mend: func(w *world, _ *transfer.Config) { delete(w.status, "pendingTransfer") },
		},
		"price": {
			plant: func(w *world, _ *transfer.Config) { w.price = 2001 },
			kind:  transfer.ErrTooExpensive, step: transfer.StepPreflight, text: []string{"costs 20.01 USD", "at most 20.00 USD"},
			mend: func(w *world, _ *transfer.Config) { w.price = 1500 },
		},
		"a zone that is not ours": {
			plant: func(w *world, _ *transfer.Config) { w.addZone(domain, "by hand") },
			kind:  transfer.ErrBlocked, step: transfer.StepZone, text: []string{"a zone of that name exists", "adopt it by its ID"},
			mend: func(w *world, cfg *transfer.Config) {
				for id := range w.zones {
					cfg.ZoneID = id
				}
			},
		},
		"two zones of the name": {
			plant: func(w *world, _ *transfer.Config) { w.addZone(domain, "one"); w.addZone(domain, "two") },
			kind:  transfer.ErrBlocked, step: transfer.StepZone, text: []string{"a zone of that name exists", ", Z"},
			mend: func(w *world, cfg *transfer.Config) {
				for id, h := range w.zones {
					if h.zone.CallerReference == "one" {
						delete(w.zones, id)
					} else {
						cfg.ZoneID = id
					}
				}
			},
		},
		"empty export": {
			plant: func(w *world, _ *transfer.Config) { w.source, w.items = nil, nil },
			kind:  transfer.ErrBlocked, step: transfer.StepExport, text: []string{"no records", "wrong account"},
			mend: func(w *world, _ *transfer.Config) { fresh := newWorld(); w.source, w.items = fresh.source, fresh.items },
		},
		"a record that is lost": { // one by one, apply refuses without acknowledgement
			plant: func(_ *world, cfg *transfer.Config) { cfg.Acknowledge = nil },
			kind:  transfer.ErrUnacknowledged, step: transfer.StepMap, text: []string{"go-redirect: go.example.com REDIRECT_URL: not DNS", "acknowledge each"},
			mend: func(_ *world, cfg *transfer.Config) { cfg.Acknowledge = []string{"go-redirect"} },
		},
		"a record that Route 53 refuses": {
			plant: func(w *world, _ *transfer.Config) {
				w.source = append(slices.Clone(w.source), route53x.RRSet{Name: "example.com.", Type: route53x.CNAME, TTL: 60, Values: []string{"a.example.net."}})
			},
			kind: transfer.ErrBlocked, step: transfer.StepMap, text: []string{"cannot be planned", "CNAME"},
			mend: func(w *world, _ *transfer.Config) {
				w.source = w.source[:3]
				w.journal.rewind(transfer.StepExport)
			},
		},
		"the zones differ": {
			plant: func(w *world, cfg *transfer.Config) { cfg.DNS = differing{cfg.DNS} },
			kind:  transfer.ErrDiffers, step: transfer.StepVerify, text: []string{"www.example.com. A", "see to each difference"},
			mend: func(w *world, cfg *transfer.Config) { cfg.DNS = world3{w} },
		},
		"no consent to the switch": {
			plant: func(_ *world, cfg *transfer.Config) {
				cfg.Consent = map[transfer.Step]string{transfer.StepSwitch: "yes"}
			},
			kind: transfer.ErrNeedsConsent, step: transfer.StepSwitch, text: []string{`the word "switch"`, "nothing was done"},
			mend: func(w *world, cfg *transfer.Config) { cfg.Consent = w.config().Consent },
		},
		"the task of the lock fails": { // Save… succeeded, and the task ends in EXECUTE_FAILURE
			plant: func(w *world, _ *transfer.Config) { w.failTask["lock"] = "EXECUTE_FAILURE: real name" },
			kind:  transfer.ErrTaskFailed, step: transfer.StepSwitch, text: []string{"EXECUTE_FAILURE: real name", "lift clientUpdateProhibited"},
		},
		"the task of the switch fails": {
			plant: func(w *world, _ *transfer.Config) { w.failTask["ns"] = "Domain is locked" },
			kind:  transfer.ErrTaskFailed, step: transfer.StepSwitch, text: []string{"Domain is locked", "set the name servers"},
		},
		"no statement on the filing": {
			plant: func(_ *world, cfg *transfer.Config) { cfg.Filing = "" },
			kind:  transfer.ErrNeedsStatement, step: transfer.StepFiling, text: []string{"ICP filing"},
			mend: func(_ *world, cfg *transfer.Config) { cfg.Filing = transfer.FilingMoved },
		},
		"the task of the code fails": {
			plant: func(w *world, _ *transfer.Config) { w.failTask["code"] = "confirm by phone" },
			kind:  transfer.ErrTaskFailed, step: transfer.StepUnlock, text: []string{"confirm by phone", "no auth code"},
		},
		"not transferable": {
			plant: func(w *world, _ *transfer.Config) { w.verdict = []string{transfer.No} },
			kind:  transfer.ErrNotTransferable, step: transfer.StepCheck, text: []string{"the registry says so"},
		},
		"no consent to the price": {
			plant: func(_ *world, cfg *transfer.Config) {
				cfg.Consent = map[transfer.Step]string{transfer.StepSwitch: "switch", transfer.StepTransfer: "pay 14.00 USD"}
			},
			kind: transfer.ErrNeedsConsent, step: transfer.StepTransfer, text: []string{`the word "pay 15.00 USD"`},
			mend: func(w *world, cfg *transfer.Config) { cfg.Consent = w.config().Consent },
		},
		"no consent to let go": {
			plant: func(_ *world, cfg *transfer.Config) { delete(cfg.Consent, transfer.StepApprove) },
			kind:  transfer.ErrNeedsConsent, step: transfer.StepApprove, text: []string{`the word "let go"`},
			mend: func(w *world, cfg *transfer.Config) { cfg.Consent = w.config().Consent },
		},
		"the task of letting go fails": {
			plant: func(w *world, _ *transfer.Config) { w.failTask["approve"] = "no right" },
			kind:  transfer.ErrTaskFailed, step: transfer.StepApprove, text: []string{"no right"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			cfg := w.config()
			tt.plant(w, &cfg)
			events, err := w.run(t, cfg, nil)
			require.ErrorIs(t, err, tt.kind, texts(events))
			assert.Contains(t, err.Error(), "transfer: "+string(tt.step)+": ")
			for _, text := range tt.text {
				assert.Contains(t, err.Error(), text)
			}
			assert.NotContains(t, err.Error(), authCode)
			assert.Equal(t, tt.step, cmp.Or(w.journal.states[domain].Step, transfer.StepPreflight), "the move stays where it is")
			if tt.mend != nil {
				tt.mend(w, &cfg)
			}
			events, err = w.run(t, cfg, nil)
			require.NoError(t, err, texts(events))
			assert.Equal(t, "new", w.at)
			assert.Len(t, w.orders, 1)
			assert.Equal(t, w.price, w.charge)
			assert.Len(t, w.zones, 1)
		})
	}
}

type differing struct{ transfer.DNS }

func (differing) Compare(context.Context, transfer.Comparison) (transfer.Verdict, error) {
	return transfer.Verdict{Questions: 9, Differences: []string{"www.example.com. A at 192.0.2.53:53: missing"}}, nil
}

// rewind puts the move back, as a person may with the file.
func (m *memory) rewind(to transfer.Step) {
	for id, s := range m.states {
		s.Step = to
		m.states[id] = s
	}
}

func TestUnknownIsAskedAgain(t *testing.T) { // DONT_KNOW is asked again, not taken as "no"
	t.Parallel()
	w := newWorld()
	w.verdict = []string{transfer.Unknown, transfer.Unknown, transfer.Unknown}
	events, err := w.run(t, w.config(), nil)
	require.NoError(t, err)
	assert.Equal(t, 1, count(events, transfer.StepCheck, transfer.EventWait), "said once")
	assert.Empty(t, w.verdict)
}

func count(events []transfer.Event, step transfer.Step, kind transfer.EventKind) (n int) {
	for _, e := range events {
		if e.Step == step && e.Kind == kind {
			n++
		}
	}
	return n
}

func TestAPersonHasToAct(t *testing.T) { // FOA e-mail unread surfaces as an event, and the move goes on by itself
	t.Parallel()
	w := newWorld()
	w.waitFOA = true
	looks := 0
	events, err := w.run(t, w.config(), &transfer.RunOptions{Sleep: func(ctx context.Context, d time.Duration) error {
		if len(w.orders) > 0 {
			if looks++; looks == 50 {
				w.waitFOA = false
			}
		}
		return w.sleep(ctx, d)
	}})
	require.NoError(t, err)
	require.Equal(t, 1, count(events, transfer.StepApprove, transfer.EventAttention))
	assert.Contains(t, texts(events), "a person must act at the new registrar: read the e-mail of the registry and confirm")
}

func TestTheSourceChanges(t *testing.T) {
	t.Parallel()
	w := newWorld()
	cfg := w.config()
	exports := 0
	cfg.Source = transfer.SourceFunc(func(ctx context.Context, d string) (transfer.Export, error) {
		if exports++; exports == 2 { // between the export and the freeze check
			w.source = append(slices.Clone(w.source), route53x.RRSet{Name: "new.example.com.", Type: route53x.A, TTL: 60, Values: []string{"192.0.2.9"}})
		}
		return source{w}.Export(ctx, d)
	})
	events, err := w.run(t, cfg, nil)
	require.NoError(t, err, texts(events))
	assert.Equal(t, 1, count(events, transfer.StepFreeze, transfer.EventBack))
	for _, h := range w.zones {
		assert.Contains(t, h.sets, route53x.Key{Name: "new.example.com.", Type: route53x.A})
	}
}

// A record that goes from the old zone goes from the new one, if this move wrote it; what others wrote stays.
func TestOnlyWhatWeWroteGoes(t *testing.T) {
	t.Parallel()
	w := newWorld()
	z := w.addZone(domain, "by hand")
	acm := route53x.RRSet{Name: "_x.example.com.", Type: route53x.CNAME, TTL: 60, Values: []string{"_y.acm-validations.aws."}}
	w.zones[z.ID].sets[acm.Key()] = acm
	w.source = append(slices.Clone(w.source), acm)
	cfg := w.config()
	cfg.ZoneID = z.ID
	exports := 0
	cfg.Source = transfer.SourceFunc(func(ctx context.Context, d string) (transfer.Export, error) {
		if exports++; exports == 2 {
			w.source = w.source[1:]
		}
		return source{w}.Export(ctx, d)
	})
	events, err := w.run(t, cfg, nil)
	require.NoError(t, err, texts(events))
	assert.NotContains(t, w.zones[z.ID].sets, route53x.Key{Name: "example.com.", Type: route53x.A})
	assert.Contains(t, w.zones[z.ID].sets, acm.Key())
}

func (d watching) Compare(ctx context.Context, c transfer.Comparison) (transfer.Verdict, error) {
	d.compared()
	return d.DNS.Compare(ctx, c)
}
