package transfer

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// verify asks the old and the new name servers the same, and finds out how long the old ones are kept in caches.
func (w *walk) verify(ctx context.Context) (result, error) {
	have, err := w.sets(ctx)
	if err != nil {
		return result{}, err
	}
	d, err := w.r.cfg.DNS.Delegation(ctx, w.s.Domain)
	if err != nil {
		return result{}, err
	}
	ttl, err := w.r.cfg.DNS.NSTTL(ctx, w.s.Domain, w.s.Old.Nameservers)
	if err != nil {
		return result{}, err
	}
	w.s.Old.ParentTTL, w.s.Old.NSTTL = d.TTL, ttl
	v, err := w.r.cfg.DNS.Compare(ctx, Comparison{
		Domain: w.s.Domain, Old: w.s.Old.Nameservers, New: w.s.Zone.Nameservers,
		Sets: append(slices.Clone(w.s.Export.Sets), have...), Items: w.s.acknowledged(),
	})
	if err != nil {
		return result{}, err
	}
	now := w.r.now()
	if len(v.Differences) > 0 {
		if synced := w.s.Done[StepApply]; now.Sub(synced) < w.r.cfg.Timing.Settle/2 {
			return w.again(w.r.cfg.Timing.Poll, fmt.Sprintf("%d answers differ still", len(v.Differences))), nil
		}
		return result{}, &Error{
			Kind: ErrDiffers, Reasons: firsts(v.Differences, 20),
			Text: "the new name servers do not answer as the old ones do: see to each difference, then run again",
			Hint: "records that were added at Aliyun meanwhile are taken over by running again", HintZH: "若期间在阿里云新增了记录，重新运行即可同步",
		}
	}
	w.s.VerifiedAt = now
	w.event(EventFound, fmt.Sprintf("%d questions to %d name servers, no difference that was not expected", v.Questions, len(w.s.Old.Nameservers)+len(w.s.Zone.Nameservers)), "")
	return result{done: true}, nil
}

func firsts(all []string, n int) []string {
	if len(all) <= n {
		return all
	}
	return append(slices.Clone(all[:n]), fmt.Sprintf("and %d more", len(all)-n))
}

// dnssec takes the DS away and waits until no cache has it: the new servers do not sign with the old key, and a resolver
// that still has the DS would refuse their answers.
func (w *walk) dnssec(ctx context.Context) (result, error) {
	d, err := w.r.cfg.DNS.Delegation(ctx, w.s.Domain)
	if err != nil {
		return result{}, err
	}
	if len(d.DS) > 0 {
		w.s.Old.DS, w.s.Old.DSTTL, w.s.Old.DSGoneAt = d.DS, max(d.DSTTL, w.s.Old.DSTTL), time.Time{}
	}
	tags, err := w.r.cfg.From.DSKeyTags(ctx, w.s.Domain)
	if err != nil {
		return result{}, err
	}
	if len(tags) > 0 {
		if w.s.Old.DSTTL == 0 {
			w.s.Old.DSTTL = w.r.cfg.Timing.CacheTTL // it may be on its way to the parent
		}
		c := w.deleteDS(tags[0])
		if w.s.Call == nil || w.s.Call.Name != c.name {
			if res, err := w.unlockUpdate(ctx); err != nil || !res.done {
				return res, err
			}
		}
		res, err := w.change(ctx, c)
		return result{after: res.after}, err // the next look finds out whether there are more
	}
	now := w.r.now()
	switch {
	case len(d.DS) > 0:
		return w.again(w.r.cfg.Timing.PollSlow, "the registrar has no DS any more, the parent zone still has"), nil
	case w.s.Old.DSTTL > 0 && w.s.Old.DSGoneAt.IsZero():
		w.s.Old.DSGoneAt = now
		w.s.Call = nil
	}
	if until := w.s.Old.DSGoneAt.Add(w.s.Old.DSTTL); w.s.Old.DSTTL > 0 && now.Before(until) {
		return w.wait(until, w.r.cfg.Timing.PollSlow*12, "resolvers may have the DS for so long"), nil
	}
	w.s.SignedAt = now
	return result{done: true}, nil
}

func (w *walk) deleteDS(tag uint16) change {
	return change{
		name: fmt.Sprintf("deleteDS:%d", tag), text: fmt.Sprintf("delete the DS with key tag %d", tag), reg: w.r.cfg.From,
		zh: fmt.Sprintf("删除密钥标签为 %d 的 DS 记录", tag),
		seen: func(ctx context.Context) (bool, error) {
			tags, err := w.r.cfg.From.DSKeyTags(ctx, w.s.Domain)
			return !slices.Contains(tags, tag), err
		},
		send: func(ctx context.Context) (string, error) { return w.r.cfg.From.DeleteDS(ctx, w.s.Domain, tag) },
		hint: "DNSSEC can also be switched off in the Domain console", hintZH: "也可在域名控制台关闭 DNSSEC",
	}
}

// freeze sees whether the old zone is still what was exported.
func (w *walk) freeze(ctx context.Context) (result, error) {
	e, err := w.r.cfg.Source.Export(ctx, w.s.Domain)
	if err != nil {
		return result{}, err
	}
	if e.Digest() != w.s.Digest {
		return w.back(StepExport, "the old zone has changed since it was exported", "导出之后原解析有变更"), nil
	}
	w.s.FrozenAt = w.r.now()
	return result{done: true}, nil
}

// stale names the first check that is too old for the switch.
func (w *walk) stale() (Step, bool) {
	now, fresh := w.r.now(), w.r.cfg.Timing.Fresh
	for _, c := range []struct {
		step Step
		at   time.Time
	}{{StepVerify, w.s.VerifiedAt}, {StepDNSSEC, w.s.SignedAt}, {StepFreeze, w.s.FrozenAt}} {
		if now.Sub(c.at) >= fresh {
			return c.step, true
		}
	}
	return "", false
}
