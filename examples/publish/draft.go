package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// compose uploads the pictures to the press and lays the article out with their addresses.
func (p *Pipeline) compose(ctx context.Context, a *Article, body []Picture, cover Picture) (Draft, map[string]string, error) {
	addresses, err := p.upload(ctx, body)
	if err != nil {
		return Draft{}, nil, err
	}
	html, notes, err := p.Typesetter.Render(a, addresses)
	if err != nil {
		return Draft{}, nil, &StepError{"render", err}
	}
	for _, n := range notes {
		p.Report.Note(n)
	}
	v, err := p.once(ctx, step{
		name: "cover",
		keys: values{"sha256": cover.SHA256},
		do: func(ctx context.Context) (values, error) {
			id, err := p.CoverStore.UploadCover(ctx, cover)
			return values{"id": id}, err
		},
		find: func(ctx context.Context, _ Entry) (values, bool, error) {
			id, found, err := p.CoverStore.FindCover(ctx, cover)
			return values{"id": id}, found, err
		},
	})
	if err != nil {
		return Draft{}, nil, err
	}
	return Draft{Title: a.Title, Author: a.Author, Digest: a.Digest, SourceURL: a.SourceURL, CoverID: v["id"], HTML: html}, addresses, nil
}

// upload brings the pictures of the body to the press. A picture whose answer was lost is uploaded again: it costs
// nothing, counts against nothing, and the platform has no way to ask for the first one.
func (p *Pipeline) upload(ctx context.Context, body []Picture) (map[string]string, error) {
	if len(body) == 0 {
		return map[string]string{}, nil
	}
	e := p.Journal.Step("upload")
	u := Uploads{
		Known: func(sha string) string { return p.Journal.Value("picture:"+sha[:16], "address") },
		Keep: func(sha, address string) error {
			return p.Journal.Finish("picture:"+sha[:16], values{"address": address})
		},
		Resumed:  !e.Begun.IsZero() && e.Done.IsZero(),
		Progress: func(done, total int) { p.Report.Progress("upload", done, total) },
	}
	all := !slices.ContainsFunc(body, func(pic Picture) bool { return u.Known(pic.SHA256) == "" })
	if all {
		p.Report.Skip("upload", nil)
		u.Progress = nil
	} else if err := p.Journal.Begin("upload", nil); err != nil {
		return nil, &StepError{"upload", err}
	}
	addresses, err := p.Gallery.UploadPictures(ctx, body, u)
	if err != nil {
		return nil, &StepError{"upload", err}
	}
	if all {
		return addresses, nil
	}
	return addresses, p.Journal.Finish("upload", nil)
}

func (p *Pipeline) draft(ctx context.Context, d Draft, fingerprint string) (id string, err error) {
	v, err := p.once(ctx, step{
		name: "draft",
		keys: values{"fingerprint": fingerprint},
		do: func(ctx context.Context) (values, error) {
			id, err := p.DraftBox.CreateDraft(ctx, d)
			return values{"id": id, "fingerprint": fingerprint}, err
		},
		find: func(ctx context.Context, e Entry) (values, bool, error) {
			id, found, err := p.DraftBox.FindDraft(ctx, d, e.Begun)
			return values{"id": id, "fingerprint": fingerprint}, found, err
		},
	})
	return v["id"], err
}

// proof reads the draft back, compares it with what was sent, and leaves preview.html: exactly the HTML that the draft
// holds. It is done once, because a draft that was published or sent is gone.
func (p *Pipeline) proof(ctx context.Context, id string, d Draft, addresses map[string]string, ps []Picture) (address string, err error) {
	if e := p.Journal.Step("proof"); !e.Done.IsZero() {
		p.Report.Skip("proof", e.Values)
		return e.Values["address"], nil
	}
	stored, err := p.DraftReader.ReadDraft(ctx, id, d)
	if err != nil {
		return "", &StepError{"proof", err}
	}
	if err := save(p.previewFile(), p.DraftReader.Preview(d, stored, addresses, ps)); err != nil {
		return "", &StepError{"proof", err}
	}
	return stored.Address, p.finish("proof", values{"address": stored.Address})
}

// release publishes the draft and waits until the article has its address.
func (p *Pipeline) release(ctx context.Context, draft string, d Draft) (string, error) {
	v, err := p.once(ctx, step{
		name: "publish",
		keys: values{"draft": draft},
		do: func(ctx context.Context) (values, error) {
			id, err := p.Publisher.Submit(ctx, draft)
			return values{"publication": id}, err
		},
		find: func(ctx context.Context, e Entry) (values, bool, error) {
			address, found, err := p.findPublished(ctx, draft, d, e.Begun)
			return values{"address": address}, found, err
		},
		advice: p.Job.Lang.Say(
			"Look at the publish records at mp.weixin.qq.com; run again later, the look-up goes on. Only if the article is certainly not there: -again publish",
			"请在 mp.weixin.qq.com 的发表记录中查看；稍后再次运行会继续查询。只有确认文章没有发表时才用 -again publish"),
	})
	if err != nil {
		return "", err
	}
	if v["address"] != "" {
		return v["address"], nil
	}
	address, err := p.Publisher.Follow(ctx, v["publication"], func(state string) { p.Report.Waiting("publish", state) })
	if err != nil {
		return "", &StepError{"publish", err}
	}
	return address, p.finish("publish", values{"publication": v["publication"], "address": address})
}

