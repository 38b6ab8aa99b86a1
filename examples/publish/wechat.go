package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/article"
)

// press is the Official Account: every part of the job from [Gallery] to [BroadcastFollower].
type press struct {
	client *wechat.Client
	every  time.Duration // between two looks at a job; 0 = the package's default
}

// lost marks an error of a platform's package as an unknown outcome, if that is its kind.
func lost(err, kind error) error {
	if errors.Is(err, kind) {
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return err
}

func (p *press) UploadPictures(ctx context.Context, ps []Picture, u Uploads) (map[string]string, error) {
	var fit []article.Picture
	for _, pic := range ps {
		fit = append(fit, article.Picture{Ref: pic.Ref, Name: pic.Press.Name, Type: pic.Press.Type, Data: pic.Press.Data, SHA256: pic.SHA256})
	}
	// One at a time: whatever ends this run, there is one upload at most of which the journal does not know.
	return article.Upload(ctx, p.client, fit, article.UploadOptions{Cache: &memory{u, p, fit}, Concurrency: 1, Progress: u.Progress})
}

// memory is the journal as the cache of the uploads. A GIF goes into the account's library, where one whose answer was
// lost can be found by its name.
type memory struct {
	Uploads
	press    *press
	pictures []article.Picture
}

func (m *memory) Get(ctx context.Context, key string) (address string, ok bool, err error) {
	for _, pic := range m.pictures {
		if key != pic.SHA256 && key != pic.SHA256+".gif" {
			continue
		}
		if address = m.Known(pic.SHA256); address != "" {
			return address, true, nil
		}
		if !m.Resumed || !pic.AsMaterial() {
			return "", false, nil
		}
		item, ok, err := m.press.material(ctx, pic.Name)
		return item.URL, ok, err
	}
	return "", false, nil
}

func (m *memory) Put(_ context.Context, key, address string) error {
	for _, pic := range m.pictures {
		if key == pic.SHA256 || key == pic.SHA256+".gif" {
			return m.Keep(pic.SHA256, address)
		}
	}
	return fmt.Errorf("no picture with the key %s", key)
}

// material finds an image of the library by its name, which tells its content.
func (p *press) material(ctx context.Context, name string) (item wechat.MaterialItem, found bool, err error) {
	for item, err := range p.client.Materials(ctx, wechat.ImageMaterial, nil) {
		if err != nil || item.Name == name {
			return item, err == nil, err
		}
	}
	return wechat.MaterialItem{}, false, nil
}

func (p *press) UploadCover(ctx context.Context, pic Picture) (string, error) {
	m, err := p.client.UploadMaterial(ctx, wechat.ImageMaterial, wechat.FileBytes(pic.Press.Name, pic.Press.Data), nil)
	return string(m.ID), lost(err, wechat.ErrUnknownOutcome)
}

func (p *press) FindCover(ctx context.Context, pic Picture) (string, bool, error) {
	item, found, err := p.material(ctx, pic.Press.Name)
	return string(item.ID), found, err
}

func (p *press) CreateDraft(ctx context.Context, d Draft) (string, error) {
	id, err := p.client.CreateDraft(ctx, wechat.Article{
		Title: d.Title, Author: d.Author, Digest: d.Digest, SourceURL: d.SourceURL,
		Cover: wechat.MediaID(d.CoverID), Content: d.HTML,
	})
	return string(id), lost(err, wechat.ErrUnknownOutcome)
}

// clockSkew is how far the platform's clock may be from ours.
const clockSkew = 10 * time.Minute

func (p *press) FindDraft(ctx context.Context, d Draft, since time.Time) (string, bool, error) {
	for item, err := range p.client.Drafts(ctx, nil) {
		if err != nil {
			return "", false, err
		}
		if !item.Updated.IsZero() && item.Updated.Before(since.Add(-clockSkew)) {
			break // newest first
		}
		if len(item.Articles) == 1 && same(d, item.Articles[0].Title, item.Articles[0].Content) {
			return string(item.ID), true, nil
		}
	}
	return "", false, nil
}

func same(d Draft, title, content string) bool {
	return title == d.Title && article.Verify(d.HTML, content) == nil
}

func (p *press) ReadDraft(ctx context.Context, id string, d Draft) (Stored, error) {
	draft, err := p.client.Draft(ctx, wechat.DraftID(id))
	if err != nil {
		return Stored{}, err
	}
	if len(draft.Articles) != 1 || draft.Articles[0].Title != d.Title {
		return Stored{}, fmt.Errorf("the draft %s does not hold the article that was sent", id)
	}
	got := draft.Articles[0]
	if err := article.Verify(d.HTML, got.Content); err != nil {
		return Stored{}, fmt.Errorf("the draft %s: %w", id, err)
	}
	return Stored{HTML: got.Content, Address: got.TempURL}, nil
}

func (p *press) Preview(d Draft, s Stored, addresses map[string]string, ps []Picture) []byte {
	bytes := map[string][]byte{}
	for _, pic := range ps {
		bytes[addresses[pic.Ref]] = pic.Press.Data
	}
	return article.Preview(s.HTML, d.Title, d.Author, bytes)
}

func (p *press) Submit(ctx context.Context, draft string) (string, error) {
	job, err := p.client.Publish(ctx, wechat.DraftID(draft))
	if err != nil {
		return "", lost(err, wechat.ErrUnknownOutcome)
	}
	return string(job.ID()), nil
}

func (p *press) Follow(ctx context.Context, publication string, progress func(string)) (string, error) {
	out, err := p.client.Publication(wechat.PublishID(publication)).Wait(ctx, &wechat.WaitOptions{
		Interval: p.every,
		Progress: func(s wechat.PublishState) { progress(s.Status.String()) },
	})
	if err != nil {
		return "", err
	}
	if len(out.URLs) == 0 {
		return "", errors.New("it is published, and the platform gave no address for it")
	}
	return out.URLs[0], nil
}

func (p *press) FindPublished(ctx context.Context, draft string, d Draft, since time.Time) (address string, gone bool, err error) {
	_, err = p.client.Draft(ctx, wechat.DraftID(draft))
	if err == nil {
		return "", false, nil
	}
	if !errors.Is(err, wechat.ErrNotFound) {
		return "", false, err
	}
	for item, err := range p.client.Published(ctx, nil) {
		if err != nil {
			return "", true, err
		}
		if !item.Updated.IsZero() && item.Updated.Before(since.Add(-clockSkew)) {
			break // newest first
		}
		for _, a := range item.Articles {
			if same(d, a.Title, a.Content) {
				return a.URL, true, nil
			}
		}
	}
	return "", true, nil
}

// audience reads "all", a tag's name, or its number.
func (p *press) audience(ctx context.Context, who string) (wechat.Audience, error) {
	if who == everyone {
		return wechat.ToEveryone(), nil
	}
	tags, err := p.client.Tags(ctx)
	if err != nil {
		return nil, err
	}
	number, notNumber := strconv.Atoi(who)
	for _, t := range tags {
		if t.Name == who || (notNumber == nil && t.ID == number) {
			return wechat.ToTag(t.ID), nil
		}
	}
	return nil, fmt.Errorf("the account has no tag %q: -mass takes a tag's name, its number, or all", who)
}

func (p *press) plan(ctx context.Context, b Broadcast) (*wechat.MassPlan, error) {
	to, err := p.audience(ctx, b.Audience)
	if err != nil {
		return nil, err
	}
	return p.client.PlanMass(ctx, to, wechat.News{DraftID: wechat.DraftID(b.DraftID)}, &wechat.MassOptions{ClientMsgID: b.Key})
}

func (p *press) PlanBroadcast(ctx context.Context, b Broadcast) (BroadcastPlan, error) {
	plan, err := p.plan(ctx, b)
	if err != nil {
		return BroadcastPlan{}, err
	}
	return BroadcastPlan{plan.String()}, nil
}

func (p *press) SendBroadcast(ctx context.Context, b Broadcast) (id string, replayed bool, err error) {
	plan, err := p.plan(ctx, b)
	if err != nil {
		return "", false, err
	}
	job, err := plan.Send(ctx)
	if e, ok := errors.AsType[*wechat.Error](err); ok && e.Code == 45066 {
		return "", false, fmt.Errorf("%w: %w", ErrTooSoon, err)
	}
	if err != nil {
		return "", false, lost(err, wechat.ErrUnknownOutcome)
	}
	return string(job.ID()), job.Replayed, nil
}

func (p *press) FollowBroadcast(ctx context.Context, id string, progress func(string)) (string, error) {
	out, err := p.client.MassJob(wechat.MsgID(id)).Wait(ctx, &wechat.WaitOptions{
		Interval:     p.every,
		MassProgress: func(s wechat.MassState) { progress(string(s.Status)) },
	})
	if err != nil {
		return "", err
	}
	return string(out.Status), nil
}
