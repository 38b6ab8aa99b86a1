package article

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/kitroll/kitroll/wechat"
)

// Uploader is where pictures go. [*wechat.Client] is one.
type Uploader interface {
	UploadArticleImage(ctx context.Context, f wechat.File) (url string, err error)
	UploadMaterial(ctx context.Context, t wechat.MaterialType, f wechat.File, opts *wechat.MaterialOptions) (wechat.Material, error)
}

// Library is what an Uploader may be too, as [*wechat.Client] is: then a material whose upload got no answer is looked
// for by its name before anything is said of it.
type Library interface {
	Materials(ctx context.Context, t wechat.MaterialType, opts *wechat.ListOptions) iter.Seq2[wechat.MaterialItem, error]
}

// DefaultConcurrency is how many uploads run at the same time.
const DefaultConcurrency = 4

// UploadOptions is how pictures are uploaded; the zero value is no cache, four at a time, and no progress.
type UploadOptions struct {
	Cache       Cache                 // nil = nothing is remembered
	Concurrency int                   // 0 = DefaultConcurrency
	Progress    func(done, total int) // on the caller's goroutine, after each picture; cached ones count
}

// Upload uploads pictures that [Fit] made and returns their addresses by Ref: PNG and JPEG as pictures of an article,
// GIF as a material. The same content is uploaded once, whatever it is called, and not at all if the cache knows it.
//
// After the first failure nothing new is begun, and what is under way is waited for; the map holds what succeeded, which
// the cache knows by then, so that the same call goes on from there. Nothing is uploaded twice by itself: the client's
// rules on retries hold. Pictures are checked before the first one is sent.
//
// Errors: [*PictureError] for each picture that failed, joined; errors of the cache.
// Source: media/uploadimg and material/add_material, developers.weixin.qq.com (read 2026-11).
func Upload(ctx context.Context, to Uploader, pictures []Picture, opts UploadOptions) (map[string]string, error) {
	urls, _, err := upload(ctx, to, pictures, opts)
	return urls, err
}

// upload is Upload that also tells which refs came from the cache.
func upload(ctx context.Context, to Uploader, pictures []Picture, opts UploadOptions) (urls map[string]string, cached map[string]bool, err error) {
	urls, cached = map[string]string{}, map[string]bool{}
	refs := map[string][]string{} // by key
	var unique []Picture
	var errs []error
	for _, p := range pictures {
		if p.SHA256 == "" {
			p = NewPicture(p.Ref, p.Name, p.Data)
		}
		if err := fitting(p); err != nil {
			errs = append(errs, err)
			continue
		}
		if refs[p.key()] == nil {
			unique = append(unique, p)
		}
		refs[p.key()] = append(refs[p.key()], p.Ref)
	}
	if opts.Concurrency < 0 {
		errs = append(errs, fmt.Errorf("article: Concurrency: %d is below 0", opts.Concurrency))
	}
	if len(errs) > 0 {
		return urls, cached, errors.Join(errs...)
	}

	done := 0
	finished := func(p Picture, url string) {
		for _, ref := range refs[p.key()] {
			urls[ref] = secure(url)
		}
		if done++; opts.Progress != nil {
			opts.Progress(done, len(unique))
		}
	}
	var todo []Picture
	for _, p := range unique {
		url, ok, err := opts.get(ctx, p.key())
		switch {
		case err != nil:
			return urls, cached, p.fail(fmt.Errorf("cache: %w", err), "")
		case ok && onWeChat(url):
			for _, ref := range refs[p.key()] {
				cached[ref] = true
			}
			finished(p, url)
		default:
			todo = append(todo, p)
		}
	}
	err = opts.run(ctx, to, todo, func(p Picture, url string) error {
		finished(p, url)
		// The picture is there, whatever became of ctx: not to remember it would upload it twice.
		return opts.put(context.WithoutCancel(ctx), p.key(), url)
	})
	return urls, cached, err
}

