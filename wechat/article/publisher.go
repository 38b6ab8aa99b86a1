package article

import (
	"context"
	"errors"
	"fmt"

	"github.com/kitroll/kitroll/wechat"
)

// Client is what a Publisher needs of WeChat. [*wechat.Client] is one.
type Client interface {
	Uploader
	CreateDraft(ctx context.Context, posts ...wechat.Post) (wechat.DraftID, error)
	Draft(ctx context.Context, id wechat.DraftID) (*wechat.Draft, error)
	UpdateDraft(ctx context.Context, id wechat.DraftID, index int, edit func(*wechat.Article) error) error
}

var _ interface {
	Client
	Library
} = (*wechat.Client)(nil)

// Config is what a [Publisher] is made from. It is copied.
type Config struct {
	Client Client // required

	Loader      Loader                                                  // where pictures come from; the zero value knows data: and http(s) only
	Cache       Cache                                                   // of this account; nil = every picture is uploaded every time
	Theme       Theme                                                   // the zero value is DefaultTheme
	Highlight   func(lang, code string) (html string, ok bool)          // see RenderOptions; called more than once for each block
	Math        func(tex string, display bool) (html string, err error) // see RenderOptions; nil = a formula is an error
	Concurrency int                                                     // uploads at the same time; 0 = DefaultConcurrency
}

// Publisher turns Markdown into drafts of one account. It is safe for concurrent use, if its Cache is.
type Publisher struct{ cfg Config }

// New checks cfg and makes a publisher. It does no I/O. Its error joins every problem found, each naming its field.
func New(cfg Config) (*Publisher, error) {
	var errs []error
	if cfg.Client == nil {
		errs = append(errs, errors.New("Client is required"))
	}
	if cfg.Concurrency < 0 {
		errs = append(errs, fmt.Errorf("Concurrency: %d is below 0", cfg.Concurrency))
	}
	if cfg.Theme == (Theme{}) {
		cfg.Theme = DefaultTheme()
	}
	if err := cfg.Theme.Check(); err != nil {
		errs = append(errs, fmt.Errorf("Theme: %w", err))
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("article: config: %w", errors.Join(errs...))
	}
	return &Publisher{cfg: cfg}, nil
}

// DraftOptions overrides what the text says of itself; nil and empty fields leave it.
type DraftOptions struct {
	Title, Author, Digest, SourceURL string

	// Cover is a picture's reference; default: the front matter's, else the first picture of the text, else, in an update,
	// the cover that the draft has.
	Cover   string
	CoverID wechat.MediaID // a permanent image that is there already; Cover is then not looked at

	// OpenComment opens comments; it needs the comment privilege (88000). FansOnlyComment leaves them to followers. In an
	// update, false leaves them as they are.
	OpenComment, FansOnlyComment bool

	Progress func(done, total int) // of the pictures of all articles of the call, on the caller's goroutine
}

// Report is what was done, filled as far as it went.
type Report struct {
	Title    string
	Pictures []PictureReport // of the text, in order
	Cover    CoverReport
	Notes    []string // what is not as it was written; see Rendered
	HTML     string   // what was sent
	Stored   string   // what the platform made of it, "" if it was not read back

	Difference *Difference // what the platform changed; nil if nothing, or if it was not read back
	Unchanged  bool        // of an update: the draft held just this, and nothing was written

	author string
	sent   map[string][]byte // the pictures' bytes by URL
}

// Preview is a page that shows what was sent, with its pictures; see [Preview].
func (r Report) Preview() []byte { return Preview(r.HTML, r.Title, r.author, r.sent) }

// PictureReport is one picture of the text.
type PictureReport struct {
	Ref       string // as in the text: may hold a presigned query, so do not log it
	URL       string // at WeChat; "" if it did not get there
	Uploaded  bool   // by this call, here or under another Ref with the same content
	Cached    bool   // the cache knew it
	Converted bool   // not the bytes that were loaded: scaled, re-encoded, turned
	From, To  string // types before and after, such as "image/webp" and "image/jpeg"
	Bytes     int    // after
	Material  bool   // it went into the material library
}

// CoverReport is the cover.
type CoverReport struct {
	Ref    string // "" where an ID was given
	Name   string // in the material library
	ID     wechat.MediaID
	Cached bool
}

// Draft makes a draft of a Markdown text: it checks the fields, loads and fits every picture and the cover, uploads
// them, renders, creates the draft, reads it back and compares. Nothing is sent before every picture is known to be good
// and every field to be within its limits.
//
// A second call with the same Cache uploads nothing again, but it makes a second draft; [Publisher.Update] changes the
// first. The report says how far a failed call came. A text that [Split] takes apart is for [Publisher.DraftAll].
//
// Errors: those of [Parse], [Document.Check], [Loader.Load], [Fit], [Upload] and [Document.Render]; [*wechat.Error].
// When the draft exists and the platform stored it otherwise than it was sent, the ID comes together with a
// [*Difference]; and with the error of the reading when it could not be read back. wechat.ErrUnknownOutcome without an
// ID means that the draft may exist: look at wechat.Client.Drafts before trying again.
func (p *Publisher) Draft(ctx context.Context, md []byte, opts *DraftOptions) (wechat.DraftID, Report, error) {
	if n := len(Split(md)); n > 1 {
		return "", Report{}, fmt.Errorf("article: the text holds %d articles: give them to DraftAll, as Split(md) takes them apart", n)
	}
	id, reports, err := p.DraftAll(ctx, Text{Markdown: md, Options: opts})
	return id, reports[0], err
}

// Update puts a Markdown text in the place of one article of a draft, counted from 0: the draft keeps its ID, its other
// articles and what the text does not speak of, such as comments. Pictures that the Cache knows are not uploaded again,
// and nothing is written where the draft holds just this already ([Report].Unchanged).
//
// Errors: as for [Publisher.Draft]. wechat.ErrNotFound also means that the draft was published or sent, which consumes
// it. After wechat.ErrUnknownOutcome the same call is safe to repeat.
// Source: draft/update, developers.weixin.qq.com (read 2026-11).
func (p *Publisher) Update(ctx context.Context, id wechat.DraftID, index int, md []byte, opts *DraftOptions) (Report, error) {
	if n := len(Split(md)); n > 1 {
		return Report{}, fmt.Errorf("article: the text holds %d articles: give them to UpdateAll, as Split(md) takes them apart", n)
	}
	reports, err := p.update(ctx, id, []Text{{Markdown: md, Options: opts}}, func(stored int) (int, error) {
		if index < 0 || index >= stored {
			return 0, fmt.Errorf("article: draft %s: %w: index %d, it has articles 0 to %d", id, wechat.ErrInput, index, stored-1)
		}
		return index, nil
	})
	return reports[0], err
}
