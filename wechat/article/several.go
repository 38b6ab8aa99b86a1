package article

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/kitroll/kitroll/wechat"
)

// MaxArticles is how many articles a draft holds. Source: draft/add, developers.weixin.qq.com, an older page (read 2026-11).
const MaxArticles = 8

// Text is the Markdown of one article of a draft.
type Text struct {
	Markdown []byte
	Line     int           // where in its file it begins, for notes and errors; 0 is 1
	Options  *DraftOptions // of this article; nil = what the text says of itself
}

// Split takes a file apart that holds several articles: wherever a line consists of
//
//	<!-- article -->
//
// a new one begins, with front matter of its own if it wants. Inside of fenced code such a line is code. Parts with
// nothing in them are left out; a file without the line is one text, an empty one none.
func Split(md []byte) []Text {
	var out []Text
	md = bytes.TrimPrefix(md, []byte("\xef\xbb\xbf"))
	begin, line, first := 0, 0, 1
	fence := ""
	add := func(end int) {
		part, from := md[begin:end], first
		for { // front matter stands at the very top
			blank, rest, ok := bytes.Cut(part, []byte("\n"))
			if !ok || len(bytes.TrimSpace(blank)) > 0 {
				break
			}
			part, from = rest, from+1
		}
		if len(bytes.TrimSpace(part)) > 0 {
			out = append(out, Text{Markdown: part, Line: from})
		}
	}
	for at := 0; at < len(md); {
		next := len(md)
		if i := bytes.IndexByte(md[at:], '\n'); i >= 0 {
			next = at + i + 1
		}
		line++
		text := strings.TrimSpace(string(md[at:next]))
		switch marks := fenceOf(text); {
		case fence != "" && marks == text && strings.HasPrefix(marks, fence):
			fence = ""
		case fence == "" && marks != "":
			fence = marks
		case fence == "" && divides(text):
			add(at)
			begin, first = next, line+1
		}
		at = next
	}
	add(len(md))
	return out
}

// fenceOf is the run of three or more ` or ~ that a line begins with.
func fenceOf(line string) string {
	if line == "" || line[0] != '`' && line[0] != '~' {
		return ""
	}
	run := line[:len(line)-len(strings.TrimLeft(line, line[:1]))]
	if len(run) < 3 || line[0] == '`' && strings.Contains(line[len(run):], "`") {
		return ""
	}
	return run
}

func divides(line string) bool {
	inner, ok := strings.CutPrefix(line, "<!--")
	inner, end := strings.CutSuffix(inner, "-->")
	return ok && end && strings.EqualFold(strings.TrimSpace(inner), "article")
}

// Parse is the function [Parse], which counts lines from t.Line.
func (t Text) Parse() (*Document, error) { return parse(t.Markdown, max(t.Line, 1)) }

// DraftAll makes one draft of up to [MaxArticles] articles, in their order; the first is the one with the large cover.
// Several files are several [Text] values, one file with several articles is what [Split] makes of it:
//
//	id, reports, err := publisher.DraftAll(ctx, article.Split(md)...)
//
// It goes on as [Publisher.Draft] does for a single one, and the same picture is uploaded once for all of them. There is
// a report for each text. The platform keeps a digest for a draft of one article alone: of several it is left out with
// a note.
//
// Errors: as for [Publisher.Draft], of all articles at once, each with its number and title.
func (p *Publisher) DraftAll(ctx context.Context, texts ...Text) (wechat.DraftID, []Report, error) {
	jobs, err := p.begin(texts, false)
	if err == nil {
		err = jobs.load(ctx)
	}
	if err != nil {
		return "", jobs.reports(texts), err
	}
	for _, j := range jobs.list {
		j.alone(len(texts))
	}
	if err := jobs.upload(ctx); err != nil {
		return "", jobs.reports(texts), err
	}
	id, err := jobs.create(ctx)
	return id, jobs.reports(texts), err
}

// UpdateAll puts texts in the place of all articles of a draft, as [Publisher.Update] does for one. The platform neither
// adds articles to a draft nor takes any out: as many texts as it has articles are needed.
func (p *Publisher) UpdateAll(ctx context.Context, id wechat.DraftID, texts ...Text) ([]Report, error) {
	return p.update(ctx, id, texts, func(stored int) (int, error) {
		if stored != len(texts) {
			return 0, fmt.Errorf("article: draft %s: %w: it has %d articles, %d were given; WeChat cannot change how many: make another draft", id, wechat.ErrInput, stored, len(texts))
		}
		return 0, nil
	})
}

