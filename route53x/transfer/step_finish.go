package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/route53x"
)

// finish reads back what the new registrar has, and mends it.
func (w *walk) finish(ctx context.Context) (result, error) {
	to := w.r.cfg.To
	f, err := factsOf(ctx, to, w.s.Domain)
	if errors.Is(err, fs.ErrNotExist) {
		return w.again(w.r.cfg.Timing.PollSlow, "the new registrar does not show the domain yet"), nil
	}
	if err != nil {
		return result{}, err
	}
	lock := w.setLock(to, TransferLock, true)
	switch {
	case w.s.Call != nil && w.s.Call.Name == "restore" || !sameHosts(f.nameservers, w.s.Zone.Nameservers):
		c := w.setNameservers("restore", w.s.Zone.Nameservers)
		c.reg, c.hint, c.hintZH = to, "", ""
		c.seen = func(ctx context.Context) (bool, error) {
			f, err := factsOf(ctx, to, w.s.Domain)
			return sameHosts(f.nameservers, w.s.Zone.Nameservers), err
		}
		c.send = func(ctx context.Context) (string, error) {
			return to.SetNameservers(ctx, w.s.Domain, slices.Clone(w.s.Zone.Nameservers))
		}
		res, err := w.change(ctx, c)
		return result{after: res.after}, err
	case w.s.Call != nil && w.s.Call.Name == lock.name || !f.has(TransferLock):
		lock.hint, lock.hintZH = "", ""
		res, err := w.change(ctx, lock)
		return result{after: res.after}, err
	}
	return result{done: true}, nil
}

// after looks at everything once more.
func (w *walk) after(ctx context.Context) (result, error) {
	d, err := w.r.cfg.DNS.Delegation(ctx, w.s.Domain)
	if err != nil {
		return result{}, err
	}
	if !d.Agree || !sameHosts(d.Nameservers, w.s.Zone.Nameservers) {
		if since := w.r.now().Sub(w.s.Done[StepFinish]); since < w.r.cfg.Timing.Show {
			return w.again(w.r.cfg.Timing.PollSlow, "the parent zone does not have the name servers everywhere"), nil
		}
		return result{}, &Error{
			Kind: ErrDiffers, Text: fmt.Sprintf("the parent zone has %s and not the name servers of the zone: set them at the new registrar, then run again", strings.Join(d.Nameservers, ", ")),
		}
	}
	if _, err := w.r.cfg.DNS.NSTTL(ctx, w.s.Domain, w.s.Zone.Nameservers); err != nil {
		return result{}, err
	}
	missing, err := w.missing(ctx)
	if err != nil {
		return result{}, err
	}
	for _, text := range missing {
		w.event(EventFound, "changed in the new zone since the move began: "+text, "")
	}
	if w.s.KeepUntil.IsZero() {
		w.s.KeepUntil = w.r.now().Add(w.r.cfg.Timing.KeepOld)
	}
	w.event(EventFound, "leave the old zone as it is until "+w.s.KeepUntil.Format(time.RFC3339), "请保留原解析至 "+w.s.KeepUntil.Format(time.RFC3339))
	return result{done: true}, nil
}

// missing are the sets of the export that the zone does not have.
func (w *walk) missing(ctx context.Context) ([]string, error) {
	if w.s.Export == nil { // the state was lost
		return nil, nil
	}
	have, err := w.sets(ctx)
	if err != nil {
		return nil, err
	}
	there := make(map[route53x.Key]route53x.RRSet, len(have))
	for _, set := range have {
		if c, err := set.Canonical(); err == nil {
			there[c.Key()] = c
		}
	}
	var out []string
	for _, want := range w.s.Export.Sets {
		if c, err := want.Canonical(); err == nil && !there[c.Key()].SameContent(c) {
			out = append(out, c.Key().String())
		}
	}
	return out, nil
}

func nonEmpty(reason string) []string {
	if reason == "" {
		return nil
	}
	return []string{reason}
}
