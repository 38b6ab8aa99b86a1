package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/kitroll/kitroll/route53x"
)

// zone makes or adopts the hosted zone, and finds out how far an earlier move has come whose state was lost.
func (w *walk) zone(ctx context.Context) (result, error) {
	z, created, err := w.hosted(ctx)
	if err != nil {
		return result{}, err
	}
	if z.Private {
		return result{}, &Error{Kind: ErrInvalid, Text: "zone " + z.ID + " is private: it answers nobody outside its VPCs"}
	}
	if name := strings.TrimSuffix(string(z.Name), "."); name != w.s.Domain {
		return result{}, &Error{Kind: ErrInvalid, Text: fmt.Sprintf("zone %s is that of %s", z.ID, name)}
	}
	if len(z.NameServers) < 2 {
		return result{}, &Error{Kind: ErrInvalid, Text: fmt.Sprintf("zone %s has %d name servers", z.ID, len(z.NameServers))}
	}
	w.s.Zone = &ZoneState{ID: z.ID, Nameservers: hosts(z.NameServers), Created: created}
	return w.locate(ctx)
}

func (w *walk) hosted(ctx context.Context) (z route53x.Zone, created bool, err error) {
	cfg := w.r.cfg
	if cfg.ZoneID != "" {
		z, err = cfg.Zones.Zone(ctx, cfg.ZoneID)
		return z, false, err
	}
	z, others, err := w.r.findZone(ctx)
	switch {
	case err != nil:
		return z, false, err
	case z.ID != "":
		w.event(EventFound, "the zone was made before: "+z.ID, "")
		return z, true, nil
	case len(others) > 0:
		return z, false, &Error{Kind: ErrBlocked, Text: foreignZone(others)}
	}
	w.event(EventCall, "create the hosted zone "+w.s.Domain, "")
	for round := range maxRounds {
		z, _, err = cfg.Zones.EnsureZone(ctx, w.s.Domain, w.r.Reference(round), &route53x.ZoneOptions{Comment: "transfer " + w.s.ID})
		if !errors.Is(err, route53x.ErrConflict) { // a reference is good once for ever: that one was of a zone that undo has deleted
			break
		}
	}
	return z, true, err
}

func foreignZone(ids []string) string {
	return fmt.Sprintf("a zone of that name exists that this move did not make (%s): adopt it by its ID, or delete it", strings.Join(ids, ", "))
}

// findZone finds the zone that this move has made, "" for its ID where there is none, and the IDs of others of its name.
func (r *Runner) findZone(ctx context.Context) (own route53x.Zone, others []string, err error) {
	z, err := r.cfg.Zones.FindZone(ctx, r.cfg.Domain, nil)
	if errors.Is(err, fs.ErrNotExist) {
		return own, nil, nil
	}
	ids := []string{z.ID}
	if e, ok := errors.AsType[*route53x.Error](err); ok && errors.Is(err, route53x.ErrAmbiguous) {
		ids, err = e.IDs, nil
	}
	if err != nil {
		return own, nil, err
	}
	for _, id := range ids {
		if z.ID != id {
			if z, err = r.cfg.Zones.Zone(ctx, id); err != nil {
				return own, nil, err
			}
		}
		ours := false
		for round := range maxRounds {
			ours = ours || z.CallerReference == r.Reference(round)
		}
		if ours {
			own = z
		} else {
			others = append(others, id)
		}
	}
	return own, others, nil
}

// locate finds how far things have come, which is not far where the state is not lost.
func (w *walk) locate(ctx context.Context) (result, error) {
	here, err := factsOf(ctx, w.r.cfg.To, w.s.Domain)
	if err == nil && !here.registered.IsZero() {
		w.event(EventFound, "the domain is at the new registrar: what comes before was done", "")
		return result{to: StepFinish}, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return result{}, err
	}
	op, err := w.order(ctx)
	if err != nil {
		return result{}, err
	}
	if op != "" {
		w.s.Operation = op
		w.event(EventFound, "the transfer was ordered already: "+op, "")
		return result{to: StepApprove}, nil
	}
	there, err := factsOf(ctx, w.r.cfg.From, w.s.Domain)
	if errors.Is(err, fs.ErrNotExist) {
		return w.again(w.r.cfg.Timing.PollSlow, "neither registrar shows the domain at the moment"), nil
	}
	if err != nil {
		return result{}, err
	}
	if sameHosts(there.nameservers, w.s.Zone.Nameservers) {
		w.s.Old.Nameservers = w.r.cfg.OldNameservers
		w.s.SwitchedAt = w.r.now()
		w.event(EventFound, "the registrar has the new name servers already; since when is not known, so that the wait begins now", "")
		return result{to: StepPropagate}, nil
	}
	return result{done: true}, nil
}

// order finds an order at the new registrar that has not failed.
func (w *walk) order(ctx context.Context) (string, error) {
	op, err := w.r.cfg.To.FindTransfer(ctx, w.s.Domain, w.r.now().Add(-60*24*time.Hour))
	if err != nil || op == "" {
		return "", err
	}
	state, _, err := w.r.cfg.To.OperationState(ctx, op)
	if err != nil || state == Failed {
		return "", err
	}
	return op, nil
}

// String is "15.00 USD".
func (m Money) String() string {
	return fmt.Sprintf("%d.%02d %s", m.Cents/100, m.Cents%100, m.Currency)
}