// jobs are the articles of one call.
type jobs struct {
	p     *Publisher
	list  []*job
	cache Cache
}

func (p *Publisher) begin(texts []Text, update bool) (*jobs, error) {
	js := &jobs{p: p, cache: p.cfg.Cache}
	if len(texts) < 1 || len(texts) > MaxArticles {
		return js, fmt.Errorf("article: %w: %d texts were given, a draft holds 1 to %d articles", wechat.ErrInput, len(texts), MaxArticles)
	}
	if js.cache == nil {
		js.cache = MemoryCache() // so that articles with the same cover share it
	}
	var errs []error
	for i, text := range texts {
		j := &job{p: p, update: update}
		if len(texts) > 1 {
			j.number = i + 1
		}
		if text.Options != nil {
			j.o = *text.Options
		}
		js.list = append(js.list, j)
		doc, err := text.Parse()
		if err != nil {
			errs = append(errs, j.named(err))
			continue
		}
		j.o.override(doc)
		j.doc = doc
		j.report.Title, j.report.author = doc.Title, doc.Author
	}
	return js, errors.Join(errs...)
}

// reports has one for each text, however far it came.
func (js *jobs) reports(texts []Text) []Report {
	out := make([]Report, len(texts))
	for i, j := range js.list {
		out[i] = j.report
	}
	return out
}

// load gets everything ready and finds every problem, before anything is sent.
func (js *jobs) load(ctx context.Context) error {
	var errs []error
	for _, j := range js.list {
		err := j.load(ctx)
		if err == nil {
			err = j.rehearse()
		}
		errs = append(errs, j.named(err))
	}
	return errors.Join(errs...)
}

// upload uploads the pictures of all articles together, then the covers, and renders.
func (js *jobs) upload(ctx context.Context) error {
	var pictures []Picture
	for _, j := range js.list {
		pictures = append(pictures, j.pictures...)
	}
	urls, cached, err := upload(ctx, js.p.cfg.Client, pictures, js.options())
	for _, j := range js.list {
		j.uploaded(urls, cached)
	}
	if err != nil {
		return err
	}
	for _, j := range js.list {
		if err := j.cover(ctx, js.options()); err != nil {
			return j.named(err)
		}
		if err := j.render(); err != nil {
			return j.named(err)
		}
	}
	return nil
}

func (js *jobs) options() UploadOptions {
	return UploadOptions{Cache: js.cache, Concurrency: js.p.cfg.Concurrency, Progress: func(done, total int) {
		for _, j := range js.list {
			if j.o.Progress != nil {
				j.o.Progress(done, total)
			}
		}
	}}
}

func (js *jobs) create(ctx context.Context) (wechat.DraftID, error) {
	send := func() (wechat.DraftID, error) {
		var posts []wechat.Post
		for _, j := range js.list {
			posts = append(posts, j.article())
		}
		return js.p.cfg.Client.CreateDraft(ctx, posts...)
	}
	id, err := send()
	if again, coverErr := js.coversGone(ctx, err); coverErr != nil {
		return "", coverErr
	} else if again {
		id, err = send()
	}
	if err != nil {
		return "", err
	}
	stored, err := js.p.cfg.Client.Draft(ctx, id)
	if err != nil {
		return id, fmt.Errorf("article: draft %s exists, it could not be read back: %w", id, err)
	}
	if len(stored.Articles) != len(js.list) {
		return id, fmt.Errorf("article: draft %s has %d articles, %d were sent", id, len(stored.Articles), len(js.list))
	}
	var errs []error
	for i, j := range js.list {
		errs = append(errs, j.compare(stored.Articles[i]))
	}
	if err := errors.Join(errs...); err != nil {
		return id, fmt.Errorf("article: draft %s exists: %w", id, err)
	}
	return id, nil
}

// coversGone uploads the covers that came from the cache anew when the platform knows one of them no more: somebody
// deleted the material. The refusal wrote nothing, so that sending again makes no second draft.
func (js *jobs) coversGone(ctx context.Context, err error) (again bool, failed error) {
	if !errors.Is(err, wechat.ErrNotFound) {
		return false, nil
	}
	for _, j := range js.list {
		if !j.report.Cover.Cached {
			continue
		}
		j.coverGone, again = true, true
		if err := j.cover(ctx, js.options()); err != nil {
			return false, j.named(err)
		}
	}
	return again, nil
}
