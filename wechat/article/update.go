package article

import (
	"context"
	"errors"
	"fmt"

	"github.com/kitroll/kitroll/wechat"
)

// update puts texts in the place of articles of a draft. first says at which one they begin, given how many there are.
func (p *Publisher) update(ctx context.Context, id wechat.DraftID, texts []Text, first func(stored int) (int, error)) ([]Report, error) {
	js, err := p.begin(texts, true)
	if err == nil {
		err = js.load(ctx)
	}
	if err != nil {
		return js.reports(texts), err
	}
	draft, err := p.cfg.Client.Draft(ctx, id)
	if err != nil {
		return js.reports(texts), err
	}
	index, err := first(len(draft.Articles))
	if err != nil {
		return js.reports(texts), err
	}
	for i, j := range js.list {
		if kind := draft.Articles[index+i].Type; kind == "newspic" {
			return js.reports(texts), j.named(fmt.Errorf("article: draft %s: article %d is a %s: %w", id, index+i, kind, errors.ErrUnsupported))
		}
		j.alone(len(draft.Articles))
	}
	if err := js.upload(ctx); err != nil {
		return js.reports(texts), err
	}
	err = js.write(ctx, id, index, draft)
	return js.reports(texts), err
}

// write updates what is not as it should be, then reads all of it back.
func (js *jobs) write(ctx context.Context, id wechat.DraftID, index int, draft *wechat.Draft) error {
	written := false
	for i, j := range js.list {
		if j.report.Unchanged = j.same(draft.Articles[index+i]); j.report.Unchanged {
			j.report.Stored = draft.Articles[index+i].Content
			continue
		}
		err := js.p.cfg.Client.UpdateDraft(ctx, id, index+i, j.edit)
		if again, coverErr := js.coversGone(ctx, err); coverErr != nil {
			return coverErr
		} else if again {
			err = js.p.cfg.Client.UpdateDraft(ctx, id, index+i, j.edit)
		}
		if err != nil {
			return j.named(err)
		}
		written = true
	}
	if !written {
		return nil
	}
	stored, err := js.p.cfg.Client.Draft(ctx, id)
	if err != nil {
		return fmt.Errorf("article: draft %s was updated, it could not be read back: %w", id, err)
	}
	if len(stored.Articles) != len(draft.Articles) {
		return fmt.Errorf("article: draft %s has %d articles, it had %d before", id, len(stored.Articles), len(draft.Articles))
	}
	var errs []error
	for i, j := range js.list {
		if !j.report.Unchanged {
			errs = append(errs, j.compare(stored.Articles[index+i]))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("article: draft %s was updated: %w", id, err)
	}
	return nil
}

// same reports whether the draft holds just this already. A digest that the text does not give is the platform's.
func (j *job) same(stored wechat.DraftArticle) bool {
	a := stored.Article()
	before := a
	_ = j.edit(&a) // it never fails
	if a.Digest == "" {
		a.Digest = before.Digest
	}
	sameCrop := func(a, b *wechat.Crop) bool { return a == b || a != nil && b != nil && *a == *b }
	if !sameCrop(a.Crop235, before.Crop235) || !sameCrop(a.Crop11, before.Crop11) {
		return false
	}
	a.Crop235, a.Crop11, before.Crop235, before.Crop11 = nil, nil, nil, nil
	return a == before
}

// edit is what the text changes about the stored article.
func (j *job) edit(a *wechat.Article) error {
	now := j.article()
	a.Title, a.Author, a.Digest, a.Content, a.SourceURL = now.Title, now.Author, now.Digest, now.Content, now.SourceURL
	if now.Cover != "" && now.Cover != a.Cover {
		a.Cover, a.Crop235, a.Crop11 = now.Cover, now.Crop235, now.Crop11
	}
	a.OpenComment = a.OpenComment || now.OpenComment
	a.FansOnlyComment = a.FansOnlyComment || now.FansOnlyComment
	return nil
}