// findPublished looks up what became of a submitted draft. A publishing job takes minutes, and its draft stays until it
// succeeds: a draft that is there proves nothing before the time is up that Timing gives it.
func (p *Pipeline) findPublished(ctx context.Context, draft string, d Draft, begun time.Time) (address string, found bool, err error) {
	for deadline := time.Now().Add(p.Timing.LookFor); ; {
		address, gone, err := p.PublishFinder.FindPublished(ctx, draft, d, begun)
		settled := begun.Add(p.Timing.PublishSettle)
		switch {
		case err != nil:
			return "", false, err
		case gone && address != "":
			return address, true, nil
		case !gone && time.Now().After(settled):
			return "", false, nil
		case time.Now().Before(deadline):
		case gone:
			return "", false, fmt.Errorf("%w: the draft is gone, so it was published, deleted or sent; it is not on the list of what is published yet", ErrUnknown)
		default:
			return "", false, fmt.Errorf("%w: the draft is still there, as it also is while a publishing job runs; a run after %s can tell", ErrUnknown, settled.Local().Format(time.TimeOnly))
		}
		p.Report.Waiting("publish", p.Job.Lang.Say("looking", "查询中"))
		if err := httpcall.Sleep(ctx, p.Timing.LookEvery); err != nil {
			return "", false, fmt.Errorf("%w: %w", ErrUnknown, err)
		}
	}
}

// broadcast shows the plan, asks, sends, and waits. The key is recorded before the request leaves and makes a repeated
// send the same send, within the day for which the platform remembers it.
func (p *Pipeline) broadcast(ctx context.Context, draft string) error {
	const memory = 23 * time.Hour // the platform's is 24 h
	b := Broadcast{DraftID: draft, Audience: p.Job.Audience, Key: hash([]byte(draft + "\x00" + p.Job.Audience))[:32]}
	e := p.Journal.Step("mass")
	if e.Begun.IsZero() || (e.Done.IsZero() && p.Again == "mass") {
		plan, err := p.Broadcaster.PlanBroadcast(ctx, b)
		if err != nil {
			return &StepError{"mass", err}
		}
		if ok, err := p.Confirm(plan); err != nil || !ok {
			return &StepError{"mass", cmp.Or(err, errNotConfirmed)}
		}
	}
	v, err := p.once(ctx, step{
		name: "mass",
		keys: values{"audience": b.Audience, "clientmsgid": b.Key},
		do:   func(ctx context.Context) (values, error) { return p.send(ctx, b) },
		find: func(ctx context.Context, e Entry) (values, bool, error) {
			if time.Since(e.Begun) > memory {
				return nil, false, fmt.Errorf("%w: the send was begun at %s, and the platform remembers its clientmsgid for a day only", ErrUnknown, e.Begun.Format(time.RFC3339))
			}
			p.Report.Note(p.Job.Lang.Say("the same send goes out again: the platform knows it by its clientmsgid and sends once", "以同一 clientmsgid 再次提交：平台据此只发送一次"))
			for wait := p.Timing.MassPause - time.Since(e.Begun); ; wait = p.Timing.MassPause {
				if err := httpcall.Sleep(ctx, wait); err != nil {
					return nil, false, fmt.Errorf("%w: %w", ErrUnknown, err)
				}
				v, err := p.send(ctx, b)
				if !errors.Is(err, ErrTooSoon) {
					return v, err == nil, err
				}
			}
		},
		advice: p.Job.Lang.Say(
			"Look at the records of mass sends at mp.weixin.qq.com. Only if it is certainly not there: -again mass",
			"请在 mp.weixin.qq.com 的群发记录中查看。只有确认没有群发时才用 -again mass"),
	})
	if err != nil {
		return err
	}
	if v["result"] != "" {
		return nil
	}
	result, err := p.BroadcastFollower.FollowBroadcast(ctx, v["id"], func(state string) { p.Report.Waiting("mass", state) })
	if err != nil {
		return &StepError{"mass", err}
	}
	v["result"] = result
	return p.finish("mass", v)
}

func (p *Pipeline) send(ctx context.Context, b Broadcast) (values, error) {
	id, replayed, err := p.Broadcaster.SendBroadcast(ctx, b)
	if replayed {
		p.Report.Note(p.Job.Lang.Say("it had been sent: nothing was sent twice", "此前已发送：没有重复发送"))
	}
	return values{"audience": b.Audience, "clientmsgid": b.Key, "id": id}, err
}
