package wechat

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"
)

// PublishStatus is the platform's publish_status.
type PublishStatus int

// The states of a publishing job. Numbers beyond these are kept as they come.
const (
	PublishDone         PublishStatus = 0
	PublishRunning      PublishStatus = 1
	PublishNotOriginal  PublishStatus = 2 // the originality check failed
	PublishFailed       PublishStatus = 3
	PublishRefused      PublishStatus = 4 // by the audit
	PublishDeleted      PublishStatus = 5 // published, then all of it deleted by the owner
	PublishBannedLater  PublishStatus = 6 // published, then all of it banned by the platform
	publishNotYetPolled PublishStatus = -1
)

func (s PublishStatus) String() string {
	switch s {
	case PublishDone:
		return "published"
	case PublishRunning:
		return "publishing"
	case PublishNotOriginal:
		return "originality check failed"
	case PublishFailed:
		return "failed"
	case PublishRefused:
		return "refused by the audit"
	case PublishDeleted:
		return "deleted by the owner"
	case PublishBannedLater:
		return "banned by the platform"
	case publishNotYetPolled:
		return "not asked yet"
	}
	return fmt.Sprintf("publish_status %d", int(s))
}

// PublishState is what one poll of a publishing job told.
type PublishState struct {
	ID        PublishID
	Status    PublishStatus
	ArticleID ArticleID // when published
	URLs      []string  // of its articles in their order, when published; https
	FailIdx   []int     // which articles failed, from 1, for PublishNotOriginal and PublishRefused
}

// Done tells whether the job has come to an end, good or bad.
func (s PublishState) Done() bool { return s.Status != PublishRunning }

// Published is a publishing job that succeeded.
type Published struct {
	ArticleID ArticleID
	URLs      []string // public, one per article in their order
}

// PublishError is a publishing job that came to a bad end. errors.Is finds ErrContent in a refusal and ErrNotFound in
// what was published and is gone again.
type PublishError struct{ State PublishState }

func (e *PublishError) Error() string {
	text := fmt.Sprintf("wechat: publish %s: %s", e.State.ID, e.State.Status)
	if len(e.State.FailIdx) > 0 {
		text += fmt.Sprintf(" (articles %v, counted from 1)", e.State.FailIdx)
	}
	return text
}

// Is matches ErrContent and ErrNotFound.
func (e *PublishError) Is(kind error) bool {
	switch e.State.Status {
	case PublishNotOriginal, PublishRefused:
		return kind == ErrContent
	case PublishDeleted, PublishBannedLater:
		return kind == ErrNotFound
	}
	return false
}

// Publisher publishes drafts. [*Client] is one; a test double makes its handles with [NewPublication].
type Publisher interface {
	Publish(ctx context.Context, id DraftID) (*Publication, error)
	Publication(id PublishID) *Publication
}

var _ Publisher = (*Client)(nil)

// Publication is a publishing job: minutes of the platform's own time. Keep its ID to come back after a restart.
type Publication struct {
	id   PublishID
	data MsgID
	poll func(context.Context) (PublishState, error)
}

// NewPublication makes a handle that asks poll: for test doubles and middleware.
func NewPublication(id PublishID, poll func(context.Context) (PublishState, error)) *Publication {
	return &Publication{id: id, poll: poll}
}

// ID is the platform's publish_id, to be written down at once.
func (p *Publication) ID() PublishID { return p.id }

// DataID is the msg_data_id that joins this publication with the account's statistics; empty for a handle from an ID.
func (p *Publication) DataID() MsgID { return p.data }

// Publish submits a draft for publishing: it becomes a page of the account, without a push to anyone and without a
// mass quota. When the job succeeds, the draft is gone. The call is never repeated by itself, since it has no
// idempotency key. What it returns is a job, not a page: see [Publication.Wait].
//
// Errors: ErrPermission (48001) for accounts that may not publish, which since July 2025 are all personal and
// unverified ones; ErrNotFound for a draft that is gone; ErrContent (53503) for one that fails the check before.
// A lost answer is ErrUnknownOutcome: [Client.Draft] answers ErrNotFound once the draft was consumed, and
// [Client.Published] lists what is out.
//
// Source: freepublish/submit, developers.weixin.qq.com (read 2026-11).
func (c *Client) Publish(ctx context.Context, id DraftID) (*Publication, error) {
	const op = "freepublish/submit"
	if id == "" {
		return nil, invalid(op, []error{errors.New("DraftID is empty")})
	}
	var out struct {
		ID   PublishID `json:"publish_id"`
		Data MsgID     `json:"msg_data_id"`
	}
	const advice = "the draft may be on its way: Draft answers ErrNotFound once it was consumed, and Published lists what is out; do not submit again before looking"
	if err := c.post(ctx, call{op: op, effect: once, advice: advice}, mediaID(id), &out); err != nil {
		return nil, err
	}
	if out.ID == "" {
		return nil, unknown(op, advice, errors.New("an answer without publish_id"))
	}
	p := c.Publication(out.ID)
	p.data = out.Data
	return p, nil
}

// Publication is the handle of a job from its ID, after a restart. It asks nothing by itself.
func (c *Client) Publication(id PublishID) *Publication {
	return NewPublication(id, func(ctx context.Context) (PublishState, error) { return c.publishState(ctx, id) })
}

