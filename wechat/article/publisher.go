package article

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kitroll/kitroll/wechat"
)

// Client is what a Publisher needs of WeChat. [*wechat.Client] is one.
type Client interface {
	Uploader
	CreateDraft(ctx context.Context, posts ...wechat.Post) (wechat.DraftID, error)
	Draft(ctx context.Context, id wechat.DraftID) (*wechat.Draft, error)
}

var _ interface {
	Client
	Library
} = (*wechat.Client)(nil)

// Config is what a [Publisher] is made from. It is copied.
type Config struct {
	Client Client // required

	Loader      Loader                                         // where pictures come from; the zero value knows data: and http(s) only
	Cache       Cache                                          // of this account; nil = every picture is uploaded every time
	Theme       Theme                                          // the zero value is DefaultTheme
	Highlight   func(lang, code string) (html string, ok bool) // see RenderOptions; called more than once for each block
	Concurrency int                                            // uploads at the same time; 0 = DefaultConcurrency
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

	Cover   string         // a picture's reference; default: the front matter's, else the first picture of the text
	CoverID wechat.MediaID // a permanent image that is there already; Cover is then not looked at

	// OpenComment opens comments; it needs the comment privilege (88000). FansOnlyComment leaves them to followers.
	OpenComment, FansOnlyComment bool

	Progress func(done, total int) // of the pictures, on the caller's goroutine
}