// run uploads with a bounded number of goroutines, and hears every one of them out before it returns.
func (o UploadOptions) run(ctx context.Context, to Uploader, todo []Picture, finished func(Picture, string) error) error {
	type result struct {
		p   Picture
		url string
		err error
	}
	limit := o.Concurrency
	if limit == 0 {
		limit = DefaultConcurrency
	}
	results := make(chan result)
	var errs []error
	running, next := 0, 0
	for {
		for running < limit && next < len(todo) && len(errs) == 0 && ctx.Err() == nil {
			p := todo[next]
			next++
			running++
			go func() {
				url, err := send(ctx, to, p)
				results <- result{p, url, err}
			}()
		}
		if running == 0 {
			break
		}
		r := <-results
		running--
		if r.err == nil {
			r.err = finished(r.p, r.url)
		}
		if r.err != nil {
			errs = append(errs, r.p.fail(r.err, ""))
		}
	}
	if left := len(todo) - next; left > 0 {
		if len(errs) == 0 {
			errs = append(errs, fmt.Errorf("article: upload: %w", context.Cause(ctx)))
		}
		errs = append(errs, fmt.Errorf("article: upload: %d pictures were not tried", left))
	}
	return errors.Join(errs...)
}

func send(ctx context.Context, to Uploader, p Picture) (url string, err error) {
	if p.AsMaterial() {
		m, err := addMaterial(ctx, to, p)
		if err != nil {
			return "", err
		}
		url = m.URL
	} else if url, err = to.UploadArticleImage(ctx, wechat.FileBytes(p.Name, p.Data)); err != nil {
		return "", err
	}
	if !onWeChat(url) {
		return "", fmt.Errorf("%w: the upload answered with %s", ErrNotUploaded, shown(url))
	}
	return url, nil
}

// addMaterial uploads a picture into the library. Where the answer is lost, the library itself is asked: the name says
// which content it is, so that one found by it is the one, whichever upload made it.
func addMaterial(ctx context.Context, to Uploader, p Picture) (wechat.Material, error) {
	m, err := to.UploadMaterial(ctx, wechat.ImageMaterial, wechat.FileBytes(p.Name, p.Data), nil)
	if err == nil || !errors.Is(err, wechat.ErrUnknownOutcome) {
		return m, err
	}
	library, ok := to.(Library)
	if !ok {
		return m, err
	}
	looked := 0
	for item, listErr := range library.Materials(ctx, wechat.ImageMaterial, nil) {
		if listErr != nil {
			return m, errors.Join(err, listErr)
		}
		if item.Name == p.Name {
			return wechat.Material{ID: item.ID, URL: item.URL}, nil
		}
		if looked++; looked == 100 { // newest first: it would be among the first few
			break
		}
	}
	return m, err
}

// fitting refuses what the platform would refuse, before anything is sent.
func fitting(p Picture) error {
	switch {
	case p.AsMaterial() && len(p.Data) <= maxGIFBytes:
	case (p.Type == "image/png" || p.Type == "image/jpeg") && len(p.Data) < 1<<20:
	case p.Type == "image/png" || p.Type == "image/jpeg" || p.AsMaterial():
		return p.fail(fmt.Errorf("%w: %d bytes", ErrTooLarge, len(p.Data)), "use Fit first")
	default:
		return p.fail(errors.ErrUnsupported, "use Fit first")
	}
	if len(p.Data) == 0 {
		return p.fail(fmt.Errorf("%w: it is empty", ErrBroken), "")
	}
	return nil
}

// key is a picture's key in the cache.
func (p Picture) key() string {
	if p.AsMaterial() {
		return p.SHA256 + ".gif"
	}
	return p.SHA256
}

func (o UploadOptions) get(ctx context.Context, key string) (value string, ok bool, err error) {
	if o.Cache == nil {
		return "", false, nil
	}
	return o.Cache.Get(ctx, key)
}

func (o UploadOptions) put(ctx context.Context, key, value string) error {
	if o.Cache == nil {
		return nil
	}
	if err := o.Cache.Put(ctx, key, value); err != nil {
		return fmt.Errorf("uploaded, but the cache did not take it: %w", err)
	}
	return nil
}
