package r2

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
)

// compareFiles plans the puts, and takes the objects that have a file out of objects.
func (c *Client) compareFiles(ctx context.Context, p *Plan, files []file, objects map[string]Entry) error {
	cache := openHashes(p.opts.Cache)
	changes := make([]*Change, len(files))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(maxInFlight)
	for i, f := range files {
		e, there := objects[f.key]
		delete(objects, f.key)
		g.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			reason, err := "new", error(nil)
			if there {
				reason, err = c.difference(p, f, e, cache)
			}
			if reason != "" {
				changes[i] = &Change{Key: f.key, Path: f.path, Size: f.size, Reason: reason}
			}
			return err
		})
	}
	err := g.Wait()
	for _, change := range changes {
		if change != nil {
			p.Puts = append(p.Puts, *change)
		}
	}
	p.Unchanged = len(files) - len(p.Puts)
	slices.SortFunc(p.Puts, func(a, b Change) int { return strings.Compare(a.Key, b.Key) })
	return errors.Join(err, cache.save(files))
}

// difference is why a file and an object differ, "" if they do not.
func (c *Client) difference(p *Plan, f file, e Entry, cache *hashes) (string, error) {
	if f.size != e.Size {
		return "size", nil
	}
	if p.opts.SizeOnly {
		return "", nil
	}
	_, n, inParts := strings.Cut(e.ETag, "-")
	sizes := []int64{0}
	if inParts {
		count, err := strconv.ParseInt(n, 10, 64)
		if err != nil || count < 1 {
			return "content", nil //nolint:nilerr // an ETag of another kind
		}
		sizes = c.partSizes(p.options(f.key), f.size, count)
	}
	for _, part := range sizes {
		etag, err := cache.etag(p.src, f, part)
		if err != nil {
			return "", err
		}
		if strings.EqualFold(etag, e.ETag) {
			return "", nil
		}
	}
	return "content", nil
}

// partSizes are those in which a file may have been uploaded, if it went in so many parts: our own, what other programs take,
// and our own of a copy.
func (c *Client) partSizes(o PutOptions, size, count int64) (out []int64) {
	own := &put{c: c, opts: o}
	for _, part := range []int64{own.partSize(size), 5 * mib, 8 * mib, 10 * mib, 15 * mib, 16 * mib, 25 * mib, 32 * mib, 50 * mib, 64 * mib, 100 * mib, 128 * mib, c.copyPart} {
		if max(1, (size+part-1)/part) == count && !slices.Contains(out, part) {
			out = append(out, part)
		}
	}
	return out
}

// options are those that a key is stored with.
func (p *Plan) options(key string) PutOptions {
	var o PutOptions
	if p.opts.Put != nil {
		o = p.opts.Put(key)
	}
	o.IfAbsent, o.IfMatch, o.Size, o.Progress = false, "", 0, nil
	return o
}