// Report is what was done, filled as far as it went.
type Report struct {
	Title    string
	Pictures []PictureReport // of the text, in order
	Cover    CoverReport
	Notes    []string // what is not as it was written; see Rendered
	HTML     string   // what was sent
	Stored   string   // what the platform made of it, "" if it was not read back

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
// A second call with the same Cache uploads nothing again, but it makes a second draft. The report says how far a failed
// call came.
//
// Errors: those of [Parse], [Document.Check], [Loader.Load], [Fit], [Upload] and [Document.Render]; [*wechat.Error].
// When the draft exists and the platform stored it otherwise than it was sent, the ID comes together with a
// [*Difference]; and with the error of the reading when it could not be read back. wechat.ErrUnknownOutcome without an
// ID means that the draft may exist: look at wechat.Client.Drafts before trying again.
func (p *Publisher) Draft(ctx context.Context, md []byte, opts *DraftOptions) (wechat.DraftID, Report, error) {
	o := DraftOptions{}
	if opts != nil {
		o = *opts
	}
	var report Report
	doc, err := Parse(md)
	if err != nil {
		return "", report, err
	}
	o.override(doc)
	report.Title, report.author = doc.Title, doc.Author
	job := &job{p: p, o: o, doc: doc, report: &report}
	for _, step := range []func(context.Context) error{job.load, job.rehearse, job.upload, job.cover, job.render} {
		if err := step(ctx); err != nil {
			return "", report, err
		}
	}
	id, err := job.create(ctx)
	return id, report, err
}

func (o DraftOptions) override(doc *Document) {
	for _, f := range []struct {
		to  *string
		val string
	}{{&doc.Title, o.Title}, {&doc.Author, o.Author}, {&doc.Digest, o.Digest}, {&doc.SourceURL, o.SourceURL}, {&doc.Cover, o.Cover}} {
		if f.val != "" {
			*f.to = f.val
		}
	}
}

// job is one run of Draft.
type job struct {
	p      *Publisher
	o      DraftOptions
	doc    *Document
	report *Report

	pictures []Picture
	coverPic Picture
	urls     map[string]string
	out      Rendered

	coverGone bool // the cache knew a cover that the library no longer has
}

// load gets every picture ready, and finds every problem with all of them, before anything is sent.
func (j *job) load(ctx context.Context) error {
	errs := []error{j.doc.Check()}
	loaded := map[string]Picture{}
	for _, ref := range j.doc.Pictures() {
		if ctx.Err() != nil {
			return fmt.Errorf("article: %w", context.Cause(ctx))
		}
		raw, err := j.p.cfg.Loader.Load(ctx, ref)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		fit, err := Fit(raw)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		loaded[ref] = raw
		j.pictures = append(j.pictures, fit)
		j.report.Pictures = append(j.report.Pictures, PictureReport{
			Ref: ref, From: raw.Type, To: fit.Type, Bytes: len(fit.Data), Material: fit.AsMaterial(),
			Converted: !slices.Equal(raw.Data, fit.Data),
		})
	}
	if j.o.CoverID == "" {
		errs = append(errs, j.loadCover(ctx, loaded))
	}
	return errors.Join(errs...)
}

// rehearse renders with addresses as long as WeChat's are, so that a text that is too large or nested too deeply is
// found before its pictures are uploaded.
func (j *job) rehearse(context.Context) error {
	urls := map[string]string{}
	for _, p := range j.pictures {
		urls[p.Ref] = "https://mmbiz.qpic.cn/" + strings.Repeat("x", 130)
	}
	_, err := j.doc.Render(RenderOptions{Theme: j.p.cfg.Theme, Pictures: urls, Highlight: j.p.cfg.Highlight})
	return err
}

func (j *job) loadCover(ctx context.Context, loaded map[string]Picture) error {
	ref := j.doc.Cover
	if ref == "" {
		if refs := j.doc.Pictures(); len(refs) > 0 {
			ref = refs[0]
		}
	}
	if ref == "" {
		return &FieldError{Field: "cover", Err: fmt.Errorf("%w: name one in the front matter, the options, or put a picture into the text", ErrEmpty)}
	}
	j.report.Cover.Ref = ref
	raw, ok := loaded[ref]
	if !ok {
		if j.doc.Cover == "" {
			return nil // the first picture of the text: its error is there already
		}
		var err error
		if raw, err = j.p.cfg.Loader.Load(ctx, ref); err != nil {
			return err
		}
	}
	var err error
	j.coverPic, err = Cover(raw)
	return err
}

func (j *job) upload(ctx context.Context) error {
	urls, cached, err := upload(ctx, j.p.cfg.Client, j.pictures, j.uploadOptions())
	j.urls = urls
	j.report.sent = make(map[string][]byte, len(urls))
	for _, p := range j.pictures {
		if url := urls[p.Ref]; url != "" {
			j.report.sent[url] = p.Data
		}
	}
	for i := range j.report.Pictures {
		r := &j.report.Pictures[i]
		r.URL, r.Cached = urls[r.Ref], cached[r.Ref]
		r.Uploaded = r.URL != "" && !r.Cached
	}
	return err
}

func (j *job) uploadOptions() UploadOptions {
	return UploadOptions{Cache: j.p.cfg.Cache, Concurrency: j.p.cfg.Concurrency, Progress: j.o.Progress}
}

// cover uploads the cover into the material library, which is where the platform wants it.
func (j *job) cover(ctx context.Context) error {
	r := &j.report.Cover
	if j.o.CoverID != "" {
		r.ID = j.o.CoverID
		return nil
	}
	key, opts := j.coverPic.SHA256+".cover", j.uploadOptions()
	r.Name = j.coverPic.Name
	if !j.coverGone {
		id, ok, err := opts.get(ctx, key)
		if err != nil {
			return j.coverPic.fail(fmt.Errorf("cache: %w", err), "")
		}
		if ok && id != "" {
			r.ID, r.Cached = wechat.MediaID(id), true
			return nil
		}
	}
	m, err := addMaterial(ctx, j.p.cfg.Client, j.coverPic)
	if err != nil {
		return j.coverPic.fail(fmt.Errorf("cover: %w", err), "")
	}
	r.ID, r.Cached = m.ID, false
	return opts.put(context.WithoutCancel(ctx), key, string(m.ID))
}

func (j *job) render(context.Context) error {
	out, err := j.doc.Render(RenderOptions{Theme: j.p.cfg.Theme, Pictures: j.urls, Highlight: j.p.cfg.Highlight})
	j.out, j.report.HTML, j.report.Notes = out, out.HTML, out.Notes
	return err
}

func (j *job) create(ctx context.Context) (wechat.DraftID, error) {
	id, err := j.send(ctx)
	if errors.Is(err, wechat.ErrNotFound) && j.report.Cover.Cached {
		// Somebody deleted the material. The refusal made no draft, so that sending again makes one and not two.
		j.coverGone = true
		if err = j.cover(ctx); err == nil {
			id, err = j.send(ctx)
		}
	}
	if err != nil {
		return "", err
	}
	stored, err := j.p.cfg.Client.Draft(ctx, id)
	if err != nil {
		return id, fmt.Errorf("article: draft %s exists, it could not be read back: %w", id, err)
	}
	if len(stored.Articles) != 1 {
		return id, fmt.Errorf("article: draft %s has %d articles, one was sent", id, len(stored.Articles))
	}
	j.report.Stored = stored.Articles[0].Content
	if err := j.out.Verify(j.report.Stored); err != nil {
		return id, fmt.Errorf("article: draft %s exists: %w", id, err)
	}
	return id, nil
}

func (j *job) send(ctx context.Context) (wechat.DraftID, error) {
	a := wechat.Article{
		Title: j.doc.Title, Author: j.doc.Author, Digest: j.doc.Digest, Content: j.report.HTML, SourceURL: j.doc.SourceURL,
		Cover: j.report.Cover.ID, OpenComment: j.o.OpenComment, FansOnlyComment: j.o.FansOnlyComment,
	}
	if j.o.CoverID == "" {
		a.Crop235, a.Crop11 = CoverCrops()
	}
	return j.p.cfg.Client.CreateDraft(ctx, a)
}
