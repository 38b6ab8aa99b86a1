package wechat

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// Wait returns the article's id and URLs when the job is done. It looks at once, then after 5 s, 10 s, 20 s and so on up
// to every 10 min, at most 12 times, which is 50 minutes and an eighth of the day's 100 looks. A transient failure uses
// up a look and is forgotten. It has no timeout of its own: bound it with ctx, and come back with [Client.Publication].
//
// With [WaitOptions].Events the push about the job ends it at once and costs nothing, and the looks are the net below it:
// one at once, since the push may have come before, the next after 5 min, then up to every 30 min, 12 times in all.
//
// Errors: [*PublishError] for a bad end; ErrPending when the looks are used up; the cause of ctx with the last state;
// else the [*Error] of the look. Source: freepublish/get, developers.weixin.qq.com (read 2026-11).
func (p *Publication) Wait(ctx context.Context, opts *WaitOptions) (*Published, error) {
	last := PublishState{ID: p.id, Status: publishNotYetPolled}
	tell := func(s PublishState) {
		last = s
		if opts != nil && opts.Progress != nil {
			opts.Progress(s)
		}
	}
	hear := func(ctx context.Context, e Events) (PublishState, error) { return e.PublishEnd(ctx, p.id) }
	err := wait(ctx, opts, hear, func(ctx context.Context, e *ears[PublishState]) (bool, error) {
		// A push about something else, or one without the URLs, which was seen to be empty, is only a reason to look.
		if pushed := e.heard(); pushed != nil && pushed.ID == p.id && pushed.Done() && (pushed.Status != PublishDone || len(pushed.URLs) > 0) {
			tell(pushed.secured())
			return true, nil
		}
		s, err := p.poll(ctx)
		if err != nil {
			return false, err
		}
		tell(s)
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

// secured is the state with https for the addresses that the platform still writes as http.
func (s PublishState) secured() PublishState {
	s.URLs = slices.Clone(s.URLs)
	for i, u := range s.URLs {
		s.URLs[i] = secureURL(u)
	}
	return s
}