func (c *Client) publishState(ctx context.Context, id PublishID) (PublishState, error) {
	const op = "freepublish/get"
	if id == "" {
		return PublishState{}, invalid(op, []error{errors.New("PublishID is empty")})
	}
	type item struct {
		Idx number `json:"idx"`
		URL string `json:"article_url"`
	}
	var out struct {
		Status    *number   `json:"publish_status"`
		ArticleID ArticleID `json:"article_id"`
		Detail    struct {
			Items []item `json:"item"`
		} `json:"article_detail"`
		FailIdx []number `json:"fail_idx"`
	}
	in := struct {
		ID PublishID `json:"publish_id"`
	}{id}
	// Not repeated: each time would be paid from the 100 looks of the day, and Wait looks again anyway.
	if err := c.post(ctx, call{op: op, effect: harmless}, in, &out); err != nil {
		return PublishState{}, err
	}
	if out.Status == nil { // 0 is "published": it must not be guessed
		return PublishState{}, &Error{Op: op, Msg: "an answer without publish_status", HTTPStatus: 200, temporary: true, sent: true}
	}
	s := PublishState{ID: id, Status: PublishStatus(*out.Status), ArticleID: out.ArticleID}
	slices.SortStableFunc(out.Detail.Items, func(a, b item) int { return int(a.Idx - b.Idx) })
	for _, i := range out.Detail.Items {
		s.URLs = append(s.URLs, secureURL(i.URL))
	}
	for _, i := range out.FailIdx {
		s.FailIdx = append(s.FailIdx, int(i))
	}
	return s, nil
}

// Poll asks once. It costs one of the account's 100 looks a day, and is not repeated by itself. A state that is a
// failure is not an error here.
//
// Source: freepublish/get, developers.weixin.qq.com (read 2026-11).
func (p *Publication) Poll(ctx context.Context) (PublishState, error) { return p.poll(ctx) }

// Wait polls until the job is done and returns the article's id and URLs. It looks at once, then after 5 s, 10 s, 20 s
// and so on up to every 5 min, at most 60 times, which leaves 40 of the day's 100 looks. A transient failure uses up a
// look and is forgotten. It has no timeout of its own: bound it with ctx, and come back with [Client.Publication].
//
// Errors: [*PublishError] for a bad end; ErrPending when the looks are used up; the cause of ctx with the last state;
// else the [*Error] of the look. Source: freepublish/get, developers.weixin.qq.com (read 2026-11).
func (p *Publication) Wait(ctx context.Context, opts *WaitOptions) (*Published, error) {
	last := PublishState{ID: p.id, Status: publishNotYetPolled}
	err := wait(ctx, opts, func(ctx context.Context) (bool, error) {
		s, err := p.poll(ctx)
		if err != nil {
			return false, err
		}
		last = s
		if opts != nil && opts.Progress != nil {
			opts.Progress(s)
		}
		return s.Done(), nil
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("wechat: publish %s (last state: %s): %w", p.id, last.Status, err)
	case last.Status != PublishDone:
		return nil, &PublishError{State: last}
	}
	return &Published{ArticleID: last.ArticleID, URLs: last.URLs}, nil
}

// PublishedItem is one publication of the account: one article or several under one id.
type PublishedItem struct {
	ID       ArticleID
	Articles []PublishedArticle
	Updated  time.Time
}

// PublishedArticle is one article of a publication.
type PublishedArticle struct {
	Title     string
	Author    string
	Digest    string
	Content   string // empty with ListOptions.NoContent
	SourceURL string // behind 阅读原文
	URL       string // public; https
	CoverURL  string // https
	Deleted   bool
}

// Published lists what was published by freepublish, newest first, 20 a call. What was mass-sent never appears here.
// Every range over the sequence begins anew; an error comes once, last.
//
// Source: freepublish/batchget, developers.weixin.qq.com (read 2026-11).
func (c *Client) Published(ctx context.Context, opts *ListOptions) iter.Seq2[PublishedItem, error] {
	type item struct {
		ID      ArticleID `json:"article_id"`
		Content struct {
			Articles []draftJSON `json:"news_item"`
		} `json:"content"`
		Updated number `json:"update_time"`
	}
	return list(ctx, c, "freepublish/batchget", opts, batch(opts), func(i item) PublishedItem {
		out := PublishedItem{ID: i.ID, Updated: moment(i.Updated)}
		for _, d := range i.Content.Articles {
			out.Articles = append(out.Articles, PublishedArticle{
				Title: d.Title, Author: d.Author, Digest: d.Digest, Content: d.Content, SourceURL: d.SourceURL,
				URL: secureURL(d.URL), CoverURL: secureURL(d.CoverURL), Deleted: bool(d.Deleted),
			})
		}
		return out
	})
}

// DeletePublished deletes one article of a publication for ever, counted from 1. 0 is an error here, because the
// platform takes it for all of them: that is [Client.DeleteAllPublished].
//
// Source: freepublish/delete, developers.weixin.qq.com (read 2026-11).
func (c *Client) DeletePublished(ctx context.Context, id ArticleID, article int) error {
	if article < 1 || article > maxPosts {
		return invalid(opUnpublish, []error{fmt.Errorf("article: %d is not in 1 to %d; DeleteAllPublished deletes all", article, maxPosts)})
	}
	return c.unpublish(ctx, id, article)
}

// DeleteAllPublished deletes every article of a publication for ever.
//
// Source: freepublish/delete without an index, developers.weixin.qq.com (read 2026-11).
func (c *Client) DeleteAllPublished(ctx context.Context, id ArticleID) error {
	return c.unpublish(ctx, id, 0)
}

const opUnpublish = "freepublish/delete"

func (c *Client) unpublish(ctx context.Context, id ArticleID, index int) error {
	if id == "" {
		return invalid(opUnpublish, []error{errors.New("ArticleID is empty")})
	}
	return c.post(ctx, call{op: opUnpublish, effect: writes, advice: "look in Published; deleting it again is safe"}, struct {
		ID    ArticleID `json:"article_id"`
		Index int       `json:"index,omitempty"`
	}{id, index}, nil)
}
