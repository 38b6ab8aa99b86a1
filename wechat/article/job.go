package article

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kitroll/kitroll/wechat"
)

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

// job is one article on its way.
type job struct {
	p      *Publisher
	o      DraftOptions
	doc    *Document
	report Report
	number int // from 1, where there are several; else 0
	update bool

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
			errs = append(errs, j.inLine(ref, err))
			continue
		}
		fit, err := Fit(raw)
		if err != nil {
			errs = append(errs, j.inLine(ref, err))
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

// inLine adds where in the text a picture stands.
func (j *job) inLine(ref string, err error) error {
	if bad, ok := errors.AsType[*PictureError](err); ok {
		bad.Line = j.doc.lines[ref]
	}
	return err
}

// rehearse renders with addresses as long as WeChat's are, so that a text that is too large or nested too deeply is
// found before its pictures are uploaded.
func (j *job) rehearse() error {
	urls := map[string]string{}
	for _, p := range j.pictures {
		urls[p.Ref] = "https://mmbiz.qpic.cn/" + strings.Repeat("x", 130)
	}
	_, err := j.doc.Render(j.p.options(urls))
	return err
}

func (j *job) loadCover(ctx context.Context, loaded map[string]Picture) error {
	ref := j.doc.Cover
	if ref == "" {
		if refs := j.doc.Pictures(); len(refs) > 0 {
			ref = refs[0]
		}
	}
	if ref == "" && j.update {
		return nil
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

func (p *Publisher) options(urls map[string]string) RenderOptions {
	return RenderOptions{Theme: p.cfg.Theme, Pictures: urls, Highlight: p.cfg.Highlight, Math: p.cfg.Math}
}

// uploaded tells the report which pictures are where.
func (j *job) uploaded(urls map[string]string, cached map[string]bool) {
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
}

// cover uploads the cover into the material library, which is where the platform wants it.
func (j *job) cover(ctx context.Context, opts UploadOptions) error {
	r := &j.report.Cover
	if j.o.CoverID != "" {
		r.ID = j.o.CoverID
		return nil
	}
	if j.coverPic.Data == nil { // in an update that names none: the draft keeps its own
		return nil
	}
	key := j.coverPic.SHA256 + ".cover"
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

func (j *job) render() error {
	out, err := j.doc.Render(j.p.options(j.urls))
	j.out, j.report.HTML = out, out.HTML
	j.report.Notes = append(j.report.Notes, out.Notes...)
	return err
}

// article is the article as it will be sent.
func (j *job) article() wechat.Article {
	a := wechat.Article{
		Title: j.doc.Title, Author: j.doc.Author, Digest: j.doc.Digest, Content: j.report.HTML, SourceURL: j.doc.SourceURL,
		Cover: j.report.Cover.ID, OpenComment: j.o.OpenComment, FansOnlyComment: j.o.FansOnlyComment,
	}
	if j.o.CoverID == "" {
		a.Crop235, a.Crop11 = CoverCrops()
	}
	return a
}

// alone drops what the platform keeps for a draft of one article only.
func (j *job) alone(articles int) {
	if articles > 1 && j.doc.Digest != "" {
		j.doc.Digest = ""
		j.report.Notes = append(j.report.Notes, "the digest is left out: WeChat keeps it for a draft of a single article")
	}
}

// compare looks at what the platform stored.
func (j *job) compare(stored wechat.DraftArticle) error {
	j.report.Stored = stored.Content
	err := j.out.Verify(stored.Content)
	if d, ok := errors.AsType[*Difference](err); ok {
		j.report.Difference = d
	}
	return j.named(err)
}

// named says which of several articles an error is about.
func (j *job) named(err error) error {
	if err == nil || j.number == 0 {
		return err
	}
	title := ""
	if j.doc != nil && j.doc.Title != "" {
		title = fmt.Sprintf(" (%s)", clip(j.doc.Title, MaxTitle))
	}
	return fmt.Errorf("article %d%s: %w", j.number, title, err)
}
