package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2admin"
)

// errFileChanged is a picture that is another one than the plan was made for.
var errFileChanged = errors.New("it has changed since the plan was made: run again")

// carryOut does what the plan says, in an order in which it can be cut off anywhere: the next plan is what is left.
func (j *job) carryOut(ctx context.Context, p *Plan) error {
	control := j.account.Control
	if p.BucketNew {
		b, err := control.EnsureBucket(ctx, p.Bucket, nil)
		if err != nil {
			return err
		}
		j.report.BucketMade = !b.Existed
		j.did("+", "bucket %s", "存储桶 %s", p.Bucket)
	}
	if p.DomainIs == domainMissing || p.DomainIs == domainOff {
		if _, err := control.EnsureDomain(ctx, p.Bucket, p.Domain, nil); err != nil {
			return err
		}
		j.report.DomainConnected = true
		j.did("+", "domain %s", "域名 %s", p.Domain)
	}
	if p.corsChanges() {
		if err := control.ApplyCORS(ctx, *p.CORS); err != nil {
			return err
		}
		j.report.CORSChanged = true
		j.did("~", "CORS rules", "CORS 规则")
	}
	if err := j.upload(ctx, p); err != nil {
		return err
	}
	if err := j.write(p); err != nil {
		return err
	}
	if p.DomainIs != domainServes {
		if err := j.awaitDomain(ctx, p); err != nil {
			return err
		}
	}
	if err := j.check(ctx, p); err != nil {
		return err
	}
	return j.prune(ctx, p)
}

// upload sends what is missing, several at a time. After a failure nothing new is begun. What is about to be made is
// remembered first, so that a run that is killed leaves nothing behind that no later -prune would know.
func (j *job) upload(ctx context.Context, p *Plan) error {
	for _, picture := range p.Upload {
		p.ours[picture.Key] = true
	}
	if err := j.manifest.save(p.Folder.Known, p.ours); err != nil {
		return err
	}
	if len(p.Upload) == 0 {
		return nil
	}
	root, err := os.OpenRoot(j.folder)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // it was read from
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs []error
		next = make(chan Picture)
	)
	failed := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(errs) > 0
	}
	for range min(j.flags.parallel, len(p.Upload)) {
		wg.Go(func() {
			for picture := range next {
				if failed() {
					continue
				}
				img, err := j.put(ctx, root.FS(), picture)
				mu.Lock()
				switch {
				case err != nil:
					errs = append(errs, fmt.Errorf("%s: %w", printable(picture.Name), err))
				case img.Existed: // somebody else was quicker, and it is theirs
					delete(p.ours, picture.Key)
					j.report.There++
				default:
					j.report.Uploaded++
					j.report.UploadedBytes += img.Size
					j.did("+", "%s (%s)", "%s（%s）", printable(picture.Name), bytesOf(img.Size))
				}
				mu.Unlock()
			}
		})
	}
	for _, picture := range p.Upload {
		if ctx.Err() != nil || failed() {
			break
		}
		next <- picture
	}
	close(next)
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		errs = append(errs, err)
	}
	if err := j.manifest.save(p.Folder.Known, p.ours); err != nil {
		errs = append(errs, err)
	}
	if left := len(p.Upload) - j.report.Uploaded; len(errs) > 0 && left > 0 {
		j.note("uploaded: %d, not yet: %d", "已上传：%d 张，未上传：%d 张", j.report.Uploaded, left)
	}
	return errors.Join(errs...)
}

// put sends one picture, if it is still that of the plan.
func (j *job) put(ctx context.Context, files fs.FS, picture Picture) (r2.Image, error) {
	data, err := readFile(files, picture.Name)
	if err != nil {
		return r2.Image{}, fmt.Errorf("it cannot be read any more: %w", err)
	}
	if hashOf(data) != picture.SHA256 {
		return r2.Image{}, errFileChanged
	}
	img, err := j.account.Data.PutImage(ctx, picture.Name, bytes.NewReader(data), &r2.ImageOptions{Prefix: j.flags.prefix, Strip: picture.Stripped})
	if err == nil && img.Key != j.flags.prefix+picture.Key {
		err = fmt.Errorf("it was stored as %s, and the plan was %s", img.Key, j.flags.prefix+picture.Key)
	}
	return img, err
}

// awaitDomain waits until the addresses work.
func (j *job) awaitDomain(ctx context.Context, p *Plan) error {
	tooLong := fmt.Errorf("it took longer than -wait %v: all else is done, run again later", j.flags.wait)
	ctx, cancel := context.WithTimeoutCause(ctx, j.flags.wait, tooLong)
	defer cancel()
	last := ""
	_, err := j.account.Control.Domain(p.Bucket, p.Domain).Wait(ctx, &r2admin.WaitOptions{
		Interval: j.account.pace.Look,
		Progress: func(s r2admin.DomainStatus) {
			if now := s.Ownership + ", SSL " + s.SSL; now != last {
				last = now
				j.did("…", "domain %s: %s", "域名 %s：%s", p.Domain, printable(now))
			}
		},
	})
	return err
}

// prune deletes what the plan names, and has Cloudflare forget it.
func (j *job) prune(ctx context.Context, p *Plan) error {
	if len(p.Prune) == 0 {
		return nil
	}
	full := func(yield func(string) bool) {
		for _, key := range p.Prune {
			if !yield(j.flags.prefix + key) {
				return
			}
		}
	}
	var errs []error
	var urls []string
	for key, err := range j.account.Data.DeleteAll(ctx, full) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		delete(p.ours, key[len(j.flags.prefix):])
		j.report.Deleted = append(j.report.Deleted, key)
		if at, err := j.account.Data.PublicURL(key); err == nil { // on the fake it may be one of loopback
			urls = append(urls, "https://"+p.Domain+strings.TrimPrefix(at, j.account.Base))
		}
		j.did("-", "%s", "%s", key)
	}
	slices.Sort(j.report.Deleted)
	errs = append(errs, j.manifest.save(p.Folder.Known, p.ours))
	if err := j.account.Control.Purge(ctx, p.Zone, urls); len(urls) > 0 && err != nil {
		j.warn("what was deleted is still in Cloudflare's cache: %s", "已删除的对象仍在 Cloudflare 缓存中：%s", printable(err.Error()))
	}
	return errors.Join(errs...)
}
